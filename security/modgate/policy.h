/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Queries to the documents in force.
 */
#ifndef _MODGATE_POLICY_H
#define _MODGATE_POLICY_H

#include <linux/types.h>
#include "document.h"
#include "signer.h"
#include "state.h"
#include "verdict.h"

/* Whether a refusal is enforced or only recorded. */
enum modgate_enforcing {
	MODGATE_ENFORCE,
	MODGATE_AUDIT,		/* the local policy has the flag audit */
	MODGATE_RECORD,		/* not provisioned */
};

void modgate_rules_get(struct modgate_rules *rules);
u32 modgate_missing_lists(const struct modgate_policy *policy);
enum modgate_enforcing modgate_enforcing(void);
bool modgate_kexec_allowed(void);
bool modgate_bans_digests(void);
bool modgate_is_banned(const u8 *digest);
bool modgate_approval(const u8 *digest, const u8 **authority, u32 *flags);
typedef bool modgate_vendor_match(const struct modgate_vendor *vendor,
				  const struct modgate_key *key, void *context);
const u8 *modgate_any_vendor(modgate_vendor_match *match, void *context);

#endif /* _MODGATE_POLICY_H */
