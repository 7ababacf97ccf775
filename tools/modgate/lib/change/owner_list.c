// SPDX-License-Identifier: GPL-2.0-only
/*
 * Changing the owner's list: which list to start from, and never one that was
 * put back; then sign and stage the new one.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base.h"
#include "change.h"
#include "crypto.h"
#include "document.h"
#include "keys.h"
#include "tpm.h"
#include "view.h"

/* A generation further off than this is not one of ours. */
#define GENERATIONS_AHEAD 65536

/* Take the generation to start from as the command line has it. */
int owner_base(struct owner *owner, const char *generation)
{
	owner->based = true;
	return number_parse(generation, &owner->base_generation) ? 0 : -EINVAL;
}

static bool is_owners(const struct owner *owner, const struct stored *doc)
{
	return doc->peeked && stored_type(doc) == MODGATE_APPROVED_LIST &&
	       !memcmp(doc->header.signer, owner->cert.digest,
		       MODGATE_DIGEST_SIZE);
}

/* One whose header is gone may be the owner's too: then the name tells. */
static bool may_be_owners(const struct owner *owner, const struct stored *doc)
{
	return is_owners(owner, doc) ||
	       (!doc->peeked && !strncmp(doc->name, "owner-", 6));
}

/* A newer list than @base that is not valid, or NULL. */
static const struct stored *newer_invalid(const struct owner *owner,
					  const struct stored *base)
{
	const struct store *store = &owner->snapshot.store;
	size_t i;

	for (i = 0; i < store->n_docs; i++) {
		const struct stored *doc = &store->docs[i];

		if (!doc->valid && may_be_owners(owner, doc) &&
		    (!base || !doc->peeked ||
		     stored_generation(doc) > stored_generation(base)))
			return doc;
	}
	return NULL;
}

static enum status asked_for_base(struct owner *owner)
{
	const struct store *store = &owner->snapshot.store;
	size_t i;

	owner->base = NULL;
	if (!owner->base_generation)
		return ST_OK;
	for (i = 0; i < store->n_docs; i++)
		if (store->docs[i].valid && is_owners(owner, &store->docs[i]) &&
		    stored_generation(&store->docs[i]) == owner->base_generation)
			owner->base = &store->docs[i];
	if (owner->base)
		return ST_OK;
	return fail(ST_NO,
		    "--generation=%llu: there is no valid list of this generation on disk; 0 starts with an empty list",
		    owner->base_generation);
}

/* The newest list, but not in silence if there was a newer one. */
static enum status choose_base(struct owner *owner)
{
	unsigned long long kernel = view_kernel_generation(owner->view);
	const struct stored *newest = owner->view->next;
	const struct stored *invalid = newer_invalid(owner, newest);
	unsigned long long have = newest ? stored_generation(newest) : 0;

	if (owner->based)
		return asked_for_base(owner);
	owner->base = newest;
	if (invalid)
		return fail(ST_CORRUPT,
			    "%s: %s. To start from generation %llu instead, which drops what the newer one says, add --generation=%llu",
			    invalid->path, dash(invalid->problem), have, have);
	if (kernel > have)
		return fail(ST_CORRUPT,
			    "the owner's list on disk has generation %llu, the kernel has %llu in force: an older list was put back. To start from it nevertheless, add --generation=%llu",
			    have, kernel, have);
	if (!newest)
		return fail(ST_CORRUPT,
			    "there is no valid list of the owner on disk; restore it from a backup, or start with an empty one with --generation=0");
	return ST_OK;
}

static enum status choose_generation(struct owner *owner)
{
	const struct store *store = &owner->snapshot.store;
	unsigned long long highest;
	size_t i;

	highest = snapshot_generation(&owner->snapshot, owner->cert.digest);
	/*
	 * Numbers of lists that cannot be read any more are not used again. The
	 * TPM remembers by itself.
	 */
	for (i = 0; i < store->n_docs && !owner->count.tpm; i++) {
		unsigned long long g = stored_generation(&store->docs[i]);

		if (is_owners(owner, &store->docs[i]) && g > highest &&
		    g - highest < GENERATIONS_AHEAD)
			highest = g;
	}
	if (highest >= INT64_MAX)
		return fail(ST_CORRUPT, "generation %llu is the last one", highest);
	owner->generation = highest + 1;
	return ST_OK;
}

static enum status check_list_counter(const struct owner *owner)
{
	const struct stored *newest = owner->view->next;
	unsigned long long have = newest ? stored_generation(newest) : 0;
	struct counters c;
	enum status status = counters_need(owner->count.tpm, owner->count.slot,
					   &c);

	/* What was asked for in plain sight may be older. */
	if (status || owner->based || !newest ||
	    have + owner->count.base >= c.accept)
		return status;
	return fail(ST_CORRUPT,
		    "the owner's list on disk has generation %llu, older than the TPM counter 0x%08x (%llu): an older list was put back. Put the newer one back from a backup, or see 'modgate verify --repair'",
		    have, MODGATE_NV_ACCEPT(owner->count.slot),
		    (unsigned long long)c.accept);
}

static enum status open_counters(struct owner *owner, const struct options *o)
{
	const struct modgate_authority *a =
		policy_authority(owner->snapshot.policy_next, owner->cert.digest);
	enum status status;

	owner->count.slot = modgate_le32(a->slot);
	owner->count.base = modgate_le64(a->base);
	status = freshness_open(&owner->count.tpm, &owner->snapshot, o);
	if (!owner->count.tpm)
		return status;
	status = policy_check_counter(&owner->snapshot, owner->count.tpm);
	return status ? status : check_list_counter(owner);
}

/**
 * owner_open() - get hold of the owner's list, to change it
 * @owner: zeroed, but for a base that was asked for; to be closed
 * @o: options
 *
 * Takes the lock, which is held until the tool exits.
 *
 * Return: ST_OK, or a status after saying why not.
 */
enum status owner_open(struct owner *owner, const struct options *o)
{
	enum status status = policy_open(&owner->snapshot, o, &owner->rotated);

	if (!status)
		status = key_cert(o, KEY_OWNER, &owner->cert);
	if (status)
		return status;
	owner->view = snapshot_owner(&owner->snapshot, &owner->cert);
	if (!owner->view ||
	    !policy_authority(owner->snapshot.policy_next, owner->cert.digest))
		return fail(ST_CORRUPT,
			    "the owner key is no authority of the local policy (%s); restore it from a backup",
			    owner->snapshot.policy_next->path);
	if (!(modgate_le32(owner->view->authority->roles) &
	      MODGATE_ROLE_APPROVE))
		return fail(ST_NO, "the local policy does not let the owner approve");
	status = open_counters(owner, o);
	if (!status)
		status = choose_base(owner);
	return status ? status : choose_generation(owner);
}

/* The entry that the list has for a module, or NULL. */
const struct modgate_module *owner_entry(const struct owner *owner,
					 const __u8 *digest)
{
	return owner->base ? modgate_find_module(&owner->base->doc, digest) :
			     NULL;
}

/* A name for people: what the format does not take becomes "_". */
void owner_entry_name(__u8 name[MODGATE_NAME_SIZE], const char *text)
{
	size_t i;

	memset(name, 0, MODGATE_NAME_SIZE);
	for (i = 0; text && text[i] && i < MODGATE_NAME_SIZE - 1; i++)
		name[i] = isascii(text[i]) &&
			  (isalnum(text[i]) || strchr("_.+-", text[i])) ?
			  text[i] : '_';
}

/* Start the new list from the old one. */
void owner_draft(const struct owner *owner, struct draft *draft)
{
	memset(draft, 0, sizeof(*draft));
	if (owner->base)
		draft_from(draft, &owner->base->doc);
	draft_header(draft, MODGATE_APPROVED_LIST, owner->generation,
		     owner->cert.digest);
}

/* A new list replaces, as was asked for, those that are of no use. */
static void drop_invalid(const struct owner *owner)
{
	const struct store *store = &owner->snapshot.store;
	size_t i;

	for (i = 0; i < store->n_docs; i++)
		if (!store->docs[i].valid &&
		    may_be_owners(owner, &store->docs[i]))
			stored_remove(&store->docs[i]);
}

/* Ask for the passphrase, sign and stage. */
enum status owner_sign(struct owner *owner, const struct options *o,
		       struct draft *draft)
{
	EVP_PKEY *key;
	enum status status = key_ask(o, KEY_OWNER, &key);

	if (status)
		return status;
	status = draft_stage(draft, o, &owner->snapshot.store, key, KEY_OWNER,
			     &owner->count);
	owner->generation = modgate_le64(draft->header.generation);
	EVP_PKEY_free(key);
	if (!status && owner->based)
		drop_invalid(owner);
	return status;
}

/* A list that was put back goes into force again only in plain sight. */
void owner_show_base(const struct owner *owner, const struct options *o,
		     struct json_object *j)
{
	if (!owner->based)
		return;
	if (o->json) {
		json_object_object_add(j, "base", stored_json(owner->base));
		return;
	}
	say("Starting from generation %llu, which says:\n",
	    owner->base_generation);
	stored_print(owner->base);
}

void owner_close(struct owner *owner)
{
	tpm_close(owner->count.tpm);
	snapshot_free(&owner->snapshot);
	cert_free(&owner->cert);
}
