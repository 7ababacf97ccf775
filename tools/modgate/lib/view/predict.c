// SPDX-License-Identifier: GPL-2.0-only
/*
 * Predict the kernel's verdict: ask its own table with the rules and facts known here and
 * explain the answer in a sentence; also tell whether another part of the kernel would
 * refuse the module.
 */
#include <stdlib.h>
#include <string.h>

#include "base.h"
#include "document.h"
#include "facts.h"
#include "kernel.h"
#include "module.h"
#include "table.h"
#include "view.h"

static const struct authority_view *missing_list(const struct snapshot *snap, enum when when)
{
	const struct stored *policy = when == NEXT ? snap->policy_next : snap->policy;
	size_t i;

	for (i = 0; i < snap->n_views; i++) {
		const struct authority_view *v = &snap->views[i];

		if ((policy_authority(policy, v->authority->digest) ||
		     (when == NOW && v->replaced)) &&
		    modgate_le32(v->authority->flags) &
		    MODGATE_AUTHORITY_REQUIRED && !view_list(v, when) &&
		    (when == NEXT || !v->line || !record_is(v->line, "loaded", "yes")))
			return v;
	}
	return NULL;
}

static bool policy_is_there(const struct snapshot *snap, enum when when)
{
	return when == NEXT ? !!snap->policy_next :
			      record_is(&snap->kernel.state, "policy", "yes");
}

static __u32 mode_of(const struct snapshot *snap, enum when when)
{
	if (when == NEXT)
		return snap->policy_next ? modgate_le32(snap->policy_next->header.mode) : 0;
	return mode_parse(dash(record_get(&snap->kernel.state, "mode")));
}

static enum modgate_state state_of(const struct snapshot *snap, enum when when)
{
	if (when == NEXT)
		return MODGATE_SEALED;
	if (record_is(&snap->kernel.state, "state", "boot"))
		return MODGATE_BOOT;
	return record_is(&snap->kernel.state, "state", "closed") ? MODGATE_CLOSED :
								   MODGATE_SEALED;
}

static struct modgate_rules rules_of(const struct snapshot *snap, enum when when)
{
	return (struct modgate_rules){
		.state = state_of(snap, when),
		.policy = policy_is_there(snap, when),
		.lists = !missing_list(snap, when) &&
			 (when == NEXT || !record_number(&snap->kernel.state, "missing-lists")),
		.mode = mode_of(snap, when),
	};
}

/* A verdict to explain. */
struct question {
	const struct snapshot *snap;
	const struct module *module;
	enum when when;
};

static char *by_list(const struct question *q, const struct authority_view *view)
{
	return fmt("list of %s, generation %llu", view->name,
		   (unsigned long long)stored_generation(view_list(view, q->when)));
}

static char *explain_banned(const struct question *q)
{
	const struct authority_view *view;

	ban_find(q->snap, q->module, q->when, &view);
	return by_list(q, view);
}

static char *explain_system(const struct question *q)
{
	return fmt("signed by %s, a key in .builtin_trusted_keys", dash(q->module->sig.signer));
}

static char *explain_no_list(const struct question *q)
{
	const struct authority_view *missing = missing_list(q->snap, q->when);

	return fmt("the required list of %s is not in force",
		   missing ? missing->name : "an authority");
}

static char *explain_approved(const struct question *q)
{
	const struct authority_view *view;

	approval_find(q->snap, q->module, q->when, 0, &view);
	return by_list(q, view);
}

static char *explain_vendor(const struct question *q)
{
	const struct authority_view *view;
	const struct modgate_vendor *vendor = vendor_find(q->snap, q->module, q->when, 0, &view);
	char *list = by_list(q, view);
	char *text = fmt("vendor %s, modules %s, in the %s", dash(q->module->sig.signer),
			 (const char *)vendor->pattern, list);

	free(list);
	return text;
}

/* A list entry of the same name: the module was rebuilt or changed. */
static const struct authority_view *same_name(const struct snapshot *snap,
					      const struct module *module, enum when when)
{
	size_t i;
	__u32 j;

	for (i = 0; i < snap->n_views; i++) {
		const struct stored *list = view_list(&snap->views[i], when);

		for (j = 0; list && module->name && j < list->doc.n_modules; j++)
			if (!strcmp((const char *)list->doc.modules[j].name,
				    module->name))
				return &snap->views[i];
	}
	return NULL;
}

static char *explain_not_approved(const struct question *q)
{
	const struct authority_view *other = same_name(q->snap, q->module, q->when);
	char *list, *text;

	if (!other)
		return fmt("no list %s approves its digest",
			   q->when == NEXT ? "on disk" : "in force");
	list = by_list(q, other);
	text = fmt("the %s, approves %s with another digest: it was rebuilt or changed since",
		   list, q->module->name);
	free(list);
	return text;
}

/*
 * An explanation for each reason of the table: a fixed text or a function. The admin guide
 * explains the same reasons.
 */
static const struct explanation {
	const char *reason;
	const char *text;
	char *(*explain)(const struct question *q);
} explanations[] = {
	{ MODGATE_REASON_REVOKED, .text = "its digest was written to revoke, until restart" },
	{ MODGATE_REASON_BANNED, .explain = explain_banned },
	{ MODGATE_REASON_SYSTEM, .explain = explain_system },
	{ MODGATE_REASON_NOT_SEALED, .text = "the kernel is still in state boot" },
	{ MODGATE_REASON_NO_POLICY, .text = "no local policy is in force" },
	{ MODGATE_REASON_NO_LIST, .explain = explain_no_list },
	{ MODGATE_REASON_MODE,
	  .text = "the local policy has mode system: no third-party modules" },
	{ MODGATE_REASON_CLOSED,
	  .text = "the kernel is in state closed, and it is not approved on demand" },
	{ MODGATE_REASON_APPROVED, .explain = explain_approved },
	{
		MODGATE_REASON_UNSIGNED,
		.text =
		"the local policy has mode signed, and neither a vendor nor a key that the kernel knows signed it",
	},
	{ MODGATE_REASON_VENDOR, .explain = explain_vendor },
	{ MODGATE_REASON_NOT_APPROVED, .explain = explain_not_approved },
};

static char *explain(const struct question *q, const char *reason)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(explanations); i++) {
		const struct explanation *e = &explanations[i];

		if (!strcmp(e->reason, reason))
			return e->text ? xstrdup(e->text) : e->explain(q);
	}
	return xstrdup(reason);
}

/* Why the last unknown fact that the table asked for is unknown. */
static const char *why_unsure(const struct module_facts *facts,
			      const struct table_answer *answer)
{
	unsigned int which = FACTS;

	while (which--)
		if (answer->unsure & answer->asked & MODGATE_FACT(which))
			return facts->why[which];
	return NULL;
}

/* Refusals that no document decides: the kernel failed to reach a verdict or to measure. */
static const char *refused_as_error(const struct snapshot *snap, const struct module *module)
{
	if (!module->event || !record_is(module->event, "reason", MODGATE_REASON_ERROR))
		return NULL;
	if (!record_has(&snap->kernel.state, "measure-errors"))
		return "refused as error: the kernel log says why";
	if (record_number(&snap->kernel.state, "measure-errors"))
		return "refused as error: the TPM takes no records any more, until restart";
	return "refused as error: no memory, or its signer, maybe a banned one, is not known";
}

static void ask_table(struct verdict *v, const struct question *q,
		      const struct modgate_rules *rules)
{
	struct table_answer answer;
	struct module_facts facts;

	facts_supposed(&facts, 0, 0);
	facts_find(&facts, rules, q->snap, q->module, q->when);
	answer = table_ask(rules, &facts.known);
	*v = (struct verdict){
		.allow = answer.verdict.allow,
		.vouch = answer.verdict.vouch,
		.reason = answer.verdict.reason,
		.decided = explain(q, answer.verdict.reason),
		.unsure = why_unsure(&facts, &answer),
		.allow_unsure = answer.allow_unsure,
		.vouch_unsure = answer.vouch_unsure,
	};
}

/**
 * verdict_make() - what would the kernel say?
 * @v: filled in; to be freed
 * @snapshot: everything that is known
 * @module: a module
 * @when: now, or after a restart
 *
 * If the kernel may not be asked (@snapshot is assumed), the verdict is only as reliable
 * as that assumption.
 */
void verdict_make(struct verdict *v, const struct snapshot *snapshot,
		  const struct module *module, enum when when)
{
	const struct question q = { .snap = snapshot, .module = module, .when = when };
	const struct modgate_rules rules = rules_of(snapshot, when);

	ask_table(v, &q, &rules);
	if (when == NOW && v->allow && refused_as_error(snapshot, module)) {
		v->unsure = refused_as_error(snapshot, module);
		v->allow_unsure = true;
	}
}

/**
 * verdict_in_initramfs() - what would the kernel say after a restart, before the lists count?
 * @v: filled in; to be freed
 * @snapshot: everything that is known
 * @module: a module
 */
void verdict_in_initramfs(struct verdict *v, const struct snapshot *snapshot,
			  const struct module *module)
{
	const struct question q = { .snap = snapshot, .module = module, .when = NEXT };
	struct modgate_rules rules = rules_of(snapshot, NEXT);

	rules.state = MODGATE_BOOT;
	ask_table(v, &q, &rules);
}

/**
 * verdict_if() - what would the kernel say after a restart, if ...?
 * @snapshot: everything that is known; with a local policy for the next start
 * @module: a module; may be NULL if every fact is supposed
 * @yes: facts supposed to be true, MODGATE_FACT(MODGATE_IS_*)
 * @no: facts supposed not to be, likewise
 *
 * Also supposes that every required list is in force.
 *
 * Return: the reason, MODGATE_REASON_*.
 */
const char *verdict_if(const struct snapshot *snapshot, const struct module *module,
		       unsigned int yes, unsigned int no)
{
	struct modgate_rules rules = rules_of(snapshot, NEXT);
	struct module_facts facts;

	rules.lists = true;
	facts_supposed(&facts, yes, no);
	facts_find(&facts, &rules, snapshot, module, NEXT);
	return table_ask(&rules, &facts.known).verdict.reason;
}

void verdict_free(struct verdict *v)
{
	free(v->decided);
	memset(v, 0, sizeof(*v));
}

/* Is a denial enforced, not just recorded? */
bool verdict_enforced(const struct snapshot *snapshot, enum when when)
{
	if (when == NEXT)
		return !(modgate_le32(snapshot->policy_next->header.flags) &
			 MODGATE_POLICY_AUDIT);
	return record_is(&snapshot->kernel.state, "enforcing", "yes");
}

/* Does lockdown accept what modgate approves? */
static bool lockdown_heeds(const struct snapshot *snapshot)
{
	return record_is(&snapshot->kernel.state, "lockdown", "yes");
}

/**
 * lockdown_asks() - does lockdown let it through only if a list approves it?
 * @snapshot: everything that is known
 * @o: options
 * @module: a module
 *
 * Return: true if lockdown is on, heeds modgate, and the kernel does not know the signer.
 */
bool lockdown_asks(const struct snapshot *snapshot, const struct options *o,
		   const struct module *module)
{
	return module->path && modsig_known(&module->sig) == KNOWN_NO &&
	       locked_down(o) && lockdown_heeds(snapshot);
}

/**
 * lockdown_refusal() - would lockdown refuse it, because no list approves it?
 * @snapshot: everything that is known
 * @o: options
 * @module: a module
 * @v: modgate's verdict
 *
 * Return: true if so, even if modgate itself only records.
 */
bool lockdown_refusal(const struct snapshot *snapshot, const struct options *o,
		      const struct module *module, const struct verdict *v)
{
	return lockdown_asks(snapshot, o, module) && !v->vouch;
}

#define KNOWS_SIGNER "whether the kernel knows the signer, as is demanded by "
#define RUN_AS_ROOT "; run it as root, on the machine itself"

/**
 * kernel_unsure() - is it unknown whether the kernel itself refuses it?
 * @snapshot: everything that is known
 * @o: options
 * @module: a module
 * @v: modgate's verdict
 *
 * Return: what is unknown and how to find out, or NULL.
 */
const char *kernel_unsure(const struct snapshot *snapshot, const struct options *o,
			  const struct module *module, const struct verdict *v)
{
	if (!module->path || modsig_known(&module->sig) != KNOWN_UNKNOWN)
		return NULL;
	if (sig_enforced(o))
		return KNOWS_SIGNER "module.sig_enforce" RUN_AS_ROOT;
	if (locked_down(o) && !(lockdown_heeds(snapshot) && v->vouch && !v->vouch_unsure))
		return KNOWS_SIGNER "lockdown" RUN_AS_ROOT;
	return NULL;
}

/**
 * kernel_refusal() - would the kernel refuse it, whatever modgate says?
 * @snapshot: everything that is known
 * @o: options
 * @module: a module
 *
 * Return: which check refuses it and why, to be freed; NULL if none does.
 */
char *kernel_refusal(const struct snapshot *snapshot, const struct options *o,
		     const struct module *module)
{
	char *running, *release;
	char *text = NULL;

	if (!module->path)
		return NULL;
	if (module->problem)
		return fmt("not a module: %s", module->problem);
	if (module->sig.state == SIG_BROKEN)
		return fmt("the kernel's signature check: broken signature, %s",
			   module->sig.problem);
	if (modsig_known(&module->sig) == KNOWN_NO) {
		if (sig_enforced(o))
			return xstrdup("module.sig_enforce: the kernel itself refuses it");
		if (locked_down(o) && !lockdown_heeds(snapshot))
			return xstrdup("lockdown: the kernel itself refuses unknown signers");
	}
	running = kernel_release();
	release = module_release(module);
	if (!module_for(module, running))
		text = fmt("vermagic: it was built for kernel %s, running is %s",
			   release, running);
	free(release);
	free(running);
	return text;
}
