// SPDX-License-Identifier: GPL-2.0-only
/*
 * Write the seed corpus of the fuzzer: the sample documents, an empty one of
 * each type, and a bundle.
 */
#include <stdlib.h>
#include <string.h>

#include "base.h"
#include "document.h"
#include "sample.h"

static void write_seed(const char *dir, const char *name, const void *data,
		       size_t size)
{
	char *path = fmt("%s/%s", dir, name);
	FILE *f = fopen(path, "wb");

	if (!f || fwrite(data, 1, size, f) != size || fclose(f)) {
		perror(path);
		exit(1);
	}
	free(path);
}

static void write_document(const char *dir, const char *name,
			   struct draft *draft)
{
	__u8 *bytes;
	size_t size;
	const char *rule = draft_build(draft, &bytes, &size);

	if (rule) {
		fprintf(stderr, "%s: %s\n", name, rule);
		exit(1);
	}
	write_seed(dir, name, bytes, size);
	free(bytes);
	draft_free(draft);
}

static void write_bundle(const char *dir)
{
	struct modgate_bundle b = {
		.version = le32(MODGATE_VERSION),
		.signature_size = le32(8),
		.document_size = le64(8),
	};
	__u8 bytes[sizeof(b) + 16] = { 0 };

	memcpy(b.magic, MODGATE_BUNDLE_MAGIC, sizeof(b.magic));
	memcpy(bytes, &b, sizeof(b));
	write_seed(dir, "bundle", bytes, sizeof(bytes));
}

int main(int argc, char **argv)
{
	__u8 signer[MODGATE_DIGEST_SIZE];
	struct draft draft;

	if (argc != 2) {
		fputs("usage: fuzz_seeds DIR\n", stderr);
		return 2;
	}
	sample_policy(&draft);
	write_document(argv[1], "policy", &draft);
	sample_list(&draft);
	write_document(argv[1], "list", &draft);
	sample_digest(signer, 1);
	memset(&draft, 0, sizeof(draft));
	draft_header(&draft, MODGATE_APPROVED_LIST, 1, signer);
	write_document(argv[1], "empty-list", &draft);
	draft_header(&draft, MODGATE_LOCAL_POLICY, 1, signer);
	draft.header.mode = le32(MODGATE_MODE_SYSTEM);
	write_document(argv[1], "empty-policy", &draft);
	write_bundle(argv[1]);
	return 0;
}
