/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is in a module file, as far as somebody else's parser has to say it:
 * decompression, .modinfo, the appended signature. All of it is done by a confined
 * child process, which may be lying if the file was made to take it over. So it is
 * asked about one file at a time, what it has decompressed is digested here, and it
 * does not live longer than one file where its answers are what a person decides by.
 */
#ifndef _MODGATE_READER_H
#define _MODGATE_READER_H

#include "child.h"
#include "module.h"

/**
 * struct module_bytes - a module as the kernel sees it; nobody can change it any more
 * @fd: of the memory file that holds it, or -1
 * @data: the bytes
 * @size: of @data
 * @compression: of the file that it comes from, or NULL
 * @problem: why there are none, or NULL
 */
struct module_bytes {
	int fd;
	const __u8 *data;
	size_t size;
	const char *compression;
	char *problem;
};

/* module_bytes.c */
int module_bytes_open(struct module_bytes *b, const char *path);
void module_bytes_close(struct module_bytes *b);

/* reader.c */
char *reader_decompress(int file, int memory);
char *reader_inspect(struct module *module, const struct module_bytes *b,
		     const struct file_bytes *certs, size_t n_certs, int *verified_by,
		     bool *unread);
bool reader_verify(const struct module_bytes *b, const struct cert *cert);
void reader_done(void);

/* reader_child.c: what the child does */
enum reader_question {
	READER_DECOMPRESS,	/* from the first file into the second; the problem */
	READER_INSPECT,		/* the first file, with certificates; all that it says */
	READER_VERIFY,		/* the signature of the first file, by a certificate */
};

void *reader_begin(const char *context);
void reader_answer(void *state, struct message *question, const int *files,
		   struct message *answer);

#endif /* _MODGATE_READER_H */
