// SPDX-License-Identifier: GPL-2.0-only
/*
 * Formatting: times, words for flags, JSON.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base.h"

const char *const policy_flag_names[] = { "audit", "allow-kexec", "auto-close",
					  NULL };
const char *const module_flag_names[] = { "on-demand", "permanent", NULL };
const char *const role_names[] = { "approve", "vendor", "ban", "exclusive",
				   NULL };

const char *dash(const char *s)
{
	return s && *s ? s : "-";
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

/* Print JSON, with JSON_C_TO_STRING_* flags, and release it. */
void json_print(struct json_object *o, int flags)
{
	say_json(json_object_to_json_string_ext(o, flags |
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

/* The mode of this name; 0 if there is none. */
__u32 mode_parse(const char *name)
{
	__u32 mode = MODGATE_MODE_LISTED;

	while (mode && strcmp(name, mode_name(mode)))
		mode--;
	return mode;
}

/* Comma-separated words for the bits of @flags, "-" for none; the caller frees it. */
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
 * checker_say() - report one finding of a check
 * @checker: where to report it
 * @what: what was checked
 * @status: ST_OK if it is good
 * @format: the finding, without a newline
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
