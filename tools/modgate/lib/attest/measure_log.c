// SPDX-License-Identifier: GPL-2.0-only
/*
 * The log of what the kernel has measured: has it the form that the kernel
 * gives it, does it tell what is in force, and does it make the PCR? See
 * "Measurement" in Documentation/security/modgate.rst.
 */
#include <stdlib.h>
#include <string.h>

#include "attest.h"
#include "base.h"
#include "kernel.h"

#define RECORD_MAX 767		/* in bytes; of the kernel's */

/* The events that this version knows, with the keys of each. */
static const struct event {
	const char *name;
	const char *keys[7];
} events[] = {
	{ "boot", { "kind", "freshness", "machine", "machine-name", "reset-count",
		    "restart-count" } },
	{ "policy", { "digest", "signer", "generation", "counter" } },
	{ "list", { "digest", "signer", "generation", "counter" } },
	{ "sealed", { "by" } },
	{ "closed", { "lines", "sha384" } },
	{ "lost", { "lines" } },
	{ "module", { "number", "digest", "name", "reason", "authority" } },
	{ "pcr-changed", { "bank", "value" } },
};

/* Something is wrong with the line at index @i. */
static void __printf(3, 4) broken(struct log *log, size_t i,
				  const char *format, ...)
{
	char *what = fmt("log: line %zu", i + 1), *text;
	va_list ap;

	va_start(ap, format);
	text = vfmt(format, ap);
	va_end(ap);
	checker_say(log->out, what, ST_CORRUPT, "%s", text);
	free(text);
	free(what);
	log->good = false;
}

/* Is it about a local policy or a list? */
bool entry_is_document(const struct entry *e)
{
	return !strcmp(e->event, "policy") || !strcmp(e->event, "list");
}

static void split(struct log *log)
{
	const char *at = log->text, *end = log->text + log->size, *newline;

	for (; at < end; at = newline + 1) {
		newline = memchr(at, '\n', end - at);
		if (!newline)
			newline = end;
		log->entries = xgrow(log->entries, log->n,
				     sizeof(*log->entries));
		log->entries[log->n].bytes = at;
		log->entries[log->n].event = "";
		log->entries[log->n++].size = newline - at;
	}
}

/* Only what a terminal may be shown is taken apart. */
static bool check_bytes(struct log *log, size_t i)
{
	const struct entry *e = &log->entries[i];
	size_t at;

	if (e->size > RECORD_MAX) {
		broken(log, i, "has %zu bytes, a record has %u at most",
		       e->size, RECORD_MAX);
		return false;
	}
	for (at = 0; at < e->size; at++)
		if (e->bytes[at] < ' ' || e->bytes[at] > '~') {
			broken(log, i,
			       "byte %zu is not printable ASCII: not a record of the kernel's",
			       at + 1);
			return false;
		}
	return true;
}

static void check_seq(struct log *log, size_t i)
{
	const struct record *r = &log->entries[i].record;
	unsigned long long seq;

	if (r->n < 2 || strcmp(r->keys[0], "seq") ||
	    strcmp(r->keys[1], "event") ||
	    !number_parse(r->values[0], &seq))
		broken(log, i,
		       "does not begin with seq=NUMBER event=WORD: not a record of the kernel's");
	else if (seq != i + 1)
		broken(log, i,
		       "has seq=%llu, expected seq=%zu: a record is missing, was added, or is out of place",
		       seq, i + 1);
}

static void check_keys(struct log *log, size_t i)
{
	const struct entry *e = &log->entries[i];
	const char *const *key;
	size_t k;

	for (k = 0; k < ARRAY_SIZE(events); k++)
		if (!strcmp(events[k].name, e->event))
			break;
	if (k == ARRAY_SIZE(events)) {
		if (*e->event)
			checker_say(log->out, "log", ST_OK,
				    "line %zu: event %s is not known to this version",
				    i + 1, e->event);
		return;
	}
	for (key = events[k].keys; *key; key++)
		if (!record_has(&e->record, *key))
			broken(log, i, "event %s without %s=", e->event, *key);
}

/* The boot first and only then, and one end of state boot at most. */
static void check_order(struct log *log, size_t i)
{
	const char *event = log->entries[i].event;
	bool boot = !strcmp(event, "boot");

	if (boot != !i)
		broken(log, i, boot ? "a second boot; a restart begins a new log" :
		       "the first record has to be event=boot; it is missing");
	if (strcmp(event, "sealed"))
		return;
	if (log->end < log->n)
		broken(log, i, "state boot ended before, in line %zu",
		       log->end + 1);
	else
		log->end = i;
}

/* Did the kernel find something in the PCR that it had not left there? */
static void check_changed(struct log *log, size_t i)
{
	const struct entry *e = &log->entries[i];

	if (strcmp(e->event, "pcr-changed"))
		return;
	log->good = false;
	checker_say(log->out, "log", ST_CORRUPT,
		    "line %zu: the kernel found %s in bank %s of its PCR, which it had not left there: the TPM was reset, or somebody else has extended it",
		    i + 1, dash(record_get(&e->record, "value")),
		    dash(record_get(&e->record, "bank")));
}

/**
 * measure_log_form() - has a log the form that the kernel gives it?
 * @log: its checker and text; the lines are filled in; to be freed
 */
void measure_log_form(struct log *log)
{
	size_t i;

	split(log);
	log->good = true;
	log->end = log->n;
	for (i = 0; i < log->n; i++) {
		struct entry *e = &log->entries[i];
		char *text;

		if (check_bytes(log, i)) {
			text = fmt("%.*s", (int)e->size, e->bytes);
			record_parse(&e->record, text, ' ');
			free(text);
			if (record_get(&e->record, "event"))
				e->event = record_get(&e->record, "event");
			check_seq(log, i);
			check_keys(log, i);
			check_changed(log, i);
		}
		check_order(log, i);
	}
	if (!log->n)
		checker_say(log->out, "log", ST_CORRUPT,
			    "is empty; a provisioned machine's begins with its boot");
	else if (log->text[log->size - 1] != '\n')
		broken(log, log->n - 1, "has no newline at its end: it was cut off");
	else if (log->good)
		checker_say(log->out, "log", ST_OK, "%zu record(s) without a gap", log->n);
}

void measure_log_free(struct log *log)
{
	size_t i;

	for (i = 0; i < log->n; i++)
		record_free(&log->entries[i].record);
	free(log->entries);
}

/* Was it measured in time? */
static bool is_measured(const struct log *log, const char *event,
			const char *digest)
{
	size_t i;

	for (i = 0; i < log->end; i++)
		if (!strcmp(log->entries[i].event, event) &&
		    record_is(&log->entries[i].record, "digest", digest))
			return true;
	return false;
}

static bool is_in_force(const struct kernel *kernel, const struct entry *e)
{
	const char *digest = record_get(&e->record, "digest");
	size_t i;

	if (!digest)
		return false;
	if (!strcmp(e->event, "policy"))
		return record_is(&kernel->policy, "digest", digest);
	for (i = 0; i < kernel->n_lists; i++)
		if (record_is(&kernel->lists[i], "digest", digest))
			return true;
	return false;
}

/* A document that is in force, if @digest is one. */
static bool check_document(const struct log *log, const char *event,
			   const char *name, const char *digest)
{
	if (!digest || is_measured(log, event, digest))
		return true;
	checker_say(log->out, "kernel", ST_CORRUPT,
		    "%s: in force, and not in the log before state boot ended: digest %s",
		    name, digest);
	return false;
}

/* Every document that is in force was measured, and the other way round. */
static void check_in_force(const struct log *log)
{
	const struct kernel *kernel = log->kernel;
	bool good;
	size_t i;

	if (!kernel->privileged) {
		checker_say(log->out, "kernel", ST_PRIVILEGE,
			    "what is in force may not be read; try as root");
		return;
	}
	good = check_document(log, "policy", "local policy",
			      record_get(&kernel->policy, "digest"));
	for (i = 0; i < kernel->n_lists; i++) {
		const struct record *list = &kernel->lists[i];
		char *name = fmt("list of %s", dash(record_get(list, "name")));

		if (!check_document(log, "list", name,
				    record_get(list, "digest")))
			good = false;
		free(name);
	}
	for (i = 0; i < log->n; i++) {
		const struct entry *e = &log->entries[i];

		if (!entry_is_document(e) || is_in_force(kernel, e))
			continue;
		/* The last one may come into force just now. */
		if (i + 1 == log->n && record_is(&kernel->state, "state", "boot"))
			continue;
		good = false;
		checker_say(log->out, "kernel", ST_CORRUPT,
			    "line %zu: this %s was measured, and is not in force",
			    i + 1, e->event);
	}
	if (good)
		checker_say(log->out, "kernel", ST_OK,
			    "the documents in force are those in the log");
}

/* Those that the TPM did not take are in the log all the same. */
static void check_measured(const struct log *log)
{
	const struct record *state = &log->kernel->state;
	unsigned long long measured = record_number(state, "measured");

	if (record_get(state, "pcr") &&
	    (measured > log->n || measured + record_number(state, "measure-errors") < log->n))
		checker_say(log->out, "kernel", ST_CORRUPT,
			    "has measured %llu record(s), the log has %zu",
			    measured, log->n);
}

/* What the kernel says in state, and what its log says. */
static void check_state(const struct log *log)
{
	const struct record *state = &log->kernel->state;
	const bool sealed = !record_is(state, "state", "boot");
	const bool ended = log->end < log->n;

	check_measured(log);
	if (log->n && record_has(&log->entries[0].record, "freshness") &&
	    !record_is(&log->entries[0].record, "freshness",
		       dash(record_get(state, "freshness"))))
		checker_say(log->out, "kernel", ST_CORRUPT,
			    "line 1: freshness is %s in the kernel's state",
			    dash(record_get(state, "freshness")));
	if (sealed && !ended)
		checker_say(log->out, "kernel", ST_CORRUPT,
			    "state boot has ended, and the log has no record of it: nobody can tell what came after its last one");
	else if (!sealed && ended)
		checker_say(log->out, "kernel", ST_CORRUPT,
			    "is in state boot, the log says that it ended");
	else if (ended &&
		 !record_is(&log->entries[log->end].record, "by",
			    dash(record_get(state, "ended-by"))))
		checker_say(log->out, "kernel", ST_CORRUPT,
			    "line %zu: what ended state boot is %s in the kernel's state",
			    log->end + 1, dash(record_get(state, "ended-by")));
}

static void check_errors(const struct log *log)
{
	unsigned long long n = record_number(&log->kernel->state,
					     "measure-errors");

	if (n)
		checker_say(log->out, "kernel", ST_NO,
			    "measure-errors=%llu: so many records did not get into the PCR or into the log; the kernel log names them; a restart begins anew",
			    n);
	n = record_number(&log->kernel->state, "pcr-changed");
	if (n)
		checker_say(log->out, "kernel", ST_CORRUPT,
			    "pcr-changed=%llu: so often did the PCR have something else than the kernel had left there",
			    n);
}

/* Does this kernel measure? Says why not. */
enum status measure_need(const struct kernel *kernel)
{
	const struct record *state = &kernel->state;

	if (!kernel->present)
		return kernel_missing(kernel);
	if (!record_is(state, "provisioned", "yes"))
		return fail(ST_UNPROVISIONED,
			    "this machine is not provisioned, so nothing is measured; put the output of 'modgate key --pin' on the kernel command line");
	if (!record_has(state, "pcr"))
		return fail(ST_NO,
			    "the kernel's modgate does not measure: %s/state has no pcr=",
			    kernel->dir);
	if (!record_has(state, "measured"))
		return fail(ST_PRIVILEGE,
			    "%s/state: what was measured is shown to root only; try as root",
			    kernel->dir);
	return ST_OK;
}

/**
 * measure_log_check() - verify a log of what was measured
 * @kernel: as read
 * @file: the log, or NULL for the kernel's own
 * @checker: takes the findings
 *
 * Return: ST_OK if there is a log to be verified, whatever was found; or a
 * status after saying why not.
 */
enum status measure_log_check(const struct kernel *kernel, const char *file,
			      const struct checker *checker)
{
	struct log log = { .kernel = kernel, .out = checker };
	enum status status = measure_need(kernel);
	char *path;
	void *data;
	int err;

	if (status)
		return status;
	path = file ? xstrdup(file) : fmt("%s/log", kernel->dir);
	err = file_read(path, LOG_MAX, &data, &log.size);
	if (err)
		status = fail_errno(err, "%s", path);
	free(path);
	if (status)
		return status;
	log.text = data;
	measure_log_form(&log);
	measure_pcr_check(&log);
	check_state(&log);
	check_in_force(&log);
	check_errors(&log);
	measure_log_free(&log);
	free(data);
	return ST_OK;
}
