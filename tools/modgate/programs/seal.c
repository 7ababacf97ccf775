// SPDX-License-Identifier: GPL-2.0-only
/*
 * modgate key --seal-anchor, --unseal-anchor: the same anchor key, kept by the
 * TPM for recovery boots, or as a file again. The pin stays.
 */
#include <stdlib.h>
#include <string.h>

#include "attest.h"
#include "base.h"
#include "crypto.h"
#include "document.h"
#include "keys.h"
#include "seal.h"
#include "tpm.h"

static enum status need_where(const struct options *o, const char *want,
			      const char *otherwise)
{
	char *where;
	enum status status = key_where(o, KEY_ANCHOR, &where);

	if (!status && strcmp(where, want) && !strcmp(where, "sealed"))
		status = fail(ST_NO,
			      "the anchor key is sealed already; to seal it anew, unseal it first, in a recovery boot");
	else if (!status && strcmp(where, want))
		status = fail(ST_NO, "the anchor key is not sealed but kept by %s%s",
			      where, otherwise);
	free(where);
	return status;
}

/* Write the key in another form; ST_OK when it is on disk. */
static enum status rewrite(const struct options *o, const char *passphrase,
			   unsigned int pcr, const struct pcr_bank *expected)
{
	BIO *out = BIO_new(BIO_s_mem());
	enum status status;
	EVP_PKEY *key;

	status = key_unlock(o, KEY_ANCHOR, passphrase, &key);
	if (!status && !out)
		status = fail(ST_NO, "the anchor key: %s", crypto_error());
	if (!status)
		status = expected ? key_seal(key, passphrase, pcr, expected, out) :
				    key_encrypt(key, passphrase, out);
	if (!status)
		status = key_replace(o, KEY_ANCHOR, out);
	EVP_PKEY_free(key);
	BIO_free(out);
	return status;
}

static enum status seal_change(const struct options *o, unsigned int pcr,
			       const struct pcr_bank *expected)
{
	char *passphrase = passphrase_ask(o, "Passphrase of the anchor key");
	enum status status;

	if (!passphrase)
		return ST_SECRET;
	status = rewrite(o, passphrase, pcr, expected);
	passphrase_free(passphrase);
	return status;
}

static void seal_report(const struct options *o, const char *where, const char *text)
{
	struct json_object *j;

	if (!o->json) {
		say_lines(text);
		return;
	}
	j = json_object_new_object();
	json_str(j, "anchor_key", where);
	json_out(j);
}

/* Have the TPM keep the anchor key for recovery boots. */
enum status seal_run(const struct options *o)
{
	struct pcr_bank expected;
	unsigned int pcr = 0;
	enum status status = store_lock(o);

	if (!status)
		status = need_where(o, "file",
				    ": only a key in a file can be sealed, one made in a TPM or a token stays there");
	if (!status)
		status = measure_recovery(o, &pcr, &expected);
	if (!status)
		status = seal_change(o, pcr, &expected);
	if (!status)
		seal_report(o, "sealed",
			    "The anchor key is sealed: the TPM gives it out in a recovery boot of this machine\n"
			    "only, for the same passphrase ('modgate recovery' says how). Copies of the old\n"
			    "file open everywhere: destroy them, or keep one where nobody finds it, since a\n"
			    "TPM that is cleared or replaced takes the sealed key along.");
	return status;
}

/* Keep the anchor key in a file again. */
enum status unseal_run(const struct options *o)
{
	enum status status = store_lock(o);

	if (!status)
		status = need_where(o, "sealed", "");
	if (!status)
		status = key_anchor_check(o);
	if (!status)
		status = seal_change(o, 0, NULL);
	if (!status)
		seal_report(o, "file",
			    "The anchor key is in a file again, which opens in every boot.");
	return status;
}
