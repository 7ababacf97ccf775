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

#include "trust.h"

char *document_name(const char *authority, __u64 generation, __u32 type)
{
	return fmt("%s-%llu.%s", authority, (unsigned long long)generation,
		   type == MODGATE_LOCAL_POLICY ? "policy" : "list");
}

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

/*
 * It is on disk, and in the initramfs if that has copies; only now may what is
 * older die, and then go.
 */
static enum status commit(const struct options *o, const struct store *store,
			  const struct stored *doc, const struct count *count)
{
	enum status status = initramfs_update(o);

	if (status)
		return fail(status, "%s was signed, and waits for that",
			    doc->name);
	status = count_commit(count, stored_generation(doc));
	if (status)
		return fail(status,
			    "%s was signed and waits for a restart, but its counter could not be raised, so what is older may be good until then; see 'modgate verify'",
			    doc->name);
	store_prune(o, store, doc, NULL);
	return ST_OK;
}

/**
 * draft_sign() - number a document and sign it, in memory
 * @draft: what it says; its generation is the one that the disk says is next,
 *	   and set to what it is
 * @key: the signer's
 * @authority: name of the signer, for the name of the file
 * @count: who numbers it
 * @doc: filled in, for stored_stage(); to be freed with stored_free()
 *
 * Return: ST_OK, or a status after saying why not.
 */
enum status draft_sign(struct draft *draft, EVP_PKEY *key,
		       const char *authority, const struct count *count,
		       struct stored *doc)
{
	__u64 generation = modgate_le64(draft->header.generation);
	enum status status = count_issue(count, &generation);
	const char *rule;

	memset(doc, 0, sizeof(*doc));
	if (status)
		return status;
	draft->header.generation = le64(generation);
	rule = draft_build(draft, &doc->bytes, &doc->size);
	if (rule)
		return fail(ST_NO, "the new document would break a rule: %s",
			    rule);
	doc->staged = true;
	doc->peeked = true;
	doc->header = draft->header;
	doc->path = document_name(authority, generation,
				  modgate_le32(draft->header.type));
	doc->name = doc->path;
	doc->signature = xzalloc(MODGATE_SIGNATURE_MAX);
	if (signature_make(key, doc->bytes, doc->size, doc->signature,
			   &doc->signature_size))
		return fail(ST_NO, "cannot sign: %s", crypto_error());
	return ST_OK;
}

/* Write what draft_sign() made; ST_OK when it is on disk. */
enum status stored_stage(const struct options *o, const struct stored *doc)
{
	return store_stage(o, doc->name, doc->bytes, doc->size, doc->signature,
			   doc->signature_size);
}

/**
 * draft_stage() - number a document, sign it, write it, end what it replaces
 * @draft: as for draft_sign()
 * @o: options
 * @store: as scanned
 * @key: the signer's
 * @authority: name of the signer, for the name of the file
 * @count: who numbers it
 *
 * Killed at any instant, either the old document is good or the new one is on
 * disk: the order is number, sign, write durably, renew the copies of an
 * initramfs that has any, raise the accept counter. (A repair after somebody has
 * counted the issue counter up by more than the kernel's 64 steps is the
 * exception: the new one is good when accept was raised to the end, and none
 * until then.)
 *
 * Return: ST_OK when it is on disk and nothing older is good any more, or a
 * status after saying why not.
 */
enum status draft_stage(struct draft *draft, const struct options *o,
			const struct store *store, EVP_PKEY *key,
			const char *authority, const struct count *count)
{
	struct stored doc;
	enum status status = draft_sign(draft, key, authority, count, &doc);

	if (!status)
		status = stored_stage(o, &doc);
	if (!status)
		status = commit(o, store, &doc, count);
	stored_free(&doc);
	return status;
}

/**
 * store_promote() - a staged document is in force: move it to active/
 * @o: options
 * @doc: loaded, with its signature, from staged/
 *
 * Return: 0, or a negative errno; then it stays staged, which harms nothing.
 */
int store_promote(const struct options *o, const struct stored *doc)
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
