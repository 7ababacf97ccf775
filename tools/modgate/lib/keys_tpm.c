// SPDX-License-Identifier: GPL-2.0-only
/*
 * The key provider "tpm": made inside the TPM, kept outside as a blob that only
 * this TPM can read, in the PEM form "TSS2 PRIVATE KEY" that is common to TPM
 * programs, and used by OpenSSL's provider tpm2.
 */
#include <openssl/asn1t.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>

#include "keys.h"
#include "tpm.h"

#define PEM_NAME "TSS2 PRIVATE KEY"
#define LOADABLE_KEY "2.23.133.10.1.3"	/* TCG: id-loadablekey */

/*
 * TPMKey ::= SEQUENCE {
 *	type		OBJECT IDENTIFIER,
 *	emptyAuth	[0] EXPLICIT BOOLEAN OPTIONAL,
 *	parent		INTEGER,
 *	pubkey		OCTET STRING,	-- TPM2B_PUBLIC
 *	privkey		OCTET STRING	-- TPM2B_PRIVATE
 * }
 */
struct asn1_key {
	ASN1_OBJECT *type;
	ASN1_BOOLEAN empty_auth;
	ASN1_INTEGER *parent;
	ASN1_OCTET_STRING *public;
	ASN1_OCTET_STRING *private;
};

ASN1_SEQUENCE(TPM_KEY) = {
	ASN1_SIMPLE(struct asn1_key, type, ASN1_OBJECT),
	ASN1_EXP_OPT(struct asn1_key, empty_auth, ASN1_BOOLEAN, 0),
	ASN1_SIMPLE(struct asn1_key, parent, ASN1_INTEGER),
	ASN1_SIMPLE(struct asn1_key, public, ASN1_OCTET_STRING),
	ASN1_SIMPLE(struct asn1_key, private, ASN1_OCTET_STRING),
} static_ASN1_SEQUENCE_END_name(struct asn1_key, TPM_KEY)

static bool copy(__u8 *to, size_t max, size_t *size,
		 const struct asn1_string_st *from)
{
	int length = ASN1_STRING_length(from);

	if (length < 0 || (size_t)length > max)
		return false;
	*size = length;
	memcpy(to, ASN1_STRING_get0_data(from), length);
	return true;
}

static bool parse(const unsigned char *der, long size, struct tpm_key *key)
{
	const ASN1_ITEM *form = ASN1_ITEM_rptr(TPM_KEY);
	struct asn1_key *asn1 = (struct asn1_key *)ASN1_item_d2i(NULL, &der, size, form);
	char type[32];
	uint64_t parent;
	bool good;

	good = asn1 && OBJ_obj2txt(type, sizeof(type), asn1->type, 1) > 0 &&
	       !strcmp(type, LOADABLE_KEY) && asn1->empty_auth <= 0 &&
	       ASN1_INTEGER_get_uint64(&parent, asn1->parent) &&
	       parent == MODGATE_SRK_HANDLE &&
	       copy(key->public, sizeof(key->public), &key->public_size,
		    asn1->public) &&
	       copy(key->private, sizeof(key->private), &key->private_size,
		    asn1->private);
	ASN1_item_free((ASN1_VALUE *)asn1, form);
	return good;
}

static enum status read_key(const struct key_file *file, struct tpm_key *key)
{
	BIO *bio = BIO_new_mem_buf(file->data, file->size);
	char *name = NULL, *header = NULL;
	unsigned char *der = NULL;
	bool good;
	long size;

	good = bio && PEM_read_bio(bio, &name, &header, &der, &size) &&
	       !strcmp(name, PEM_NAME) && parse(der, size, key);
	OPENSSL_free(name);
	OPENSSL_free(header);
	OPENSSL_free(der);
	BIO_free(bio);
	ERR_clear_error();
	return good ? ST_OK :
	       fail(ST_CORRUPT,
		    "%s is not a %s below 0x81000001 that has a passphrase; restore it from a backup",
		    file->path, PEM_NAME);
}

static enum status write_key(const struct tpm_key *key, BIO *out)
{
	const ASN1_ITEM *form = ASN1_ITEM_rptr(TPM_KEY);
	struct asn1_key *asn1 = (struct asn1_key *)ASN1_item_new(form);
	enum status status = ST_OK;
	unsigned char *der = NULL;
	int size = -1;

	if (asn1) {
		ASN1_OBJECT_free(asn1->type);
		asn1->type = OBJ_txt2obj(LOADABLE_KEY, 1);
		/* Absent means the same, but not to every reader. */
		asn1->empty_auth = 0;
		if (ASN1_INTEGER_set_uint64(asn1->parent, MODGATE_SRK_HANDLE) &&
		    ASN1_OCTET_STRING_set(asn1->public, key->public,
					  key->public_size) &&
		    ASN1_OCTET_STRING_set(asn1->private, key->private,
					  key->private_size))
			size = ASN1_item_i2d((ASN1_VALUE *)asn1, &der, form);
	}
	if (size < 0 || !PEM_write_bio(out, PEM_NAME, "", der, size))
		status = fail(ST_NO, "cannot write the key: %s", crypto_error());
	OPENSSL_free(der);
	ASN1_item_free((ASN1_VALUE *)asn1, form);
	return status;
}

/* The TPM has said yes; it must be free for OpenSSL's provider now. */
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

static void warn_once(void)
{
	static bool warned;

	if (!warned)
		warn("the TPM's lockout authorization is not set: %s",
		     "root can end the counting of wrong passphrases; set one, and keep it elsewhere (tpm2_changeauth -c lockout)");
	warned = true;
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
	if (!status && tpm_lockout_open(tpm))
		warn_once();
	tpm_close(tpm);
	if (!status)
		status = write_key(&blob, file);
	if (status)
		return status;
	made.size = BIO_get_mem_data(file, &made.data);
	return open_key(&made, passphrase, key);
}

/* The key of @file, and the TPM to use it with. */
static enum status open_blob(const struct key_file *file, struct tpm_key *blob,
			     struct tpm **tpm)
{
	enum status status = read_key(file, blob);

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
	return status ? status : write_key(&blob, out);
}

const struct provider provider_tpm = {
	.name = "tpm",
	.first_line = "-----BEGIN " PEM_NAME "-----",
	.make = make_key,
	.unlock = unlock,
	.change = change,
};
