// SPDX-License-Identifier: GPL-2.0-only
/*
 * The key provider for a URI: an existing key behind an OpenSSL store, such as a
 * PKCS#11 token (RFC 7512) or a persistent key of the TPM. The key file holds the URI,
 * on one line.
 */
#include <ctype.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>

#include "base.h"
#include "crypto.h"
#include "provider.h"
#include "tpm.h"

#define URI_MAX 1024

/* OpenSSL's provider for a scheme; OPENSSL_CONF must name any others. */
static const struct scheme {
	const char *prefix;
	const char *ossl_provider;
} schemes[] = {
	{ "pkcs11:", "pkcs11" },
	{ "handle:", "tpm2" },
};

static bool is_in_tpm(const char *uri)
{
	return !strncmp(uri, "handle:", strlen("handle:"));
}

static enum status check_uri(const char *uri)
{
	const char *p;

	for (p = uri; *p; p++)
		if (!isascii(*p) || !isgraph(*p))
			return fail(ST_USAGE,
				    "the URI of a key has no spaces, no control characters, and no letters beyond ASCII");
	if (p - uri > URI_MAX)
		return fail(ST_USAGE, "the URI of a key is longer than %d bytes",
			    URI_MAX);
	if (strstr(uri, "pin-value=") || strstr(uri, "pin-source="))
		return fail(ST_USAGE,
			    "%s: a URI with the PIN, or with where it is, would leave the key to whoever reads the file; the PIN is asked for",
			    uri);
	return ST_OK;
}

static enum status load_provider(const char *uri)
{
	const char *name = NULL;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(schemes); i++)
		if (!strncmp(uri, schemes[i].prefix, strlen(schemes[i].prefix)))
			name = schemes[i].ossl_provider;
	return key_context_load(name);
}

/* The passphrase of a TPM key is tried only when it signs. */
static bool can_sign(EVP_PKEY *key)
{
	__u8 signature[MODGATE_SIGNATURE_MAX];
	size_t size;

	return !signature_make(key, "", 0, signature, &size);
}

static enum status refused(const char *uri, const struct asked *asked)
{
	char *why = ERR_peek_last_error() ? fmt(": %s", crypto_error()) :
					    xstrdup("");
	struct tpm *tpm = NULL;
	enum status status;
	char *tries;

	if (!asked->times) {
		status = fail(ST_NO, "%s: there is no key that can sign%s%s",
			      uri, why, is_in_tpm(uri) ?
			      "; a key that has a passphrase wants '?pass' at the end" :
			      "");
	} else if (is_in_tpm(uri) && !tpm_open(&tpm)) {
		tries = tpm_tries(tpm);
		status = fail(ST_SECRET, "%s: wrong passphrase%s; %s", uri, why,
			      tries);
		free(tries);
	} else {
		status = fail(ST_SECRET, "%s: wrong PIN, or no such key%s", uri,
			      why);
	}
	tpm_close(tpm);
	free(why);
	return status;
}

/* The URI to give to OpenSSL: private keys only for a token. The caller frees it. */
static char *private_uri(const char *uri)
{
	const char *rest = uri + strlen("pkcs11:");

	if (strncmp(uri, "pkcs11:", strlen("pkcs11:")) || strstr(uri, "type="))
		return xstrdup(uri);
	return fmt("pkcs11:type=private%s%s", *rest && *rest != '?' ? ";" : "",
		   rest);
}

static enum status open_key(const char *uri, struct asked *asked, EVP_PKEY **key)
{
	enum status status = load_provider(uri);
	char *private;
	size_t n;

	if (status)
		return status;
	private = private_uri(uri);
	*key = key_open(private, NULL, asked, &n);
	free(private);
	if (*key && n > 1)
		return fail(ST_NO,
			    "%s: there are %zu keys of that description; say which (object=, id=)",
			    uri, n);
	if (*key && i2d_PUBKEY(*key, NULL) <= 0)
		return fail(ST_NO,
			    "%s: its public key cannot be read; in a token it is an object with the same id",
			    uri);
	return *key && can_sign(*key) ? ST_OK : refused(uri, asked);
}

static enum status make_key(const char *where, const char *passphrase,
			    BIO *file, EVP_PKEY **key)
{
	static bool opened;
	struct asked asked = { .passphrase = passphrase };
	enum status status = check_uri(where);

	if (!status)
		status = open_key(where, &asked, key);
	if (status)
		return status;
	/* A token unlocked for one key is unlocked for the other. */
	if (!asked.times && (is_in_tpm(where) || !opened))
		warn("%s: no passphrase was wanted: %s", where,
		     "unless the token asks by itself, root can sign with this key");
	opened = opened || asked.times;
	if (BIO_printf(file, "%s\n", where) <= 0)
		return fail(ST_NO, "cannot write the URI: %s", crypto_error());
	return ST_OK;
}

static enum status unlock(const struct key_file *file, const char *passphrase,
			  EVP_PKEY **key)
{
	struct asked asked = { .passphrase = passphrase };
	char *uri = fmt("%.*s", (int)strcspn(file->data, "\n"), file->data);
	enum status status = check_uri(uri);

	if (!status)
		status = open_key(uri, &asked, key);
	free(uri);
	return status;
}

const struct provider provider_uri = {
	.make = make_key,
	.unlock = unlock,
};
