// SPDX-License-Identifier: GPL-2.0-only
/*
 * modgate why: would this module load, what decides it, and which command
 * would change it.
 */
#include <stdlib.h>
#include <string.h>

#include "base.h"
#include "collection.h"
#include "crypto.h"
#include "kernel.h"
#include "keys.h"
#include "module.h"
#include "programs.h"
#include "receipt.h"
#include "view.h"

/* One answer. */
struct answer {
	const struct options *o;
	const struct snapshot *snap;
	const struct module *m;
	struct verdict now;
	struct verdict next;
	bool has_next;
	char *kernel;		/* what no approval changes, or NULL */
	enum status status;
	char *remedy;
	char *state;
	bool permanent;		/* and loaded, so that it stays */
	char *release;		/* what ends that, or NULL */
};

static bool loads(const struct answer *a, const struct verdict *v, enum when when)
{
	return !a->kernel &&
	       (v->allow || !verdict_enforced(a->snap, when)) &&
	       !lockdown_refusal(a->snap, a->o, a->m, v);
}

static bool loads_now(const struct answer *a)
{
	return loads(a, &a->now, NOW);
}

/* In state boot it is not a restart that is missing. */
static bool loads_next(const struct answer *a)
{
	return a->has_next &&
	       strcmp(a->now.reason, MODGATE_REASON_NOT_SEALED) &&
	       loads(a, &a->next, NEXT);
}

static bool stops_loading(const struct answer *a)
{
	return a->has_next && loads_now(a) && !loads_next(a);
}

/* What a command can be told the module by, as a shell takes it; to be freed. */
static char *target(const struct answer *a)
{
	static const char plain[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./+:,=@%-";
	const char *path = a->m->path;
	char hex[HEX_SIZE];

	if (path && *path && !path[strspn(path, plain)])
		return xstrdup(path);
	return xstrdup(digest_hex(hex, a->m->digest));
}

/*
 * One command more. Each exits with 6 when a restart is needed, so that "&&" would
 * end after the first.
 */
static void __printf(2, 3) also(char **commands, const char *format, ...)
{
	char *command, *longer;
	va_list ap;

	va_start(ap, format);
	command = vfmt(format, ap);
	va_end(ap);
	longer = fmt("%s%s%s", *commands ? *commands : "", *commands ? "; " : "",
		     command);
	free(command);
	free(*commands);
	*commands = longer;
}

/* Is it the owner's list, which the owner can change? */
static bool is_owners(const struct answer *a, const struct authority_view *view)
{
	char *path = key_path(a->o, KEY_OWNER, "pem");
	struct cert owner;
	bool same = false;

	if (!cert_read(path, &owner)) {
		same = view == snapshot_owner(a->snap, &owner);
		cert_free(&owner);
	}
	free(path);
	return same;
}

/* The commands that take a list's bans of it off. */
static void lift_bans(const struct answer *a, const struct authority_view *view,
		      char **commands)
{
	const struct modgate_ban *ban = NULL;
	char hex[HEX_SIZE], *name;

	while ((ban = ban_next(view->next, a->m, ban))) {
		if (modgate_le32(ban->kind) == MODGATE_BAN_CERT) {
			also(commands, "modgate ban --remove --signer=%s",
			     digest_hex(hex, ban->digest));
			continue;
		}
		name = target(a);
		also(commands, "modgate ban --remove %s", name);
		free(name);
	}
}

/* Likewise of all lists; or the name of who alone can do so, if not the owner. */
static const char *lift_all_bans(const struct answer *a, char **commands)
{
	size_t i;

	for (i = 0; i < a->snap->n_views; i++) {
		const struct authority_view *view = &a->snap->views[i];

		if (!view->next || !ban_next(view->next, a->m, NULL))
			continue;
		if (!is_owners(a, view))
			return view->name;
		lift_bans(a, view, commands);
	}
	return NULL;
}

/* Would an entry of a list approve it, if only mode and bans let it? */
static bool is_listed(const struct answer *a)
{
	const struct authority_view *view;

	return approval_find(a->snap, a->m, NEXT, 0, &view) ||
	       vendor_find(a->snap, a->m, NEXT, 0, &view);
}

/* Who has switched the owner's approvals off, or NULL. */
static const char *exclusive_list(const struct answer *a)
{
	size_t i;

	for (i = 0; i < a->snap->n_views; i++) {
		const struct authority_view *view = &a->snap->views[i];

		if (list_is_exclusive(view->next) && !is_owners(a, view))
			return view->name;
	}
	return NULL;
}

/* What takes every obstacle away that documents put up; or what cannot be. */
static char *find_commands(const struct answer *a, bool system, char **commands)
{
	__u32 mode = modgate_le32(a->snap->policy_next->header.mode);
	const char *who = lift_all_bans(a, commands);
	char *name;

	if (who)
		return fmt("none here: %s has to take the ban off its list", who);
	if (system)
		return NULL;
	if (mode == MODGATE_MODE_SYSTEM || mode_wants_signer(a->snap, a->m))
		also(commands, "modgate mode listed");
	if (is_listed(a))
		return NULL;
	who = exclusive_list(a);
	if (who)
		return fmt("none here: the list of %s alone approves", who);
	name = target(a);
	also(commands, "modgate approve %s%s", name,
	     a->m->path ? "" : " --unseen");
	free(name);
	return NULL;
}

/*
 * The commands after which a restart lets it load, whatever it is now that stands
 * against it: bans, the mode, and that nobody has approved it.
 */
static char *change_documents(const struct answer *a)
{
	bool system = module_is_system(a->m);
	char *commands = NULL, *obstacle, *text;

	obstacle = system ? NULL : module_obstacle(a->snap, a->o, a->m);
	if (obstacle) {
		text = fmt("none: %s", obstacle);
		free(obstacle);
		return text;
	}
	text = find_commands(a, system, &commands);
	if (!text)
		text = fmt("%s%srestart", commands ? commands : "",
			   commands ? ", then " : "");
	free(commands);
	return text;
}

static const struct remedy {
	const char *reason;
	const char *text;
} remedies[] = {
	{ MODGATE_REASON_NO_POLICY, "put right what modgate verify finds, then restart" },
	{ MODGATE_REASON_NO_LIST, "put right what modgate verify finds, then restart" },
	{ MODGATE_REASON_NOT_SEALED, "load it again when the kernel is sealed" },
};

/* Where no change of documents helps, what does; else the commands that change them. */
static char *remedy_for(const char *reason, const struct answer *a)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(remedies); i++)
		if (!strcmp(reason, remedies[i].reason))
			return xstrdup(remedies[i].text);
	return a->has_next ? change_documents(a) : xstrdup("modgate init, then restart");
}

/* What is revoked or banned stays out, whoever has signed it. */
static bool may_be_system(const struct answer *a)
{
	return system_keys_lost(a->snap, a->m) &&
	       strcmp(a->now.reason, MODGATE_REASON_REVOKED) &&
	       strcmp(a->now.reason, MODGATE_REASON_BANNED);
}

static void find_remedy(struct answer *a)
{
	if (a->kernel)
		a->remedy = a->m->sig.state == SIG_BROKEN || a->m->problem ?
			    xstrdup("install the module anew") :
			    xstrdup("not a matter of modgate: see what refuses");
	else if (loads_next(a))
		a->remedy = xstrdup("restart");
	else if (may_be_system(a))
		a->remedy =
			xstrdup("restart, then ask again: the kernel's own keys were invalidated");
	else if (a->has_next && a->next.allow)
		a->remedy = remedy_for(a->now.reason, a);
	else
		a->remedy = remedy_for(a->has_next ? a->next.reason :
						     a->now.reason, a);
}

/* approve adds flags to an entry and takes none off: the entry has to go first. */
static char *release_commands(const struct answer *a, const struct modgate_module *m,
			      const struct modgate_vendor *v)
{
	const char *demand = modgate_le32(m ? m->flags : v->flags) &
			     MODGATE_MODULE_ON_DEMAND ? " --on-demand" : "";
	char *commands = NULL, *name = m ? target(a) : NULL, *text;
	char hex[HEX_SIZE], *revoke;

	if (m)
		also(&commands, "modgate revoke %s", name);
	else
		also(&commands, "modgate revoke --vendor=%s --name='%s'",
		     digest_hex(hex, v->digest), (const char *)v->pattern);
	revoke = xstrdup(commands);
	if (m)
		also(&commands, "modgate approve%s %s%s", demand, name,
		     a->m->path ? "" : " --unseen");
	else
		also(&commands, "modgate approve%s --vendor=FILE --name='%s'", demand,
		     (const char *)v->pattern);
	text = fmt("%s, then restart; to keep it approved: %s, then restart", revoke, commands);
	free(revoke);
	free(commands);
	free(name);
	return text;
}

/* The kernel keeps it until restart, and after that if its entry still says so. */
static void find_permanent(struct answer *a)
{
	const struct modgate_vendor *v = NULL;
	const struct modgate_module *m;
	const struct authority_view *view;

	a->permanent = receipt_permanent(&a->snap->kernel, a->m->digest);
	if (!a->permanent)
		return;
	m = approval_find(a->snap, a->m, NEXT, MODGATE_MODULE_PERMANENT, &view);
	if (!m)
		v = vendor_find(a->snap, a->m, NEXT, MODGATE_MODULE_PERMANENT, &view);
	if (!m && !v)
		a->release = xstrdup("restart");
	else if (is_owners(a, view))
		a->release = release_commands(a, m, v);
	else
		a->release = fmt("none here: %s has to take it off its list, or the flag",
				 view->name);
}

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

static void why_show(const struct answer *a)
{
	const struct module *m = a->m;
	char hex[HEX_SIZE], *text;

	say("%s: %s\n", dash(m->name), headline(a));
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
	if (a->now.unsure)
		why_field("unsure", a->now.unsure);
	if (a->snap->assumed)
		why_field("unsure",
			  "what is in force, what was revoked and whether the kernel has lost its own keys only root can see; taken from active/");
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
	json_yes(j, "allow", a->now.allow);
	json_str(j, "reason", a->now.reason);
	json_str(j, "decided", a->now.decided);
	if (a->has_next)
		json_str(j, "reason_after_restart", a->next.reason);
	json_yes(j, "permanent", a->permanent);
	json_str(j, "release", a->release);
	json_str(j, "kernel", a->kernel);
	json_str(j, "unsure", a->now.unsure);
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
