// SPDX-License-Identifier: GPL-2.0-only
/*
 * The counters of this machine's signers: checks on them, and the two steps that they
 * add to signing: take a number before it, invalidate everything older after it.
 */
#include "base.h"
#include "tpm.h"

/* Maximum distance over which a counter is raised step by step. */
#define STEPS_BY_TOOL 1024

#define REPAIR "see 'modgate verify --repair'"

/* Read both counters of a slot. */
enum status counters_read(struct tpm *tpm, __u32 slot,
			  struct counters *counters)
{
	enum status status;

	status = counter_read(tpm, MODGATE_NV_ACCEPT(slot),
			      &counters->accept_state, &counters->accept);
	if (status)
		return status;
	return counter_read(tpm, MODGATE_NV_ISSUE(slot),
			    &counters->issue_state, &counters->issue);
}

/* Would the kernel accept a document, as far as the counter is concerned? */
bool counters_accept(const struct counters *counters, __u64 generation,
		     __u64 base)
{
	__u64 value = generation + base;

	return counters->accept_state == COUNTER_GOOD && value >= base &&
	       value >= counters->accept &&
	       value - counters->accept <= MODGATE_STEPS_MAX;
}

static enum status foreign(__u32 handle)
{
	return fail(ST_CORRUPT,
		    "TPM: index 0x%08x is not a counter of modgate (COUNTER, AUTHREAD, AUTHWRITE, NO_DA, SHA-256, no policy, empty authorization); if nothing else needs it, remove it with 'tpm2_nvundefine 0x%08x' and "
		    REPAIR,
		    handle, handle);
}

static enum status need(__u32 handle, enum counter_state state)
{
	switch (state) {
	case COUNTER_GOOD:
		return ST_OK;
	case COUNTER_FOREIGN:
		return foreign(handle);
	case COUNTER_MISSING:
		return fail(ST_CORRUPT, "TPM: counter 0x%08x is missing; "
			    REPAIR, handle);
	default:
		return fail(ST_CORRUPT,
			    "TPM: counter 0x%08x was made anew and has no value; "
			    REPAIR, handle);
	}
}

static __u64 distance(__u64 a, __u64 b)
{
	return a > b ? a - b : b - a;
}

/**
 * counters_need() - require both counters of a slot to be good and close together
 * @tpm: as opened
 * @slot: of the signer
 * @counters: filled in
 *
 * Return: ST_OK, or a status after saying what is wrong and what to do.
 */
enum status counters_need(struct tpm *tpm, __u32 slot,
			  struct counters *counters)
{
	enum status status = counters_read(tpm, slot, counters);

	if (!status)
		status = need(MODGATE_NV_ACCEPT(slot), counters->accept_state);
	if (!status)
		status = need(MODGATE_NV_ISSUE(slot), counters->issue_state);
	return status;
}

/* Make sure there is a counter with a value at this handle. */
static enum status provide(struct tpm *tpm, __u32 handle, __u64 *value)
{
	enum counter_state state;
	enum status status = counter_read(tpm, handle, &state, value);

	if (status)
		return status;
	if (state == COUNTER_FOREIGN)
		return foreign(handle);
	if (state == COUNTER_MISSING)
		status = counter_define(tpm, handle);
	if (!status && state != COUNTER_GOOD)
		status = counter_increment(tpm, handle, value);
	return status;
}

/**
 * counters_provide() - make the missing counters of a slot
 * @tpm: as opened
 * @slot: of the signer
 *
 * A new counter starts above every value that any counter of the TPM ever had, so no
 * invalidated document becomes valid again. If that is too far from the slot's other
 * counter, that one is recreated too.
 *
 * Return: ST_OK, or a status after saying why not.
 */
enum status counters_provide(struct tpm *tpm, __u32 slot)
{
	__u32 accept = MODGATE_NV_ACCEPT(slot), issue = MODGATE_NV_ISSUE(slot);
	__u64 accepted, issued;
	enum status status;
	int tries;

	for (tries = 0; tries < 2; tries++) {
		status = provide(tpm, accept, &accepted);
		if (!status)
			status = provide(tpm, issue, &issued);
		if (status || distance(accepted, issued) < STEPS_BY_TOOL / 2)
			return status;
		status = counter_undefine(tpm, accepted < issued ? accept : issue);
		if (status)
			return status;
	}
	return fail(ST_NO,
		    "TPM: the counters 0x%08x and 0x%08x do not come near each other: something else is counting in this TPM",
		    accept, issue);
}

/**
 * counters_are_apart() - would the next document be too far ahead?
 * @c: both of the signer, good
 * @base: of the signer
 *
 * The kernel raises accept by at most 64 steps. If the tool raised it further, there
 * would be a point at which the old document is already invalid and the new one still
 * too far ahead.
 *
 * Return: true if so.
 */
bool counters_are_apart(const struct counters *c, __u64 base)
{
	__u64 next = c->issue + 1 + base;

	return next > c->accept && next - c->accept > MODGATE_STEPS_MAX;
}

/* Raise issue from @at to @next; stop if another process is raising it too. */
static enum status count_up(const struct count *count, __u64 at, __u64 next,
			    __u64 *reached)
{
	enum status status;

	do {
		status = counter_increment(count->tpm,
					   MODGATE_NV_ISSUE(count->slot),
					   reached);
		at++;
	} while (!status && *reached == at && at < next);
	return status;
}

/**
 * count_issue() - take the next number of a signer
 * @count: which counters; without a TPM, the disk numbers documents
 * @generation: the next number according to the disk; set to the number taken
 *
 * The number must be exactly one above the counter's previous value; otherwise another
 * run of the tool may have read the same one.
 *
 * Return: ST_OK when the number is used up, or a status after saying why not.
 */
enum status count_issue(const struct count *count, __u64 *generation)
{
	const __u64 on_disk = *generation;
	struct counters c;
	enum status status;
	__u64 next;
	int tries;

	if (!count->tpm)
		return ST_OK;
	for (tries = 0; tries < 3; tries++) {
		status = counters_need(count->tpm, count->slot, &c);
		if (status)
			return status;
		next = on_disk;
		if (c.accept >= count->base && c.accept - count->base >= next)
			next = c.accept - count->base + 1;
		if (next <= c.issue)
			next = c.issue + 1;
		if (next - c.issue > STEPS_BY_TOOL)
			return fail(ST_CORRUPT,
				    "TPM: counter 0x%08x is at %llu, too far behind %llu, which is next; "
				    REPAIR,
				    MODGATE_NV_ISSUE(count->slot),
				    (unsigned long long)c.issue,
				    (unsigned long long)next);
		if (next >= INT64_MAX ||
		    next + count->base - c.accept > (count->repair ?
					STEPS_BY_TOOL : MODGATE_STEPS_MAX))
			return fail(ST_CORRUPT,
				    "TPM: counter 0x%08x is at %llu, too far ahead of 0x%08x, which is at %llu; "
				    REPAIR,
				    MODGATE_NV_ISSUE(count->slot),
				    (unsigned long long)c.issue,
				    MODGATE_NV_ACCEPT(count->slot),
				    (unsigned long long)c.accept);
		status = count_up(count, c.issue, next, generation);
		if (status || *generation == next)
			return status;
	}
	return fail(ST_NO,
		    "TPM: something else is counting 0x%08x at the same time; nothing was changed, try again when it is done",
		    MODGATE_NV_ISSUE(count->slot));
}

/**
 * count_commit() - a document is on disk: invalidate everything older
 * @count: which counters; without a TPM this does nothing
 * @generation: of the document
 *
 * Return: ST_OK, or a status after saying why not.
 */
enum status count_commit(const struct count *count, __u64 generation)
{
	__u32 handle = MODGATE_NV_ACCEPT(count->slot);
	__u64 value = generation + count->base, at;
	enum counter_state state;
	enum status status;

	if (!count->tpm)
		return ST_OK;
	status = counter_read(count->tpm, handle, &state, &at);
	if (!status)
		status = need(handle, state);
	while (!status && at < value)
		status = counter_increment(count->tpm, handle, &at);
	if (!status && at > value)
		status = fail(ST_CORRUPT,
			      "TPM: counter 0x%08x is at %llu already, %llu was to be committed: something else has raised it",
			      handle, (unsigned long long)at,
			      (unsigned long long)value);
	return status;
}
