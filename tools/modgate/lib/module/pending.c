// SPDX-License-Identifier: GPL-2.0-only
/*
 * The refused loads that an approval could change: one entry per module.
 */
#include <stdlib.h>
#include <string.h>

#include "base.h"
#include "kernel.h"
#include "module.h"

static struct pending *find(struct pending *p, size_t n, const __u8 *digest)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (!memcmp(p[i].digest, digest, MODGATE_DIGEST_SIZE))
			return &p[i];
	return NULL;
}

/**
 * pending_find() - collect what was refused and could be approved
 * @kernel: as read
 * @n: set to their number
 *
 * An entry's number is that of the first line about it, so that it stays the same when
 * other modules are refused in between.
 *
 * Return: the entries, in the order of the first refusal; to be freed.
 */
struct pending *pending_find(const struct kernel *kernel, size_t *n)
{
	struct pending *pending = NULL;
	size_t i;

	*n = 0;
	for (i = 0; i < kernel->n_events; i++) {
		const struct record *event = &kernel->events[i];
		__u8 digest[MODGATE_DIGEST_SIZE];
		struct pending *p;

		if (!event_is_pending(event) ||
		    !record_digest(event, "digest", digest))
			continue;
		p = find(pending, *n, digest);
		if (!p) {
			pending = xgrow(pending, *n, sizeof(*pending));
			p = &pending[(*n)++];
			memcpy(p->digest, digest, sizeof(digest));
			p->number = record_number(event, "seq");
		}
		p->event = event;
		p->count += record_number(event, "count");
	}
	return pending;
}

/* Is the file named by the event still the one that was refused? */
static char *same_file(const struct pending *p, const struct options *o)
{
	char *path = event_path(p->event, o);
	__u8 digest[MODGATE_DIGEST_SIZE];

	if (path && !module_digest(path, digest) &&
	    !memcmp(digest, p->digest, sizeof(digest)))
		return path;
	free(path);
	return NULL;
}

/* Entries without a file so far. */
struct wanted {
	struct pending *pending;
	size_t n;
	size_t left;
};

static bool take_path(void *context, const char *path)
{
	struct wanted *w = context;
	__u8 digest[MODGATE_DIGEST_SIZE];
	struct pending *p;

	if (module_digest(path, digest))
		return false;
	p = find(w->pending, w->n, digest);
	if (p && !p->path) {
		p->path = xstrdup(path);
		w->left--;
	}
	return !w->left;
}

/* Find the files; the kernel's own modules are not searched for them. */
void pending_resolve(struct pending *pending, size_t n,
		     const struct options *o, const char *release)
{
	struct wanted w = { .pending = pending, .n = n };
	size_t i;

	for (i = 0; i < n; i++) {
		pending[i].path = same_file(&pending[i], o);
		w.left += !pending[i].path;
	}
	if (w.left)
		free(lookup_walk(o, release, false, take_path, &w));
}

/* The module of an entry, with full details if it has a file; the caller frees it. */
void pending_module(struct module *module, const struct options *o,
		    const struct pending *p)
{
	if (!p->path || module_read(module, o, p->path, NULL)) {
		memset(module, 0, sizeof(*module));
		memcpy(module->digest, p->digest, sizeof(module->digest));
	}
	module->event = p->event;
}

void pending_free(struct pending *pending, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		free(pending[i].path);
	free(pending);
}
