/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What verbs that report have in common: fields, values of the kernel's state, and the
 * findings of a check.
 */
#ifndef _MODGATE_REPORT_H
#define _MODGATE_REPORT_H

#include "base.h"

struct snapshot;

/**
 * struct findings - what a check has found so far
 * @o: options: as JSON, or in lines
 * @later: nothing is printed before findings_show()
 * @json: array of the findings
 * @status: the worst of them
 */
struct findings {
	const struct options *o;
	bool later;
	struct json_object *json;
	enum status status;
};

void findings_begin(struct findings *f, const struct options *o, bool later);
void findings_take(void *data, const char *what, enum status status, const char *text);
void found(struct findings *f, const char *what, enum status status,
	   const char *format, ...) __printf(4, 5);
void findings_show(const struct findings *f);
void findings_end(struct findings *f);

void report_field(const char *name, const char *value);
const char *state_value(const struct snapshot *snap, const char *key);
bool state_is(const struct snapshot *snap, const char *key, const char *value);

#endif /* _MODGATE_REPORT_H */
