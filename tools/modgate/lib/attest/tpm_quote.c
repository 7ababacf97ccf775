// SPDX-License-Identifier: GPL-2.0-only
/*
 * Quotes (TPM 2.0 Library, Part 3, 18.4) and the key that signs them, made anew
 * each time from its template. Nothing has to be kept from whoever is on the bus:
 * what the TPM answers is signed, or public.
 */
#include <string.h>
#include <tss2/tss2_mu.h>

#include "attest.h"
#include "base.h"
#include "esys.h"

/* The better template, of the two, that this TPM knows. */
static TPM2B_PUBLIC choose_template(struct tpm *tpm)
{
	const TPM2B_PUBLIC p384 = attestation_template(TPM2_ECC_NIST_P384);
	const TPMT_PUBLIC_PARMS parameters = {
		.type = p384.publicArea.type,
		.parameters = p384.publicArea.parameters,
	};

	return Esys_TestParms(tpm->esys, ESYS_TR_NONE, ESYS_TR_NONE,
			      ESYS_TR_NONE, &parameters) ?
	       attestation_template(TPM2_ECC_NIST_P256) : p384;
}

/* @public and the handle are given back only if it was made. */
static enum status make(struct tpm *tpm, ESYS_TR *handle, TPM2B_PUBLIC **public)
{
	const TPM2B_PUBLIC template = choose_template(tpm);
	const TPM2B_SENSITIVE_CREATE sensitive = { 0 };
	const TPML_PCR_SELECTION pcrs = { 0 };
	const TPM2B_DATA outside = { 0 };
	TSS2_RC rc;

	rc = Esys_CreatePrimary(tpm->esys, ESYS_TR_RH_ENDORSEMENT,
				ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE,
				&sensitive, &template, &outside, &pcrs, handle,
				public, NULL, NULL, NULL);
	if (tpm_secret_wrong(rc))
		return fail(ST_NO,
			    "TPM: attestation key cannot be made: the endorsement hierarchy has an authorization value; take it away for this (tpm2_changeauth -c endorsement)");
	return rc ? tpm_fail(rc, "attestation key cannot be made") : ST_OK;
}

/**
 * tpm_attestation_key() - the public part of the key that signs quotes
 * @tpm: as opened
 * @key: filled in; to be freed
 *
 * Return: ST_OK, or a status after saying why not.
 */
enum status tpm_attestation_key(struct tpm *tpm, struct attestation_key *key)
{
	const TPMS_ECC_POINT *point;
	enum status status;
	TPM2B_PUBLIC *public;
	ESYS_TR handle;

	memset(key, 0, sizeof(*key));
	status = make(tpm, &handle, &public);
	if (status)
		return status;
	point = &public->publicArea.unique.ecc;
	status = attestation_key_set(key, public->publicArea.parameters.eccDetail.curveID,
				     point->x.buffer, point->x.size,
				     point->y.buffer, point->y.size);
	Esys_Free(public);
	Esys_FlushContext(tpm->esys, handle);
	return status;
}

static TSS2_RC sign(struct tpm *tpm, ESYS_TR handle, const TPM2B_DATA *data,
		    struct quote *quote)
{
	const TPMT_SIG_SCHEME scheme = { .scheme = TPM2_ALG_NULL };
	const TPML_PCR_SELECTION selection = pcr_selection(quote->pcrs.algorithm,
							   quote->pcrs.mask);
	TPMT_SIGNATURE *signature = NULL;
	TPM2B_ATTEST *attest = NULL;
	TSS2_RC rc;

	rc = Esys_Quote(tpm->esys, handle, ESYS_TR_PASSWORD, ESYS_TR_NONE,
			ESYS_TR_NONE, data, &scheme, &selection, &attest,
			&signature);
	if (!rc && attest->size > sizeof(quote->attest))
		rc = TPM2_RC_SIZE;
	if (!rc) {
		quote->attest_size = attest->size;
		memcpy(quote->attest, attest->attestationData, attest->size);
		quote->signature_size = 0;
		rc = Tss2_MU_TPMT_SIGNATURE_Marshal(signature, quote->signature,
						    sizeof(quote->signature),
						    &quote->signature_size);
	}
	Esys_Free(signature);
	Esys_Free(attest);
	return rc;
}

/**
 * tpm_quote() - have the TPM sign what PCRs have, in one act
 * @tpm: as opened
 * @data: goes into what is signed, as extraData
 * @quote: has numbers and bank of the PCRs; gets what was signed, and the signature
 *
 * Return: ST_OK, or a status after saying why not.
 */
enum status tpm_quote(struct tpm *tpm, const __u8 data[QUOTE_DATA_SIZE],
		      struct quote *quote)
{
	TPM2B_DATA extra = { .size = QUOTE_DATA_SIZE };
	enum status status;
	TPM2B_PUBLIC *public;
	ESYS_TR handle;
	TSS2_RC rc;

	memcpy(extra.buffer, data, QUOTE_DATA_SIZE);
	status = make(tpm, &handle, &public);
	if (status)
		return status;
	rc = sign(tpm, handle, &extra, quote);
	if (rc)
		status = tpm_fail(rc, "the PCRs cannot be quoted");
	Esys_Free(public);
	Esys_FlushContext(tpm->esys, handle);
	return status;
}
