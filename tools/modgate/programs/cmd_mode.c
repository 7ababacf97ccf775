// SPDX-License-Identifier: GPL-2.0-only
/*
 * modgate mode: show what the local policy asks of a third-party module, or stage
 * a local policy that asks something else.
 */
#include <stdlib.h>
#include <string.h>

#include "base.h"
#include "change.h"
#include "document.h"
#include "kernel.h"
#include "programs.h"
#include "tpm.h"
#include "view.h"

/**
 * struct setting - what a local policy says, and what of it is to change
 * @mode: MODGATE_MODE_*, 0 if it stays
 * @set: MODGATE_POLICY_* to set
 * @clear: MODGATE_POLICY_* to clear
 */
struct setting {
	__u32 mode;
	__u32 set;
	__u32 clear;
};

static bool changes(const struct setting *s)
{
	return s->mode || s->set || s->clear;
}

static __u32 mode_of(const struct stored *policy)
{
	return modgate_le32(policy->header.mode);
}

static __u32 flags_of(const struct stored *policy)
{
	return modgate_le32(policy->header.flags);
}

static const char *mode_explain(__u32 mode)
{
	switch (mode) {
	case MODGATE_MODE_SYSTEM:
		return "no third-party module loads";
	case MODGATE_MODE_SIGNED:
		return "what is approved loads if a key that the kernel knows has signed it";
	default:
		return "what is approved loads";
	}
}

static struct json_object *setting_json(__u32 mode, __u32 flags,
					unsigned long long generation)
{
	struct json_object *j = json_object_new_object();

	json_str(j, "mode", mode_name(mode));
	json_yes(j, "audit", flags & MODGATE_POLICY_AUDIT);
	json_yes(j, "allow_kexec", flags & MODGATE_POLICY_ALLOW_KEXEC);
	json_yes(j, "auto_close", flags & MODGATE_POLICY_AUTO_CLOSE);
	json_num(j, "generation", generation);
	return j;
}

static void print_setting(const char *when, __u32 mode, __u32 flags)
{
	say("%-14s %s: %s\n", when, mode_name(mode), mode_explain(mode));
	say("%-14s %s; kexec is %s\n", "",
	    flags & MODGATE_POLICY_AUDIT ?
	    "audit: refusals are recorded, everything loads" : "enforcing",
	    flags & (MODGATE_POLICY_AUDIT | MODGATE_POLICY_ALLOW_KEXEC) ?
	    "allowed" : "refused");
	say("%-14s the gate %s\n", "", flags & MODGATE_POLICY_AUTO_CLOSE ?
	    "closes when the module collection is loaded" :
	    "stays open until restart");
}

/* What is in force, from the kernel itself; false if nothing is. */
static bool mode_in_force(const struct snapshot *snap, __u32 *mode, __u32 *flags)
{
	const struct record *state = &snap->kernel.state;
	const char *name = record_get(state, "mode");

	*mode = name ? mode_parse(name) : 0;
	*flags = 0;
	if (record_is(state, "enforcing", "audit"))
		*flags |= MODGATE_POLICY_AUDIT;
	/* With the flag audit it is allowed anyway; then the document tells. */
	if (snap->policy ? flags_of(snap->policy) & MODGATE_POLICY_ALLOW_KEXEC :
	    record_is(state, "enforcing", "yes") &&
	    record_is(state, "kexec", "allowed"))
		*flags |= MODGATE_POLICY_ALLOW_KEXEC;
	if (snap->policy)
		*flags |= flags_of(snap->policy) & MODGATE_POLICY_AUTO_CLOSE;
	else if (policy_closes(&snap->kernel))
		*flags |= MODGATE_POLICY_AUTO_CLOSE;
	return *mode && record_is(state, "policy", "yes");
}

static enum status mode_show(const struct options *o)
{
	const struct stored *next;
	struct json_object *j;
	bool now, waits;
	__u32 mode, flags;
	enum status status;
	struct snapshot snap;

	status = snapshot_read(&snap, o);
	if (!status)
		status = snapshot_need(&snap, o);
	if (status) {
		snapshot_free(&snap);
		return status;
	}
	next = snap.policy_next;
	now = mode_in_force(&snap, &mode, &flags);
	waits = !now || mode != mode_of(next) || flags != flags_of(next);
	if (o->json) {
		j = json_object_new_object();
		json_object_object_add(j, "in_force", !now ? NULL :
				       setting_json(mode, flags, snap.policy ?
						    stored_generation(snap.policy) : 0));
		json_object_object_add(j, "next",
				       setting_json(mode_of(next), flags_of(next),
						    stored_generation(next)));
		json_yes(j, "restart_needed", waits);
		json_out(j);
	} else {
		if (now)
			print_setting("In force:", mode, flags);
		else
			say("In force:      no local policy\n");
		if (waits)
			print_setting("After restart:", mode_of(next),
				      flags_of(next));
	}
	snapshot_free(&snap);
	return ST_OK;
}

/* Before the passphrase is asked for: what this will do to the machine. */
static void announce(const struct snapshot *snap, __u32 mode, __u32 flags)
{
	const struct stored *now = snap->policy_next;

	if (mode != mode_of(now))
		say("Mode %s instead of %s: %s.\n", mode_name(mode),
		    mode_name(mode_of(now)), mode_explain(mode));
	if (flags & ~flags_of(now) & MODGATE_POLICY_AUDIT)
		say("Audit: nothing is refused, not even what is banned; it is only recorded.\n");
	if (~flags & flags_of(now) & MODGATE_POLICY_AUDIT)
		say("Enforcing: what was only recorded is refused; see 'modgate pending'.\n");
	if (flags & ~flags_of(now) & MODGATE_POLICY_ALLOW_KEXEC)
		say("Kexec is allowed: root can start any other kernel, without modgate.\n");
	if (~flags & flags_of(now) & MODGATE_POLICY_ALLOW_KEXEC)
		say("Kexec is refused, crash kernels included.\n");
	if (flags & ~flags_of(now) & MODGATE_POLICY_AUTO_CLOSE)
		say("The gate closes at boot: later on only modules approved on demand load.\n");
	if (~flags & flags_of(now) & MODGATE_POLICY_AUTO_CLOSE)
		say("The gate stays open: approved modules load at any time.\n");
}

static enum status stage(const struct snapshot *snap, const struct options *o,
			 const struct count *count, __u32 mode, __u32 flags)
{
	struct draft draft;
	enum status status;

	if (!o->json)
		announce(snap, mode, flags);
	policy_draft(snap, &draft);
	draft.header.mode = le32(mode);
	draft.header.flags = le32(flags);
	status = policy_sign(snap, o, count, &draft);
	if (!status && o->json) {
		struct json_object *j =
			setting_json(mode, flags,
				     modgate_le64(draft.header.generation));

		json_yes(j, "restart_needed", true);
		json_out(j);
	} else if (!status) {
		say("Signed local policy, generation %llu. A restart is needed;\n"
		    "'modgate why MODULE' says what then becomes of a module.\n",
		    (unsigned long long)modgate_le64(draft.header.generation));
	}
	draft_free(&draft);
	return status ? status : ST_RESTART;
}

static enum status mode_apply(const struct snapshot *snap, const struct options *o,
			      const struct count *count, const struct setting *s)
{
	const struct stored *policy = snap->policy_next;
	__u32 mode = s->mode ? s->mode : mode_of(policy);
	__u32 flags = (flags_of(policy) | s->set) & ~s->clear;
	struct json_object *j;
	bool waits;

	if (mode != mode_of(policy) || flags != flags_of(policy))
		return stage(snap, o, count, mode, flags);
	waits = !snap->policy || memcmp(snap->policy->digest, policy->digest,
					MODGATE_DIGEST_SIZE);
	if (o->json) {
		j = setting_json(mode, flags, stored_generation(policy));
		json_yes(j, "restart_needed", waits);
		json_out(j);
	} else {
		say("The local policy (generation %llu) has these settings already%s.\n",
		    (unsigned long long)stored_generation(policy),
		    waits ? "; it waits for a restart" : "");
	}
	return waits ? ST_RESTART : ST_OK;
}

static enum status mode_change(const struct options *o, const struct setting *s)
{
	struct count count;
	struct snapshot snap;
	enum status status = policy_begin(&snap, o, &count);

	if (!status)
		status = mode_apply(&snap, o, &count, s);
	tpm_close(count.tpm);
	snapshot_free(&snap);
	return status;
}

static enum status mode_run(int argc, char **argv, struct options *o)
{
	static const struct option options[] = {
		{ "audit", no_argument, NULL, 'a' },
		{ "enforce", no_argument, NULL, 'e' },
		{ "allow-kexec", no_argument, NULL, 'x' },
		{ "refuse-kexec", no_argument, NULL, 'r' },
		{ "auto-close", no_argument, NULL, 'c' },
		{ "stay-open", no_argument, NULL, 'o' },
		{ 0 }
	};
	struct setting s = { 0 };
	int c;

	while ((c = next_option(argc, argv, options, o)) != -1) {
		if (c == 'a')
			s.set |= MODGATE_POLICY_AUDIT;
		else if (c == 'e')
			s.clear |= MODGATE_POLICY_AUDIT;
		else if (c == 'x')
			s.set |= MODGATE_POLICY_ALLOW_KEXEC;
		else if (c == 'r')
			s.clear |= MODGATE_POLICY_ALLOW_KEXEC;
		else if (c == 'c')
			s.set |= MODGATE_POLICY_AUTO_CLOSE;
		else if (c == 'o')
			s.clear |= MODGATE_POLICY_AUTO_CLOSE;
		else
			return ST_USAGE;
	}
	if (s.set & s.clear)
		return usage("%s: one of them", s.set & s.clear & MODGATE_POLICY_AUDIT ?
			     "--audit, --enforce" :
			     s.set & s.clear & MODGATE_POLICY_ALLOW_KEXEC ?
			     "--allow-kexec, --refuse-kexec" : "--auto-close, --stay-open");
	if (argc - optind > 1)
		return usage("%s: mode takes one argument", argv[optind + 1]);
	if (optind < argc) {
		s.mode = mode_parse(argv[optind]);
		if (!s.mode)
			return usage("%s: the modes are system, signed, listed",
				     argv[optind]);
	}
	return changes(&s) ? mode_change(o, &s) : mode_show(o);
}

const struct verb verb_mode = {
	.name = "mode",
	.summary = "Show or change what the local policy asks of a module",
	.usage = "[system | signed | listed] [--audit | --enforce]\n"
		 "       [--allow-kexec | --refuse-kexec] [--auto-close | --stay-open]",
	.run = mode_run,
};
