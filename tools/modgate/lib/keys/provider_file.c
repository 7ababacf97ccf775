// SPDX-License-Identifier: GPL-2.0-only
/*
 * The key provider "file": PKCS#8 under a passphrase (PBES2 with scrypt).
 */
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <string.h>

#include "base.h"
#include "crypto.h"
#include "keys.h"
#include "provider.h"

/*
 * scrypt cost: 16 MiB, five passes, about a third of a second. Tests are built with
 * less. OpenSSL refuses to use more than 32 MiB.
 */
#ifndef SCRYPT_N
#define SCRYPT_N 16384
#define SCRYPT_P 5
#endif
#define SCRYPT_R 8

static X509_SIG *encrypt(EVP_PKEY *key, const char *passphrase)
{
	PKCS8_PRIV_KEY_INFO *plain = EVP_PKEY2PKCS8(key);
	X509_ALGOR *pbe = PKCS5_pbe2_set_scrypt(EVP_aes_256_cbc(), NULL, 0,
						NULL, SCRYPT_N, SCRYPT_R,
						SCRYPT_P);
	X509_SIG *sealed = NULL;

	if (plain && pbe)
		sealed = PKCS8_set0_pbe(passphrase, strlen(passphrase), plain,
					pbe);
	/* On success the algorithm belongs to the result. */
	if (!sealed)
		X509_ALGOR_free(pbe);
	PKCS8_PRIV_KEY_INFO_free(plain);
	return sealed;
}

/* Write a private key, from any provider, as a file encrypted with a passphrase. */
enum status key_encrypt(EVP_PKEY *key, const char *passphrase, BIO *out)
{
	X509_SIG *sealed = encrypt(key, passphrase);
	enum status status = ST_OK;

	if (!sealed || !PEM_write_bio_PKCS8(out, sealed))
		status = fail(ST_NO, "cannot encrypt the key: %s",
			      crypto_error());
	X509_SIG_free(sealed);
	return status;
}

static enum status make_key(const char *where __maybe_unused,
			    const char *passphrase, BIO *file, EVP_PKEY **key)
{
	*key = EVP_EC_gen("P-384");
	if (!*key)
		return fail(ST_NO, "cannot make a key: %s", crypto_error());
	return key_encrypt(*key, passphrase, file);
}

static enum status unlock(const struct key_file *file, const char *passphrase,
			  EVP_PKEY **key)
{
	BIO *bio = BIO_new_mem_buf(file->data, file->size);
	PKCS8_PRIV_KEY_INFO *plain = NULL;
	X509_SIG *sealed;

	*key = NULL;
	sealed = bio ? PEM_read_bio_PKCS8(bio, NULL, no_passphrase, NULL) : NULL;
	BIO_free(bio);
	if (!sealed)
		return fail(ST_CORRUPT,
			    "%s is not an encrypted PKCS#8 key; restore it from a backup",
			    file->path);
	plain = PKCS8_decrypt(sealed, passphrase, strlen(passphrase));
	if (plain)
		*key = EVP_PKCS82PKEY(plain);
	PKCS8_PRIV_KEY_INFO_free(plain);
	X509_SIG_free(sealed);
	return *key ? ST_OK : fail(ST_SECRET, "%s: wrong passphrase", file->path);
}

static enum status change(const struct key_file *file, const char *old,
			  const char *new, BIO *out)
{
	EVP_PKEY *key;
	enum status status = unlock(file, old, &key);

	if (!status)
		status = key_encrypt(key, new, out);
	EVP_PKEY_free(key);
	return status;
}

const struct provider provider_file = {
	.name = "file",
	.first_line = "-----BEGIN ENCRYPTED PRIVATE KEY-----",
	.make = make_key,
	.unlock = unlock,
	.change = change,
};
