// SPDX-License-Identifier: GPL-2.0-only
/*
 * modgate pending: what was refused, and could be approved.
 */
#include <stdlib.h>
#include <string.h>

#include "base.h"
#include "collection.h"
#include "kernel.h"
#include "module.h"
#include "programs.h"
#include "view.h"

static const char *name_of(const struct pending *p, char **to_free)
{
	const char *name = record_get(p->event, "name");

	*to_free = NULL;
	if (name)
		return name;
	if (p->path)
		*to_free = module_name_of(p->path);
	return *to_free ? *to_free : "-";
}

static void pending_field(const char *name, const char *value)
{
	say("     %-8s %s\n", name, dash(value));
}

static void pending_show(const struct states *s, const struct pending *p)
{
	char *last = event_clock(p->event, "last"), *name, *signer;
	char hex[HEX_SIZE], *text, *state;
	struct module m;

	pending_module(&m, s->o, p);
	state = state_text_of(s, &m);
	signer = m.path && !m.problem ? modsig_text(&m.sig) : NULL;
	module_free(&m);
	say("%3llu  %s  (%s)\n", p->number, dash(name_of(p, &name)), state);
	free(state);
	text = fmt("%s, %s, %llu time(s), last %s",
		   dash(record_get(p->event, "verdict")),
		   dash(record_get(p->event, "reason")), p->count, last);
	pending_field("refused", text);
	free(text);
	text = fmt("%s (pid %s, uid %s)", dash(record_get(p->event, "comm")),
		   dash(record_get(p->event, "pid")),
		   dash(record_get(p->event, "uid")));
	pending_field("by", text);
	free(text);
	pending_field("digest", digest_hex(hex, p->digest));
	if (p->path || !record_get(p->event, "path")) {
		pending_field("file", p->path);
	} else {
		text = fmt("%s (missing, or changed since)",
			   record_get(p->event, "path"));
		pending_field("file", text);
		free(text);
	}
	pending_field("signer", signer);
	free(signer);
	free(name);
	free(last);
}

static struct json_object *entry_json(const struct states *s,
				      const struct pending *p)
{
	struct json_object *j = json_object_new_object();
	char *name, *signer, *state;
	struct module m;

	pending_module(&m, s->o, p);
	state = state_text_of(s, &m);
	signer = m.path && !m.problem ? modsig_text(&m.sig) : NULL;
	module_free(&m);
	json_num(j, "number", p->number);
	json_str(j, "name", name_of(p, &name));
	json_digest(j, "digest", p->digest);
	json_str(j, "file", p->path);
	json_str(j, "signer", signer);
	event_json(j, p->event);
	json_num(j, "count", p->count);
	json_str(j, "state", state);
	free(state);
	free(signer);
	free(name);
	return j;
}

static void print_all(const struct snapshot *snap, const struct options *o,
		      const char *release)
{
	struct json_object *array = json_object_new_array();
	struct pending *p;
	size_t n, i, shown = 0;
	struct states s;

	states_read(&s, snap, o);
	p = pending_find(&snap->kernel, &n);
	pending_resolve(p, n, o, release);
	for (i = 0; i < n; i++) {
		/* In force: it was refused before that, which is settled. */
		if (!snap->assumed && snapshot_approval(snap, p[i].digest, NOW))
			continue;
		if (o->json)
			json_object_array_add(array, entry_json(&s, &p[i]));
		else
			pending_show(&s, &p[i]);
		shown++;
	}
	pending_free(p, n);
	states_free(&s);
	if (o->json) {
		json_out(array);
		return;
	}
	json_object_put(array);
	if (!shown)
		say("Nothing is pending.\n");
	else
		say("\nApprove with 'modgate approve NUMBER', then restart.\n");
}

static enum status pending_run(int argc, char **argv, struct options *o)
{
	static const struct option options[] = {
		{ "kernel", required_argument, NULL, 'k' },
		{ 0 }
	};
	char *running = kernel_release(), *release = running;
	enum status status;
	struct snapshot snap;
	int c;

	while ((c = next_option(argc, argv, options, o)) != -1) {
		if (c == '?') {
			free(running);
			return ST_USAGE;
		}
		release = optarg;
	}
	if (optind != argc) {
		free(running);
		return usage("%s: pending takes no arguments", argv[optind]);
	}
	status = snapshot_read(&snap, o);
	if (!status || !snap.kernel.present)
		status = kernel_need_events(&snap.kernel);
	if (!status)
		print_all(&snap, o, release);
	snapshot_free(&snap);
	free(running);
	return status;
}

const struct verb verb_pending = {
	.name = "pending",
	.summary = "Show what was refused and could be approved",
	.usage = "[--kernel=RELEASE]",
	.run = pending_run,
};
