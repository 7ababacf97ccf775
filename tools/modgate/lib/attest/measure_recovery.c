// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the PCR has in a recovery boot of this machine, before a document is
 * accepted: the kernel's first record, and nothing else.
 */
#include <stdlib.h>
#include <string.h>
#include <tss2/tss2_tpm2_types.h>

#include "attest.h"
#include "base.h"
#include "kernel.h"
#include "tpm.h"

#define NORMAL "seq=1 event=boot kind=normal "
#define RECOVERY "seq=1 event=boot kind=recovery "
#define COUNTS " reset-count="

/* What is wrong, and whether the bank was found that the key is bound to. */
struct found {
	enum status worst;
	bool bank;
};

static void take(void *data, const char *what, enum status status,
		 const char *text)
{
	struct found *found = data;

	if (!status && !strncmp(what, "PCR ", 4) && has_suffix(what, ", sha256"))
		found->bank = true;
	if (status && !found->worst)
		found->worst = fail(status, "%s: %s", what, text);
}

/*
 * The record @line of this boot as a recovery boot would have it, which does not count
 * the TPM's starts: nobody could tell now what they will be. To be freed.
 */
static char *as_recovery(const char *line, size_t length)
{
	const char *counts = strstr(line, COUNTS), *rest = line;

	if (!strncmp(line, NORMAL, strlen(NORMAL)))
		rest += strlen(NORMAL);
	else if (!strncmp(line, RECOVERY, strlen(RECOVERY)))
		rest += strlen(RECOVERY);
	else
		return NULL;
	if (!counts || counts > line + length)
		return NULL;
	return fmt(RECOVERY "%.*s" COUNTS "- restart-count=-", (int)(counts - rest), rest);
}

/* The first record of a recovery boot; to be freed. */
static char *first_record(const struct kernel *kernel)
{
	char *path = fmt("%s/log", kernel->dir);
	char *line = NULL;
	void *data;
	size_t size;
	int err = file_read(path, LOG_MAX, &data, &size);

	if (err) {
		fail_errno(err, "%s", path);
	} else {
		line = as_recovery(data, strcspn(data, "\n"));
		if (!line)
			fail(ST_CORRUPT, "%s: does not begin with a boot", path);
		free(data);
	}
	free(path);
	return line;
}

/* What the PCR has now must be what the log makes of it. */
static enum status check(const struct kernel *kernel, unsigned int pcr)
{
	struct found found = { 0 };
	const struct checker checker = { .say = take, .data = &found };
	enum status status = measure_log_check(kernel, NULL, &checker);

	if (!status)
		status = found.worst;
	if (!status && !found.bank)
		status = fail(ST_NO,
			      "TPM: PCR %u has no bank for SHA-256; switch it on (tpm2_pcrallocate)",
			      pcr);
	return status;
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
		status = check(&kernel, number);
	if (!status) {
		line = first_record(&kernel);
		if (!line)
			status = ST_NO;
	}
	if (!status) {
		*pcr = number;
		memset(expected, 0, sizeof(*expected));
		expected->algorithm = TPM2_ALG_SHA256;
		expected->size = EVP_MD_get_size(EVP_sha256());
		pcr_extend(EVP_sha256(), EVP_sha256(), line, strlen(line),
			   expected->value);
	}
	free(line);
	kernel_free(&kernel);
	return status;
}
