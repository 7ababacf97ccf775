/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Inside the room keys: the providers, which keep private keys. A new one is a struct
 * provider in a file of its own, declared below, and a line in keys.c; its name also goes
 * into the usage of init and key, init_keys.c, completions/ and modgate-key(8). A name with
 * ":" is a URI. A key that signs elsewhere needs no struct provider but a provider of
 * OpenSSL's, and at most a line of schemes[] in provider_uri.c.
 */
#ifndef _MODGATE_LIB_PROVIDER_H
#define _MODGATE_LIB_PROVIDER_H

#include "keys.h"
#include "tpm.h"

/**
 * struct key_file - the file below /etc/modgate/keys for a private key
 * @path: of the file
 * @data: its contents, NUL-terminated
 * @size: of @data, in bytes
 */
struct key_file {
	char *path;
	char *data;
	size_t size;
};

/**
 * struct provider - one way to keep private keys
 * @name: as typed, or NULL if the user types the URI of a key
 * @first_line: of its files, or NULL likewise
 * @make: make a key, or find the one that @where names, and write what stands
 *	  in for it to @file; NULL if keys come to it from elsewhere
 * @unlock: get at the key, as one that OpenSSL can sign with
 * @change: write the same key with another passphrase to @out, or NULL if it
 *	    cannot
 */
struct provider {
	const char *name;
	const char *first_line;
	enum status (*make)(const char *where, const char *passphrase,
			    BIO *file, EVP_PKEY **key);
	enum status (*unlock)(const struct key_file *file,
			      const char *passphrase, EVP_PKEY **key);
	enum status (*change)(const struct key_file *file, const char *old,
			      const char *new, BIO *out);
};

extern const struct provider provider_file;	/* provider_file.c */
extern const struct provider provider_tpm;	/* provider_tpm.c */
extern const struct provider provider_sealed;	/* provider_sealed.c */
extern const struct provider provider_uri;		/* provider_uri.c */

/* tss2_file.c */
#define TPM_BLOB_PEM "TSS2 PRIVATE KEY"

enum status tpm_blob_read(const struct key_file *file, bool sealed,
			  struct tpm_key *key);
enum status tpm_blob_write(const struct tpm_key *key, BIO *out);

/**
 * struct asked - answer to OpenSSL's passphrase prompt
 * @passphrase: the passphrase
 * @times: how often it was asked for
 */
struct asked {
	const char *passphrase;
	int times;
};

/* context.c: OpenSSL's providers besides the default one */
enum status key_context_load(const char *ossl_provider);
EVP_PKEY *key_open(const char *uri, const struct key_file *file,
		   struct asked *asked, size_t *n);

#endif /* _MODGATE_LIB_PROVIDER_H */
