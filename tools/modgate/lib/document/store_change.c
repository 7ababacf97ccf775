// SPDX-License-Identifier: GPL-2.0-only
/*
 * Changes of the documents on disk. Two files cannot be renamed at once, so
 * the order is what keeps the promise that at every instant a valid document
 * is on disk: signature first, then the document (without which a signature
 * says nothing), and what is older goes only after that.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base.h"
#include "document.h"

/* Keep other tools out until this one exits. */
enum status store_lock(const struct options *o)
{
	char *path = store_dir(o, ".lock");
	enum status status = ST_OK;
	int fd = lock_take(path);

	if (fd == -EWOULDBLOCK)
		status = fail(ST_NO,
			      "another modgate is changing %s/etc/modgate; nothing was changed, try again when it is done",
			      o->root);
	else if (fd == -ENOENT || fd == -ENOTDIR)
		status = fail(ST_UNPROVISIONED, "%s/etc/modgate is missing; run 'modgate init'",
			      o->root);
	else if (fd < 0)
		status = fail_errno(fd, "%s", path);
	free(path);
	return status;
}

static int put(const char *dir, const char *name, const void *data,
	       size_t size)
{
	return file_replace(dir, name, data, size, 0644);
}

/**
 * store_stage() - write a signed document that waits for a restart
 * @o: options
 * @name: of the document, with its generation
 * @bytes: the document
 * @size: of @bytes
 * @signature: of the document
 * @signature_size: of @signature
 *
 * Return: ST_OK when both are on disk, or a status after saying why not.
 */
enum status store_stage(const struct options *o, const char *name,
			const void *bytes, size_t size,
			const void *signature, size_t signature_size)
{
	char *dir = store_dir(o, "staged");
	char *sig = fmt("%s.sig", name);
	int err = put(dir, sig, signature, signature_size);
	enum status status = ST_OK;

	if (!err)
		err = put(dir, name, bytes, size);
	if (err)
		status = fail_errno(err, "%s/%s", dir, name);
	free(sig);
	free(dir);
	return status;
}

/* The document first: without it, its signature says nothing. */
void stored_remove(const struct stored *doc)
{
	char *sig = fmt("%s.sig", doc->path);

	if (!file_remove(doc->path))
		file_remove(sig);
	free(sig);
}

static bool same_signer(const struct stored *a, const struct stored *b)
{
	return !memcmp(a->header.signer, b->header.signer, MODGATE_DIGEST_SIZE);
}

/* "owner" of "owner-3.list": an authority keeps its name when its key changes. */
static bool same_authority(const struct stored *a, const struct stored *b)
{
	const char *end = strrchr(a->name, '-');

	return end && !strncmp(a->name, b->name, end - a->name + 1) &&
	       strrchr(b->name, '-') - b->name == end - a->name;
}

/**
 * stored_replaced() - has a newer document taken the place of this one?
 * @doc: the older one
 * @by: the newer one
 * @policy: for lists, the local policy that @by goes with, or NULL: a list is
 *	    replaced also if it is by another key that this one does not name
 *	    any more
 *
 * Return: true if so; false also if @doc is too broken to have a generation.
 */
bool stored_replaced(const struct stored *doc, const struct stored *by,
		     const struct stored *policy)
{
	if (!doc->peeked || stored_type(doc) != stored_type(by) ||
	    stored_generation(doc) >= stored_generation(by))
		return false;
	if (same_signer(doc, by))
		return true;
	return policy && policy->formed &&
	       stored_type(doc) == MODGATE_APPROVED_LIST &&
	       same_authority(doc, by) &&
	       !policy_authority(policy, doc->header.signer);
}

/**
 * store_prune() - remove the documents that a newer one has replaced
 * @o: options
 * @store: as scanned
 * @keep: the newer one, which is on disk: staged, then older staged ones go;
 *	  or in force, then all older ones go
 * @policy: as for stored_replaced()
 *
 * Errors leave more than is needed, which harms nothing.
 */
void store_prune(const struct options *o, const struct store *store,
		 const struct stored *keep, const struct stored *policy)
{
	static const char *const folders[] = { "staged", "active" };
	size_t i;

	for (i = 0; i < store->n_docs; i++) {
		const struct stored *doc = &store->docs[i];

		if (stored_replaced(doc, keep, policy) &&
		    (doc->staged || !keep->staged))
			stored_remove(doc);
	}
	for (i = 0; i < ARRAY_SIZE(folders); i++) {
		char *dir = store_dir(o, folders[i]);

		dir_sync(dir);
		free(dir);
	}
}

/* Move a document from staged/ to active/; on an error it stays, which harms nothing. */
static int promote(const struct options *o, const struct stored *doc)
{
	char *dir = store_dir(o, "active");
	char *sig = fmt("%s.sig", doc->name);
	char *old = fmt("%s.sig", doc->path);
	int err = put(dir, sig, doc->signature, doc->signature_size);

	if (!err)
		err = file_move(doc->path, dir, doc->name);
	if (!err)
		file_remove(old);
	free(old);
	free(sig);
	free(dir);
	return err;
}

/**
 * store_settle() - a document is in force: it moves to active/, what is older goes
 * @o: options
 * @store: as scanned; the path of @doc is old afterwards
 * @doc: loaded, with its signature if it comes from staged/
 * @policy: as for stored_replaced()
 *
 * Errors leave more than is needed, which harms nothing.
 */
void store_settle(const struct options *o, const struct store *store,
		  const struct stored *doc, const struct stored *policy)
{
	struct stored moved = *doc;

	if (doc->staged && (!doc->signature || promote(o, doc)))
		return;
	moved.staged = false;
	store_prune(o, store, &moved, policy);
}

/* What a power cut can leave: temporary files, signatures of nothing. */
static bool is_leftover(const char *dir, const char *name)
{
	char *path;
	bool lonely;

	if (*name == '.')
		return has_suffix(name, ".tmp");
	if (!has_suffix(name, ".sig"))
		return false;
	path = fmt("%s/%.*s", dir, (int)(strlen(name) - 4), name);
	lonely = access(path, F_OK) && errno == ENOENT;
	free(path);
	return lonely;
}

/* Remove what an interrupted change has left; the caller holds the lock. */
void store_clean(const struct options *o)
{
	static const char *const folders[] = { "staged", "active", "keys" };
	struct dirent *entry;
	size_t i;
	DIR *dir;

	for (i = 0; i < ARRAY_SIZE(folders); i++) {
		char *path = store_dir(o, folders[i]);

		dir = opendir(path);
		while (dir && (entry = readdir(dir)))
			if (is_leftover(path, entry->d_name))
				unlinkat(dirfd(dir), entry->d_name, 0);
		if (dir)
			closedir(dir);
		free(path);
	}
}

/**
 * store_discard() - remove documents, whatever they say
 * @o: options
 * @active: also those in active/, else those in staged/ alone
 *
 * The caller holds the lock.
 *
 * Return: their number.
 */
unsigned int store_discard(const struct options *o, bool active)
{
	struct store store = { 0 };
	unsigned int n = 0;
	size_t i;

	store_scan(&store, o);
	for (i = 0; i < store.n_docs; i++) {
		if (!active && !store.docs[i].staged)
			continue;
		stored_remove(&store.docs[i]);
		n++;
	}
	store_free(&store);
	store_clean(o);
	return n;
}
