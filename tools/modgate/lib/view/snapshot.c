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

static void find_policy(struct world *w)
{
	__u8 digest[MODGATE_DIGEST_SIZE];

	w->policy_next = store_newest_policy(&w->store);
	w->assumed = !w->kernel.privileged;
	if (w->kernel.present && record_is(&w->kernel.state, "policy", "no"))
		return;
	if (w->assumed)
		w->policy = newest_active(&w->store, MODGATE_LOCAL_POLICY, NULL);
	else if (record_digest(&w->kernel.policy, "digest", digest))
		w->policy = store_by_digest(&w->store, digest);
}

static void find_in_force(struct world *w, struct view *v,
			  const __u8 *authority)
{
	__u8 digest[MODGATE_DIGEST_SIZE];

	v->line = kernel_list(&w->kernel, authority);
	if (w->assumed)
		v->in_force = w->policy ?
			      newest_active(&w->store, MODGATE_APPROVED_LIST,
					    authority) : NULL;
	else if (v->line && record_digest(v->line, "digest", digest))
		v->in_force = store_by_digest(&w->store, digest);
}

static void find_lists(struct world *w, struct view *v)
{
	const __u8 *authority = v->authority->digest;

	find_in_force(w, v, authority);
	if (policy_authority(w->policy_next, authority))
		v->next = store_newest_list(&w->store, authority);
}

static bool has_view(const struct world *w, const __u8 *authority)
{
	size_t i;

	for (i = 0; i < w->n_views; i++)
		if (!memcmp(w->views[i].authority->digest, authority,
			    MODGATE_DIGEST_SIZE))
			return true;
	return false;
}

/* The same authority, under the key that a restart will replace. */
static bool add_replaced(struct world *w, const struct modgate_authority *a)
{
	size_t i;

	if (policy_authority(w->policy_next, a->digest))
		return false;
	for (i = 0; i < w->n_views; i++) {
		struct view *v = &w->views[i];

		if (v->replaced || v->authority->slot != a->slot ||
		    memcmp(v->authority->name, a->name, MODGATE_NAME_SIZE) ||
		    policy_authority(w->policy, v->authority->digest))
			continue;
		v->replaced = a;
		find_in_force(w, v, a->digest);
		return true;
	}
	return false;
}

static void add_views(struct world *w, const struct stored *policy)
{
	__u32 i;

	for (i = 0; policy && i < policy->doc.n_authorities; i++) {
		const struct modgate_authority *a = &policy->doc.authorities[i];
		struct view *v;

		if (has_view(w, a->digest) || add_replaced(w, a))
			continue;
		w->views = xgrow(w->views, w->n_views, sizeof(*v));
		v = &w->views[w->n_views++];
		v->authority = a;
		v->name = (const char *)a->name;
		find_lists(w, v);
	}
}

/**
 * world_read() - read everything
 * @world: filled in; to be freed
 * @o: options
 *
 * Return: ST_OK also if little is there; another status if what is there may
 * not be read.
 */
enum status world_read(struct world *world, const struct options *o)
{
	char *path = key_path(o, KEY_ANCHOR, "pem");
	enum status status;
	int err;

	memset(world, 0, sizeof(*world));
	kernel_read(&world->kernel, o);
	status = store_scan(&world->store, o);
	err = cert_read(path, &world->anchor);
	world->anchored = !err;
	if (world->anchored)
		store_check(&world->store, &world->anchor, &world->kernel);
	else if (err != -ENOENT && err != -ENOTDIR)
		status = err == -EINVAL ?
			 fail(ST_CORRUPT, "%s: not a certificate; restore it from a backup", path) :
			 fail_errno(err, "%s", path);
	free(path);
	find_policy(world);
	add_views(world, world->policy_next);
	add_views(world, world->policy);
	return status;
}

void world_free(struct world *world)
{
	free(world->views);
	store_free(&world->store);
	cert_free(&world->anchor);
	kernel_free(&world->kernel);
	memset(world, 0, sizeof(*world));
}

/* Say so if there is no anchor, or no valid local policy, on disk. */
enum status world_need(const struct world *world, const struct options *o)
{
	const struct stored *doc = NULL;
	size_t i;

	if (!world->anchored)
		return fail(ST_UNPROVISIONED,
			    "%s/etc/modgate/keys/anchor.pem is missing: this machine is not provisioned; run 'modgate init'",
			    o->root);
	if (world->policy_next)
		return ST_OK;
	for (i = 0; i < world->store.n_docs && !doc; i++)
		if (stored_type(&world->store.docs[i]) == MODGATE_LOCAL_POLICY)
			doc = &world->store.docs[i];
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
bool world_waits(const struct world *world)
{
	size_t i;

	if (differs(world->policy, world->policy_next))
		return true;
	for (i = 0; i < world->n_views; i++)
		if (differs(world->views[i].in_force, world->views[i].next))
			return true;
	return false;
}

const struct view *world_owner(const struct world *world,
			       const struct cert *owner)
{
	size_t i;

	for (i = 0; i < world->n_views; i++)
		if (!memcmp(world->views[i].authority->digest, owner->digest,
			    MODGATE_DIGEST_SIZE))
			return &world->views[i];
	return NULL;
}

static void promote(const struct world *w, const struct options *o,
		    const struct stored *doc)
{
	struct stored moved;

	if (!doc || w->assumed)
		return;
	moved = *doc;
	if (doc->staged && doc->signature) {
		if (store_promote(o, doc))
			return;
		moved.staged = false;
	}
	if (!moved.staged)
		store_prune(o, &w->store, &moved, w->policy);
}

/**
 * world_promote() - move what the kernel has in force to active/
 * @world: as read; its paths are old afterwards
 * @o: options
 *
 * What is older goes. The caller holds the lock.
 */
void world_promote(const struct world *world, const struct options *o)
{
	size_t i;

	/* The policy last: as long as it is there, the lists below it are good. */
	for (i = 0; i < world->n_views; i++)
		promote(world, o, world->views[i].in_force);
	promote(world, o, world->policy);
}

/**
 * world_read_settled() - read everything, to change something
 * @world: filled in; to be freed
 * @o: options
 *
 * What a restart has brought into force moves to active/ first. The caller
 * holds the lock.
 *
 * Return: as world_read().
 */
enum status world_read_settled(struct world *world, const struct options *o)
{
	enum status status;

	store_clean(o);
	status = world_read(world, o);
	if (status)
		return status;
	world_promote(world, o);
	world_free(world);
	return world_read(world, o);
}

/* Is what the kernel has in force newer than all that is on disk? */
bool world_policy_put_back(const struct world *world)
{
	return world->policy_next &&
	       record_number(&world->kernel.policy, "generation") >
	       stored_generation(world->policy_next);
}

/* The generation that the kernel has in force, 0 if none or not known. */
unsigned long long view_kernel_generation(const struct view *view)
{
	return view->line ? record_number(view->line, "generation") : 0;
}

/* The highest generation of a list of this authority, anywhere. */
unsigned long long world_generation(const struct world *world,
				    const __u8 *authority)
{
	const struct record *line = kernel_list(&world->kernel, authority);
	unsigned long long highest = line ? record_number(line, "generation") : 0;
	size_t i;

	for (i = 0; i < world->store.n_docs; i++) {
		const struct stored *doc = &world->store.docs[i];

		if (doc->valid && stored_type(doc) == MODGATE_APPROVED_LIST &&
		    !memcmp(doc->header.signer, authority, MODGATE_DIGEST_SIZE) &&
		    stored_generation(doc) > highest)
			highest = stored_generation(doc);
	}
	return highest;
}

/* The entry that approves a module, in force or next; NULL if there is none. */
const struct modgate_module *world_approval(const struct world *world,
					    const __u8 *digest, bool next)
{
	size_t i;

	for (i = 0; i < world->n_views; i++) {
		const struct view *v = &world->views[i];
		const struct stored *doc = next ? v->next : v->in_force;
		const struct modgate_module *m;

		m = doc ? modgate_find_module(&doc->doc, digest) : NULL;
		if (m)
			return m;
	}
	return NULL;
}
