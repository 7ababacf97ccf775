// SPDX-License-Identifier: GPL-2.0-only
/*
 * A receipt held against itself, against what was measured into the PCR, and
 * against IMA's list.
 */
#include <stdlib.h>
#include <string.h>

#include "attest.h"
#include "base.h"
#include "kernel.h"
#include "receipt.h"

#define IMA_LIST_MAX (256U << 20)	/* in bytes */

/* The last line is made from those above it. */
static void check_itself(const struct receipt *r, const struct checker *out)
{
	__u8 digest[MODGATE_DIGEST_SIZE];
	char hex[HEX_SIZE];
	bool good = true;
	size_t i;

	for (i = 0; i < r->n; i++)
		if (record_number(&r->lines[i], "number") != i + 1) {
			checker_say(out, "receipt", ST_CORRUPT,
				    "line %zu has number=%s: a line is missing, was added, or is out of place",
				    i + 1, dash(record_get(&r->lines[i], "number")));
			good = false;
		}
	if (record_number(&r->end, "lines") != r->n) {
		checker_say(out, "receipt", ST_CORRUPT, "has %zu line(s), its end says %s",
			    r->n, dash(record_get(&r->end, "lines")));
		good = false;
	}
	receipt_hash(r, digest);
	digest_hex(hex, digest);
	if (!record_is(&r->end, "sha384", hex)) {
		checker_say(out, "receipt", ST_CORRUPT, "the lines make %s, its end says %s",
			    hex, dash(record_get(&r->end, "sha384")));
		good = false;
	}
	if (!record_is(&r->end, "lost", "0")) {
		checker_say(out, "receipt", ST_NO,
			    "lost=%s: so many modules came up without a line, as nothing is refused in this boot",
			    dash(record_get(&r->end, "lost")));
		good = false;
	}
	if (good)
		checker_say(out, "receipt", ST_OK, "%zu line(s) make its running hash", r->n);
}

/* What of a record is behind @event, which is after "seq=NUMBER"; or NULL. */
static const char *behind(const char *record, const char *event)
{
	size_t size;

	if (strncmp(record, "seq=", 4))
		return NULL;
	record += 4 + strspn(record + 4, "0123456789");
	size = strlen(event);
	return strncmp(record, event, size) ? NULL : record + size;
}

/* What was measured of the receipt: its lines, in order, and was one lost? */
static char **measured_lines(const char *text, size_t *n, bool *lost)
{
	char **lines = NULL, *copy = xstrdup(text), *rest = copy, *record;

	*n = 0;
	*lost = false;
	while ((record = strsep(&rest, "\n"))) {
		const char *line = behind(record, " event=module ");

		if (behind(record, " event=lost "))
			*lost = true;
		if (!line)
			continue;
		lines = xgrow(lines, *n, sizeof(*lines));
		lines[(*n)++] = xstrdup(line);
	}
	free(copy);
	return lines;
}

/*
 * Line by line what was measured, no more and no less; but with @late the first lines
 * may be missing.
 */
static void check_log(const struct receipt *r, const char *path, const char *text,
		      bool late, const struct checker *out)
{
	size_t n, i, skip;
	bool lost, complete = record_is(&r->end, "lost", "0");
	char **lines = measured_lines(text, &n, &lost);
	bool good = n == r->n || (late && n < r->n);

	if (!good)
		checker_say(out, path, ST_CORRUPT, "has %zu module(s), the receipt has %zu line(s)",
			    n, r->n);
	skip = late && n < r->n ? r->n - n : 0;
	for (i = 0; i < n; i++) {
		if (skip + i < r->n && strcmp(lines[i], r->hashed[skip + i])) {
			checker_say(out, path, ST_CORRUPT,
				    "line %zu of the receipt is not what was measured: %s",
				    skip + i + 1, lines[i]);
			good = false;
		}
		free(lines[i]);
	}
	if (lost ? complete : !complete && !late) {
		checker_say(out, path, ST_CORRUPT,
			    "it was %smeasured that a module has no line, the receipt says lost=%s",
			    lost ? "" : "not ", dash(record_get(&r->end, "lost")));
		good = false;
	}
	if (good && skip)
		checker_say(out, path, ST_OK,
			    "each line of the receipt from number %zu on was measured as it is; its policy came later than those before",
			    skip + 1);
	else if (good)
		checker_say(out, path, ST_OK, "each line of the receipt was measured as it is");
	free(lines);
}

/* A line of IMA's list with data in it, decoded; to be freed, NULL if it has none. */
static char *ima_data(char *line)
{
	char *fields[6], *text;
	unsigned int byte;
	size_t n = 0, i, size;

	while (n < ARRAY_SIZE(fields) && (fields[n] = strsep(&line, " ")))
		n++;
	if (n < 6 || strcmp(fields[2], "ima-buf") ||
	    (strcmp(fields[4], "module") && strcmp(fields[4], "lost")))
		return NULL;
	size = strlen(fields[5]) / 2;
	text = xzalloc(size + 1);
	for (i = 0; i < size; i++)
		if (sscanf(fields[5] + 2 * i, "%2x", &byte) == 1)
			text[i] = byte;
	return text;
}

/* What IMA's list has of the receipt, one record a line; to be freed. */
static char *ima_text(char *list)
{
	char *all = xstrdup(""), *line;

	while ((line = strsep(&list, "\n"))) {
		char *data = ima_data(line), *longer;

		if (!data)
			continue;
		longer = fmt("%s%s\n", all, data);
		free(all);
		free(data);
		all = longer;
	}
	return all;
}

static void check_ima(const struct receipt *r, const struct options *o,
		      const struct checker *out)
{
	char *path = o->securityfs ?
		     fmt("%s/ima/ascii_runtime_measurements", o->securityfs) :
		     fmt("%s/sys/kernel/security/ima/ascii_runtime_measurements", o->root);
	char *text = NULL;
	size_t size;
	void *data = NULL;

	if (!file_read(path, IMA_LIST_MAX, &data, &size))
		text = ima_text(data);
	if (text && *text)
		check_log(r, "IMA's list", text, true, out);
	else
		checker_say(out, "IMA's list", ST_OK,
			    "is not checked: IMA's policy does not ask for modgate's critical data");
	free(text);
	free(data);
	free(path);
}

/**
 * receipt_check_log() - hold a receipt against itself and against a log
 * @receipt: as read
 * @log: text of what was measured
 * @checker: takes the findings
 */
void receipt_check_log(const struct receipt *receipt, const char *log,
		       const struct checker *checker)
{
	check_itself(receipt, checker);
	check_log(receipt, "log", log, false, checker);
}

/**
 * receipt_check() - verify the receipt of this boot
 * @receipt: as read from the kernel
 * @kernel: as read
 * @o: options
 * @checker: takes the findings
 *
 * Return: ST_OK if there was something to verify, whatever was found; or a status
 * after saying why not.
 */
enum status receipt_check(const struct receipt *receipt,
			  const struct kernel *kernel, const struct options *o,
			  const struct checker *checker)
{
	char *path = fmt("%s/log", kernel->dir);
	enum status status = ST_OK;
	size_t size;
	void *data;
	int err;

	check_itself(receipt, checker);
	err = file_read(path, LOG_MAX, &data, &size);
	if (err) {
		status = fail_errno(err, "%s", path);
	} else {
		check_log(receipt, "log", data, false, checker);
		free(data);
		status = measure_log_check(kernel, NULL, checker);
		check_ima(receipt, o, checker);
	}
	free(path);
	return status;
}
