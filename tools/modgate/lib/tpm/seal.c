// SPDX-License-Identifier: GPL-2.0-only
/*
 * Data that the TPM releases only with its passphrase, and only while a PCR has a
 * certain value (TPM 2.0 Library, Part 3, 12.7, 23.7 and 23.18). A wrong passphrase
 * counts towards the TPM's lockout.
 */
#include <openssl/crypto.h>
#include <string.h>
#include <tss2/tss2_mu.h>

#include "base.h"
#include "crypto.h"
#include "esys.h"
#include "tpm.h"

/* The parameters of PolicyPCR. */
struct pcr_policy {
	TPM2B_DIGEST digest;
	TPML_PCR_SELECTION pcrs;
};

static void policy_fill(struct pcr_policy *policy, unsigned int pcr,
			const struct pcr_bank *expected)
{
	TPMS_PCR_SELECTION *s = &policy->pcrs.pcrSelections[0];

	memset(policy, 0, sizeof(*policy));
	policy->pcrs.count = 1;
	s->hash = expected->algorithm;
	s->sizeofSelect = 3;
	s->pcrSelect[pcr / 8] = 1 << pcr % 8;
	policy->digest.size = MODGATE_DIGEST_SIZE;
	sha384(expected->value, expected->size, policy->digest.buffer);
}

static TSS2_RC policy_write(const struct pcr_policy *policy, struct tpm_key *key)
{
	TSS2_RC rc;

	key->policy_size = 0;
	rc = Tss2_MU_TPM2B_DIGEST_Marshal(&policy->digest, key->policy,
					  sizeof(key->policy),
					  &key->policy_size);
	if (!rc)
		rc = Tss2_MU_TPML_PCR_SELECTION_Marshal(&policy->pcrs,
							key->policy,
							sizeof(key->policy),
							&key->policy_size);
	return rc;
}

static TSS2_RC policy_read(struct pcr_policy *policy, const struct tpm_key *key)
{
	size_t at = 0;
	TSS2_RC rc;

	memset(policy, 0, sizeof(*policy));
	rc = Tss2_MU_TPM2B_DIGEST_Unmarshal(key->policy, key->policy_size, &at,
					    &policy->digest);
	if (!rc)
		rc = Tss2_MU_TPML_PCR_SELECTION_Unmarshal(key->policy,
							  key->policy_size, &at,
							  &policy->pcrs);
	return rc;
}

static TSS2_RC policy_carry_out(struct tpm *tpm, ESYS_TR session,
				const struct pcr_policy *policy)
{
	TSS2_RC rc;

	rc = Esys_PolicyPCR(tpm->esys, session, ESYS_TR_NONE, ESYS_TR_NONE,
			    ESYS_TR_NONE, &policy->digest, &policy->pcrs);
	if (!rc)
		rc = Esys_PolicyAuthValue(tpm->esys, session, ESYS_TR_NONE,
					  ESYS_TR_NONE, ESYS_TR_NONE);
	return rc;
}

/* Let the TPM compute the policy digest. */
static TSS2_RC policy_try(struct tpm *tpm, const struct pcr_policy *policy,
			  TPM2B_DIGEST *out)
{
	static const TPMT_SYM_DEF none = { .algorithm = TPM2_ALG_NULL };
	TPM2B_DIGEST *digest = NULL;
	ESYS_TR session;
	TSS2_RC rc;

	rc = Esys_StartAuthSession(tpm->esys, ESYS_TR_NONE, ESYS_TR_NONE,
				   ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
				   NULL, TPM2_SE_TRIAL, &none, TPM2_ALG_SHA384,
				   &session);
	if (rc)
		return rc;
	rc = policy_carry_out(tpm, session, policy);
	if (!rc)
		rc = Esys_PolicyGetDigest(tpm->esys, session, ESYS_TR_NONE,
					  ESYS_TR_NONE, ESYS_TR_NONE, &digest);
	if (!rc)
		*out = *digest;
	Esys_Free(digest);
	Esys_FlushContext(tpm->esys, session);
	return rc;
}

/**
 * tpm_seal() - seal data with the TPM
 * @tpm: as opened to be changed
 * @pcr: number of a PCR
 * @expected: value that releases @data, in one of its banks
 * @passphrase: for @data
 * @data: TPM_SEALED_MAX bytes at most
 * @size: of @data, in bytes
 * @key: filled in
 *
 * Return: ST_OK, ST_SECRET if the passphrase is too long, or another status.
 */
enum status tpm_seal(struct tpm *tpm, unsigned int pcr,
		     const struct pcr_bank *expected, const char *passphrase,
		     const void *data, size_t size, struct tpm_key *key)
{
	/* Without USERWITHAUTH: by policy only. Without NODA: wrong ones count. */
	TPM2B_PUBLIC template = {
		.publicArea = {
			.type = TPM2_ALG_KEYEDHASH,
			.nameAlg = TPM2_ALG_SHA384,
			.objectAttributes = TPMA_OBJECT_FIXEDTPM |
					    TPMA_OBJECT_FIXEDPARENT,
			.parameters.keyedHashDetail.scheme.scheme = TPM2_ALG_NULL,
		},
	};
	struct pcr_policy policy;
	TSS2_RC rc;

	if (size > TPM_SEALED_MAX)
		return fail(ST_NO, "TPM: %zu bytes are too many to be sealed, %d can be",
			    size, TPM_SEALED_MAX);
	policy_fill(&policy, pcr, expected);
	rc = policy_try(tpm, &policy, &template.publicArea.authPolicy);
	if (!rc)
		rc = policy_write(&policy, key);
	if (rc)
		return tpm_fail(rc, "no policy can be made of the PCR");
	return tpm_create(tpm, passphrase, &template, data, size,
			  "the key cannot be sealed", key);
}

static TSS2_RC unseal(struct tpm *tpm, const struct tpm_loaded *loaded,
		      __u8 data[TPM_SEALED_MAX], size_t *size)
{
	TPM2B_SENSITIVE_DATA *out = NULL;
	TSS2_RC rc;

	rc = Esys_Unseal(tpm->esys, loaded->object, loaded->session,
			 ESYS_TR_NONE, ESYS_TR_NONE, &out);
	if (!rc && out->size <= TPM_SEALED_MAX) {
		*size = out->size;
		memcpy(data, out->buffer, out->size);
		OPENSSL_cleanse(out->buffer, out->size);
	} else if (!rc) {
		rc = TPM2_RC_SIZE;
	}
	Esys_Free(out);
	return rc;
}

/**
 * tpm_unseal() - unseal data
 * @tpm: as opened
 * @key: the sealed data
 * @path: where it comes from, for errors
 * @passphrase: for it; a wrong one counts in the TPM
 * @data: filled in; the caller cleanses it
 * @size: of @data, in bytes
 *
 * Return: ST_OK, ST_NO if the PCR has another value, ST_SECRET if it is the
 * wrong passphrase, or another status.
 */
enum status tpm_unseal(struct tpm *tpm, const struct tpm_key *key,
		       const char *path, const char *passphrase,
		       __u8 data[TPM_SEALED_MAX], size_t *size)
{
	struct pcr_policy policy;
	struct tpm_loaded loaded;
	enum status status;
	TSS2_RC rc = policy_read(&policy, key);

	if (rc)
		return fail(ST_CORRUPT, "%s: its policy is none; restore it from a backup",
			    path);
	status = tpm_load(tpm, key, path, passphrase, TPM2_SE_POLICY, &loaded);
	if (status)
		return status;
	rc = policy_carry_out(tpm, loaded.session, &policy);
	if (tpm_code(rc) == TPM2_RC_VALUE) {
		status = fail(ST_NO,
			      "%s: the TPM gives the key out in a recovery boot only, before a document is accepted; the passphrase was not tried: see 'modgate recovery'",
			      path);
	} else if (!rc) {
		rc = unseal(tpm, &loaded, data, size);
	}
	if (!status && rc)
		status = tpm_use_failed(tpm, rc, path, "the key cannot be had");
	tpm_unload(tpm, &loaded);
	return status;
}
