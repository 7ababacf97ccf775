// SPDX-License-Identifier: GPL-2.0-only
/*
 * The key provider "sealed", for the anchor key: PKCS#8 that the TPM releases only with
 * the passphrase, and only while its PCR has the value that a recovery boot of this
 * machine measures first.
 */
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/params.h>
#include <stdlib.h>
#include <string.h>

#include "base.h"
#include "crypto.h"
#include "kernel.h"
#include "keys.h"
#include "provider.h"
#include "tpm.h"

/* Precedes the PEM block; PEM readers skip it. */
#define FIRST_LINE "modgate: the anchor key, sealed to a recovery boot"

static enum status key_read(const __u8 *der, size_t size, const char *path,
			    EVP_PKEY **key)
{
	PKCS8_PRIV_KEY_INFO *plain = d2i_PKCS8_PRIV_KEY_INFO(NULL, &der, size);

	*key = plain ? EVP_PKCS82PKEY(plain) : NULL;
	PKCS8_PRIV_KEY_INFO_free(plain);
	return *key ? ST_OK :
	       fail(ST_CORRUPT,
		    "%s: what the TPM gives out is no key; restore the file from a backup",
		    path);
}

static enum status unlock(const struct key_file *file, const char *passphrase,
			  EVP_PKEY **key)
{
	__u8 der[TPM_SEALED_MAX];
	struct tpm_key blob;
	struct tpm *tpm;
	size_t size = 0;
	enum status status = tpm_blob_read(file, true, &blob);

	*key = NULL;
	if (status)
		return status;
	status = tpm_open(&tpm);
	if (!status)
		status = tpm_unseal(tpm, &blob, file->path, passphrase, der,
				    &size);
	tpm_close(tpm);
	if (!status)
		status = key_read(der, size, file->path, key);
	OPENSSL_cleanse(der, sizeof(der));
	return status;
}

static enum status write_blob(const struct tpm_key *blob, BIO *out)
{
	if (BIO_puts(out, FIRST_LINE "\n") <= 0)
		return fail(ST_NO, "cannot write the key: %s", crypto_error());
	return tpm_blob_write(blob, out);
}

/* The passphrase suffices to change it, in any boot. */
static enum status change(const struct key_file *file, const char *old,
			  const char *new, BIO *out)
{
	struct tpm_key blob;
	struct tpm *tpm;
	enum status status = tpm_blob_read(file, true, &blob);

	if (status)
		return status;
	status = tpm_open(&tpm);
	if (!status)
		status = tpm_key_change(tpm, &blob, file->path, old, new);
	tpm_close(tpm);
	return status ? status : write_blob(&blob, out);
}

/* Leave out the public half, which can be derived: a P-384 key then fits. */
static int key_write(EVP_PKEY *key, unsigned char **der)
{
	int without = 0;
	OSSL_PARAM params[] = {
		OSSL_PARAM_int(OSSL_PKEY_PARAM_EC_INCLUDE_PUBLIC, &without),
		OSSL_PARAM_END,
	};
	PKCS8_PRIV_KEY_INFO *plain;
	int size;

	if (!EVP_PKEY_is_a(key, "EC") || !EVP_PKEY_set_params(key, params))
		return -1;
	plain = EVP_PKEY2PKCS8(key);
	size = plain ? i2d_PKCS8_PRIV_KEY_INFO(plain, der) : -1;
	PKCS8_PRIV_KEY_INFO_free(plain);
	return size;
}

/**
 * key_seal() - seal a key so that the TPM releases it only in recovery boots
 * @key: an EC key
 * @passphrase: for it
 * @pcr: number of the PCR that the kernel measures into
 * @expected: its value in a recovery boot
 * @out: takes what key_replace() is to write
 *
 * Return: ST_OK, ST_SECRET if the passphrase is too long, or another status.
 */
enum status key_seal(EVP_PKEY *key, const char *passphrase, unsigned int pcr,
		     const struct pcr_bank *expected, BIO *out)
{
	unsigned char *der = NULL;
	int size = key_write(key, &der);
	struct tpm_key blob;
	struct tpm *tpm;
	enum status status;

	if (size < 0)
		return fail(ST_NO, "the key cannot be written as PKCS#8: %s",
			    crypto_error());
	status = tpm_open_to_change(&tpm);
	if (!status)
		status = tpm_seal(tpm, pcr, expected, passphrase, der, size,
				  &blob);
	if (!status)
		tpm_lockout_warn(tpm);
	tpm_close(tpm);
	OPENSSL_clear_free(der, size);
	return status ? status : write_blob(&blob, out);
}

/**
 * key_anchor_check() - is the anchor key available in this boot?
 * @o: options
 *
 * Call this before asking for a passphrase.
 *
 * Return: ST_OK if it seems so; or a status after saying why not.
 */
enum status key_anchor_check(const struct options *o)
{
	enum status status = ST_OK;
	struct kernel kernel;
	char *where;

	status = key_where(o, KEY_ANCHOR, &where);
	if (status || strcmp(where, provider_sealed.name)) {
		free(where);
		return status;
	}
	free(where);
	kernel_read_state(&kernel, o);
	if (!kernel_in_recovery(&kernel))
		status = fail(ST_NO,
			      "the anchor key is sealed to a recovery boot, and cannot be had in this one: see 'modgate recovery'");
	kernel_free(&kernel);
	return status;
}

const struct provider provider_sealed = {
	.name = "sealed",
	.first_line = FIRST_LINE,
	.unlock = unlock,
	.change = change,
};
