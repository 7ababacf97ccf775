// SPDX-License-Identifier: GPL-2.0-only
/*
 * Dictionary-attack protection: how many wrong passphrases the TPM allows before it
 * locks, and for how long, as it reports itself (TPM 2.0 Library, Part 1, chapter
 * 19.8).
 */
#include <stdlib.h>

#include "base.h"
#include "esys.h"
#include "tpm.h"

static bool property(struct tpm *tpm, TPM2_PT which, UINT32 *value)
{
	TPMS_CAPABILITY_DATA *data = NULL;
	bool good = false;
	TSS2_RC rc;

	rc = Esys_GetCapability(tpm->esys, ESYS_TR_NONE, ESYS_TR_NONE,
				ESYS_TR_NONE, TPM2_CAP_TPM_PROPERTIES, which, 1,
				NULL, &data);
	if (!rc && data->data.tpmProperties.count == 1 &&
	    data->data.tpmProperties.tpmProperty[0].property == which) {
		*value = data->data.tpmProperties.tpmProperty[0].value;
		good = true;
	}
	Esys_Free(data);
	return good;
}

/* For people; to be freed. */
static char *duration(UINT32 seconds)
{
	if (seconds < 120)
		return fmt("%u seconds", seconds);
	if (seconds < 7200)
		return fmt("%u minutes", (seconds + 59) / 60);
	return fmt("%u hours", (seconds + 3599) / 3600);
}

static char *no_tries(UINT32 interval)
{
	static const char *const way_out =
		"its lockout authorization ends this (tpm2_dictionarylockout --clear-lockout)";
	char *after, *text;

	/* The count falls by one in each interval; with zero it never does. */
	if (!interval)
		return fmt("the TPM is locked out for good: %s", way_out);
	after = duration(interval);
	text = fmt("the TPM is locked out and takes one try again in %s at the latest; %s",
		   after, way_out);
	free(after);
	return text;
}

/**
 * tpm_tries() - describe how many more tries the TPM allows
 * @tpm: as opened
 *
 * Return: text to append to an error, which the caller frees.
 */
char *tpm_tries(struct tpm *tpm)
{
	UINT32 counter, most, interval, permanent;
	char *text, *after;

	if (!property(tpm, TPM2_PT_PERMANENT, &permanent) ||
	    !property(tpm, TPM2_PT_LOCKOUT_COUNTER, &counter) ||
	    !property(tpm, TPM2_PT_MAX_AUTH_FAIL, &most) ||
	    !property(tpm, TPM2_PT_LOCKOUT_INTERVAL, &interval))
		return fmt("each try counts in the TPM");
	if (permanent & TPMA_PERMANENT_INLOCKOUT)
		return no_tries(interval);
	after = duration(interval);
	text = fmt("the TPM takes %u more before it locks out (of %u; one comes back every %s)",
		   most > counter ? most - counter : 0, most, after);
	free(after);
	return text;
}

/* Can root, without any secret, switch off the counting of wrong passphrases? */
bool tpm_lockout_open(struct tpm *tpm)
{
	UINT32 permanent;

	return property(tpm, TPM2_PT_PERMANENT, &permanent) &&
	       !(permanent & TPMA_PERMANENT_LOCKOUTAUTHSET);
}

/* Warn about that, once, if the TPM keeps a secret. */
void tpm_lockout_warn(struct tpm *tpm)
{
	static bool warned;

	if (!warned && tpm_lockout_open(tpm)) {
		warn("the TPM's lockout authorization is not set: %s",
		     "root can end the counting of wrong passphrases; set one, and keep it elsewhere (tpm2_changeauth -c lockout)");
		warned = true;
	}
}
