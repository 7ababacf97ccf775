// SPDX-License-Identifier: GPL-2.0-only
/*
 * Is a document on disk what it should be: form, signature, signer, roles; the
 * chain from the anchor's certificate to the lists. What the kernel checks too.
 */
#include <stdlib.h>
#include <string.h>

#include "base.h"
#include "crypto.h"
#include "document.h"
#include "kernel.h"

static void reject(struct stored *doc, enum status status, char *problem)
{
	free(doc->problem);
	doc->problem = problem;
	doc->status = status;
	doc->valid = false;
}

/* The name carries the generation, so that no two documents share one. */
static void check_file_name(struct stored *doc)
{
	char *ending = fmt("-%llu.%s",
			   (unsigned long long)stored_generation(doc),
			   stored_type(doc) == MODGATE_LOCAL_POLICY ?
			   "policy" : "list");

	if (!has_suffix(doc->name, ending))
		reject(doc, ST_CORRUPT,
		       fmt("name: must end with %s, which is what the document says",
			   ending));
	free(ending);
}

/**
 * stored_check_form() - read a document and have the parser look at it
 * @doc: as found
 */
void stored_check_form(struct stored *doc)
{
	const char *rule;
	__u64 offset;

	if (!doc->bytes && stored_load(doc)) {
		/* Without a signature, the form can still be looked at. */
		if (!doc->bytes)
			return;
	}
	rule = modgate_document_parse(&doc->doc, doc->bytes, doc->size,
				      &offset);
	if (rule) {
		reject(doc, ST_CORRUPT, fmt("offset %llu: %s",
					    (unsigned long long)offset, rule));
		return;
	}
	doc->formed = true;
	doc->header = *doc->doc.header;
	doc->peeked = true;
}

static bool is_digest_of_cert(const struct modgate_document *doc,
			      const __u8 *digest, __le32 offset, __le32 size)
{
	__u8 found[MODGATE_DIGEST_SIZE];

	sha384(doc->data + modgate_le32(offset), modgate_le32(size), found);
	return !memcmp(found, digest, sizeof(found));
}

/* A digest that stands beside a certificate must be the certificate's. */
static const char *check_digests(const struct modgate_document *doc)
{
	bool good = true;
	__u32 i;

	for (i = 0; i < doc->n_authorities; i++)
		good &= is_digest_of_cert(doc, doc->authorities[i].digest,
					  doc->authorities[i].cert_offset,
					  doc->authorities[i].cert_size);
	for (i = 0; i < doc->n_vendors; i++)
		good &= is_digest_of_cert(doc, doc->vendors[i].digest,
					  doc->vendors[i].cert_offset,
					  doc->vendors[i].cert_size);
	for (i = 0; i < doc->n_bans; i++)
		if (modgate_le32(doc->bans[i].kind) == MODGATE_BAN_CERT)
			good &= is_digest_of_cert(doc, doc->bans[i].digest,
						  doc->bans[i].cert_offset,
						  doc->bans[i].cert_size);
	return good ? NULL : "certificate: its digest differs from the entry's";
}

/* The end of both checks: signature, then what stands in the document. */
static void check_signature(struct stored *doc, const void *der, size_t size)
{
	const char *problem = signature_check(der, size, doc->bytes, doc->size,
					      doc->signature,
					      doc->signature_size);

	if (problem) {
		reject(doc, ST_SECRET, xstrdup(problem));
		return;
	}
	problem = check_digests(&doc->doc);
	if (problem) {
		reject(doc, ST_CORRUPT, xstrdup(problem));
		return;
	}
	doc->valid = true;
	check_file_name(doc);
}

/**
 * stored_check_policy() - check a local policy
 * @doc: as found
 * @anchor: the anchor's certificate
 */
void stored_check_policy(struct stored *doc, const struct cert *anchor)
{
	stored_check_form(doc);
	if (!doc->formed || !doc->signature)
		return;
	if (memcmp(doc->header.signer, anchor->digest, MODGATE_DIGEST_SIZE))
		reject(doc, ST_SECRET,
		       xstrdup("signer: not the anchor key of this machine"));
	else
		check_signature(doc, anchor->der, anchor->der_size);
}

/* The authority with this certificate digest, or NULL. */
const struct modgate_authority *
policy_authority(const struct stored *policy, const __u8 *digest)
{
	__u32 i;

	if (!policy || !policy->formed)
		return NULL;
	for (i = 0; i < policy->doc.n_authorities; i++)
		if (!memcmp(policy->doc.authorities[i].digest, digest,
			    MODGATE_DIGEST_SIZE))
			return &policy->doc.authorities[i];
	return NULL;
}

/* Does the kernel name it, as what is in force? */
static bool is_named(const struct stored *doc, const struct kernel *kernel)
{
	__u8 digest[MODGATE_DIGEST_SIZE];
	size_t i;

	if (record_digest(&kernel->policy, "digest", digest) &&
	    !memcmp(digest, doc->digest, sizeof(digest)))
		return true;
	for (i = 0; i < kernel->n_lists; i++)
		if (record_digest(&kernel->lists[i], "digest", digest) &&
		    !memcmp(digest, doc->digest, sizeof(digest)))
			return true;
	return false;
}

/* What nobody will ask for again; there may be many of them, as large as they like. */
static void forget_useless(struct stored *doc, const struct kernel *kernel)
{
	if (!doc->valid && !is_named(doc, kernel))
		stored_unload(doc);
}

/**
 * stored_check_list() - check an approved list
 * @doc: as found
 * @policy: the local policy that says who may sign one, or NULL
 */
void stored_check_list(struct stored *doc, const struct stored *policy)
{
	const struct modgate_authority *a;
	const char *rule;

	stored_check_form(doc);
	if (!doc->formed || !doc->signature)
		return;
	if (!policy) {
		reject(doc, ST_CORRUPT,
		       xstrdup("signer: there is no valid local policy that could name it"));
		return;
	}
	a = policy_authority(policy, doc->header.signer);
	if (!a) {
		reject(doc, ST_SECRET,
		       xstrdup("signer: no authority of the local policy"));
		return;
	}
	check_signature(doc, policy->doc.data + modgate_le32(a->cert_offset),
			modgate_le32(a->cert_size));
	if (!doc->valid)
		return;
	rule = modgate_roles_check(&doc->doc, modgate_le32(a->roles));
	if (rule)
		reject(doc, ST_CORRUPT, xstrdup(rule));
	else if (stored_generation(doc) < modgate_le64(a->floor))
		reject(doc, ST_CORRUPT,
		       fmt("generation: %llu is below the floor %llu of its authority",
			   (unsigned long long)stored_generation(doc),
			   (unsigned long long)modgate_le64(a->floor)));
}

/*
 * The newest valid policy that names this signer, so that what is in force until
 * a restart is good although its key was replaced; else the newest valid one.
 */
static const struct stored *policy_for(const struct store *store,
				       const struct stored *list)
{
	size_t i;

	for (i = 0; i < store->n_docs; i++)
		if (store->docs[i].valid &&
		    stored_type(&store->docs[i]) == MODGATE_LOCAL_POLICY &&
		    policy_authority(&store->docs[i], list->header.signer))
			return &store->docs[i];
	return store_newest_policy(store);
}

/* Check everything; policies first, since lists are held against them. */
void store_check(struct store *store, const struct cert *anchor,
		 const struct kernel *kernel)
{
	size_t i;

	for (i = 0; i < store->n_docs; i++)
		if (stored_type(&store->docs[i]) == MODGATE_LOCAL_POLICY) {
			stored_check_policy(&store->docs[i], anchor);
			forget_useless(&store->docs[i], kernel);
		}
	for (i = 0; i < store->n_docs; i++)
		if (stored_type(&store->docs[i]) == MODGATE_APPROVED_LIST) {
			stored_check_list(&store->docs[i],
					  policy_for(store, &store->docs[i]));
			forget_useless(&store->docs[i], kernel);
		}
}

const struct stored *store_newest_policy(const struct store *store)
{
	size_t i;

	for (i = 0; i < store->n_docs; i++)
		if (store->docs[i].valid &&
		    stored_type(&store->docs[i]) == MODGATE_LOCAL_POLICY)
			return &store->docs[i];
	return NULL;
}

/* The newest valid list of the authority with this certificate digest. */
const struct stored *store_newest_list(const struct store *store,
				       const __u8 *authority)
{
	size_t i;

	for (i = 0; i < store->n_docs; i++)
		if (store->docs[i].valid &&
		    stored_type(&store->docs[i]) == MODGATE_APPROVED_LIST &&
		    !memcmp(store->docs[i].header.signer, authority,
			    MODGATE_DIGEST_SIZE))
			return &store->docs[i];
	return NULL;
}

/* The document that has this digest: the kernel vouches for it by naming it. */
const struct stored *store_by_digest(const struct store *store,
				     const __u8 *digest)
{
	size_t i;

	for (i = 0; i < store->n_docs; i++)
		if (store->docs[i].formed &&
		    !memcmp(store->docs[i].digest, digest, MODGATE_DIGEST_SIZE))
			return &store->docs[i];
	return NULL;
}
