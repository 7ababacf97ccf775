// SPDX-License-Identifier: GPL-2.0-only
/*
 * The facts that the kernel's verdict table asks for, as far as documents, the module's
 * file and the kernel's own files tell: yes, no, or unknown and why.
 */
#include <string.h>

#include "base.h"
#include "document.h"
#include "facts.h"
#include "kernel.h"
#include "module.h"
#include "view.h"

/* What is not known, and how to know it. */
#define NO_FILE \
	"who signed it: no file with this digest was found; name the file itself"
#define NOT_ON_DISK \
	"what a list in force says: it is not on disk; put it back into active/, or restart"
#define NOT_CHECKED \
	"whether its signature is right: no certificate here to check it with; --cert names one"
#define WHICH_REVOKED \
	"whether it was revoked: the kernel does not say which digests were; a restart forgets them"
#define CHAIN \
	"whether a banned key signed it, or a certificate in its signature: loading it tells"
#define UNUSUAL_HASH \
	"whether the kernel can check that no banned key signed it: loading it tells"
#define ASK_AS_ROOT \
	"the kernel's keyrings cannot be searched from here; run it as root, on the machine itself"

/**
 * struct fact - one fact
 * @yes: it is true, or taken to be
 * @unknown: why that is not certain, or NULL
 */
struct fact {
	bool yes;
	const char *unknown;
};

static bool bans(const struct stored *list, const struct modgate_ban *b,
		 const struct module *module)
{
	if (modgate_le32(b->kind) == MODGATE_BAN_CERT)
		return names_signer(list, b->cert_offset, b->cert_size, module);
	return !memcmp(b->digest, module->digest, MODGATE_DIGEST_SIZE) ||
	       (module->path && !memcmp(b->digest, module->content, MODGATE_DIGEST_SIZE));
}

/**
 * ban_next() - the next entry of a list that bans a module
 * @list: a list
 * @module: a module; who names a banned signer counts as banned
 * @after: the one before, or NULL
 *
 * Return: the entry, or NULL at the end.
 */
const struct modgate_ban *ban_next(const struct stored *list,
				   const struct module *module,
				   const struct modgate_ban *after)
{
	const struct modgate_ban *b = after ? after + 1 : list->doc.bans;

	for (; b < list->doc.bans + list->doc.n_bans; b++)
		if (bans(list, b, module))
			return b;
	return NULL;
}

/**
 * ban_find() - the entry that bans a module
 * @snap: everything that is known
 * @module: a module
 * @when: now, or after a restart
 * @view: set to whose list it is in
 *
 * Return: the entry, or NULL.
 */
const struct modgate_ban *ban_find(const struct snapshot *snap,
				   const struct module *module, enum when when,
				   const struct authority_view **view)
{
	const struct modgate_ban *ban;
	size_t i;

	for (i = 0; i < snap->n_views; i++) {
		const struct stored *list = view_list(&snap->views[i], when);

		ban = list ? ban_next(list, module, NULL) : NULL;
		*view = &snap->views[i];
		if (ban)
			return ban;
	}
	return NULL;
}

/* Has the kernel already found that it is not a system module? */
static bool judged_third_party(const struct module *module)
{
	return module->event &&
	       !record_is(module->event, "reason", MODGATE_REASON_REVOKED) &&
	       !record_is(module->event, "reason", MODGATE_REASON_BANNED) &&
	       !record_is(module->event, "reason", MODGATE_REASON_ERROR);
}

/**
 * system_keys_lost() - may this be a system module that the kernel cannot tell?
 * @snapshot: everything that is known
 * @module: a module
 *
 * Return: true if the kernel's own keys were invalidated, which lasts until restart,
 * and the module has a signature.
 */
bool system_keys_lost(const struct snapshot *snapshot, const struct module *module)
{
	return record_is(&snapshot->kernel.state, "system-keys", "lost") &&
	       (module->sig.state == SIG_UNVERIFIED || module->sig.state == SIG_VERIFIED);
}

/* Row 2, as far as it is known: signed by a key of the kernel's own. */
bool module_is_system(const struct module *module)
{
	return module->path && !judged_third_party(module) &&
	       modsig_system(&module->sig) == KNOWN_YES;
}

/* Did the kernel refuse it for this reason, since it was started? */
static bool was_refused(const struct module *module, enum when when, const char *reason)
{
	return when == NOW && module->event && record_is(module->event, "reason", reason);
}

/*
 * What a list in force says is not known if it is not on disk. The kernel tells how many
 * entries it has and whether it switches the others off: @key is "modules", "vendors",
 * "bans" or "exclusive".
 */
static const char *unseen(const struct snapshot *snap, enum when when, const char *key)
{
	size_t i;

	for (i = 0; when == NOW && i < snap->n_views; i++) {
		const struct authority_view *v = &snap->views[i];

		if (!v->in_force && v->line && record_is(v->line, "loaded", "yes") &&
		    !record_is(v->line, key, "0") && !record_is(v->line, key, "no"))
			return NOT_ON_DISK;
	}
	return NULL;
}

static bool any_bans(const struct snapshot *snap, enum when when)
{
	const struct stored *list;
	size_t i;

	for (i = 0; i < snap->n_views; i++) {
		list = view_list(&snap->views[i], when);
		if (list && list->doc.n_bans)
			return true;
	}
	return false;
}

static bool bans_signers(const struct snapshot *snap, enum when when)
{
	const struct stored *list;
	size_t i;
	__u32 k;

	for (i = 0; i < snap->n_views; i++) {
		list = view_list(&snap->views[i], when);
		for (k = 0; list && k < list->doc.n_bans; k++)
			if (modgate_le32(list->doc.bans[k].kind) == MODGATE_BAN_CERT)
				return true;
	}
	return false;
}

/* Every kernel that has modgate can check these. */
static bool is_usual_hash(const char *hash)
{
	return !strcmp(hash, "sha256") || !strcmp(hash, "sha384") || !strcmp(hash, "sha512");
}

/* Whether a banned key signed it: the kernel refuses as error what it cannot check. */
static const char *ban_unknown(const struct modsig *sig)
{
	if (sig->state == SIG_NONE || sig->state == SIG_BROKEN)
		return NULL;
	if (sig->chained)
		return CHAIN;
	return sig->hash && !is_usual_hash(sig->hash) ? UNUSUAL_HASH : NULL;
}

static bool any_vendors(const struct snapshot *snap, enum when when)
{
	const struct stored *list;
	size_t i;

	for (i = 0; i < snap->n_views; i++) {
		list = view_list(&snap->views[i], when);
		if (list && list->doc.n_vendors)
			return true;
	}
	return false;
}

/*
 * The kernel does not say what is in revoke. What it has refused as revoked is known;
 * what was approved and is not any more is taken to be.
 */
static struct fact is_revoked(const struct snapshot *snap, const struct module *module,
			      enum when when)
{
	struct fact fact = { 0 };

	if (was_refused(module, when, MODGATE_REASON_REVOKED)) {
		fact.yes = true;
	} else if (when == NOW && record_number(&snap->kernel.state, "revoked")) {
		fact.yes = snapshot_approval(snap, module->digest, NOW) &&
			   !snapshot_approval(snap, module->digest, NEXT);
		fact.unknown = WHICH_REVOKED;
	}
	return fact;
}

static struct fact is_banned(const struct snapshot *snap, const struct module *module,
			     enum when when)
{
	const struct authority_view *view;
	struct fact fact = { .yes = ban_find(snap, module, when, &view) };

	/* Lists in force stay; had one banned it, the kernel would not have come further. */
	if (fact.yes || (when == NOW && judged_third_party(module)))
		return fact;
	fact.unknown = unseen(snap, when, "bans");
	if (!fact.unknown && !module->path && any_bans(snap, when))
		fact.unknown = NO_FILE;
	if (!fact.unknown && bans_signers(snap, when))
		fact.unknown = ban_unknown(&module->sig);
	return fact;
}

/* A vendor's certificate may be built into the kernel as well: only the keyring tells. */
static struct fact is_system(const struct module *module)
{
	enum known system = modsig_system(&module->sig);
	struct fact fact = { 0 };

	if (judged_third_party(module))
		return fact;
	fact.yes = module_is_system(module);
	if (!module->path)
		fact.unknown = NO_FILE;
	else if (system == KNOWN_UNKNOWN)
		fact.unknown = "whether the kernel's own key signed it: " ASK_AS_ROOT;
	else if (fact.yes && module->sig.state != SIG_VERIFIED)
		fact.unknown = NOT_CHECKED;
	return fact;
}

static struct fact listed(const struct snapshot *snap, const struct module *module,
			  enum when when, __u32 flags)
{
	const struct authority_view *view;
	struct fact fact = { .yes = approval_find(snap, module, when, flags, &view) };

	fact.unknown = unseen(snap, when, fact.yes ? "exclusive" : "modules");
	return fact;
}

static struct fact vendors(const struct snapshot *snap, const struct module *module,
			   enum when when, __u32 flags)
{
	const struct authority_view *view;
	const struct modgate_vendor *vendor = vendor_find(snap, module, when, flags, &view);
	struct fact fact = { .yes = vendor };

	if (vendor)
		fact.unknown = vendor_unknown(view_list(view, when), vendor);
	if (!fact.unknown)
		fact.unknown = unseen(snap, when, vendor ? "exclusive" : "vendors");
	if (!fact.unknown && !module->path && any_vendors(snap, when) &&
	    !was_refused(module, when, MODGATE_REASON_NOT_APPROVED))
		fact.unknown = NO_FILE;
	return fact;
}

static struct fact is_on_demand(const struct snapshot *snap, const struct module *module,
				enum when when)
{
	struct fact by_digest = listed(snap, module, when, MODGATE_MODULE_ON_DEMAND);
	struct fact by_vendor;

	if (by_digest.yes)
		return by_digest;
	by_vendor = vendors(snap, module, when, MODGATE_MODULE_ON_DEMAND);
	if (!by_vendor.yes && !by_vendor.unknown)
		by_vendor.unknown = by_digest.unknown;
	return by_vendor;
}

static struct fact is_signed(const struct snapshot *snap, const struct module *module,
			     enum when when)
{
	enum known by_vendor = vendor_signed(snap, module, when);
	enum known known = modsig_known(&module->sig);
	struct fact fact = { .yes = true };

	if (by_vendor == KNOWN_YES ||
	    (known == KNOWN_YES && module->sig.state == SIG_VERIFIED))
		return fact;
	if (known == KNOWN_YES)
		fact.unknown = NOT_CHECKED;
	else if (!module->path)
		fact.unknown = NO_FILE;
	else if (known == KNOWN_UNKNOWN || by_vendor == KNOWN_UNKNOWN)
		fact.unknown =
			"whether the kernel knows the signer is not known here: " ASK_AS_ROOT;
	else
		fact = (struct fact){ .unknown = unseen(snap, when, "vendors") };
	return fact;
}

static struct fact find(enum modgate_fact which, const struct snapshot *snap,
			const struct module *module, enum when when)
{
	switch (which) {
	case MODGATE_IS_REVOKED:
		return is_revoked(snap, module, when);
	case MODGATE_IS_BANNED:
		return is_banned(snap, module, when);
	case MODGATE_IS_SYSTEM:
		return is_system(module);
	case MODGATE_IS_LISTED:
		return listed(snap, module, when, 0);
	case MODGATE_IS_ON_DEMAND:
		return is_on_demand(snap, module, when);
	case MODGATE_IS_SIGNED:
		return is_signed(snap, module, when);
	case MODGATE_IS_VENDORS:
		return vendors(snap, module, when, 0);
	}
	return (struct fact){ .unknown = "this tool does not know what the kernel asks for" };
}

/**
 * facts_supposed() - some facts are taken for certain, nothing else is known
 * @facts: filled in
 * @yes: the facts supposed to be true, MODGATE_FACT(MODGATE_IS_*)
 * @no: those supposed not to be, likewise
 */
void facts_supposed(struct module_facts *facts, unsigned int yes, unsigned int no)
{
	*facts = (struct module_facts){
		.known = { .yes = yes, .unknown = ALL_FACTS & ~(yes | no) },
	};
}

/**
 * facts_find() - find out about a module what its verdict depends on
 * @facts: as facts_supposed() left it; filled in, but for what the verdict
 *	   does not depend on: that stays unknown
 * @rules: that are in force
 * @snapshot: everything that is known
 * @module: the module
 * @when: now, or after a restart
 */
void facts_find(struct module_facts *facts, const struct modgate_rules *rules,
		const struct snapshot *snapshot, const struct module *module, enum when when)
{
	unsigned int which;

	for (which = 0; which < FACTS; which++) {
		struct fact fact;

		if (!(table_ask(rules, &facts->known).unsure & MODGATE_FACT(which)))
			continue;
		fact = find(which, snapshot, module, when);
		if (fact.yes)
			facts->known.yes |= MODGATE_FACT(which);
		if (!fact.unknown)
			facts->known.unknown &= ~MODGATE_FACT(which);
		facts->why[which] = fact.unknown;
	}
}
