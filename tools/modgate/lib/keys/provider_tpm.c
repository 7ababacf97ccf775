// SPDX-License-Identifier: GPL-2.0-only
/*
 * The key provider "tpm": made inside the TPM, kept outside as a blob that only
 * this TPM can read, in the PEM form "TSS2 PRIVATE KEY" that is common to TPM
 * programs, and used by OpenSSL's provider tpm2.
 */
#include "base.h"
#include "crypto.h"
#include "provider.h"
#include "tpm.h"

/* The TPM accepted the passphrase; release it for OpenSSL's provider. */
static enum status open_key(const struct key_file *file, const char *passphrase,
			    EVP_PKEY **key)
{
	struct asked asked = { .passphrase = passphrase };
	enum status status = key_context_load("tpm2");
	size_t n;

	if (status)
		return status;
	*key = key_open(NULL, file, &asked, &n);
	return *key ? ST_OK :
	       fail(ST_NO, "%s: OpenSSL's provider tpm2 does not take the key: %s",
		    file->path, crypto_error());
}

static enum status make_key(const char *where __maybe_unused,
			    const char *passphrase, BIO *file, EVP_PKEY **key)
{
	struct key_file made = { .path = "the new key" };
	struct tpm_key blob;
	struct tpm *tpm;
	enum status status = tpm_open_to_change(&tpm);

	if (!status)
		status = tpm_key_make(tpm, passphrase, &blob);
	if (!status)
		tpm_lockout_warn(tpm);
	tpm_close(tpm);
	if (!status)
		status = tpm_blob_write(&blob, file);
	if (status)
		return status;
	made.size = BIO_get_mem_data(file, &made.data);
	return open_key(&made, passphrase, key);
}

/* Get the key of @file and the TPM to use it with. */
static enum status open_blob(const struct key_file *file, struct tpm_key *blob,
			     struct tpm **tpm)
{
	enum status status = tpm_blob_read(file, false, blob);

	*tpm = NULL;
	return status ? status : tpm_open(tpm);
}

static enum status unlock(const struct key_file *file, const char *passphrase,
			  EVP_PKEY **key)
{
	struct tpm_key blob;
	struct tpm *tpm;
	enum status status = open_blob(file, &blob, &tpm);

	if (!status)
		status = tpm_key_try(tpm, &blob, file->path, passphrase);
	tpm_close(tpm);
	return status ? status : open_key(file, passphrase, key);
}

static enum status change(const struct key_file *file, const char *old,
			  const char *new, BIO *out)
{
	struct tpm_key blob;
	struct tpm *tpm;
	enum status status = open_blob(file, &blob, &tpm);

	if (!status)
		status = tpm_key_change(tpm, &blob, file->path, old, new);
	tpm_close(tpm);
	return status ? status : tpm_blob_write(&blob, out);
}

const struct provider provider_tpm = {
	.name = "tpm",
	.first_line = "-----BEGIN " TPM_BLOB_PEM "-----",
	.make = make_key,
	.unlock = unlock,
	.change = change,
};
