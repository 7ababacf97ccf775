// SPDX-License-Identifier: GPL-2.0-only
/*
 * The public part of the attestation key, as a verifier has it: in PEM, and with
 * the Name that a TPM gives to a key of this template (TPM 2.0 Library, Part 1,
 * chapter 16), by which the TPM can be made to prove that it has that key.
 */
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>
#include <tss2/tss2_mu.h>

#include "attest.h"
#include "base.h"
#include "crypto.h"

#define PEM_MAX 65536		/* in bytes */

static const struct curve {
	__u16 curve;
	const char *group;	/* as OpenSSL has it */
	const char *name;	/* as people have it */
	size_t size;
} curves[] = {
	{ TPM2_ECC_NIST_P384, "secp384r1", "P-384", 48 },
	{ TPM2_ECC_NIST_P256, "prime256v1", "P-256", 32 },
};

/**
 * attestation_template() - what the attestation key is made of
 * @curve: TPM2_ECC_NIST_P384, or TPM2_ECC_NIST_P256 for a TPM that does not know
 *	   the other, or SHA-384
 *
 * A primary key: the TPM makes the same one of it each time, so that nothing has to
 * be stored; of the endorsement hierarchy, whose seed TPM2_Clear does not change.
 * Restricted: it signs only what the TPM itself has made, which begins with
 * TPM_GENERATED (Part 1, 25.1.5). Its authorization value is empty, and "unique" as
 * well, so that tpm2_createprimary makes the same key.
 *
 * Return: the template.
 */
TPM2B_PUBLIC attestation_template(__u16 curve)
{
	const __u16 hash = curve == TPM2_ECC_NIST_P384 ? TPM2_ALG_SHA384 :
							 TPM2_ALG_SHA256;
	const TPM2B_PUBLIC template = {
		.publicArea = {
			.type = TPM2_ALG_ECC,
			.nameAlg = hash,
			.objectAttributes = TPMA_OBJECT_FIXEDTPM |
					    TPMA_OBJECT_FIXEDPARENT |
					    TPMA_OBJECT_SENSITIVEDATAORIGIN |
					    TPMA_OBJECT_USERWITHAUTH |
					    TPMA_OBJECT_NODA |
					    TPMA_OBJECT_RESTRICTED |
					    TPMA_OBJECT_SIGN_ENCRYPT,
			.parameters.eccDetail = {
				.symmetric.algorithm = TPM2_ALG_NULL,
				.scheme = {
					.scheme = TPM2_ALG_ECDSA,
					.details.ecdsa.hashAlg = hash,
				},
				.curveID = curve,
				.kdf.scheme = TPM2_ALG_NULL,
			},
		},
	};

	return template;
}

static const struct curve *curve_of(const struct attestation_key *key)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(curves); i++)
		if (curves[i].curve == key->curve)
			return &curves[i];
	return NULL;
}

const char *attestation_key_curve(const struct attestation_key *key)
{
	return curve_of(key)->name;
}

/* For OpenSSL; NULL if the point is not on the curve. */
static EVP_PKEY *make_key(const struct attestation_key *key)
{
	__u8 point[1 + 2 * POINT_MAX] = { POINT_CONVERSION_UNCOMPRESSED };
	char *group = (char *)curve_of(key)->group;
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	EVP_PKEY *made = NULL;
	OSSL_PARAM params[] = {
		OSSL_PARAM_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
		OSSL_PARAM_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point,
					1 + 2 * key->size),
		OSSL_PARAM_END
	};

	memcpy(point + 1, key->x, key->size);
	memcpy(point + 1 + key->size, key->y, key->size);
	if (!ctx || EVP_PKEY_fromdata_init(ctx) != 1 ||
	    EVP_PKEY_fromdata(ctx, &made, EVP_PKEY_PUBLIC_KEY, params) != 1)
		made = NULL;
	EVP_PKEY_CTX_free(ctx);
	return made;
}

/**
 * attestation_key_set() - a key from what the TPM says
 * @key: filled in; to be freed
 * @curve: TPM2_ECC_*
 * @x: of the point, without or with zeros in front
 * @x_size: of @x, in bytes
 * @y: likewise
 * @y_size: of @y, in bytes
 *
 * Return: ST_OK, or ST_NO after saying that it is no such key.
 */
enum status attestation_key_set(struct attestation_key *key, __u16 curve,
				const void *x, size_t x_size,
				const void *y, size_t y_size)
{
	memset(key, 0, sizeof(*key));
	key->curve = curve;
	if (!curve_of(key))
		return fail(ST_NO, "attestation key: neither on P-384 nor on P-256");
	key->size = curve_of(key)->size;
	if (x_size > key->size || y_size > key->size)
		return fail(ST_NO, "attestation key: its point is too long");
	memcpy(key->x + key->size - x_size, x, x_size);
	memcpy(key->y + key->size - y_size, y, y_size);
	key->key = make_key(key);
	if (!key->key)
		return fail(ST_NO, "attestation key: %s", crypto_error());
	return ST_OK;
}

/* Curve and point of a key of OpenSSL's. */
static bool take_point(struct attestation_key *key, EVP_PKEY *pem)
{
	BIGNUM *x = NULL, *y = NULL;
	char group[32] = "";
	bool good = false;
	size_t i;

	EVP_PKEY_get_group_name(pem, group, sizeof(group), NULL);
	for (i = 0; i < ARRAY_SIZE(curves); i++)
		if (!strcmp(curves[i].group, group)) {
			key->curve = curves[i].curve;
			key->size = curves[i].size;
		}
	if (key->size &&
	    EVP_PKEY_get_bn_param(pem, OSSL_PKEY_PARAM_EC_PUB_X, &x) == 1 &&
	    EVP_PKEY_get_bn_param(pem, OSSL_PKEY_PARAM_EC_PUB_Y, &y) == 1)
		good = BN_bn2binpad(x, key->x, key->size) == (int)key->size &&
		       BN_bn2binpad(y, key->y, key->size) == (int)key->size;
	BN_free(x);
	BN_free(y);
	return good;
}

/**
 * attestation_key_read() - read what attestation_key_pem() has made
 * @key: filled in; to be freed
 * @path: of a file in PEM
 *
 * Return: ST_OK, or a status after saying why not.
 */
enum status attestation_key_read(struct attestation_key *key, const char *path)
{
	EVP_PKEY *pem;
	size_t size;
	void *data;
	BIO *bio;
	int err;

	memset(key, 0, sizeof(*key));
	err = file_read(path, PEM_MAX, &data, &size);
	if (err)
		return fail_errno(err, "%s", path);
	bio = BIO_new_mem_buf(data, size);
	pem = bio ? PEM_read_bio_PUBKEY(bio, NULL, no_passphrase, NULL) : NULL;
	if (pem && take_point(key, pem))
		key->key = make_key(key);
	crypto_error();
	EVP_PKEY_free(pem);
	BIO_free(bio);
	free(data);
	if (!key->key)
		return fail(ST_NO,
			    "%s: not a public key in PEM on P-384 or P-256; 'modgate receipt --attestation-key' prints it",
			    path);
	return ST_OK;
}

/* In PEM; to be freed. */
char *attestation_key_pem(const struct attestation_key *key)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *data, *text;
	long size;

	if (!bio || !PEM_write_bio_PUBKEY(bio, key->key))
		exit(fail(ST_NO, "attestation key: %s", crypto_error()));
	size = BIO_get_mem_data(bio, &data);
	text = fmt("%.*s", (int)size, data);
	BIO_free(bio);
	return text;
}

/**
 * attestation_key_name() - the Name of the key, if it has our template
 * @key: as read
 *
 * Return: hash algorithm and digest in hex; to be freed.
 */
char *attestation_key_name(const struct attestation_key *key)
{
	const bool p384 = key->curve == TPM2_ECC_NIST_P384;
	TPM2B_PUBLIC public = attestation_template(key->curve);
	__u8 bytes[sizeof(TPMT_PUBLIC)], name[2 + EVP_MAX_MD_SIZE];
	unsigned int digest_size;
	size_t size = 0;
	char *hex;

	public.publicArea.unique.ecc.x.size = key->size;
	public.publicArea.unique.ecc.y.size = key->size;
	memcpy(public.publicArea.unique.ecc.x.buffer, key->x, key->size);
	memcpy(public.publicArea.unique.ecc.y.buffer, key->y, key->size);
	name[0] = public.publicArea.nameAlg >> 8;
	name[1] = public.publicArea.nameAlg & 0xff;
	if (Tss2_MU_TPMT_PUBLIC_Marshal(&public.publicArea, bytes, sizeof(bytes), &size) ||
	    !EVP_Digest(bytes, size, name + 2, &digest_size,
			p384 ? EVP_sha384() : EVP_sha256(), NULL))
		exit(fail(ST_NO, "attestation key: its Name cannot be made"));
	hex = xzalloc(2 * (2 + digest_size) + 1);
	to_hex(hex, name, 2 + digest_size);
	return hex;
}

void attestation_key_free(struct attestation_key *key)
{
	EVP_PKEY_free(key->key);
	memset(key, 0, sizeof(*key));
}
