/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The room change: new documents in place of old ones. The owner's list, the local policy,
 * and the change-over from one owner key to the next. Uses base, kernel, crypto, tpm, keys,
 * document and view.
 */
#ifndef _MODGATE_LIB_CHANGE_H
#define _MODGATE_LIB_CHANGE_H

#include "crypto.h"
#include "tpm.h"
#include "view.h"

/**
 * struct owner - the owner's list, about to be changed
 * @snapshot: everything that is known, read under the lock
 * @cert: the owner key's certificate
 * @view: the owner in @snapshot
 * @base: the list to start from, or NULL for an empty one
 * @generation: of the new list
 * @based: a generation to start from was asked for
 * @base_generation: that generation
 * @count: who numbers the new list
 * @rotated: a rotation of the owner key that was interrupted is finished now
 */
struct owner {
	struct snapshot snapshot;
	struct cert cert;
	const struct authority_view *view;
	const struct stored *base;
	unsigned long long generation;
	bool based;
	unsigned long long base_generation;
	struct count count;
	bool rotated;
};

/* owner_list.c */
int owner_base(struct owner *owner, const char *generation);
enum status owner_open(struct owner *owner, const struct options *o);
const struct modgate_module *owner_entry(const struct owner *owner,
					 const __u8 *digest);
void owner_entry_name(__u8 name[MODGATE_NAME_SIZE], const char *text);
void owner_draft(const struct owner *owner, struct draft *draft);
enum status owner_sign(struct owner *owner, const struct options *o,
		       struct draft *draft);
void owner_show_base(const struct owner *owner, const struct options *o,
		     struct json_object *j);
void owner_close(struct owner *owner);

/* local_policy.c */
enum status policy_open(struct snapshot *snapshot, const struct options *o,
			bool *rotated);
enum status policy_check_damage(const struct snapshot *snapshot);
enum status policy_check_counter(const struct snapshot *snapshot, struct tpm *tpm);
enum status policy_begin(struct snapshot *snapshot, const struct options *o,
			 struct count *count);
enum status policy_sign(const struct snapshot *snapshot, const struct options *o,
			const struct count *count, struct draft *draft);
void policy_draft(const struct snapshot *snapshot, struct draft *draft);

/* What a command says that changes nothing. */
#define ROTATION_WAITS \
	"a rotation of the owner key is under way or was interrupted: the next 'modgate approve', 'revoke' or 'key --rotate' finishes or undoes it"

/* rotation.c */
bool rotation_waits(const struct options *o);
bool rotation_signer(const struct options *o, const struct stored *doc);
const struct stored *policy_damaged(const struct snapshot *snapshot);
enum status rotation_complete(struct snapshot *snapshot, const struct options *o,
			      bool quiet, bool *finished);

#endif /* _MODGATE_LIB_CHANGE_H */
