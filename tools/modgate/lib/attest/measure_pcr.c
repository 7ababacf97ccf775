// SPDX-License-Identifier: GPL-2.0-only
/*
 * The log replayed: what it makes of the PCR, bank by bank.
 */
#include <stdlib.h>
#include <string.h>

#include "attest.h"
#include "base.h"
#include "kernel.h"
#include "tpm.h"

static void hash(const EVP_MD *md, const void *data, size_t size, __u8 *digest)
{
	if (!EVP_Digest(data, size, digest, NULL, md, NULL))
		exit(fail(ST_NO, "%s: OpenSSL cannot make it",
			  EVP_MD_get0_name(md)));
}

/**
 * pcr_extend() - what a record makes of a PCR
 * @bank_md: hash of the bank
 * @line_md: hash of the record; its digest is cut, or padded with zeros, to the
 *	     size of the bank's
 * @line: the record, without the newline
 * @length: of @line, in bytes
 * @value: of the PCR before; set to the one after
 */
void pcr_extend(const EVP_MD *bank_md, const EVP_MD *line_md, const char *line,
		size_t length, __u8 *value)
{
	const size_t size = EVP_MD_get_size(bank_md);
	__u8 digest[EVP_MAX_MD_SIZE] = { 0 }, both[2 * EVP_MAX_MD_SIZE];

	hash(line_md, line, length, digest);
	memcpy(both, value, size);
	memcpy(both + size, digest, size);
	hash(bank_md, both, 2 * size, value);
}

/**
 * measure_replay() - what the log makes of a PCR that begins as zeros
 * @log: split into lines
 * @bank_md: hash of the bank
 * @line_md: hash of the records, see pcr_extend()
 * @value: set to what the PCR has to be
 */
void measure_replay(const struct log *log, const EVP_MD *bank_md,
		    const EVP_MD *line_md, __u8 *value)
{
	size_t i;

	memset(value, 0, EVP_MD_get_size(bank_md));
	for (i = 0; i < log->n; i++)
		pcr_extend(bank_md, line_md, log->entries[i].bytes,
			   log->entries[i].size, value);
}

static bool makes(const struct log *log, const struct pcr_bank *bank,
		  const EVP_MD *bank_md, const EVP_MD *line_md, __u8 *value)
{
	measure_replay(log, bank_md, line_md, value);
	return !memcmp(value, bank->value, bank->size);
}

/* Does the log make what is in this bank? */
static bool check_bank(const struct log *log, const char *what,
		       const struct pcr_bank *bank, const EVP_MD *md)
{
	char expected[2 * PCR_SIZE_MAX + 1], actual[2 * PCR_SIZE_MAX + 1];
	__u8 other[EVP_MAX_MD_SIZE], value[EVP_MAX_MD_SIZE];

	to_hex(actual, bank->value, bank->size);
	if (makes(log, bank, md, md, value)) {
		checker_say(log->out, what, ST_OK, "the log makes what it has: %s", actual);
		return true;
	}
	if (makes(log, bank, md, EVP_sha384(), other)) {
		checker_say(log->out, what, ST_OK,
			    "the log makes what it has, by SHA-384, since the kernel does not know this hash: %s",
			    actual);
		return true;
	}
	to_hex(expected, value, bank->size);
	checker_say(log->out, what, ST_CORRUPT, "has %s, the log makes %s%s", actual,
		    expected, strspn(actual, "0") == 2 * bank->size ?
		    "; nothing was measured into it since the TPM started" : "");
	return false;
}

static void explain(const struct log *log, const char *what)
{
	const char *errors = dash(record_get(&log->kernel->state,
					     "measure-errors"));

	checker_say(log->out, what, ST_CORRUPT,
		    "causes can be: the log was changed; something else was measured into this PCR too (systemd-stub: system extensions, into 13); the TPM did not take a record (measure-errors=%s); the kernel holds another TPM than this one",
		    errors);
}

static void check_banks(const struct log *log, unsigned int pcr,
			const struct pcr_bank *banks, size_t n)
{
	char *what = fmt("PCR %u", pcr);
	size_t i, checked = 0;
	bool good = true;

	for (i = 0; i < n; i++) {
		const EVP_MD *md = banks[i].name ?
				   EVP_get_digestbyname(banks[i].name) : NULL;
		char *bank = banks[i].name ?
			     fmt("%s, %s", what, banks[i].name) :
			     fmt("%s, bank 0x%04x", what, banks[i].algorithm);

		if (!md || (size_t)EVP_MD_get_size(md) != banks[i].size) {
			checker_say(log->out, bank, ST_OK,
				    "is not checked: this version does not know its hash");
		} else {
			checked++;
			if (!check_bank(log, bank, &banks[i], md))
				good = false;
		}
		free(bank);
	}
	if (!good)
		explain(log, what);
	else if (!checked)
		checker_say(log->out, what, ST_NO,
			    "has no bank that could be checked (tpm2_getcap pcrs): the log can only be believed");
	free(what);
}

/**
 * measure_pcr_check() - does the log make what the TPM's PCR has?
 * @log: as read; the findings go to its checker
 */
void measure_pcr_check(const struct log *log)
{
	struct pcr_bank banks[PCR_BANKS_MAX];
	enum status status;
	unsigned long long pcr;
	struct tpm *tpm;
	size_t n;

	if (!number_parse(record_get(&log->kernel->state, "pcr"), &pcr)) {
		checker_say(log->out, "TPM", ST_NO,
			    "the kernel holds no TPM 2.0: nothing is measured into it, and the log can only be believed");
		return;
	}
	status = tpm_open(&tpm);
	if (!status)
		status = pcr_read(tpm, pcr, banks, &n);
	if (status)
		checker_say(log->out, "TPM", status,
			    "cannot be asked, so the log can only be believed");
	else
		check_banks(log, pcr, banks, n);
	tpm_close(tpm);
}

