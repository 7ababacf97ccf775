// SPDX-License-Identifier: GPL-2.0-only
/*
 * modgate list: what is approved, in force or from the next start on.
 */
#include <stdlib.h>
#include <string.h>

#include "programs.h"
#include "world.h"

/* What is printed how. */
struct table {
	const struct options *o;
	bool full;
	struct json_object *json;
	size_t rows;
};

static void row(struct table *t, const struct view *v,
		const struct stored *list, const struct modgate_module *m,
		const char *state)
{
	char *flags = flag_names(modgate_le32(m->flags), module_flag_names);
	unsigned long long generation = stored_generation(list);
	char hex[HEX_SIZE];

	digest_hex(hex, m->digest);
	if (t->o->json) {
		struct json_object *j = json_object_new_object();

		json_str(j, "name", (const char *)m->name);
		json_str(j, "digest", hex);
		json_str(j, "state", state);
		json_str(j, "flags", strcmp(flags, "-") ? flags : NULL);
		json_str(j, "authority", v->name);
		json_num(j, "generation", generation);
		json_object_array_add(t->json, j);
	} else {
		if (!t->rows)
			printf("%-24s %-*s %-26s %-10s %-12s %s\n", "NAME",
			       t->full ? 96 : 16, "DIGEST", "STATE", "FLAGS",
			       "AUTHORITY", "GENERATION");
		printf("%-24s %.*s %-26s %-10s %-12s %llu\n",
		       dash((const char *)m->name), t->full ? 96 : 16, hex,
		       state, flags, v->name, generation);
	}
	t->rows++;
	free(flags);
}

static void list_view(struct table *t, const struct world *w,
		      const struct view *v)
{
	__u32 i;

	for (i = 0; v->in_force && i < v->in_force->doc.n_modules; i++) {
		const struct modgate_module *m = &v->in_force->doc.modules[i];
		bool stays = v->next &&
			     modgate_find_module(&v->next->doc, m->digest);

		row(t, v, v->in_force, m, stays ? "active" : "revoked");
	}
	for (i = 0; v->next && i < v->next->doc.n_modules; i++) {
		const struct modgate_module *m = &v->next->doc.modules[i];

		if (v->in_force &&
		    modgate_find_module(&v->in_force->doc, m->digest))
			continue;
		/* From active/, so a restart has not helped. */
		row(t, v, v->next, m, v->next->staged || !w->kernel.present ?
		    "approved (restart needed)" : "not in force");
	}
}

static enum status list(const struct options *o, bool full)
{
	struct table t = { .o = o, .full = full };
	enum status status;
	struct world w;
	size_t i;

	status = world_read(&w, o);
	if (!status)
		status = world_need(&w, o);
	if (!status) {
		t.json = json_object_new_array();
		for (i = 0; i < w.n_views; i++)
			list_view(&t, &w, &w.views[i]);
		if (o->json)
			json_out(t.json);
		else
			json_object_put(t.json);
		if (!o->json && !t.rows)
			puts("No module is approved.");
	}
	world_free(&w);
	return status;
}

static enum status run(int argc, char **argv, struct options *o)
{
	static const struct option options[] = {
		{ "full", no_argument, NULL, 'f' },
		{ 0 }
	};
	bool full = false;
	int c;

	while ((c = next_option(argc, argv, options, o)) != -1) {
		if (c == '?')
			return ST_USAGE;
		full = true;
	}
	if (optind != argc)
		return usage("%s: list takes no arguments", argv[optind]);
	return list(o, full);
}

const struct verb verb_list = {
	.name = "list",
	.summary = "Show what is approved, in force or after a restart",
	.usage = "[--full]",
	.run = run,
};
