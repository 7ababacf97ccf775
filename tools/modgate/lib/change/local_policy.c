// SPDX-License-Identifier: GPL-2.0-only
/*
 * The local policy that the next start will use: whether it is the newest there
 * is, and the draft of its successor.
 */
#include <string.h>

#include "base.h"
#include "change.h"
#include "document.h"
#include "kernel.h"
#include "keys.h"
#include "tpm.h"
#include "view.h"

/* Without counters, the kernel alone remembers, until it restarts. */
static enum status refuse_old(const struct snapshot *snapshot)
{
	if (!snapshot_policy_put_back(snapshot))
		return ST_OK;
	return fail(ST_CORRUPT,
		    "%s: the local policy on disk has generation %llu, the kernel has %llu in force: an older one was put back; put the newer one back from a backup",
		    snapshot->policy_next->path,
		    (unsigned long long)stored_generation(snapshot->policy_next),
		    record_number(&snapshot->kernel.policy, "generation"));
}

/**
 * policy_open() - read everything, to change a document
 * @snapshot: filled in; to be freed
 * @o: options
 * @rotated: set if a rotation of the owner key that was interrupted is finished
 *
 * Takes the lock, which is held until the tool exits.
 *
 * Return: ST_OK, or a status after saying why not.
 */
enum status policy_open(struct snapshot *snapshot, const struct options *o,
			bool *rotated)
{
	enum status status = store_lock(o);

	if (!status)
		status = snapshot_read_settled(snapshot, o);
	if (!status)
		status = snapshot_need(snapshot, o);
	if (!status)
		status = rotation_complete(snapshot, o, false, rotated);
	return status ? status : refuse_old(snapshot);
}

/* Refuse to go on from a policy if one that is damaged may be newer. */
enum status policy_check_damage(const struct snapshot *snapshot)
{
	const struct stored *damaged = policy_damaged(snapshot);

	if (damaged)
		return fail(ST_CORRUPT, "%s: %s; restore it from a backup, or move it away",
			    damaged->path, dash(damaged->problem));
	return ST_OK;
}

/* The TPM knows what was committed, whatever the disk says. */
enum status policy_check_counter(const struct snapshot *snapshot, struct tpm *tpm)
{
	const struct stored *policy = snapshot->policy_next;
	struct counters c;
	enum status status;

	if (!tpm)
		return ST_OK;
	status = counters_need(tpm, SLOT_ANCHOR, &c);
	if (status || counters_accept(&c, stored_generation(policy), 0))
		return status;
	return fail(ST_CORRUPT,
		    "%s: generation %llu does not go with the TPM counter 0x%08x, which is at %llu: an older local policy was put back; see 'modgate verify --repair'",
		    policy->path, (unsigned long long)stored_generation(policy),
		    MODGATE_NV_ACCEPT(SLOT_ANCHOR), (unsigned long long)c.accept);
}

/**
 * policy_begin() - read and check everything, to change the local policy
 * @snapshot: filled in; to be freed, whatever is returned
 * @o: options
 * @count: gets the TPM, to be closed, whatever is returned
 *
 * Takes the lock, which is held until the tool exits.
 *
 * Return: ST_OK, or a status after saying why not.
 */
enum status policy_begin(struct snapshot *snapshot, const struct options *o,
			 struct count *count)
{
	bool rotated = false;
	enum status status;

	memset(snapshot, 0, sizeof(*snapshot));
	memset(count, 0, sizeof(*count));
	count->slot = SLOT_ANCHOR;
	status = policy_open(snapshot, o, &rotated);
	if (!status)
		status = policy_check_damage(snapshot);
	if (!status)
		status = freshness_open(&count->tpm, snapshot, o);
	if (!status)
		status = policy_check_counter(snapshot, count->tpm);
	return status;
}

/* Ask for the passphrase, sign and stage. */
enum status policy_sign(const struct snapshot *snapshot, const struct options *o,
			const struct count *count, struct draft *draft)
{
	EVP_PKEY *key;
	enum status status = key_ask(o, KEY_ANCHOR, &key);

	if (status)
		return status;
	status = draft_stage(draft, o, &snapshot->store, key, "local", count);
	EVP_PKEY_free(key);
	return status;
}

/* Start the next local policy from the newest one. */
void policy_draft(const struct snapshot *snapshot, struct draft *draft)
{
	memset(draft, 0, sizeof(*draft));
	draft_from(draft, &snapshot->policy_next->doc);
	draft_header(draft, MODGATE_LOCAL_POLICY,
		     stored_generation(snapshot->policy_next) + 1,
		     snapshot->anchor.digest);
}
