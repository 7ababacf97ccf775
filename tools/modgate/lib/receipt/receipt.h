/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The room receipt: the kernel's record of the third-party modules that came up, in this
 * boot and, filed below /var/lib/modgate/receipts/, in earlier ones. Uses base, kernel
 * and crypto.
 */
#ifndef _MODGATE_LIB_RECEIPT_H
#define _MODGATE_LIB_RECEIPT_H

#include "kernel.h"

#define RECEIPT_MAX (16U << 20)		/* in bytes; the kernel writes 16,384 lines */

/**
 * struct receipt - the receipt of one boot
 * @path: of the file
 * @lines: one per module that came up
 * @hashed: the part of each line that the kernel hashed
 * @n: the number of lines
 * @end: the last line
 */
struct receipt {
	char *path;
	struct record *lines;
	char **hashed;
	size_t n;
	struct record end;
};

/* receipt.c */
enum status receipt_parse(struct receipt *receipt, const char *path,
			  const char *text);
enum status receipt_read(struct receipt *receipt, const char *path);
enum status receipt_read_kernel(struct receipt *receipt,
				const struct kernel *kernel);
enum status receipt_read_filed(struct receipt *receipt, const struct options *o,
			       const char *name);
bool receipt_try(struct receipt *receipt, const struct kernel *kernel);
bool receipt_is_empty(const struct receipt *receipt);
bool receipt_permanent(const struct kernel *kernel, const __u8 *digest);
void receipt_hash(const struct receipt *receipt,
		  __u8 digest[MODGATE_DIGEST_SIZE]);
const char *receipt_same(const struct receipt *receipt, const char *line);
void receipt_free(struct receipt *receipt);

/* receipt_file.c */
enum status receipt_file(const struct options *o, const struct kernel *kernel,
			 char **name);
char **receipt_names(const struct options *o, size_t *n);
void receipt_names_free(char **names, size_t n);

#endif /* _MODGATE_LIB_RECEIPT_H */
