// SPDX-License-Identifier: GPL-2.0-only
/*
 * modgate receipt: which third-party modules have been in this kernel since
 * power-on, as the kernel wrote it down; of earlier boots as well, and for others
 * by a quote of the TPM.
 */
#include <stdlib.h>
#include <string.h>

#include "attest.h"
#include "base.h"
#include "collection.h"
#include "kernel.h"
#include "programs.h"
#include "quotes.h"
#include "receipt.h"
#include "report.h"

/* What the command line asks for. */
struct request {
	bool check;
	bool verify;
	bool history;
	bool file;
	const char *boot;	/* name of a filed receipt, or NULL */
	const char *diff;	/* likewise */
	struct attest_request attest;
};

#define TRIES 16		/* while modules come up */

/* Name of an authority of the local policy in force; else the start of its digest. */
static char *authority_name(const struct kernel *kernel, const char *hex)
{
	__u8 digest[MODGATE_DIGEST_SIZE];
	const struct record *line;

	if (!hex || !digest_parse(digest, hex))
		return xstrdup("-");
	line = kernel_list(kernel, digest);
	if (line && record_get(line, "name"))
		return xstrdup(record_get(line, "name"));
	return fmt("%.12s", hex);
}

static void show_line(const struct kernel *kernel, const struct record *line)
{
	char *authority = authority_name(kernel, record_get(line, "authority"));
	bool permanent = record_is(line, "permanent", "yes");

	say("%-24s %-7s %-12s %5s  %-10s %-12s %-16.16s  %s\n",
	    record_get(line, "name"), record_get(line, "state"),
	    record_get(line, "reason"), record_get(line, "loads"),
	    permanent ? "permanent" : "-", authority,
	    record_get(line, "digest"), record_get(line, "time"));
	free(authority);
}

static void show_left_out(const struct member *m, const char *state)
{
	say_mark(false);
	say("%s: %s: %s\n", dash(m->name), dash(state), dash(m->detail));
}

/* What the collection of the running kernel left out, and why. */
static void left_out(const struct options *o, struct json_object *array)
{
	char *release = kernel_release();
	struct collection c;
	size_t i;

	collection_begin(&c, o, NULL, release);
	collection_read(&c);
	for (i = 0; i < c.n; i++) {
		const struct member *m = &c.members[i];
		struct json_object *j;
		char *state;

		if (!m->left_out)
			continue;
		state = state_text(STATE_LEFT_OUT, m->reason);
		if (!array) {
			show_left_out(m, state);
			free(state);
			continue;
		}
		j = json_object_new_object();
		json_str(j, "name", m->name);
		json_str(j, "state", state);
		free(state);
		json_digest(j, "digest", m->digest);
		json_str(j, "reason", m->reason);
		json_str(j, "detail", m->detail);
		json_object_array_add(array, j);
	}
	collection_free(&c);
	free(release);
}

static void receipt_show_json(const struct receipt *r, const struct options *o, bool now)
{
	struct json_object *j = json_object_new_object();
	struct json_object *modules = json_object_new_array();
	struct json_object *out = json_object_new_array();
	size_t i;

	for (i = 0; i < r->n; i++)
		json_object_array_add(modules, record_json(&r->lines[i]));
	json_object_object_add(j, "modules", modules);
	if (now)
		left_out(o, out);
	json_object_object_add(j, "left_out", out);
	json_num(j, "lost", record_number(&r->end, "lost"));
	json_str(j, "sha384", record_get(&r->end, "sha384"));
	json_out(j);
}

static void receipt_show(const struct receipt *r, const struct options *o,
			 const struct kernel *kernel, bool now)
{
	size_t i;

	if (o->json) {
		receipt_show_json(r, o, now);
		return;
	}
	if (receipt_is_empty(r))
		say("No third-party module has been in this kernel since power-on.\n");
	if (r->n)
		say("%-24s %-7s %-12s %5s  %-10s %-12s %-16s  %s\n", "NAME", "STATE",
		    "REASON", "LOADS", "FLAGS", "AUTHORITY", "DIGEST", "TIME");
	for (i = 0; i < r->n; i++)
		show_line(kernel, &r->lines[i]);
	if (!record_is(&r->end, "lost", "0")) {
		say_mark(false);
		say("and %s more came up without a line\n",
		    dash(record_get(&r->end, "lost")));
	}
	if (now)
		left_out(o, NULL);
	say("sha384 %s\n", dash(record_get(&r->end, "sha384")));
}

/*
 * For programs that want to know whether any third-party code is in the kernel. What was
 * allowed and did not come up counts: the loader had begun with it.
 */
static enum status check_receipt(const struct receipt *r, const struct options *o)
{
	struct json_object *j;
	size_t i;

	if (o->json) {
		j = json_object_new_object();
		json_yes(j, "clean", receipt_is_empty(r));
		json_num(j, "modules", r->n);
		json_out(j);
	} else if (receipt_is_empty(r)) {
		say("No third-party module has been in this kernel since power-on.\n");
	} else {
		say("Third-party modules since power-on: %zu:", r->n);
		for (i = 0; i < r->n; i++)
			say(" %s%s", dash(record_get(&r->lines[i], "name")),
			    record_is(&r->lines[i], "state", "judged") ?
			    " (allowed, did not come up)" : "");
		say("\n");
	}
	return receipt_is_empty(r) ? ST_OK : ST_NO;
}

/* Has the kernel written or measured something since? All is read anew, to find out. */
static bool read_anew(struct receipt *r, struct kernel *kernel, const struct options *o)
{
	unsigned long long before = record_number(&kernel->state, "measured");
	char *end = xstrdup(dash(record_get(&r->end, "sha384")));
	bool changed;

	kernel_free(kernel);
	kernel_read(kernel, o);
	receipt_free(r);
	changed = !receipt_read_kernel(r, kernel) &&
		  (record_number(&kernel->state, "measured") != before ||
		   !record_is(&r->end, "sha384", end));
	free(end);
	return changed;
}

/* Modules may come up between reading the receipt, the log, the PCR, and IMA's list. */
static enum status receipt_verify(struct receipt *r, struct kernel *kernel, const struct options *o)
{
	struct findings findings = { 0 };
	const struct checker checker = { .say = findings_take, .data = &findings };
	enum status status;
	int try = 0;

	do {
		findings_end(&findings);
		findings_begin(&findings, o, true);
		status = receipt_check(r, kernel, o, &checker);
	} while (!status && findings.status && ++try < TRIES && read_anew(r, kernel, o));
	if (!status)
		findings_show(&findings);
	findings_end(&findings);
	return status ? status : findings.status;
}

static enum status history(const struct options *o)
{
	struct json_object *array = json_object_new_array(), *j;
	char **names;
	size_t n, i;

	names = receipt_names(o, &n);
	for (i = 0; i < n; i++) {
		struct receipt r;
		enum status bad = receipt_read_filed(&r, o, names[i]);

		if (o->json) {
			j = json_object_new_object();
			json_str(j, "boot", names[i]);
			json_yes(j, "good", !bad);
			json_num(j, "modules", r.n);
			json_str(j, "sha384", record_get(&r.end, "sha384"));
			json_object_array_add(array, j);
		} else if (!bad) {
			say("%s  %zu module(s)\n", dash(names[i]), r.n);
		}
		receipt_free(&r);
	}
	if (o->json)
		json_out(array);
	else
		json_object_put(array);
	if (!n && !o->json)
		say("No receipt is filed; 'modgate rebuild' files one at each boot.\n");
	receipt_names_free(names, n);
	return ST_OK;
}

static void differences(const struct receipt *a, const struct receipt *b,
			const char *sign, struct json_object *array)
{
	size_t i;

	for (i = 0; i < a->n; i++) {
		const struct record *line = &a->lines[i];
		struct json_object *j;

		if (receipt_same(b, a->hashed[i]))
			continue;
		if (array) {
			j = record_json(line);
			json_str(j, "change", *sign == '+' ? "added" : "removed");
			json_object_array_add(array, j);
			continue;
		}
		say("%s %s (%s) %s\n", sign, dash(record_get(line, "name")),
		    dash(record_get(line, "reason")), dash(record_get(line, "digest")));
	}
}

static enum status diff(const struct receipt *old, const struct receipt *new,
			const struct options *o)
{
	struct json_object *array = o->json ? json_object_new_array() : NULL;
	bool same = true;
	size_t i;

	for (i = 0; i < old->n; i++)
		same &= !!receipt_same(new, old->hashed[i]);
	for (i = 0; i < new->n; i++)
		same &= !!receipt_same(old, new->hashed[i]);
	differences(old, new, "-", array);
	differences(new, old, "+", array);
	if (array)
		json_out(array);
	else if (same)
		say("The same modules came up.\n");
	return same ? ST_OK : ST_NO;
}

static enum status file_now(const struct options *o, const struct kernel *kernel)
{
	enum status status;
	char *name = NULL;

	if (!kernel->present)
		return kernel_missing(kernel);
	status = receipt_file(o, kernel, &name);
	if (!status && !o->json) {
		say_mark(true);
		say("receipt filed: %s\n", dash(name));
	}
	free(name);
	return status;
}

static enum status receipt(const struct options *o, const struct request *q)
{
	struct kernel kernel;
	struct receipt r = { 0 }, old = { 0 };
	enum status status;

	if (q->history)
		return history(o);
	kernel_read(&kernel, o);
	if (q->file) {
		status = file_now(o, &kernel);
		kernel_free(&kernel);
		return status;
	}
	status = q->boot ? receipt_read_filed(&r, o, q->boot) :
			   receipt_read_kernel(&r, &kernel);
	if (!status && q->diff)
		status = receipt_read_filed(&old, o, q->diff);
	if (!status && q->diff)
		status = diff(&old, &r, o);
	else if (!status && q->check)
		status = check_receipt(&r, o);
	else if (!status && q->verify)
		status = receipt_verify(&r, &kernel, o);
	else if (!status)
		receipt_show(&r, o, &kernel, !q->boot);
	receipt_free(&r);
	receipt_free(&old);
	kernel_free(&kernel);
	return status;
}

static enum status receipt_options(int argc, char **argv, struct options *o,
				   struct request *q)
{
	static const struct option options[] = {
		{ "check", no_argument, NULL, 'c' },
		{ "verify", no_argument, NULL, 'v' },
		{ "history", no_argument, NULL, 'h' },
		{ "file", no_argument, NULL, 'f' },
		{ "boot", required_argument, NULL, 'b' },
		{ "diff", required_argument, NULL, 'd' },
		{ "quote", required_argument, NULL, 'q' },
		{ "output", required_argument, NULL, 'o' },
		{ "attestation-key", optional_argument, NULL, 'k' },
		{ "verify-quote", required_argument, NULL, 'w' },
		{ "nonce", required_argument, NULL, 'n' },
		{ "pcr", required_argument, NULL, 'p' },
		{ "learn", required_argument, NULL, 'l' },
		{ "expect", required_argument, NULL, 'e' },
		{ 0 }
	};
	int c;

	while ((c = next_option(argc, argv, options, o)) != -1) {
		if (c == 'c') {
			q->check = true;
		} else if (c == 'v') {
			q->verify = true;
		} else if (c == 'h') {
			q->history = true;
		} else if (c == 'f') {
			q->file = true;
		} else if (c == 'b') {
			q->boot = optarg;
		} else if (c == 'd') {
			q->diff = optarg;
		} else if (c == 'q') {
			q->attest.make = optarg;
		} else if (c == 'o') {
			q->attest.output = optarg;
		} else if (c == 'k') {
			q->attest.key = true;
			q->attest.key_file = optarg;
		} else if (c == 'w') {
			q->attest.verify = optarg;
		} else if (c == 'n') {
			q->attest.nonce = optarg;
		} else if (c == 'p') {
			q->attest.pcr = optarg;
		} else if (c == 'l') {
			q->attest.learn = optarg;
		} else if (c == 'e') {
			q->attest.expect = optarg;
		} else {
			return ST_USAGE;
		}
	}
	if (optind != argc && q->attest.key)
		return usage("--attestation-key takes a file as --attestation-key=%s",
			     argv[optind]);
	if (optind != argc)
		return usage("%s: receipt takes no arguments", argv[optind]);
	if (q->check + q->verify + q->history + q->file + !!q->diff > 1)
		return usage("--check, --verify, --history, --file, --diff: one of them");
	if (q->boot && (q->check || q->verify || q->history || q->file))
		return usage("--boot goes with --diff, or alone");
	if (attest_wanted(&q->attest) &&
	    (q->check || q->verify || q->history || q->file || q->boot || q->diff))
		return usage("a quote or attestation key cannot be combined with other options");
	return ST_OK;
}

static enum status receipt_run(int argc, char **argv, struct options *o)
{
	struct request q = { 0 };
	enum status status = receipt_options(argc, argv, o, &q);

	if (status)
		return status;
	if (attest_wanted(&q.attest))
		return attest_run(o, &q.attest);
	return receipt(o, &q);
}

const struct verb verb_receipt = {
	.name = "receipt",
	.summary = "Show which third-party modules have been in this kernel since power-on",
	.usage = "[--boot=NAME] [--diff=NAME]\n"
		 "   or: modgate [options] receipt --check | --verify | --history | --file\n"
		 "   or: modgate [options] receipt --quote=NONCE [--output=FILE]\n"
		 "   or: modgate [options] receipt --attestation-key\n"
		 "   or: modgate [options] receipt --verify-quote=FILE --nonce=NONCE\n"
		 "                                 --attestation-key=FILE [--pcr=N]\n"
		 "                                 [--expect=FILE | --learn=FILE]",
	.run = receipt_run,
};
