// SPDX-License-Identifier: GPL-2.0-only
/*
 * Disk, kernel and TPM side by side: every difference by its name. Changes
 * nothing.
 */
#include <stdlib.h>
#include <string.h>

#include "base.h"
#include "document.h"
#include "kernel.h"
#include "tpm.h"
#include "view.h"

#define REPAIR "see 'modgate verify --repair'"

/* What is held against what. */
struct check {
	const struct snapshot *snapshot;
	const struct checker *out;
	struct tpm *tpm;
};

/* One signer. */
struct signer {
	const char *name;
	__u32 slot;
	__u64 base;
	const struct stored *newest;
	const struct record *line;	/* what the kernel says of it, or NULL */
};

/* The kernel binds one TPM when it starts; is it still the same one? */
static void check_kernel(const struct check *c)
{
	const struct record *state = &c->snapshot->kernel.state;
	__u8 kernel[MODGATE_DIGEST_SIZE], name[MODGATE_DIGEST_SIZE];

	if (record_is(state, "machine", "tpm") &&
	    record_digest(state, "machine-name", kernel) &&
	    tpm_name(c->tpm, name) && memcmp(kernel, name, sizeof(name)))
		checker_say(c->out, "kernel: machine", ST_CORRUPT,
			    "the storage root key 0x81000001 was exchanged since the kernel started");
}

static void check_machine(const struct check *c)
{
	static const __u8 none[MODGATE_DIGEST_SIZE];
	const __u8 *machine = c->snapshot->policy_next->header.machine;
	__u8 name[MODGATE_DIGEST_SIZE];

	if (!tpm_name(c->tpm, name))
		checker_say(c->out, "TPM: machine", ST_CORRUPT,
			    "there is no storage root key at 0x81000001: the TPM was cleared; "
			    REPAIR);
	else if (!memcmp(machine, none, sizeof(none)))
		checker_say(c->out, "TPM: machine", ST_CORRUPT,
			    "the local policy names no machine, which the kernel refuses with freshness=tpm; "
			    REPAIR);
	else if (memcmp(machine, name, sizeof(name)))
		checker_say(c->out, "TPM: machine", ST_CORRUPT,
			    "the local policy is for another machine: the TPM's storage root key is not the one that it names; "
			    REPAIR);
	else
		checker_say(c->out, "TPM: machine", ST_OK,
			    "the local policy is for this one");
}

static bool check_index(const struct check *c, const char *what, __u32 handle,
			enum counter_state state)
{
	switch (state) {
	case COUNTER_GOOD:
		return true;
	case COUNTER_MISSING:
		checker_say(c->out, what, ST_CORRUPT, "counter 0x%08x is missing; " REPAIR,
			    handle);
		return false;
	case COUNTER_FOREIGN:
		checker_say(c->out, what, ST_CORRUPT,
			    "counter 0x%08x was replaced: what is there now is not a counter of modgate; if nothing else needs it, remove it with 'tpm2_nvundefine 0x%08x', then "
			    REPAIR, handle, handle);
		return false;
	default:
		checker_say(c->out, what, ST_CORRUPT,
			    "counter 0x%08x was made anew and has no value; " REPAIR,
			    handle);
		return false;
	}
}

/* The newest document on disk against the accept counter. */
static void check_value(const struct check *c, const char *what,
			const struct signer *s, __u64 accept)
{
	unsigned long long generation = stored_generation(s->newest);
	unsigned long long value = generation + s->base;
	__u32 handle = MODGATE_NV_ACCEPT(s->slot);

	if (value < accept || value < s->base)
		checker_say(c->out, what, ST_CORRUPT,
			    "rolled back: generation %llu is the newest on disk%s, counter 0x%08x is at %llu; put the newer one back from a backup, or "
			    REPAIR, generation, s->base ? " (which counts with its base)" : "",
			    handle, (unsigned long long)accept);
	else if (value - accept > MODGATE_STEPS_MAX)
		checker_say(c->out, what, ST_CORRUPT,
			    "generation %llu is %llu steps ahead of counter 0x%08x, the kernel takes %u at most; "
			    REPAIR, generation, value - accept, handle,
			    MODGATE_STEPS_MAX);
	else if (value > accept)
		checker_say(c->out, what, ST_OK,
			    "generation %llu is ahead of counter 0x%08x, which is at %llu: it was signed and not committed; the next start or 'modgate approve' does that",
			    generation, handle, (unsigned long long)accept);
	else
		checker_say(c->out, what, ST_OK, "generation %llu, counter 0x%08x agrees",
			    generation, handle);
}

static void add_json(const struct check *c, const struct signer *s,
		     const struct counters *counters)
{
	struct json_object *j;

	if (!c->out->counters)
		return;
	j = json_object_new_object();
	json_str(j, "name", s->name);
	json_num(j, "slot", s->slot);
	json_num(j, "base", s->base);
	if (counters->accept_state == COUNTER_GOOD)
		json_num(j, "accept", counters->accept);
	if (counters->issue_state == COUNTER_GOOD)
		json_num(j, "issue", counters->issue);
	if (s->newest)
		json_num(j, "newest", stored_generation(s->newest));
	json_object_array_add(c->out->counters, j);
}

static void check_signer(const struct check *c, const struct signer *s)
{
	char *what = fmt("TPM: %s", s->name);
	unsigned long long seen = s->line ? record_number(s->line, "counter") : 0;
	struct counters counters = { 0 };

	if (counters_read(c->tpm, s->slot, &counters)) {
		checker_say(c->out, what, ST_NO, "the TPM does not answer");
		free(what);
		return;
	}
	add_json(c, s, &counters);
	if (s->slot <= SLOT_OWNER)
		check_index(c, what, MODGATE_NV_ISSUE(s->slot),
			    counters.issue_state);
	if (check_index(c, what, MODGATE_NV_ACCEPT(s->slot),
			counters.accept_state)) {
		if (counters.accept < seen)
			checker_say(c->out, what, ST_CORRUPT,
				    "counter 0x%08x is at %llu, the kernel saw %llu when it started: this is another TPM",
				    MODGATE_NV_ACCEPT(s->slot),
				    (unsigned long long)counters.accept, seen);
		else if (s->newest)
			check_value(c, what, s, counters.accept);
	}
	free(what);
}

static void check_signers(const struct check *c)
{
	const struct stored *policy = c->snapshot->policy_next;
	struct signer s = { "local policy", SLOT_ANCHOR, 0, policy,
			    &c->snapshot->kernel.policy };
	size_t i;

	check_signer(c, &s);
	for (i = 0; i < c->snapshot->n_views; i++) {
		const struct authority_view *v = &c->snapshot->views[i];
		const struct modgate_authority *a =
			policy_authority(policy, v->authority->digest);

		if (!a)
			continue;
		s.name = v->name;
		s.slot = modgate_le32(a->slot);
		s.base = modgate_le64(a->base);
		s.newest = v->next;
		s.line = v->line;
		check_signer(c, &s);
	}
}

/* Without a TPM, the kernel's name for this machine is another one. */
static bool check_stranger(const struct check *c)
{
	const struct record *state = &c->snapshot->kernel.state;
	const char *by = record_get(state, "machine");

	if (!by || record_is(state, "freshness", "tpm") || tpm_present())
		return false;
	checker_say(c->out, "machine", ST_CORRUPT,
		    "the local policy is for another machine; the kernel names this one by: %s",
		    by);
	return true;
}

/**
 * freshness_check() - hold documents and kernel against the TPM's counters
 * @snapshot: as read
 * @o: options
 * @checker: takes the findings; none if the TPM does not count here
 */
void freshness_check(const struct snapshot *snapshot, const struct options *o,
		     const struct checker *checker)
{
	struct check c = { .snapshot = snapshot, .out = checker };
	enum status status;

	if (!snapshot->policy_next || !freshness_used(snapshot, o) ||
	    check_stranger(&c))
		return;
	status = tpm_open(&c.tpm);
	if (status) {
		checker_say(checker, "TPM", status,
			    "cannot be asked, so nothing is known about its counters");
		return;
	}
	check_kernel(&c);
	check_machine(&c);
	check_signers(&c);
	tpm_close(c.tpm);
}
