/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * JSON that somebody else may have written; above all files that are one object, of
 * which each field counts: quotes, and what is expected of them.
 */
#ifndef _MODGATE_JSON_FILE_H
#define _MODGATE_JSON_FILE_H

#include "util.h"

#define JSON_VALUES_MAX 262144
#define JSON_DEPTH_MAX 8

struct json_object *json_take(const char *text, size_t size, int flags);
struct json_object *json_strict(const char *text, size_t size);
bool json_has_only(struct json_object *j, const char *const known[], size_t n);
const char *json_text(struct json_object *j, const char *key);
bool json_small_number(struct json_object *j, const char *key, unsigned int *number);
bool json_bytes(struct json_object *j, const char *key, __u8 *bytes, size_t max,
		size_t *size);
void json_hex(struct json_object *j, const char *key, const void *bytes, size_t size);

#endif /* _MODGATE_JSON_FILE_H */
