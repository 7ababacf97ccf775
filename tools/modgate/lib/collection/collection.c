// SPDX-License-Identifier: GPL-2.0-only
/*
 * The collection on disk: manifest and copies. Copies have the digest in their
 * names and come first, then the manifest replaces the old one in one step, then
 * what it does not name goes; so a power cut at any instant leaves a collection.
 */
#include <dirent.h>
#include <errno.h>
#include <fts.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base.h"
#include "collection.h"
#include "crypto.h"
#include "kernel.h"
#include "module.h"

#define MANIFEST "manifest.json"
#define MANIFEST_MAX (16U << 20)	/* in bytes */

static char *collections_dir(const struct options *o)
{
	return fmt("%s/var/lib/modgate/collection", o->root);
}

/**
 * collection_begin() - the collection of a kernel, still empty
 * @c: filled in; to be freed
 * @o: options
 * @kernel: as read; says which documents are in force. NULL: it is only shown, and need
 *	    not be up to date
 * @release: of the kernel that is meant
 */
void collection_begin(struct collection *c, const struct options *o,
		      const struct kernel *kernel, const char *release)
{
	char *dir = collections_dir(o);

	memset(c, 0, sizeof(*c));
	c->release = xstrdup(release);
	c->dir = fmt("%s/%s", dir, release);
	c->made_from = kernel ? collection_sources(o, kernel, release) : NULL;
	free(dir);
}

static void member_free(struct member *m)
{
	free(m->name);
	free(m->path);
	free(m->file);
	free(m->depends);
	free(m->reason);
	free(m->allowed);
	free(m->detail);
}

/* As begun, whatever was read. */
void collection_forget(struct collection *c)
{
	size_t i;

	for (i = 0; i < c->n; i++)
		member_free(&c->members[i]);
	free(c->members);
	c->members = NULL;
	c->n = 0;
}

void collection_free(struct collection *c)
{
	collection_forget(c);
	free(c->release);
	free(c->dir);
	json_object_put(c->made_from);
	memset(c, 0, sizeof(*c));
}

/* The member or left-out module of this name, or NULL. */
struct member *collection_find(const struct collection *c, const char *name)
{
	size_t i;

	for (i = 0; i < c->n; i++)
		if (!strcmp(c->members[i].name, name))
			return &c->members[i];
	return NULL;
}

/* What others get by this name: if one of the files is left out, another one of them. */
struct member *collection_provider(const struct collection *c, const char *name)
{
	size_t i;

	for (i = 0; i < c->n; i++)
		if (!c->members[i].left_out && !strcmp(c->members[i].name, name))
			return &c->members[i];
	return collection_find(c, name);
}

/**
 * collection_leave_out() - say that a module does not load
 * @c: the collection
 * @member: the module
 * @reason: LEFT_* or MODGATE_REASON_*
 * @format: of the details, for people
 */
void collection_leave_out(struct collection *c, struct member *member,
			  const char *reason, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	free(member->detail);
	member->detail = vfmt(format, ap);
	va_end(ap);
	free(member->reason);
	member->reason = xstrdup(reason);
	member->left_out = true;
	c->changed = true;
}

static char *take_str(struct json_object *j, const char *key)
{
	struct json_object *value = NULL;

	if (!json_object_object_get_ex(j, key, &value) ||
	    !json_object_is_type(value, json_type_string))
		return NULL;
	return xstrdup(json_object_get_string(value));
}

static __u64 take_num(struct json_object *j, const char *key)
{
	struct json_object *value = NULL;

	return json_object_object_get_ex(j, key, &value) ?
	       json_object_get_uint64(value) : 0;
}

/* A name in the folder of the collection, and nowhere else. */
static bool is_plain(const char *file)
{
	return *file && *file != '.' && !strchr(file, '/');
}

static bool take_member(struct collection *c, struct json_object *j)
{
	struct member *m;
	char *digest;
	bool good;

	c->members = xgrow(c->members, c->n, sizeof(*m));
	m = &c->members[c->n++];
	memset(m, 0, sizeof(*m));
	m->name = take_str(j, "name");
	m->path = take_str(j, "path");
	m->file = take_str(j, "file");
	m->depends = take_str(j, "depends");
	m->flags = take_num(j, "flags");
	m->reason = take_str(j, "reason");
	m->allowed = take_str(j, "allowed");
	m->detail = take_str(j, "detail");
	m->left_out = take_num(j, "left_out");
	m->at_load = take_num(j, "at_load");
	digest = take_str(j, "digest");
	good = m->name && m->reason && (!m->file || is_plain(m->file)) &&
	       (m->file || m->path || m->left_out) && digest &&
	       digest_parse(m->digest, digest);
	if (!m->depends)
		m->depends = xstrdup("");
	free(digest);
	return good;
}

static bool take_manifest(struct collection *c, struct json_object *manifest)
{
	struct json_object *modules = NULL, *made_from = NULL;
	bool good = json_object_object_get_ex(manifest, "modules", &modules) &&
		    json_object_is_type(modules, json_type_array);
	size_t i;

	for (i = 0; good && i < json_object_array_length(modules); i++)
		good = take_member(c, json_object_array_get_idx(modules, i));
	json_object_object_get_ex(manifest, "made_from", &made_from);
	c->up_to_date = good && c->made_from && json_object_equal(made_from, c->made_from);
	return good;
}

/**
 * collection_read() - read the manifest as it was last written
 * @c: begun; says afterwards whether it is up to date
 *
 * Return: true if there is a good one.
 */
bool collection_read(struct collection *c)
{
	char *path = fmt("%s/" MANIFEST, c->dir);
	struct json_object *manifest = NULL;
	bool good = false;
	size_t size;
	void *data;

	if (!file_read(path, MANIFEST_MAX, &data, &size)) {
		manifest = json_take(data, size, 0);
		good = manifest && take_manifest(c, manifest);
		free(data);
	}
	json_object_put(manifest);
	free(path);
	if (!good)
		collection_forget(c);
	return good;
}

static struct json_object *member_json(const struct member *m)
{
	struct json_object *j = json_object_new_object();

	json_str(j, "name", m->name);
	json_digest(j, "digest", m->digest);
	json_str(j, "path", m->path);
	json_str(j, "file", m->file);
	json_str(j, "depends", m->depends);
	json_num(j, "flags", m->flags);
	json_str(j, "reason", m->reason);
	json_str(j, "allowed", m->allowed);
	json_str(j, "detail", m->detail);
	json_num(j, "left_out", m->left_out);
	json_num(j, "at_load", m->at_load);
	return j;
}

/**
 * collection_write() - put the manifest in place
 * @c: the collection; its copies are there
 *
 * Return: ST_OK, or a status after saying what went wrong.
 */
enum status collection_write(struct collection *c)
{
	struct json_object *manifest = json_object_new_object();
	struct json_object *modules = json_object_new_array();
	const char *text;
	size_t i;
	int err;

	json_str(manifest, "release", c->release);
	json_object_object_add(manifest, "made_from", json_object_get(c->made_from));
	for (i = 0; i < c->n; i++)
		json_object_array_add(modules, member_json(&c->members[i]));
	json_object_object_add(manifest, "modules", modules);
	text = json_object_to_json_string_ext(manifest, JSON_C_TO_STRING_PRETTY |
					      JSON_C_TO_STRING_NOSLASHESCAPE);
	err = file_replace(c->dir, MANIFEST, text, strlen(text), 0644);
	json_object_put(manifest);
	if (err)
		return fail_errno(err, "%s/" MANIFEST, c->dir);
	c->changed = false;
	return ST_OK;
}

/* It is written if it is not there: a full or read-only /var is no loss then. */
static int put_copy(const struct collection *c, const struct member *m,
		    const void *data, size_t size)
{
	char *path = fmt("%s/%s", c->dir, m->file);
	__u8 digest[MODGATE_DIGEST_SIZE];
	bool there = !module_digest(path, digest) &&
		     !memcmp(digest, m->digest, sizeof(digest));

	free(path);
	return there ? 0 : file_replace(c->dir, m->file, data, size, 0644);
}

/* It is not up to date at the next boot, whatever that finds. */
void collection_make_again(struct collection *c)
{
	json_object_put(c->made_from);
	c->made_from = NULL;
}

/* It loads from its own path, and the collection is made again the next time. */
static void do_without_copy(struct collection *c, struct member *m, int err)
{
	free(m->file);
	m->file = NULL;
	free(m->detail);
	m->detail = fmt("its copy cannot be written: %s; it loads from %s",
			strerror(-err), m->path);
	collection_make_again(c);
}

/**
 * collection_copy() - copy a module into the collection, decompressed
 * @c: the collection
 * @member: has its path and its digest; the file must still have that digest. If
 *	    the copy cannot be written, it has none
 *
 * Return: 0; -ESTALE: the file has another digest; or another negative errno, if it
 * cannot be read.
 */
int collection_copy(struct collection *c, struct member *member)
{
	__u8 digest[MODGATE_DIGEST_SIZE];
	char hex[HEX_SIZE];
	struct module_bytes b;
	int err = module_bytes_open(&b, member->path), write_err;

	if (!err && b.problem)
		err = -EBADMSG;
	if (!err) {
		sha384(b.data, b.size, digest);
		if (memcmp(digest, member->digest, sizeof(digest)))
			err = -ESTALE;
	}
	if (!err) {
		free(member->file);
		/* libkmod takes what stands before the first dot for the name. */
		member->file = fmt("%s.%.16s.ko", member->name, digest_hex(hex, digest));
		write_err = put_copy(c, member, b.data, b.size);
		if (write_err)
			do_without_copy(c, member, write_err);
	}
	module_bytes_close(&b);
	return err;
}

static bool is_named(const struct collection *c, const char *file)
{
	size_t i;

	if (!strcmp(file, MANIFEST))
		return true;
	for (i = 0; i < c->n; i++)
		if (c->members[i].file && !strcmp(c->members[i].file, file))
			return true;
	return false;
}

/* Remove the files that the manifest does not name. */
void collection_prune(const struct collection *c)
{
	DIR *dir = opendir(c->dir);
	struct dirent *e;

	while (dir && (e = readdir(dir)))
		if (strcmp(e->d_name, ".") && strcmp(e->d_name, "..") &&
		    !is_named(c, e->d_name))
			unlinkat(dirfd(dir), e->d_name, 0);
	if (dir)
		closedir(dir);
}

static void remove_dir(char *path)
{
	char *roots[2] = { path };
	FTS *fts = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	FTSENT *e;

	while (fts && (e = fts_read(fts)))
		if (e->fts_info == FTS_DP)
			rmdir(e->fts_path);
		else if (e->fts_info != FTS_D)
			unlink(e->fts_path);
	if (fts)
		fts_close(fts);
}

/* Remove the collections of kernels that are not installed any more. */
void collections_prune(const struct options *o)
{
	char *dir = collections_dir(o), *path;
	DIR *d = opendir(dir);
	struct dirent *e;

	while (d && (e = readdir(d))) {
		if (*e->d_name == '.' || release_known(o, e->d_name))
			continue;
		path = fmt("%s/%s", dir, e->d_name);
		remove_dir(path);
		free(path);
	}
	if (d)
		closedir(d);
	free(dir);
}
