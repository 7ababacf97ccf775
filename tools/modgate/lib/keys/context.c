// SPDX-License-Identifier: GPL-2.0-only
/*
 * OpenSSL's providers besides the default one, for private keys that are kept
 * elsewhere. They live in a separate library context, so nothing else is affected by
 * them.
 */
#include <openssl/conf.h>
#include <openssl/provider.h>
#include <openssl/store.h>
#include <openssl/ui.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base.h"
#include "crypto.h"
#include "keys.h"
#include "provider.h"
#include "tpm.h"

/* Created on first use. */
static struct ossl_lib_ctx_st *context;
static struct ossl_provider_st *loaded[3];	/* default, tpm2, pkcs11 */

/*
 * Unload the providers once no key is in use. At exit would be too late: what a token's
 * library needs may be gone by then.
 */
void key_context_end(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(loaded); i++)
		if (loaded[i])
			OSSL_PROVIDER_unload(loaded[i]);
	key_context_set(NULL);
	OSSL_LIB_CTX_free(context);
	context = NULL;
}

static bool load(const char *ossl_provider)
{
	size_t i = 0;

	if (OSSL_PROVIDER_available(context, ossl_provider))
		return true;
	while (loaded[i])
		i++;
	loaded[i] = OSSL_PROVIDER_load(context, ossl_provider);
	return loaded[i];
}

/* Load the configuration of the system or of OPENSSL_CONF. */
static bool configure(void)
{
	char *file = CONF_get1_default_config_file();
	bool good = file && (access(file, F_OK) ||
			     OSSL_LIB_CTX_load_config(context, file));

	OPENSSL_free(file);
	return good;
}

/**
 * key_context_load() - load an OpenSSL provider
 * @ossl_provider: its name, or NULL for those named by the configuration
 *
 * Return: ST_OK, or ST_NO after saying why not.
 */
enum status key_context_load(const char *ossl_provider)
{
	/* Use the same TPM as elsewhere, and silence its log: the tool reports errors itself. */
	setenv("TPM2OPENSSL_TCTI", tpm_where(), 1);
	setenv("TSS2_LOG", "all+none", 0);
	if (!context) {
		context = OSSL_LIB_CTX_new();
		key_context_set(context);
		if (!context || !configure() || !load("default"))
			return fail(ST_NO, "OpenSSL: %s", crypto_error());
	}
	if (ossl_provider && !load(ossl_provider))
		return fail(ST_NO,
			    "OpenSSL's provider %s cannot be loaded: %s; it is %s.so of package %s",
			    ossl_provider, crypto_error(), ossl_provider,
			    strcmp(ossl_provider, "tpm2") ? "pkcs11-provider" :
							    "tpm2-openssl");
	return ST_OK;
}

static int answer(char *buffer, int size, int rwflag __maybe_unused, void *data)
{
	struct asked *asked = data;
	int length = strlen(asked->passphrase);

	/* A token counts wrong passphrases, so do not answer twice. */
	if (asked->times++ || length > size)
		return -1;
	memcpy(buffer, asked->passphrase, length);
	return length;
}

/* Not EVP_PKEY_eq(), which regards two handles of one key as different. */
static bool same_key(const EVP_PKEY *a, const EVP_PKEY *b)
{
	unsigned char *der_a = NULL, *der_b = NULL;
	int size_a = i2d_PUBKEY(a, &der_a), size_b = i2d_PUBKEY(b, &der_b);
	bool same = size_a > 0 && size_a == size_b &&
		    !memcmp(der_a, der_b, size_a);

	OPENSSL_free(der_a);
	OPENSSL_free(der_b);
	return same;
}

/* A token may show the same key more than once. */
static void take(EVP_PKEY **key, size_t *n, EVP_PKEY *found)
{
	if (!*key || !same_key(*key, found))
		++*n;
	EVP_PKEY_free(*key);
	*key = found;
}

static EVP_PKEY *read_store(OSSL_STORE_CTX *store, size_t *n)
{
	EVP_PKEY *key = NULL;

	*n = 0;
	if (store)
		OSSL_STORE_expect(store, OSSL_STORE_INFO_PKEY);
	while (store && !OSSL_STORE_eof(store)) {
		OSSL_STORE_INFO *info = OSSL_STORE_load(store);

		if (!info)
			break;
		if (OSSL_STORE_INFO_get_type(info) == OSSL_STORE_INFO_PKEY)
			take(&key, n, OSSL_STORE_INFO_get1_PKEY(info));
		OSSL_STORE_INFO_free(info);
	}
	OSSL_STORE_close(store);
	return key;
}

/**
 * key_open() - find a private key
 * @uri: where it is, if not in @file
 * @file: holds the key in a format that a loaded provider supports, or NULL
 * @asked: answer to a passphrase prompt
 * @n: set to the number of different keys there
 *
 * Return: the last one, which the caller frees; or NULL, with the OpenSSL error queued.
 */
EVP_PKEY *key_open(const char *uri, const struct key_file *file,
		   struct asked *asked, size_t *n)
{
	UI_METHOD *ui = UI_UTIL_wrap_read_pem_callback(answer, 0);
	EVP_PKEY *key;
	BIO *bio;

	if (!file) {
		key = read_store(OSSL_STORE_open_ex(uri, context, NULL, ui,
						    asked, NULL, NULL, NULL),
				 n);
	} else {
		bio = BIO_new_mem_buf(file->data, file->size);
		key = read_store(OSSL_STORE_attach(bio, "file", context,
						   "?provider=tpm2", ui, asked,
						   NULL, NULL, NULL), n);
		BIO_free(bio);
	}
	UI_destroy_method(ui);
	return key;
}
