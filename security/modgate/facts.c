// SPDX-License-Identifier: GPL-2.0-only
/*
 * The facts that a verdict on a module rests on, gathered on demand.
 */
#include <linux/glob.h>
#include <linux/module.h>
#include <linux/string.h>
#include "facts.h"
#include "module_name.h"
#include "policy.h"
#include "revoke.h"
#include "state.h"

/**
 * modgate_candidate_digest() - compute both digests of a module
 * @c: the module
 *
 * Return: true, or false if they could not be computed.
 */
bool modgate_candidate_digest(struct modgate_candidate *c)
{
	if (c->digested)
		return true;
	if (modgate_sha384(c->bytes, c->size, c->digest))
		return false;
	memcpy(c->content, c->digest, sizeof(c->content));
	c->digested = !c->signature.module ||
		      !modgate_sha384(c->signature.module,
				      c->signature.module_size, c->content);
	return c->digested;
}

/**
 * modgate_either_is_revoked() - has a module been revoked since power-on?
 * @digest: of the module
 * @content: of it without its signature
 *
 * One signature can be encoded in many ways, and nothing signs the encoding. So a
 * module is also recognised by its signed content.
 *
 * Return: true if so.
 */
bool modgate_either_is_revoked(const u8 *digest, const u8 *content)
{
	return modgate_is_revoked(digest) || modgate_is_revoked(content);
}

/**
 * modgate_either_is_banned() - is a module banned by its digest?
 * @digest: of the module
 * @content: of it without its signature
 *
 * Return: true if a list in force says so.
 */
bool modgate_either_is_banned(const u8 *digest, const u8 *content)
{
	return modgate_is_banned(digest) || modgate_is_banned(content);
}

/* If a verdict needs the digest and there is none, the verdict fails. */
static bool need_digest(struct modgate_candidate *c)
{
	if (!modgate_candidate_digest(c))
		c->failed = true;
	return c->digested;
}

static bool is_banned(struct modgate_candidate *c)
{
	const struct modgate_policy *policy = modgate_policy();
	const struct modgate_list *list;
	u32 i, k;
	int err;

	if (modgate_bans_digests() && need_digest(c) &&
	    modgate_either_is_banned(c->digest, c->content))
		return true;
	for (i = 0; policy && i < policy->doc.n_authorities; i++) {
		list = modgate_list(policy, i);
		for (k = 0; list && k < list->n_banned_keys; k++) {
			err = modgate_signed_by_key(&c->signature,
						    &list->banned_keys[k]);
			if (!err)
				return true;
			if (err != -ENOKEY)
				c->undecided = true;
		}
	}
	return false;
}

/*
 * Entries with the same certificate are adjacent, so each key is tried only once. A
 * signature that carries certificates matches no vendor: chains are not followed.
 */
static bool by_vendor(const struct modgate_vendor *vendor,
		      const struct modgate_key *key, void *candidate)
{
	struct modgate_candidate *c = candidate;

	if (modgate_signature_chained(&c->signature))
		return false;
	if (!c->vendor || memcmp(c->vendor, vendor->digest, sizeof(vendor->digest))) {
		c->vendor = vendor->digest;
		c->by_vendor = !modgate_signed_by_key(&c->signature, key);
	}
	return c->by_vendor;
}

/**
 * modgate_candidate_name() - the name that a module gives itself
 * @c: the module
 *
 * Return: the name; empty if it has none.
 */
const char *modgate_candidate_name(struct modgate_candidate *c)
{
	static const struct modgate_module_layout layout = {
		.size = sizeof(struct module),
		.name_offset = offsetof(struct module, name),
		.name_size = sizeof_field(struct module, name),
	};

	if (!c->named && modgate_module_name(c->bytes, c->size, &layout, c->name))
		c->name[0] = 0;
	c->named = true;
	return c->name;
}

/* A name means nothing unless a vendor signed it, so check the signature too. */
static bool by_vendor_with_name(const struct modgate_vendor *vendor,
				const struct modgate_key *key, void *candidate)
{
	struct modgate_candidate *c = candidate;

	if (!by_vendor(vendor, key, c) || !*modgate_candidate_name(c) ||
	    !glob_match(vendor->pattern, c->name))
		return false;
	c->flags |= modgate_le32(vendor->flags);
	return true;
}

static bool by_vendor_on_demand(const struct modgate_vendor *vendor,
				const struct modgate_key *key, void *candidate)
{
	return modgate_le32(vendor->flags) & MODGATE_MODULE_ON_DEMAND &&
	       by_vendor_with_name(vendor, key, candidate);
}

static bool by_vendor_permanent(const struct modgate_vendor *vendor,
				const struct modgate_key *key, void *candidate)
{
	return modgate_le32(vendor->flags) & MODGATE_MODULE_PERMANENT &&
	       by_vendor_with_name(vendor, key, candidate);
}

static bool is_listed(struct modgate_candidate *c)
{
	return need_digest(c) &&
	       modgate_approval(c->digest, &c->authority, &c->flags);
}

/**
 * modgate_candidate_is_permanent() - must an allowed module never be unloaded?
 * @c: the module, after its verdict
 *
 * Return: true if any entry that allows it says so.
 */
bool modgate_candidate_is_permanent(struct modgate_candidate *c)
{
	return c->flags & MODGATE_MODULE_PERMANENT ||
	       modgate_any_vendor(by_vendor_permanent, c);
}

static bool ask(struct modgate_facts *facts, enum modgate_fact fact)
{
	struct modgate_candidate *c = container_of(facts, struct modgate_candidate, facts);

	switch (fact) {
	case MODGATE_IS_REVOKED:
		return modgate_revoked_count() && need_digest(c) &&
		       modgate_either_is_revoked(c->digest, c->content);
	case MODGATE_IS_BANNED:
		return is_banned(c);
	case MODGATE_IS_SYSTEM:
		return modgate_signed_by_system(&c->signature);
	case MODGATE_IS_LISTED:
		return is_listed(c);
	case MODGATE_IS_ON_DEMAND:
		return (is_listed(c) && c->flags & MODGATE_MODULE_ON_DEMAND) ||
		       modgate_any_vendor(by_vendor_on_demand, c);
	case MODGATE_IS_SIGNED:
		return modgate_signed_by_known(&c->signature) ||
		       modgate_any_vendor(by_vendor, c);
	case MODGATE_IS_VENDORS:
		c->authority = modgate_any_vendor(by_vendor_with_name, c);
		return c->authority;
	}
	return false;
}

/**
 * modgate_candidate_init() - start judging a module
 * @c: filled in; the caller calls modgate_candidate_drop() when done
 * @bytes: of the module, with its appended signature, if it has one
 * @size: of @bytes
 */
void modgate_candidate_init(struct modgate_candidate *c, const void *bytes, size_t size)
{
	*c = (struct modgate_candidate){
		.facts.ask = ask,
		.bytes = bytes,
		.size = size,
	};
	modgate_signature_find(&c->signature, bytes, size);
}

/**
 * modgate_candidate_drop() - release what was needed to gather facts
 * @c: the module; facts already gathered stay valid
 */
void modgate_candidate_drop(struct modgate_candidate *c)
{
	modgate_signature_drop(&c->signature);
}
