// SPDX-License-Identifier: GPL-2.0-only
/*
 * The TPM's PCRs (TPM 2.0 Library, Part 3, 22.4 and 30.2). Read without a session: good
 * enough for a look; whoever must trust the value needs a quote.
 */
#include <string.h>

#include "base.h"
#include "esys.h"
#include "tpm.h"

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

/* Reduce the selection to @pcr; false if it is not in there. */
static bool narrow(TPMS_PCR_SELECTION *s, unsigned int pcr)
{
	const BYTE bit = 1 << pcr % 8;

	if (pcr / 8 >= s->sizeofSelect || !(s->pcrSelect[pcr / 8] & bit))
		return false;
	memset(s->pcrSelect, 0, sizeof(s->pcrSelect));
	s->pcrSelect[pcr / 8] = bit;
	return true;
}

/* Read one bank at a time, since a TPM may return fewer than requested. */
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
 * pcr_read() - read a PCR in each active bank
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

/* Selection of the PCRs of @mask in one bank. */
TPML_PCR_SELECTION pcr_selection(__u16 algorithm, __u32 mask)
{
	const TPML_PCR_SELECTION selection = {
		.count = 1,
		.pcrSelections[0] = {
			.hash = algorithm,
			.sizeofSelect = PCRS / 8,
			.pcrSelect = { mask, mask >> 8, mask >> 16 },
		},
	};

	return selection;
}

/* Which PCRs a TPM has returned. */
static __u32 answered(const TPML_PCR_SELECTION *selection)
{
	const TPMS_PCR_SELECTION *s = &selection->pcrSelections[0];
	__u32 mask = 0;
	unsigned int i;

	for (i = 0; selection->count == 1 && i < s->sizeofSelect && i < PCRS / 8; i++)
		mask |= (__u32)s->pcrSelect[i] << 8 * i;
	return mask;
}

/* Store their values, which come in ascending order of PCRs. */
static TSS2_RC take(struct pcr_set *set, __u32 mask, const TPML_DIGEST *digests)
{
	unsigned int pcr, n = 0;

	for (pcr = 0; pcr < PCRS; pcr++) {
		if (!(mask & 1U << pcr))
			continue;
		if (n == digests->count || digests->digests[n].size > PCR_SIZE_MAX)
			return TPM2_RC_SIZE;
		set->size = digests->digests[n].size;
		memcpy(set->values[pcr], digests->digests[n++].buffer, set->size);
	}
	return TSS2_RC_SUCCESS;
}

/**
 * pcr_read_set() - what several PCRs have in one bank
 * @tpm: as opened
 * @set: in: bank and mask; out: the values
 *
 * A TPM returns at most eight per command, so the values may be from different times.
 *
 * Return: ST_OK, or a status after saying why not.
 */
enum status pcr_read_set(struct tpm *tpm, struct pcr_set *set)
{
	__u32 left = set->mask;
	TSS2_RC rc = 0;

	while (left && !rc) {
		const TPML_PCR_SELECTION wanted = pcr_selection(set->algorithm, left);
		TPML_PCR_SELECTION *got;
		TPML_DIGEST *digests;

		rc = Esys_PCR_Read(tpm->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
				   &wanted, NULL, &got, &digests);
		if (rc)
			break;
		rc = answered(got) & left ? take(set, answered(got) & left, digests) :
					    TPM2_RC_VALUE;
		left &= ~answered(got);
		Esys_Free(got);
		Esys_Free(digests);
	}
	return rc ? tpm_fail(rc, "the PCRs cannot be read") : ST_OK;
}
