/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Inside the room module: what is in a module file, as far as somebody else's parser has
 * to say it: decompression, .modinfo, the appended signature. All of it is done by a
 * confined child process, which may be lying if the file was made to take it over. So it
 * is asked about one file at a time, what it has decompressed is digested here, and it
 * does not live longer than one file where its answers are what a person decides by.
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
	READER_DECOMPRESS,	/* from the first file into the second; the problem */
	READER_INSPECT,		/* the first file, with certificates; all that it says */
	READER_VERIFY,		/* the signature of the first file, by a certificate */
};

void *reader_begin(const char *context);
void reader_answer(void *state, struct message *question, const int *files,
		   struct message *answer);

#endif /* _MODGATE_LIB_READER_H */
