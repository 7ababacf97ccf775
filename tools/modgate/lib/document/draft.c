// SPDX-License-Identifier: GPL-2.0-only
/*
 * Writing a document: the other half of document.c. What is built here is read
 * back by the one parser before anybody sees it.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base.h"
#include "crypto.h"
#include "document.h"

__le32 le32(__u32 value)
{
	__u8 b[4] = { value, value >> 8, value >> 16, value >> 24 };
	__le32 le;

	memcpy(&le, b, sizeof(le));
	return le;
}

__le64 le64(__u64 value)
{
	__le32 half[2] = { le32(value), le32(value >> 32) };
	__le64 le;

	memcpy(&le, half, sizeof(le));
	return le;
}

/**
 * draft_header() - start a document
 * @draft: zeroed
 * @type: MODGATE_LOCAL_POLICY or MODGATE_APPROVED_LIST
 * @generation: from 1
 * @signer: SHA-384 of the signer's certificate
 */
void draft_header(struct draft *draft, __u32 type, __u64 generation,
		  const __u8 *signer)
{
	struct modgate_header *h = &draft->header;

	h->type = le32(type);
	h->generation = le64(generation);
	h->created = le64(time(NULL));
	memcpy(h->signer, signer, MODGATE_DIGEST_SIZE);
}

/* Fill in a name or a pattern; false if it is too long. */
bool draft_name(__u8 name[MODGATE_NAME_SIZE], const char *text)
{
	if (strlen(text) >= MODGATE_NAME_SIZE)
		return false;
	memset(name, 0, MODGATE_NAME_SIZE);
	memcpy(name, text, strlen(text));
	return true;
}

static __le32 add_cert(struct draft *draft, const void *der, size_t size)
{
	struct draft_cert *c;

	draft->certs = xgrow(draft->certs, draft->n_certs, sizeof(*c));
	c = &draft->certs[draft->n_certs++];
	c->der = xzalloc(size);
	c->size = size;
	memcpy(c->der, der, size);
	return le32(draft->n_certs);
}

/* Add an authority; the caller fills in roles, flags, slot, base, floor, name. */
struct modgate_authority *draft_authority(struct draft *draft,
					  const struct cert *cert)
{
	struct modgate_authority *a;

	draft->authorities = xgrow(draft->authorities, draft->n_authorities,
				   sizeof(*a));
	a = &draft->authorities[draft->n_authorities++];
	memcpy(a->digest, cert->digest, MODGATE_DIGEST_SIZE);
	a->cert_offset = add_cert(draft, cert->der, cert->der_size);
	a->cert_size = le32(cert->der_size);
	return a;
}

/**
 * draft_replace_authority() - give an authority another key
 * @draft: with that authority
 * @digest: of its certificate so far
 * @cert: its new certificate
 * @floor: lowest generation of a list by the new key
 */
void draft_replace_authority(struct draft *draft, const __u8 *digest,
			     const struct cert *cert, __u64 floor)
{
	size_t i;

	for (i = 0; i < draft->n_authorities; i++) {
		struct modgate_authority *a = &draft->authorities[i];
		struct draft_cert *c =
			&draft->certs[modgate_le32(a->cert_offset) - 1];

		if (memcmp(a->digest, digest, MODGATE_DIGEST_SIZE))
			continue;
		free(c->der);
		c->der = xzalloc(cert->der_size);
		c->size = cert->der_size;
		memcpy(c->der, cert->der, cert->der_size);
		memcpy(a->digest, cert->digest, MODGATE_DIGEST_SIZE);
		a->cert_size = le32(cert->der_size);
		a->floor = le64(floor);
	}
}

/* Take out an authority, with its certificate; false if it is not there. */
bool draft_remove_authority(struct draft *draft, const __u8 *digest)
{
	struct modgate_authority *a = draft->authorities;
	size_t i;

	for (i = 0; i < draft->n_authorities; i++)
		if (!memcmp(a[i].digest, digest, MODGATE_DIGEST_SIZE))
			break;
	if (i == draft->n_authorities)
		return false;
	draft->certs[modgate_le32(a[i].cert_offset) - 1].size = 0;
	draft->n_authorities--;
	memmove(&a[i], &a[i + 1], (draft->n_authorities - i) * sizeof(*a));
	return true;
}

/* Add an approved module; the caller fills in flags and name. */
struct modgate_module *draft_module(struct draft *draft, const __u8 *digest)
{
	struct modgate_module *m;

	draft->modules = xgrow(draft->modules, draft->n_modules, sizeof(*m));
	m = &draft->modules[draft->n_modules++];
	memcpy(m->digest, digest, MODGATE_DIGEST_SIZE);
	return m;
}

/* Add an approved vendor; the caller fills in flags and pattern. */
struct modgate_vendor *draft_vendor(struct draft *draft,
				    const struct cert *cert)
{
	struct modgate_vendor *v;

	draft->vendors = xgrow(draft->vendors, draft->n_vendors, sizeof(*v));
	v = &draft->vendors[draft->n_vendors++];
	memcpy(v->digest, cert->digest, MODGATE_DIGEST_SIZE);
	v->cert_offset = add_cert(draft, cert->der, cert->der_size);
	v->cert_size = le32(cert->der_size);
	return v;
}

/* Add a ban, of a module's digest or, if @digest is NULL, of a certificate. */
struct modgate_ban *draft_ban(struct draft *draft, const __u8 *digest,
			      const struct cert *cert)
{
	struct modgate_ban *b;

	draft->bans = xgrow(draft->bans, draft->n_bans, sizeof(*b));
	b = &draft->bans[draft->n_bans++];
	b->kind = le32(digest ? MODGATE_BAN_DIGEST : MODGATE_BAN_CERT);
	memcpy(b->digest, digest ? digest : cert->digest, MODGATE_DIGEST_SIZE);
	if (!digest) {
		b->cert_offset = add_cert(draft, cert->der, cert->der_size);
		b->cert_size = le32(cert->der_size);
	}
	return b;
}

/* Take out an approved module; false if it is not there. */
bool draft_remove_module(struct draft *draft, const __u8 *digest)
{
	size_t i;

	for (i = 0; i < draft->n_modules; i++)
		if (!memcmp(draft->modules[i].digest, digest, MODGATE_DIGEST_SIZE))
			break;
	if (i == draft->n_modules)
		return false;
	draft->n_modules--;
	memmove(&draft->modules[i], &draft->modules[i + 1],
		(draft->n_modules - i) * sizeof(*draft->modules));
	return true;
}

/*
 * Take out an approved vendor, with its certificate: the entry with this pattern, or,
 * if it is NULL, any; false if there is none.
 */
bool draft_remove_vendor(struct draft *draft, const __u8 *digest,
			 const char *pattern)
{
	struct modgate_vendor *v = draft->vendors;
	size_t i;

	for (i = 0; i < draft->n_vendors; i++)
		if (!memcmp(v[i].digest, digest, MODGATE_DIGEST_SIZE) &&
		    (!pattern || !strcmp((const char *)v[i].pattern, pattern)))
			break;
	if (i == draft->n_vendors)
		return false;
	draft->certs[modgate_le32(v[i].cert_offset) - 1].size = 0;
	draft->n_vendors--;
	memmove(&v[i], &v[i + 1], (draft->n_vendors - i) * sizeof(*v));
	return true;
}

/**
 * draft_remove_bans() - take bans out, with their certificates
 * @draft: of a list
 * @goes: does this one?
 * @context: for @goes
 */
void draft_remove_bans(struct draft *draft,
		       bool (*goes)(const void *context,
				    const struct modgate_ban *ban),
		       const void *context)
{
	struct modgate_ban *b = draft->bans;
	size_t i, n = 0;

	for (i = 0; i < draft->n_bans; i++) {
		if (!goes(context, &b[i]))
			b[n++] = b[i];
		else if (modgate_le32(b[i].kind) == MODGATE_BAN_CERT)
			draft->certs[modgate_le32(b[i].cert_offset) - 1].size = 0;
	}
	draft->n_bans = n;
}

static __le32 copy_cert(struct draft *draft, const struct modgate_document *doc,
			__le32 offset, __le32 size)
{
	return add_cert(draft, doc->data + modgate_le32(offset),
			modgate_le32(size));
}

static void *copy_entries(const void *entries, size_t n, size_t size)
{
	size_t room = 1;
	void *copy;

	/* As large as xgrow() would have made it. */
	while (room < n)
		room *= 2;
	copy = xzalloc(room * size);
	if (n)
		memcpy(copy, entries, n * size);
	return copy;
}

/**
 * draft_from() - take over everything that a document says
 * @draft: zeroed
 * @doc: well-formed
 */
void draft_from(struct draft *draft, const struct modgate_document *doc)
{
	size_t i;

	draft->header = *doc->header;
	draft->n_authorities = doc->n_authorities;
	draft->authorities = copy_entries(doc->authorities, doc->n_authorities,
					  sizeof(*doc->authorities));
	draft->n_modules = doc->n_modules;
	draft->modules = copy_entries(doc->modules, doc->n_modules,
				      sizeof(*doc->modules));
	draft->n_vendors = doc->n_vendors;
	draft->vendors = copy_entries(doc->vendors, doc->n_vendors,
				      sizeof(*doc->vendors));
	draft->n_bans = doc->n_bans;
	draft->bans = copy_entries(doc->bans, doc->n_bans, sizeof(*doc->bans));
	for (i = 0; i < draft->n_authorities; i++)
		draft->authorities[i].cert_offset =
			copy_cert(draft, doc, doc->authorities[i].cert_offset,
				  doc->authorities[i].cert_size);
	for (i = 0; i < draft->n_vendors; i++)
		draft->vendors[i].cert_offset =
			copy_cert(draft, doc, doc->vendors[i].cert_offset,
				  doc->vendors[i].cert_size);
	for (i = 0; i < draft->n_bans; i++)
		if (modgate_le32(doc->bans[i].kind) == MODGATE_BAN_CERT)
			draft->bans[i].cert_offset =
				copy_cert(draft, doc, doc->bans[i].cert_offset,
					  doc->bans[i].cert_size);
}

void draft_free(struct draft *draft)
{
	size_t i;

	for (i = 0; i < draft->n_certs; i++)
		free(draft->certs[i].der);
	free(draft->authorities);
	free(draft->modules);
	free(draft->vendors);
	free(draft->bans);
	free(draft->certs);
	memset(draft, 0, sizeof(*draft));
}

static int by_digest(const void *a, const void *b)
{
	return memcmp(a, b, MODGATE_DIGEST_SIZE);
}

static int by_digest_and_pattern(const void *a, const void *b)
{
	const struct modgate_vendor *va = a, *vb = b;
	int order = by_digest(a, b);

	return order ? order : memcmp(va->pattern, vb->pattern,
				      MODGATE_NAME_SIZE);
}

static void sort_entries(struct draft *draft)
{
	if (draft->n_authorities)
		qsort(draft->authorities, draft->n_authorities,
		      sizeof(*draft->authorities), by_digest);
	if (draft->n_modules)
		qsort(draft->modules, draft->n_modules,
		      sizeof(*draft->modules), by_digest);
	if (draft->n_vendors)
		qsort(draft->vendors, draft->n_vendors,
		      sizeof(*draft->vendors), by_digest_and_pattern);
	if (draft->n_bans)
		qsort(draft->bans, draft->n_bans, sizeof(*draft->bans),
		      by_digest);
}

static size_t padded(__u32 size)
{
	return (size + 7U) & ~7U;
}

/* Where the encoder has got to. */
struct writer {
	__u8 *bytes;
	size_t at;
	size_t data;		/* start of the data section */
	size_t data_used;
};

static void write_section(struct writer *w, struct modgate_header *h,
			  int section, const void *entries, size_t n,
			  size_t size)
{
	h->sections[section].offset = le32(w->at);
	h->sections[section].count = le32(n);
	if (n)
		memcpy(w->bytes + w->at, entries, n * size);
	w->at += n * size;
}

/* The entry's certificate, by number in the draft, goes to the data section. */
static void write_cert(struct writer *w, const struct draft *draft,
		       __le32 *offset)
{
	const struct draft_cert *c = &draft->certs[modgate_le32(*offset) - 1];

	*offset = le32(w->data_used);
	memcpy(w->bytes + w->data + w->data_used, c->der, c->size);
	w->data_used += padded(c->size);
}

static void write_certs(struct writer *w, const struct draft *draft,
			const struct modgate_header *h)
{
	struct modgate_authority *a = (void *)(w->bytes +
		modgate_le32(h->sections[MODGATE_SECTION_AUTHORITIES].offset));
	struct modgate_vendor *v = (void *)(w->bytes +
		modgate_le32(h->sections[MODGATE_SECTION_VENDORS].offset));
	struct modgate_ban *b = (void *)(w->bytes +
		modgate_le32(h->sections[MODGATE_SECTION_BANS].offset));
	size_t i;

	for (i = 0; i < draft->n_authorities; i++)
		write_cert(w, draft, &a[i].cert_offset);
	for (i = 0; i < draft->n_vendors; i++)
		write_cert(w, draft, &v[i].cert_offset);
	for (i = 0; i < draft->n_bans; i++)
		if (modgate_le32(b[i].kind) == MODGATE_BAN_CERT)
			write_cert(w, draft, &b[i].cert_offset);
}

/**
 * draft_encode() - lay out a document, without asking whether it may be
 * @draft: what it says; its entries are sorted
 * @bytes: set to the document; to be freed
 * @size: set to the size of @bytes
 */
void draft_encode(struct draft *draft, __u8 **bytes, size_t *size)
{
	struct modgate_header *h = &draft->header;
	struct writer w = { .at = sizeof(*h) };
	size_t data_size = 0, i;

	for (i = 0; i < draft->n_certs; i++)
		data_size += padded(draft->certs[i].size);
	*size = sizeof(*h) +
		draft->n_authorities * sizeof(*draft->authorities) +
		draft->n_modules * sizeof(*draft->modules) +
		draft->n_vendors * sizeof(*draft->vendors) +
		draft->n_bans * sizeof(*draft->bans) + data_size;
	sort_entries(draft);
	w.bytes = xzalloc(*size);
	write_section(&w, h, MODGATE_SECTION_AUTHORITIES, draft->authorities,
		      draft->n_authorities, sizeof(*draft->authorities));
	write_section(&w, h, MODGATE_SECTION_MODULES, draft->modules,
		      draft->n_modules, sizeof(*draft->modules));
	write_section(&w, h, MODGATE_SECTION_VENDORS, draft->vendors,
		      draft->n_vendors, sizeof(*draft->vendors));
	write_section(&w, h, MODGATE_SECTION_BANS, draft->bans,
		      draft->n_bans, sizeof(*draft->bans));
	w.data = w.at;
	write_section(&w, h, MODGATE_SECTION_DATA, NULL, 0, 1);
	h->sections[MODGATE_SECTION_DATA].count = le32(data_size);
	write_certs(&w, draft, h);
	memcpy(h->magic, MODGATE_MAGIC, sizeof(h->magic));
	h->version = le32(MODGATE_VERSION);
	h->size = le64(*size);
	memcpy(w.bytes, h, sizeof(*h));
	*bytes = w.bytes;
}

/**
 * draft_build() - lay out a document and have the parser read it
 * @draft: what it says; its entries are sorted
 * @bytes: set to the document; to be freed
 * @size: set to the size of @bytes
 *
 * Return: NULL, or the rule that such a document would break.
 */
const char *draft_build(struct draft *draft, __u8 **bytes, size_t *size)
{
	struct modgate_document doc;
	const char *rule;
	__u64 offset;

	draft_encode(draft, bytes, size);
	rule = modgate_document_parse(&doc, *bytes, *size, &offset);
	if (rule) {
		free(*bytes);
		*bytes = NULL;
	}
	return rule;
}
