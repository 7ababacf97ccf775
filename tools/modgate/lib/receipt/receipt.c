// SPDX-License-Identifier: GPL-2.0-only
/*
 * Parse receipts as printed by the kernel, see Documentation/ABI/testing/securityfs-modgate.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base.h"
#include "crypto.h"
#include "kernel.h"
#include "receipt.h"

/* The hashed part of a line ends where its state begins. */
#define NOT_HASHED " state="

static void take_line(struct receipt *r, const char *line)
{
	const char *end = strstr(line, NOT_HASHED);

	r->lines = xgrow(r->lines, r->n, sizeof(*r->lines));
	r->hashed = xgrow(r->hashed, r->n, sizeof(*r->hashed));
	r->hashed[r->n] = fmt("%.*s", (int)(end ? end - line : (long)strlen(line)), line);
	record_parse(&r->lines[r->n++], line, ' ');
}

/* Only the last line starts with "lines="; nothing may follow it. */
static enum status take(struct receipt *r, char *text)
{
	char *rest = text, *line;

	while ((line = strsep(&rest, "\n"))) {
		if (*line && r->end.n)
			return ST_CORRUPT;
		if (!strncmp(line, "lines=", 6))
			record_parse(&r->end, line, ' ');
		else if (*line)
			take_line(r, line);
	}
	return r->end.n ? ST_OK : ST_CORRUPT;
}

/**
 * receipt_parse() - parse a receipt
 * @receipt: filled in; to be freed, also after an error
 * @path: where it comes from
 * @text: the receipt
 *
 * Return: ST_OK; ST_CORRUPT, without a message, if it is not a receipt.
 */
enum status receipt_parse(struct receipt *receipt, const char *path,
			  const char *text)
{
	char *copy = xstrdup(text);
	enum status status;

	memset(receipt, 0, sizeof(*receipt));
	receipt->path = xstrdup(path);
	status = take(receipt, copy);
	free(copy);
	return status;
}

/**
 * receipt_read() - read a receipt
 * @receipt: filled in; to be freed, also after an error
 * @path: of the file
 *
 * Return: ST_OK; after a message, ST_CORRUPT if it is not a receipt, or another status.
 */
enum status receipt_read(struct receipt *receipt, const char *path)
{
	enum status status;
	size_t size;
	void *data;
	int err;

	memset(receipt, 0, sizeof(*receipt));
	err = file_read(path, RECEIPT_MAX, &data, &size);
	if (err)
		return fail_errno(err, "%s", path);
	status = receipt_parse(receipt, path, data);
	free(data);
	if (status)
		fail(status, "%s: not a receipt, or cut off: it does not end with lines=", path);
	return status;
}

/* The receipt of this boot. */
enum status receipt_read_kernel(struct receipt *receipt,
				const struct kernel *kernel)
{
	char *path = fmt("%s/receipt", kernel->dir);
	enum status status;

	memset(receipt, 0, sizeof(*receipt));
	status = kernel->present ? receipt_read(receipt, path) :
				   kernel_missing(kernel);
	free(path);
	return status;
}

/* Likewise, but silently return false if there is none. */
bool receipt_try(struct receipt *receipt, const struct kernel *kernel)
{
	char *path = fmt("%s/receipt", kernel->dir);
	bool good = false;

	memset(receipt, 0, sizeof(*receipt));
	if (kernel->present && !access(path, R_OK))
		good = !receipt_read(receipt, path);
	free(path);
	return good;
}

/* Has no third-party code come up? */
bool receipt_is_empty(const struct receipt *receipt)
{
	return !receipt->n && record_is(&receipt->end, "lines", "0") &&
	       record_is(&receipt->end, "lost", "0");
}

/* Is this module live, and will the kernel keep it until restart? */
bool receipt_permanent(const struct kernel *kernel, const __u8 *digest)
{
	char hex[HEX_SIZE];
	struct receipt r;
	bool found = false;
	size_t i;

	digest_hex(hex, digest);
	if (receipt_try(&r, kernel))
		for (i = 0; i < r.n; i++)
			found |= record_is(&r.lines[i], "digest", hex) &&
				 record_is(&r.lines[i], "state", "live") &&
				 record_is(&r.lines[i], "permanent", "yes");
	receipt_free(&r);
	return found;
}

/**
 * receipt_hash() - compute the running hash over the lines
 * @receipt: as read
 * @digest: filled in
 */
void receipt_hash(const struct receipt *receipt,
		  __u8 digest[MODGATE_DIGEST_SIZE])
{
	size_t i;

	memset(digest, 0, MODGATE_DIGEST_SIZE);
	for (i = 0; i < receipt->n; i++) {
		size_t size = strlen(receipt->hashed[i]);
		char *both = xzalloc(MODGATE_DIGEST_SIZE + size);

		memcpy(both, digest, MODGATE_DIGEST_SIZE);
		memcpy(both + MODGATE_DIGEST_SIZE, receipt->hashed[i], size);
		sha384(both, MODGATE_DIGEST_SIZE + size, digest);
		free(both);
	}
}

/* The part of a line that identifies the module, without when it came up. */
static const char *what(const char *line)
{
	const char *digest = strstr(line, " digest=");

	return digest ? digest : line;
}

/* The line of @receipt that identifies the same module as @line, or NULL. */
const char *receipt_same(const struct receipt *receipt, const char *line)
{
	size_t i;

	for (i = 0; i < receipt->n; i++)
		if (!strcmp(what(receipt->hashed[i]), what(line)))
			return receipt->hashed[i];
	return NULL;
}

void receipt_free(struct receipt *receipt)
{
	size_t i;

	for (i = 0; i < receipt->n; i++) {
		record_free(&receipt->lines[i]);
		free(receipt->hashed[i]);
	}
	record_free(&receipt->end);
	free(receipt->lines);
	free(receipt->hashed);
	free(receipt->path);
	memset(receipt, 0, sizeof(*receipt));
}
