// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a verifier saw of a machine that it trusted, kept as a file, and held against
 * later quotes. A log alone shows nothing of the kernel that is said to have written
 * it: whoever is root on one that did not measure can extend modgate's PCR by any log.
 * The boot chain's PCRs are extended before such a kernel runs, and cannot be reset.
 */
#include <stdlib.h>
#include <string.h>

#include "attest.h"
#include "base.h"
#include "kernel.h"
#include "tpm.h"

#define EXPECTATION_VERSION 1
#define EXPECTATION_MAX 65536	/* in bytes */

/* What the log's first record says. */
static const char *machine_name(const struct quoted *quoted)
{
	const struct log *log = &quoted->log;

	return dash(log->n ? record_get(&log->entries[0].record, "machine-name") : NULL);
}

static __u32 chain_of(unsigned int pcr)
{
	return BOOT_CHAIN & ~(1U << pcr);
}

/* Has one of these anything in it that tells what was booted? */
static bool any_used(const struct quote *quote, __u32 mask)
{
	unsigned int pcr;

	for (pcr = 0; pcr < PCRS; pcr++)
		if (mask & 1U << pcr && !pcr_is_idle(&quote->pcrs, pcr))
			return true;
	return false;
}

/* If nothing tells one kernel, or one command line, from another, nothing is proven. */
static bool is_measured(const struct quote *quote, const struct checker *checker)
{
	if (!any_used(quote, 1U << BOOT_CHAIN_LOADER)) {
		checker_say(checker, "boot chain", ST_NO,
			    "PCR 4 has nothing in it: the firmware of this machine does not measure what it starts, so that any kernel looks the same");
		return false;
	}
	if (!any_used(quote, BOOT_CHAIN_LOADED & chain_of(quote->pcr))) {
		checker_say(checker, "boot chain", ST_NO,
			    "PCRs 8, 9 and 11 have nothing in them: neither a boot loader nor the kernel's EFI stub measures the command line, so that any one looks the same, and without UEFI any kernel");
		return false;
	}
	return true;
}

static struct json_object *expectation_json(const struct quote *quote,
					    const struct attestation_key *key,
					    const struct quoted *quoted)
{
	struct json_object *j = json_object_new_object();
	char *name = attestation_key_name(key);

	json_num(j, "version", EXPECTATION_VERSION);
	json_str(j, "attestation-key", name);
	json_str(j, "machine-name", machine_name(quoted));
	json_num(j, "pcr", quote->pcr);
	json_str(j, "bank", pcr_bank_name(quote->pcrs.algorithm));
	json_object_object_add(j, "pcrs", pcrs_json(&quote->pcrs, chain_of(quote->pcr)));
	free(name);
	return j;
}

static void report(void *data, const char *what, enum status status, const char *text)
{
	*(enum status *)data = fail(status, "%s: %s", what, text);
}

/**
 * expectation_make() - what a verifier sees now, as a file has it
 * @text: set to it, if there is something to be expected; to be freed
 * @quote: that was found to be good
 * @key: likewise
 * @quoted: likewise
 *
 * Return: ST_OK, or ST_NO after saying that nothing tells which kernel it was.
 */
enum status expectation_make(char **text, const struct quote *quote,
			     const struct attestation_key *key,
			     const struct quoted *quoted)
{
	const int flags = JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE;
	enum status status = ST_OK;
	const struct checker checker = { .say = report, .data = &status };
	struct json_object *j;

	*text = NULL;
	if (!is_measured(quote, &checker))
		return status;
	j = expectation_json(quote, key, quoted);
	*text = fmt("%s\n", json_object_to_json_string_ext(j, flags));
	json_object_put(j);
	return ST_OK;
}

/* The first field that is not as it should be, with the rule, or NULL. */
static const char *take(struct expectation *e, struct json_object *j)
{
	static const char *const known[] = {
		"version", "attestation-key", "machine-name", "pcr", "bank", "pcrs",
	};
	unsigned int version;
	const char *text;

	if (!json_has_only(j, known, ARRAY_SIZE(known)))
		return "it has a field that this version does not know, or one that is null";
	if (!json_small_number(j, "version", &version) || version != EXPECTATION_VERSION)
		return "version has to be 1";
	text = json_text(j, "attestation-key");
	if (!text || text[strspn(text, "0123456789abcdef")])
		return "attestation-key has to be a Name in lower-case hex digits";
	e->key_name = xstrdup(text);
	text = json_text(j, "machine-name");
	if (!text || (!is_digest(text) && strcmp(text, "-")))
		return "machine-name has to be a SHA-384 in hex digits, or \"-\"";
	e->machine_name = xstrdup(text);
	if (!json_small_number(j, "pcr", &e->pcr) || e->pcr < QUOTE_PCR_MIN ||
	    e->pcr > QUOTE_PCR_MAX)
		return "pcr has to be a number from 8 to 15";
	if (!pcr_bank_take(j, &e->pcrs))
		return "bank has to be \"sha384\" or \"sha256\"";
	if (!pcrs_take(j, &e->pcrs) || e->pcrs.mask != chain_of(e->pcr))
		return "pcrs has to be the boot chain's, each as long as the bank's hash";
	return NULL;
}

/**
 * expectation_read() - read what expectation_make() has made
 * @e: filled in; to be freed, also after an error
 * @path: of the file
 *
 * Return: ST_OK, ST_CORRUPT if it is none, or another status, after saying so.
 */
enum status expectation_read(struct expectation *e, const char *path)
{
	static const char *const remedy =
		"take it from a backup, or make it anew by --learn from a boot that you trust";
	struct json_object *j;
	const char *bad;
	size_t size;
	void *data;
	int err;

	memset(e, 0, sizeof(*e));
	err = file_read(path, EXPECTATION_MAX, &data, &size);
	if (err)
		return fail_errno(err, "--expect=%s: cannot be read (%s)", path, remedy);
	j = json_strict(data, size);
	free(data);
	bad = j ? take(e, j) : "it has to be one JSON object with each field once";
	json_object_put(j);
	return bad ? fail(ST_CORRUPT, "--expect=%s: not what --learn writes: %s; %s", path,
			  bad, remedy) : ST_OK;
}

/* Is it this machine, and can its values be compared? */
static bool check_machine(const struct expectation *e, const struct quote *quote,
			  const struct attestation_key *key, const struct quoted *quoted,
			  const struct checker *checker)
{
	char *name = attestation_key_name(key);
	bool good = !strcmp(name, e->key_name);

	if (!good)
		checker_say(checker, "expected", ST_NO,
			    "is another machine: its attestation key has Name %s", e->key_name);
	free(name);
	if (strcmp(machine_name(quoted), e->machine_name)) {
		checker_say(checker, "expected", ST_NO,
			    "is machine-name=%s, the log has %s", e->machine_name,
			    machine_name(quoted));
		good = false;
	}
	if (e->pcr == quote->pcr && e->pcrs.algorithm == quote->pcrs.algorithm)
		return good;
	checker_say(checker, "expected", ST_NO,
		    "is bank %s, and modgate in PCR %u; the quote has %s and %u: make it anew by --learn from a boot that you trust",
		    pcr_bank_name(e->pcrs.algorithm), e->pcr,
		    pcr_bank_name(quote->pcrs.algorithm), quote->pcr);
	return false;
}

static bool check_pcr(const struct expectation *e, const struct quote *quote,
		      unsigned int pcr, const struct checker *checker)
{
	char is[2 * PCR_SIZE_MAX + 1], was[2 * PCR_SIZE_MAX + 1], *what;

	if (!memcmp(e->pcrs.values[pcr], quote->pcrs.values[pcr], e->pcrs.size))
		return true;
	to_hex(is, quote->pcrs.values[pcr], e->pcrs.size);
	to_hex(was, e->pcrs.values[pcr], e->pcrs.size);
	what = fmt("PCR %u, %s", pcr, pcr_bank_name(e->pcrs.algorithm));
	checker_say(checker, what, ST_NO, "has changed: %s. It is %s, expected is %s",
		    pcr_covers(pcr), is, was);
	free(what);
	return false;
}

/**
 * expectation_check() - hold a quote against what is expected
 * @e: as read
 * @quote: whose PCRs the TPM has signed
 * @key: the attestation key of the machine
 * @quoted: what the quote says
 * @checker: takes the findings
 */
void expectation_check(const struct expectation *e, const struct quote *quote,
		       const struct attestation_key *key,
		       const struct quoted *quoted, const struct checker *checker)
{
	bool good = check_machine(e, quote, key, quoted, checker) &&
		    is_measured(quote, checker);
	bool same = good;
	unsigned int pcr;
	char *numbers;

	for (pcr = 0; good && pcr < PCRS; pcr++)
		if (e->pcrs.mask & 1U << pcr && !check_pcr(e, quote, pcr, checker))
			same = false;
	if (!same)
		return;
	numbers = pcr_numbers(e->pcrs.mask);
	checker_say(checker, "boot chain", ST_OK, "PCRs %s, %s, are as expected", numbers,
		    pcr_bank_name(e->pcrs.algorithm));
	free(numbers);
}

void expectation_free(struct expectation *e)
{
	free(e->key_name);
	free(e->machine_name);
	memset(e, 0, sizeof(*e));
}
