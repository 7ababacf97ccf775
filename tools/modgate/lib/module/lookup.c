// SPDX-License-Identifier: GPL-2.0-only
/*
 * Find a module by what the user typed: path, name, digest, or number of a pending
 * entry.
 */
#include <fts.h>
#include <stdlib.h>
#include <string.h>

#include "base.h"
#include "kernel.h"
#include "module.h"

/* Is this the name of a module file? */
static bool is_module_file(const char *name)
{
	const char *p = strstr(name, ".ko");

	return p && (!p[3] || !strcmp(p + 3, ".xz") || !strcmp(p + 3, ".zst") ||
		     !strcmp(p + 3, ".gz"));
}

/* Does the user mean a file rather than a name or digest? */
bool target_is_path(const char *target)
{
	return strchr(target, '/') || is_module_file(target);
}

static char *modules_dir(const struct options *o, const char *release)
{
	return fmt("%s/lib/modules/%s", o->root, release);
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

/**
 * lookup_walk() - walk through all module files of a kernel
 * @o: options
 * @release: of the kernel
 * @with_kernel: include those in the folder kernel/, which takes longer
 * @found: called with the path of each; returns true to stop there
 * @context: for @found
 *
 * Return: the path where @found stopped, to be freed, or NULL.
 */
char *lookup_walk(const struct options *o, const char *release,
		  bool with_kernel,
		  bool (*found)(void *context, const char *path), void *context)
{
	char *dir = modules_dir(o, release);
	char *roots[2] = { dir };
	FTS *fts = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, by_name);
	char *path = NULL;
	FTSENT *e;

	while (fts && !path && (e = fts_read(fts))) {
		/* Links in weak-updates count; "build" and "source" are not module files. */
		if (e->fts_info == FTS_D && e->fts_level == 1 &&
		    !strcmp(e->fts_name, "kernel") && !with_kernel)
			fts_set(fts, e, FTS_SKIP);
		else if ((e->fts_info == FTS_F || e->fts_info == FTS_SL) &&
			 is_module_file(e->fts_name) &&
			 found(context, e->fts_path))
			path = xstrdup(e->fts_path);
	}
	if (fts)
		fts_close(fts);
	free(dir);
	return path;
}

static bool has_name(void *context, const char *path)
{
	char *name = module_name_of(path);
	bool same = !strcmp(name, context);

	free(name);
	return same;
}

static bool has_digest(void *context, const char *path)
{
	__u8 digest[MODGATE_DIGEST_SIZE];

	return !module_digest(path, digest) &&
	       !memcmp(digest, context, sizeof(digest));
}

/**
 * lookup_name() - find the file of a module
 * @o: options
 * @release: of the kernel
 * @name: of the module, with "-" or "_", or an alias
 *
 * Return: its path, to be freed, or NULL.
 */
char *lookup_name(const struct options *o, const char *release,
		  const char *name)
{
	char *dir = modules_dir(o, release);
	char *path = lookup_index(dir, name), *plain;

	if (!path) {
		plain = module_name_of(name);
		path = lookup_walk(o, release, true, has_name, plain);
		free(plain);
	}
	free(dir);
	return path;
}

/* Find an installed module by its digest; search first where third parties install. */
static char *lookup_digest(const struct options *o, const char *release,
			   const __u8 *digest)
{
	char *path = lookup_walk(o, release, false, has_digest, (void *)digest);

	return path ? path : lookup_walk(o, release, true, has_digest,
					 (void *)digest);
}

static enum status by_digest(struct module *module, const struct options *o,
			     const struct kernel *kernel, const char *release,
			     const __u8 *digest, const char *hint,
			     const char *cert_path)
{
	__u8 found[MODGATE_DIGEST_SIZE];
	char *path = NULL;
	enum status status = ST_OK;

	if (hint && !module_digest(hint, found) &&
	    !memcmp(found, digest, sizeof(found)))
		path = xstrdup(hint);
	if (!path)
		path = lookup_digest(o, release, digest);
	if (path)
		status = module_read(module, o, path, cert_path);
	if (!path || memcmp(module->digest, digest, MODGATE_DIGEST_SIZE)) {
		module_free(module);
		memcpy(module->digest, digest, MODGATE_DIGEST_SIZE);
	}
	module->event = event_for(kernel, digest);
	if (!module->name && module->event && record_get(module->event, "name"))
		module->name = xstrdup(record_get(module->event, "name"));
	free(path);
	return status;
}

static enum status by_number(struct module *module, const struct options *o,
			     const struct kernel *kernel, const char *release,
			     unsigned long long number, const char *cert_path)
{
	enum status status;
	struct pending *p;
	size_t n, i;

	status = kernel_need_events(kernel);
	if (status)
		return status;
	p = pending_find(kernel, &n);
	for (i = 0; i < n && p[i].number != number; i++)
		;
	if (i < n) {
		char *hint = event_path(p[i].event, o);

		status = by_digest(module, o, kernel, release, p[i].digest,
				   hint, cert_path);
		free(hint);
	} else {
		status = fail(ST_NO, "%llu: nothing pending has this number; see 'modgate pending'",
			      number);
	}
	pending_free(p, n);
	return status;
}

static enum status by_path(struct module *module, const struct options *o,
			   const struct kernel *kernel, const char *path,
			   const char *cert_path)
{
	enum status status = module_read(module, o, path, cert_path);

	if (status)
		return status;
	if (!module->problem)
		module->event = event_for(kernel, module->digest);
	return ST_OK;
}

/**
 * lookup_target() - find what the user means
 * @module: filled in; to be freed, also after an error
 * @o: options
 * @kernel: as read
 * @release: of the kernel whose modules to search
 * @target: path, name, digest, or number of a pending entry
 * @cert_path: a certificate that may have signed it, or NULL
 *
 * Return: ST_OK; for a digest even if no such file was found, but without a path. ST_NO
 * if nothing was found, or another status.
 */
enum status lookup_target(struct module *module, const struct options *o,
			  const struct kernel *kernel, const char *release,
			  const char *target, const char *cert_path)
{
	__u8 digest[MODGATE_DIGEST_SIZE];
	unsigned long long number;
	enum status status;
	char *path;

	memset(module, 0, sizeof(*module));
	if (digest_parse(digest, target)) {
		const struct record *event = event_for(kernel, digest);

		path = event ? event_path(event, o) : NULL;
		status = by_digest(module, o, kernel, release, digest, path,
				   cert_path);
		free(path);
		return status;
	}
	if (number_parse(target, &number))
		return by_number(module, o, kernel, release, number, cert_path);
	if (target_is_path(target))
		return by_path(module, o, kernel, target, cert_path);
	path = lookup_name(o, release, target);
	if (!path)
		return fail(ST_NO,
			    "%s: no module of this name below %s/lib/modules/%s; name the file, or another kernel with --kernel=RELEASE",
			    target, o->root, release);
	status = by_path(module, o, kernel, path, cert_path);
	free(path);
	return status;
}
