// SPDX-License-Identifier: GPL-2.0-only
/*
 * From a draft to a signed document on disk: number it, sign it, write it, and end
 * what it replaces.
 */
#include <stdlib.h>
#include <string.h>

#include "base.h"
#include "crypto.h"
#include "document.h"
#include "tpm.h"

char *document_name(const char *authority, __u64 generation, __u32 type)
{
	return fmt("%s-%llu.%s", authority, (unsigned long long)generation,
		   type == MODGATE_LOCAL_POLICY ? "policy" : "list");
}

/*
 * It is on disk, and in the initramfs if that has copies; only now may what is
 * older die, and then go.
 */
static enum status commit(const struct options *o, const struct store *store,
			  const struct stored *doc, const struct count *count)
{
	enum status status = initramfs_update(o);

	if (status)
		return fail(status, "%s was signed, and waits for that",
			    doc->name);
	status = count_commit(count, stored_generation(doc));
	if (status)
		return fail(status,
			    "%s was signed and waits for a restart, but its counter could not be raised, so what is older may be good until then; see 'modgate verify'",
			    doc->name);
	store_prune(o, store, doc, NULL);
	return ST_OK;
}

/**
 * draft_sign() - number a document and sign it, in memory
 * @draft: what it says; its generation is the one that the disk says is next,
 *	   and set to what it is
 * @key: the signer's
 * @authority: name of the signer, for the name of the file
 * @count: who numbers it
 * @doc: filled in, for stored_stage(); to be freed with stored_free()
 *
 * Return: ST_OK, or a status after saying why not.
 */
enum status draft_sign(struct draft *draft, EVP_PKEY *key,
		       const char *authority, const struct count *count,
		       struct stored *doc)
{
	__u64 generation = modgate_le64(draft->header.generation);
	enum status status = count_issue(count, &generation);
	const char *rule;

	memset(doc, 0, sizeof(*doc));
	if (status)
		return status;
	draft->header.generation = le64(generation);
	rule = draft_build(draft, &doc->bytes, &doc->size);
	if (rule)
		return fail(ST_NO, "the new document would break a rule: %s",
			    rule);
	doc->staged = true;
	doc->peeked = true;
	doc->header = draft->header;
	doc->path = document_name(authority, generation,
				  modgate_le32(draft->header.type));
	doc->name = doc->path;
	doc->signature = xzalloc(MODGATE_SIGNATURE_MAX);
	if (signature_make(key, doc->bytes, doc->size, doc->signature,
			   &doc->signature_size))
		return fail(ST_NO, "cannot sign: %s", crypto_error());
	return ST_OK;
}

/* Write what draft_sign() made; ST_OK when it is on disk. */
enum status stored_stage(const struct options *o, const struct stored *doc)
{
	return store_stage(o, doc->name, doc->bytes, doc->size, doc->signature,
			   doc->signature_size);
}

/**
 * draft_stage() - number a document, sign it, write it, end what it replaces
 * @draft: as for draft_sign()
 * @o: options
 * @store: as scanned
 * @key: the signer's
 * @authority: name of the signer, for the name of the file
 * @count: who numbers it
 *
 * Killed at any instant, either the old document is good or the new one is on
 * disk: the order is number, sign, write durably, renew the copies of an
 * initramfs that has any, raise the accept counter. (A repair after somebody has
 * counted the issue counter up by more than the kernel's 64 steps is the
 * exception: the new one is good when accept was raised to the end, and none
 * until then.)
 *
 * Return: ST_OK when it is on disk and nothing older is good any more, or a
 * status after saying why not.
 */
enum status draft_stage(struct draft *draft, const struct options *o,
			const struct store *store, EVP_PKEY *key,
			const char *authority, const struct count *count)
{
	struct stored doc;
	enum status status = draft_sign(draft, key, authority, count, &doc);

	if (!status)
		status = stored_stage(o, &doc);
	if (!status)
		status = commit(o, store, &doc, count);
	stored_free(&doc);
	return status;
}
