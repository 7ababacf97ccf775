// SPDX-License-Identifier: GPL-2.0-only
/*
 * Digests, certificates and signatures, all of it OpenSSL's.
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

/* Of keys that are kept elsewhere; NULL if there are none. */
static struct ossl_lib_ctx_st *context_of_keys;

void sha384(const void *data, size_t size, __u8 digest[MODGATE_DIGEST_SIZE])
{
	if (!EVP_Digest(data, size, digest, NULL, EVP_sha384(), NULL)) {
		fail(ST_NO, "SHA-384: %s", crypto_error());
		exit(ST_NO);
	}
}

/* OpenSSL's latest error, as text; the others are forgotten. */
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
 * @der: one certificate in DER, with nothing behind it
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

/* OpenSSL would ask on the terminal, without a word, where nobody is. */
int no_passphrase(char *buffer __maybe_unused, int size __maybe_unused,
		  int rwflag __maybe_unused, void *data __maybe_unused)
{
	return -1;
}

/**
 * cert_take() - a certificate as it is in a file
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

/* The subject on one line, for people; to be freed. */
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

/* ML-DSA (FIPS 204), of which OpenSSL before 3.5 does not have even the names. */
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

/* "ML-DSA-65" or the like, if that is the key of a certificate; or NULL. */
const char *cert_mldsa_name(const X509 *x509)
{
	const struct mldsa *m = cert_mldsa(x509);

	return m ? m->name : NULL;
}

/**
 * key_unknown() - is the key of a certificate one that OpenSSL cannot read?
 * @x509: the certificate
 *
 * Return: what it does not know, and what would help; NULL if it can read it.
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

/* The kinds of keys that the kernel's side takes. */
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
 * signature_check() - is this a signature of that, by this key?
 * @der: the signer's certificate in DER
 * @der_size: of @der, in bytes
 * @data: what was signed
 * @size: of @data, in bytes
 * @signature: ECDSA P-384 or RSA-3072 or RSA-4096 (PKCS#1 v1.5), SHA-384
 * @signature_size: of @signature, in bytes
 *
 * Return: NULL if it is, or why not.
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
		problem = "the signer's key is none of ECDSA P-384, RSA-3072, RSA-4096";
	else if (!ctx ||
		 EVP_DigestVerifyInit(ctx, NULL, EVP_sha384(), NULL, key) != 1 ||
		 EVP_DigestVerify(ctx, signature, signature_size, data, size) != 1)
		problem = "the signature is wrong";
	ERR_clear_error();
	EVP_MD_CTX_free(ctx);
	cert_free(&cert);
	return problem;
}

/* From now on keys that OpenSSL does not hold itself come from @context; NULL: from nowhere. */
void key_context_set(OSSL_LIB_CTX *context)
{
	context_of_keys = context;
}

/* Where OpenSSL has to look for what can be done with this key. */
OSSL_LIB_CTX *key_context(const EVP_PKEY *key)
{
	const OSSL_PROVIDER *provider = EVP_PKEY_get0_provider(key);

	return provider && strcmp(OSSL_PROVIDER_get0_name(provider), "default") ?
	       context_of_keys : NULL;
}

/* OpenSSL, asked to use the key where it is kept; to be freed. */
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
 * @data: what to sign; hashed here, since a TPM takes a second per megabyte
 * @size: of @data, in bytes
 * @signature: room for %MODGATE_SIGNATURE_MAX bytes
 * @signature_size: set to the size of @signature, in bytes
 *
 * Return: 0, or -EINVAL with OpenSSL's error waiting for crypto_error().
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

/* Sign a certificate by its own key; OpenSSL says why not. */
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
