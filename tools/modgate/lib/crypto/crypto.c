// SPDX-License-Identifier: GPL-2.0-only
/*
 * Digests, certificates and signatures, all by OpenSSL.
 */
#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/provider.h>
#include <openssl/rsa.h>
#include <stdlib.h>
#include <string.h>

#include "base.h"
#include "crypto.h"

/* Library context for keys kept elsewhere; NULL if there are none. */
static struct ossl_lib_ctx_st *context_of_keys;

void sha384(const void *data, size_t size, __u8 digest[MODGATE_DIGEST_SIZE])
{
	if (!EVP_Digest(data, size, digest, NULL, EVP_sha384(), NULL)) {
		fail(ST_NO, "SHA-384: %s", crypto_error());
		exit(ST_NO);
	}
}

/* OpenSSL's latest error as text; the rest of the queue is discarded. */
char *crypto_error(void)
{
	static char text[256];

	ERR_error_string_n(ERR_peek_last_error(), text, sizeof(text));
	ERR_clear_error();
	return text;
}

static int cert_finish(struct cert *cert)
{
	int size = i2d_X509(cert->x509, &cert->der);

	if (size <= 0 || size > MODGATE_CERT_MAX) {
		cert_free(cert);
		return -EINVAL;
	}
	cert->der_size = size;
	sha384(cert->der, cert->der_size, cert->digest);
	return 0;
}

/**
 * cert_parse() - read a certificate from memory
 * @der: one certificate in DER, without trailing data
 * @size: of @der, in bytes
 * @cert: filled in on success; to be freed
 *
 * Return: 0, or -EINVAL.
 */
int cert_parse(const void *der, size_t size, struct cert *cert)
{
	const unsigned char *p = der;

	memset(cert, 0, sizeof(*cert));
	if (size > MODGATE_CERT_MAX)
		return -EINVAL;
	cert->x509 = d2i_X509(NULL, &p, size);
	ERR_clear_error();
	if (!cert->x509)
		return -EINVAL;
	if (p != (const unsigned char *)der + size) {
		cert_free(cert);
		return -EINVAL;
	}
	return cert_finish(cert);
}

/* By default OpenSSL would wait silently for a passphrase on the terminal. */
int no_passphrase(char *buffer __maybe_unused, int size __maybe_unused,
		  int rwflag __maybe_unused, void *data __maybe_unused)
{
	return -1;
}

/**
 * cert_take() - parse a certificate file's contents
 * @data: PEM or DER
 * @size: of @data, in bytes
 * @cert: filled in on success; to be freed
 *
 * Return: 0, or -EINVAL if it is none.
 */
int cert_take(const void *data, size_t size, struct cert *cert)
{
	BIO *bio = BIO_new_mem_buf(data, size);

	memset(cert, 0, sizeof(*cert));
	cert->x509 = bio ? PEM_read_bio_X509(bio, NULL, no_passphrase, NULL) : NULL;
	BIO_free(bio);
	ERR_clear_error();
	return cert->x509 ? cert_finish(cert) : cert_parse(data, size, cert);
}

/**
 * cert_read() - read a certificate from a file
 * @path: of a file in PEM or DER
 * @cert: filled in on success; to be freed
 *
 * Return: 0, -EINVAL if it is none, or another negative errno.
 */
int cert_read(const char *path, struct cert *cert)
{
	size_t size;
	void *data;
	int err;

	memset(cert, 0, sizeof(*cert));
	err = file_read(path, CERT_FILE_MAX, &data, &size);
	if (err)
		return err;
	err = cert_take(data, size, cert);
	free(data);
	return err;
}

void cert_free(struct cert *cert)
{
	X509_free(cert->x509);
	OPENSSL_free(cert->der);
	memset(cert, 0, sizeof(*cert));
}

/* The subject on one line, for display; the caller frees it. */
char *cert_subject(const X509 *x509)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *data, *text;
	long size;

	if (!bio)
		return xstrdup("?");
	X509_NAME_print_ex(bio, X509_get_subject_name(x509), 0,
			   XN_FLAG_ONELINE & ~ASN1_STRFLGS_ESC_MSB);
	size = BIO_get_mem_data(bio, &data);
	text = fmt("%.*s", (int)size, data);
	BIO_free(bio);
	return text;
}

/* ML-DSA (FIPS 204); OpenSSL before 3.5 does not even know its names. */
static const struct mldsa {
	const char *oid;
	const char *name;
	const char *unknown;
} mldsa[] = {
	{ "2.16.840.1.101.3.4.3.17", "ML-DSA-44",
	  "OpenSSL here does not know ML-DSA-44; 3.5 and later do" },
	{ "2.16.840.1.101.3.4.3.18", "ML-DSA-65",
	  "OpenSSL here does not know ML-DSA-65; 3.5 and later do" },
	{ "2.16.840.1.101.3.4.3.19", "ML-DSA-87",
	  "OpenSSL here does not know ML-DSA-87; 3.5 and later do" },
};

static const struct mldsa *find_mldsa(const ASN1_OBJECT *algorithm)
{
	char oid[64] = "";
	size_t i;

	OBJ_obj2txt(oid, sizeof(oid), algorithm, 1);
	for (i = 0; i < ARRAY_SIZE(mldsa); i++)
		if (!strcmp(oid, mldsa[i].oid))
			return &mldsa[i];
	return NULL;
}

static const struct mldsa *cert_mldsa(const X509 *x509)
{
	ASN1_OBJECT *algorithm = NULL;

	X509_PUBKEY_get0_param(&algorithm, NULL, NULL, NULL,
			       X509_get_X509_PUBKEY(x509));
	return find_mldsa(algorithm);
}

/* Is this the algorithm of an ML-DSA key or signature? */
bool is_mldsa(const ASN1_OBJECT *algorithm)
{
	return find_mldsa(algorithm);
}

/* "ML-DSA-65" or similar if the certificate has such a key; else NULL. */
const char *cert_mldsa_name(const X509 *x509)
{
	const struct mldsa *m = cert_mldsa(x509);

	return m ? m->name : NULL;
}

/**
 * key_unknown() - does OpenSSL not support the key of a certificate?
 * @x509: the certificate
 *
 * Return: what it does not support and the remedy; NULL if it can read the key.
 */
const char *key_unknown(const X509 *x509)
{
	const struct mldsa *m = cert_mldsa(x509);

	if (X509_get0_pubkey(x509))
		return NULL;
	ERR_clear_error();
	return m ? m->unknown :
		   "OpenSSL here does not know the algorithm of its signer's key";
}

/* The kinds of keys that the kernel accepts. */
bool key_supported(EVP_PKEY *key)
{
	char group[32] = "";

	switch (EVP_PKEY_get_base_id(key)) {
	case EVP_PKEY_EC:
		EVP_PKEY_get_group_name(key, group, sizeof(group), NULL);
		return !strcmp(group, "secp384r1") || !strcmp(group, "P-384");
	case EVP_PKEY_RSA:
		return EVP_PKEY_get_bits(key) == 3072 ||
		       EVP_PKEY_get_bits(key) == 4096;
	default:
		return false;
	}
}

/**
 * signature_check() - verify a signature over data
 * @der: the signer's certificate in DER
 * @der_size: of @der, in bytes
 * @data: what was signed
 * @size: of @data, in bytes
 * @signature: ECDSA P-384 or RSA-3072 or RSA-4096 (PKCS#1 v1.5), SHA-384
 * @signature_size: of @signature, in bytes
 *
 * Return: NULL if it is valid, or why not.
 */
const char *signature_check(const void *der, size_t der_size,
			    const void *data, size_t size,
			    const void *signature, size_t signature_size)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	const char *problem = NULL;
	struct cert cert;
	EVP_PKEY *key;

	if (cert_parse(der, der_size, &cert)) {
		EVP_MD_CTX_free(ctx);
		return "the signer's certificate cannot be read";
	}
	key = X509_get0_pubkey(cert.x509);
	if (!key || !key_supported(key))
		problem = "the signer's key is not ECDSA P-384, RSA-3072 or RSA-4096";
	else if (!ctx ||
		 EVP_DigestVerifyInit(ctx, NULL, EVP_sha384(), NULL, key) != 1 ||
		 EVP_DigestVerify(ctx, signature, signature_size, data, size) != 1)
		problem = "the signature is wrong";
	ERR_clear_error();
	EVP_MD_CTX_free(ctx);
	cert_free(&cert);
	return problem;
}

/* Use @context for keys that OpenSSL does not hold itself; NULL: there are none. */
void key_context_set(OSSL_LIB_CTX *context)
{
	context_of_keys = context;
}

/* The library context for operations with this key. */
OSSL_LIB_CTX *key_context(const EVP_PKEY *key)
{
	const OSSL_PROVIDER *provider = EVP_PKEY_get0_provider(key);

	return provider && strcmp(OSSL_PROVIDER_get0_name(provider), "default") ?
	       context_of_keys : NULL;
}

/* A context that uses the key where it is kept; the caller frees it. */
static char *properties(const EVP_PKEY *key)
{
	const OSSL_PROVIDER *provider = EVP_PKEY_get0_provider(key);

	return provider ? fmt("?provider=%s", OSSL_PROVIDER_get0_name(provider)) :
			  NULL;
}

static bool sign_digest(EVP_PKEY_CTX *ctx, const EVP_PKEY *key,
			const __u8 *digest, __u8 *signature,
			size_t *signature_size)
{
	return EVP_PKEY_sign_init(ctx) == 1 &&
	       (!EVP_PKEY_is_a(key, "RSA") ||
		EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) == 1) &&
	       EVP_PKEY_CTX_set_signature_md(ctx, EVP_sha384()) == 1 &&
	       EVP_PKEY_sign(ctx, signature, signature_size, digest,
			     MODGATE_DIGEST_SIZE) == 1;
}

/**
 * signature_make() - sign
 * @key: private key
 * @data: what to sign; hashed here, since a TPM needs a second per megabyte
 * @size: of @data, in bytes
 * @signature: room for %MODGATE_SIGNATURE_MAX bytes
 * @signature_size: set to the size of @signature, in bytes
 *
 * Return: 0, or -EINVAL, with the OpenSSL error available from crypto_error().
 */
int signature_make(EVP_PKEY *key, const void *data, size_t size,
		   __u8 *signature, size_t *signature_size)
{
	__u8 digest[MODGATE_DIGEST_SIZE];
	char *props = properties(key);
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(key_context(key), key,
						       props);
	int err = -EINVAL;

	sha384(data, size, digest);
	*signature_size = MODGATE_SIGNATURE_MAX;
	if (ctx && sign_digest(ctx, key, digest, signature, signature_size))
		err = 0;
	EVP_PKEY_CTX_free(ctx);
	free(props);
	return err;
}

/* Sign a certificate with its own key; on failure OpenSSL has the error. */
bool cert_sign(X509 *x509, EVP_PKEY *key)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	char *props = properties(key);
	bool good = ctx &&
		    EVP_DigestSignInit_ex(ctx, NULL, "SHA384", key_context(key),
					  props, key, NULL) == 1 &&
		    X509_sign_ctx(x509, ctx);

	EVP_MD_CTX_free(ctx);
	free(props);
	return good;
}
