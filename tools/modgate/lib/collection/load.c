// SPDX-License-Identifier: GPL-2.0-only
/*
 * Loading the collection: each copy in its order, with the parameters that
 * modprobe.d has for it. What fails is left out with its reason, and what needs
 * it as well; the rest loads.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base.h"
#include "collection.h"
#include "kernel.h"
#include "module.h"

/**
 * struct loader - a collection that is being loaded
 * @c: the collection
 * @o: options
 * @wanted: which of its members are to load
 */
struct loader {
	struct collection *c;
	const struct options *o;
	bool *wanted;
};

/* libkmod came to its end over it; the others go on. */
static void ended(const struct loader *l, struct member *m, char *problem)
{
	m->at_load = true;
	collection_leave_out(l->c, m, LEFT_UNREADABLE, "%s", problem);
	free(problem);
}

/* What is not in the collection is the kernel's own. To be freed, NULL if all is there. */
static char *load_dependencies(const struct loader *l, const struct member *m)
{
	char *depends = xstrdup(m->depends), *rest = depends, *name;
	char *missing = NULL, *problem = NULL;

	while (!missing && (name = strsep(&rest, ","))) {
		const struct member *d = *name ? collection_provider(l->c, name) : NULL;
		int err = d || !*name ? 0 : insert_system(name, &problem);

		if (d && d->left_out)
			missing = fmt("%s, which is left out (%s)", name, d->reason);
		else if (err)
			missing = fmt("%s: %s", name, problem ? problem : strerror(-err));
		free(problem);
		problem = NULL;
	}
	free(depends);
	return missing;
}

/* 0 or a negative errno; then, if libkmod ended, it is left out. */
static int insert(const struct loader *l, struct member *m)
{
	char *path = m->file ? fmt("%s/%s", l->c->dir, m->file) : xstrdup(m->path);
	char *problem;
	int err = insert_file(path, m->name, &problem);

	if (problem)
		ended(l, m, problem);
	free(path);
	return err;
}

/* What modgate had against it just now: a word, or NULL. To be freed. */
static char *refusal(const struct loader *l, const struct member *m)
{
	const struct record *event;
	struct kernel now;
	char *word = NULL;

	kernel_read(&now, l->o);
	event = event_for(&now, m->digest);
	if (event && record_get(event, "reason"))
		word = xstrdup(record_get(event, "reason"));
	kernel_free(&now);
	return word;
}

static void leave_out(struct loader *l, struct member *m, int err)
{
	char *word = err == -EPERM ? refusal(l, m) : NULL;

	m->at_load = true;
	if (word)
		collection_leave_out(l->c, m, word, "the kernel refused it");
	else if (err == -ENOENT)
		collection_leave_out(l->c, m, LEFT_SYMBOL,
				     "it needs a symbol that the kernel does not have; see the kernel log");
	else if (err == -ENOEXEC)
		collection_leave_out(l->c, m, LEFT_VERMAGIC,
				     "the kernel says that it was built for another one; see the kernel log");
	else if (err == -EPERM || err == -EACCES || err == -EKEYREJECTED || err == -ENOKEY)
		collection_leave_out(l->c, m, LEFT_REFUSED, "the kernel: %s",
				     strerror(-err));
	else
		collection_leave_out(l->c, m, LEFT_INIT, "its init function: %s",
				     strerror(-err));
}

/*
 * A copy that is missing or was changed comes back from where it was installed. That
 * is looked at when the kernel has refused it, which looks anyway.
 *
 * Return: 0 if it came back, or loads from there; -EALREADY if nothing was wrong with
 * it; or a negative errno, and it is left out.
 */
static int restore(const struct loader *l, struct member *m)
{
	char *path;
	__u8 digest[MODGATE_DIGEST_SIZE];
	bool whole;
	int err;

	if (!m->file)
		return -EALREADY;
	path = fmt("%s/%s", l->c->dir, m->file);
	whole = !module_digest(path, digest) &&
		!memcmp(digest, m->digest, sizeof(digest));
	free(path);
	if (whole)
		return -EALREADY;
	err = m->path ? collection_copy(l->c, m) : -ENOENT;
	if (err)
		collection_leave_out(l->c, m, err == -ESTALE ? LEFT_CHANGED : LEFT_MISSING,
				     "its copy is missing or was changed, and %s: %s",
				     dash(m->path), err == -ESTALE ? "has another digest" :
							   strerror(-err));
	m->at_load = err;
	return err;
}

static bool may_load(struct loader *l, struct member *m)
{
	char *problem;
	int state = insert_state(m->name, &problem);

	if (problem) {
		ended(l, m, problem);
	} else if (state < 0) {
		leave_out(l, m, state);
	} else if (state == INSERT_BLACKLISTED) {
		m->at_load = true;
		collection_leave_out(l->c, m, LEFT_BLACKLIST, "modprobe.d says so");
	}
	return state == INSERT_ABSENT;
}

static void load(struct loader *l, struct member *m)
{
	char *missing;
	int err;

	if (!may_load(l, m))
		return;
	missing = load_dependencies(l, m);
	if (missing) {
		m->at_load = true;
		collection_leave_out(l->c, m, LEFT_DEPENDENCY, "it needs %s", missing);
		free(missing);
		return;
	}
	err = insert(l, m);
	if (err && err != -ECHILD)
		switch (restore(l, m)) {
		case 0:
			err = insert(l, m);
			break;
		case -EALREADY:
			break;
		default:
			return;
		}
	if (err && err != -ECHILD)
		leave_out(l, m, err);
}

/* What failed in another boot is tried again. */
static void forget_failures(struct collection *c)
{
	size_t i;

	for (i = 0; i < c->n; i++) {
		struct member *m = &c->members[i];

		if (!m->at_load)
			continue;
		m->left_out = false;
		m->at_load = false;
		free(m->reason);
		m->reason = xstrdup(dash(m->allowed));
		free(m->detail);
		m->detail = NULL;
	}
}

/* As it failed in another boot; nothing if it did not. */
struct failure {
	char *reason;
	char *detail;
};

static struct failure *take_failures(const struct collection *c)
{
	struct failure *failures = xzalloc(c->n * sizeof(*failures) + 1);
	size_t i;

	for (i = 0; i < c->n; i++) {
		if (!c->members[i].at_load)
			continue;
		failures[i].reason = xstrdup(c->members[i].reason);
		failures[i].detail = xstrdup(dash(c->members[i].detail));
	}
	return failures;
}

static void free_failures(struct failure *failures, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		free(failures[i].reason);
		free(failures[i].detail);
	}
	free(failures);
}

/* Did a member fail now that did not before, or the other way round, or differently? */
static bool differs(const struct collection *c, const struct failure *before)
{
	size_t i;

	for (i = 0; i < c->n; i++) {
		const struct member *m = &c->members[i];

		if (m->at_load != !!before[i].reason)
			return true;
		if (m->at_load && (strcmp(m->reason, before[i].reason) ||
				   strcmp(dash(m->detail), before[i].detail)))
			return true;
	}
	return false;
}

/* All but those on demand, and of these what another one needs. */
static void find_wanted(struct loader *l)
{
	const struct collection *c = l->c;
	size_t i, k;

	for (i = c->n; i-- > 0;) {
		if (!(c->members[i].flags & MODGATE_MODULE_ON_DEMAND))
			l->wanted[i] = true;
		for (k = i + 1; k < c->n; k++)
			if (l->wanted[k] && member_needs(&c->members[k], c->members[i].name))
				l->wanted[i] = true;
	}
}

/**
 * collection_load() - load what the collection holds
 * @c: as read or made
 * @o: options
 *
 * Members that are to load on demand do not load here, unless others need them.
 *
 * Return: ST_OK, also if members were left out, which they say themselves; or a
 * status after saying what went wrong.
 */
enum status collection_load(struct collection *c, const struct options *o)
{
	struct loader l = { .c = c, .o = o };
	bool was_changed = c->changed;
	struct failure *failures;
	size_t i;

	failures = take_failures(c);
	forget_failures(c);
	l.wanted = xzalloc(c->n * sizeof(*l.wanted) + 1);
	find_wanted(&l);
	for (i = 0; i < c->n; i++)
		if (l.wanted[i] && !c->members[i].left_out)
			load(&l, &c->members[i]);
	free(l.wanted);
	c->changed = was_changed || differs(c, failures);
	insert_end();
	free_failures(failures, c->n);
	return ST_OK;
}
