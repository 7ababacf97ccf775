// SPDX-License-Identifier: GPL-2.0-only
/*
 * Kernel and disk side by side. What is in force is what the kernel names by
 * its digest; what comes next is the newest valid document on disk.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base.h"
#include "crypto.h"
#include "document.h"
#include "kernel.h"
#include "keys.h"
#include "view.h"

/* Newest valid document in active/, for when the kernel cannot be asked. */
static const struct stored *newest_active(const struct store *store,
					  __u32 type, const __u8 *signer)
{
	size_t i;

	for (i = 0; i < store->n_docs; i++) {
		const struct stored *doc = &store->docs[i];

		if (doc->valid && !doc->staged && stored_type(doc) == type &&
		    (!signer || !memcmp(doc->header.signer, signer,
					MODGATE_DIGEST_SIZE)))
			return doc;
	}
	return NULL;
}

static void find_policy(struct snapshot *snap)
{
	__u8 digest[MODGATE_DIGEST_SIZE];

	snap->policy_next = store_newest_policy(&snap->store);
	snap->assumed = !snap->kernel.privileged;
	if (snap->kernel.present && record_is(&snap->kernel.state, "policy", "no"))
		return;
	if (snap->assumed)
		snap->policy = newest_active(&snap->store, MODGATE_LOCAL_POLICY, NULL);
	else if (record_digest(&snap->kernel.policy, "digest", digest))
		snap->policy = store_by_digest(&snap->store, digest);
}

static void find_in_force(struct snapshot *snap, struct authority_view *v,
			  const __u8 *authority)
{
	__u8 digest[MODGATE_DIGEST_SIZE];

	v->line = kernel_list(&snap->kernel, authority);
	if (snap->assumed)
		v->in_force = snap->policy ?
			      newest_active(&snap->store, MODGATE_APPROVED_LIST,
					    authority) : NULL;
	else if (v->line && record_digest(v->line, "digest", digest))
		v->in_force = store_by_digest(&snap->store, digest);
}

static void find_lists(struct snapshot *snap, struct authority_view *v)
{
	const __u8 *authority = v->authority->digest;

	find_in_force(snap, v, authority);
	if (policy_authority(snap->policy_next, authority))
		v->next = store_newest_list(&snap->store, authority);
}

static bool has_view(const struct snapshot *snap, const __u8 *authority)
{
	size_t i;

	for (i = 0; i < snap->n_views; i++)
		if (!memcmp(snap->views[i].authority->digest, authority,
			    MODGATE_DIGEST_SIZE))
			return true;
	return false;
}

/* The same authority, under the key that a restart will replace. */
static bool add_replaced(struct snapshot *snap, const struct modgate_authority *a)
{
	size_t i;

	if (policy_authority(snap->policy_next, a->digest))
		return false;
	for (i = 0; i < snap->n_views; i++) {
		struct authority_view *v = &snap->views[i];

		if (v->replaced || v->authority->slot != a->slot ||
		    memcmp(v->authority->name, a->name, MODGATE_NAME_SIZE) ||
		    policy_authority(snap->policy, v->authority->digest))
			continue;
		v->replaced = a;
		find_in_force(snap, v, a->digest);
		return true;
	}
	return false;
}

static void add_views(struct snapshot *snap, const struct stored *policy)
{
	__u32 i;

	for (i = 0; policy && i < policy->doc.n_authorities; i++) {
		const struct modgate_authority *a = &policy->doc.authorities[i];
		struct authority_view *v;

		if (has_view(snap, a->digest) || add_replaced(snap, a))
			continue;
		snap->views = xgrow(snap->views, snap->n_views, sizeof(*v));
		v = &snap->views[snap->n_views++];
		v->authority = a;
		v->name = (const char *)a->name;
		find_lists(snap, v);
	}
}

/**
 * snapshot_read() - read everything
 * @snapshot: filled in; to be freed
 * @o: options
 *
 * Return: ST_OK also if little is there; another status if what is there may
 * not be read.
 */
enum status snapshot_read(struct snapshot *snapshot, const struct options *o)
{
	char *path = key_path(o, KEY_ANCHOR, "pem");
	enum status status;
	int err;

	memset(snapshot, 0, sizeof(*snapshot));
	kernel_read(&snapshot->kernel, o);
	status = store_scan(&snapshot->store, o);
	err = cert_read(path, &snapshot->anchor);
	snapshot->anchored = !err;
	if (snapshot->anchored)
		store_check(&snapshot->store, &snapshot->anchor, &snapshot->kernel);
	else if (err != -ENOENT && err != -ENOTDIR)
		status = err == -EINVAL ?
			 fail(ST_CORRUPT, "%s: not a certificate; restore it from a backup", path) :
			 fail_errno(err, "%s", path);
	free(path);
	find_policy(snapshot);
	add_views(snapshot, snapshot->policy_next);
	add_views(snapshot, snapshot->policy);
	return status;
}

void snapshot_free(struct snapshot *snapshot)
{
	free(snapshot->views);
	store_free(&snapshot->store);
	cert_free(&snapshot->anchor);
	kernel_free(&snapshot->kernel);
	memset(snapshot, 0, sizeof(*snapshot));
}

/* Say so if there is no anchor, or no valid local policy, on disk. */
enum status snapshot_need(const struct snapshot *snapshot, const struct options *o)
{
	const struct stored *doc = NULL;
	size_t i;

	if (!snapshot->anchored)
		return fail(ST_UNPROVISIONED,
			    "%s/etc/modgate/keys/anchor.pem is missing: this machine is not provisioned; run 'modgate init'",
			    o->root);
	if (snapshot->policy_next)
		return ST_OK;
	for (i = 0; i < snapshot->store.n_docs && !doc; i++)
		if (stored_type(&snapshot->store.docs[i]) == MODGATE_LOCAL_POLICY)
			doc = &snapshot->store.docs[i];
	if (!doc)
		return fail(ST_CORRUPT,
			    "%s/etc/modgate has no local policy; restore it from a backup",
			    o->root);
	return fail(doc->status, "%s: %s; restore it from a backup", doc->path,
		    dash(doc->problem));
}

static bool differs(const struct stored *in_force, const struct stored *next)
{
	if (!next)
		return false;
	return !in_force ||
	       memcmp(in_force->digest, next->digest, MODGATE_DIGEST_SIZE);
}

/* Is there anything on disk that a restart would bring into force? */
bool snapshot_waits(const struct snapshot *snapshot)
{
	size_t i;

	if (differs(snapshot->policy, snapshot->policy_next))
		return true;
	for (i = 0; i < snapshot->n_views; i++)
		if (differs(snapshot->views[i].in_force, snapshot->views[i].next))
			return true;
	return false;
}

const struct authority_view *snapshot_owner(const struct snapshot *snapshot,
					    const struct cert *owner)
{
	size_t i;

	for (i = 0; i < snapshot->n_views; i++)
		if (!memcmp(snapshot->views[i].authority->digest, owner->digest,
			    MODGATE_DIGEST_SIZE))
			return &snapshot->views[i];
	return NULL;
}

static void promote(const struct snapshot *snap, const struct options *o,
		    const struct stored *doc)
{
	if (doc && !snap->assumed)
		store_settle(o, &snap->store, doc, snap->policy);
}

/**
 * snapshot_promote() - move what the kernel has in force to active/
 * @snapshot: as read; its paths are old afterwards
 * @o: options
 *
 * What is older goes. The caller holds the lock.
 */
void snapshot_promote(const struct snapshot *snapshot, const struct options *o)
{
	size_t i;

	/* The policy last: as long as it is there, the lists below it are good. */
	for (i = 0; i < snapshot->n_views; i++)
		promote(snapshot, o, snapshot->views[i].in_force);
	promote(snapshot, o, snapshot->policy);
}

/**
 * snapshot_read_settled() - read everything, to change something
 * @snapshot: filled in; to be freed
 * @o: options
 *
 * What a restart has brought into force moves to active/ first. The caller
 * holds the lock.
 *
 * Return: as snapshot_read().
 */
enum status snapshot_read_settled(struct snapshot *snapshot, const struct options *o)
{
	enum status status;

	store_clean(o);
	status = snapshot_read(snapshot, o);
	if (status)
		return status;
	snapshot_promote(snapshot, o);
	snapshot_free(snapshot);
	return snapshot_read(snapshot, o);
}

/* Is what the kernel has in force newer than all that is on disk? */
bool snapshot_policy_put_back(const struct snapshot *snapshot)
{
	return snapshot->policy_next &&
	       record_number(&snapshot->kernel.policy, "generation") >
	       stored_generation(snapshot->policy_next);
}

/* The generation that the kernel has in force, 0 if none or not known. */
unsigned long long view_kernel_generation(const struct authority_view *view)
{
	return view->line ? record_number(view->line, "generation") : 0;
}

/* The highest generation of a list of this authority, anywhere. */
unsigned long long snapshot_generation(const struct snapshot *snapshot,
				       const __u8 *authority)
{
	const struct record *line = kernel_list(&snapshot->kernel, authority);
	unsigned long long highest = line ? record_number(line, "generation") : 0;
	size_t i;

	for (i = 0; i < snapshot->store.n_docs; i++) {
		const struct stored *doc = &snapshot->store.docs[i];

		if (doc->valid && stored_type(doc) == MODGATE_APPROVED_LIST &&
		    !memcmp(doc->header.signer, authority, MODGATE_DIGEST_SIZE) &&
		    stored_generation(doc) > highest)
			highest = stored_generation(doc);
	}
	return highest;
}

/* The entry that approves a module, in force or next; NULL if there is none. */
const struct modgate_module *snapshot_approval(const struct snapshot *snapshot,
					       const __u8 *digest, enum when when)
{
	size_t i;

	for (i = 0; i < snapshot->n_views; i++) {
		const struct authority_view *v = &snapshot->views[i];
		const struct stored *doc = view_list(v, when);
		const struct modgate_module *m;

		m = doc ? modgate_find_module(&doc->doc, digest) : NULL;
		if (m)
			return m;
	}
	return NULL;
}
