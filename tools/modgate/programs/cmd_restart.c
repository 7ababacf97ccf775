// SPDX-License-Identifier: GPL-2.0-only
/*
 * modgate restart: say what a restart would change, and bring it about.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base.h"
#include "collection.h"
#include "document.h"
#include "kernel.h"
#include "programs.h"
#include "view.h"

/* What waits for a restart. */
struct waiting {
	struct json_object *active;	/* names of modules */
	struct json_object *removed;	/* likewise */
	struct json_object *changes;	/* as modgate diff has them */
};

static void add_entry(struct waiting *w, const struct states *s,
		      const struct modgate_module *entry)
{
	const char *reason, *name = dash((const char *)entry->name);
	enum module_state state = state_of_entry(s, entry, &reason);

	if (state == STATE_APPROVED || state == STATE_GONE)
		json_object_array_add(w->active, json_object_new_string(name));
	else if (state == STATE_REVOKED_LOADED)
		json_object_array_add(w->removed, json_object_new_string(name));
}

static void add_list(struct waiting *w, const struct states *s,
		     const struct stored *list, const struct stored *but)
{
	__u32 i;

	for (i = 0; list && i < list->doc.n_modules; i++)
		if (!but || !modgate_find_module(&but->doc, list->doc.modules[i].digest))
			add_entry(w, s, &list->doc.modules[i]);
}

static void restart_find(struct waiting *w, const struct snapshot *snapshot,
			 const struct options *o)
{
	struct states s;
	size_t i;

	states_read(&s, snapshot, o);
	for (i = 0; i < snapshot->n_views; i++) {
		const struct authority_view *v = &snapshot->views[i];

		add_list(w, &s, v->in_force, NULL);
		if (v->next != v->in_force)
			add_list(w, &s, v->next, v->in_force);
	}
	states_free(&s);
	diff_snapshot(w->changes, snapshot);
}

static size_t length(struct json_object *array)
{
	return json_object_array_length(array);
}

static void show_names(const char *what, struct json_object *names)
{
	size_t i;

	if (!length(names))
		return;
	say("%zu module(s) %s:", length(names), what);
	for (i = 0; i < length(names); i++) {
		say("%s %s", i ? "," : "",
		    dash(json_object_get_string(json_object_array_get_idx(names, i))));
	}
	say("\n");
}

static void restart_show(const struct waiting *w, const struct options *o, bool waits)
{
	struct json_object *j;

	if (o->json) {
		j = json_object_new_object();
		json_object_object_add(j, "active", json_object_get(w->active));
		json_object_object_add(j, "removed", json_object_get(w->removed));
		json_object_object_add(j, "changes", json_object_get(w->changes));
		json_out(j);
		return;
	}
	show_names("become active", w->active);
	show_names("are removed", w->removed);
	if (length(w->changes))
		say("%zu change(s) of documents come into force; 'modgate diff' shows them\n",
		    length(w->changes));
	if (!waits)
		say("Nothing changes.\n");
}

/* Starts the firmware, and not only another user space or another kernel. */
static enum status restart(const struct options *o)
{
	char *systemd = fmt("%s/run/systemd/system", o->root);
	const bool without = access(systemd, F_OK);

	free(systemd);
	setenv("SYSTEMCTL_SKIP_AUTO_KEXEC", "1", 1);
	setenv("SYSTEMCTL_SKIP_AUTO_SOFT_REBOOT", "1", 1);
	signal(SIGPIPE, SIG_DFL);
	say_flush();
	if (without)
		execlp("reboot", "reboot", NULL);
	else
		execlp("systemctl", "systemctl", "reboot", NULL);
	return fail(ST_NO, "%s: %s", without ? "reboot" : "systemctl", strerror(errno));
}

static enum status restart_run(int argc, char **argv, struct options *o)
{
	static const struct option options[] = {
		{ "force", no_argument, NULL, 'f' },
		{ 0 }
	};
	struct waiting waiting = { 0 };
	bool force = false, waits = false;
	enum status status;
	struct snapshot snap;
	int c;

	while ((c = next_option(argc, argv, options, o)) != -1) {
		if (c == '?')
			return ST_USAGE;
		force = true;
	}
	if (optind != argc)
		return usage("%s: restart takes no arguments", argv[optind]);
	waiting.active = json_object_new_array();
	waiting.removed = json_object_new_array();
	waiting.changes = json_object_new_array();
	status = snapshot_read(&snap, o);
	if (!status)
		status = snapshot_need(&snap, o);
	if (!status) {
		restart_find(&waiting, &snap, o);
		waits = snapshot_waits(&snap) || length(waiting.active) ||
			length(waiting.removed);
		if (!waits && !force)
			status = fail(ST_NO,
				      "nothing waits for a restart; --force restarts all the same");
		else
			restart_show(&waiting, o, waits);
		if (record_is(&snap.kernel.state, "provisioned", "no"))
			warn("the kernel has no pin ('modgate key --pin'): no document counts");
	}
	snapshot_free(&snap);
	json_object_put(waiting.active);
	json_object_put(waiting.removed);
	json_object_put(waiting.changes);
	if (status && !force)
		return status;
	return restart(o);
}

const struct verb verb_restart = {
	.name = "restart",
	.summary = "Say what a restart changes, and restart",
	.usage = "[--force]",
	.run = restart_run,
};
