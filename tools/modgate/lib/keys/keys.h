/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The room keys: named private keys, kept in a file, the TPM or a token, and the
 * passphrases that unlock them. Each way to keep keys is a provider, see provider.h.
 * Uses base, kernel, crypto and tpm.
 */
#ifndef _MODGATE_LIB_KEYS_H
#define _MODGATE_LIB_KEYS_H

#include "crypto.h"

struct pcr_bank;

/* context.c */
void key_context_end(void);

/* passphrase.c: passphrases live in OpenSSL's locked memory */
#define PASSPHRASE_SIZE 1024
#define PASSPHRASE_MIN 8

char *passphrase_ask(const struct options *o, const char *prompt);
char *passphrase_new(const struct options *o, const char *what);
void passphrase_free(char *passphrase);

/* keys.c */
#define KEY_ANCHOR "anchor"
#define KEY_OWNER "owner"
#define KEY_OWNER_NEXT "owner-next"	/* until a rotation is complete */

bool key_where_valid(const char *where);
bool key_where_is_uri(const char *where);
enum status key_make(const char *where, const char *name,
		     const char *passphrase, EVP_PKEY **key, struct cert *cert,
		     BIO **file);
enum status key_store(const struct options *o, const char *name, BIO *file,
		      const struct cert *cert);
enum status key_replace(const struct options *o, const char *name, BIO *file);
enum status key_change(const struct options *o, const char *name,
		       const char *old, const char *new, BIO **out);
enum status key_unlock(const struct options *o, const char *name,
		       const char *passphrase, EVP_PKEY **key);
enum status key_ask(const struct options *o, const char *name, EVP_PKEY **key);
enum status key_cert(const struct options *o, const char *name,
		     struct cert *cert);
enum status key_where(const struct options *o, const char *name, char **where);
bool keys_share_passphrase(const struct options *o);
char *key_path(const struct options *o, const char *name, const char *suffix);

/* provider_file.c */
enum status key_encrypt(EVP_PKEY *key, const char *passphrase, BIO *out);

/* provider_sealed.c */
enum status key_seal(EVP_PKEY *key, const char *passphrase, unsigned int pcr,
		     const struct pcr_bank *expected, BIO *out);
enum status key_anchor_check(const struct options *o);

#endif /* _MODGATE_LIB_KEYS_H */
