// SPDX-License-Identifier: GPL-2.0-only
/*
 * modgate verify --repair: what the TPM says is dead, its owner can bring back,
 * but in plain sight and by its generation: never as a side effect.
 */
#include <stdlib.h>
#include <string.h>

#include "base.h"
#include "change.h"
#include "crypto.h"
#include "document.h"
#include "keys.h"
#include "repair.h"
#include "tpm.h"
#include "view.h"

/*
 * One document that the kernel would refuse for its counter or its machine, or
 * would refuse the next of.
 */
struct sick {
	const char *name;	/* as in document_name() */
	const char *option;
	__u32 slot;
	__u64 base;
	bool incomplete;	/* a counter is missing */
	bool dead;
	bool asked;		/* the command line has its generation */
	unsigned long long generation;
	const struct stored *doc;	/* to be signed anew, or NULL: empty list */
};

struct job {
	const struct options *o;
	struct snapshot snapshot;
	struct cert owner;
	struct tpm *tpm;
	__u8 machine[MODGATE_DIGEST_SIZE];
	bool named;		/* the TPM has a storage root key */
	struct sick policy;
	struct sick list;
	struct json_object *json;
};

static bool is_for(const struct job *job, const struct sick *s,
		   const struct stored *doc)
{
	const __u8 *signer = s == &job->policy ? job->snapshot.anchor.digest :
						 job->owner.digest;

	return doc->valid && !memcmp(doc->header.signer, signer,
				     MODGATE_DIGEST_SIZE);
}

/* What to sign anew: the newest, or the one that was asked for. */
static enum status repair_choose(const struct job *job, struct sick *s)
{
	const struct store *store = &job->snapshot.store;
	size_t i;

	if (s->asked && !s->generation && s == &job->list)
		return ST_OK;
	for (i = 0; i < store->n_docs && !s->doc; i++)
		if (is_for(job, s, &store->docs[i]) &&
		    (!s->asked ||
		     stored_generation(&store->docs[i]) == s->generation))
			s->doc = &store->docs[i];
	if (s->doc || !s->asked)
		return ST_OK;
	return fail(ST_NO, "%s=%llu: there is no valid document of this generation on disk",
		    s->option, s->generation);
}

static enum status repair_examine(const struct job *job, struct sick *s,
				  const struct stored *newest)
{
	struct counters c;
	enum status status = counters_read(job->tpm, s->slot, &c);

	if (status)
		return status;
	s->incomplete = c.accept_state != COUNTER_GOOD ||
			c.issue_state != COUNTER_GOOD;
	s->dead = !newest ||
		  !counters_accept(&c, stored_generation(newest), s->base) ||
		  (!s->incomplete && counters_are_apart(&c, s->base));
	return ST_OK;
}

static enum status diagnose(struct job *job)
{
	const struct stored *policy = job->snapshot.policy_next;
	const struct authority_view *view = snapshot_owner(&job->snapshot, &job->owner);
	const struct modgate_authority *a;
	enum status status;

	a = view ? policy_authority(policy, job->owner.digest) : NULL;
	if (!a)
		return fail(ST_CORRUPT,
			    "the owner key is no authority of the local policy (%s); restore it from a backup",
			    policy->path);
	job->list.slot = modgate_le32(a->slot);
	job->list.base = modgate_le64(a->base);
	status = repair_examine(job, &job->policy, policy);
	if (!status)
		status = repair_examine(job, &job->list, view->next);
	job->named = tpm_name(job->tpm, job->machine);
	if (!job->named || memcmp(job->machine, policy->header.machine,
				  MODGATE_DIGEST_SIZE))
		job->policy.dead = true;
	if (!status && job->policy.dead)
		status = repair_choose(job, &job->policy);
	if (!status && job->list.dead)
		status = repair_choose(job, &job->list);
	return status;
}

static enum status open_job(struct job *job)
{
	enum status status = store_lock(job->o);
	bool finished = false;

	if (!status)
		status = snapshot_read_settled(&job->snapshot, job->o);
	if (!status)
		status = snapshot_need(&job->snapshot, job->o);
	/* What the counters are in the way of is what is repaired next. */
	if (!status)
		rotation_complete(&job->snapshot, job->o, false, &finished);
	if (!status)
		status = snapshot_need(&job->snapshot, job->o);
	if (!status)
		status = key_cert(job->o, KEY_OWNER, &job->owner);
	if (!status && !freshness_used(&job->snapshot, job->o))
		status = fail(ST_NO,
			      "nothing to repair: documents of this machine are not counted by a TPM (freshness none)");
	if (!status && !freshness_numbered(&job->snapshot, job->o))
		status = fail(ST_CORRUPT,
			      "the documents on disk were numbered without a TPM, so that nobody knows of a newer one that was hidden, and that could be put back later: new keys are needed; move %s/etc/modgate away, run 'modgate init', approve what is needed, and give the boot loader the new pin",
			      job->o->root);
	if (!status)
		status = tpm_open(&job->tpm);
	return status ? status : diagnose(job);
}

/* Show what would be put back in force. */
static void repair_show(const struct job *job, const struct sick *s)
{
	if (!s->dead)
		return;
	if (job->o->json) {
		json_object_object_add(job->json, s->name, stored_json(s->doc));
		return;
	}
	if (s->doc || s->asked)
		stored_print(s->doc);
	else
		say("List: there is no valid one on disk; 0 is an empty one.\n");
}

static enum status repair_refuse(const struct job *job)
{
	const struct sick *sick[] = { &job->policy, &job->list };
	char *options = xstrdup("");
	enum status status;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(sick); i++) {
		char *longer;

		if (!sick[i]->dead)
			continue;
		longer = fmt("%s %s=%llu", options, sick[i]->option,
			     (unsigned long long)(sick[i]->doc ?
			     stored_generation(sick[i]->doc) : 0));
		free(options);
		options = longer;
	}
	status = fail(ST_CORRUPT,
		      "nothing was changed. To sign this anew and put it back in force, all of it: modgate verify --repair%s",
		      options);
	free(options);
	return status;
}

static enum status repair_sign(struct job *job, struct sick *s, const char *key_name,
			       const char *passphrase)
{
	const struct count count = {
		.tpm = job->tpm,
		.slot = s->slot,
		.base = s->base,
		.repair = true,
	};
	bool is_policy = s == &job->policy;
	struct draft draft = { 0 };
	enum status status;
	EVP_PKEY *key;

	if (!s->dead)
		return ST_OK;
	status = key_unlock(job->o, key_name, passphrase, &key);
	if (status)
		return status;
	if (s->doc)
		draft_from(&draft, &s->doc->doc);
	draft_header(&draft, is_policy ? MODGATE_LOCAL_POLICY :
					 MODGATE_APPROVED_LIST,
		     1 + (is_policy ? stored_generation(job->snapshot.policy_next) :
			  snapshot_generation(&job->snapshot, job->owner.digest)),
		     is_policy ? job->snapshot.anchor.digest : job->owner.digest);
	if (is_policy)
		memcpy(draft.header.machine, job->machine, MODGATE_DIGEST_SIZE);
	status = draft_stage(&draft, job->o, &job->snapshot.store, key, s->name,
			     &count);
	s->generation = modgate_le64(draft.header.generation);
	draft_free(&draft);
	EVP_PKEY_free(key);
	return status;
}

/* Counters first: without them, nothing is accepted. */
static enum status prepare_tpm(struct job *job)
{
	enum status status;

	tpm_close(job->tpm);
	status = tpm_open_to_change(&job->tpm);
	if (status)
		return status;
	tpm_name(job->tpm, job->machine);
	status = counters_provide(job->tpm, job->policy.slot);
	return status ? status : counters_provide(job->tpm, job->list.slot);
}

static enum status sign_both(struct job *job, const char *anchor,
			     const char *owner)
{
	enum status status;
	EVP_PKEY *key;

	/* The passphrase is tried before anything changes. */
	status = key_unlock(job->o, job->policy.dead ? KEY_ANCHOR : KEY_OWNER,
			    job->policy.dead ? anchor : owner, &key);
	if (!status) {
		EVP_PKEY_free(key);
		status = prepare_tpm(job);
	}
	if (!status)
		status = repair_sign(job, &job->policy, KEY_ANCHOR, anchor);
	return status ? status : repair_sign(job, &job->list, KEY_OWNER, owner);
}

static enum status repair_change(struct job *job)
{
	enum status status = job->policy.dead ? key_anchor_check(job->o) : ST_OK;
	char *owner, *anchor;

	if (status)
		return status;
	status = ST_SECRET;
	if (keys_share_passphrase(job->o)) {
		owner = passphrase_ask(job->o, "Passphrase of the anchor key and the owner key");
		if (owner)
			status = sign_both(job, owner, owner);
		passphrase_free(owner);
		return status;
	}
	owner = job->list.dead ?
		passphrase_ask(job->o, "Passphrase of the owner key") : NULL;
	anchor = job->policy.dead && (owner || !job->list.dead) ?
		 passphrase_ask(job->o, "Passphrase of the anchor key") : NULL;
	if ((owner || !job->list.dead) && (anchor || !job->policy.dead))
		status = sign_both(job, anchor, owner);
	passphrase_free(owner);
	passphrase_free(anchor);
	return status;
}

static void repair_report(const struct job *job, const struct sick *s)
{
	if (!s->dead)
		return;
	if (job->o->json) {
		char *name = fmt("%s_signed", s->name);

		json_num(job->json, name, s->generation);
		free(name);
	} else {
		say("Signed anew as generation %llu: %s; a restart is needed.\n",
		    s->generation, s == &job->policy ? "local policy" : "list");
	}
}

/* No document has suffered; a counter that numbers the next may be missing. */
static enum status complete(struct job *job)
{
	enum status status = ST_OK;
	bool incomplete = job->policy.incomplete || job->list.incomplete;

	if (incomplete)
		status = prepare_tpm(job);
	if (!status && !job->o->json)
		say("%s\n", incomplete ?
		    "Made the missing counter; no document had to be signed anew." :
		    "Nothing to repair: the TPM's counters agree with what is on disk.");
	return status;
}

static enum status repair_job(struct job *job)
{
	enum status status = open_job(job);

	if (status)
		return status;
	if (!job->policy.dead && !job->list.dead)
		return complete(job);
	repair_show(job, &job->policy);
	repair_show(job, &job->list);
	if ((job->policy.dead && !job->policy.asked) ||
	    (job->list.dead && !job->list.asked))
		return repair_refuse(job);
	status = repair_change(job);
	if (status)
		return status;
	repair_report(job, &job->policy);
	repair_report(job, &job->list);
	return ST_RESTART;
}

/**
 * repair_run() - sign anew what the TPM's counters have left behind
 * @o: options
 * @policy: generation of the local policy to put back, or NULL
 * @list: generation of the owner's list to put back, or NULL
 *
 * Return: ST_RESTART when it is done, ST_OK if there was nothing to do,
 * ST_CORRUPT after showing what there is if a generation was not given.
 */
enum status repair_run(const struct options *o, const char *policy,
		       const char *list)
{
	struct job job = {
		.o = o,
		.policy = { .name = "local", .option = "--policy-generation",
			    .slot = SLOT_ANCHOR, .asked = policy },
		.list = { .name = KEY_OWNER, .option = "--generation",
			  .slot = SLOT_OWNER, .asked = list },
	};
	enum status status;

	if (policy && !number_parse(policy, &job.policy.generation))
		return usage("--policy-generation=%s: not a number", policy);
	if (list && !number_parse(list, &job.list.generation))
		return usage("--generation=%s: not a number", list);
	job.json = json_object_new_object();
	status = repair_job(&job);
	json_yes(job.json, "restart_needed", status == ST_RESTART);
	if (o->json)
		json_out(job.json);
	else
		json_object_put(job.json);
	tpm_close(job.tpm);
	cert_free(&job.owner);
	snapshot_free(&job.snapshot);
	return status;
}
