/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For cmd_init.c: the two keys.
 */
#ifndef _MODGATE_INIT_KEYS_H
#define _MODGATE_INIT_KEYS_H

#include "base.h"
#include "crypto.h"

/**
 * struct init_keys - the two keys, and where they are kept
 * @owner_where: "file", "tpm", or a URI
 * @anchor_where: likewise
 * @owner_passphrase: of the owner key
 * @anchor_passphrase: of the anchor key, or NULL if it is the same
 * @owner_key: private key
 * @anchor_key: private key
 * @owner: certificate of the owner key
 * @anchor: certificate of the anchor key
 */
struct init_keys {
	const char *owner_where;
	const char *anchor_where;
	char *owner_passphrase;
	char *anchor_passphrase;
	EVP_PKEY *owner_key;
	EVP_PKEY *anchor_key;
	struct cert owner;
	struct cert anchor;
};

enum status init_keys_check(struct init_keys *k);
enum status init_keys_ask(struct init_keys *k, const struct options *o);
enum status init_keys_make(struct init_keys *k, const struct options *o);
void init_keys_free(struct init_keys *k);

#endif /* _MODGATE_INIT_KEYS_H */
