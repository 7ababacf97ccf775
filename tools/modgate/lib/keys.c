// SPDX-License-Identifier: GPL-2.0-only
/*
 * The key provider "file": PKCS#8 under a passphrase (PBES2 with scrypt), and
 * a self-signed certificate as its public half, below /etc/modgate/keys.
 */
#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#include "trust.h"

/*
 * What scrypt costs: 16 MiB, five times over, about a third of a second.
 * OpenSSL refuses to read more than 32 MiB.
 */
#define SCRYPT_N 16384
#define SCRYPT_R 8
#define SCRYPT_P 5

#define KEY_FILE_MAX 65536

char *key_path(const struct options *o, const char *name, const char *suffix)
{
	return fmt("%s/etc/modgate/keys/%s.%s", o->root, name, suffix);
}

static bool add_extension(X509 *x509, int nid, const char *value)
{
	X509_EXTENSION *ext;
	X509V3_CTX ctx;
	bool good;

	X509V3_set_ctx(&ctx, x509, x509, NULL, NULL, 0);
	ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	good = ext && X509_add_ext(x509, ext, -1);
	X509_EXTENSION_free(ext);
	return good;
}

static bool random_serial(X509 *x509)
{
	unsigned char bytes[16];
	BIGNUM *bn = NULL;
	bool good;

	if (RAND_bytes(bytes, sizeof(bytes)) != 1)
		return false;
	bytes[0] = (bytes[0] & 0x7f) | 0x40;
	bn = BN_bin2bn(bytes, sizeof(bytes), NULL);
	good = bn && BN_to_ASN1_INTEGER(bn, X509_get_serialNumber(x509));
	BN_free(bn);
	return good;
}

/* Without an end: validity dates are not enforced, the key is what counts. */
static X509 *self_signed(const char *subject, EVP_PKEY *key)
{
	X509 *x509 = X509_new();
	X509_NAME *name;

	if (!x509)
		return NULL;
	name = X509_get_subject_name(x509);
	if (X509_set_version(x509, X509_VERSION_3) && random_serial(x509) &&
	    X509_gmtime_adj(X509_getm_notBefore(x509), 0) &&
	    ASN1_TIME_set_string(X509_getm_notAfter(x509), "99991231235959Z") &&
	    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
				       (const unsigned char *)subject, -1, -1, 0) &&
	    X509_set_issuer_name(x509, name) && X509_set_pubkey(x509, key) &&
	    add_extension(x509, NID_basic_constraints, "critical,CA:FALSE") &&
	    add_extension(x509, NID_key_usage, "critical,digitalSignature") &&
	    add_extension(x509, NID_subject_key_identifier, "hash") &&
	    X509_sign(x509, key, EVP_sha384()))
		return x509;
	X509_free(x509);
	return NULL;
}

/**
 * key_make() - make a key and its certificate, in memory
 * @name: KEY_ANCHOR or KEY_OWNER
 * @key: set to the private key
 * @cert: filled in
 *
 * Return: ST_OK, or a status after saying why not.
 */
enum status key_make(const char *name, EVP_PKEY **key, struct cert *cert)
{
	char *subject = fmt("modgate %s key", name);
	unsigned char *der = NULL;
	X509 *x509 = NULL;
	int size = -1;

	*key = EVP_EC_gen("P-384");
	if (*key)
		x509 = self_signed(subject, *key);
	if (x509)
		size = i2d_X509(x509, &der);
	X509_free(x509);
	free(subject);
	if (size < 0 || cert_parse(der, size, cert)) {
		OPENSSL_free(der);
		EVP_PKEY_free(*key);
		*key = NULL;
		return fail(ST_NO, "cannot make the %s key: %s", name,
			    crypto_error());
	}
	OPENSSL_free(der);
	return ST_OK;
}

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

static enum status write_keys_file(const struct options *o, const char *name,
				   const char *suffix, BIO *bio, mode_t mode)
{
	char *dir = fmt("%s/etc/modgate/keys", o->root);
	char *file = fmt("%s.%s", name, suffix);
	char *data;
	long size = BIO_get_mem_data(bio, &data);
	int err = file_replace(dir, file, data, size, mode);
	enum status status = ST_OK;

	if (err)
		status = fail_errno(err, "%s/%s", dir, file);
	free(file);
	free(dir);
	return status;
}

/* Write the private key, under @passphrase, in place of what is there. */
enum status key_encrypt(const struct options *o, const char *name,
			EVP_PKEY *key, const char *passphrase)
{
	BIO *bio = BIO_new(BIO_s_mem());
	X509_SIG *sealed = encrypt(key, passphrase);
	enum status status;

	if (!bio || !sealed || !PEM_write_bio_PKCS8(bio, sealed))
		status = fail(ST_NO, "cannot encrypt the %s key: %s", name,
			      crypto_error());
	else
		status = write_keys_file(o, name, "key", bio, 0600);
	X509_SIG_free(sealed);
	BIO_free(bio);
	return status;
}

/* Write both halves; the folder is there. */
enum status key_store(const struct options *o, const char *name, EVP_PKEY *key,
		      const struct cert *cert, const char *passphrase)
{
	enum status status = key_encrypt(o, name, key, passphrase);
	BIO *bio;

	if (status)
		return status;
	bio = BIO_new(BIO_s_mem());
	if (!bio || !PEM_write_bio_X509(bio, cert->x509))
		status = fail(ST_NO, "cannot write the certificate: %s",
			      crypto_error());
	else
		status = write_keys_file(o, name, "pem", bio, 0644);
	BIO_free(bio);
	return status;
}

/**
 * key_cert() - read the certificate of one of our keys
 * @o: options
 * @name: KEY_ANCHOR or KEY_OWNER
 * @cert: filled in on success; to be freed
 *
 * Return: ST_OK, ST_UNPROVISIONED if there is none, or another status.
 */
enum status key_cert(const struct options *o, const char *name,
		     struct cert *cert)
{
	char *path = key_path(o, name, "pem");
	int err = cert_read(path, cert);
	enum status status = ST_OK;

	if (err == -ENOENT || err == -ENOTDIR)
		status = fail(ST_UNPROVISIONED,
			      "%s is missing: this machine has no modgate keys; run 'modgate init'",
			      path);
	else if (err == -EINVAL || err == -EFBIG)
		status = fail(ST_CORRUPT, "%s is not a certificate; restore it from a backup",
			      path);
	else if (err)
		status = fail_errno(err, "%s", path);
	free(path);
	return status;
}

static X509_SIG *read_sealed(const char *path, enum status *status)
{
	X509_SIG *sealed;
	size_t size;
	void *data;
	BIO *bio;
	int err = file_read(path, KEY_FILE_MAX, &data, &size);

	if (err == -ENOENT) {
		*status = fail(ST_UNPROVISIONED, "%s is missing; restore it from a backup",
			       path);
		return NULL;
	}
	if (err) {
		*status = fail_errno(err, "%s", path);
		return NULL;
	}
	bio = BIO_new_mem_buf(data, size);
	sealed = bio ? PEM_read_bio_PKCS8(bio, NULL, NULL, NULL) : NULL;
	BIO_free(bio);
	free(data);
	if (!sealed)
		*status = fail(ST_CORRUPT,
			       "%s is not an encrypted PKCS#8 key; restore it from a backup",
			       path);
	return sealed;
}

/**
 * key_unlock() - get at a private key
 * @o: options
 * @name: KEY_ANCHOR or KEY_OWNER
 * @passphrase: for it
 * @key: set on success; to be freed
 *
 * Return: ST_OK, ST_SECRET if it is the wrong passphrase, or another status.
 */
enum status key_unlock(const struct options *o, const char *name,
		       const char *passphrase, EVP_PKEY **key)
{
	char *path = key_path(o, name, "key");
	PKCS8_PRIV_KEY_INFO *plain = NULL;
	enum status status = ST_OK;
	struct cert cert = { 0 };
	X509_SIG *sealed;

	*key = NULL;
	sealed = read_sealed(path, &status);
	if (sealed) {
		plain = PKCS8_decrypt(sealed, passphrase, strlen(passphrase));
		if (plain)
			*key = EVP_PKCS82PKEY(plain);
		if (!*key)
			status = fail(ST_SECRET, "%s: wrong passphrase", path);
	}
	if (*key)
		status = key_cert(o, name, &cert);
	if (*key && !status && X509_check_private_key(cert.x509, *key) != 1)
		status = fail(ST_CORRUPT,
			      "%s does not belong to the certificate beside it; restore both from a backup",
			      path);
	if (status) {
		EVP_PKEY_free(*key);
		*key = NULL;
	}
	ERR_clear_error();
	cert_free(&cert);
	PKCS8_PRIV_KEY_INFO_free(plain);
	X509_SIG_free(sealed);
	free(path);
	return status;
}
