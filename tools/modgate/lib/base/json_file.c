// SPDX-License-Identifier: GPL-2.0-only
/*
 * JSON that somebody else may have written. json_take() bounds it; json_strict() is for
 * what people decide by: one object and nothing behind it, no field twice, none that is
 * not known, none that is empty. json-c lets the last of two fields of the same name
 * win, as other programs let the first.
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base.h"

/**
 * json_take() - parse JSON that somebody else may have written
 * @text: with a zero byte behind it
 * @size: of @text, in bytes
 * @flags: JSON_TOKENER_*
 *
 * json-c takes some hundred bytes for each value, so their number is bounded before.
 *
 * Return: the value, to be given back; NULL if it is none, there is something behind it,
 * it is nested more than 8 deep, or has more than %JSON_VALUES_MAX values.
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

/* How many strings, names of fields included, a value is written with. */
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

/* How many strings there are in a text that is known to be JSON. */
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
 * json_strict() - a text as one JSON object
 * @text: ended by a zero
 * @size: of it, in bytes
 *
 * A field that is there twice shows by its name, which the text has once more than
 * the object that was made of it.
 *
 * Return: the object, or NULL if it is not one, and no more than one, without a field
 * that is there twice.
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

/* Has an object no field but these, and none that is null? */
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

/* The text of a field, NULL if it is not there, no text, empty, or has a zero byte. */
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

/* Bytes as json_hex() writes them; only its digits. */
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
