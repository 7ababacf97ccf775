// SPDX-License-Identifier: GPL-2.0-only
/*
 * modgate verify: check everything on disk, from the anchor down, and hold it
 * against the kernel. With --log: check what was measured.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "attest.h"
#include "base.h"
#include "change.h"
#include "crypto.h"
#include "document.h"
#include "kernel.h"
#include "keys.h"
#include "repair.h"
#include "report.h"
#include "view.h"

static void check_document(struct findings *f, const struct snapshot *snap,
			   const struct stored *doc)
{
	char *created;

	if (!doc->valid) {
		found(f, doc->path, doc->status ? doc->status : ST_CORRUPT,
		      "%s", dash(doc->problem));
		return;
	}
	created = time_text(modgate_le64(doc->header.created));
	if (stored_type(doc) == MODGATE_LOCAL_POLICY)
		found(f, doc->path, ST_OK,
		      "local policy, generation %llu of %s, mode %s, authorities: %u",
		      (unsigned long long)stored_generation(doc), created,
		      mode_name(modgate_le32(doc->header.mode)),
		      doc->doc.n_authorities);
	else
		found(f, doc->path, ST_OK,
		      "approved list, generation %llu of %s, modules: %u, vendors: %u, bans: %u%s",
		      (unsigned long long)stored_generation(doc), created,
		      doc->doc.n_modules, doc->doc.n_vendors,
		      doc->doc.n_bans,
		      policy_authority(snap->policy_next, doc->header.signer) ?
		      "" : "; its key is replaced by a restart");
	free(created);
}

/* Nobody but root may change a file; nobody else may read a key. */
static void check_mode(struct findings *f, const char *name, mode_t forbidden)
{
	char *path = store_dir(f->o, name);
	struct stat st;

	if (stat(path, &st))
		found(f, path, ST_CORRUPT, "%s", strerror(errno));
	else if (st.st_mode & forbidden)
		found(f, path, ST_CORRUPT,
		      "mode %04o: others may do too much; chmod %04o",
		      st.st_mode & 07777, st.st_mode & 07777 & ~forbidden);
	free(path);
}

static void verify_check_keys(struct findings *f, const struct snapshot *snap)
{
	static const char *const folders[] = { "", "keys", "active", "staged" };
	struct cert owner;
	char *path;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(folders); i++)
		check_mode(f, folders[i], 022);
	check_mode(f, "keys/anchor.key", 077);
	check_mode(f, "keys/owner.key", 077);
	path = key_path(f->o, KEY_ANCHOR, "pem");
	found(f, path, ST_OK, "anchor certificate");
	free(path);
	path = key_path(f->o, KEY_OWNER, "pem");
	if (cert_read(path, &owner)) {
		found(f, path, ST_CORRUPT, "not a certificate");
	} else {
		if (snap->policy_next &&
		    !policy_authority(snap->policy_next, owner.digest))
			found(f, path, ST_CORRUPT,
			      "not an authority of the local policy");
		else
			found(f, path, ST_OK, "owner certificate");
		cert_free(&owner);
	}
	free(path);
}

static void check_against_kernel(struct findings *f, const struct snapshot *snap)
{
	const struct record *state = &snap->kernel.state;
	__u8 digest[MODGATE_DIGEST_SIZE];
	size_t i;

	if (!snap->kernel.present)
		return;
	if (record_is(state, "freshness", "tpm") &&
	    !record_is(state, "freshness-backend", "tpm"))
		found(f, "kernel: freshness", ST_NO,
		      "demanded, but the kernel found no TPM when it started: no document can be accepted; its driver has to be built in");
	if (record_digest(state, "anchor-digest", digest)) {
		bool same = !memcmp(digest, snap->anchor.digest, sizeof(digest));

		found(f, "kernel: anchor", same ? ST_OK : ST_CORRUPT,
		      "%s",
		      same ? "is pinned to this anchor" : "is pinned to another anchor");
	}
	if (snapshot_policy_put_back(snap))
		found(f, "kernel: local policy", ST_CORRUPT,
		      "generation %llu is in force, the disk has an older one: it was put back",
		      record_number(&snap->kernel.policy, "generation"));
	for (i = 0; i < snap->n_views; i++) {
		const struct authority_view *v = &snap->views[i];
		unsigned long long kernel = view_kernel_generation(v);
		char *what;

		if (!kernel)
			continue;
		what = fmt("kernel: list of %s", v->name);
		if (!v->next || stored_generation(v->next) < kernel)
			found(f, what, ST_CORRUPT,
			      "generation %llu is in force, the disk has an older one or none: it was put back",
			      kernel);
		else
			found(f, what, ST_OK,
			      "generation %llu is in force, %s", kernel,
			      v->in_force ? "and on disk" :
			      "a newer one is on disk");
		free(what);
	}
}

/* Every authority that has to be heard has a valid list. */
static void check_required(struct findings *f, const struct snapshot *snap)
{
	size_t i;

	for (i = 0; i < snap->n_views; i++) {
		const struct authority_view *v = &snap->views[i];
		char *what = fmt("list of %s", v->name);

		if (!v->next && policy_authority(snap->policy_next, v->authority->digest) &&
		    modgate_le32(v->authority->flags) & MODGATE_AUTHORITY_REQUIRED)
			found(f, what, ST_CORRUPT,
			      "required, but there is no valid one");
		free(what);
	}
	if (!snap->policy_next)
		found(f, "local policy", ST_CORRUPT,
		      "there is no valid one");
}

/* A document outside /etc/modgate, as if it lay there. */
static void check_file(struct findings *f, const struct snapshot *snap,
		       const char *path)
{
	struct stored doc = { .path = xstrdup(path) };
	char *slash = strrchr(doc.path, '/');

	doc.name = slash ? slash + 1 : doc.path;
	stored_check_form(&doc);
	if (doc.formed && stored_type(&doc) == MODGATE_LOCAL_POLICY)
		stored_check_policy(&doc, &snap->anchor);
	else if (doc.formed)
		stored_check_list(&doc, snap->policy_next);
	check_document(f, snap, &doc);
	stored_unload(&doc);
	free(doc.problem);
	free(doc.path);
}

static void check_all(struct findings *f, const struct snapshot *snap)
{
	const struct checker checker = { .say = findings_take, .data = f };
	size_t i;

	verify_check_keys(f, snap);
	if (rotation_waits(f->o))
		found(f, "owner key", ST_NO, "%s", ROTATION_WAITS);
	for (i = 0; i < snap->store.n_docs; i++)
		check_document(f, snap, &snap->store.docs[i]);
	check_required(f, snap);
	check_against_kernel(f, snap);
	freshness_check(snap, f->o, &checker);
}

/* What the command line asks for. */
struct request {
	bool repair;
	const char *policy;	/* generations to repair */
	const char *list;
	bool log;
	const char *log_file;	/* NULL for the kernel's own */
};

static enum status verify_parse(int argc, char **argv, struct options *o,
				struct request *request)
{
	static const struct option options[] = {
		{ "log", optional_argument, NULL, 'l' },
		{ "repair", no_argument, NULL, 'r' },
		{ "policy-generation", required_argument, NULL, 'p' },
		{ "generation", required_argument, NULL, 'g' },
		{ 0 }
	};
	int c;

	while ((c = next_option(argc, argv, options, o)) != -1) {
		if (c == 'l') {
			request->log = true;
			request->log_file = optarg;
		} else if (c == 'r') {
			request->repair = true;
		} else if (c == 'p') {
			request->policy = optarg;
		} else if (c == 'g') {
			request->list = optarg;
		} else {
			return ST_USAGE;
		}
	}
	if ((request->policy || request->list) && !request->repair)
		return usage("a generation goes with --repair");
	if (request->log && request->repair)
		return usage("--log and --repair are two things");
	if (request->log && argc > optind)
		return usage("--log takes a file as --log=%s", argv[optind]);
	if (argc - optind > !request->repair)
		return usage(request->repair ? "--repair takes no arguments" :
			     "verify takes one document, or no argument");
	return ST_OK;
}

/* Print what was found, unless something was in the way of looking. */
static enum status verify_finish(struct findings *f, enum status status)
{
	if (!status && f->o->json)
		findings_show(f);
	findings_end(f);
	return status ? status : f->status;
}

static enum status verify_log(const struct options *o, const char *file)
{
	struct findings f;
	const struct checker checker = { .say = findings_take, .data = &f };
	struct kernel kernel;
	enum status status;

	findings_begin(&f, o, false);
	kernel_read(&kernel, o);
	status = verify_finish(&f, measure_log_check(&kernel, file, &checker));
	kernel_free(&kernel);
	return status;
}

/* The documents: all, or one that lies elsewhere. */
static enum status verify_documents(const struct options *o, const char *file)
{
	struct findings f;
	enum status status;
	struct snapshot snap;

	findings_begin(&f, o, false);
	status = snapshot_read(&snap, o);
	if (!status && !snap.anchored)
		status = snapshot_need(&snap, o);
	if (!status && file)
		check_file(&f, &snap, file);
	else if (!status)
		check_all(&f, &snap);
	status = verify_finish(&f, status);
	snapshot_free(&snap);
	return status;
}

static enum status verify_run(int argc, char **argv, struct options *o)
{
	struct request request = { 0 };
	enum status status = verify_parse(argc, argv, o, &request);

	if (status)
		return status;
	if (request.repair)
		return repair_run(o, request.policy, request.list);
	if (request.log)
		return verify_log(o, request.log_file);
	return verify_documents(o, optind < argc ? argv[optind] : NULL);
}

const struct verb verb_verify = {
	.name = "verify",
	.summary = "Check the documents on disk and the TPM's counters, or what was measured",
	.usage = "[FILE]\n"
		 "       --log[=FILE]\n"
		 "       --repair [--generation=N] [--policy-generation=N]",
	.run = verify_run,
};
