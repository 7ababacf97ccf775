// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the PCR has in a recovery boot of this machine, before a document is
 * accepted: the kernel's first record, and nothing else.
 */
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <tss2/tss2_tpm2_types.h>

#include "measure_log.h"

#define LINE_MAX_BYTES 65536
#define NORMAL "seq=1 event=boot kind=normal "
#define RECOVERY "seq=1 event=boot kind=recovery "

/* Keep the worst that was found. */
static void take(void *data, const char *what, enum status status,
		 const char *text)
{
	enum status *worst = data;

	if (status && !*worst)
		*worst = fail(status, "%s: %s", what, text);
}

/* The first record of this boot, as a recovery boot would have it. */
static char *first_record(const struct kernel *kernel)
{
	char *path = fmt("%s/log", kernel->dir);
	char *line = NULL;
	void *data;
	size_t size;
	int err = file_read(path, LINE_MAX_BYTES, &data, &size);

	if (err) {
		fail_errno(err, "%s", path);
	} else {
		int length = strcspn(data, "\n");

		if (!strncmp(data, NORMAL, strlen(NORMAL)))
			line = fmt(RECOVERY "%.*s", length - (int)strlen(NORMAL),
				   (char *)data + strlen(NORMAL));
		else if (!strncmp(data, RECOVERY, strlen(RECOVERY)))
			line = fmt("%.*s", length, (char *)data);
		else
			fail(ST_CORRUPT, "%s: does not begin with a boot", path);
		free(data);
	}
	free(path);
	return line;
}

static bool extend(const char *line, struct pcr_bank *bank)
{
	const EVP_MD *md = EVP_sha256();
	__u8 both[2 * EVP_MAX_MD_SIZE] = { 0 };

	bank->algorithm = TPM2_ALG_SHA256;
	bank->name = "sha256";
	bank->size = EVP_MD_get_size(md);
	return EVP_Digest(line, strlen(line), both + bank->size, NULL, md, NULL) &&
	       EVP_Digest(both, 2 * bank->size, bank->value, NULL, md, NULL);
}

/* It must be there, and what the kernel measures must be what it has. */
static enum status check(const struct kernel *kernel)
{
	enum status worst = ST_OK;
	const struct checker checker = { .say = take, .data = &worst };
	enum status status = measure_log_check(kernel, NULL, &checker);

	return status ? status : worst;
}

static enum status check_bank(unsigned int pcr)
{
	struct pcr_bank banks[PCR_BANKS_MAX];
	enum status status;
	struct tpm *tpm;
	size_t n, i;

	status = tpm_open(&tpm);
	if (!status)
		status = pcr_read(tpm, pcr, banks, &n);
	tpm_close(tpm);
	if (status)
		return status;
	for (i = 0; i < n; i++)
		if (banks[i].algorithm == TPM2_ALG_SHA256)
			return ST_OK;
	return fail(ST_NO, "TPM: PCR %u has no bank for SHA-256; switch it on (tpm2_pcrallocate)",
		    pcr);
}

/**
 * measure_recovery() - what will the PCR have in a recovery boot?
 * @o: options
 * @pcr: set to its number
 * @expected: filled in for the bank of SHA-256
 *
 * The rest of the command line is taken to be as it is now: what state says of
 * freshness and machine is part of the record. In this boot the PCR has to be
 * what the log makes of it.
 *
 * Return: ST_OK, or a status after saying why it cannot be told.
 */
enum status measure_recovery(const struct options *o, unsigned int *pcr,
			     struct pcr_bank *expected)
{
	unsigned long long number;
	struct kernel kernel;
	enum status status = ST_OK;
	char *line = NULL;

	kernel_read(&kernel, o);
	if (!kernel.present)
		status = kernel_missing(&kernel);
	else if (!number_parse(dash(record_get(&kernel.state, "pcr")), &number) || number > 23)
		status = fail(ST_NO, "%s/state: the kernel measures into no PCR: %s",
			      kernel.dir,
			      "it found no TPM 2.0 when it started, or is not provisioned (modgate.anchor=)");
	if (!status)
		status = check(&kernel);
	if (!status)
		status = check_bank(number);
	if (!status) {
		line = first_record(&kernel);
		if (!line || !extend(line, expected))
			status = ST_NO;
		*pcr = number;
	}
	free(line);
	kernel_free(&kernel);
	return status;
}
