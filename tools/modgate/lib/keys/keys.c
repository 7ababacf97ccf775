// SPDX-License-Identifier: GPL-2.0-only
/*
 * The keys below /etc/modgate/keys. Each has a key file, through which a provider finds
 * the private half, and a self-signed certificate for the public half.
 */
#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#include "base.h"
#include "crypto.h"
#include "keys.h"
#include "provider.h"

#define KEY_FILE_MAX 65536

static const struct provider *const providers[] = {
	&provider_file, &provider_tpm, &provider_sealed, &provider_uri,
};

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

/* No expiry: validity dates are not enforced, only the key counts. */
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
	    cert_sign(x509, key))
		return x509;
	X509_free(x509);
	return NULL;
}

/* The provider with this name; NULL if there is none. */
static const struct provider *provider_named(const char *where)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(providers); i++)
		if (providers[i]->name && providers[i]->make &&
		    !strcmp(where, providers[i]->name))
			return providers[i];
	return strchr(where, ':') ? &provider_uri : NULL;
}

/* Is this the name of a provider or the URI of a key? */
bool key_where_valid(const char *where)
{
	return provider_named(where);
}

/* Is this the URI of an existing key? */
bool key_where_is_uri(const char *where)
{
	return provider_named(where) == &provider_uri;
}

static enum status certify(const char *name, EVP_PKEY *key, struct cert *cert)
{
	char *subject = fmt("modgate %s key", name);
	X509 *x509 = self_signed(subject, key);
	unsigned char *der = NULL;
	int size = x509 ? i2d_X509(x509, &der) : -1;
	enum status status = ST_OK;

	if (size < 0 || cert_parse(der, size, cert))
		status = fail(ST_NO, "cannot make a certificate of the %s key: %s",
			      name, crypto_error());
	else if (!key_supported(X509_get0_pubkey(cert->x509)))
		status = fail(ST_NO,
			      "the %s key is not ECDSA P-384, RSA-3072 or RSA-4096, as the kernel requires",
			      name);
	OPENSSL_free(der);
	X509_free(x509);
	free(subject);
	return status;
}

/**
 * key_make() - make a key and its certificate, or a certificate for an existing key
 * @where: "file", "tpm", or the URI of an existing key
 * @name: KEY_ANCHOR or KEY_OWNER
 * @passphrase: for the new or existing key
 * @key: set to the private key
 * @cert: filled in
 * @file: set to what key_store() is to write
 *
 * The caller frees all three, whatever is returned.
 *
 * Return: ST_OK, or a status after saying why not.
 */
enum status key_make(const char *where, const char *name,
		     const char *passphrase, EVP_PKEY **key, struct cert *cert,
		     BIO **file)
{
	enum status status;

	*key = NULL;
	memset(cert, 0, sizeof(*cert));
	*file = BIO_new(BIO_s_mem());
	if (!*file)
		return fail(ST_NO, "cannot make the %s key: %s", name,
			    crypto_error());
	status = provider_named(where)->make(where, passphrase, *file, key);
	return status ? status : certify(name, *key, cert);
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

/* Replace the key file. */
enum status key_replace(const struct options *o, const char *name, BIO *file)
{
	return write_keys_file(o, name, "key", file, 0600);
}

/* Write both halves; the folder exists. */
enum status key_store(const struct options *o, const char *name, BIO *file,
		      const struct cert *cert)
{
	enum status status = key_replace(o, name, file);
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

static void file_free(struct key_file *file)
{
	free(file->path);
	free(file->data);
}

static enum status file_open(const struct options *o, const char *name,
			     struct key_file *file)
{
	void *data;
	int err;

	file->path = key_path(o, name, "key");
	file->data = NULL;
	err = file_read(file->path, KEY_FILE_MAX, &data, &file->size);
	if (err == -ENOENT)
		return fail(ST_UNPROVISIONED, "%s is missing; restore it from a backup",
			    file->path);
	if (err)
		return fail_errno(err, "%s", file->path);
	file->data = xzalloc(file->size + 1);
	memcpy(file->data, data, file->size);
	free(data);
	return ST_OK;
}

/* The first line of a key's file tells its provider. */
static const struct provider *provider_of(const struct key_file *file)
{
	size_t i, size = strcspn(file->data, "\n");

	for (i = 0; i < ARRAY_SIZE(providers); i++) {
		const char *line = providers[i]->first_line;

		if (line && strlen(line) == size &&
		    !memcmp(line, file->data, size))
			return providers[i];
	}
	return memchr(file->data, ':', size) ? &provider_uri : NULL;
}

static enum status file_provider(const struct options *o, const char *name,
				 struct key_file *file,
				 const struct provider **provider)
{
	enum status status = file_open(o, name, file);

	if (status)
		return status;
	*provider = provider_of(file);
	if (!*provider)
		return fail(ST_CORRUPT,
			    "%s is neither an encrypted PKCS#8 key, nor a TSS2 private key, nor the URI of a key; restore it from a backup",
			    file->path);
	return ST_OK;
}

/**
 * key_where() - find out where a private key is kept
 * @o: options
 * @name: KEY_ANCHOR or KEY_OWNER
 * @where: set to "file", "tpm", or the URI of the key, on success; to be freed
 *
 * Return: ST_OK, or another status after saying why it is unknown.
 */
enum status key_where(const struct options *o, const char *name, char **where)
{
	const struct provider *provider;
	struct key_file file;
	enum status status = file_provider(o, name, &file, &provider);

	*where = NULL;
	if (!status)
		*where = provider->name ? xstrdup(provider->name) :
			 fmt("%.*s", (int)strcspn(file.data, "\n"), file.data);
	file_free(&file);
	return status;
}

/**
 * keys_share_passphrase() - do anchor and owner key share a passphrase?
 * @o: options
 *
 * Keys made by init share one passphrase. An existing key has its own.
 *
 * Return: true if it has.
 */
bool keys_share_passphrase(const struct options *o)
{
	static const char *const names[] = { KEY_ANCHOR, KEY_OWNER };
	bool share = true;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names) && share; i++) {
		char *where;

		share = !key_where(o, names[i], &where) &&
			!key_where_is_uri(where);
		free(where);
	}
	return share;
}

static enum status check_cert(const struct options *o, const char *name,
			      const struct key_file *file, EVP_PKEY *key)
{
	struct cert cert;
	enum status status = key_cert(o, name, &cert);

	if (status)
		return status;
	if (EVP_PKEY_eq(X509_get0_pubkey(cert.x509), key) != 1)
		status = fail(ST_CORRUPT,
			      "%s does not belong to the certificate beside it; restore both from a backup",
			      file->path);
	cert_free(&cert);
	return status;
}

/**
 * key_unlock() - unlock a private key
 * @o: options
 * @name: KEY_ANCHOR or KEY_OWNER
 * @passphrase: for it; in a TPM, a wrong one counts
 * @key: set on success; to be freed
 *
 * Return: ST_OK, ST_SECRET if it is the wrong passphrase, or another status.
 */
enum status key_unlock(const struct options *o, const char *name,
		       const char *passphrase, EVP_PKEY **key)
{
	const struct provider *provider;
	struct key_file file;
	enum status status = file_provider(o, name, &file, &provider);

	*key = NULL;
	if (!status)
		status = provider->unlock(&file, passphrase, key);
	if (!status)
		status = check_cert(o, name, &file, *key);
	if (status) {
		EVP_PKEY_free(*key);
		*key = NULL;
	}
	ERR_clear_error();
	file_free(&file);
	return status;
}

/**
 * key_ask() - ask for a passphrase and unlock a private key
 * @o: options
 * @name: KEY_ANCHOR or KEY_OWNER
 * @key: set on success; to be freed
 *
 * Return: ST_OK, ST_SECRET if there is no passphrase or it is wrong, or another status.
 * Does not ask for a key that is unavailable in this boot.
 */
enum status key_ask(const struct options *o, const char *name, EVP_PKEY **key)
{
	char *prompt = fmt("Passphrase of the %s key", name), *passphrase;
	enum status status = ST_OK;

	*key = NULL;
	if (!strcmp(name, KEY_ANCHOR))
		status = key_anchor_check(o);
	if (!status) {
		passphrase = passphrase_ask(o, prompt);
		status = passphrase ? key_unlock(o, name, passphrase, key) :
				      ST_SECRET;
		passphrase_free(passphrase);
	}
	free(prompt);
	return status;
}

/**
 * key_change() - change the passphrase of a key
 * @o: options
 * @name: KEY_ANCHOR or KEY_OWNER
 * @old: passphrase
 * @new: passphrase
 * @out: set to what key_replace() is to write, on success; to be freed
 *
 * Return: ST_OK, ST_SECRET if a passphrase is wrong or unsuitable, or another status.
 */
enum status key_change(const struct options *o, const char *name,
		       const char *old, const char *new, BIO **out)
{
	const struct provider *provider;
	struct key_file file;
	enum status status = file_provider(o, name, &file, &provider);

	*out = status ? NULL : BIO_new(BIO_s_mem());
	if (!status && !*out)
		status = fail(ST_NO, "%s: %s", file.path, crypto_error());
	if (!status && !provider->change)
		status = fail(ST_NO,
			      "%s: the passphrase of a key in a store is changed by the token's own tool",
			      file.path);
	if (!status)
		status = provider->change(&file, old, new, *out);
	if (status) {
		BIO_free(*out);
		*out = NULL;
	}
	file_free(&file);
	return status;
}
