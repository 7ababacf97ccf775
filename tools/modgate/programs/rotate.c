// SPDX-License-Identifier: GPL-2.0-only
/*
 * modgate key --rotate: a new owner key, a local policy that names it in place of
 * the old one, and the same list, signed by it. lib/change/rotation.c says in which
 * order this comes to the disk.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base.h"
#include "change.h"
#include "crypto.h"
#include "document.h"
#include "keys.h"
#include "programs.h"
#include "rotate.h"
#include "tpm.h"
#include "view.h"

/* What is made. */
struct rotation {
	const struct options *o;
	char *where;		/* the new key is to be kept */
	struct owner owner;	/* as it was */
	EVP_PKEY *anchor;
	EVP_PKEY *key;
	struct cert cert;
	BIO *file;		/* what stands in for the new key */
	struct stored policy;
	struct stored list;
};

static enum status begin(struct rotation *r)
{
	enum status status = owner_open(&r->owner, r->o);

	if (status == ST_CORRUPT)
		return fail(status,
			    "the owner key is replaced only if policy and list are in order; nothing was changed");
	if (!status && !r->owner.rotated)
		status = policy_check_damage(&r->owner.snapshot);
	return status;
}

/*
 * Where the old one is kept, unless that is a place for this one only; where the
 * anchor key is, if the old one was lost.
 */
static enum status choose_where(struct rotation *r, const char *where)
{
	char *path = key_path(r->o, KEY_OWNER, "key");
	const bool lost = access(path, F_OK);
	enum status status;

	free(path);

	if (where) {
		r->where = xstrdup(where);
		return ST_OK;
	}
	status = key_where(r->o, lost ? KEY_ANCHOR : KEY_OWNER, &r->where);
	if (!status && !key_where_valid(r->where))
		status = usage("the anchor key is %s, and the new owner key? --key=URI|file|tpm",
			       r->where);
	else if (!status && key_where_is_uri(r->where))
		status = usage("the %s key is %s; name the new owner key: --key=URI|file|tpm",
			       lost ? KEY_ANCHOR : KEY_OWNER, r->where);
	return status;
}

/* Keys that modgate makes have one passphrase; others have a PIN of their own. */
static enum status ask_for_own(const struct rotation *r, char **passphrase)
{
	const bool found = key_where_is_uri(r->where);
	enum status status;
	char *anchor;

	*passphrase = NULL;
	status = key_where(r->o, KEY_ANCHOR, &anchor);
	if (status)
		return status;
	if (found)
		*passphrase = passphrase_ask(r->o, "PIN of the new owner key");
	else if (key_where_is_uri(anchor))
		*passphrase = passphrase_new(r->o, "the new owner key");
	if ((found || key_where_is_uri(anchor)) && !*passphrase)
		status = ST_SECRET;
	free(anchor);
	return status;
}

/* Everything that can be refused is refused before a number is used up. */
static enum status make_key(struct rotation *r, const char *passphrase)
{
	enum status status = key_unlock(r->o, KEY_ANCHOR, passphrase,
					&r->anchor);
	char *own = NULL;

	if (!status)
		status = ask_for_own(r, &own);
	if (!status)
		status = key_make(r->where, KEY_OWNER, own ? own : passphrase,
				  &r->key, &r->cert, &r->file);
	passphrase_free(own);
	if (!status && (!memcmp(r->cert.digest, r->owner.cert.digest,
				MODGATE_DIGEST_SIZE) ||
			EVP_PKEY_eq(r->key, X509_get0_pubkey(r->owner.cert.x509)) == 1 ||
			EVP_PKEY_eq(r->key, X509_get0_pubkey(r->owner.snapshot.anchor.x509)) == 1))
		status = fail(ST_NO,
			      "--key=%s: this is the anchor key or the old owner key; the new one has to be another",
			      r->where);
	return status;
}

/* The same list, by the new key. */
static enum status sign_list(struct rotation *r)
{
	struct draft draft;
	enum status status;

	owner_draft(&r->owner, &draft);
	memcpy(draft.header.signer, r->cert.digest, MODGATE_DIGEST_SIZE);
	status = draft_sign(&draft, r->key, KEY_OWNER, &r->owner.count,
			    &r->list);
	draft_free(&draft);
	return status;
}

/* The same policy, but for the owner's key, and for what that key may not sign. */
static enum status sign_policy(struct rotation *r)
{
	const struct count count = {
		.tpm = r->owner.count.tpm, .slot = SLOT_ANCHOR,
	};
	struct draft draft;
	enum status status;

	policy_draft(&r->owner.snapshot, &draft);
	draft_replace_authority(&draft, r->owner.cert.digest, &r->cert,
				stored_generation(&r->list));
	status = draft_sign(&draft, r->anchor, "local", &count, &r->policy);
	draft_free(&draft);
	return status;
}

/* The rest is as after an interruption: finished, or undone. */
static enum status rotate_write_all(struct rotation *r)
{
	enum status status, settled;
	bool finished = false;

	status = key_store(r->o, KEY_OWNER_NEXT, r->file, &r->cert);
	if (!status)
		status = stored_stage(r->o, &r->list);
	if (!status)
		status = stored_stage(r->o, &r->policy);
	/* One at a time may talk to the TPM. */
	tpm_close(r->owner.count.tpm);
	r->owner.count.tpm = NULL;
	snapshot_free(&r->owner.snapshot);
	settled = snapshot_read_settled(&r->owner.snapshot, r->o);
	if (!settled)
		settled = rotation_complete(&r->owner.snapshot, r->o, true,
					    &finished);
	return status ? status : settled;
}

static enum status rotate(struct rotation *r)
{
	enum status status = key_anchor_check(r->o);
	char *passphrase;

	if (status)
		return status;
	passphrase = passphrase_ask(r->o, "Passphrase of the anchor key");
	if (!passphrase)
		return ST_SECRET;
	status = make_key(r, passphrase);
	if (!status)
		status = sign_list(r);
	if (!status)
		status = sign_policy(r);
	if (!status)
		status = rotate_write_all(r);
	passphrase_free(passphrase);
	return status;
}

static void rotate_report(const struct rotation *r)
{
	unsigned long long policy = stored_generation(&r->policy);
	unsigned long long list = stored_generation(&r->list);
	char old[HEX_SIZE], new[HEX_SIZE];

	digest_hex(old, r->owner.cert.digest);
	digest_hex(new, r->cert.digest);
	if (r->o->json) {
		struct json_object *j = json_object_new_object();

		json_str(j, "owner", new);
		json_str(j, "replaced", old);
		json_str(j, "key", r->where);
		json_num(j, "policy_generation", policy);
		json_num(j, "list_generation", list);
		json_yes(j, "restart_needed", true);
		json_out(j);
		return;
	}
	say("There is a new owner key, kept by %s:\n\n"
	    "  old  %s\n  new  %s\n\n"
	    "The local policy (generation %llu) names the new one, and the list (generation\n"
	    "%llu) says the same as before. A restart is needed; what the old key signed is\n"
	    "then of no use any more. The pin stays. Backups of the keys are out of date.\n",
	    r->where, old, new, policy, list);
}

static void report_finished(const struct options *o)
{
	struct json_object *j;

	if (!o->json) {
		say("That was all: no further key was made.\n");
		return;
	}
	j = json_object_new_object();
	json_yes(j, "finished", true);
	json_yes(j, "restart_needed", true);
	json_out(j);
}

/**
 * rotate_run() - replace the owner key
 * @o: options
 * @where: "file", "tpm", or the URI of a key that is there; NULL is where the old
 *	   one is kept
 *
 * Return: ST_RESTART when it is done, or a status after saying why not.
 */
enum status rotate_run(const struct options *o, const char *where)
{
	struct rotation r = { .o = o };
	enum status status = begin(&r);

	if (!status && !r.owner.rotated)
		status = choose_where(&r, where);
	if (!status && r.owner.rotated) {
		report_finished(o);
		status = ST_RESTART;
	} else if (!status) {
		status = rotate(&r);
		if (!status) {
			rotate_report(&r);
			status = ST_RESTART;
		}
	}
	EVP_PKEY_free(r.anchor);
	EVP_PKEY_free(r.key);
	BIO_free(r.file);
	free(r.where);
	cert_free(&r.cert);
	stored_free(&r.policy);
	stored_free(&r.list);
	owner_close(&r.owner);
	return status;
}
