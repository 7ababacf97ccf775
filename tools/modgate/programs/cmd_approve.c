// SPDX-License-Identifier: GPL-2.0-only
/*
 * modgate approve: put modules on the owner's list, which the next start will
 * use. Shows what it is about before it asks for the passphrase.
 */
#include <stdlib.h>
#include <string.h>

#include "base.h"
#include "change.h"
#include "document.h"
#include "kernel.h"
#include "module.h"
#include "programs.h"
#include "report.h"
#include "targets.h"
#include "vendor_rule.h"
#include "view.h"

/* One thing to approve. */
struct item {
	struct module module;
	__u32 flags;
	bool done;		/* nothing to do: approved, or a system module */
	bool rebuilds;		/* not its digest, but @rule is approved */
	struct vendor_rule rule;
};

/* What the command line says, and what came of it. */
struct job {
	struct targets t;
	const char *cert;
	const char *name;
	__u32 flags;
	bool unseen;
	bool all_pending;
	bool rebuilds;
	const char *vendor;	/* path of a certificate */
	struct vendor_rule rule;	/* of @vendor */
	bool rule_wanted;
	struct item *items;
	size_t n_items;
	size_t wanted;		/* items that are to be approved */
	struct json_object *approved;
	struct json_object *vendors;
	struct json_object *already;
	struct json_object *refused;
};

static void show_dependency(const struct job *job, const char *release,
			    const char *name)
{
	char *text = fmt("%s (%s)", name,
			 approval_dependency(&job->t.owner.snapshot, job->t.o, release,
					     name));

	report_field("depends on", text);
	free(text);
}

static void show_depends(const struct job *job, const struct module *m)
{
	char *names = xstrdup(module_info(m, "depends") ? : "");
	char *release = module_release(m), *rest = names, *name;

	while ((name = strsep(&rest, ",")))
		if (*name)
			show_dependency(job, release ? release : job->t.release,
					name);
	free(release);
	free(names);
}

static void show_release(const struct module *m)
{
	char *running = kernel_release(), *release = module_release(m);

	if (release && !strcmp(release, running))
		report_field("built for", "the running kernel");
	else
		report_field("built for", "another kernel than the running one");
	report_field("vermagic", module_info(m, "vermagic"));
	free(release);
	free(running);
}

static void show_item(const struct job *job, const struct item *item)
{
	const struct module *m = &item->module;
	char hex[HEX_SIZE], *text;
	const char *note;
	size_t n = 0;

	say("%s\n", dash(m->name));
	report_field("file", m->path ? m->path : "not seen here");
	report_field("digest", digest_hex(hex, m->digest));
	if (!m->path)
		return;
	report_field("version", module_info(m, "version"));
	report_field("description", module_info(m, "description"));
	report_field("author", module_info(m, "author"));
	report_field("license", module_info(m, "license"));
	show_release(m);
	text = modsig_text(&m->sig);
	report_field("signer", text);
	free(text);
	show_depends(job, m);
	while ((note = approval_note(&job->t.owner.snapshot, job->t.o, m, &n)))
		report_field("note", note);
}

static struct json_object *item_json(const struct module *m, const char *why)
{
	struct json_object *j = json_object_new_object();

	module_json(j, m);
	if (why)
		json_str(j, "why", why);
	return j;
}

static void nothing_to_do(struct job *job, struct item *item, const char *why)
{
	item->done = true;
	json_object_array_add(job->already, item_json(&item->module, why));
	if (!job->t.o->json)
		say("%s: %s\n", dash(item->module.name), why);
}

static void approve_refuse(struct job *job, struct item *item, const char *target,
			   const char *why)
{
	item->done = true;
	json_object_array_add(job->refused, item_json(&item->module, why));
	warn("%s: %s", target, why);
}

/* Its signer and name instead of its digest; false if that cannot be. */
static bool examine_rebuilds(struct job *job, struct item *item,
			     const char *target)
{
	char *obstacle = vendor_rule_from_module(&item->rule, &item->module);

	item->rule.flags = job->flags;
	item->rebuilds = true;
	if (!obstacle)
		obstacle = vendor_rule_obstacle(&item->rule, &job->t.owner, job->t.o);
	if (obstacle) {
		approve_refuse(job, item, target, obstacle);
		free(obstacle);
		return false;
	}
	if (vendor_rule_known(&item->rule, &job->t.owner)) {
		nothing_to_do(job, item, "already approved with its rebuilds");
		return false;
	}
	return true;
}

static const char *state_of(const struct job *job, const __u8 *digest)
{
	return snapshot_approval(&job->t.owner.snapshot, digest, NOW) ?
	       "already approved and in force" :
	       "already approved, restart needed";
}

/* Decide about one item; a reason that stands against it is said here. */
static void approve_examine(struct job *job, struct item *item, const char *target)
{
	struct module *m = &item->module;
	const struct modgate_module *entry;
	char *obstacle;

	if (approval_needless(&job->t.owner.snapshot, m)) {
		nothing_to_do(job, item, m->sig.state == SIG_VERIFIED ?
			      "signed by the kernel's own key, needs no approval" :
			      "names the kernel's own key as its signer, needs no approval if that is true");
		return;
	}
	obstacle = approval_obstacle(&job->t.owner.snapshot, job->t.o, m,
				     job->rebuilds);
	if (obstacle) {
		approve_refuse(job, item, target, obstacle);
		free(obstacle);
		return;
	}
	if (job->rebuilds) {
		if (!examine_rebuilds(job, item, target))
			return;
		job->wanted++;
		json_object_array_add(job->vendors,
				      vendor_rule_json(&item->rule, job->t.o));
		if (!job->t.o->json) {
			show_item(job, item);
			vendor_rule_show(&item->rule, job->t.o);
		}
		return;
	}
	entry = owner_entry(&job->t.owner, m->digest);
	if (entry && (modgate_le32(entry->flags) | job->flags) ==
		     modgate_le32(entry->flags)) {
		nothing_to_do(job, item, state_of(job, m->digest));
		return;
	}
	item->flags = job->flags | (entry ? modgate_le32(entry->flags) : 0);
	if (job->name && !m->path) {
		free(m->name);
		m->name = xstrdup(job->name);
	}
	if (!m->path && !job->unseen) {
		approve_refuse(job, item, target,
			       "no file with this digest was found, so nothing is known about it; --unseen approves it nevertheless");
		return;
	}
	job->wanted++;
	json_object_array_add(job->approved, item_json(m, NULL));
	if (!job->t.o->json)
		show_item(job, item);
}

static bool is_duplicate(const struct job *job, const __u8 *digest)
{
	size_t i;

	for (i = 0; i + 1 < job->n_items; i++)
		if (!memcmp(job->items[i].module.digest, digest,
			    MODGATE_DIGEST_SIZE))
			return true;
	return false;
}

static enum status approve_add_target(struct job *job, const char *target)
{
	struct item *item;
	enum status status;

	job->items = xgrow(job->items, job->n_items, sizeof(*item));
	item = &job->items[job->n_items++];
	status = targets_look_up(&job->t, target, job->cert, &item->module);
	if (status)
		return status;
	if (!item->module.problem && is_duplicate(job, item->module.digest))
		item->done = true;
	else
		approve_examine(job, item, target);
	return ST_OK;
}

static enum status add_pending(struct job *job)
{
	const struct kernel *kernel = &job->t.owner.snapshot.kernel;
	enum status status;
	struct pending *p;
	size_t n, i;

	status = kernel_need_events(kernel);
	if (status)
		return status;
	p = pending_find(kernel, &n);
	for (i = 0; i < n && !status; i++) {
		char *number = fmt("%llu", p[i].number);

		status = approve_add_target(job, number);
		free(number);
	}
	pending_free(p, n);
	return status;
}

static enum status approve_add_vendor(struct job *job)
{
	enum status status = vendor_rule_from_file(&job->rule, job->vendor,
						   job->name);
	char *obstacle;

	if (status)
		return status;
	job->rule.flags = job->flags;
	obstacle = vendor_rule_obstacle(&job->rule, &job->t.owner, job->t.o);
	if (obstacle) {
		fail(ST_NO, "%s: %s", job->vendor, obstacle);
		free(obstacle);
		return ST_NO;
	}
	if (vendor_rule_known(&job->rule, &job->t.owner)) {
		if (!job->t.o->json)
			say("%s: already approved as a vendor of %s\n",
			    job->vendor, job->rule.pattern);
		return ST_OK;
	}
	job->rule_wanted = true;
	job->wanted++;
	json_object_array_add(job->vendors, vendor_rule_json(&job->rule, job->t.o));
	if (!job->t.o->json)
		vendor_rule_show(&job->rule, job->t.o);
	return ST_OK;
}

static void add_entries(struct draft *draft, const struct job *job)
{
	size_t i;

	for (i = 0; i < job->n_items; i++) {
		const struct item *item = &job->items[i];
		struct modgate_module *m;

		if (item->done)
			continue;
		if (item->rebuilds) {
			vendor_rule_add(&item->rule, draft);
			continue;
		}
		draft_remove_module(draft, item->module.digest);
		m = draft_module(draft, item->module.digest);
		m->flags = le32(item->flags);
		owner_entry_name(m->name, item->module.name);
	}
	if (job->rule_wanted)
		vendor_rule_add(&job->rule, draft);
}

static enum status approve_sign(struct job *job)
{
	struct draft draft;
	enum status status;

	owner_draft(&job->t.owner, &draft);
	add_entries(&draft, job);
	status = owner_sign(&job->t.owner, job->t.o, &draft);
	draft_free(&draft);
	return status;
}

static enum status approve_finish(struct job *job, enum status status)
{
	struct json_object *j = json_object_new_object();
	bool done = job->wanted && status == ST_OK;

	if (status == ST_OK && json_object_array_length(job->refused) &&
	    !(job->all_pending && done))
		status = ST_NO;
	if (done)
		status = ST_RESTART;
	json_object_object_add(j, "approved", done ? json_object_get(job->approved) :
						     json_object_new_array());
	json_object_object_add(j, "vendors", done ? json_object_get(job->vendors) :
						    json_object_new_array());
	json_object_object_add(j, "already", json_object_get(job->already));
	json_object_object_add(j, "refused", json_object_get(job->refused));
	json_yes(j, "restart_needed", done);
	if (done)
		json_num(j, "generation", job->t.owner.generation);
	if (job->t.o->json) {
		owner_show_base(&job->t.owner, job->t.o, j);
		json_out(j);
		return status;
	}
	json_object_put(j);
	if (done)
		say("\nApproved: %zu %s, list generation %llu; a restart is needed.\n",
		    job->wanted, job->rule_wanted || job->rebuilds ?
		    "vendor rule(s)" : "module(s)", job->t.owner.generation);
	return status;
}

/* Before the passphrase: a promise that this kernel does not keep. */
static void warn_permanent(const struct job *job)
{
	if (job->flags & MODGATE_MODULE_PERMANENT &&
	    kernel_forces(&job->t.owner.snapshot.kernel, "unload"))
		warn("%s",
		     "permanent is worth nothing against root on this kernel (CONFIG_MODULE_FORCE_UNLOAD=y): root can force the module out (rmmod -f)");
}

static enum status approve(struct job *job, int argc, char **argv)
{
	enum status status = owner_open(&job->t.owner, job->t.o);
	int i;

	if (status)
		return status;
	if (!job->t.o->json)
		owner_show_base(&job->t.owner, job->t.o, NULL);
	for (i = 0; i < argc && !status; i++)
		status = approve_add_target(job, argv[i]);
	if (!status && job->all_pending)
		status = add_pending(job);
	if (!status && job->vendor)
		status = approve_add_vendor(job);
	if (status)
		return status;
	/* All or nothing, unless it is "whatever can be". */
	if (json_object_array_length(job->refused) && !job->all_pending) {
		if (job->wanted)
			warn("nothing was approved");
		job->wanted = 0;
	}
	if (job->wanted) {
		warn_permanent(job);
		status = approve_sign(job);
	}
	return approve_finish(job, status);
}

static enum status approve_parse(struct job *job, int argc, char **argv)
{
	static const struct option options[] = {
		{ "all-pending", no_argument, NULL, 'a' },
		{ "on-demand", no_argument, NULL, 'd' },
		{ "permanent", no_argument, NULL, 'p' },
		{ "unseen", no_argument, NULL, 'u' },
		{ "rebuilds", no_argument, NULL, 'r' },
		{ "vendor", required_argument, NULL, 'v' },
		{ "name", required_argument, NULL, 'n' },
		{ "kernel", required_argument, NULL, 'k' },
		{ "cert", required_argument, NULL, 'c' },
		{ "generation", required_argument, NULL, 'g' },
		{ 0 }
	};
	enum status status = ST_OK;
	int c;

	while (!status && (c = next_option(argc, argv, options, job->t.o)) != -1) {
		if (c == 'a')
			job->all_pending = true;
		else if (c == 'd')
			job->flags |= MODGATE_MODULE_ON_DEMAND;
		else if (c == 'p')
			job->flags |= MODGATE_MODULE_PERMANENT;
		else if (c == 'u')
			job->unseen = true;
		else if (c == 'r')
			job->rebuilds = true;
		else if (c == 'v')
			job->vendor = optarg;
		else if (c == 'n')
			job->name = optarg;
		else if (c == 'c')
			job->cert = optarg;
		else
			status = targets_option(&job->t, c);
	}
	if (status)
		return status;
	if (job->name && !job->unseen && !job->vendor)
		return usage("--name is for what is --unseen, or for a --vendor");
	if (job->vendor && (optind != argc || job->all_pending || job->rebuilds))
		return usage("--vendor cannot be combined with modules");
	if (job->rebuilds && job->unseen)
		return usage("--rebuilds needs the module's signature, so not --unseen");
	if (optind == argc && !job->all_pending && !job->vendor)
		return usage("approve what? A path, a name, a digest, or a number of 'pending'");
	return ST_OK;
}

static enum status approve_run(int argc, char **argv, struct options *o)
{
	struct job job = { 0 };
	enum status status;
	size_t i;

	targets_begin(&job.t, o);
	status = approve_parse(&job, argc, argv);
	if (!status) {
		job.approved = json_object_new_array();
		job.vendors = json_object_new_array();
		job.already = json_object_new_array();
		job.refused = json_object_new_array();
		status = approve(&job, argc - optind, argv + optind);
		json_object_put(job.approved);
		json_object_put(job.vendors);
		json_object_put(job.already);
		json_object_put(job.refused);
	}
	for (i = 0; i < job.n_items; i++) {
		module_free(&job.items[i].module);
		vendor_rule_free(&job.items[i].rule);
	}
	vendor_rule_free(&job.rule);
	free(job.items);
	targets_end(&job.t);
	return status;
}

const struct verb verb_approve = {
	.name = "approve",
	.summary = "Put modules on the owner's list; they load after a restart",
	.usage = "[--on-demand] [--permanent] [--kernel=RELEASE] [--cert=FILE]\n"
		 "       [--generation=N] [--rebuilds | --unseen [--name=NAME]]\n"
		 "       {PATH | NAME | DIGEST | NUMBER}... | --all-pending\n"
		 "       | --vendor=CERT [--name=PATTERN]",
	.run = approve_run,
};
