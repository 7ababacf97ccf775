/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The document parser, shared by the kernel, the tool and the fuzzer. It calls neither
 * kernel nor libc functions.
 */
#ifndef _MODGATE_DOCUMENT_H
#define _MODGATE_DOCUMENT_H

#ifdef __KERNEL__
#include <linux/types.h>
#else
#include <stdbool.h>
#include <stddef.h>
#ifndef __force
#define __force
#endif
#endif
#include <linux/modgate.h>

/**
 * struct modgate_document - a well-formed document
 * @header: start of the document
 * @authorities: entries of the section, likewise below
 * @modules: approved modules
 * @vendors: approved vendors
 * @bans: banned modules and certificates
 * @data: certificates
 * @n_authorities: number of entries, likewise below
 * @n_modules: number of approved modules
 * @n_vendors: number of approved vendors
 * @n_bans: number of bans
 *
 * All pointers point into the bytes passed to modgate_document_parse().
 */
struct modgate_document {
	const struct modgate_header *header;
	const struct modgate_authority *authorities;
	const struct modgate_module *modules;
	const struct modgate_vendor *vendors;
	const struct modgate_ban *bans;
	const __u8 *data;
	__u32 n_authorities;
	__u32 n_modules;
	__u32 n_vendors;
	__u32 n_bans;
};

/* Little-endian values without a byte-order header: kernel and user space have different ones. */
static inline __u32 modgate_le32(__le32 value)
{
	const __u8 *p = (const __u8 *)&value;

	return (__u32)p[0] | (__u32)p[1] << 8 | (__u32)p[2] << 16 |
	       (__u32)p[3] << 24;
}

static inline __u64 modgate_le64(__le64 value)
{
	const __u8 *p = (const __u8 *)&value;
	__u64 v = 0;
	int i;

	for (i = 7; i >= 0; i--)
		v = v << 8 | p[i];
	return v;
}

/* Same as memcmp(), which is not available everywhere. */
static inline int modgate_compare(const __u8 *a, const __u8 *b, size_t size)
{
	size_t i;

	for (i = 0; i < size; i++)
		if (a[i] != b[i])
			return a[i] < b[i] ? -1 : 1;
	return 0;
}

/* document.c */
const char *modgate_document_parse(struct modgate_document *doc,
				   const void *bytes, size_t size,
				   __u64 *offset);
const char *modgate_bundle_parse(const void *bytes, size_t size,
				 const void **document, size_t *document_size,
				 const void **signature,
				 size_t *signature_size, __u64 *offset);
const char *modgate_roles_check(const struct modgate_document *list,
				__u32 roles);

/* document_find.c */
const struct modgate_module *
modgate_find_module(const struct modgate_document *list, const __u8 *digest);
const struct modgate_ban *
modgate_find_ban(const struct modgate_document *list, const __u8 *digest);

#endif /* _MODGATE_DOCUMENT_H */
