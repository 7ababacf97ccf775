// SPDX-License-Identifier: GPL-2.0-only
/*
 * The rest of the parser: its limits, from both sides; looking things up; roles;
 * bundles. Called by document_test.c.
 */
#include <stdlib.h>
#include <string.h>

#include "base.h"
#include "crypto.h"
#include "document.h"
#include "sample.h"
#include "tap.h"
#include "tests.h"

/* Build with @n entries of a kind; is it as it should be? */
static void limit(const char *what, void (*add)(struct draft *draft, size_t i),
		  __u32 type, size_t n, const char *rule)
{
	__u8 signer[MODGATE_DIGEST_SIZE], *bytes = NULL;
	struct draft draft = { 0 };
	const char *found;
	size_t size, i;

	sample_digest(signer, 1);
	draft_header(&draft, type, 1, signer);
	if (type == MODGATE_LOCAL_POLICY)
		draft.header.mode = le32(MODGATE_MODE_LISTED);
	for (i = 0; i < n; i++)
		add(&draft, i);
	found = draft_build(&draft, &bytes, &size);
	if (!tap(rule ? found && !strcmp(found, rule) : !found, "%zu %s: %s", n,
		 what, rule ? "refused" : "accepted"))
		tap_note("got \"%s\"", dash(found));
	free(bytes);
	draft_free(&draft);
}

/* Big-endian, so that they are in order already. */
static void numbered(__u8 *digest, size_t i)
{
	memset(digest, 0, MODGATE_DIGEST_SIZE);
	digest[0] = i >> 24;
	digest[1] = i >> 16;
	digest[2] = i >> 8;
	digest[3] = i;
}

static void add_authority(struct draft *draft, size_t i)
{
	struct modgate_authority *a;
	struct cert cert;
	__u8 der[1];

	sample_cert(&cert, der, sizeof(der), i);
	a = draft_authority(draft, &cert);
	a->roles = le32(MODGATE_ROLE_APPROVE);
	a->slot = le32(i + 1);
	draft_name(a->name, "a");
}

static void add_module(struct draft *draft, size_t i)
{
	__u8 digest[MODGATE_DIGEST_SIZE];

	numbered(digest, i);
	draft_module(draft, digest);
}

static void add_vendor(struct draft *draft, size_t i)
{
	__u8 der[1] = { 1 };
	struct cert cert = { .der = der, .der_size = sizeof(der) };

	numbered(cert.digest, i);
	draft_name(draft_vendor(draft, &cert)->pattern, "*");
}

static void add_cert(struct draft *draft, size_t size)
{
	__u8 *der = xzalloc(size + 1);
	struct cert cert;

	sample_cert(&cert, der, size, 1);
	draft_name(draft_vendor(draft, &cert)->pattern, "*");
	free(der);
}

static void cert_limit(size_t size, const char *rule)
{
	__u8 *bytes = NULL, signer[MODGATE_DIGEST_SIZE];
	struct draft draft = { 0 };
	const char *found;
	size_t n;

	sample_digest(signer, 1);
	draft_header(&draft, MODGATE_APPROVED_LIST, 1, signer);
	add_cert(&draft, size);
	found = draft_build(&draft, &bytes, &n);
	tap(rule ? found && !strcmp(found, rule) : !found,
	    "a certificate of %zu bytes: %s", size, rule ? "refused" : "accepted");
	free(bytes);
	draft_free(&draft);
}

void test_limits(void)
{
	static const char many[] = "section: too many entries";
	struct modgate_document doc;
	__u64 offset, small[32] = { 0 };
	const char *rule;

	limit("authorities", add_authority, MODGATE_LOCAL_POLICY, 16, NULL);
	limit("authorities", add_authority, MODGATE_LOCAL_POLICY, 17, many);
	limit("vendors", add_vendor, MODGATE_APPROVED_LIST, 256, NULL);
	limit("vendors", add_vendor, MODGATE_APPROVED_LIST, 257, many);
	limit("modules", add_module, MODGATE_APPROVED_LIST, 1048576, NULL);
	limit("modules", add_module, MODGATE_APPROVED_LIST, 1048577, many);
	cert_limit(16384, NULL);
	cert_limit(16385, "certificate: size must be 1 to 16384");
	/* The size alone decides: there need not be as many bytes. */
	rule = modgate_document_parse(&doc, small, (128U << 20) + 1, &offset);
	tap(rule && !strcmp(rule, "size: over 128 MiB") &&
	    offset == MODGATE_DOCUMENT_MAX, "over 128 MiB: refused");
}

void test_lookup(const __u8 *bytes, size_t size)
{
	struct modgate_document doc, empty = { 0 };
	__u8 digest[MODGATE_DIGEST_SIZE];
	__u64 offset;
	bool good = true;
	__u32 i;

	modgate_document_parse(&doc, bytes, size, &offset);
	for (i = 0; i < doc.n_modules; i++)
		if (modgate_find_module(&doc, doc.modules[i].digest) !=
		    &doc.modules[i])
			good = false;
	tap(good, "every module is found");
	good = true;
	for (i = 0; i < 256; i++) {
		sample_digest(digest, i);
		digest[47] ^= 1;
		if (modgate_find_module(&doc, digest))
			good = false;
	}
	tap(good, "what is not there is not found");
	sample_digest(digest, 0x50);
	tap(modgate_find_ban(&doc, digest) == &doc.bans[0], "a ban is found");
	tap(!modgate_find_ban(&empty, digest), "nothing is found in nothing");
	tap(!modgate_roles_check(&doc, MODGATE_ROLES), "all roles suffice");
	for (i = 1; i < MODGATE_ROLES; i <<= 1)
		tap(modgate_roles_check(&doc, MODGATE_ROLES & ~i),
		    "without role %#x it is refused", i);
	tap(!modgate_roles_check(&(struct modgate_document) {
		.header = doc.header, .n_modules = 1 },
		MODGATE_ROLE_APPROVE | MODGATE_ROLE_EXCLUSIVE),
	    "no role is demanded for what the list does not say");
}

/* A bundle of @size bytes, of which the header says something. */
static void check_bundle(const char *what, __u32 version, __u32 sig_size,
			 __u64 doc_size, size_t size, const char *rule)
{
	struct modgate_bundle b = {
		.version = le32(version),
		.signature_size = le32(sig_size),
		.document_size = le64(doc_size),
	};
	const void *document, *signature;
	size_t document_size, signature_size;
	__u8 *bytes = malloc(size ? size : 1);
	const char *found;
	__u64 offset;

	memset(bytes, 0, size);
	memcpy(b.magic, MODGATE_BUNDLE_MAGIC, sizeof(b.magic));
	memcpy(bytes, &b, size < sizeof(b) ? size : sizeof(b));
	found = modgate_bundle_parse(bytes, size, &document, &document_size,
				     &signature, &signature_size, &offset);
	if (!tap(rule ? found && !strcmp(rule, found) : !found,
		 "bundle: %s is %s", what, rule ? "refused" : "accepted"))
		tap_note("got \"%s\"", dash(found));
	if (!found)
		tap((const __u8 *)signature + signature_size == bytes + size &&
		    (const __u8 *)document == bytes + sizeof(b),
		    "bundle: %s, both parts are where they are", what);
	free(bytes);
}

void test_bundle(void)
{
	static const char not_one[] = "bundle: not a modgate bundle";
	static const char sums[] = "bundle: sizes do not add up; it takes exactly one write";
	static const char sig[] = "bundle: signature size must be 1 to 1024, and all of it there";
	const size_t head = sizeof(struct modgate_bundle);

	check_bundle("a good one", 1, 100, 200, head + 300, NULL);
	check_bundle("one without a document", 1, 100, 0, head + 100, NULL);
	check_bundle("nothing", 1, 100, 200, 0, not_one);
	check_bundle("half a header", 1, 100, 200, head - 1, not_one);
	check_bundle("version 2", 2, 100, 200, head + 300, "bundle: version must be 1");
	check_bundle("no signature", 1, 0, 200, head + 200, sig);
	check_bundle("a signature of 1025 bytes", 1, 1025, 200, head + 1225, sig);
	check_bundle("a signature that is not all there", 1, 100, 0, head + 99, sig);
	check_bundle("a document that is not all there", 1, 100, 200, head + 299, sums);
	check_bundle("a byte too many", 1, 100, 200, head + 301, sums);
	check_bundle("a document of 2^64-1 bytes", 1, 100, ~0ULL, head + 99 + 1, sums);
}
