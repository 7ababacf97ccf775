// SPDX-License-Identifier: GPL-2.0-only
/*
 * The only way to print to the terminal: everything for standard output, standard
 * error, prompts and the login message is formatted here. File and module names,
 * strings in modules, certificates and kernel lines are untrusted text: in every
 * argument, characters that a terminal could act on are escaped, and newlines come only
 * from the format. The build fails if the tool prints in any other way, see the
 * Makefile.
 */
#include <ctype.h>
#include <langinfo.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base.h"

#define SPEC_SIZE 48

/* A va_list that functions can share. */
struct arguments {
	va_list list;
};

/**
 * struct conversion - what stands between a % and its letter
 * @flags: printf() flags
 * @width: minimum width, in columns
 * @left: left-justified: padding goes after the text
 * @precision: maximum bytes of a string; -1 if unlimited
 * @longs: number of l modifiers
 * @size: has the z modifier
 * @letter: the conversion letter
 */
struct conversion {
	char flags[8];
	int width;
	bool left;
	int precision;
	int longs;
	bool size;
	char letter;
};

static bool is_plain(unsigned char c)
{
	return c >= ' ' && c < 0x7f;
}

static void put_escaped(FILE *f, const char *s, size_t size)
{
	size_t i, n;

	for (i = 0; i < size; i += n) {
		for (n = 0; i + n < size && is_plain(s[i + n]); n++)
			;
		fwrite(s + i, n, 1, f);
		if (i + n < size)
			fprintf(f, "\\x%02X", (unsigned char)s[i + n++]);
	}
}

/* Append @size bytes of @s, padded to @width columns. */
static void put_text(FILE *f, const char *s, size_t size, int width, bool left)
{
	size_t columns = 0, i;
	int pad;

	for (i = 0; i < size; i++)
		columns += is_plain(s[i]) ? 1 : strlen("\\xHH");
	pad = columns < (size_t)width ? width - columns : 0;
	if (!left)
		fprintf(f, "%*s", pad, "");
	put_escaped(f, s, size);
	if (left)
		fprintf(f, "%*s", pad, "");
}

static int take_count(const char **format, struct arguments *args)
{
	int n = 0;

	if (**format == '*') {
		++*format;
		return va_arg(args->list, int);
	}
	while (isdigit((unsigned char)**format))
		n = 10 * n + *(*format)++ - '0';
	return n;
}

/* Parse what follows the %; an unsupported conversion is reported through its letter. */
static const char *take_conversion(struct conversion *c, const char *format,
				   struct arguments *args)
{
	size_t n = strspn(format, "-+ #0");

	memset(c, 0, sizeof(*c));
	memcpy(c->flags, format, n < sizeof(c->flags) ? n : sizeof(c->flags) - 1);
	format += n;
	c->width = take_count(&format, args);
	c->left = strchr(c->flags, '-') || c->width < 0;
	c->width = abs(c->width);
	c->precision = -1;
	if (*format == '.') {
		format++;
		c->precision = take_count(&format, args);
	}
	for (; *format == 'l'; format++)
		c->longs++;
	if (*format == 'z') {
		format++;
		c->size = true;
	}
	c->letter = *format;
	return format + 1;
}

static intmax_t take_signed(const struct conversion *c, struct arguments *args)
{
	if (c->size)
		return va_arg(args->list, ssize_t);
	if (c->longs > 1)
		return va_arg(args->list, long long);
	return c->longs ? va_arg(args->list, long) : va_arg(args->list, int);
}

static uintmax_t take_unsigned(const struct conversion *c, struct arguments *args)
{
	if (c->size)
		return va_arg(args->list, size_t);
	if (c->longs > 1)
		return va_arg(args->list, unsigned long long);
	return c->longs ? va_arg(args->list, unsigned long) :
			  va_arg(args->list, unsigned int);
}

static void put_number(FILE *f, const struct conversion *c, struct arguments *args)
{
	char spec[SPEC_SIZE];

	snprintf(spec, sizeof(spec), "%%%s*.*j%c", c->flags, c->letter);
	if (c->letter == 'd')
		fprintf(f, spec, c->width, c->precision, take_signed(c, args));
	else
		fprintf(f, spec, c->width, c->precision, take_unsigned(c, args));
}

static void put_string(FILE *f, const struct conversion *c, struct arguments *args)
{
	const char *s = va_arg(args->list, const char *);

	if (!s)
		s = "-";
	put_text(f, s, c->precision < 0 ? strlen(s) : strnlen(s, c->precision),
		 c->width, c->left);
}

static void put_conversion(FILE *f, const struct conversion *c, struct arguments *args)
{
	char letter;

	switch (c->letter) {
	case 's':
		put_string(f, c, args);
		break;
	case 'c':
		letter = va_arg(args->list, int);
		put_text(f, &letter, 1, c->width, c->left);
		break;
	case 'd':
	case 'u':
	case 'x':
		put_number(f, c, args);
		break;
	case '%':
		fputc('%', f);
		break;
	default:
		/* A programming error, which must not pass as text. */
		abort();
	}
}

static void vsay(FILE *f, const char *format, va_list list)
{
	struct arguments args;
	struct conversion c;

	va_copy(args.list, list);
	while (*format) {
		size_t n = strcspn(format, "%");

		fwrite(format, n, 1, f);
		format += n;
		if (*format) {
			format = take_conversion(&c, format + 1, &args);
			put_conversion(f, &c, &args);
		}
	}
	va_end(args.list);
}

/**
 * say() - print on standard output
 * @format: as for printf(), with the conversions c d s u x and the lengths l ll z
 */
void say(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsay(stdout, format, ap);
	va_end(ap);
}

/* Print trusted lines of text, such as usage or PEM; the last may lack a newline. */
void say_lines(const char *text)
{
	const char *end;

	for (; *text; text = *end ? end + 1 : end) {
		end = strchrnul(text, '\n');
		say("%.*s\n", (int)(end - text), text);
	}
}

/* Like say(), on standard error, after pending standard output. */
void say_error(const char *format, ...)
{
	va_list ap;

	fflush(stdout);
	va_start(ap, format);
	vsay(stderr, format, ap);
	va_end(ap);
}

/* Likewise, but return the text, to show later or elsewhere; the caller frees it. */
char *say_text(const char *format, ...)
{
	char *text = NULL;
	size_t size;
	va_list ap;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		out_of_memory();
	va_start(ap, format);
	vsay(f, format, ap);
	va_end(ap);
	if (fclose(f))
		out_of_memory();
	return text;
}

/* Print a prompt on the terminal open as @fd. */
void say_prompt(int fd, const char *prompt)
{
	char *text = say_text("%s: ", prompt);

	/* If a prompt cannot be shown, neither can an error. */
	if (write(fd, text, strlen(text)) < 0)
		warn("the terminal cannot be written to");
	free(text);
}

/* Print a mark for good or bad (ASCII if the locale is not UTF-8) and a blank. */
void say_mark(bool good)
{
	if (!strcmp(nl_langinfo(CODESET), "UTF-8"))
		fputs(good ? "✓ " : "✗ ", stdout);
	else
		fputs(good ? "+ " : "x ", stdout);
}

/* Flush the output; false on failure, with errno set. */
bool say_flush(void)
{
	return !fflush(stdout) && !ferror(stdout);
}

void __noreturn out_of_memory(void)
{
	fputs("modgate: out of memory\n", stderr);
	exit(ST_NO);
}

/* Invisible characters with an effect: the Unicode categories Cf, Zl and Zp. */
static const struct {
	uint32_t first;
	uint32_t last;
} formatting[] = {
	{ 0xad, 0xad }, { 0x600, 0x605 }, { 0x61c, 0x61c }, { 0x6dd, 0x6dd },
	{ 0x70f, 0x70f }, { 0x890, 0x891 }, { 0x8e2, 0x8e2 }, { 0x180e, 0x180e },
	{ 0x200b, 0x200f }, { 0x2028, 0x202e }, { 0x2060, 0x206f },
	{ 0xfeff, 0xfeff }, { 0xfff9, 0xfffb }, { 0x110bd, 0x110bd },
	{ 0x110cd, 0x110cd }, { 0x13430, 0x1343f }, { 0x1bca0, 0x1bca3 },
	{ 0x1d173, 0x1d17a }, { 0xe0001, 0xe007f },
};

static bool is_shown(uint32_t c)
{
	size_t i;

	if (c >= 0x7f && c < 0xa0)
		return false;
	for (i = 0; i < ARRAY_SIZE(formatting); i++)
		if (c >= formatting[i].first && c <= formatting[i].last)
			return false;
	return true;
}

/* Decode the UTF-8 character at @p into @c and return its size; 0 if it is invalid. */
static size_t take_character(const unsigned char *p, uint32_t *c)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	unsigned int ones = __builtin_clz(~((uint32_t)*p << 24));
	size_t size = ones ? ones : 1, i;

	*c = ones ? *p & 0x7f >> size : *p;
	if (ones == 1 || ones > 4)
		return 0;
	for (i = 1; i < size; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		*c = *c << 6 | (p[i] & 0x3f);
	}
	if (*c < least[size] || *c > 0x10ffff || (*c >= 0xd800 && *c < 0xe000))
		return 0;
	return size;
}

/* Append a JSON escape, with a surrogate pair where needed. */
static void put_escape(uint32_t c)
{
	if (c > 0xffff)
		printf("\\u%04x\\u%04x", 0xd7c0 + (c >> 10), 0xdc00 | (c & 0x3ff));
	else
		printf("\\u%04x", c);
}

/**
 * say_json() - print JSON on standard output
 * @json: as json-c writes it, with control characters below a space escaped
 *
 * In strings, a character that a terminal could act on is written as a JSON escape, so
 * that a JSON parser still reads the same text. Outside a UTF-8 locale that includes
 * all non-ASCII characters, since their bytes could be C1 controls there. A byte that
 * is not valid UTF-8 is escaped as say() does it; that backslash is part of the text
 * and therefore doubled.
 */
void say_json(const char *json)
{
	bool utf8 = !strcmp(nl_langinfo(CODESET), "UTF-8");
	const unsigned char *p = (const unsigned char *)json;

	while (*p) {
		uint32_t c;
		size_t size = take_character(p, &c);

		if (!size)
			printf("\\\\x%02X", *p);
		else if (is_shown(c) && (utf8 || c < 0x80))
			fwrite(p, size, 1, stdout);
		else
			put_escape(c);
		p += size ? size : 1;
	}
	putchar('\n');
}
