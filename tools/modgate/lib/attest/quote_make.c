// SPDX-License-Identifier: GPL-2.0-only
/*
 * A quote made: the kernel's log and receipt, and what the TPM signs of the PCR,
 * all of the same moment.
 */
#include <stdlib.h>
#include <string.h>
#include <tss2/tss2_tpm2_types.h>

#include "attest.h"
#include "base.h"
#include "kernel.h"
#include "tpm.h"

#define TRIES 16		/* while modules come up */

static enum status read_text(const struct kernel *kernel, const char *file, char **text)
{
	char *path = fmt("%s/%s", kernel->dir, file);
	enum status status = ST_OK;
	void *data = NULL;
	size_t size;
	int err = file_read(path, LOG_MAX, &data, &size);

	if (err)
		status = fail_errno(err, "%s", path);
	free(*text);
	*text = data;
	free(path);
	return status;
}

/* The best bank that the PCR has. */
static enum status choose_bank(struct tpm *tpm, struct quote *quote)
{
	struct pcr_bank banks[PCR_BANKS_MAX];
	enum status status;
	size_t n, i;

	status = pcr_read(tpm, quote->pcr, banks, &n);
	if (status)
		return status;
	for (i = 0; i < n; i++)
		if (banks[i].algorithm == TPM2_ALG_SHA384 ||
		    (banks[i].algorithm == TPM2_ALG_SHA256 && !quote->pcrs.algorithm))
			quote->pcrs.algorithm = banks[i].algorithm;
	if (!quote->pcrs.algorithm)
		return fail(ST_NO,
			    "TPM: PCR %u has no bank for SHA-384 or SHA-256; switch one on (tpm2_pcrallocate)",
			    quote->pcr);
	return ST_OK;
}

/* Receipt, PCRs, and what the TPM signs, one after the other. */
static enum status take(struct tpm *tpm, const struct kernel *kernel,
			struct quote *quote)
{
	__u8 data[QUOTE_DATA_SIZE];
	enum status status;

	status = read_text(kernel, "receipt", &quote->receipt);
	if (!status)
		status = pcr_read_set(tpm, &quote->pcrs);
	if (status)
		return status;
	quote_data(quote, data);
	return tpm_quote(tpm, data, quote);
}

/*
 * The kernel extends the PCR and keeps the record while nobody reads the log. So if
 * the log is the same before and after, the PCR had what it says between; and so had the
 * others what is the same before and after.
 */
static enum status make(struct tpm *tpm, const struct kernel *kernel,
			struct quote *quote)
{
	struct pcr_set pcrs = quote->pcrs;
	enum status status;
	char *later = NULL;
	int try;

	status = read_text(kernel, "log", &quote->log);
	for (try = 0; !status && try < TRIES; try++) {
		status = take(tpm, kernel, quote);
		if (!status)
			status = pcr_read_set(tpm, &pcrs);
		if (!status)
			status = read_text(kernel, "log", &later);
		if (status || (!strcmp(later, quote->log) &&
			       !memcmp(pcrs.values, quote->pcrs.values, sizeof(pcrs.values))))
			break;
		free(quote->log);
		quote->log = later;
		later = NULL;
	}
	free(later);
	if (try == TRIES)
		status = fail(ST_NO, "PCRs change faster than the TPM quotes; try again");
	return status;
}

/* Why the kernel measures nothing, by what state says of the TPM. */
static const char *why_not(const struct kernel *kernel)
{
	static const struct {
		const char *tpm;
		const char *why;
	} reasons[] = {
		{ "late",
		  "a TPM 2.0 is there now, but came after the kernel had chosen: its driver is a module, or somebody kept it away until then. Nothing of this boot is measured",
		},
		{ "refused",
		  "what it found when it started is virtual, being upgraded, or no TPM 2.0",
		},
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(reasons); i++)
		if (record_is(&kernel->state, "tpm", reasons[i].tpm))
			return reasons[i].why;
	return "it found no TPM 2.0 when it started";
}

/**
 * quote_make() - have the TPM quote what the kernel has measured
 * @quote: filled in; to be freed, also after an error
 * @o: options
 * @nonce: of the verifier
 *
 * Return: ST_OK, or a status after saying why not.
 */
enum status quote_make(struct quote *quote, const struct options *o,
		       const struct nonce *nonce)
{
	unsigned long long pcr = 0;
	struct tpm *tpm = NULL;
	struct kernel kernel;
	enum status status;

	memset(quote, 0, sizeof(*quote));
	quote->nonce = *nonce;
	quote->kernel = kernel_release();
	kernel_read_state(&kernel, o);
	status = measure_need(&kernel);
	if (!status &&
	    (!number_parse(record_get(&kernel.state, "pcr"), &pcr) || pcr > QUOTE_PCR_MAX))
		status = fail(ST_NO,
			      "%s/state: pcr=%s: the kernel measures into no PCR: %s",
			      kernel.dir, dash(record_get(&kernel.state, "pcr")), why_not(&kernel));
	quote->pcr = pcr;
	quote->pcrs.mask = quote_mask(pcr);
	if (!status)
		status = tpm_open(&tpm);
	if (!status)
		status = choose_bank(tpm, quote);
	if (!status)
		status = make(tpm, &kernel, quote);
	tpm_close(tpm);
	kernel_free(&kernel);
	return status;
}
