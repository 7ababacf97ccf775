// SPDX-License-Identifier: GPL-2.0-only
/*
 * How verbs report: fields, values of the kernel's state, and the findings of a check.
 */
#include <stdlib.h>

#include "base.h"
#include "kernel.h"
#include "report.h"
#include "view.h"

/* Nothing was found yet; to be ended. */
void findings_begin(struct findings *f, const struct options *o, bool later)
{
	f->o = o;
	f->later = later;
	f->json = json_object_new_array();
	f->status = ST_OK;
}

/* A wrong signature says the most, then damage. */
static enum status worse(enum status a, enum status b)
{
	if (a == ST_SECRET || b == ST_SECRET)
		return ST_SECRET;
	if (a == ST_CORRUPT || b == ST_CORRUPT)
		return ST_CORRUPT;
	return a ? a : b;
}

static void show_finding(const char *what, bool good, const char *text)
{
	say_mark(good);
	say("%s: %s\n", what, dash(text));
}

/* For struct checker; @data is a struct findings. */
void findings_take(void *data, const char *what, enum status status, const char *text)
{
	struct findings *f = data;
	struct json_object *j;

	f->status = worse(f->status, status);
	if (!f->o->json && !f->later) {
		show_finding(what, !status, text);
		return;
	}
	j = json_object_new_object();
	json_str(j, "what", what);
	json_yes(j, "good", !status);
	json_str(j, "text", text);
	json_object_array_add(f->json, j);
}

/* One finding about @what; good if @status is ST_OK. */
void found(struct findings *f, const char *what, enum status status,
	   const char *format, ...)
{
	va_list ap;
	char *text;

	va_start(ap, format);
	text = vfmt(format, ap);
	va_end(ap);
	findings_take(f, what, status, text);
	free(text);
}

/* As JSON, or in lines those that were not printed at once. */
void findings_show(const struct findings *f)
{
	size_t i, n = json_object_array_length(f->json);

	if (f->o->json) {
		json_out(json_object_get(f->json));
		return;
	}
	for (i = 0; i < n; i++) {
		struct json_object *j = json_object_array_get_idx(f->json, i);

		show_finding(json_object_get_string(json_object_object_get(j, "what")),
			     json_object_get_boolean(json_object_object_get(j, "good")),
			     json_object_get_string(json_object_object_get(j, "text")));
	}
}

void findings_end(struct findings *f)
{
	json_object_put(f->json);
	f->json = NULL;
}

/* A line about a module, or about whoever signed it. */
void report_field(const char *name, const char *value)
{
	say("  %-12s %s\n", name, dash(value));
}

/* What the kernel's file state has for @key, or "-". */
const char *state_value(const struct snapshot *snap, const char *key)
{
	return dash(record_get(&snap->kernel.state, key));
}

bool state_is(const struct snapshot *snap, const char *key, const char *value)
{
	return record_is(&snap->kernel.state, key, value);
}
