/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The state of this boot, and which documents are in force.
 */
#ifndef _MODGATE_STATE_H
#define _MODGATE_STATE_H

#include <linux/jump_label.h>
#include <linux/types.h>
#include "document.h"
#include "signer.h"
#include "verdict.h"

enum modgate_state modgate_state(void);
const char *modgate_ended_by(void);
void modgate_seal(const char *by);
bool modgate_close(void);

DECLARE_STATIC_KEY_TRUE(modgate_window);

/* Must exec be checked? Costs nothing once state boot has ended. */
static inline bool modgate_window_is_open(void)
{
	return static_branch_unlikely(&modgate_window) && modgate_state() == MODGATE_BOOT;
}

/**
 * struct modgate_list - an approved list in force
 * @doc: the parsed document; points into the write to load, which is kept
 * @digest: SHA-384 of the document
 * @counter: of its signer, after it was accepted; 0 without freshness
 * @banned_keys: keys of its MODGATE_BAN_CERT entries
 * @n_banned_keys: their number
 * @vendor_keys: keys of @doc.vendors, in the same order
 */
struct modgate_list {
	struct modgate_document doc;
	u8 digest[MODGATE_DIGEST_SIZE];
	u64 counter;
	struct modgate_key *banned_keys;
	u32 n_banned_keys;
	struct modgate_key *vendor_keys;
};

/**
 * struct modgate_policy - the local policy in force
 * @doc: the parsed document, likewise
 * @digest: SHA-384 of the document
 * @counter: of the anchor, after it was accepted; 0 without freshness
 * @mode: MODGATE_MODE_*
 * @flags: MODGATE_POLICY_*
 * @keys: keys of @doc.authorities, in the same order
 * @lists: their lists; NULL until accepted; never freed afterwards
 */
struct modgate_policy {
	struct modgate_document doc;
	u8 digest[MODGATE_DIGEST_SIZE];
	u64 counter;
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

#endif /* _MODGATE_STATE_H */
