// SPDX-License-Identifier: GPL-2.0-only
/*
 * modgate list: what is approved or banned, in force or from the next start on:
 * modules by their digests, vendors by their certificates and a pattern of names.
 */
#include <stdlib.h>
#include <string.h>

#include "base.h"
#include "collection.h"
#include "document.h"
#include "programs.h"
#include "view.h"

/* What is printed how. */
struct table {
	const struct options *o;
	const struct states *states;
	bool full;
	struct json_object *json;
	size_t rows;
};

/* What becomes of an entry. */
enum fate { STAYS, GOES, COMES, UNUSED };

/* Of vendors; a module has a state of its own. */
static const enum module_state approval_states[] = {
	STATE_ACTIVE, STATE_REVOKED, STATE_APPROVED, STATE_NOT_IN_FORCE,
};

static const char *const ban_states[] = {
	"banned", "banned (until restart)", "banned (restart needed)", "not in force",
};

/* An entry of any kind. */
struct entry {
	const char *kind;
	const char *name;
	const __u8 *digest;
	__u32 flags;
	const struct modgate_module *module;	/* if it is one */
};

static struct entry module_entry(const struct modgate_module *m)
{
	return (struct entry){ "module", (const char *)m->name, m->digest,
			       modgate_le32(m->flags), m };
}

static struct entry vendor_entry_of(const struct modgate_vendor *v)
{
	return (struct entry){ "vendor", (const char *)v->pattern, v->digest,
			       modgate_le32(v->flags), NULL };
}

static struct entry ban_entry(const struct modgate_ban *b)
{
	return (struct entry){ "ban", (const char *)b->name, b->digest, 0, NULL };
}

/* To be freed. */
static char *state_of_row(const struct table *t, const struct entry *e,
			  enum fate fate)
{
	enum module_state state = approval_states[fate];
	const char *reason = NULL;

	if (!strcmp(e->kind, "ban"))
		return xstrdup(ban_states[fate]);
	if (e->module && fate != UNUSED)
		state = state_of_entry(t->states, e->module, &reason);
	return state_text(state, reason);
}

static void print_row(const struct table *t, const struct entry *e, const char *authority,
		      const char *hex, const char *state, const char *flags,
		      unsigned long long generation)
{
	say("%-24s %-6s %.*s %-28s %-10s %-12s %llu\n", dash(e->name), e->kind,
	    t->full ? 96 : 16, hex, state, flags, authority, generation);
}

static void row(struct table *t, const struct authority_view *v,
		const struct stored *list, const struct entry *e,
		enum fate fate)
{
	char *state = state_of_row(t, e, fate);
	char *flags = flag_names(e->flags, module_flag_names);
	unsigned long long generation = stored_generation(list);
	char hex[HEX_SIZE];

	digest_hex(hex, e->digest);
	if (t->o->json) {
		struct json_object *j = json_object_new_object();

		json_str(j, "kind", e->kind);
		json_str(j, "name", e->name);
		json_str(j, "digest", hex);
		json_str(j, "state", state);
		json_str(j, "flags", strcmp(flags, "-") ? flags : NULL);
		json_str(j, "authority", v->name);
		json_num(j, "generation", generation);
		json_object_array_add(t->json, j);
	} else {
		if (!t->rows)
			say("%-24s %-6s %-*s %-28s %-10s %-12s %s\n",
			    "NAME", "KIND", t->full ? 96 : 16, "DIGEST",
			    "STATE", "FLAGS", "AUTHORITY", "GENERATION");
		print_row(t, e, v->name, hex, state, flags, generation);
	}
	t->rows++;
	free(state);
	free(flags);
}

static bool has(const struct stored *list, const struct entry *e)
{
	if (!list)
		return false;
	if (!strcmp(e->kind, "vendor"))
		return vendor_entry(list, e->digest, e->name);
	if (!strcmp(e->kind, "ban"))
		return modgate_find_ban(&list->doc, e->digest);
	return modgate_find_module(&list->doc, e->digest);
}

/* One entry of a list: does it stay, go, or is it still to come? */
static void list_entry(struct table *t, const struct snapshot *snap,
		       const struct authority_view *v, const struct stored *list,
		       const struct entry *e)
{
	if (list == v->in_force)
		row(t, v, list, e, has(v->next, e) ? STAYS : GOES);
	else if (!has(v->in_force, e))
		/* From active/, so a restart has not helped. */
		row(t, v, list, e, list->staged || !snap->kernel.present ?
		    COMES : UNUSED);
}

static void list_entries(struct table *t, const struct snapshot *snap,
			 const struct authority_view *v, const struct stored *list)
{
	struct entry e;
	__u32 i;

	for (i = 0; list && i < list->doc.n_modules; i++) {
		e = module_entry(&list->doc.modules[i]);
		list_entry(t, snap, v, list, &e);
	}
	for (i = 0; list && i < list->doc.n_vendors; i++) {
		e = vendor_entry_of(&list->doc.vendors[i]);
		list_entry(t, snap, v, list, &e);
	}
	for (i = 0; list && i < list->doc.n_bans; i++) {
		e = ban_entry(&list->doc.bans[i]);
		list_entry(t, snap, v, list, &e);
	}
}

static void list_view(struct table *t, const struct snapshot *snap,
		      const struct authority_view *v)
{
	list_entries(t, snap, v, v->in_force);
	if (v->next != v->in_force)
		list_entries(t, snap, v, v->next);
}

static enum status list(const struct options *o, bool full)
{
	struct states states = { 0 };
	struct table t = { .o = o, .full = full, .states = &states };
	enum status status;
	struct snapshot snap;
	size_t i;

	status = snapshot_read(&snap, o);
	if (!status)
		status = snapshot_need(&snap, o);
	if (!status) {
		states_read(&states, &snap, o);
		t.json = json_object_new_array();
		for (i = 0; i < snap.n_views; i++)
			list_view(&t, &snap, &snap.views[i]);
		if (o->json)
			json_out(t.json);
		else
			json_object_put(t.json);
		if (!o->json && !t.rows)
			say("Nothing is approved, and nothing banned.\n");
		states_free(&states);
	}
	snapshot_free(&snap);
	return status;
}

static enum status list_run(int argc, char **argv, struct options *o)
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
	.summary = "Show what is approved or banned, in force or after a restart",
	.usage = "[--full]",
	.run = list_run,
};
