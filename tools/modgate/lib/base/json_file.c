// SPDX-License-Identifier: GPL-2.0-only
/*
 * Untrusted JSON. json_take() bounds its size; json_strict() is for input that people
 * base decisions on: a single object without trailing data and without duplicate,
 * unknown or empty fields. Of two fields with the same name, json-c uses the last and
 * other programs use the first.
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base.h"

/**
 * json_take() - parse untrusted JSON
 * @text: ended by a zero byte
 * @size: of @text, in bytes
 * @flags: JSON_TOKENER_*
 *
 * json-c uses about a hundred bytes per value, so their number is checked first.
 *
 * Return: the value, for json_object_put(); NULL if it is invalid, has trailing data,
 * is nested more than 8 levels deep, or has more than %JSON_VALUES_MAX values.
 */
struct json_object *json_take(const char *text, size_t size, int flags)
{
	struct json_tokener *tokener = json_tokener_new_ex(JSON_DEPTH_MAX);
	struct json_object *j = NULL;
	size_t values = 0, i, end;

	for (i = 0; i < size; i++)
		values += text[i] == ',' || text[i] == '[' || text[i] == '{';
	if (tokener && values <= JSON_VALUES_MAX && size < INT_MAX) {
		json_tokener_set_flags(tokener, flags);
		j = json_tokener_parse_ex(tokener, text, size);
		end = json_tokener_get_parse_end(tokener);
		if (json_tokener_get_error(tokener) != json_tokener_success ||
		    end + strspn(text + end, " \t\r\n") != size) {
			json_object_put(j);
			j = NULL;
		}
	}
	if (tokener)
		json_tokener_free(tokener);
	return j;
}

/* The number of strings, including field names, in a value. */
static size_t strings_of(struct json_object *j)
{
	size_t n = 0, i;

	if (json_object_is_type(j, json_type_string))
		return 1;
	if (json_object_is_type(j, json_type_array))
		for (i = 0; i < json_object_array_length(j); i++)
			n += strings_of(json_object_array_get_idx(j, i));
	if (json_object_is_type(j, json_type_object)) {
		json_object_object_foreach(j, key, value) {
			(void)key;
			n += 1 + strings_of(value);
		}
	}
	return n;
}

/* The number of strings in a text that is known to be JSON. */
static size_t strings_in(const char *text)
{
	size_t quotes = 0;

	for (; *text; text++) {
		if (*text == '\\')
			text++;
		else if (*text == '"')
			quotes++;
	}
	return quotes / 2;
}

/**
 * json_strict() - parse a text that is exactly one JSON object
 * @text: ended by a zero
 * @size: of it, in bytes
 *
 * Duplicate fields are detected by counting strings: the text then has more of them
 * than the parsed object.
 *
 * Return: the object, or NULL if the text is not exactly one object or has duplicate
 * fields.
 */
struct json_object *json_strict(const char *text, size_t size)
{
	struct json_object *j = json_take(text, size, JSON_TOKENER_STRICT |
					  JSON_TOKENER_VALIDATE_UTF8);

	if (strlen(text) != size || !json_object_is_type(j, json_type_object) ||
	    strings_of(j) != strings_in(text)) {
		json_object_put(j);
		j = NULL;
	}
	return j;
}

/* Does an object have only these fields, none of them null? */
bool json_has_only(struct json_object *j, const char *const known[], size_t n)
{
	size_t i;

	json_object_object_foreach(j, key, value) {
		for (i = 0; i < n && strcmp(known[i], key); i++)
			;
		if (i == n || !value)
			return false;
	}
	return true;
}

/* The text of a field; NULL if it is missing, not a string, empty, or contains a zero byte. */
const char *json_text(struct json_object *j, const char *key)
{
	struct json_object *value = json_object_object_get(j, key);
	const char *text;

	if (!json_object_is_type(value, json_type_string))
		return NULL;
	text = json_object_get_string(value);
	return *text && strlen(text) == (size_t)json_object_get_string_len(value) ?
	       text : NULL;
}

/* A whole number below 65,536. */
bool json_small_number(struct json_object *j, const char *key, unsigned int *number)
{
	struct json_object *value = json_object_object_get(j, key);
	long long n;

	if (!json_object_is_type(value, json_type_int))
		return false;
	n = json_object_get_int64(value);
	*number = n;
	return n >= 0 && n <= 0xffff;
}

/* Parse bytes in the format of json_hex(), digits only. */
bool json_bytes(struct json_object *j, const char *key, __u8 *bytes, size_t max,
		size_t *size)
{
	const char *text = json_text(j, key);

	return text && !text[strspn(text, "0123456789abcdef")] &&
	       hex_parse(bytes, max, size, text);
}

/* Bytes in lower-case hex digits. */
void json_hex(struct json_object *j, const char *key, const void *bytes, size_t size)
{
	char *hex = xzalloc(2 * size + 1);

	to_hex(hex, bytes, size);
	json_str(j, key, hex);
	free(hex);
}
