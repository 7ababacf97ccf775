// SPDX-License-Identifier: GPL-2.0-only
/*
 * Queries to the documents in force.
 */
#include <kunit/static_stub.h>
#include "anchor.h"
#include "document.h"
#include "policy.h"
#include "state.h"

/**
 * modgate_missing_lists() - how many required lists are not in force
 * @policy: the local policy in force
 *
 * Return: their number.
 */
u32 modgate_missing_lists(const struct modgate_policy *policy)
{
	u32 i, n = 0;

	for (i = 0; i < policy->doc.n_authorities; i++)
		if (modgate_le32(policy->doc.authorities[i].flags) &
		    MODGATE_AUTHORITY_REQUIRED && !modgate_list(policy, i))
			n++;
	return n;
}

/**
 * modgate_rules_get() - get everything besides the module that a verdict depends on
 * @rules: filled in; reads the state first, since documents never go out of force
 */
void modgate_rules_get(struct modgate_rules *rules)
{
	const struct modgate_policy *policy;

	KUNIT_STATIC_STUB_REDIRECT(modgate_rules_get, rules);
	rules->state = modgate_state();
	policy = modgate_policy();
	rules->policy = policy;
	rules->lists = policy && !modgate_missing_lists(policy);
	rules->mode = policy ? policy->mode : 0;
}

/**
 * modgate_enforcing() - are refusals enforced?
 *
 * Return: MODGATE_ENFORCE if so, else why not.
 */
enum modgate_enforcing modgate_enforcing(void)
{
	const struct modgate_policy *policy = modgate_policy();

	KUNIT_STATIC_STUB_REDIRECT(modgate_enforcing);
	if (policy && policy->flags & MODGATE_POLICY_AUDIT)
		return MODGATE_AUDIT;
	if (!modgate_provisioned() &&
	    !IS_ENABLED(CONFIG_SECURITY_MODGATE_UNPROVISIONED_SYSTEM_ONLY))
		return MODGATE_RECORD;
	return MODGATE_ENFORCE;
}

/**
 * modgate_kexec_allowed() - does the local policy in force allow kexec?
 *
 * Return: true if it says so.
 */
bool modgate_kexec_allowed(void)
{
	const struct modgate_policy *policy = modgate_policy();

	return policy && policy->flags & MODGATE_POLICY_ALLOW_KEXEC;
}

/**
 * modgate_bans_digests() - is any module banned by its digest?
 *
 * Return: true if so; otherwise no digest is needed for that check.
 */
bool modgate_bans_digests(void)
{
	const struct modgate_policy *policy = modgate_policy();
	const struct modgate_list *list;
	u32 i;

	KUNIT_STATIC_STUB_REDIRECT(modgate_bans_digests);
	for (i = 0; policy && i < policy->doc.n_authorities; i++) {
		list = modgate_list(policy, i);
		if (list && list->doc.n_bans > list->n_banned_keys)
			return true;
	}
	return false;
}

/**
 * modgate_is_banned() - is a module banned by its digest?
 * @digest: SHA-384 of the module
 *
 * Return: true if a list in force says so.
 */
bool modgate_is_banned(const u8 *digest)
{
	const struct modgate_policy *policy = modgate_policy();
	const struct modgate_list *list;
	const struct modgate_ban *ban;
	u32 i;

	for (i = 0; policy && i < policy->doc.n_authorities; i++) {
		list = modgate_list(policy, i);
		ban = list ? modgate_find_ban(&list->doc, digest) : NULL;
		if (ban && modgate_le32(ban->kind) == MODGATE_BAN_DIGEST)
			return true;
	}
	return false;
}

/* An exclusive list switches off the approvals of all other lists. */
static bool is_switched_off(const struct modgate_policy *policy, u32 authority)
{
	const struct modgate_list *list;
	u32 i;

	for (i = 0; i < policy->doc.n_authorities; i++) {
		list = modgate_list(policy, i);
		if (i != authority && list &&
		    modgate_le32(list->doc.header->flags) &
		    MODGATE_LIST_EXCLUSIVE)
			return true;
	}
	return false;
}

/**
 * modgate_approval() - who approved a module, and with which flags?
 * @digest: SHA-384 of the module
 * @authority: set to the authority of the first list that has it, SHA-384 of the
 *    certificate
 * @flags: set to the MODGATE_MODULE_* flags of all lists in force that have it
 *
 * Return: true if a list in force has it; otherwise nothing is set.
 */
bool modgate_approval(const u8 *digest, const u8 **authority, u32 *flags)
{
	const struct modgate_policy *policy = modgate_policy();
	const struct modgate_module *approval;
	const struct modgate_list *list;
	bool found = false;
	u32 i;

	KUNIT_STATIC_STUB_REDIRECT(modgate_approval, digest, authority, flags);
	for (i = 0; policy && i < policy->doc.n_authorities; i++) {
		list = modgate_list(policy, i);
		approval = list ? modgate_find_module(&list->doc, digest) :
				  NULL;
		if (!approval || is_switched_off(policy, i))
			continue;
		if (!found) {
			*authority = policy->doc.authorities[i].digest;
			*flags = 0;
		}
		*flags |= modgate_le32(approval->flags);
		found = true;
	}
	return found;
}

/**
 * modgate_any_vendor() - find an approved vendor that matches
 * @match: called for each vendor in the lists in force, in ascending order of
 *    certificates within a list
 * @context: passed to @match
 *
 * Return: the authority whose list has the first match, SHA-384 of its certificate; or
 * NULL.
 */
const u8 *modgate_any_vendor(modgate_vendor_match *match, void *context)
{
	const struct modgate_policy *policy = modgate_policy();
	const struct modgate_list *list;
	u32 i, k;

	for (i = 0; policy && i < policy->doc.n_authorities; i++) {
		list = modgate_list(policy, i);
		if (!list || is_switched_off(policy, i))
			continue;
		for (k = 0; k < list->doc.n_vendors; k++)
			if (match(&list->doc.vendors[k], &list->vendor_keys[k],
				  context))
				return policy->doc.authorities[i].digest;
	}
	return NULL;
}
