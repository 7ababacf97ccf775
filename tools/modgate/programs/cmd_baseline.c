// SPDX-License-Identifier: GPL-2.0-only
/*
 * modgate baseline: the third-party modules that a machine has when modgate comes
 * to it, those that are loaded and those that are only installed; and one approval
 * for those that are chosen.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base.h"
#include "collection.h"
#include "kernel.h"
#include "module.h"
#include "programs.h"
#include "view.h"

#define PROC_MODULES_MAX (16U << 20)

/* A third-party module. */
struct found {
	struct module module;
	bool loaded;
	bool open;		/* it is not approved, but can be */
	enum module_state state;
	const char *reason;	/* of its state, or NULL */
	char *why;		/* it cannot be approved, or NULL */
};

struct job {
	struct options *o;
	const char *release;
	struct snapshot snapshot;
	struct states states;
	struct found *found;
	size_t n;
	bool all;
	bool loaded;
};

static void baseline_judge(const struct job *job, struct found *f)
{
	struct verdict next;

	f->state = state_of(&job->states, &f->module, &f->reason);
	verdict_make(&next, &job->snapshot, &f->module, NEXT);
	if (!next.allow)
		f->why = approval_obstacle(&job->snapshot, job->o, &f->module, false);
	if (f->why && (f->state == STATE_PENDING || f->state == STATE_NOT_APPROVED))
		f->state = STATE_HOPELESS;
	f->open = !next.allow && !f->why;
	verdict_free(&next);
}

static bool is_known(const struct job *job, const char *path)
{
	size_t i;

	for (i = 0; i < job->n; i++)
		if (job->found[i].module.path &&
		    !strcmp(job->found[i].module.path, path))
			return true;
	return false;
}

static struct found *append(struct job *job)
{
	struct found *f;

	job->found = xgrow(job->found, job->n, sizeof(*f));
	f = &job->found[job->n++];
	memset(f, 0, sizeof(*f));
	return f;
}

static void add_lost(struct job *job, const char *path)
{
	struct found *f = append(job);

	f->module.name = module_name_of(path);
	f->loaded = true;
	f->state = STATE_NO_FILE;
}

/* The kernel's own need no approval. */
static void add_file(struct job *job, const char *path, bool loaded)
{
	struct found *f;
	struct module m;

	if (is_known(job, path))
		return;
	if (module_read(&m, job->o, path, NULL)) {
		module_free(&m);
		if (loaded)
			add_lost(job, path);
		return;
	}
	/* What the kernel has refused is not its own, whatever it says. */
	m.event = m.problem ? NULL : event_for(&job->snapshot.kernel, m.digest);
	if ((m.problem && !loaded) || approval_needless(&job->snapshot, &m)) {
		module_free(&m);
		return;
	}
	f = append(job);
	f->module = m;
	f->loaded = loaded;
	baseline_judge(job, f);
}

/* What was built in does not stand there, so every name had a file once. */
static void add_loaded(struct job *job, const char *name)
{
	char *path = lookup_name(job->o, job->release, name);

	if (path)
		add_file(job, path, true);
	else
		add_lost(job, name);
	free(path);
}

static void baseline_find_loaded(struct job *job)
{
	char *path = fmt("%s/proc/modules", job->o->root), *rest, *line;
	size_t size;
	void *data;

	if (file_read(path, PROC_MODULES_MAX, &data, &size))
		data = NULL;
	rest = data;
	while (rest && (line = strsep(&rest, "\n"))) {
		line[strcspn(line, " ")] = '\0';
		if (*line)
			add_loaded(job, line);
	}
	free(data);
	free(path);
}

static bool add_installed(void *context, const char *path)
{
	add_file(context, path, false);
	return false;
}

/* Modules of another kernel are not those that are loaded. */
static void baseline_find(struct job *job)
{
	char *running = kernel_release();

	if (!strcmp(running, job->release))
		baseline_find_loaded(job);
	free(running);
	lookup_walk(job->o, job->release, false, add_installed, job);
}

static void show_row(const struct found *f)
{
	const struct module *m = &f->module;
	char *signer = m->path ? modsig_text(&m->sig) : NULL;
	char *state = state_text(f->state, f->reason);
	char hex[HEX_SIZE] = "-";

	if (m->path)
		digest_hex(hex, m->digest);
	say("%-24s %-9s %-16.16s %-28s %s\n", m->name,
	    f->loaded ? "loaded" : "installed", hex, state, dash(signer));
	if (f->why)
		say("%-24s %s\n", "", f->why);
	free(state);
	free(signer);
}

static struct json_object *row_json(const struct found *f)
{
	char *state = state_text(f->state, f->reason);
	struct json_object *j = json_object_new_object();

	if (f->module.path)
		module_json(j, &f->module);
	else
		json_str(j, "name", f->module.name);
	json_yes(j, "loaded", f->loaded);
	json_str(j, "state", state);
	json_str(j, "why", f->why);
	free(state);
	return j;
}

static enum status baseline_show(const struct job *job)
{
	struct json_object *array;
	size_t i, open = 0;

	if (job->o->json) {
		array = json_object_new_array();
		for (i = 0; i < job->n; i++)
			json_object_array_add(array, row_json(&job->found[i]));
		json_out(array);
		return ST_OK;
	}
	if (!job->n) {
		say("No third-party module is loaded, or installed for %s.\n",
		    job->release);
		return ST_OK;
	}
	say("%-24s %-9s %-16s %-28s %s\n", "NAME", "", "DIGEST", "STATE",
	    "SIGNER");
	for (i = 0; i < job->n; i++) {
		show_row(&job->found[i]);
		open += job->found[i].open;
	}
	if (open)
		say("\n"
		    "Approve with 'modgate baseline NAME...', --loaded or --all, then restart.\n");
	return ST_OK;
}

static bool is_called(const struct found *f, const char *name)
{
	char *plain = module_name_of(name);
	bool same = !strcmp(plain, f->module.name);

	free(plain);
	return same;
}

static bool is_chosen(const struct job *job, const struct found *f,
		      int n, char **names)
{
	int i;

	if (!f->open)
		return false;
	if (job->all || (job->loaded && f->loaded))
		return true;
	for (i = 0; i < n; i++)
		if (is_called(f, names[i]))
			return true;
	return false;
}

/* One that can be approved, or is already; several may have the same name. */
static enum status check_name(const struct job *job, const char *name)
{
	const struct found *f = NULL;
	size_t i;

	for (i = 0; i < job->n; i++) {
		if (!is_called(&job->found[i], name))
			continue;
		f = &job->found[i];
		if (!f->why && f->state != STATE_NO_FILE)
			return ST_OK;
	}
	if (!f)
		return fail(ST_NO, "%s: not a third-party module that 'modgate baseline' shows",
			    name);
	return fail(ST_NO, "%s: %s%s%s", name, state_word(f->state),
		    f->why ? ": " : "", f->why ? f->why : "");
}

/* What "modgate approve PATH..." would do. */
static enum status approve_chosen(const struct job *job, int n, char **names)
{
	enum status status = ST_OK;
	char **argv, *kernel;
	int argc = 0, k;
	size_t i;

	for (k = 0; k < n && !status; k++)
		status = check_name(job, names[k]);
	if (status)
		return status;
	argv = xzalloc((job->n + 4) * sizeof(*argv));
	kernel = fmt("--kernel=%s", job->release);
	argv[argc++] = "approve";
	argv[argc++] = kernel;
	argv[argc++] = "--";
	for (i = 0; i < job->n; i++)
		if (is_chosen(job, &job->found[i], n, names))
			argv[argc++] = job->found[i].module.path;
	if (argc == 3) {
		if (!job->o->json)
			say("There is nothing to approve.\n");
		else
			json_out(json_object_new_object());
	} else {
		/* Zero has getopt_long() begin anew. */
		optind = 0;
		status = verb_approve.run(argc, argv, job->o);
	}
	free(kernel);
	free(argv);
	return status;
}

static enum status baseline_run(int argc, char **argv, struct options *o)
{
	static const struct option options[] = {
		{ "kernel", required_argument, NULL, 'k' },
		{ "all", no_argument, NULL, 'a' },
		{ "loaded", no_argument, NULL, 'l' },
		{ 0 }
	};
	char *running = kernel_release();
	struct job job = { .o = o, .release = running };
	enum status status = ST_OK;
	bool named;
	size_t i;
	int c;

	while ((c = next_option(argc, argv, options, o)) != -1 && !status) {
		if (c == 'k')
			job.release = optarg;
		else if (c == 'a')
			job.all = true;
		else if (c == 'l')
			job.loaded = true;
		else
			status = ST_USAGE;
	}
	named = optind < argc;
	if (!status && job.all + job.loaded + named > 1)
		status = usage("--all, --loaded, or names: one of them");
	if (!status && job.loaded && strcmp(running, job.release))
		status = usage("--loaded: what is loaded is for %s", running);
	if (!status)
		status = snapshot_read(&job.snapshot, o);
	if (!status)
		status = snapshot_need(&job.snapshot, o);
	if (!status && !*o->root && geteuid())
		status = fail(ST_PRIVILEGE, "only root can check who signed them: run it as root");
	if (!status) {
		states_read(&job.states, &job.snapshot, o);
		baseline_find(&job);
		status = job.all || job.loaded || named ?
			 approve_chosen(&job, argc - optind, argv + optind) : baseline_show(&job);
	}
	for (i = 0; i < job.n; i++) {
		module_free(&job.found[i].module);
		free(job.found[i].why);
	}
	free(job.found);
	states_free(&job.states);
	snapshot_free(&job.snapshot);
	free(running);
	return status;
}

const struct verb verb_baseline = {
	.name = "baseline",
	.summary = "Show the third-party modules of this machine; approve them at once",
	.usage = "[--kernel=RELEASE] [--all | --loaded | NAME...]",
	.run = baseline_run,
};
