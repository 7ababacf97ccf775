// SPDX-License-Identifier: GPL-2.0-only
/*
 * Making the collection: the installed modules that the lists in force allow,
 * in an order in which each comes after those that it needs.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base.h"
#include "child.h"
#include "collection.h"
#include "document.h"
#include "kernel.h"
#include "module.h"
#include "view.h"

/*
 * How long to go on with files whose names no list knows. Others come first, so that
 * no number of files that take long to be read keeps these out.
 */
#define SECONDS_MAX 60

/**
 * struct job - a collection that is being made
 * @c: the collection
 * @o: options
 * @snap: everything that is known
 * @by_vendors: digests alone do not decide
 * @named: only files of a name that a list knows; then only the others
 * @end: of the time for the others, in seconds
 */
struct job {
	struct collection *c;
	const struct options *o;
	const struct snapshot *snap;
	bool by_vendors;
	bool named;
	time_t end;
};

static time_t seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec;
}

static struct member *append(struct collection *c, const char *name,
			     const __u8 *digest, const char *path)
{
	struct member *m;

	c->members = xgrow(c->members, c->n, sizeof(*m));
	m = &c->members[c->n++];
	memset(m, 0, sizeof(*m));
	m->name = xstrdup(name);
	memcpy(m->digest, digest, sizeof(m->digest));
	m->path = path ? xstrdup(path) : NULL;
	m->depends = xstrdup("");
	return m;
}

/* Would the kernel itself refuse it? */
static void check_kernel(struct job *job, struct member *m,
			 const struct module *module)
{
	char *running = kernel_release(), *release = module_release(module);
	char *why = kernel_refusal(job->snap, job->o, module);

	if (module->sig.state == SIG_BROKEN)
		collection_leave_out(job->c, m, LEFT_SIGNATURE, "%s", dash(why));
	else if (!module_for(module, running))
		collection_leave_out(job->c, m, LEFT_VERMAGIC,
				     "it was built for kernel %s", release);
	else if (why)
		collection_leave_out(job->c, m, LEFT_REFUSED, "%s", why);
	free(why);
	free(release);
	free(running);
}

static __u32 flags_of(const struct job *job, const struct module *module)
{
	const struct authority_view *view;
	const struct modgate_module *m;
	const struct modgate_vendor *v;

	m = approval_find(job->snap, module, NOW, 0, &view);
	if (m)
		return modgate_le32(m->flags);
	v = vendor_find(job->snap, module, NOW, 0, &view);
	return v ? modgate_le32(v->flags) : 0;
}

static bool is_listed(const struct job *job, const struct module *module)
{
	const struct authority_view *view;

	return approval_find(job->snap, module, NOW, 0, &view) ||
	       vendor_find(job->snap, module, NOW, 0, &view);
}

/* The modules that it needs, with "_" as the kernel has it; to be freed. */
static char *depends_of(const struct module *module)
{
	const char *depends = module_info(module, "depends");
	char *text = xstrdup(depends ? depends : ""), *c;

	for (c = text; *c; c++)
		if (*c == '-')
			*c = '_';
	return text;
}

static bool has_path(const struct collection *c, const char *path)
{
	size_t i;

	for (i = 0; i < c->n; i++)
		if (c->members[i].path && !strcmp(c->members[i].path, path))
			return true;
	return false;
}

/* Nobody but a vendor approves what no list has the digest of. */
static bool is_wanted(const struct module *module, const void *context)
{
	const struct job *job = context;
	const struct authority_view *view;

	return job->by_vendors || approval_find(job->snap, module, NOW, 0, &view);
}

static void add_listed(struct job *job, const struct module *module, const char *path)
{
	struct verdict v;
	struct member *m;

	verdict_make(&v, job->snap, module, NOW);
	if (is_listed(job, module) && strcmp(v.reason, MODGATE_REASON_SYSTEM)) {
		m = append(job->c, module->name, module->digest, path);
		m->flags = flags_of(job, module);
		free(m->depends);
		m->depends = depends_of(module);
		if (v.allow) {
			m->reason = xstrdup(v.reason);
			m->allowed = xstrdup(v.reason);
			check_kernel(job, m, module);
		} else {
			collection_leave_out(job->c, m, v.reason, "%s", v.decided);
		}
	}
	verdict_free(&v);
}

/*
 * A file that may be approved. Whoever is neither approved nor banned in spite of
 * an approval is no business of the collection's; unless that cannot be told, because
 * it is approved or has no digest, and cannot be read.
 */
static void add_file(struct job *job, const char *path)
{
	const struct authority_view *view;
	struct module module;

	if (has_path(job->c, path))
		return;
	if (module_read_if(&module, job->o, path, is_wanted, job)) {
		module_free(&module);
		return;
	}
	/* The child may have died of what it read before: once more, by another one. */
	if (module.unread) {
		module_free(&module);
		if (module_read_if(&module, job->o, path, is_wanted, job)) {
			module_free(&module);
			return;
		}
	}
	if (!module.problem)
		add_listed(job, &module, path);
	else if (module.unread || approval_find(job->snap, &module, NOW, 0, &view))
		collection_leave_out(job->c, append(job->c, module.name, module.digest, path),
				     LEFT_UNREADABLE, "%s", module.problem);
	module_free(&module);
}

/* In two rounds: those that some list knows the name of, then the others. */
static bool add_installed(void *context, const char *path)
{
	struct job *job = context;
	char *name = module_name_of(path);
	bool known = approval_may_be(job->snap, name);

	free(name);
	if (known == job->named)
		add_file(job, path);
	if (job->named || seconds() < job->end)
		return false;
	warn("%s: not read, nor what comes after it: those before took more than %d s", path,
	     SECONDS_MAX);
	collection_make_again(job->c);
	return true;
}

static void add_files(struct job *job)
{
	job->by_vendors = approval_by_vendors(job->snap);
	job->named = true;
	lookup_walk(job->o, job->c->release, false, add_installed, job);
	job->named = false;
	job->end = seconds() + SECONDS_MAX;
	free(lookup_walk(job->o, job->c->release, false, add_installed, job));
}

static bool is_member(const struct collection *c, const __u8 *digest)
{
	size_t i;

	for (i = 0; i < c->n; i++)
		if (!memcmp(c->members[i].digest, digest, MODGATE_DIGEST_SIZE))
			return true;
	return false;
}

/*
 * An entry of a list for which no file was found where third parties install:
 * depmod may know of one elsewhere. One that another kernel's build of the same
 * module stands for is not missed.
 */
static void add_entry(struct job *job, const struct modgate_module *entry)
{
	const char *name = (const char *)entry->name;
	char *path;

	if (is_member(job->c, entry->digest))
		return;
	path = *name ? lookup_name(job->o, job->c->release, name) : NULL;
	if (path)
		add_file(job, path);
	if (!is_member(job->c, entry->digest) && !collection_find(job->c, name))
		collection_leave_out(job->c,
				     append(job->c, *name ? name : "-", entry->digest, path),
				     path ? LEFT_CHANGED : LEFT_MISSING,
				     path ? "%s has another digest" :
					    "no file below %s has its digest",
				     path ? path : "/lib/modules");
	free(path);
}

static void add_entries(struct job *job)
{
	size_t i;
	__u32 k;

	for (i = 0; i < job->snap->n_views; i++) {
		const struct stored *list = job->snap->views[i].in_force;

		for (k = 0; list && k < list->doc.n_modules; k++)
			add_entry(job, &list->doc.modules[k]);
	}
}

/* Is it the kernel's own, so that it loads when it is asked for? */
static bool is_system(const struct job *job, const char *name)
{
	char *path = lookup_name(job->o, job->c->release, name);
	struct module module;
	bool system = false;

	if (path && !module_read(&module, job->o, path, NULL))
		system = approval_needless(job->snap, &module);
	if (path)
		module_free(&module);
	free(path);
	return system;
}

/* Which of the modules that it needs cannot be there? To be freed, NULL if none. */
static char *missing_dependency(const struct job *job, const struct member *m)
{
	char *depends = xstrdup(m->depends), *rest = depends, *name;
	char *missing = NULL;

	while (!missing && (name = strsep(&rest, ","))) {
		struct member *d;

		if (!*name)
			continue;
		d = collection_provider(job->c, name);
		if (d ? d->left_out : !is_system(job, name))
			missing = d ? fmt("%s, which is left out (%s)", name, d->reason) :
				  fmt("%s, which is not approved", name);
	}
	free(depends);
	return missing;
}

/* Until nothing changes: what needs something that is left out is left out. */
static void check_dependencies(struct job *job)
{
	bool again = true;
	size_t i;

	while (again) {
		again = false;
		for (i = 0; i < job->c->n; i++) {
			struct member *m = &job->c->members[i];
			char *missing;

			if (m->left_out)
				continue;
			missing = missing_dependency(job, m);
			if (missing) {
				collection_leave_out(job->c, m, LEFT_DEPENDENCY,
						     "it needs %s", missing);
				again = true;
			}
			free(missing);
		}
	}
}

/* Does a member say that it needs the module of this name? */
bool member_needs(const struct member *m, const char *name)
{
	size_t length = strlen(name);
	const char *p = m->depends;

	while ((p = strstr(p, name))) {
		if ((p == m->depends || p[-1] == ',') &&
		    (!p[length] || p[length] == ','))
			return true;
		p += length;
	}
	return false;
}

static bool is_ready(const struct collection *c, size_t from, const struct member *m)
{
	size_t i;

	for (i = from; i < c->n; i++)
		if (&c->members[i] != m && member_needs(m, c->members[i].name))
			return false;
	return true;
}

/* Of two files of one name the one comes first, and loads, that depmod has chosen. */
static int by_name(const void *a, const void *b)
{
	const struct member *x = a, *y = b;
	int order = strcmp(x->name, y->name);

	if (!order)
		order = y->chosen - x->chosen;
	return order ? order : strcmp(dash(x->path), dash(y->path));
}

static bool is_chosen(const struct job *job, const struct member *m)
{
	char *path = m->path ? lookup_name(job->o, job->c->release, m->name) : NULL;
	bool chosen = path && !strcmp(path, m->path);

	free(path);
	return chosen;
}

/* It takes a while to ask; only where there is a choice. */
static void find_chosen(struct job *job)
{
	struct collection *c = job->c;
	size_t i;

	for (i = 0; i < c->n; i++)
		c->members[i].chosen = collection_find(c, c->members[i].name) != &c->members[i];
	for (i = 0; i < c->n; i++)
		if (c->members[i].chosen)
			collection_find(c, c->members[i].name)->chosen = true;
	for (i = 0; i < c->n; i++)
		c->members[i].chosen = c->members[i].chosen && is_chosen(job, &c->members[i]);
}

static void swap(struct member *a, struct member *b)
{
	struct member m = *a;

	*a = *b;
	*b = m;
}

/* Each after those that it needs; by name as far as that is open. */
static void order(struct collection *c)
{
	size_t done, i;

	if (c->n)
		qsort(c->members, c->n, sizeof(*c->members), by_name);
	for (done = 0; done < c->n; done++) {
		for (i = done; i < c->n && !is_ready(c, done, &c->members[i]); i++)
			;
		/* They need each other: the kernel will have none of them. */
		if (i == c->n)
			return;
		for (; i > done; i--)
			swap(&c->members[i], &c->members[i - 1]);
	}
}

static void copy(struct job *job)
{
	size_t i;

	for (i = 0; i < job->c->n; i++) {
		struct member *m = &job->c->members[i];
		int err = m->left_out ? 0 : collection_copy(job->c, m);

		if (err == -ESTALE)
			collection_leave_out(job->c, m, LEFT_CHANGED,
					     "%s was changed just now", m->path);
		else if (err)
			collection_leave_out(job->c, m, LEFT_MISSING, "%s: %s",
					     m->path, strerror(-err));
		/* Who knows what it is like at the next boot. */
		if (err)
			collection_make_again(job->c);
	}
}

/**
 * collection_make() - make the collection of a kernel anew
 * @c: begun; what was read goes
 * @o: options
 * @snapshot: everything that is known; its lists in force are those that count
 *
 * What cannot be read, found or copied is left out, and says why.
 */
void collection_make(struct collection *c, const struct options *o,
		     const struct snapshot *snapshot)
{
	struct job job = { .c = c, .o = o, .snap = snapshot };

	collection_forget(c);
	/* Of what is read the kernel decides, and digests are made here: one reader will do. */
	child_keep(true);
	add_files(&job);
	add_entries(&job);
	copy(&job);
	check_dependencies(&job);
	find_chosen(&job);
	order(c);
	child_keep(false);
	reader_done();
	c->changed = true;
}
