// SPDX-License-Identifier: GPL-2.0-only
/*
 * The documents below /etc/modgate: found and read, newest first, not judged.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base.h"
#include "crypto.h"
#include "document.h"

/* A folder that has more than this is not ours; the boot shall not hang on it. */
#define DOCUMENTS_MAX 1024

char *store_dir(const struct options *o, const char *name)
{
	return fmt("%s/etc/modgate%s%s", o->root, *name ? "/" : "", name);
}

__u64 stored_generation(const struct stored *doc)
{
	return doc->peeked ? modgate_le64(doc->header.generation) : 0;
}

/* By the header if there is one, else by the name. */
__u32 stored_type(const struct stored *doc)
{
	__u32 type = doc->peeked ? modgate_le32(doc->header.type) : 0;

	if (type == MODGATE_LOCAL_POLICY || type == MODGATE_APPROVED_LIST)
		return type;
	return has_suffix(doc->name, ".policy") ? MODGATE_LOCAL_POLICY :
						  MODGATE_APPROVED_LIST;
}

/* The header alone: enough to put documents in order. */
static void peek(struct stored *doc)
{
	int fd = open(doc->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return;
	doc->peeked = read(fd, &doc->header, sizeof(doc->header)) ==
			      (ssize_t)sizeof(doc->header) &&
		      !memcmp(doc->header.magic, MODGATE_MAGIC,
			      sizeof(doc->header.magic));
	close(fd);
}

static bool is_document(const char *name)
{
	return *name != '.' && (has_suffix(name, ".policy") ||
				has_suffix(name, ".list"));
}

static enum status scan(struct store *store, const struct options *o,
			const char *folder)
{
	char *path = store_dir(o, folder);
	enum status status = ST_OK;
	struct dirent *entry;
	DIR *dir = opendir(path);

	if (!dir) {
		if (errno != ENOENT && errno != ENOTDIR)
			status = fail_errno(errno, "%s", path);
		free(path);
		return status;
	}
	while ((entry = readdir(dir))) {
		struct stored *doc;

		if (!is_document(entry->d_name))
			continue;
		if (store->n_docs == DOCUMENTS_MAX) {
			status = fail(ST_CORRUPT, "%s: more than %d documents",
				      path, DOCUMENTS_MAX);
			break;
		}
		store->docs = xgrow(store->docs, store->n_docs, sizeof(*doc));
		doc = &store->docs[store->n_docs++];
		doc->path = fmt("%s/%s", path, entry->d_name);
		doc->name = strrchr(doc->path, '/') + 1;
		doc->staged = !strcmp(folder, "staged");
		peek(doc);
	}
	closedir(dir);
	free(path);
	return status;
}

/* Policies first, then newest first, then staged first. */
static int by_age(const void *a, const void *b)
{
	const struct stored *x = a, *y = b;

	if (stored_type(x) != stored_type(y))
		return stored_type(x) == MODGATE_LOCAL_POLICY ? -1 : 1;
	if (stored_generation(x) != stored_generation(y))
		return stored_generation(x) > stored_generation(y) ? -1 : 1;
	if (x->staged != y->staged)
		return x->staged ? -1 : 1;
	return strcmp(x->path, y->path);
}

/**
 * store_scan() - find all documents
 * @store: zeroed; to be freed
 * @o: options
 *
 * Return: ST_OK, also if there are none; what could be found is there also
 * after an error.
 */
enum status store_scan(struct store *store, const struct options *o)
{
	enum status staged = scan(store, o, "staged");
	enum status active = scan(store, o, "active");

	if (store->n_docs)
		qsort(store->docs, store->n_docs, sizeof(*store->docs), by_age);
	return staged ? staged : active;
}

/**
 * stored_load() - read a document and its signature
 * @doc: as found
 *
 * Return: 0, or a negative errno after filling in the problem.
 */
int stored_load(struct stored *doc)
{
	char *path = fmt("%s.sig", doc->path);
	void *data;
	int err;

	err = file_read(doc->path, MODGATE_DOCUMENT_MAX, &data, &doc->size);
	if (!err) {
		doc->bytes = data;
		sha384(doc->bytes, doc->size, doc->digest);
		err = file_read(path, MODGATE_SIGNATURE_MAX, &data,
				&doc->signature_size);
		if (!err)
			doc->signature = data;
	}
	free(path);
	if (!err)
		return 0;
	free(doc->problem);
	if (doc->bytes && err == -ENOENT)
		doc->problem = xstrdup("there is no signature beside it");
	else if (err == -EFBIG)
		doc->problem = xstrdup(doc->bytes ? "its signature is over 1024 bytes" :
						    "size: over 128 MiB");
	else
		doc->problem = fmt("cannot be read: %s", strerror(-err));
	doc->status = err == -EACCES ? ST_PRIVILEGE : ST_CORRUPT;
	return err;
}

/* Give back the memory of a document that stays known. */
void stored_unload(struct stored *doc)
{
	free(doc->bytes);
	free(doc->signature);
	doc->bytes = NULL;
	doc->signature = NULL;
	doc->formed = false;
	doc->valid = false;
}

void stored_free(struct stored *doc)
{
	stored_unload(doc);
	free(doc->path);
	free(doc->problem);
}

void store_free(struct store *store)
{
	size_t i;

	for (i = 0; i < store->n_docs; i++)
		stored_free(&store->docs[i]);
	free(store->docs);
	memset(store, 0, sizeof(*store));
}
