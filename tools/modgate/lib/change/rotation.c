// SPDX-License-Identifier: GPL-2.0-only
/*
 * The change-over from one owner key to the next. Two documents cannot be
 * renamed at once, nor files and counters be changed at once; so the order is:
 *
 * 1. The next key is written beside the old one, as owner-next.
 * 2. The next list is written. Until the next policy is there, it is by a key
 *    that nobody knows, and the old policy and the old list are good.
 * 3. The next policy is written. From here on, next policy and next list are
 *    good: the kernel takes the newest of each, and raises the counters itself.
 * 4. If the initramfs has copies, they are renewed. The counter of the policy is
 *    raised, then that of the list. Never before step 3: the old list would be
 *    dead, and the next one of no authority.
 * 5. What is replaced and only waited for a restart goes; then the key files take
 *    the place of the old ones. The kernel needs none, so they come last: up to
 *    here owner-next says that there is something left to do.
 *
 * Whoever changes something later sees by owner-next that a rotation did not come
 * to its end, and by the newest policy which key it names: the next one, then
 * steps 4 and 5 are done; the old one, then step 3 was not, and what there is of
 * the next key is removed.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base.h"
#include "change.h"
#include "crypto.h"
#include "document.h"
#include "keys.h"
#include "tpm.h"
#include "view.h"

static bool exists(const struct options *o, const char *suffix)
{
	char *path = key_path(o, KEY_OWNER_NEXT, suffix);
	bool there = !access(path, F_OK);

	free(path);
	return there;
}

/* Is there a rotation that has not come to its end? */
bool rotation_waits(const struct options *o)
{
	return exists(o, "key") || exists(o, "pem");
}

/* Certificate of one of our keys, without a word if there is none. */
static bool read_cert(const struct options *o, const char *name,
		      struct cert *cert)
{
	char *path = key_path(o, name, "pem");
	bool good = !cert_read(path, cert);

	free(path);
	return good;
}

/**
 * rotation_signer() - is this list by the next owner key?
 * @o: options
 * @doc: a list
 *
 * Return: true if so.
 */
bool rotation_signer(const struct options *o, const struct stored *doc)
{
	struct cert next;
	bool same;

	if (!doc->peeked || !read_cert(o, KEY_OWNER_NEXT, &next))
		return false;
	same = !memcmp(doc->header.signer, next.digest, MODGATE_DIGEST_SIZE);
	cert_free(&next);
	return same;
}

/**
 * policy_damaged() - is there a local policy that may be newer than the next one?
 * @snapshot: as read, with a local policy
 *
 * Return: the policy, which is not valid, or NULL.
 */
const struct stored *policy_damaged(const struct snapshot *snapshot)
{
	const struct store *store = &snapshot->store;
	size_t i;

	for (i = 0; i < store->n_docs; i++) {
		const struct stored *doc = &store->docs[i];

		if (!doc->valid && stored_type(doc) == MODGATE_LOCAL_POLICY &&
		    (!doc->peeked || stored_generation(doc) >=
				     stored_generation(snapshot->policy_next)))
			return doc;
	}
	return NULL;
}

/* Move one half of the next key; that it was moved already is no error. */
static int move_key(const struct options *o, const char *suffix)
{
	char *from = key_path(o, KEY_OWNER_NEXT, suffix);
	char *dir = store_dir(o, "keys");
	char *name = fmt(KEY_OWNER ".%s", suffix);
	int err = file_move(from, dir, name);

	free(name);
	free(dir);
	free(from);
	return err == -ENOENT ? 0 : err;
}

static enum status commit(const struct snapshot *snap, const struct options *o,
			  const struct modgate_authority *a,
			  const struct stored *list)
{
	struct count count = { .slot = SLOT_ANCHOR };
	enum status status = initramfs_update(o);

	if (status)
		return fail(status,
			    "the owner key was replaced, and waits for that");
	status = freshness_open(&count.tpm, snap, o);
	if (!status)
		status = count_commit(&count, stored_generation(snap->policy_next));
	count.slot = modgate_le32(a->slot);
	count.base = modgate_le64(a->base);
	if (!status && list)
		status = count_commit(&count, stored_generation(list));
	tpm_close(count.tpm);
	if (status)
		fail(status,
		     "the owner key was replaced, which a restart brings into force; but what is older is still good until then, since the counters could not be raised");
	return status;
}

/* Steps 4 and 5. A list that was lost in the meantime is no reason to stop. */
static enum status finish(const struct snapshot *snap, const struct options *o,
			  const struct modgate_authority *a)
{
	const struct stored *list = store_newest_list(&snap->store, a->digest);
	enum status status = commit(snap, o, a, list);
	int err;

	/* The list first: as long as its policy is there, it is good. */
	if (!status && list)
		store_prune(o, &snap->store, list, snap->policy_next);
	if (!status)
		store_prune(o, &snap->store, snap->policy_next, NULL);
	/* The certificate last: with it, this is found again. */
	err = move_key(o, "key");
	if (!err)
		err = move_key(o, "pem");
	if (err)
		status = fail_errno(err,
				    "%s/etc/modgate/keys: cannot put the new owner key in place",
				    o->root);
	return status;
}

/* The old policy is in order, so nothing newer was lost that names the next key. */
static bool may_undo(const struct snapshot *snap, const struct options *o)
{
	struct counters counters;
	struct tpm *tpm;
	bool good;

	if (policy_damaged(snap) || snapshot_policy_put_back(snap) ||
	    freshness_open(&tpm, snap, o))
		return false;
	good = !tpm || (!counters_read(tpm, SLOT_ANCHOR, &counters) &&
			counters_accept(&counters,
					stored_generation(snap->policy_next), 0));
	tpm_close(tpm);
	return good;
}

/* The documents first, durably: with the certificate, they are found again. */
static enum status undo(const struct snapshot *snap, const struct options *o)
{
	static const char *const suffixes[] = { "key", "pem" };
	char *staged = store_dir(o, "staged"), *keys = store_dir(o, "keys");
	int err = 0;
	size_t i;

	for (i = 0; i < snap->store.n_docs; i++)
		if (rotation_signer(o, &snap->store.docs[i]))
			stored_remove(&snap->store.docs[i]);
	err = dir_sync(staged);
	for (i = 0; i < ARRAY_SIZE(suffixes) && !err; i++) {
		char *path = key_path(o, KEY_OWNER_NEXT, suffixes[i]);

		err = file_remove(path);
		free(path);
	}
	if (!err)
		err = dir_sync(keys);
	free(keys);
	free(staged);
	if (!err)
		return ST_OK;
	return fail_errno(err,
			  "%s/etc/modgate: cannot remove what an interrupted rotation has left",
			  o->root);
}

/* What there is to do, and do it; *end says what it was, or is NULL. */
static enum status settle(const struct snapshot *snap, const struct options *o,
			  const char **end, bool *finished)
{
	const struct modgate_authority *a = NULL, *now = NULL;
	enum status status = ST_OK;
	struct cert cert;

	if (read_cert(o, KEY_OWNER, &cert)) {
		now = policy_authority(snap->policy_next, cert.digest);
		cert_free(&cert);
	}
	if (read_cert(o, KEY_OWNER_NEXT, &cert)) {
		a = policy_authority(snap->policy_next, cert.digest);
		cert_free(&cert);
	}
	if (a && !now) {
		status = finish(snap, o, a);
		*finished = true;
		*end = "finished: the new owner key is in place, a restart brings it into force";
	} else if (now && !a && may_undo(snap, o)) {
		status = undo(snap, o);
		*end = "undone: the old owner key stays";
	} else {
		status = fail(ST_CORRUPT,
			      "%s/etc/modgate/keys has an owner-next key of an interrupted rotation, and the local policy that may name it is not in order: put that back from a backup (see 'modgate verify'); if there is none, move owner-next.key and owner-next.pem away",
			      o->root);
	}
	return status;
}

/**
 * rotation_complete() - finish a rotation of the owner key
 * @snapshot: read under the lock, with a local policy
 * @o: options
 * @quiet: this is the one that makes it, not one that finds it interrupted
 * @finished: set if the next owner key is now in place
 *
 * Or undo it, if it had not come far enough. If documents are missing that would
 * say which, it stays as it is. @snapshot is read again if anything was done.
 *
 * Return: ST_OK, also if there was none, or a status after saying why not.
 */
enum status rotation_complete(struct snapshot *snapshot, const struct options *o,
			      bool quiet, bool *finished)
{
	const char *end = NULL;
	enum status status, again;

	if (!rotation_waits(o))
		return ST_OK;
	status = settle(snapshot, o, &end, finished);
	if (!end)
		return status;
	if (!quiet && !status)
		warn("a rotation of the owner key that was interrupted is %s",
		     end);
	snapshot_free(snapshot);
	again = snapshot_read_settled(snapshot, o);
	return status ? status : again;
}
