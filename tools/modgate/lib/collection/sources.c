// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a collection is made of. It is up to date as long as all of that is the same.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base.h"
#include "collection.h"
#include "kernel.h"
#include "module.h"

#define KEYS_MAX (4U << 20)		/* in bytes, of /proc/keys */

static void add_source(struct json_object *sources, const char *format, ...)
	__printf(2, 3);

static void add_source(struct json_object *sources, const char *format, ...)
{
	va_list ap;
	char *text;

	va_start(ap, format);
	text = vfmt(format, ap);
	va_end(ap);
	json_object_array_add(sources, json_object_new_string(text));
	free(text);
}

static void add_file(struct json_object *sources, const char *path)
{
	struct stat st;

	if (stat(path, &st))
		add_source(sources, "%s: %s", path, strerror(errno));
	else
		add_source(sources, "%s: %llu bytes, inode %llu, %lld.%09ld", path,
			   (unsigned long long)st.st_size,
			   (unsigned long long)st.st_ino,
			   (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
}

static bool add_module(void *sources, const char *path)
{
	add_file(sources, path);
	return false;
}

/* The keyrings in which the kernel looks for the signer of a module. */
struct keyrings {
	__s32 *keys[KEYRINGS];
	size_t n[KEYRINGS];
	bool known;
};

static void keyrings_read(struct keyrings *rings, const struct options *o)
{
	int i;

	rings->known = true;
	for (i = 0; i < KEYRINGS; i++)
		if (keyring_keys(o, i, &rings->keys[i], &rings->n[i]))
			rings->known = false;
}

static void keyrings_free(struct keyrings *rings)
{
	int i;

	for (i = 0; i < KEYRINGS; i++)
		free(rings->keys[i]);
}

static bool ring_has(const struct keyrings *rings, int ring, __s32 key)
{
	size_t i;

	for (i = 0; i < rings->n[ring]; i++)
		if (rings->keys[ring][i] == key)
			return true;
	return false;
}

/* A line of /proc/keys: serial number, what it may, and what it is. */
static void add_key_line(struct json_object *sources, const struct keyrings *rings,
			 const char *line)
{
	const char *what = strstr(line, " asymmetri ");
	__s32 serial = strtoul(line, NULL, 16);
	int i;

	if (what && !rings->known)
		add_source(sources, "%s", what);
	for (i = 0; what && rings->known && i < KEYRINGS; i++)
		if (ring_has(rings, i, serial))
			add_source(sources, "%s%s", keyring_name(i), what);
}

/*
 * The keys that may have signed a module, in an order of their own. Others come and go
 * while the kernel runs; they count only if keyrings cannot be told apart.
 */
static void add_keys(struct json_object *sources, const struct options *o)
{
	char *path = fmt("%s/proc/keys", o->root), *rest, *line;
	struct keyrings rings;
	size_t size;
	void *text;

	keyrings_read(&rings, o);
	if (!file_read(path, KEYS_MAX, &text, &size)) {
		rest = text;
		while ((line = strsep(&rest, "\n")))
			add_key_line(sources, &rings, line);
		free(text);
	}
	keyrings_free(&rings);
	free(path);
}

static int compare_parts(const void *a, const void *b)
{
	return strcmp(json_object_get_string(*(struct json_object *const *)a),
		      json_object_get_string(*(struct json_object *const *)b));
}

/**
 * collection_sources() - all that a collection is made of
 * @o: options
 * @kernel: as read; says which documents are in force
 * @release: of the kernel that is meant
 *
 * That is the documents in force, what depmod knows, the files that third parties have
 * installed, and what else the kernel may refuse by.
 *
 * Return: an array of lines in an order of their own, to be put.
 */
struct json_object *collection_sources(const struct options *o, const struct kernel *kernel,
				       const char *release)
{
	struct json_object *sources = json_object_new_array();
	char *index = fmt("%s/lib/modules/%s/modules.dep.bin", o->root, release);
	size_t i;

	add_source(sources, "version %u, kernel %s", MANIFEST_VERSION, release);
	add_source(sources, "policy %s", dash(record_get(&kernel->policy, "digest")));
	for (i = 0; i < kernel->n_lists; i++)
		add_source(sources, "list %s", dash(record_get(&kernel->lists[i], "digest")));
	add_source(sources, "sig_enforce %d, lockdown %d, revoked %s", sig_enforced(o),
		   locked_down(o), dash(record_get(&kernel->state, "revoked")));
	add_keys(sources, o);
	add_file(sources, index);
	lookup_walk(o, release, false, add_module, sources);
	json_object_array_sort(sources, compare_parts);
	free(index);
	return sources;
}
