// SPDX-License-Identifier: GPL-2.0-only
/*
 * The TPM's PCRs (TPM 2.0 Library, Part 3, 22.4 and 30.2). Read without a
 * session: who has to trust what a PCR has, and not only see whether it is as it
 * should be, wants a quote.
 */
#include <string.h>

#include "tpm_esys.h"

static const char *hash_name(TPM2_ALG_ID algorithm)
{
	switch (algorithm) {
	case TPM2_ALG_SHA1:
		return "sha1";
	case TPM2_ALG_SHA256:
		return "sha256";
	case TPM2_ALG_SHA384:
		return "sha384";
	case TPM2_ALG_SHA512:
		return "sha512";
	default:
		return NULL;
	}
}

/* Leave @pcr only; false if it is not there. */
static bool narrow(TPMS_PCR_SELECTION *s, unsigned int pcr)
{
	const BYTE bit = 1 << pcr % 8;

	if (pcr / 8 >= s->sizeofSelect || !(s->pcrSelect[pcr / 8] & bit))
		return false;
	memset(s->pcrSelect, 0, sizeof(s->pcrSelect));
	s->pcrSelect[pcr / 8] = bit;
	return true;
}

/* One bank at a time, since a TPM may answer with fewer than it was asked for. */
static TSS2_RC read_bank(struct tpm *tpm, const TPMS_PCR_SELECTION *selection,
			 struct pcr_bank *bank)
{
	const TPML_PCR_SELECTION one = {
		.count = 1,
		.pcrSelections[0] = *selection,
	};
	TPML_DIGEST *digests;
	TSS2_RC rc;

	rc = Esys_PCR_Read(tpm->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
			   &one, NULL, NULL, &digests);
	if (rc)
		return rc;
	if (digests->count == 1 && digests->digests[0].size <= PCR_SIZE_MAX) {
		bank->size = digests->digests[0].size;
		memcpy(bank->value, digests->digests[0].buffer, bank->size);
	} else {
		rc = TPM2_RC_SIZE;
	}
	Esys_Free(digests);
	return rc;
}

/**
 * pcr_read() - what a PCR has, in each bank that is on
 * @tpm: as opened
 * @pcr: its number
 * @banks: filled in
 * @n: their number
 *
 * Return: ST_OK if the TPM has answered.
 */
enum status pcr_read(struct tpm *tpm, unsigned int pcr,
		     struct pcr_bank banks[PCR_BANKS_MAX], size_t *n)
{
	TPMS_CAPABILITY_DATA *data;
	TSS2_RC rc;
	__u32 i;

	*n = 0;
	rc = Esys_GetCapability(tpm->esys, ESYS_TR_NONE, ESYS_TR_NONE,
				ESYS_TR_NONE, TPM2_CAP_PCRS, 0, 1, NULL, &data);
	if (rc)
		return tpm_fail(rc, "which PCRs there are");
	for (i = 0; !rc && i < data->data.assignedPCR.count; i++) {
		TPMS_PCR_SELECTION s = data->data.assignedPCR.pcrSelections[i];
		struct pcr_bank *bank = &banks[*n];

		if (!narrow(&s, pcr))
			continue;
		bank->algorithm = s.hash;
		bank->name = hash_name(s.hash);
		rc = read_bank(tpm, &s, bank);
		++*n;
	}
	Esys_Free(data);
	return rc ? tpm_fail(rc, "the PCR cannot be read") : ST_OK;
}
