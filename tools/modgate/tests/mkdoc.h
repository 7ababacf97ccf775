/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The parts of mkdoc.
 */
#ifndef _MODGATE_MKDOC_H
#define _MODGATE_MKDOC_H

#include "crypto.h"

/* mkdoc.c */
void die(const char *format, ...) __printf(1, 2) __attribute((noreturn));
unsigned long long parse_number(const char *text);
struct cert read_cert(const char *path);
void read_module(const char *path, __u8 *digest);
void write_file(const char *path, const void *data, size_t size);
void *read_file(const char *path, size_t *size);
void write_bundle(const char *path, const void *doc, size_t size,
		  const void *sig, size_t sig_size);

/* mkdoc_build.c */
int build_document(__u32 type, int argc, char **argv);

#endif /* _MODGATE_MKDOC_H */
