// SPDX-License-Identifier: GPL-2.0-only
/*
 * Keys that were made inside the TPM, below the storage root key, and never leave it
 * (TPM 2.0 Library, Part 3, chapter 12). The passphrase is the key's authorization
 * value. It never crosses the bus to the TPM in the clear: the session is salted with
 * the storage root key; a new value is encrypted, an existing one only keys the
 * session's HMAC.
 */
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <tss2/tss2_mu.h>

#include "base.h"
#include "esys.h"
#include "tpm.h"

/*
 * ECDSA P-384, for signing alone. Without NODA, so that wrong passphrases count
 * towards the TPM's lockout.
 */
static const TPM2B_PUBLIC template = {
	.publicArea = {
		.type = TPM2_ALG_ECC,
		.nameAlg = TPM2_ALG_SHA384,
		.objectAttributes = TPMA_OBJECT_FIXEDTPM |
				    TPMA_OBJECT_FIXEDPARENT |
				    TPMA_OBJECT_SENSITIVEDATAORIGIN |
				    TPMA_OBJECT_USERWITHAUTH |
				    TPMA_OBJECT_SIGN_ENCRYPT,
		.parameters.eccDetail = {
			.symmetric.algorithm = TPM2_ALG_NULL,
			.scheme = {
				.scheme = TPM2_ALG_ECDSA,
				.details.ecdsa.hashAlg = TPM2_ALG_SHA384,
			},
			.curveID = TPM2_ECC_NIST_P384,
			.kdf.scheme = TPM2_ALG_NULL,
		},
	},
};

static enum status set_auth(TPM2B_AUTH *auth, const char *passphrase)
{
	size_t size = strlen(passphrase);

	if (size > TPM_PASSPHRASE_MAX)
		return fail(ST_SECRET,
			    "passphrase: longer than %d bytes, the most that the TPM takes for a key",
			    TPM_PASSPHRASE_MAX);
	auth->size = size;
	memcpy(auth->buffer, passphrase, size);
	return ST_OK;
}

/* A policy digest uses the object's name algorithm. */
static enum status start_session(struct tpm *tpm, TPM2_SE type, ESYS_TR *session)
{
	static const TPMT_SYM_DEF aes = {
		.algorithm = TPM2_ALG_AES,
		.keyBits.aes = 128,
		.mode.aes = TPM2_ALG_CFB,
	};
	const TPMA_SESSION attributes = TPMA_SESSION_CONTINUESESSION |
					TPMA_SESSION_DECRYPT |
					TPMA_SESSION_ENCRYPT;
	TSS2_RC rc;

	*session = ESYS_TR_NONE;
	if (tpm->srk == ESYS_TR_NONE)
		return fail(ST_CORRUPT,
			    "TPM: the storage root key 0x81000001 is missing: this is not the TPM that made the key, or it was cleared");
	rc = Esys_StartAuthSession(tpm->esys, tpm->srk, ESYS_TR_NONE,
				   ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
				   NULL, type, &aes,
				   type == TPM2_SE_POLICY ? TPM2_ALG_SHA384 :
							    TPM2_ALG_SHA256,
				   session);
	if (!rc)
		rc = Esys_TRSess_SetAttributes(tpm->esys, *session, attributes,
					       0xff);
	return rc ? tpm_fail(rc, "session, salted with the storage root key 0x81000001") :
		    ST_OK;
}

static void end_session(struct tpm *tpm, ESYS_TR session)
{
	if (session != ESYS_TR_NONE)
		Esys_FlushContext(tpm->esys, session);
}

static TSS2_RC set_private(struct tpm_key *key, const TPM2B_PRIVATE *private)
{
	key->private_size = 0;
	return Tss2_MU_TPM2B_PRIVATE_Marshal(private, key->private,
					     sizeof(key->private),
					     &key->private_size);
}

static TSS2_RC create(struct tpm *tpm, ESYS_TR session,
		      const TPM2B_SENSITIVE_CREATE *sensitive,
		      const TPM2B_PUBLIC *template, struct tpm_key *key)
{
	const TPML_PCR_SELECTION pcrs = { 0 };
	const TPM2B_DATA outside = { 0 };
	TPM2B_PRIVATE *private = NULL;
	TPM2B_PUBLIC *public = NULL;
	TSS2_RC rc;

	rc = Esys_Create(tpm->esys, tpm->srk, session, ESYS_TR_NONE,
			 ESYS_TR_NONE, sensitive, template, &outside, &pcrs,
			 &private, &public, NULL, NULL, NULL);
	if (!rc)
		rc = set_private(key, private);
	key->public_size = 0;
	if (!rc)
		rc = Tss2_MU_TPM2B_PUBLIC_Marshal(public, key->public,
						  sizeof(key->public),
						  &key->public_size);
	Esys_Free(private);
	Esys_Free(public);
	return rc;
}

/**
 * tpm_create() - make an object below the storage root key
 * @tpm: as opened to be changed
 * @passphrase: its authorization value
 * @template: kind of object
 * @data: its contents, NULL for a key that the TPM generates
 * @size: of @data, in bytes
 * @what: description for the error message
 * @key: filled in, but for the policy
 *
 * Return: ST_OK, ST_SECRET if the passphrase is too long, or another status.
 */
enum status tpm_create(struct tpm *tpm, const char *passphrase,
		       const TPM2B_PUBLIC *template, const void *data,
		       size_t size, const char *what, struct tpm_key *key)
{
	TPM2B_SENSITIVE_CREATE sensitive = { 0 };
	ESYS_TR session = ESYS_TR_NONE;
	enum status status;
	TSS2_RC rc;

	status = set_auth(&sensitive.sensitive.userAuth, passphrase);
	if (!status)
		status = start_session(tpm, TPM2_SE_HMAC, &session);
	if (!status && data) {
		sensitive.sensitive.data.size = size;
		memcpy(sensitive.sensitive.data.buffer, data, size);
	}
	if (!status) {
		rc = create(tpm, session, &sensitive, template, key);
		if (rc)
			status = tpm_fail(rc, what);
	}
	end_session(tpm, session);
	OPENSSL_cleanse(&sensitive, sizeof(sensitive));
	return status;
}

/**
 * tpm_key_make() - make a key
 * @tpm: as opened to be changed
 * @passphrase: for the key
 * @key: filled in
 *
 * Return: ST_OK, ST_SECRET if the passphrase is too long, or another status.
 */
enum status tpm_key_make(struct tpm *tpm, const char *passphrase,
			 struct tpm_key *key)
{
	key->policy_size = 0;
	return tpm_create(tpm, passphrase, &template, NULL, 0,
			  "a P-384 key cannot be made", key);
}

static TSS2_RC load(struct tpm *tpm, const struct tpm_key *key, ESYS_TR *object)
{
	TPM2B_PRIVATE private = { 0 };
	TPM2B_PUBLIC public = { 0 };
	size_t at = 0;
	TSS2_RC rc;

	rc = Tss2_MU_TPM2B_PUBLIC_Unmarshal(key->public, key->public_size, &at,
					    &public);
	at = 0;
	if (!rc)
		rc = Tss2_MU_TPM2B_PRIVATE_Unmarshal(key->private,
						     key->private_size, &at,
						     &private);
	if (!rc)
		rc = Esys_Load(tpm->esys, tpm->srk, tpm->session, ESYS_TR_NONE,
			       ESYS_TR_NONE, &private, &public, object);
	return rc;
}

void tpm_unload(struct tpm *tpm, struct tpm_loaded *loaded)
{
	if (loaded->object != ESYS_TR_NONE)
		Esys_FlushContext(tpm->esys, loaded->object);
	end_session(tpm, loaded->session);
}

/**
 * tpm_load() - load an object for use
 * @tpm: as opened
 * @key: the object
 * @path: where it comes from, for errors
 * @passphrase: for it; checked only on use
 * @type: of the session: TPM2_SE_HMAC, or TPM2_SE_POLICY
 * @loaded: for tpm_unload()
 *
 * Return: ST_OK, ST_SECRET if the passphrase is too long, or another status.
 */
enum status tpm_load(struct tpm *tpm, const struct tpm_key *key,
		     const char *path, const char *passphrase, TPM2_SE type,
		     struct tpm_loaded *loaded)
{
	TPM2B_AUTH auth = { 0 };
	enum status status;
	TSS2_RC rc;

	loaded->object = ESYS_TR_NONE;
	loaded->session = ESYS_TR_NONE;
	/* Too long means wrong, but there is no need for the TPM to count that. */
	status = set_auth(&auth, passphrase);
	if (!status)
		status = start_session(tpm, type, &loaded->session);
	if (!status) {
		rc = load(tpm, key, &loaded->object);
		if (!rc)
			rc = Esys_TR_SetAuth(tpm->esys, loaded->object, &auth);
		/* Not the key's fault: out of memory, for example. */
		if (rc && rc <= 0xffff && !(rc & TPM2_RC_FMT1))
			status = tpm_fail(rc, "the key cannot be loaded");
		else if (rc)
			status = fail(ST_CORRUPT,
				      "%s: this TPM does not take the key (0x%x): another TPM made it, or this one was cleared since, or the file was changed; restore it from a backup, or make new keys",
				      path, rc);
	}
	OPENSSL_cleanse(&auth, sizeof(auth));
	if (status)
		tpm_unload(tpm, loaded);
	return status;
}

/* Report why a loaded object could not be used. */
enum status tpm_use_failed(struct tpm *tpm, TSS2_RC rc, const char *path,
			   const char *what)
{
	enum status status;
	char *tries;

	if (!tpm_secret_wrong(rc) && rc != TPM2_RC_LOCKOUT)
		return tpm_fail(rc, what);
	tries = tpm_tries(tpm);
	status = fail(ST_SECRET, "%s: %s; %s", path,
		      rc == TPM2_RC_LOCKOUT ? "the passphrase was not tried" :
		      "wrong passphrase", tries);
	free(tries);
	return status;
}

static TSS2_RC sign(struct tpm *tpm, const struct tpm_loaded *loaded)
{
	const TPM2B_DIGEST digest = { .size = MODGATE_DIGEST_SIZE };
	const TPMT_SIG_SCHEME scheme = { .scheme = TPM2_ALG_NULL };
	const TPMT_TK_HASHCHECK ticket = {
		.tag = TPM2_ST_HASHCHECK,
		.hierarchy = TPM2_RH_NULL,
	};
	TPMT_SIGNATURE *signature = NULL;
	TSS2_RC rc;

	rc = Esys_Sign(tpm->esys, loaded->object, loaded->session,
		       ESYS_TR_NONE, ESYS_TR_NONE, &digest, &scheme, &ticket,
		       &signature);
	Esys_Free(signature);
	return rc;
}

/**
 * tpm_key_try() - does the TPM accept this passphrase for this key?
 * @tpm: as opened
 * @key: the key
 * @path: where it comes from, for errors
 * @passphrase: for it; a wrong one counts in the TPM
 *
 * Return: ST_OK, ST_SECRET if it does not, or another status.
 */
enum status tpm_key_try(struct tpm *tpm, const struct tpm_key *key,
			const char *path, const char *passphrase)
{
	struct tpm_loaded loaded;
	enum status status = tpm_load(tpm, key, path, passphrase,
				      TPM2_SE_HMAC, &loaded);
	TSS2_RC rc;

	if (status)
		return status;
	rc = sign(tpm, &loaded);
	if (rc)
		status = tpm_use_failed(tpm, rc, path, "the key cannot sign");
	tpm_unload(tpm, &loaded);
	return status;
}

/**
 * tpm_key_change() - change the passphrase of a key
 * @tpm: as opened
 * @key: gets a new private part; the old one still works
 * @path: where it comes from, for errors
 * @old: passphrase
 * @new: passphrase
 *
 * Return: ST_OK, ST_SECRET if @old is wrong or @new too long, or another status.
 */
enum status tpm_key_change(struct tpm *tpm, struct tpm_key *key,
			   const char *path, const char *old, const char *new)
{
	TPM2B_PRIVATE *private = NULL;
	TPM2B_AUTH auth = { 0 };
	struct tpm_loaded loaded;
	enum status status = set_auth(&auth, new);
	TSS2_RC rc;

	if (!status)
		status = tpm_load(tpm, key, path, old, TPM2_SE_HMAC, &loaded);
	if (status) {
		OPENSSL_cleanse(&auth, sizeof(auth));
		return status;
	}
	rc = Esys_ObjectChangeAuth(tpm->esys, loaded.object, tpm->srk,
				   loaded.session, ESYS_TR_NONE, ESYS_TR_NONE,
				   &auth, &private);
	if (!rc)
		rc = set_private(key, private);
	if (rc)
		status = tpm_use_failed(tpm, rc, path,
					"the passphrase cannot be changed");
	Esys_Free(private);
	tpm_unload(tpm, &loaded);
	OPENSSL_cleanse(&auth, sizeof(auth));
	return status;
}
