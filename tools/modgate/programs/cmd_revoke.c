// SPDX-License-Identifier: GPL-2.0-only
/*
 * modgate revoke: refuse modules from now on, take them off the owner's list, and
 * unload them. Tightening needs no restart.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base.h"
#include "change.h"
#include "crypto.h"
#include "document.h"
#include "kernel.h"
#include "module.h"
#include "programs.h"
#include "receipt.h"
#include "targets.h"
#include "view.h"

/* One digest to be revoked. */
struct entry {
	__u8 digest[MODGATE_DIGEST_SIZE];
	char name[MODGATE_NAME_SIZE];
	bool listed;
	int err;		/* of the kernel, 0 if it refuses it now */
	bool loaded;		/* when this began, a module of this name */
	bool unloaded;
	char *stays;		/* why it was not unloaded, or NULL */
	bool in_use;		/* that is why */
};

/* What the command line says, and what came of it. */
struct job {
	struct targets t;
	const char *vendor;	/* path or digest of a certificate */
	const char *pattern;	/* of @vendor, or NULL for all of its entries */
	bool keep_loaded;
	struct entry *entries;
	size_t n_entries;
	const struct modgate_vendor **vendors;	/* to be taken off the list */
	size_t n_vendors;
};

static void revoke_add_vendor(struct job *job, const struct modgate_vendor *v)
{
	size_t i;

	for (i = 0; i < job->n_vendors; i++)
		if (job->vendors[i] == v)
			return;
	job->vendors = xgrow(job->vendors, job->n_vendors, sizeof(*job->vendors));
	job->vendors[job->n_vendors++] = v;
}

/* Whose certificate has this digest, or NULL; with this pattern, or NULL. */
static bool add_vendors(struct job *job, const __u8 *digest, const char *pattern)
{
	const struct stored *base = job->t.owner.base;
	size_t before = job->n_vendors;
	__u32 i;

	for (i = 0; base && i < base->doc.n_vendors; i++) {
		const struct modgate_vendor *v = &base->doc.vendors[i];

		if ((!digest || !memcmp(v->digest, digest, MODGATE_DIGEST_SIZE)) &&
		    (!pattern || !strcmp((const char *)v->pattern, pattern)))
			revoke_add_vendor(job, v);
	}
	return job->n_vendors > before;
}

static enum status revoke_add_certificate(struct job *job)
{
	__u8 digest[MODGATE_DIGEST_SIZE];
	struct cert cert;

	if (is_digest(job->vendor)) {
		digest_parse(digest, job->vendor);
	} else {
		if (cert_read(job->vendor, &cert))
			return fail(ST_NO, "%s: neither a certificate nor the SHA-384 of one",
				    job->vendor);
		memcpy(digest, cert.digest, sizeof(digest));
		cert_free(&cert);
	}
	if (!add_vendors(job, digest, job->pattern))
		return fail(ST_NO, "%s: the owner's list approves no such vendor%s%s",
			    job->vendor, job->pattern ? " of modules " : "",
			    job->pattern ? job->pattern : "");
	return ST_OK;
}

static void revoke_add(struct job *job, const __u8 *digest, const char *name)
{
	const struct modgate_module *m = owner_entry(&job->t.owner, digest);
	struct entry *e;
	size_t i;

	for (i = 0; i < job->n_entries; i++)
		if (!memcmp(job->entries[i].digest, digest, MODGATE_DIGEST_SIZE))
			return;
	job->entries = xgrow(job->entries, job->n_entries, sizeof(*e));
	e = &job->entries[job->n_entries++];
	memset(e, 0, sizeof(*e));
	memcpy(e->digest, digest, MODGATE_DIGEST_SIZE);
	e->listed = m;
	owner_entry_name((__u8 *)e->name, m && m->name[0] ?
			 (const char *)m->name : name);
}

/* Everything that a list of anybody calls by this name. */
static bool revoke_add_by_name(struct job *job, const char *target)
{
	char *name = module_name_of(target);
	size_t before = job->n_entries, i, k;
	__u32 j;

	for (i = 0; i < job->t.owner.snapshot.n_views; i++) {
		const struct authority_view *v = &job->t.owner.snapshot.views[i];
		const struct stored *lists[] = { v->next, v->in_force };

		for (k = 0; k < ARRAY_SIZE(lists); k++)
			for (j = 0; lists[k] && j < lists[k]->doc.n_modules; j++) {
				const struct modgate_module *m =
					&lists[k]->doc.modules[j];

				if (!strcmp((const char *)m->name, name))
					revoke_add(job, m->digest, name);
			}
	}
	free(name);
	return job->n_entries > before;
}

/*
 * What was approved with its rebuilds goes by its name. The build that is
 * installed now, if there is one, can be refused at once.
 */
static bool add_vendors_by_name(struct job *job, const char *target)
{
	char *name = module_name_of(target);
	bool found = add_vendors(job, NULL, name);

	free(name);
	return found;
}

static bool is_installed(const struct job *job, const char *target)
{
	char *path = lookup_name(job->t.o, job->t.release, target);
	bool yes = path;

	free(path);
	return yes;
}

/*
 * What no list has by its digest is allowed by a signature, which can be written in many
 * ways: then it is what was signed that is revoked.
 */
static void revoke_add_module(struct job *job, const struct module *m)
{
	bool by_digest = !m->path || owner_entry(&job->t.owner, m->digest) ||
			 snapshot_approval(&job->t.owner.snapshot, m->digest, NOW);

	revoke_add(job, by_digest ? m->digest : m->content, m->name);
}

static enum status revoke_add_target(struct job *job, const char *target)
{
	bool named = !strchr(target, '/') && !is_digest(target), by_vendor;
	enum status status;
	struct module m;

	by_vendor = named && add_vendors_by_name(job, target);
	if (named && revoke_add_by_name(job, target))
		return ST_OK;
	if (is_digest(target)) {
		memset(&m, 0, sizeof(m));
		digest_parse(m.digest, target);
		revoke_add(job, m.digest, NULL);
		return ST_OK;
	}
	if (by_vendor && !is_installed(job, target))
		return ST_OK;
	status = targets_module(&job->t, target, &m);
	if (!status)
		revoke_add_module(job, &m);
	module_free(&m);
	return status;
}

/* The kernel refuses it from here on, whatever happens to the list. */
static void revoke_tell_kernel(struct job *job)
{
	const struct kernel *kernel = &job->t.owner.snapshot.kernel;
	size_t i;

	for (i = 0; i < job->n_entries; i++) {
		struct entry *e = &job->entries[i];

		e->err = kernel_revoke(kernel, e->digest);
		if (kernel->present && e->err)
			fail_errno(e->err, "%s/revoke", kernel->dir);
	}
}

static size_t count_listed(const struct job *job)
{
	size_t i, n = job->n_vendors;

	for (i = 0; i < job->n_entries; i++)
		n += job->entries[i].listed;
	return n;
}

static enum status change_list(struct job *job)
{
	struct draft draft;
	enum status status;
	size_t i;

	if (!count_listed(job))
		return ST_OK;
	if (!job->t.o->json)
		owner_show_base(&job->t.owner, job->t.o, NULL);
	owner_draft(&job->t.owner, &draft);
	for (i = 0; i < job->n_entries; i++)
		draft_remove_module(&draft, job->entries[i].digest);
	for (i = 0; i < job->n_vendors; i++)
		draft_remove_vendor(&draft, job->vendors[i]->digest,
				    (const char *)job->vendors[i]->pattern);
	status = owner_sign(&job->t.owner, job->t.o, &draft);
	draft_free(&draft);
	return status;
}

/*
 * Is it this build that is loaded? The file that is installed under its name has to
 * be the one, and the kernel has to show that file's build ID.
 */
static char *why_not_this_build(const struct job *job, const struct entry *e)
{
	char *path = lookup_name(job->t.o, job->t.release, e->name);
	__u8 digest[MODGATE_DIGEST_SIZE];
	char *text = NULL;

	if (!path || module_digest(path, digest) ||
	    memcmp(digest, e->digest, sizeof(digest)))
		text = fmt("it may be another build: no file with this digest is installed as %s",
			   e->name);
	else if (!module_runs(job->t.o, e->name, path))
		text = fmt("it is another build than %s, or does not show its build ID", path);
	free(path);
	return text;
}

static void unload(struct job *job, struct entry *e)
{
	free(e->stays);
	e->in_use = false;
	if (*job->t.o->root)
		e->stays = xstrdup("with --root nothing is unloaded");
	else if (job->keep_loaded)
		e->stays = xstrdup("as asked for");
	else
		e->stays = why_not_this_build(job, e);
	if (!e->stays) {
		e->stays = module_unload(e->name);
		if (e->stays && receipt_permanent(&job->t.owner.snapshot.kernel, e->digest)) {
			free(e->stays);
			e->stays = xstrdup("it is permanent, and stays until restart");
		}
		e->in_use = e->stays;
	}
	e->unloaded = !e->stays;
}

/* One may use another: again, as long as that helps. */
static void unload_all(struct job *job)
{
	bool some = true;
	size_t i;

	while (some) {
		some = false;
		for (i = 0; i < job->n_entries; i++) {
			struct entry *e = &job->entries[i];

			if (!e->loaded || e->unloaded || e->err ||
			    (e->stays && !e->in_use))
				continue;
			unload(job, e);
			some = some || e->unloaded;
		}
	}
}

static void revoke_find_loaded(struct job *job)
{
	size_t i;

	for (i = 0; i < job->n_entries; i++) {
		struct entry *e = &job->entries[i];

		e->loaded = *e->name && module_is_loaded(job->t.o, e->name);
	}
}

static void show_loaded(const struct entry *e)
{
	if (!e->loaded)
		return;
	if (e->unloaded)
		say("  loaded: it was, and is unloaded now\n");
	else
		say("  loaded: it stays so until it is unloaded, or restart%s%s\n",
		    e->stays ? ": " : "", e->stays ? e->stays : "");
}

static void revoke_show(const struct entry *e, const struct job *job, bool signed_)
{
	char hex[HEX_SIZE];

	say("%s %.16s\n", dash(e->name), digest_hex(hex, e->digest));
	if (!e->err)
		say("  kernel: refuses it from now on, until restart\n");
	else if (e->err == -ENODEV)
		say("  kernel: has no modgate, refuses nothing\n");
	else
		say("  kernel: was not told; it goes by the list in force until restart\n");
	if (!e->listed)
		say("  list:   did not approve it; 'modgate ban' would refuse it for good\n");
	else if (signed_)
		say("  list:   taken off, generation %llu, from the next start on\n",
		    job->t.owner.generation);
	else
		say("  list:   was not changed; the next start would approve it again\n");
	show_loaded(e);
}

/* The kernel knows digests only, so that it goes by its list until restart. */
static void show_vendor(const struct job *job, const struct modgate_vendor *v,
			bool signed_)
{
	char hex[HEX_SIZE];

	say("%s, vendor %.16s\n", (const char *)v->pattern,
	    digest_hex(hex, v->digest));
	if (signed_)
		say("  list:   taken off, generation %llu, from the next start on\n",
		    job->t.owner.generation);
	else
		say("  list:   was not changed\n");
	say("  kernel: goes by the list in force until restart\n");
}

static struct json_object *vendors_json(const struct job *job, bool signed_)
{
	struct json_object *array = json_object_new_array(), *j;
	size_t i;

	for (i = 0; i < job->n_vendors; i++) {
		j = json_object_new_object();
		json_str(j, "names", (const char *)job->vendors[i]->pattern);
		json_digest(j, "certificate", job->vendors[i]->digest);
		json_yes(j, "list", signed_);
		json_object_array_add(array, j);
	}
	return array;
}

static void revoke_report(const struct job *job, bool signed_)
{
	struct json_object *j, *array = json_object_new_array();
	size_t i;

	for (i = 0; i < job->n_entries; i++) {
		const struct entry *e = &job->entries[i];

		if (!job->t.o->json) {
			revoke_show(e, job, signed_);
			continue;
		}
		j = json_object_new_object();
		json_str(j, "name", e->name);
		json_digest(j, "digest", e->digest);
		json_yes(j, "kernel", !e->err);
		json_yes(j, "list", e->listed && signed_);
		json_yes(j, "loaded", e->loaded && !e->unloaded);
		json_yes(j, "unloaded", e->unloaded);
		json_str(j, "stays", e->stays);
		json_object_array_add(array, j);
	}
	for (i = 0; i < job->n_vendors && !job->t.o->json; i++)
		show_vendor(job, job->vendors[i], signed_);
	if (!job->t.o->json) {
		json_object_put(array);
		return;
	}
	j = json_object_new_object();
	json_object_object_add(j, "revoked", array);
	json_object_object_add(j, "vendors", vendors_json(job, signed_));
	owner_show_base(&job->t.owner, job->t.o, j);
	if (signed_)
		json_num(j, "generation", job->t.owner.generation);
	json_out(j);
}

static bool in_use(const struct job *job)
{
	size_t i;

	for (i = 0; i < job->n_entries; i++)
		if (job->entries[i].in_use)
			return true;
	return false;
}

static enum status revoke(struct job *job, int argc, char **argv)
{
	enum status opened = owner_open(&job->t.owner, job->t.o), status = ST_OK;
	bool told = true;
	size_t i;

	/* The kernel can refuse it even if the list cannot be changed. */
	if (opened && !job->t.owner.snapshot.kernel.dir)
		snapshot_read(&job->t.owner.snapshot, job->t.o);
	for (i = 0; i < (size_t)argc && !status; i++)
		status = revoke_add_target(job, argv[i]);
	if (!status && job->vendor)
		status = opened ? opened : revoke_add_certificate(job);
	if (status)
		return opened ? opened : status;
	revoke_tell_kernel(job);
	status = opened ? opened : change_list(job);
	revoke_find_loaded(job);
	/* Not before all else has succeeded: the kernel would only load it again. */
	if (!status)
		unload_all(job);
	revoke_report(job, !status && count_listed(job));
	for (i = 0; i < job->n_entries; i++)
		if (job->entries[i].err || job->entries[i].in_use)
			told = false;
	if (status || (told && !job->n_vendors))
		return status;
	return count_listed(job) || in_use(job) ? ST_RESTART : ST_NO;
}

static enum status revoke_run(int argc, char **argv, struct options *o)
{
	static const struct option options[] = {
		{ "kernel", required_argument, NULL, 'k' },
		{ "generation", required_argument, NULL, 'g' },
		{ "vendor", required_argument, NULL, 'v' },
		{ "name", required_argument, NULL, 'n' },
		{ "keep-loaded", no_argument, NULL, 'l' },
		{ 0 }
	};
	enum status status = ST_OK;
	struct job job = { 0 };
	size_t i;
	int c;

	targets_begin(&job.t, o);
	while ((c = next_option(argc, argv, options, o)) != -1 && !status) {
		if (c == 'v')
			job.vendor = optarg;
		else if (c == 'n')
			job.pattern = optarg;
		else if (c == 'l')
			job.keep_loaded = true;
		else
			status = targets_option(&job.t, c);
	}
	if (!status && job.pattern && !job.vendor)
		status = usage("--name is for a --vendor");
	if (!status && optind == argc && !job.vendor)
		status = usage("revoke what? A name, a path, or a digest");
	if (!status)
		status = revoke(&job, argc - optind, argv + optind);
	for (i = 0; i < job.n_entries; i++)
		free(job.entries[i].stays);
	free(job.entries);
	free(job.vendors);
	targets_end(&job.t);
	return status;
}

const struct verb verb_revoke = {
	.name = "revoke",
	.summary = "Refuse modules from now on, unload them, and take them off the list",
	.usage = "[--kernel=RELEASE] [--generation=N] [--keep-loaded] {NAME | PATH | DIGEST}...\n"
		 "       | --vendor={CERT | DIGEST} [--name=PATTERN]",
	.run = revoke_run,
};
