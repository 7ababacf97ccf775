/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The documents in force, and the state of this boot.
 */
#ifndef _MODGATE_POLICY_H
#define _MODGATE_POLICY_H

#include <linux/jump_label.h>
#include <linux/seq_file.h>
#include <linux/types.h>
#include "document.h"
#include "signer.h"
#include "verdict.h"

/* What a refusal means: it is one, or it is only recorded. */
enum modgate_enforcing {
	MODGATE_ENFORCE,
	MODGATE_AUDIT,		/* the local policy has the flag audit */
	MODGATE_RECORD,		/* not provisioned */
};

/**
 * struct modgate_list - an approved list in force
 * @doc: its entries
 * @digest: SHA-384 of the document
 * @counter: of its signer, after it was accepted; 0 without freshness
 * @bytes: the write to load that it came with
 * @banned_keys: keys of its MODGATE_BAN_CERT entries
 * @n_banned_keys: their number
 * @vendor_keys: keys of @doc.vendors, in the same order
 */
struct modgate_list {
	struct modgate_document doc;
	u8 digest[MODGATE_DIGEST_SIZE];
	u64 counter;
	void *bytes;
	struct modgate_key *banned_keys;
	u32 n_banned_keys;
	struct modgate_key *vendor_keys;
};

/**
 * struct modgate_policy - the local policy in force
 * @doc: its authorities
 * @digest: SHA-384 of the document
 * @counter: of the anchor, after it was accepted; 0 without freshness
 * @bytes: the write to load that it came with
 * @mode: MODGATE_MODE_*
 * @flags: MODGATE_POLICY_*
 * @keys: keys of @doc.authorities, in the same order
 * @lists: their lists; NULL until accepted; never freed afterwards
 */
struct modgate_policy {
	struct modgate_document doc;
	u8 digest[MODGATE_DIGEST_SIZE];
	u64 counter;
	void *bytes;
	u32 mode;
	u32 flags;
	struct modgate_key keys[MODGATE_AUTHORITIES_MAX];
	struct modgate_list *lists[MODGATE_AUTHORITIES_MAX];
};

const struct modgate_policy *modgate_policy(void);
const struct modgate_list *modgate_list(const struct modgate_policy *policy,
					u32 authority);
int modgate_publish_begin(void);
void modgate_publish_policy(struct modgate_policy *policy);
void modgate_publish_list(const struct modgate_authority *authority,
			  struct modgate_list *list);
void modgate_publish_end(void);
void modgate_rules_get(struct modgate_rules *rules);
u32 modgate_missing_lists(const struct modgate_policy *policy);
enum modgate_state modgate_state(void);
const char *modgate_ended_by(void);
void modgate_seal(const char *by);

DECLARE_STATIC_KEY_TRUE(modgate_window);

/* Is exec to be looked at? Costs nothing once state boot has ended. */
static inline bool modgate_window_is_open(void)
{
	return static_branch_unlikely(&modgate_window) && modgate_state() == MODGATE_BOOT;
}

bool modgate_close(void);
enum modgate_enforcing modgate_enforcing(void);
bool modgate_kexec_allowed(void);
int modgate_load(void *bytes, size_t size, bool *keep);
int modgate_load_refuse(int err, const char *rule);
void modgate_load_error_show(struct seq_file *m);
bool modgate_bans_digests(void);
bool modgate_is_banned(const u8 *digest);
bool modgate_approval(const u8 *digest, const u8 **authority, u32 *flags);
typedef bool modgate_vendor_match(const struct modgate_vendor *vendor,
				  const struct modgate_key *key, void *context);
const u8 *modgate_any_vendor(modgate_vendor_match *match, void *context);

#endif /* _MODGATE_POLICY_H */
