// SPDX-License-Identifier: GPL-2.0-only
/*
 * A file of digests, one per line followed by a name, as sha384sum(1) prints them.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base.h"
#include "module.h"

#define FILE_MAX (256U << 20)

/* After the digest: blanks, maybe "*" for a binary file, and the name. */
static char *take_name(char *s)
{
	while (isspace((unsigned char)*s) || *s == '*')
		s++;
	s[strcspn(s, "\r\n")] = '\0';
	return module_name_of(s);
}

static enum status take_line(const char *path, size_t number, char *line,
			     struct digest_line **lines, size_t *n)
{
	char *start = line + strspn(line, " \t\r\n"), *end;
	__u8 digest[MODGATE_DIGEST_SIZE];
	char after;

	if (!*start || *start == '#')
		return ST_OK;
	end = start + strcspn(start, " \t\r\n");
	after = *end;
	*end = '\0';
	if (!digest_parse(digest, start))
		return fail(ST_NO,
			    "%s:%zu: not a SHA-384 in hex digits, which each line begins with, as sha384sum prints it",
			    path, number);
	*end = after;
	*lines = xgrow(*lines, *n, sizeof(**lines));
	memcpy((*lines)[*n].digest, digest, sizeof(digest));
	(*lines)[(*n)++].name = take_name(end);
	return ST_OK;
}

/**
 * digests_read() - read a file of digests
 * @path: of the file
 * @lines: set to an array, which the caller frees even after an error
 * @n: set to the number of lines that have a digest
 *
 * Skips empty lines and lines that begin with "#".
 *
 * Return: ST_OK, or a status after saying what is wrong, and in which line.
 */
enum status digests_read(const char *path, struct digest_line **lines,
			 size_t *n)
{
	enum status status = ST_OK;
	size_t size, number = 0;
	char *rest, *line;
	void *data;
	int err;

	*lines = NULL;
	*n = 0;
	err = file_read(path, FILE_MAX, &data, &size);
	if (err)
		return fail_errno(err, "%s", path);
	if (strlen(data) != size)
		status = fail(ST_NO, "%s: not a text", path);
	rest = data;
	while (!status && (line = strsep(&rest, "\n")))
		status = take_line(path, ++number, line, lines, n);
	free(data);
	if (!status && !*n)
		status = fail(ST_NO, "%s: there is no digest in it", path);
	return status;
}

void digests_free(struct digest_line *lines, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		free(lines[i].name);
	free(lines);
}
