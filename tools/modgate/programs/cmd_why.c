// SPDX-License-Identifier: GPL-2.0-only
/*
 * modgate why: would this module load, what decides it, and which command
 * would change it.
 */
#include <stdlib.h>
#include <string.h>

#include "base.h"
#include "collection.h"
#include "kernel.h"
#include "module.h"
#include "programs.h"
#include "view.h"
#include "why.h"

static void find_state(struct answer *a)
{
	struct states s;

	states_read(&s, a->snap, a->o);
	a->state = state_text_of(&s, a->m);
	states_free(&s);
}

static void find_answer(struct answer *a)
{
	find_state(a);
	find_permanent(a);
	verdict_make(&a->now, a->snap, a->m, NOW);
	a->has_next = a->snap->policy_next;
	if (a->has_next)
		verdict_make(&a->next, a->snap, a->m, NEXT);
	a->kernel = kernel_refusal(a->snap, a->o, a->m);
	a->unsure = kernel_unsure(a->snap, a->o, a->m, &a->now);
	if (loads_now(a))
		a->status = ST_OK;
	else
		a->status = loads_next(a) ? ST_RESTART : ST_NO;
	if (!loads_now(a))
		find_remedy(a);
}

static void why_field(const char *name, const char *value)
{
	say("  %-9s %s\n", name, dash(value));
}

static const char *headline(const struct answer *a)
{
	if (a->status == ST_RESTART)
		return "would load after a restart";
	if (a->status != ST_OK)
		return a->kernel && a->now.allow ?
		       "would not load, though modgate allows it" :
		       "would not load";
	if (!a->now.allow)
		return "would load, since modgate only records";
	return stops_loading(a) ? "would load, but not after a restart" :
				  "would load";
}

static void show_event(const struct record *e)
{
	char *text = fmt("%s %s, %s time(s), by %s (pid %s, uid %s), %s s after power-on",
			 dash(record_get(e, "verdict")),
			 dash(record_get(e, "reason")),
			 dash(record_get(e, "count")),
			 dash(record_get(e, "comm")),
			 dash(record_get(e, "pid")),
			 dash(record_get(e, "uid")),
			 dash(record_get(e, "last")));

	why_field("refused", text);
	free(text);
}

/* Modgate would let it through, but then lockdown asks who approved it. */
static void show_lockdown(const struct answer *a)
{
	if (lockdown_refusal(a->snap, a->o, a->m, &a->now))
		why_field("kernel", "lockdown: the kernel itself refuses what no list approves");
}

/* What could not be known, and how to know it. */
static void why_show_unsure(const struct answer *a)
{
	if (a->now.unsure)
		why_field("unsure", a->now.unsure);
	if (a->unsure)
		why_field("unsure", a->unsure);
	if (a->snap->assumed)
		why_field("unsure",
			  "what is in force, what was revoked and whether the kernel has lost its own keys: taken from active/; run it as root");
}

static void why_show(const struct answer *a)
{
	const struct module *m = a->m;
	char hex[HEX_SIZE], *text;

	say("%s: %s%s\n", dash(m->name), headline(a),
	    loading_unsure(a) ? ", as far as is known here" : "");
	why_field("state", a->state);
	why_field("reason", a->now.reason);
	why_field("decided", a->now.decided);
	if (a->kernel)
		why_field("kernel", a->kernel);
	else if (a->now.allow || !verdict_enforced(a->snap, NOW))
		show_lockdown(a);
	if (a->status == ST_RESTART || stops_loading(a)) {
		text = fmt("%s: %s", a->next.reason, a->next.decided);
		why_field("restart", text);
		free(text);
	}
	if (a->permanent) {
		why_field("permanent", kernel_forces(&a->snap->kernel, "unload") ?
			  "it is permanent: rmmod fails, but root can force it out (rmmod -f)" :
			  "it is permanent, and stays until restart; rmmod fails");
		why_field("release", a->release);
	}
	why_field("file", m->path ? m->path : "not found");
	why_field("digest", digest_hex(hex, m->digest));
	text = m->path && !m->problem ? modsig_text(&m->sig) : NULL;
	why_field("signer", text);
	free(text);
	if (m->event)
		show_event(m->event);
	why_show_unsure(a);
	if (a->remedy)
		why_field("remedy", a->remedy);
}

static void why_show_json(const struct answer *a)
{
	struct json_object *j = json_object_new_object();

	module_json(j, a->m);
	json_str(j, "state", a->state);
	json_yes(j, "loads", loads_now(a));
	json_yes(j, "loads_after_restart", loads_next(a));
	json_yes(j, "loads_unsure", loading_unsure(a));
	json_yes(j, "allow", a->now.allow);
	json_yes(j, "vouch", a->now.vouch);
	json_str(j, "reason", a->now.reason);
	json_str(j, "decided", a->now.decided);
	if (a->has_next)
		json_str(j, "reason_after_restart", a->next.reason);
	json_yes(j, "permanent", a->permanent);
	json_str(j, "release", a->release);
	json_str(j, "kernel", a->kernel);
	json_str(j, "unsure", a->now.unsure ? a->now.unsure : a->unsure);
	json_yes(j, "assumed", a->snap->assumed);
	json_str(j, "remedy", a->remedy);
	if (a->m->event) {
		json_str(j, "event_verdict", record_get(a->m->event, "verdict"));
		json_str(j, "event_reason", record_get(a->m->event, "reason"));
		json_num(j, "event_count", record_number(a->m->event, "count"));
	}
	json_out(j);
}

static enum status why(const struct options *o, const char *target,
		       const char *release, const char *cert)
{
	struct answer a = { .o = o };
	struct module m = { 0 };
	enum status status;
	struct snapshot snap;

	status = snapshot_read(&snap, o);
	if (!snap.kernel.present)
		status = kernel_missing(&snap.kernel);
	if (!status)
		status = lookup_target(&m, o, &snap.kernel, release, target, cert);
	if (!status) {
		a.snap = &snap;
		a.m = &m;
		find_answer(&a);
		if (o->json)
			why_show_json(&a);
		else
			why_show(&a);
		status = a.status;
		verdict_free(&a.now);
		verdict_free(&a.next);
		free(a.kernel);
		free(a.remedy);
		free(a.state);
		free(a.release);
	}
	module_free(&m);
	snapshot_free(&snap);
	return status;
}

static enum status why_run(int argc, char **argv, struct options *o)
{
	static const struct option options[] = {
		{ "kernel", required_argument, NULL, 'k' },
		{ "cert", required_argument, NULL, 'c' },
		{ 0 }
	};
	char *running = kernel_release(), *release = running;
	const char *cert = NULL;
	enum status status = ST_OK;
	int c;

	while ((c = next_option(argc, argv, options, o)) != -1 && !status) {
		if (c == 'k')
			release = optarg;
		else if (c == 'c')
			cert = optarg;
		else
			status = ST_USAGE;
	}
	if (!status && optind + 1 != argc)
		status = usage("why what? One path, name, digest, or number of 'modgate pending'");
	if (!status)
		status = why(o, argv[optind], release, cert);
	free(running);
	return status;
}

const struct verb verb_why = {
	.name = "why",
	.summary = "Say whether a module would load, what decides it, what would change it",
	.usage = "[--kernel=RELEASE] [--cert=FILE] PATH | NAME | DIGEST | NUMBER",
	.run = why_run,
};
