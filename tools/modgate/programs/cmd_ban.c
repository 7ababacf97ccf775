// SPDX-License-Identifier: GPL-2.0-only
/*
 * modgate ban: put modules and signers on the owner's list of what must not load,
 * system modules included; or take them off it.
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
#include "targets.h"
#include "view.h"

/* More than a person reads. */
#define SHOWN_MAX 20

/* The kernel takes 4,096; a file may not use up what revoke will need. */
#define TOLD_MAX 3840

/* What is to be banned, or not any more. */
struct entry {
	__u8 digest[MODGATE_DIGEST_SIZE];
	__u8 file[MODGATE_DIGEST_SIZE];		/* of a module with its signature */
	__u8 name[MODGATE_NAME_SIZE];
	bool cert;		/* the signer, whose certificate is in @job */
	bool approved;		/* by the owner's list, as it was: an entry goes */
	bool told;		/* the kernel refuses it now */
};

struct job {
	struct targets t;
	const char *certificate;	/* path, or with @remove also a digest */
	const char *import;	/* path of a list of digests */
	bool remove;
	struct cert cert;
	struct entry *entries;
	size_t n_entries;
	size_t already;
	bool waits;		/* one of them is not in force yet */
	size_t told;
	size_t not_told;	/* the kernel had no room, or no modgate */
};

static const struct modgate_ban *known_ban(const struct job *job,
					   const __u8 *digest)
{
	return job->t.owner.base ?
	       modgate_find_ban(&job->t.owner.base->doc, digest) : NULL;
}

static bool ban_in_force(const struct job *job, const __u8 *digest)
{
	const struct stored *list = job->t.owner.view->in_force;

	return list && modgate_find_ban(&list->doc, digest);
}

/* Does the owner's list approve this module, or a vendor by this certificate? */
static bool is_approved(const struct job *job, const __u8 *digest, bool cert)
{
	const struct stored *base = job->t.owner.base;
	__u32 i;

	if (!cert)
		return owner_entry(&job->t.owner, digest);
	for (i = 0; base && i < base->doc.n_vendors; i++)
		if (!memcmp(base->doc.vendors[i].digest, digest,
			    MODGATE_DIGEST_SIZE))
			return true;
	return false;
}

/* @file: the digest by which it may be approved, or NULL if that is the same */
static void ban_add(struct job *job, const __u8 *digest, const __u8 *file, const char *name,
		    bool cert)
{
	struct entry *e;

	if (!job->remove && known_ban(job, digest)) {
		job->already++;
		job->waits = job->waits || !ban_in_force(job, digest);
		return;
	}
	job->entries = xgrow(job->entries, job->n_entries, sizeof(*e));
	e = &job->entries[job->n_entries++];
	memset(e, 0, sizeof(*e));
	memcpy(e->digest, digest, MODGATE_DIGEST_SIZE);
	memcpy(e->file, file ? file : digest, MODGATE_DIGEST_SIZE);
	owner_entry_name(e->name, name);
	e->cert = cert;
	e->approved = !job->remove && is_approved(job, e->file, cert);
}

static enum status add_import(struct job *job)
{
	struct digest_line *lines;
	enum status status;
	size_t n, i;

	status = digests_read(job->import, &lines, &n);
	for (i = 0; i < n && !status; i++)
		ban_add(job, lines[i].digest, NULL, lines[i].name, false);
	digests_free(lines, n);
	return status;
}

/* The kernel would reject the whole list. */
static enum status refuse_certificate(const struct job *job)
{
	char *id = cert_key_id(job->cert.x509), *obstacle;
	bool builtin = keyring_holds(job->t.o, KEYRING_BUILTIN, id) == KNOWN_YES;

	free(id);
	if (builtin)
		return fail(ST_NO,
			    "%s: a key that is built into the kernel cannot be banned; ban single modules by their digests",
			    job->certificate);
	obstacle = certificate_obstacle(job->t.o, &job->cert);
	if (!obstacle)
		return ST_OK;
	fail(ST_NO, "%s: %s", job->certificate, obstacle);
	free(obstacle);
	return ST_NO;
}

static enum status ban_add_certificate(struct job *job)
{
	__u8 digest[MODGATE_DIGEST_SIZE];
	enum status status = ST_OK;
	char *subject = NULL;

	if (job->remove && digest_parse(digest, job->certificate)) {
		ban_add(job, digest, NULL, NULL, true);
		return ST_OK;
	}
	if (cert_read(job->certificate, &job->cert))
		return fail(ST_NO, "%s: not a certificate", job->certificate);
	if (!job->remove)
		status = refuse_certificate(job);
	if (!status) {
		subject = cert_subject(job->cert.x509);
		ban_add(job, job->cert.digest, NULL, subject, true);
	}
	free(subject);
	return status;
}

/* A ban goes by the name that it was given, whatever is installed now. */
static bool ban_add_by_name(struct job *job, const char *target)
{
	const struct stored *base = job->t.owner.base;
	char *name = module_name_of(target);
	size_t before = job->n_entries;
	__u32 i;

	for (i = 0; base && i < base->doc.n_bans; i++) {
		const struct modgate_ban *b = &base->doc.bans[i];

		if (!strcmp((const char *)b->name, name) ||
		    !strcmp((const char *)b->name, target))
			ban_add(job, b->digest, NULL, name,
				modgate_le32(b->kind) == MODGATE_BAN_CERT);
	}
	free(name);
	return job->n_entries > before;
}

/*
 * The signature that is appended to a module can be written in many ways that all
 * verify, so a module is banned by what was signed. It may have been banned by the
 * digest of a file, too.
 */
static void ban_add_module(struct job *job, const struct module *m)
{
	const __u8 *content = m->path ? m->content : m->digest;
	bool by_file = job->remove && known_ban(job, m->digest);

	if (by_file)
		ban_add(job, m->digest, NULL, m->name, false);
	if (!by_file || known_ban(job, content))
		ban_add(job, content, m->digest, m->name, false);
}

static enum status ban_add_target(struct job *job, const char *target)
{
	struct module m = { 0 };
	enum status status;

	if (job->remove && !target_is_path(target) &&
	    ban_add_by_name(job, target))
		return ST_OK;
	status = targets_module(&job->t, target, &m);
	if (!status)
		ban_add_module(job, &m);
	module_free(&m);
	return status;
}

static int by_digest(const void *a, const void *b)
{
	return memcmp(((const struct entry *)a)->digest,
		      ((const struct entry *)b)->digest, MODGATE_DIGEST_SIZE);
}

static void drop_duplicates(struct job *job)
{
	size_t i, n = 0;

	if (job->n_entries)
		qsort(job->entries, job->n_entries, sizeof(*job->entries),
		      by_digest);
	for (i = 0; i < job->n_entries; i++)
		if (!n || by_digest(&job->entries[n - 1], &job->entries[i]))
			job->entries[n++] = job->entries[i];
	job->n_entries = n;
}

/* Whoever takes a ban off wants this one gone. */
static enum status refuse_unknown(const struct job *job)
{
	char hex[HEX_SIZE];
	size_t i;

	for (i = 0; job->remove && i < job->n_entries; i++)
		if (!known_ban(job, job->entries[i].digest))
			return fail(ST_NO,
				    "%s %.16s...: the owner's list does not ban it; see 'modgate list'",
				    dash((const char *)job->entries[i].name),
				    digest_hex(hex, job->entries[i].digest));
	return ST_OK;
}

static int tell_one(struct job *job, struct entry *e, int err)
{
	const struct kernel *kernel = &job->t.owner.snapshot.kernel;

	/* Without room for one there is none for the next. */
	if (!err && job->import &&
	    record_number(&kernel->state, "revoked") + job->told >= TOLD_MAX)
		err = -ENOSPC;
	if (!err)
		err = kernel_revoke(kernel, e->digest);
	e->told = !err;
	job->told += e->told;
	job->not_told += !e->told;
	return err;
}

/*
 * Refused from here on, whatever happens to the list: first what could load. It
 * knows digests only.
 */
static void ban_tell_kernel(struct job *job)
{
	const struct kernel *kernel = &job->t.owner.snapshot.kernel;
	int err = 0, pass;
	size_t i;

	for (pass = 0; pass < 2; pass++)
		for (i = 0; i < job->n_entries; i++) {
			struct entry *e = &job->entries[i];

			if (!e->cert && e->approved == !pass)
				err = tell_one(job, e, err);
		}
	if (err && kernel->present)
		fail_errno(err, "%s/revoke", kernel->dir);
}

static bool goes(const void *context, const struct modgate_ban *ban)
{
	const struct job *job = context;
	struct entry e;

	memcpy(e.digest, ban->digest, MODGATE_DIGEST_SIZE);
	return bsearch(&e, job->entries, job->n_entries, sizeof(e), by_digest);
}

static void draft_entry(const struct job *job, struct draft *draft,
			const struct entry *e)
{
	struct modgate_ban *b;

	b = draft_ban(draft, e->cert ? NULL : e->digest, &job->cert);
	memcpy(b->name, e->name, MODGATE_NAME_SIZE);
	/* A ban is above an approval; together they would only confuse. */
	if (e->approved && !e->cert)
		draft_remove_module(draft, e->file);
	while (e->cert && draft_remove_vendor(draft, e->digest, NULL))
		;
}

static enum status ban_sign(struct job *job)
{
	struct draft draft;
	enum status status;
	size_t i;

	owner_draft(&job->t.owner, &draft);
	if (job->remove)
		draft_remove_bans(&draft, goes, job);
	for (i = 0; i < job->n_entries && !job->remove; i++)
		draft_entry(job, &draft, &job->entries[i]);
	status = owner_sign(&job->t.owner, job->t.o, &draft);
	draft_free(&draft);
	return status;
}

static void show_entry(const struct job *job, const struct entry *e)
{
	bool loaded = !e->cert && *e->name &&
		      module_is_loaded(job->t.o, (const char *)e->name);
	char hex[HEX_SIZE];

	say("%s, %s %.16s%s%s\n", dash((const char *)e->name),
	    e->cert ? "every module signed by" : "module", digest_hex(hex, e->digest),
	    e->approved ? "; its approval is removed" : "",
	    loaded ? "; a module of this name is loaded and stays loaded" : "");
}

/* Before the passphrase is asked for. */
static void ban_show(const struct job *job)
{
	size_t i, shown = 0;

	for (i = 0; i < job->n_entries; i++)
		if (job->n_entries <= SHOWN_MAX || job->entries[i].approved ||
		    job->entries[i].cert) {
			show_entry(job, &job->entries[i]);
			shown++;
		}
	if (shown < job->n_entries)
		say("%s%zu modules that no list of yours approves\n",
		    shown ? "and " : "", job->n_entries - shown);
	if (job->already)
		say("%zu banned already%s\n", job->already,
		    job->waits ? ", not all of it before a restart" : "");
}

static void report_json(const struct job *job, bool done, bool restart)
{
	struct json_object *j = json_object_new_object(), *e;
	struct json_object *array = json_object_new_array();
	size_t i;

	for (i = 0; i < job->n_entries && done; i++) {
		e = json_object_new_object();
		json_str(e, "name", (const char *)job->entries[i].name);
		json_digest(e, "digest", job->entries[i].digest);
		json_str(e, "of", job->entries[i].cert ? "certificate" : "module");
		json_yes(e, "kernel", job->entries[i].told);
		json_yes(e, "approval_removed", job->entries[i].approved);
		json_object_array_add(array, e);
	}
	json_object_object_add(j, job->remove ? "removed" : "banned", array);
	json_num(j, "already", job->already);
	json_num(j, "refused_now", job->told);
	owner_show_base(&job->t.owner, job->t.o, j);
	if (done)
		json_num(j, "generation", job->t.owner.generation);
	json_yes(j, "restart_needed", restart);
	json_out(j);
}

static void report_text(const struct job *job)
{
	if (job->remove) {
		say("Not banned any more: %zu, list generation %llu; a restart is needed.\n",
		    job->n_entries, job->t.owner.generation);
		return;
	}
	say("Banned: %zu, list generation %llu, as long as this list is in force.\n",
	    job->n_entries, job->t.owner.generation);
	if (!job->not_told && !job->certificate)
		say("%s\n", record_is(&job->t.owner.snapshot.kernel.state, "enforcing", "yes") ?
		    "The kernel refuses it from now on." :
		    "The kernel records it from now on, and refuses nothing.");
	else
		say("A restart is needed: until then some of these can still load.\n");
}

/* What it amounts to, once all that was to be signed is signed. */
static enum status result(const struct job *job)
{
	if (!job->n_entries)
		return job->waits ? ST_RESTART : ST_OK;
	return job->remove || job->not_told || job->certificate ? ST_RESTART : ST_OK;
}

static enum status ban_change(struct job *job)
{
	enum status status = ST_OK;
	bool done;

	if (!job->t.o->json) {
		owner_show_base(&job->t.owner, job->t.o, NULL);
		ban_show(job);
	}
	if (job->n_entries && !job->remove)
		ban_tell_kernel(job);
	if (job->n_entries)
		status = ban_sign(job);
	done = !status && job->n_entries;
	if (status && job->told)
		warn("the list was not changed; the kernel was told %zu, until restart",
		     job->told);
	if (!status)
		status = result(job);
	if (job->t.o->json)
		report_json(job, done, status == ST_RESTART);
	else if (done)
		report_text(job);
	return status;
}

static enum status ban_targets(struct job *job, int argc, char **argv)
{
	enum status status = owner_open(&job->t.owner, job->t.o);
	int i;

	if (!status && !(modgate_le32(job->t.owner.view->authority->roles) &
			 MODGATE_ROLE_BAN))
		status = fail(ST_NO, "the local policy does not let the owner ban");
	for (i = 0; i < argc && !status; i++)
		status = ban_add_target(job, argv[i]);
	if (!status && job->import)
		status = add_import(job);
	if (!status && job->certificate)
		status = ban_add_certificate(job);
	if (status)
		return status;
	drop_duplicates(job);
	status = refuse_unknown(job);
	return status ? status : ban_change(job);
}

static enum status ban_run(int argc, char **argv, struct options *o)
{
	static const struct option options[] = {
		{ "kernel", required_argument, NULL, 'k' },
		{ "generation", required_argument, NULL, 'g' },
		{ "signer", required_argument, NULL, 's' },
		{ "import", required_argument, NULL, 'i' },
		{ "remove", no_argument, NULL, 'r' },
		{ 0 }
	};
	enum status status = ST_OK;
	struct job job = { 0 };
	int c;

	targets_begin(&job.t, o);
	while ((c = next_option(argc, argv, options, o)) != -1 && !status) {
		if (c == 's')
			job.certificate = optarg;
		else if (c == 'i')
			job.import = optarg;
		else if (c == 'r')
			job.remove = true;
		else
			status = targets_option(&job.t, c);
	}
	if (!status && optind == argc && !job.certificate && !job.import)
		status = usage("ban what? A path, a name, a digest, a --signer, or an --import");
	if (!status)
		status = ban_targets(&job, argc - optind, argv + optind);
	free(job.entries);
	cert_free(&job.cert);
	targets_end(&job.t);
	return status;
}

const struct verb verb_ban = {
	.name = "ban",
	.summary = "Refuse modules and signers, whoever approves them",
	.usage = "[--remove] [--kernel=RELEASE] [--generation=N]\n"
		 "       [--signer=CERT] [--import=FILE] {PATH | NAME | DIGEST | NUMBER}...",
	.run = ban_run,
};
