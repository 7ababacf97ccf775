// SPDX-License-Identifier: GPL-2.0-only
/*
 * How things are shown: marks, times, words for flags, JSON.
 */
#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "util.h"

const char *const policy_flag_names[] = { "audit", "allow-kexec", "auto-close",
					  NULL };
const char *const module_flag_names[] = { "on-demand", "permanent", NULL };
const char *const role_names[] = { "approve", "vendor", "ban", "exclusive",
				   NULL };

/* A mark for good or bad, in ASCII where the locale is not UTF-8. */
const char *tick(bool good)
{
	if (!strcmp(nl_langinfo(CODESET), "UTF-8"))
		return good ? "✓" : "✗";
	return good ? "+" : "x";
}

const char *dash(const char *s)
{
	return s && *s ? s : "-";
}

/* Text from a module or a file name: what a terminal could act on is escaped. */
void fprint_untrusted(FILE *f, const char *s)
{
	const unsigned char *p = (const unsigned char *)dash(s);

	for (; *p; p++) {
		if (*p < ' ' || *p == 0x7f || *p >= 0x80)
			fprintf(f, "\\x%02X", *p);
		else
			putc(*p, f);
	}
}

void print_untrusted(const char *s)
{
	fprint_untrusted(stdout, s);
}

/* Likewise as text, which the caller frees. */
char *untrusted_text(const char *s)
{
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		abort();
	fprint_untrusted(f, s);
	fclose(f);
	return text;
}

void json_str(struct json_object *o, const char *key, const char *value)
{
	json_object_object_add(o, key, value && *value ?
			       json_object_new_string(value) : NULL);
}

void json_num(struct json_object *o, const char *key, uint64_t value)
{
	json_object_object_add(o, key, json_object_new_uint64(value));
}

void json_yes(struct json_object *o, const char *key, bool value)
{
	json_object_object_add(o, key, json_object_new_boolean(value));
}

void json_digest(struct json_object *o, const char *key, const void *digest)
{
	char hex[HEX_SIZE];

	json_str(o, key, digest_hex(hex, digest));
}

/* Of the character in UTF-8 at @p; 0 if it is none, or one that a terminal acts on. */
static size_t character_size(const unsigned char *p)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	unsigned int ones = __builtin_clz(~((uint32_t)*p << 24));
	size_t size = ones ? ones : 1, i;
	uint32_t c = ones ? *p & 0x7f >> size : *p;

	if (ones == 1 || ones > 4)
		return 0;
	for (i = 1; i < size; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (p[i] & 0x3f);
	}
	if (c < least[size] || c > 0x10ffff || (c >= 0xd800 && c < 0xe000) ||
	    (c >= 0x7f && c < 0xa0))
		return 0;
	return size;
}

/* The backslash is one of the text, so that there are two in JSON. */
static void print_json_text(const char *text)
{
	const unsigned char *p = (const unsigned char *)text;

	while (*p) {
		size_t size = character_size(p);

		if (size)
			fwrite(p, size, 1, stdout);
		else
			printf("\\\\x%02X", *p);
		p += size ? size : 1;
	}
	putchar('\n');
}

/**
 * json_print() - print JSON in which text may come from a module or a file name
 * @o: is given back
 * @flags: JSON_C_TO_STRING_*
 *
 * json-c escapes what is below a space. What is not UTF-8, DEL, and C1 are escaped
 * here as fprint_untrusted() does it: only when it is printed, since in a manifest
 * a path has to stay what it is.
 */
void json_print(struct json_object *o, int flags)
{
	print_json_text(json_object_to_json_string_ext(o, flags |
						       JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(o);
}

void json_out(struct json_object *o)
{
	json_print(o, JSON_C_TO_STRING_PRETTY);
}

/* Seconds since 1970-01-01 UTC as ISO 8601, which the caller frees. */
char *time_text(uint64_t seconds)
{
	time_t t = seconds;
	struct tm tm;
	char text[64];

	if (seconds > INT64_MAX || !gmtime_r(&t, &tm) ||
	    !strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm))
		return fmt("%llus", (unsigned long long)seconds);
	return xstrdup(text);
}

const char *mode_name(__u32 mode)
{
	switch (mode) {
	case MODGATE_MODE_SYSTEM:
		return "system";
	case MODGATE_MODE_SIGNED:
		return "signed";
	case MODGATE_MODE_LISTED:
		return "listed";
	default:
		return "-";
	}
}

/* The other way round; 0 if there is no such mode. */
__u32 mode_parse(const char *name)
{
	__u32 mode = MODGATE_MODE_LISTED;

	while (mode && strcmp(name, mode_name(mode)))
		mode--;
	return mode;
}

/* Comma-separated words for the bits of @flags, "-" for none; to be freed. */
char *flag_names(__u32 flags, const char *const *names)
{
	char *text = xstrdup("");
	int i;

	for (i = 0; names[i]; i++) {
		char *longer;

		if (!(flags & 1U << i))
			continue;
		longer = fmt("%s%s%s", text, *text ? "," : "", names[i]);
		free(text);
		text = longer;
	}
	if (!*text) {
		free(text);
		text = xstrdup("-");
	}
	return text;
}

/**
 * checker_say() - one finding of a check
 * @checker: that takes it
 * @what: was looked at
 * @status: ST_OK if it is good
 * @format: what was found, without a newline
 */
void checker_say(const struct checker *checker, const char *what,
		 enum status status, const char *format, ...)
{
	va_list ap;
	char *text;

	va_start(ap, format);
	text = vfmt(format, ap);
	va_end(ap);
	checker->say(checker->data, what, status, text);
	free(text);
}
