// SPDX-License-Identifier: GPL-2.0-only
/*
 * modgate receipt --quote, --attestation-key, --verify-quote: the receipt for
 * somebody on another machine, who trusts the TPM of this one, and nothing that
 * runs on it.
 */
#include <stdlib.h>
#include <string.h>

#include "attest.h"
#include "base.h"
#include "kernel.h"
#include "programs.h"
#include "quotes.h"
#include "receipt.h"
#include "report.h"
#include "tpm.h"

/*
 * What a verifier has to know before anything else, who would else take the log for the
 * kernel's. With --learn he says that he trusts this boot.
 */
static const char *const not_proven[] = {
	"The kernel is not proven: whoever is root on a kernel that did not measure can extend modgate's PCR by any log, this one too.",
	"--expect=FILE holds the boot chain against what --learn=FILE has kept of a boot that you trust.",
};

/* Records of one event; documents with whether they came before state boot ended. */
static struct json_object *records_json(const struct log *log, const char *event)
{
	struct json_object *array = json_object_new_array(), *j;
	size_t i;

	for (i = 0; i < log->n; i++) {
		const struct entry *e = &log->entries[i];

		if (strcmp(e->event, event))
			continue;
		j = record_json(&e->record);
		if (entry_is_document(e))
			json_yes(j, "in-time", i < log->end);
		json_object_array_add(array, j);
	}
	return array;
}

static struct json_object *clock_json(const TPMS_CLOCK_INFO *clock)
{
	struct json_object *j = json_object_new_object();

	json_num(j, "resets", clock->resetCount);
	json_num(j, "restarts", clock->restartCount);
	json_num(j, "clock", clock->clock);
	json_yes(j, "safe", clock->safe);
	return j;
}

static void quotes_show_json(const struct quote *quote, const struct quoted *q,
			     const struct findings *f, const struct attest_request *request)
{
	static const char *const events[] = {
		"boot", "policy", "list", "sealed", "closed", "module",
	};
	struct json_object *j = json_object_new_object();
	bool proven = request->expect && !f->status;
	size_t i;

	json_yes(j, "kernel-proven", proven);
	json_str(j, "kernel-proof", proven ? "--expect" : request->expect ? NULL : not_proven[0]);
	json_yes(j, "good", !f->status);
	json_object_object_add(j, "checks", json_object_get(f->json));
	if (!f->status) {
		json_str(j, "kernel", quote->kernel);
		for (i = 0; i < ARRAY_SIZE(events); i++)
			json_object_object_add(j, events[i],
					       records_json(&q->log, events[i]));
		json_object_object_add(j, "tpm", clock_json(&q->clock));
		json_str(j, "bank", pcr_bank_name(quote->pcrs.algorithm));
		json_object_object_add(j, "pcrs", pcrs_json(&quote->pcrs, quote->pcrs.mask));
	}
	json_out(j);
}

/* The value of a key in a record, for people. */
static void show_value(const struct entry *e, const char *before, const char *key)
{
	say("%s%s", before, dash(record_get(&e->record, key)));
}

static void show_document(const struct log *log, size_t i)
{
	const struct entry *e = &log->entries[i];

	show_value(e, "", "event");
	show_value(e, ": generation ", "generation");
	show_value(e, ", digest ", "digest");
	show_value(e, ", signer ", "signer");
	say("%s\n", i < log->end ? "" : "; after state boot had ended, so not in force");
}

/* What the kernel has measured of itself. */
static void show_boot(const struct log *log)
{
	const struct entry *boot = &log->entries[0];
	bool closed = false;
	size_t i;

	show_value(boot, "boot: ", "kind");
	show_value(boot, ", freshness ", "freshness");
	show_value(boot, ", machine by ", "machine");
	show_value(boot, ": ", "machine-name");
	say("\n");
	for (i = 0; i < log->n; i++) {
		const struct entry *e = &log->entries[i];

		if (entry_is_document(e)) {
			show_document(log, i);
		} else if (!strcmp(e->event, "sealed")) {
			show_value(e, "sealed: state boot ended by ", "by");
			say("\n");
		} else if (!strcmp(e->event, "closed")) {
			show_value(e, "closed: after ", "lines");
			say(" module(s)\n");
			closed = true;
		}
	}
	if (log->end == log->n)
		say("not sealed: state boot had not ended\n");
	else if (!closed)
		say("not closed: whatever is approved could still load\n");
}

/* What became of it, the receipt says: that is not measured. */
static const char *never_up(const struct receipt *receipt, size_t i)
{
	return i < receipt->n && record_is(&receipt->lines[i], "state", "judged") ?
	       "; allowed, and never came up" : "";
}

static void show_modules(const struct log *log, const struct receipt *receipt)
{
	size_t i, n = 0;

	if (!receipt->n) {
		say("No third-party module had been in this kernel since power-on.\n");
		return;
	}
	say("Third-party modules in this kernel since power-on: %zu\n", receipt->n);
	for (i = 0; i < log->n; i++) {
		const struct entry *e = &log->entries[i];

		if (strcmp(e->event, "module"))
			continue;
		show_value(e, "  ", "name");
		show_value(e, " (", "reason");
		show_value(e, ") ", "digest");
		say("%s\n", never_up(receipt, n++));
	}
}

static void quotes_show(const struct quote *quote, const struct quoted *q)
{
	say("kernel: %s, as the machine says\n", dash(quote->kernel));
	say("TPM: started %u time(s), suspended %u time(s) since, clock %llu ms%s\n",
	    q->clock.resetCount, q->clock.restartCount,
	    (unsigned long long)q->clock.clock,
	    q->clock.safe ? "" :
	    ", which may have gone back: the TPM lost power without notice");
	show_boot(&q->log);
	show_modules(&q->log, &q->receipt);
}

static enum status write_output(const char *path, const char *text)
{
	char *copy = fmt("%s%s", strchr(path, '/') ? "" : "./", path);
	char *slash = strrchr(copy, '/');
	int err;

	*slash = '\0';
	err = file_replace(*copy ? copy : "/", slash + 1, text, strlen(text), 0644);
	free(copy);
	return err ? fail_errno(err, "%s", path) : ST_OK;
}

/* Kept for --expect. Nothing is, if anything is wrong. */
static enum status learn(const struct options *o, const char *path, const struct quote *quote,
			 const struct attestation_key *key, const struct quoted *quoted)
{
	enum status status;
	char *text;

	status = expectation_make(&text, quote, key, quoted);
	if (!status)
		status = write_output(path, text);
	free(text);
	if (!status && !o->json) {
		say_mark(true);
		say("learnt: %s has the boot chain of this boot, and is worth as much\n",
		    path);
	}
	return status;
}

/* With what was learnt before, if it is asked for. */
static void quotes_check(const struct quote *quote, const struct attestation_key *key,
			 const struct nonce *nonce, unsigned int pcr,
			 const struct expectation *expected, const struct checker *checker,
			 struct quoted *quoted)
{
	quote_check(quote, key, nonce, pcr, checker, quoted);
	if (expected && quoted->signed_pcrs)
		expectation_check(expected, quote, key, quoted, checker);
}

static enum status verify_by(const struct options *o, const struct attest_request *q,
			     const struct nonce *nonce, unsigned int pcr,
			     const struct attestation_key *key,
			     const struct expectation *expected)
{
	struct findings findings;
	const struct checker checker = { .say = findings_take, .data = &findings };
	struct quoted quoted;
	struct quote quote;
	enum status status;

	status = quote_read(&quote, q->verify);
	if (status) {
		quote_free(&quote);
		return status;
	}
	findings_begin(&findings, o, false);
	if (!o->json && !expected && !q->learn)
		say("%s\n%s\n", not_proven[0], not_proven[1]);
	quotes_check(&quote, key, nonce, pcr, expected, &checker, &quoted);
	status = findings.status;
	if (!status && q->learn)
		status = learn(o, q->learn, &quote, key, &quoted);
	if (o->json)
		quotes_show_json(&quote, &quoted, &findings, q);
	else if (findings.status)
		say("Nothing of what this quote says can be believed.\n");
	else
		quotes_show(&quote, &quoted);
	findings_end(&findings);
	quoted_free(&quoted);
	quote_free(&quote);
	return status;
}

static enum status quotes_verify(const struct options *o, const struct attest_request *q,
				 const struct nonce *nonce, unsigned int pcr)
{
	struct expectation expected = { 0 };
	struct attestation_key key;
	enum status status;

	status = attestation_key_read(&key, q->key_file);
	if (status)
		return status;
	if (q->expect)
		status = expectation_read(&expected, q->expect);
	if (!status)
		status = verify_by(o, q, nonce, pcr, &key, q->expect ? &expected : NULL);
	expectation_free(&expected);
	attestation_key_free(&key);
	return status;
}

static enum status quotes_make(const struct options *o, const struct attest_request *q,
			       const struct nonce *nonce)
{
	const int flags = JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE;
	struct json_object *j;
	struct quote quote;
	enum status status;
	char *text;

	status = quote_make(&quote, o, nonce);
	if (!status) {
		j = quote_json(&quote);
		if (q->output) {
			text = fmt("%s\n", json_object_to_json_string_ext(j, flags));
			status = write_output(q->output, text);
			free(text);
			json_object_put(j);
		} else {
			json_out(j);
		}
	}
	quote_free(&quote);
	return status;
}

/* The PEM alone on standard output, so that it can be sent to a file. */
static void show_key(const struct options *o, const struct attestation_key *key)
{
	char *pem = attestation_key_pem(key), *name = attestation_key_name(key);
	struct json_object *j;

	if (o->json) {
		j = json_object_new_object();
		json_str(j, "curve", attestation_key_curve(key));
		json_str(j, "name", name);
		json_str(j, "pem", pem);
		json_out(j);
	} else {
		say_lines(pem);
		say_error("%s, Name %s\n"
			  "Whoever verifies quotes has to know that this key is in the TPM of this machine:\n"
			  "take it over while the machine is trusted, as when it is set up; or have the TPM\n"
			  "prove it by its endorsement key (tpm2_makecredential with this Name, and\n"
			  "tpm2_activatecredential): 'Attestation' in the admin guide has the commands.\n",
			  attestation_key_curve(key), name);
	}
	free(pem);
	free(name);
}

static enum status print_key(const struct options *o)
{
	struct attestation_key key;
	enum status status;
	struct tpm *tpm;

	status = tpm_open(&tpm);
	if (status)
		return status;
	status = tpm_attestation_key(tpm, &key);
	tpm_close(tpm);
	if (!status)
		show_key(o, &key);
	attestation_key_free(&key);
	return status;
}

bool attest_wanted(const struct attest_request *q)
{
	return q->make || q->output || q->verify || q->nonce || q->key || q->pcr ||
	       q->learn || q->expect;
}

/* What does not go together; ST_OK if there is nothing. */
static enum status check_request(const struct attest_request *q)
{
	if (q->verify && !(q->nonce && q->key_file))
		return usage("--verify-quote wants --nonce=NONCE and --attestation-key=FILE");
	if (!q->verify && (q->nonce || q->key_file || q->pcr || q->learn || q->expect))
		return usage("%s go with --verify-quote",
			     "--nonce, --attestation-key=FILE, --pcr, --learn and --expect");
	if (q->learn && q->expect)
		return usage("--learn, or --expect: trust this boot, or hold it against another");
	if (!!q->make + !!q->verify + (q->key && !q->key_file) > 1)
		return usage("--quote, --verify-quote and --attestation-key are different things");
	if (q->output && !q->make)
		return usage("--output goes with --quote");
	return ST_OK;
}

/**
 * attest_run() - make or verify a quote, or print the attestation key
 * @o: options
 * @q: what is asked for
 *
 * Return: ST_OK, or a status after saying why not.
 */
enum status attest_run(const struct options *o, const struct attest_request *q)
{
	const char *hex = q->make ? q->make : q->nonce;
	unsigned long long pcr = QUOTE_PCR;
	enum status status = check_request(q);
	struct nonce nonce;

	if (status)
		return status;
	if (hex && !nonce_parse(&nonce, hex))
		return usage("%s: not a nonce of %d to %d bytes in hex digits", hex,
			     NONCE_MIN, NONCE_MAX);
	if (q->pcr && (!number_parse(q->pcr, &pcr) || pcr < QUOTE_PCR_MIN ||
		       pcr > QUOTE_PCR_MAX))
		return usage("--pcr=%s: modgate measures into one of %d to %d", q->pcr,
			     QUOTE_PCR_MIN, QUOTE_PCR_MAX);
	if (q->verify)
		return quotes_verify(o, q, &nonce, pcr);
	return q->make ? quotes_make(o, q, &nonce) : print_key(o);
}
