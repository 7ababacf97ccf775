// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lookups in a well-formed approved list.
 */
#include "document.h"

/* Binary search in entries of @size bytes, each of which starts with a digest. */
static const void *find(const void *entries, __u32 n, size_t size,
			const __u8 *digest)
{
	const __u8 *base = entries;

	while (n) {
		const __u8 *middle = base + (n / 2) * size;
		int order = modgate_compare(digest, middle, MODGATE_DIGEST_SIZE);

		if (!order)
			return middle;
		if (order > 0) {
			base = middle + size;
			n -= n / 2 + 1;
		} else {
			n /= 2;
		}
	}
	return NULL;
}

/**
 * modgate_find_module() - look up an approved module
 * @list: an approved list
 * @digest: SHA-384 of the module, %MODGATE_DIGEST_SIZE bytes
 *
 * Return: the entry, or NULL.
 */
const struct modgate_module *
modgate_find_module(const struct modgate_document *list, const __u8 *digest)
{
	return find(list->modules, list->n_modules, sizeof(*list->modules),
		    digest);
}

/**
 * modgate_find_ban() - look up a ban, of a module or of a certificate
 * @list: an approved list
 * @digest: SHA-384, %MODGATE_DIGEST_SIZE bytes
 *
 * Return: the entry, or NULL.
 */
const struct modgate_ban *
modgate_find_ban(const struct modgate_document *list, const __u8 *digest)
{
	return find(list->bans, list->n_bans, sizeof(*list->bans), digest);
}
