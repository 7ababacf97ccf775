// SPDX-License-Identifier: GPL-2.0-only
/*
 * Errors, memory and text.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base.h"

static void complain(const char *format, va_list ap)
{
	char *text = vfmt(format, ap);

	say_error("modgate: %s\n", text);
	free(text);
}

/**
 * fail() - report an error: the thing, the rule, the remedy
 * @status: what the tool exits with
 * @format: as for printf
 *
 * Return: @status.
 */
enum status fail(enum status status, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	complain(format, ap);
	va_end(ap);
	return status;
}

/**
 * fail_errno() - likewise, for a failed system call
 * @err: errno, positive or negative
 * @format: what was tried, as for printf
 *
 * Return: ST_PRIVILEGE if privilege is missing, else ST_NO.
 */
enum status fail_errno(int err, const char *format, ...)
{
	va_list ap;
	char *text;

	err = abs(err);
	va_start(ap, format);
	if (vasprintf(&text, format, ap) < 0)
		text = NULL;
	va_end(ap);
	warn("%s: %s%s", text ? text : "out of memory", strerror(err),
	     err == EACCES || err == EPERM ? "; try as root" : "");
	free(text);
	return err == EACCES || err == EPERM ? ST_PRIVILEGE : ST_NO;
}

/* Print a warning on stderr. */
void warn(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	complain(format, ap);
	va_end(ap);
}

static void *check_memory(void *p)
{
	if (!p)
		out_of_memory();
	return p;
}

void *xzalloc(size_t size)
{
	return check_memory(calloc(1, size ? size : 1));
}

/* Make room for one more element, zeroed, after the first @n. */
void *xgrow(void *array, size_t n, size_t size)
{
	char *p = array;

	if (!(n & (n - 1)))
		p = check_memory(reallocarray(array, n ? 2 * n : 1, size));
	memset(p + n * size, 0, size);
	return p;
}

char *xstrdup(const char *s)
{
	return check_memory(strdup(s));
}

/* Formatted text that the caller frees. */
char *vfmt(const char *format, va_list ap)
{
	char *text;

	if (vasprintf(&text, format, ap) < 0)
		text = NULL;
	return check_memory(text);
}

char *fmt(const char *format, ...)
{
	va_list ap;
	char *text;

	va_start(ap, format);
	text = vfmt(format, ap);
	va_end(ap);
	return text;
}

void to_hex(char *hex, const void *bytes, size_t size)
{
	static const char digits[] = "0123456789abcdef";
	const __u8 *p = bytes;
	size_t i;

	for (i = 0; i < size; i++) {
		*hex++ = digits[p[i] >> 4];
		*hex++ = digits[p[i] & 15];
	}
	*hex = '\0';
}

const char *digest_hex(char hex[HEX_SIZE], const void *digest)
{
	to_hex(hex, digest, MODGATE_DIGEST_SIZE);
	return hex;
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Is this a SHA-384 in hex digits, and nothing else? */
bool is_digest(const char *s)
{
	size_t i;

	for (i = 0; hex_value(s[i]) >= 0; i++)
		;
	return !s[i] && i == 2 * MODGATE_DIGEST_SIZE;
}

/* Two hex digits for each byte and nothing else, for @max bytes at most. */
bool hex_parse(void *bytes, size_t max, size_t *size, const char *hex)
{
	__u8 *to = bytes;

	for (*size = 0; *hex; hex += 2) {
		if (*size == max || hex_value(hex[0]) < 0 || hex_value(hex[1]) < 0)
			return false;
		to[(*size)++] = hex_value(hex[0]) << 4 | hex_value(hex[1]);
	}
	return true;
}

bool digest_parse(__u8 digest[MODGATE_DIGEST_SIZE], const char *hex)
{
	size_t size;

	return hex && is_digest(hex) &&
	       hex_parse(digest, MODGATE_DIGEST_SIZE, &size, hex);
}

/* Decimal digits and nothing else, within 64 bits. */
bool number_parse(const char *s, unsigned long long *value)
{
	char *end;

	if (!s || !*s || s[strspn(s, "0123456789")])
		return false;
	errno = 0;
	*value = strtoull(s, &end, 10);
	return !errno && !*end;
}

bool has_suffix(const char *s, const char *suffix)
{
	size_t n = strlen(s), m = strlen(suffix);

	return n > m && !strcmp(s + n - m, suffix);
}
