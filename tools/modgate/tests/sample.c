// SPDX-License-Identifier: GPL-2.0-only
/*
 * Small documents with something in every section.
 */
#include <string.h>

#include "crypto.h"
#include "document.h"
#include "sample.h"

/* Digests of which the first byte says the order. */
void sample_digest(__u8 *digest, int first)
{
	memset(digest, 0xaa, MODGATE_DIGEST_SIZE);
	digest[0] = first;
}

/* The parser does not look into certificates; any bytes do. */
void sample_cert(struct cert *cert, __u8 *der, size_t size, int first)
{
	memset(cert, 0, sizeof(*cert));
	memset(der, first, size);
	cert->der = der;
	cert->der_size = size;
	sample_digest(cert->digest, first);
}

void sample_policy(struct draft *draft)
{
	__u8 der[SAMPLE_CERT], signer[MODGATE_DIGEST_SIZE];
	struct modgate_authority *a;
	struct cert cert;
	int i;

	memset(draft, 0, sizeof(*draft));
	sample_digest(signer, 1);
	draft_header(draft, MODGATE_LOCAL_POLICY, 7, signer);
	draft->header.created = le64(1700000000);
	draft->header.mode = le32(MODGATE_MODE_LISTED);
	draft->header.flags = le32(MODGATE_POLICY_AUDIT);
	for (i = SAMPLE_AUTHORITIES; i > 0; i--) {
		sample_cert(&cert, der, sizeof(der), 0x10 * i);
		a = draft_authority(draft, &cert);
		a->roles = le32(MODGATE_ROLES);
		a->flags = le32(MODGATE_AUTHORITY_REQUIRED);
		a->slot = le32(i);
		a->base = le64(100);
		a->floor = le64(3);
		draft_name(a->name, i == 1 ? "owner" : "fleet");
	}
}

static void add_vendor(struct draft *draft, const char *pattern)
{
	__u8 der[SAMPLE_CERT];
	struct cert cert;

	sample_cert(&cert, der, sizeof(der), 0x40);
	draft_name(draft_vendor(draft, &cert)->pattern, pattern);
}

void sample_list(struct draft *draft)
{
	__u8 digest[MODGATE_DIGEST_SIZE], der[SAMPLE_BAN_CERT];
	struct modgate_module *m;
	struct cert cert;
	int i;

	memset(draft, 0, sizeof(*draft));
	sample_digest(digest, 0x10);
	draft_header(draft, MODGATE_APPROVED_LIST, 9, digest);
	draft->header.created = le64(1700000000);
	draft->header.flags = le32(MODGATE_LIST_EXCLUSIVE);
	for (i = SAMPLE_MODULES; i > 0; i--) {
		sample_digest(digest, 0x10 * i);
		m = draft_module(draft, digest);
		m->flags = le32(i & MODGATE_MODULE_FLAGS);
		if (i > 1)
			draft_name(m->name, "acpi_call");
	}
	add_vendor(draft, "snd_*");
	add_vendor(draft, "nv[a-z]?");
	sample_digest(digest, 0x50);
	draft_name(draft_ban(draft, digest, NULL)->name, "bad_one");
	sample_cert(&cert, der, sizeof(der), 0x60);
	draft_ban(draft, NULL, &cert);
}
