/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Inside the room module: the parts of reading a module file that need third-party
 * parsers: decompression, .modinfo, the appended signature. A confined child process
 * does all that; if a malicious file takes it over, it may lie. So the parent asks
 * about one file at a time and computes the digest of the decompressed data itself, and
 * the child lives for only one file if people decide by its answers.
 */
#ifndef _MODGATE_LIB_READER_H
#define _MODGATE_LIB_READER_H

#include "child.h"
#include "module.h"

/* reader.c */
char *reader_decompress(int file, int memory);
char *reader_inspect(struct module *module, const struct module_bytes *b,
		     const struct file_bytes *certs, size_t n_certs, int *verified_by,
		     bool *unread);
bool reader_verify(const struct module_bytes *b, const struct cert *cert);

/* reader_child.c: what the child does */
enum reader_question {
	READER_DECOMPRESS,	/* from the first file into the second; answers the problem */
	READER_INSPECT,		/* the first file, with certificates; answers all its data */
	READER_VERIFY,		/* verify the signature of the first file with a certificate */
};

void *reader_begin(const char *context);
void reader_answer(void *state, struct message *question, const int *files,
		   struct message *answer);

#endif /* _MODGATE_LIB_READER_H */
