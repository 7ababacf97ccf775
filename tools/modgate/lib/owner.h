/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Changing the owner's list.
 */
#ifndef _MODGATE_OWNER_H
#define _MODGATE_OWNER_H

#include "freshness.h"

/**
 * struct owner - the owner's list, about to be changed
 * @world: everything that is known, read under the lock
 * @cert: the owner key's certificate
 * @view: the owner in @world
 * @base: the list to start from, or NULL for an empty one
 * @generation: of the new list
 * @based: a generation to start from was asked for
 * @base_generation: that generation
 * @count: who numbers the new list
 * @rotated: a rotation of the owner key that was interrupted is finished now
 */
struct owner {
	struct world world;
	struct cert cert;
	const struct view *view;
	const struct stored *base;
	unsigned long long generation;
	bool based;
	unsigned long long base_generation;
	struct count count;
	bool rotated;
};

/* owner.c */
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

#endif /* _MODGATE_OWNER_H */
