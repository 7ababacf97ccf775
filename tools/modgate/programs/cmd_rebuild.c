// SPDX-License-Identifier: GPL-2.0-only
/*
 * modgate rebuild: early in the real root, make the collection of the running
 * kernel if it is missing or old, load it, close the gate, file the receipt.
 * Whatever fails on the way is left out, and the boot goes on.
 */
#include <stdlib.h>
#include <string.h>

#include "base.h"
#include "collection.h"
#include "document.h"
#include "kernel.h"
#include "programs.h"
#include "receipt.h"
#include "view.h"

/* What the command line asks for. */
struct request {
	bool no_close;
	bool only_close;
	bool force;
};

/* How it went. */
struct rebuild {
	const struct options *o;
	struct kernel kernel;
	struct collection c;
	bool made;
	bool kept;		/* it is old, and could not be made */
	bool loaded;		/* as far as it can be */
	bool closed;
	char *filed;		/* name of the receipt, or NULL */
};

/* Without a document that is in force nobody knows what may load. */
static enum status need_documents(const struct snapshot *snap)
{
	enum status status = ST_OK;
	__u8 digest[MODGATE_DIGEST_SIZE];
	size_t i;

	if (!snap->policy)
		status = fail(ST_CORRUPT,
			      "the local policy in force is not on disk: the collection stays as it was; restore it from a backup");
	for (i = 0; i < snap->kernel.n_lists; i++) {
		const struct record *line = &snap->kernel.lists[i];

		if (record_is(line, "loaded", "yes") &&
		    record_digest(line, "digest", digest) &&
		    !store_by_digest(&snap->store, digest))
			status = fail(ST_CORRUPT,
				      "%s: its list in force (generation %s, %.16s) is not on disk: the collection stays as it was; restore it from a backup",
				      dash(record_get(line, "name")),
				      dash(record_get(line, "generation")),
				      record_get(line, "digest"));
	}
	return status;
}

/*
 * From the documents and the installed modules. If the folder cannot be made, modules
 * load from where they are, and it is the manifest that cannot be written.
 */
static enum status rebuild_make(struct rebuild *r)
{
	struct snapshot snap = { 0 };
	enum status status = snapshot_read(&snap, r->o);

	if (!status)
		status = need_documents(&snap);
	if (!status) {
		dirs_make(r->o->root, r->c.dir + strlen(r->o->root), 0755);
		collection_make(&r->c, r->o, &snap);
	}
	r->made = !status;
	snapshot_free(&snap);
	return status;
}

static enum status store(struct rebuild *r)
{
	enum status status = ST_OK;

	if (r->c.changed) {
		status = collection_write(&r->c);
		if (!status)
			collection_prune(&r->c);
	}
	return status;
}

/* The kernel takes third-party modules only now. */
static enum status need_sealed(const struct rebuild *r)
{
	const struct record *state = &r->kernel.state;

	if (!r->kernel.present)
		return kernel_missing(&r->kernel);
	if (!r->kernel.privileged)
		return fail(ST_PRIVILEGE, "%s: may not be read; try as root",
			    r->kernel.dir);
	if (!record_is(state, "provisioned", "yes"))
		return fail(ST_UNPROVISIONED,
			    "the kernel is not provisioned: there is no collection; see 'modgate init'");
	if (record_is(state, "state", "boot"))
		return fail(ST_NO, "the kernel is still in state boot: 'modgate boot' comes first");
	if (!record_is(state, "policy", "yes"))
		return fail(ST_NO,
			    "no local policy is in force: third-party modules stay out; 'modgate status' says why");
	return ST_OK;
}

/* One that cannot be made is loaded as it was: the kernel judges each module anyway. */
static enum status build_and_load(struct rebuild *r, const struct request *q)
{
	char *release = kernel_release();
	enum status status = ST_OK, loading = ST_OK;

	/* First: there is more room then. */
	collections_prune(r->o);
	collection_begin(&r->c, r->o, &r->kernel, release);
	collection_read(&r->c);
	if (q->force || !r->c.up_to_date)
		status = rebuild_make(r);
	r->kept = status;
	/* The kernel of another root is not this one. */
	if (!*r->o->root)
		loading = collection_load(&r->c, r->o);
	r->loaded = !loading;
	if (!status && !loading)
		status = store(r);
	free(release);
	return status ? status : loading;
}

/* If it cannot be told whether the local policy wants it closed, it is closed. */
static bool wants_closing(const struct rebuild *r)
{
	const struct record *state = &r->kernel.state;

	if (record_is(state, "provisioned", "no"))
		return false;
	return r->kernel.problem || policy_closes(&r->kernel) ||
	       (record_is(state, "policy", "yes") && !r->kernel.policy.n);
}

static enum status close_gate(struct rebuild *r)
{
	int err = 0;

	r->closed = record_is(&r->kernel.state, "state", "closed");
	if (!r->closed && wants_closing(r)) {
		err = kernel_write(&r->kernel, "close", "1", 1);
		r->closed = !err;
	}
	return err ? fail_errno(err, "%s/close", r->kernel.dir) : ST_OK;
}

static const char *how_made(const struct rebuild *r)
{
	if (r->kept)
		return "as it was";
	return r->made ? "rebuilt" : "up to date";
}

static void show_member(const struct member *m)
{
	char *state = m->left_out ? state_text(STATE_LEFT_OUT, m->reason) :
				    xstrdup(state_word(STATE_ACTIVE));

	say_mark(!m->left_out);
	say("%s: %s: %s\n", m->name, state, dash(m->detail));
	free(state);
}

static void rebuild_show(const struct rebuild *r)
{
	size_t i, left_out = 0, on_demand = 0;

	for (i = 0; i < r->c.n; i++) {
		const struct member *m = &r->c.members[i];

		left_out += m->left_out;
		on_demand += !m->left_out && m->flags & MODGATE_MODULE_ON_DEMAND;
		if (m->left_out || m->detail)
			show_member(m);
	}
	say_mark(!left_out && !r->kept);
	say("collection for %s: %s; %zu %s, %zu on demand, %zu left out\n",
	    r->c.release, how_made(r), r->c.n - left_out - on_demand,
	    *r->o->root ? "to load" : "loaded", on_demand, left_out);
}

static void show_end(const struct rebuild *r)
{
	say_mark(true);
	say("the gate is %s\n",
	    r->closed ? "closed" : "open until restart: the local policy has no auto-close");
	if (r->filed) {
		say_mark(true);
		say("receipt filed: %s\n", r->filed);
	}
}

static struct json_object *members_json(const struct rebuild *r)
{
	struct json_object *array = json_object_new_array();
	size_t i;

	for (i = 0; i < r->c.n; i++) {
		const struct member *m = &r->c.members[i];
		struct json_object *j = json_object_new_object();
		char *flags = flag_names(m->flags, module_flag_names);
		char *state = m->left_out ? state_text(STATE_LEFT_OUT, m->reason) :
					    xstrdup(state_word(STATE_ACTIVE));

		json_str(j, "name", m->name);
		json_str(j, "state", state);
		json_digest(j, "digest", m->digest);
		json_str(j, "path", m->path);
		json_str(j, "flags", strcmp(flags, "-") ? flags : NULL);
		json_yes(j, "left_out", m->left_out);
		json_str(j, "reason", m->reason);
		json_str(j, "detail", m->detail);
		json_object_array_add(array, j);
		free(state);
		free(flags);
	}
	return array;
}

static void print_json(const struct rebuild *r, const struct request *q)
{
	struct json_object *j = json_object_new_object();

	if (!q->only_close) {
		json_str(j, "release", r->c.release);
		json_yes(j, "rebuilt", r->made);
		json_object_object_add(j, "modules", members_json(r));
	}
	if (!q->no_close) {
		json_yes(j, "closed", r->closed);
		json_str(j, "receipt", r->filed);
	}
	json_out(j);
}

/* What went wrong with the collection does not keep the gate open. */
static enum status end(struct rebuild *r)
{
	enum status status = close_gate(r);
	bool tell = !status && !r->o->json;

	if (!status)
		status = receipt_file(r->o, &r->kernel, &r->filed);
	if (tell)
		show_end(r);
	return status;
}

static enum status rebuild(const struct options *o, const struct request *q)
{
	struct rebuild r = { .o = o };
	enum status status, closing = ST_OK;

	kernel_read(&r.kernel, o);
	status = need_sealed(&r);
	if (!status && !q->only_close && record_is(&r.kernel.state, "state", "closed"))
		status = fail(ST_NO,
			      "the gate is closed: the collection is rebuilt and loaded at the next restart");
	if (!status && !q->only_close) {
		status = build_and_load(&r, q);
		if (!o->json && r.loaded)
			rebuild_show(&r);
		say_flush();
	}
	if (!q->no_close && (r.kernel.privileged || r.kernel.problem) &&
	    status != ST_UNPROVISIONED)
		closing = end(&r);
	if (o->json && (r.loaded || (q->only_close && !status && !closing)))
		print_json(&r, q);
	collection_free(&r.c);
	kernel_free(&r.kernel);
	free(r.filed);
	return status ? status : closing;
}

static enum status rebuild_run(int argc, char **argv, struct options *o)
{
	static const struct option options[] = {
		{ "close", no_argument, NULL, 'c' },
		{ "no-close", no_argument, NULL, 'n' },
		{ "force", no_argument, NULL, 'f' },
		{ 0 }
	};
	struct request q = { 0 };
	int c;

	while ((c = next_option(argc, argv, options, o)) != -1) {
		if (c == 'c')
			q.only_close = true;
		else if (c == 'n')
			q.no_close = true;
		else if (c == 'f')
			q.force = true;
		else
			return ST_USAGE;
	}
	if (optind != argc)
		return usage("%s: rebuild takes no arguments", argv[optind]);
	if (q.only_close && (q.no_close || q.force))
		return usage("--close cannot be combined with --no-close or --force");
	return rebuild(o, &q);
}

const struct verb verb_rebuild = {
	.name = "rebuild",
	.summary = "At boot: make and load the module collection, close the gate, file the receipt",
	.usage = "[--no-close | --close] [--force]",
	.run = rebuild_run,
};
