// SPDX-License-Identifier: GPL-2.0-only
/*
 * The document parser. It checks the form of a document, not its signature: every rule
 * that <linux/modgate.h> states about the encoding, in file order, so that the error
 * reported is the one at the lowest offset.
 */
#include "document.h"

#define DIGEST MODGATE_DIGEST_SIZE

/* Where the reader is, and what broke. */
struct reader {
	const __u8 *bytes;
	struct modgate_document *doc;
	__u32 data_size;	/* size of the data section */
	__u32 data_used;	/* taken by the certificates so far */
	__u64 offset;		/* where a rule broke, in bytes */
};

static const __u32 entry_size[MODGATE_SECTIONS] = {
	[MODGATE_SECTION_AUTHORITIES] = sizeof(struct modgate_authority),
	[MODGATE_SECTION_MODULES] = sizeof(struct modgate_module),
	[MODGATE_SECTION_VENDORS] = sizeof(struct modgate_vendor),
	[MODGATE_SECTION_BANS] = sizeof(struct modgate_ban),
	[MODGATE_SECTION_DATA] = 1,
};

static bool is_zero(const __u8 *p, size_t size)
{
	size_t i;

	for (i = 0; i < size; i++)
		if (p[i])
			return false;
	return true;
}

static const char *broken(struct reader *r, const void *where, const char *rule)
{
	r->offset = (const __u8 *)where - r->bytes;
	return rule;
}

static bool is_name_char(__u8 c, bool pattern)
{
	if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    (c >= '0' && c <= '9'))
		return true;
	if (c == '_' || c == '.' || c == '+' || c == '-')
		return true;
	return pattern && (c == '*' || c == '?' || c == '[' || c == ']');
}

static const char *check_name(struct reader *r, const __u8 *name,
			      bool may_be_empty, bool pattern)
{
	int i;

	if (!name[0] && !may_be_empty)
		return broken(r, name, "name: must not be empty");
	for (i = 0; i < MODGATE_NAME_SIZE && name[i]; i++)
		if (!is_name_char(name[i], pattern))
			return broken(r, name + i,
				      "name: a character outside [A-Za-z0-9_.+-]");
	if (i == MODGATE_NAME_SIZE)
		return broken(r, name, "name: must end with a zero byte");
	for (; i < MODGATE_NAME_SIZE; i++)
		if (name[i])
			return broken(r, name + i, "name: padding must be zero");
	return NULL;
}

/* @offset and @size are fields of an entry; certificates follow in order. */
static const char *check_cert(struct reader *r, const __le32 *offset,
			      const __le32 *size)
{
	__u32 cert_size = modgate_le32(*size);
	__u32 padded = (cert_size + 7) & ~7U;

	if (modgate_le32(*offset) != r->data_used)
		return broken(r, offset,
			      "certificate: must follow the one before it in the data section");
	if (!cert_size || cert_size > MODGATE_CERT_MAX)
		return broken(r, size, "certificate: size must be 1 to 16384");
	if (padded > r->data_size - r->data_used)
		return broken(r, size,
			      "certificate: must end inside the data section");
	if (!is_zero(r->doc->data + r->data_used + cert_size,
		     padded - cert_size))
		return broken(r, r->doc->data + r->data_used + cert_size,
			      "certificate: padding must be zero");
	r->data_used += padded;
	return NULL;
}

static const char *check_flags(struct reader *r, const __le32 *flags,
			       __u32 known)
{
	if (modgate_le32(*flags) & ~known)
		return broken(r, flags, "flags: unknown bits must be zero");
	return NULL;
}

static const char *check_reserved(struct reader *r, const __le32 *reserved)
{
	if (modgate_le32(*reserved))
		return broken(r, reserved, "reserved: must be zero");
	return NULL;
}

static const char *check_ascending(struct reader *r, const __u8 *previous,
				   const __u8 *entry)
{
	if (previous && modgate_compare(previous, entry, DIGEST) >= 0)
		return broken(r, entry,
			      "entries: digests must be strictly ascending");
	return NULL;
}

static const char *check_slots(struct reader *r, __u32 n)
{
	const struct modgate_authority *a = r->doc->authorities;
	__u32 slot = modgate_le32(a[n].slot);
	__u32 i;

	if (!slot || slot > MODGATE_SLOT_MAX)
		return broken(r, &a[n].slot, "slot: must be 1 to 255");
	for (i = 0; i < n; i++)
		if (modgate_le32(a[i].slot) == slot)
			return broken(r, &a[n].slot,
				      "slot: belongs to another authority");
	return NULL;
}

static const char *check_authorities(struct reader *r)
{
	const struct modgate_authority *a = r->doc->authorities;
	const char *rule;
	__u32 roles, i;

	for (i = 0; i < r->doc->n_authorities; i++) {
		rule = check_ascending(r, i ? a[i - 1].digest : NULL,
				       a[i].digest);
		if (rule)
			return rule;
		roles = modgate_le32(a[i].roles);
		if (!roles || roles & ~MODGATE_ROLES)
			return broken(r, &a[i].roles,
				      "roles: at least one, and none that is unknown");
		rule = check_flags(r, &a[i].flags, MODGATE_AUTHORITY_FLAGS);
		if (rule)
			return rule;
		if (roles & (MODGATE_ROLE_BAN | MODGATE_ROLE_EXCLUSIVE) &&
		    !(modgate_le32(a[i].flags) & MODGATE_AUTHORITY_REQUIRED))
			return broken(r, &a[i].flags,
				      "flags: the roles ban and exclusive demand required");
		rule = check_slots(r, i);
		if (!rule)
			rule = check_reserved(r, &a[i].reserved);
		if (!rule)
			rule = check_cert(r, &a[i].cert_offset,
					  &a[i].cert_size);
		if (!rule)
			rule = check_name(r, a[i].name, false, false);
		if (rule)
			return rule;
	}
	return NULL;
}

static const char *check_modules(struct reader *r)
{
	const struct modgate_module *m = r->doc->modules;
	const char *rule;
	__u32 i;

	for (i = 0; i < r->doc->n_modules; i++) {
		rule = check_ascending(r, i ? m[i - 1].digest : NULL,
				       m[i].digest);
		if (!rule)
			rule = check_flags(r, &m[i].flags,
					   MODGATE_MODULE_FLAGS);
		if (!rule)
			rule = check_reserved(r, &m[i].reserved);
		if (!rule)
			rule = check_name(r, m[i].name, true, false);
		if (rule)
			return rule;
	}
	return NULL;
}

static const char *check_vendors(struct reader *r)
{
	const struct modgate_vendor *v = r->doc->vendors;
	const char *rule;
	__u32 i;
	int order;

	for (i = 0; i < r->doc->n_vendors; i++) {
		order = i ? modgate_compare(v[i - 1].digest, v[i].digest, DIGEST) : -1;
		if (!order)
			order = modgate_compare(v[i - 1].pattern, v[i].pattern,
						MODGATE_NAME_SIZE);
		if (order >= 0)
			return broken(r, v[i].digest,
				      "vendors: digest and pattern must be strictly ascending");
		rule = check_flags(r, &v[i].flags, MODGATE_VENDOR_FLAGS);
		if (!rule)
			rule = check_reserved(r, &v[i].reserved);
		if (!rule)
			rule = check_cert(r, &v[i].cert_offset,
					  &v[i].cert_size);
		if (!rule)
			rule = check_name(r, v[i].pattern, false, true);
		if (rule)
			return rule;
	}
	return NULL;
}

static const char *check_bans(struct reader *r)
{
	const struct modgate_ban *b = r->doc->bans;
	const char *rule;
	__u32 i;

	for (i = 0; i < r->doc->n_bans; i++) {
		rule = check_ascending(r, i ? b[i - 1].digest : NULL,
				       b[i].digest);
		if (rule)
			return rule;
		switch (modgate_le32(b[i].kind)) {
		case MODGATE_BAN_DIGEST:
			rule = check_reserved(r, &b[i].reserved);
			if (!rule && (modgate_le32(b[i].cert_offset) ||
				      modgate_le32(b[i].cert_size)))
				rule = broken(r, &b[i].cert_offset,
					      "ban: of a digest, must have no certificate");
			break;
		case MODGATE_BAN_CERT:
			rule = check_reserved(r, &b[i].reserved);
			if (!rule)
				rule = check_cert(r, &b[i].cert_offset,
						  &b[i].cert_size);
			break;
		default:
			rule = broken(r, &b[i].kind, "ban: unknown kind");
		}
		if (!rule)
			rule = check_name(r, b[i].name, true, false);
		if (rule)
			return rule;
	}
	return NULL;
}

/* The header's own fields, up to the section table. */
static const char *check_header(struct reader *r, size_t size)
{
	const struct modgate_header *h = r->doc->header;
	bool policy = modgate_le32(h->type) == MODGATE_LOCAL_POLICY;
	__u32 mode = modgate_le32(h->mode);
	const char *rule;

	if (modgate_compare(h->magic, (const __u8 *)MODGATE_MAGIC, sizeof(h->magic)))
		return broken(r, h->magic, "magic: not a modgate document");
	if (modgate_le32(h->version) != MODGATE_VERSION)
		return broken(r, &h->version, "version: must be 1");
	if (!policy && modgate_le32(h->type) != MODGATE_APPROVED_LIST)
		return broken(r, &h->type,
			      "type: neither a local policy nor an approved list");
	if (modgate_le64(h->size) != size)
		return broken(r, &h->size,
			      "size: differs from the size of the file");
	if (!modgate_le64(h->generation))
		return broken(r, &h->generation, "generation: must be from 1");
	rule = check_flags(r, &h->flags, policy ? MODGATE_POLICY_FLAGS :
						  MODGATE_LIST_FLAGS);
	if (rule)
		return rule;
	if (policy ? !mode || mode > MODGATE_MODE_LISTED : mode)
		return broken(r, &h->mode,
			      "mode: system, signed or listed in a local policy, else zero");
	return NULL;
}

/* Sections must not leave gaps or overlap, and must be allowed for the type. */
static const char *check_sections(struct reader *r, size_t size)
{
	const struct modgate_header *h = r->doc->header;
	bool policy = modgate_le32(h->type) == MODGATE_LOCAL_POLICY;
	__u64 end = sizeof(*h), entries = 0;
	const void *start[MODGATE_SECTIONS];
	__u32 count[MODGATE_SECTIONS];
	int i;

	for (i = 0; i < MODGATE_SECTIONS; i++) {
		const struct modgate_section *s = &h->sections[i];
		bool allowed = i == MODGATE_SECTION_DATA ||
			       policy == (i == MODGATE_SECTION_AUTHORITIES);

		count[i] = modgate_le32(s->count);
		start[i] = r->bytes + end;
		if (modgate_le32(s->offset) != end)
			return broken(r, &s->offset,
				      "section: must start where the one before it ends");
		if (count[i] && !allowed)
			return broken(r, &s->count,
				      "section: not allowed in this type of document");
		if ((i == MODGATE_SECTION_AUTHORITIES &&
		     count[i] > MODGATE_AUTHORITIES_MAX) ||
		    (i == MODGATE_SECTION_VENDORS &&
		     count[i] > MODGATE_VENDORS_MAX))
			return broken(r, &s->count, "section: too many entries");
		if (i != MODGATE_SECTION_DATA)
			entries += count[i];
		if (entries > MODGATE_ENTRIES_MAX)
			return broken(r, &s->count, "section: too many entries");
		if ((__u64)count[i] * entry_size[i] > size - end)
			return broken(r, &s->count,
				      "section: ends behind the end of the document");
		end += (__u64)count[i] * entry_size[i];
	}
	if (end != size)
		return broken(r, &h->sections[MODGATE_SECTION_DATA].count,
			      "data: must reach the end of the document");
	r->doc->authorities = start[MODGATE_SECTION_AUTHORITIES];
	r->doc->modules = start[MODGATE_SECTION_MODULES];
	r->doc->vendors = start[MODGATE_SECTION_VENDORS];
	r->doc->bans = start[MODGATE_SECTION_BANS];
	r->doc->data = start[MODGATE_SECTION_DATA];
	r->doc->n_authorities = count[MODGATE_SECTION_AUTHORITIES];
	r->doc->n_modules = count[MODGATE_SECTION_MODULES];
	r->doc->n_vendors = count[MODGATE_SECTION_VENDORS];
	r->doc->n_bans = count[MODGATE_SECTION_BANS];
	r->data_size = count[MODGATE_SECTION_DATA];
	return NULL;
}

static const char *parse(struct reader *r, size_t size)
{
	const char *rule;

	if (size < sizeof(struct modgate_header)) {
		r->offset = size;
		return "size: shorter than a header";
	}
	if (size > MODGATE_DOCUMENT_MAX) {
		r->offset = MODGATE_DOCUMENT_MAX;
		return "size: over 128 MiB";
	}
	rule = check_header(r, size);
	if (!rule)
		rule = check_sections(r, size);
	if (!rule)
		rule = check_authorities(r);
	if (!rule)
		rule = check_modules(r);
	if (!rule)
		rule = check_vendors(r);
	if (!rule)
		rule = check_bans(r);
	if (!rule && r->data_used != r->data_size)
		rule = broken(r, r->doc->data + r->data_used,
			      "data: bytes that belong to no certificate");
	return rule;
}

/**
 * modgate_document_parse() - check the form of a document
 * @doc: filled in on success; undefined otherwise
 * @bytes: the document; at an address that is a multiple of 8
 * @size: of @bytes, in bytes
 * @offset: on failure, where the rule broke, in bytes from @bytes
 *
 * The caller still has to check the signature, the signer, the digests of certificates,
 * and whether the signer may say all this (modgate_roles_check()).
 *
 * Return: NULL, or the rule that the document breaks ("field: rule").
 */
const char *modgate_document_parse(struct modgate_document *doc,
				   const void *bytes, size_t size,
				   __u64 *offset)
{
	struct reader r = { .bytes = bytes, .doc = doc };
	const char *rule;

	*doc = (struct modgate_document){ .header = bytes };
	rule = parse(&r, size);
	*offset = r.offset;
	return rule;
}

/**
 * modgate_bundle_parse() - take apart what is written to modgate/load
 * @bytes: the bundle; at an address that is a multiple of 8
 * @size: of @bytes, in bytes
 * @document: set to the document in @bytes, which is not parsed yet
 * @document_size: of @document, in bytes
 * @signature: set to the signature in @bytes
 * @signature_size: of @signature, in bytes
 * @offset: on failure, where the rule broke, in bytes from @bytes
 *
 * Return: NULL, or the rule that the bundle breaks.
 */
const char *modgate_bundle_parse(const void *bytes, size_t size,
				 const void **document, size_t *document_size,
				 const void **signature,
				 size_t *signature_size, __u64 *offset)
{
	const struct modgate_bundle *b = bytes;
	__u64 rest;

	*offset = 0;
	if (size < sizeof(*b) ||
	    modgate_compare(b->magic, (const __u8 *)MODGATE_BUNDLE_MAGIC,
			    sizeof(b->magic)))
		return "bundle: not a modgate bundle";
	*offset = offsetof(struct modgate_bundle, version);
	if (modgate_le32(b->version) != MODGATE_VERSION)
		return "bundle: version must be 1";
	rest = size - sizeof(*b);
	*signature_size = modgate_le32(b->signature_size);
	*offset = offsetof(struct modgate_bundle, signature_size);
	if (!*signature_size || *signature_size > MODGATE_SIGNATURE_MAX ||
	    *signature_size > rest)
		return "bundle: signature size must be 1 to 1024, and all of it there";
	*offset = offsetof(struct modgate_bundle, document_size);
	if (modgate_le64(b->document_size) != rest - *signature_size)
		return "bundle: sizes do not add up; it takes exactly one write";
	*document_size = rest - *signature_size;
	*document = b + 1;
	*signature = (const __u8 *)*document + *document_size;
	return NULL;
}

/**
 * modgate_roles_check() - does a list say only what its authority may say?
 * @list: an approved list
 * @roles: MODGATE_ROLE_* of its authority
 *
 * Return: NULL, or the rule that the list breaks.
 */
const char *modgate_roles_check(const struct modgate_document *list,
				__u32 roles)
{
	if (list->n_modules && !(roles & MODGATE_ROLE_APPROVE))
		return "roles: approves modules without the role approve";
	if (list->n_vendors && !(roles & MODGATE_ROLE_VENDOR))
		return "roles: approves vendors without the role vendor";
	if (list->n_bans && !(roles & MODGATE_ROLE_BAN))
		return "roles: bans without the role ban";
	if (modgate_le32(list->header->flags) & MODGATE_LIST_EXCLUSIVE &&
	    !(roles & MODGATE_ROLE_EXCLUSIVE))
		return "roles: is exclusive without the role exclusive";
	return NULL;
}
