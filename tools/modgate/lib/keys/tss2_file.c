// SPDX-License-Identifier: GPL-2.0-only
/*
 * TPM objects that only the TPM that made them can read, as a file: the PEM form "TSS2
 * PRIVATE KEY" that is common to TPM programs (ASN.1 Specification for TPM 2.0 Key
 * Files, by J. Bottomley and D. Woodhouse). A key, or data that is sealed under a
 * policy of two commands: PolicyPCR and PolicyAuthValue.
 */
#include <openssl/asn1t.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <string.h>
#include <tss2/tss2_tpm2_types.h>

#include "base.h"
#include "crypto.h"
#include "provider.h"
#include "tpm.h"

#define LOADABLE_KEY "2.23.133.10.1.3"	/* TCG: id-loadablekey */
#define SEALED_KEY "2.23.133.10.1.5"	/* TCG: id-sealedkey */

/*
 * TPMPolicy ::= SEQUENCE {
 *	commandCode	[0] EXPLICIT INTEGER,
 *	commandPolicy	[1] EXPLICIT OCTET STRING	-- its parameters
 * }
 */
struct asn1_policy {
	ASN1_INTEGER *command;
	ASN1_OCTET_STRING *parameters;
};

ASN1_SEQUENCE(TPM_POLICY) = {
	ASN1_EXP(struct asn1_policy, command, ASN1_INTEGER, 0),
	ASN1_EXP(struct asn1_policy, parameters, ASN1_OCTET_STRING, 1),
} static_ASN1_SEQUENCE_END_name(struct asn1_policy, TPM_POLICY)

/*
 * TPMKey ::= SEQUENCE {
 *	type		OBJECT IDENTIFIER,
 *	emptyAuth	[0] EXPLICIT BOOLEAN OPTIONAL,
 *	policy		[1] EXPLICIT SEQUENCE OF TPMPolicy OPTIONAL,
 *	parent		INTEGER,
 *	pubkey		OCTET STRING,	-- TPM2B_PUBLIC
 *	privkey		OCTET STRING	-- TPM2B_PRIVATE
 * }
 */
struct asn1_key {
	ASN1_OBJECT *type;
	ASN1_BOOLEAN empty_auth;
	OPENSSL_STACK *policy;		/* of struct asn1_policy */
	ASN1_INTEGER *parent;
	ASN1_OCTET_STRING *public;
	ASN1_OCTET_STRING *private;
};

ASN1_SEQUENCE(TPM_KEY) = {
	ASN1_SIMPLE(struct asn1_key, type, ASN1_OBJECT),
	ASN1_EXP_OPT(struct asn1_key, empty_auth, ASN1_BOOLEAN, 0),
	ASN1_EXP_SEQUENCE_OF_OPT(struct asn1_key, policy, TPM_POLICY, 1),
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

static const struct asn1_policy *policy_step(const struct asn1_key *asn1, int n,
					     TPM2_CC command)
{
	const struct asn1_policy *step = OPENSSL_sk_value(asn1->policy, n);
	uint64_t value;

	return step && ASN1_INTEGER_get_uint64(&value, step->command) &&
	       value == command ? step : NULL;
}

/* A key has no policy; sealed data has these two steps. */
static bool parse_policy(const struct asn1_key *asn1, bool sealed,
			 struct tpm_key *key)
{
	const struct asn1_policy *pcr, *auth;

	key->policy_size = 0;
	if (!sealed)
		return !asn1->policy;
	if (OPENSSL_sk_num(asn1->policy) != 2)
		return false;
	pcr = policy_step(asn1, 0, TPM2_CC_PolicyPCR);
	auth = policy_step(asn1, 1, TPM2_CC_PolicyAuthValue);
	return pcr && auth && !ASN1_STRING_length(auth->parameters) &&
	       copy(key->policy, sizeof(key->policy), &key->policy_size,
		    pcr->parameters);
}

static bool parse(const unsigned char *der, long size, bool sealed,
		  struct tpm_key *key)
{
	const ASN1_ITEM *form = ASN1_ITEM_rptr(TPM_KEY);
	struct asn1_key *asn1 = (struct asn1_key *)ASN1_item_d2i(NULL, &der, size, form);
	char type[32];
	uint64_t parent;
	bool good;

	good = asn1 && OBJ_obj2txt(type, sizeof(type), asn1->type, 1) > 0 &&
	       !strcmp(type, sealed ? SEALED_KEY : LOADABLE_KEY) &&
	       asn1->empty_auth <= 0 &&
	       ASN1_INTEGER_get_uint64(&parent, asn1->parent) &&
	       parent == MODGATE_SRK_HANDLE &&
	       parse_policy(asn1, sealed, key) &&
	       copy(key->public, sizeof(key->public), &key->public_size,
		    asn1->public) &&
	       copy(key->private, sizeof(key->private), &key->private_size,
		    asn1->private);
	ASN1_item_free((ASN1_VALUE *)asn1, form);
	return good;
}

/**
 * tpm_blob_read() - read a key, or sealed data, that only the TPM can open
 * @file: as read; text before the PEM block is skipped
 * @sealed: it is sealed data
 * @key: filled in
 *
 * Return: ST_OK, or ST_CORRUPT after saying what is wrong.
 */
enum status tpm_blob_read(const struct key_file *file, bool sealed,
			  struct tpm_key *key)
{
	BIO *bio = BIO_new_mem_buf(file->data, file->size);
	char *name = NULL, *header = NULL;
	unsigned char *der = NULL;
	bool good;
	long size;

	good = bio && PEM_read_bio(bio, &name, &header, &der, &size) &&
	       !strcmp(name, TPM_BLOB_PEM) && parse(der, size, sealed, key);
	OPENSSL_free(name);
	OPENSSL_free(header);
	OPENSSL_free(der);
	BIO_free(bio);
	ERR_clear_error();
	return good ? ST_OK :
	       fail(ST_CORRUPT,
		    "%s is not a %s below 0x81000001 that %s; restore it from a backup",
		    file->path, TPM_BLOB_PEM,
		    sealed ? "is sealed under a PCR and a passphrase" : "has a passphrase");
}

static bool add_step(struct asn1_key *asn1, TPM2_CC command,
		     const void *parameters, size_t size)
{
	const ASN1_ITEM *form = ASN1_ITEM_rptr(TPM_POLICY);
	struct asn1_policy *step = (struct asn1_policy *)ASN1_item_new(form);

	if (step && ASN1_INTEGER_set_uint64(step->command, command) &&
	    ASN1_OCTET_STRING_set(step->parameters, parameters, size) &&
	    OPENSSL_sk_push(asn1->policy, step) > 0)
		return true;
	ASN1_item_free((ASN1_VALUE *)step, form);
	return false;
}

static bool fill(struct asn1_key *asn1, const struct tpm_key *key)
{
	const bool sealed = key->policy_size;

	ASN1_OBJECT_free(asn1->type);
	asn1->type = OBJ_txt2obj(sealed ? SEALED_KEY : LOADABLE_KEY, 1);
	/* Absent means the same, but not all readers know that. */
	asn1->empty_auth = 0;
	if (sealed) {
		asn1->policy = OPENSSL_sk_new_null();
		if (!asn1->policy ||
		    !add_step(asn1, TPM2_CC_PolicyPCR, key->policy, key->policy_size) ||
		    !add_step(asn1, TPM2_CC_PolicyAuthValue, "", 0))
			return false;
	}
	return asn1->type &&
	       ASN1_INTEGER_set_uint64(asn1->parent, MODGATE_SRK_HANDLE) &&
	       ASN1_OCTET_STRING_set(asn1->public, key->public,
				     key->public_size) &&
	       ASN1_OCTET_STRING_set(asn1->private, key->private,
				     key->private_size);
}

/**
 * tpm_blob_write() - write a key or sealed data
 * @key: a key, or sealed data if it has a policy
 * @out: receives the PEM block
 *
 * Return: ST_OK, or a status after saying why not.
 */
enum status tpm_blob_write(const struct tpm_key *key, BIO *out)
{
	const ASN1_ITEM *form = ASN1_ITEM_rptr(TPM_KEY);
	struct asn1_key *asn1 = (struct asn1_key *)ASN1_item_new(form);
	enum status status = ST_OK;
	unsigned char *der = NULL;
	int size = -1;

	if (asn1 && fill(asn1, key))
		size = ASN1_item_i2d((ASN1_VALUE *)asn1, &der, form);
	if (size < 0 || !PEM_write_bio(out, TPM_BLOB_PEM, "", der, size))
		status = fail(ST_NO, "cannot write the key: %s", crypto_error());
	OPENSSL_free(der);
	ASN1_item_free((ASN1_VALUE *)asn1, form);
	return status;
}
