// SPDX-License-Identifier: GPL-2.0-only
/*
 * modgate status: at a glance, what holds and what does not. Reads the state
 * that everybody may read; says what only root could see.
 */
#include <stdlib.h>
#include <string.h>

#include "base.h"
#include "change.h"
#include "collection.h"
#include "document.h"
#include "kernel.h"
#include "module.h"
#include "programs.h"
#include "report.h"
#include "view.h"

/* What has been found so far. */
struct report {
	const struct options *o;
	const struct snapshot *snap;
	struct json_object *json;
	struct json_object *problems;
	struct json_object *counters;
	bool rolled_back;	/* says the TPM */
	struct states states;
	size_t count[STATES];	/* of modules, by their state */
};

/* One line: a mark, what it is about, and what about it. */
static void __printf(3, 4) line(bool good, const char *what,
				const char *format, ...)
{
	char *text;
	va_list ap;

	va_start(ap, format);
	text = vfmt(format, ap);
	va_end(ap);
	say_mark(good);
	say("%-14s %s\n", what, dash(text));
	free(text);
}

static void __printf(2, 3) problem(struct report *r, const char *format, ...)
{
	char *text;
	va_list ap;

	va_start(ap, format);
	text = vfmt(format, ap);
	va_end(ap);
	json_object_array_add(r->problems, json_object_new_string(text));
	free(text);
}

/* Some of it is shown to root only. */
static bool knows(const struct report *r, const char *key)
{
	return record_has(&r->snap->kernel.state, key);
}

/* What is wrong with what the kernel says. */
static void find_kernel_problems(struct report *r)
{
	__u8 digest[MODGATE_DIGEST_SIZE];
	const char *anchor = state_value(r->snap, "anchor");

	if (state_is(r->snap, "state", "boot"))
		problem(r, "state is boot: nothing has sealed it; did 'modgate boot' run?");
	if (state_is(r->snap, "provisioned", "yes") && strcmp(anchor, "loaded"))
		problem(r,
			"anchor is %s: no document can be accepted; hold 'modgate key --pin' against the kernel command line",
			anchor);
	if (r->snap->anchored &&
	    record_digest(&r->snap->kernel.state, "anchor-digest", digest) &&
	    memcmp(digest, r->snap->anchor.digest, sizeof(digest)))
		problem(r,
			"the kernel is pinned to another anchor than the one on disk; put the output of 'modgate key --pin' on the kernel command line");
	if (state_is(r->snap, "policy", "no") && state_is(r->snap, "provisioned", "yes"))
		problem(r,
			"no local policy is in force: no third-party modules; 'modgate verify' says what is wrong with the one on disk");
	if (record_number(&r->snap->kernel.state, "missing-lists"))
		problem(r,
			"%s required list(s) are not in force: no third-party modules; see 'modgate verify'",
			state_value(r->snap, "missing-lists"));
	if (state_is(r->snap, "freshness", "tpm") && !state_is(r->snap, "freshness-backend", "tpm"))
		problem(r,
			"freshness by TPM is demanded, but the kernel found no TPM when it started: no document can be accepted");
	if (record_number(&r->snap->kernel.state, "pcr-changed"))
		problem(r,
			"%s time(s) the PCR did not hold what was measured: the TPM was reset, or somebody else has extended it; see 'modgate verify --log'",
			state_value(r->snap, "pcr-changed"));
	if (state_is(r->snap, "system-keys", "lost"))
		problem(r,
			"somebody has invalidated .builtin_trusted_keys: the kernel's own modules are refused as well; restart");
	if (record_get(&r->snap->kernel.state, "error"))
		problem(r, "a document was not accepted: %s", state_value(r->snap, "error"));
}

/* What is wrong on disk, or between disk and kernel. */
static void find_disk_problems(struct report *r)
{
	const struct snapshot *snap = r->snap;
	size_t i;

	if (rotation_waits(r->o))
		problem(r, "%s", ROTATION_WAITS);
	if (snapshot_policy_put_back(snap))
		problem(r,
			"local policy: the kernel has generation %llu, the disk an older one: it was put back",
			record_number(&snap->kernel.policy, "generation"));
	for (i = 0; snap->anchored && i < snap->store.n_docs; i++)
		if (!snap->store.docs[i].valid)
			problem(r, "%s: %s", snap->store.docs[i].path,
				dash(snap->store.docs[i].problem));
	for (i = 0; i < snap->n_views; i++) {
		const struct authority_view *v = &snap->views[i];
		unsigned long long kernel = view_kernel_generation(v);

		if (kernel && (!v->next || stored_generation(v->next) < kernel))
			problem(r,
				"list of %s: the kernel has generation %llu, the disk an older one or none: it was put back",
				v->name, kernel);
		if (snap->policy_next && !v->next &&
		    modgate_le32(v->authority->flags) &
		    MODGATE_AUTHORITY_REQUIRED)
			problem(r, "list of %s: required, but there is no valid one on disk",
				v->name);
	}
}

static void status_take_finding(void *data, const char *what, enum status status,
				const char *text)
{
	struct report *r = data;

	if (!status)
		return;
	if (status == ST_CORRUPT)
		r->rolled_back = true;
	problem(r, "%s: %s", what, text);
}

/* What the TPM's counters say, which root alone can ask. */
static void find_counter_problems(struct report *r)
{
	const struct checker checker = {
		.say = status_take_finding, .data = r, .counters = r->counters,
	};

	if (r->snap->kernel.privileged)
		freshness_check(r->snap, r->o, &checker);
}

static void show_anchor(const struct report *r)
{
	const char *note = state_is(r->snap, "provisioned", "no") ?
			   " (not on the kernel command line)" : "";

	if (knows(r, "anchor-digest"))
		line(state_is(r->snap, "anchor", "loaded"), "anchor", "%s, %.16s%s",
		     state_value(r->snap, "anchor"), state_value(r->snap, "anchor-digest"), note);
	else
		line(state_is(r->snap, "anchor", "loaded"), "anchor", "%s%s",
		     state_value(r->snap, "anchor"), note);
}

static void show_kernel(const struct report *r)
{
	const char *enforcing = state_value(r->snap, "enforcing");

	if (!strcmp(enforcing, "yes"))
		line(true, "enforcing", "yes");
	else if (!strcmp(enforcing, "audit"))
		line(false, "enforcing",
		     "no, only audit: refusals are recorded, everything loads");
	else
		line(false, "enforcing",
		     "no, not provisioned: what would be refused is recorded");
	line(!state_is(r->snap, "state", "boot"), "state", "%s (ended by %s)",
	     state_value(r->snap, "state"), state_value(r->snap, "ended-by"));
	if (state_is(r->snap, "boot-kind", "recovery"))
		line(false, "boot", "recovery: no lists, and so no third-party modules");
	show_anchor(r);
	if (state_is(r->snap, "policy", "yes"))
		line(true, "policy", "in force, mode %s", state_value(r->snap, "mode"));
	else
		line(false, "policy", "none in force");
}

static void show_list(const struct report *r, const struct authority_view *v)
{
	bool loaded = v->line && record_is(v->line, "loaded", "yes");

	if (loaded)
		line(true, "list", "%s: generation %s, %s module(s)", v->name,
		     dash(record_get(v->line, "generation")),
		     dash(record_get(v->line, "modules")));
	else if (r->snap->kernel.privileged)
		line(false, "list", "%s: none in force", v->name);
	else if (v->in_force)
		line(state_is(r->snap, "policy", "yes"), "list",
		     "%s: generation %llu, %u module(s), as active/ has it; what is in force only root can see",
		     v->name, (unsigned long long)stored_generation(v->in_force),
		     v->in_force->doc.n_modules);
	else
		line(false, "list", "%s: none in active/", v->name);
}

static void show_rest(const struct report *r)
{
	bool none = state_is(r->snap, "machine", "none");

	if (!state_is(r->snap, "freshness", "tpm"))
		line(false, "freshness",
		     "none: older lists that you signed could be put back");
	else
		line(state_is(r->snap, "freshness-backend", "tpm"), "freshness",
		     "tpm, backend %s", state_value(r->snap, "freshness-backend"));
	if (state_is(r->snap, "tpm", "late") && state_is(r->snap, "provisioned", "yes"))
		line(false, "tpm",
		     "came too late: nothing of this boot is measured; see 'modgate doctor'");
	line(!none, "machine", "%s%s", state_value(r->snap, "machine"),
	     none ? ": documents are not bound to this machine" : "");
	line(state_is(r->snap, "kexec", "refused"), "kexec", "%s by modgate",
	     state_value(r->snap, "kexec"));
	if (state_is(r->snap, "lockdown", "yes"))
		line(true, "lockdown", "lets approved modules through");
	else
		line(!locked_down(r->o), "lockdown",
		     "does not let approved unsigned modules through%s",
		     locked_down(r->o) ? ", and is on" : "; it is off");
}

/* How many modules are in which state: those that were refused, and those on lists. */
static void count_pending(struct report *r)
{
	char *release = kernel_release();
	struct pending *p;
	size_t n, i;

	p = pending_find(&r->snap->kernel, &n);
	pending_resolve(p, n, r->o, release);
	for (i = 0; i < n; i++) {
		const char *reason;
		struct module m;

		pending_module(&m, r->o, &p[i]);
		if (state_of(&r->states, &m, &reason) == STATE_PENDING)
			r->count[STATE_PENDING]++;
		module_free(&m);
	}
	pending_free(p, n);
	free(release);
}

static void count_entries(struct report *r, const struct stored *list,
			  const struct stored *but)
{
	const char *reason;
	__u32 i;

	for (i = 0; list && i < list->doc.n_modules; i++) {
		const struct modgate_module *m = &list->doc.modules[i];

		if (!but || !modgate_find_module(&but->doc, m->digest))
			r->count[state_of_entry(&r->states, m, &reason)]++;
	}
}

static void count_states(struct report *r)
{
	size_t i;

	states_read(&r->states, r->snap, r->o);
	count_pending(r);
	for (i = 0; i < r->snap->n_views; i++) {
		const struct authority_view *v = &r->snap->views[i];

		count_entries(r, v->in_force, NULL);
		if (v->next != v->in_force)
			count_entries(r, v->next, v->in_force);
	}
	states_free(&r->states);
}

/* Pending ones have a line of their own. */
static void show_states(const struct report *r)
{
	char *text = NULL, *longer;
	size_t i;

	for (i = 0; i < STATES; i++) {
		if (!r->count[i] || i == STATE_PENDING)
			continue;
		longer = fmt("%s%s%zu %s", text ? text : "", text ? ", " : "",
			     r->count[i], state_word(i));
		free(text);
		text = longer;
	}
	if (text)
		line(!r->count[STATE_LEFT_OUT] && !r->count[STATE_REVOKED_LOADED] &&
		     !r->count[STATE_GONE], "modules", "%s, see 'modgate list'", text);
	free(text);
}

static void show_pending(const struct report *r)
{
	size_t n = r->count[STATE_PENDING];

	if (!r->snap->kernel.privileged && knows(r, "refused"))
		line(state_is(r->snap, "refused", "0"), "refused",
		     "%s load(s); which ones only root can see",
		     state_value(r->snap, "refused"));
	else if (r->snap->kernel.privileged)
		line(!n, "pending", "%zu module(s)%s", n,
		     n ? ", see 'modgate pending'" : "");
}

static bool same(const struct stored *a, const struct stored *b)
{
	return a && !memcmp(a->digest, b->digest, MODGATE_DIGEST_SIZE);
}

static void show_waiting(const struct report *r)
{
	const struct snapshot *snap = r->snap;
	size_t i;

	if (snap->policy_next && !same(snap->policy, snap->policy_next))
		line(false, "staged", "policy, generation %llu: waits for a restart",
		     (unsigned long long)stored_generation(snap->policy_next));
	for (i = 0; i < snap->n_views; i++) {
		const struct authority_view *v = &snap->views[i];

		if (v->next && !same(v->in_force, v->next))
			line(false, "staged",
			     "list of %s, generation %llu, %u module(s): waits for a restart, see 'modgate diff'",
			     v->name,
			     (unsigned long long)stored_generation(v->next),
			     v->next->doc.n_modules);
	}
}

/* The n-th problem that was found. */
static const char *nth_problem(const struct report *r, size_t n)
{
	return json_object_get_string(json_object_array_get_idx(r->problems, n));
}

static void status_show(const struct report *r)
{
	size_t i;

	show_kernel(r);
	for (i = 0; i < r->snap->n_views; i++)
		show_list(r, &r->snap->views[i]);
	show_rest(r);
	show_states(r);
	show_pending(r);
	show_waiting(r);
	if (!r->snap->anchored)
		line(false, "disk", "no keys below /etc/modgate; run 'modgate init'");
	for (i = 0; i < json_object_array_length(r->problems); i++)
		line(false, "problem", "%s", nth_problem(r, i));
	if (!r->snap->kernel.privileged)
		say("  %-14s %s\n", "root only",
		    "what was refused, what was not accepted, the TPM's counters, the state of the kernel's keys");
}

static struct json_object *view_json(const struct report *r,
				     const struct authority_view *v)
{
	struct json_object *j = json_object_new_object();
	bool loaded = v->line ? record_is(v->line, "loaded", "yes") :
				r->snap->assumed && v->in_force;

	json_str(j, "name", v->name);
	json_digest(j, "authority", v->authority->digest);
	json_yes(j, "required", modgate_le32(v->authority->flags) &
				MODGATE_AUTHORITY_REQUIRED);
	json_yes(j, "in_force", loaded);
	if (v->in_force) {
		json_num(j, "generation", stored_generation(v->in_force));
		json_num(j, "modules", v->in_force->doc.n_modules);
		json_digest(j, "digest", v->in_force->digest);
	} else if (v->line && loaded) {
		json_num(j, "generation", record_number(v->line, "generation"));
		json_num(j, "modules", record_number(v->line, "modules"));
		json_str(j, "digest", record_get(v->line, "digest"));
	}
	if (v->next && !same(v->in_force, v->next))
		json_num(j, "staged_generation", stored_generation(v->next));
	return j;
}

static void status_show_json(const struct report *r, enum status status)
{
	struct json_object *j = r->json, *kernel = json_object_new_object();
	struct json_object *lists = json_object_new_array();
	struct json_object *states = json_object_new_object();
	const struct record *state = &r->snap->kernel.state;
	size_t i;

	for (i = 0; i < state->n; i++)
		json_str(kernel, state->keys[i],
			 record_get(state, state->keys[i]));
	json_object_object_add(j, "kernel", kernel);
	json_yes(j, "privileged", r->snap->kernel.privileged);
	json_yes(j, "initialised", r->snap->anchored);
	if (r->snap->anchored)
		json_digest(j, "anchor", r->snap->anchor.digest);
	for (i = 0; i < r->snap->n_views; i++)
		json_object_array_add(lists, view_json(r, &r->snap->views[i]));
	json_object_object_add(j, "lists", lists);
	json_yes(j, "restart_needed", snapshot_waits(r->snap));
	if (r->snap->kernel.privileged)
		json_num(j, "pending", r->count[STATE_PENDING]);
	for (i = 0; i < STATES; i++)
		if (r->count[i])
			json_num(states, state_word(i), r->count[i]);
	json_object_object_add(j, "states", states);
	json_object_object_add(j, "counters", json_object_get(r->counters));
	json_object_object_add(j, "problems", json_object_get(r->problems));
	json_num(j, "status", status);
	json_out(j);
}

static enum status status_judge(const struct report *r)
{
	if (!state_is(r->snap, "provisioned", "yes") || !r->snap->anchored)
		return ST_UNPROVISIONED;
	if (json_object_array_length(r->problems))
		return r->rolled_back ? ST_CORRUPT : ST_NO;
	return snapshot_waits(r->snap) ? ST_RESTART : ST_OK;
}

static enum status status_run(int argc, char **argv, struct options *o)
{
	struct report r = { .o = o };
	enum status status;
	struct snapshot snap;

	if (next_option(argc, argv, NULL, o) != -1)
		return ST_USAGE;
	if (optind != argc)
		return usage("%s: status takes no arguments", argv[optind]);
	status = snapshot_read(&snap, o);
	if (!snap.kernel.present)
		status = kernel_missing(&snap.kernel);
	if (!status) {
		r.snap = &snap;
		r.json = json_object_new_object();
		r.problems = json_object_new_array();
		find_kernel_problems(&r);
		find_disk_problems(&r);
		r.counters = json_object_new_array();
		find_counter_problems(&r);
		count_states(&r);
		status = status_judge(&r);
		if (o->json) {
			status_show_json(&r, status);
		} else {
			status_show(&r);
			json_object_put(r.json);
		}
		json_object_put(r.problems);
		json_object_put(r.counters);
	}
	snapshot_free(&snap);
	return status;
}

const struct verb verb_status = {
	.name = "status",
	.summary = "Show at a glance what holds and what does not",
	.usage = "",
	.run = status_run,
};
