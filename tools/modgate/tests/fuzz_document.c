// SPDX-License-Identifier: GPL-2.0-only
/*
 * libFuzzer target: whatever the parser accepts, the builder writes in exactly
 * the same bytes, so that there is one and only one encoding.
 */
#include <stdlib.h>
#include <string.h>

#include "document.h"

/* Part of libFuzzer's interface. */
int LLVMFuzzerTestOneInput(const __u8 *data, size_t size);

/* Everything that reads a document after it was found well-formed. */
static void use(const struct modgate_document *doc)
{
	static const __u8 zero[MODGATE_DIGEST_SIZE];
	__u32 i, roles;

	for (roles = 0; roles <= MODGATE_ROLES; roles++)
		modgate_roles_check(doc, roles);
	modgate_find_module(doc, zero);
	modgate_find_ban(doc, zero);
	for (i = 0; i < doc->n_modules; i++)
		if (modgate_find_module(doc, doc->modules[i].digest) !=
		    &doc->modules[i])
			abort();
	for (i = 0; i < doc->n_bans; i++)
		if (modgate_find_ban(doc, doc->bans[i].digest) != &doc->bans[i])
			abort();
}

static void check_encoding(const struct modgate_document *doc,
			   const void *bytes, size_t size)
{
	struct draft draft = { 0 };
	size_t again_size;
	__u8 *again;

	draft_from(&draft, doc);
	draft_encode(&draft, &again, &again_size);
	if (again_size != size || memcmp(again, bytes, size))
		abort();
	free(again);
	draft_free(&draft);
}

/* So that reading is not optimised away. */
__u8 sink;

/* Under the address sanitizer, a byte too many is seen. */
static void read_all(const void *bytes, size_t size)
{
	const __u8 *p = bytes;

	while (size--)
		sink ^= *p++;
}

static void check_bundle(const void *bytes, size_t size)
{
	const void *document, *signature;
	size_t document_size, signature_size;
	__u64 offset;

	if (modgate_bundle_parse(bytes, size, &document, &document_size,
				 &signature, &signature_size, &offset)) {
		if (offset > size && offset > sizeof(struct modgate_bundle))
			abort();
		return;
	}
	if (sizeof(struct modgate_bundle) + document_size + signature_size !=
	    size)
		abort();
	read_all(document, document_size);
	read_all(signature, signature_size);
}

int LLVMFuzzerTestOneInput(const __u8 *data, size_t size)
{
	struct modgate_document doc;
	const char *rule;
	__u64 offset;
	void *bytes;

	/* Exactly as large as it is, so that one byte too many is seen. */
	bytes = malloc(size ? size : 1);
	if (!bytes)
		return 0;
	memcpy(bytes, data, size);
	rule = modgate_document_parse(&doc, bytes, size, &offset);
	if (!rule) {
		use(&doc);
		check_encoding(&doc, bytes, size);
	} else if (offset > size) {
		abort();
	}
	check_bundle(bytes, size);
	free(bytes);
	return 0;
}
