// SPDX-License-Identifier: GPL-2.0-only
/*
 * modgate init: make the keys, a local policy and an empty list.
 *
 * Keys that exist are never overwritten. An init that was killed half-way has
 * left a marker and has not shown the pin: what it made is of no use to
 * anybody, and the next one starts anew.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base.h"
#include "document.h"
#include "init_keys.h"
#include "kernel.h"
#include "keys.h"
#include "programs.h"
#include "tpm.h"

#define MARKER ".init"

/* What is to be made. */
struct plan {
	__u32 mode;
	__u32 flags;
	struct init_keys keys;
	const char *freshness;	/* "tpm", "none", or NULL to find out */
	const char *because;	/* why it is that */
	struct tpm *tpm;	/* NULL with "none" */
	__u8 machine[MODGATE_DIGEST_SIZE];
	const char *machine_by;	/* where that comes from: tpm, key, dmi, none */
	__u64 list_generation;
};

static const char *const our_files[] = {
	"keys/anchor.key", "keys/anchor.pem", "keys/owner.key", "keys/owner.pem",
};

static enum status make_folders(const struct options *o)
{
	static const char *const folders[] = { "", "keys", "active", "staged" };
	char *etc = fmt("%s/etc", o->root);
	int err = dir_make(etc, 0755);
	enum status status = ST_OK;
	size_t i;

	if (err)
		status = fail_errno(err, "%s", etc);
	free(etc);
	for (i = 0; i < ARRAY_SIZE(folders) && !status; i++) {
		char *path = store_dir(o, folders[i]);

		err = dir_make(path, 0755);
		if (err)
			status = fail_errno(err, "%s", path);
		free(path);
	}
	return status;
}

/* Any of our files, or any document, that is there already; to be freed. */
static char *existing(const struct options *o)
{
	struct store store = { 0 };
	char *found = NULL;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(our_files) && !found; i++) {
		char *path = store_dir(o, our_files[i]);

		if (!access(path, F_OK))
			found = path;
		else
			free(path);
	}
	store_scan(&store, o);
	if (!found && store.n_docs)
		found = xstrdup(store.docs[0].path);
	store_free(&store);
	return found;
}

static enum status refuse_existing(const struct options *o)
{
	char *found = existing(o);
	enum status status = ST_OK;

	if (found)
		status = fail(ST_NO,
			      "already initialised: %s is there; see 'modgate status'. To start anew, move %s/etc/modgate away first: approvals and keys in it are then of no use any more",
			      found, o->root);
	free(found);
	return status;
}

static enum status discard_interrupted(const struct options *o)
{
	size_t i;

	warn("an earlier init was interrupted before it showed the pin; starting anew");
	for (i = 0; i < ARRAY_SIZE(our_files); i++) {
		char *path = store_dir(o, our_files[i]);
		int err = file_remove(path);

		if (err) {
			enum status status = fail_errno(err, "%s", path);

			free(path);
			return status;
		}
		free(path);
	}
	/* Whatever the TPM made their numbers. */
	store_discard(o, true);
	return ST_OK;
}

/* What the kernel, the machine and the command line say about freshness. */
static enum status choose_freshness(struct plan *p, const struct options *o,
				    const struct kernel *kernel)
{
	const char *demanded = record_get(&kernel->state, "freshness");
	bool tpm = demanded && !strcmp(demanded, "tpm");

	if (p->freshness) {
		p->because = "the command line says so";
		if (tpm && !strcmp(p->freshness, "none"))
			return fail(ST_NO,
				    "--freshness=none: the kernel demands freshness by TPM (%s/state) and would accept no document; start it with modgate.freshness=none, unless that was compiled in",
				    kernel->dir);
	} else if (demanded) {
		p->freshness = tpm ? "tpm" : "none";
		p->because = tpm ? "the kernel demands it" :
				   "the kernel has freshness=none";
	} else if (*o->root) {
		p->freshness = "none";
		p->because = "what is below --root may be for another machine";
	} else if (tpm_present()) {
		p->freshness = "tpm";
		p->because = "this machine has a TPM 2.0";
	} else {
		p->freshness = "none";
		p->because = "this machine has no TPM 2.0";
	}
	return ST_OK;
}

/* A local policy names the machine that it is for, if that can be known. */
static enum status choose_machine(struct plan *p, const struct kernel *kernel)
{
	const char *by = record_get(&kernel->state, "machine");
	enum status status;

	p->machine_by = "none";
	if (!strcmp(p->freshness, "tpm")) {
		p->machine_by = "tpm";
		status = tpm_open_to_change(&p->tpm);
		if (!status)
			tpm_name(p->tpm, p->machine);
		return status;
	}
	/* The name by the TPM goes with its counters only. */
	if (by && strcmp(by, "tpm") &&
	    record_digest(&kernel->state, "machine-name", p->machine))
		p->machine_by = strcmp(by, "dmi") ? "key" : "dmi";
	return ST_OK;
}

static enum status init_choose(struct plan *p, const struct options *o)
{
	struct kernel kernel;
	enum status status;

	kernel_read_state(&kernel, o);
	status = choose_freshness(p, o, &kernel);
	if (!status)
		status = choose_machine(p, &kernel);
	kernel_free(&kernel);
	/* Counters that were here already count on. */
	if (!status && p->tpm)
		status = counters_provide(p->tpm, SLOT_ANCHOR);
	if (!status && p->tpm)
		status = counters_provide(p->tpm, SLOT_OWNER);
	return status;
}

static enum status stage_policy(struct plan *p, const struct options *o)
{
	const struct count count = { .tpm = p->tpm, .slot = SLOT_ANCHOR };
	struct draft draft = { 0 };
	struct store nothing = { 0 };
	struct modgate_authority *a;
	enum status status;

	draft_header(&draft, MODGATE_LOCAL_POLICY, 1, p->keys.anchor.digest);
	draft.header.mode = le32(p->mode);
	draft.header.flags = le32(p->flags);
	memcpy(draft.header.machine, p->machine, MODGATE_DIGEST_SIZE);
	a = draft_authority(&draft, &p->keys.owner);
	a->roles = le32(MODGATE_ROLE_APPROVE | MODGATE_ROLE_VENDOR |
			MODGATE_ROLE_BAN);
	a->flags = le32(MODGATE_AUTHORITY_REQUIRED);
	a->slot = le32(SLOT_OWNER);
	a->floor = le64(p->list_generation);
	draft_name(a->name, KEY_OWNER);
	status = draft_stage(&draft, o, &nothing, p->keys.anchor_key, "local",
			     &count);
	draft_free(&draft);
	return status;
}

static enum status stage_list(struct plan *p, const struct options *o)
{
	const struct count count = { .tpm = p->tpm, .slot = SLOT_OWNER };
	struct draft draft = { 0 };
	struct store nothing = { 0 };
	enum status status;

	draft_header(&draft, MODGATE_APPROVED_LIST, 1, p->keys.owner.digest);
	status = draft_stage(&draft, o, &nothing, p->keys.owner_key, KEY_OWNER,
			     &count);
	p->list_generation = modgate_le64(draft.header.generation);
	draft_free(&draft);
	return status;
}

static enum status make_all(struct plan *p, const struct options *o)
{
	char *keys = store_dir(o, "keys");
	char *marker = store_dir(o, "keys/" MARKER);
	int err = file_replace(keys, MARKER, "", 0, 0600);
	enum status status = ST_OK;

	if (err)
		status = fail_errno(err, "%s", marker);
	if (!status)
		status = init_keys_make(&p->keys, o);
	if (!status)
		status = stage_list(p, o);
	if (!status)
		status = stage_policy(p, o);
	if (!status) {
		err = file_remove(marker);
		if (!err)
			err = dir_sync(keys);
		if (err)
			status = fail_errno(err, "%s", marker);
	}
	free(marker);
	free(keys);
	return status;
}

static void init_show(const struct plan *p, const struct options *o)
{
	char hex[HEX_SIZE];

	if (o->json) {
		struct json_object *j = json_object_new_object();
		char *pin = fmt("modgate.anchor=%s",
				digest_hex(hex, p->keys.anchor.digest));

		json_str(j, "pin", pin);
		json_digest(j, "anchor", p->keys.anchor.digest);
		json_digest(j, "owner", p->keys.owner.digest);
		json_str(j, "key", p->keys.owner_where);
		json_str(j, "anchor_key", p->keys.anchor_where);
		json_str(j, "mode", mode_name(p->mode));
		json_str(j, "freshness", p->freshness);
		json_str(j, "freshness_because", p->because);
		json_str(j, "machine", p->machine_by);
		if (strcmp(p->machine_by, "none"))
			json_digest(j, "machine_name", p->machine);
		json_yes(j, "restart_needed", true);
		json_out(j);
		free(pin);
		return;
	}
	say("Made the anchor key and the owner key, a local policy (mode %s) and an empty\n"
	    "list, below %s/etc/modgate. Keep the passphrase: without it nothing can be\n"
	    "approved, and the keys cannot be replaced.\n\n"
	    "Add this to the kernel command line, and restart:\n\n"
	    "modgate.anchor=%s\n\n",
	    mode_name(p->mode), o->root, digest_hex(hex, p->keys.anchor.digest));
	say("Keys: owner key %s, anchor key %s.\n", p->keys.owner_where,
	    p->keys.anchor_where);
	say("Freshness: %s, since %s.\n", p->freshness, p->because);
	if (p->tpm)
		say("  Four counters in the TPM keep older documents from being put back, if the\n"
		    "  kernel asks them (modgate.freshness=tpm).\n");
	else
		say("  Older lists that you signed could be put back.\n");
	if (strcmp(p->machine_by, "none"))
		say("Machine: %s, %s.\n", p->machine_by,
		    digest_hex(hex, p->machine));
	else
		say("Machine: none. The documents are not bound to this machine.\n");
}

static enum status init(struct plan *p, const struct options *o)
{
	char *marker = store_dir(o, "keys/" MARKER);
	bool interrupted = !access(marker, F_OK);
	enum status status = ST_OK;

	free(marker);
	if (!interrupted)
		status = refuse_existing(o);
	if (!status)
		status = make_folders(o);
	if (!status)
		status = store_lock(o);
	/* Somebody else may have been faster. */
	if (!status && !interrupted)
		status = refuse_existing(o);
	if (status)
		return status;
	status = init_keys_ask(&p->keys, o);
	if (!status)
		status = init_choose(p, o);
	if (!status && interrupted)
		status = discard_interrupted(o);
	if (!status)
		status = make_all(p, o);
	if (status)
		return status;
	init_show(p, o);
	return ST_RESTART;
}

static enum status init_run(int argc, char **argv, struct options *o)
{
	static const struct option options[] = {
		{ "key", required_argument, NULL, 'k' },
		{ "anchor-key", required_argument, NULL, 'K' },
		{ "mode", required_argument, NULL, 'm' },
		{ "freshness", required_argument, NULL, 'f' },
		{ "audit", no_argument, NULL, 'a' },
		{ "allow-kexec", no_argument, NULL, 'x' },
		{ "stay-open", no_argument, NULL, 'o' },
		{ 0 }
	};
	struct plan p = {
		.keys.owner_where = "file",
		.flags = MODGATE_POLICY_AUTO_CLOSE,
	};
	const char *mode = mode_name(MODGATE_MODE_LISTED);
	enum status status = ST_OK;
	int c;

	while ((c = next_option(argc, argv, options, o)) != -1 && !status) {
		if (c == 'k')
			p.keys.owner_where = optarg;
		else if (c == 'K')
			p.keys.anchor_where = optarg;
		else if (c == 'm')
			mode = optarg;
		else if (c == 'f' && strcmp(optarg, "tpm") &&
			 strcmp(optarg, "none"))
			status = usage("--freshness=%s: tpm or none", optarg);
		else if (c == 'f')
			p.freshness = optarg;
		else if (c == 'a')
			p.flags |= MODGATE_POLICY_AUDIT;
		else if (c == 'x')
			p.flags |= MODGATE_POLICY_ALLOW_KEXEC;
		else if (c == 'o')
			p.flags &= ~MODGATE_POLICY_AUTO_CLOSE;
		else if (c == '?')
			return ST_USAGE;
	}
	if (status)
		return status;
	p.mode = mode_parse(mode);
	if (!p.mode)
		return usage("--mode=%s: the modes are system, signed, listed", mode);
	if (optind != argc)
		return usage("%s: init takes no arguments", argv[optind]);
	status = init_keys_check(&p.keys);
	if (!status)
		status = init(&p, o);
	init_keys_free(&p.keys);
	tpm_close(p.tpm);
	return status;
}

const struct verb verb_init = {
	.name = "init",
	.summary = "Make the keys, a local policy and an empty list",
	.usage = "[--key=file|tpm|URI] [--anchor-key=file|tpm|URI]\n"
		 "       [--mode=system|signed|listed] [--freshness=tpm|none]\n"
		 "       [--audit] [--allow-kexec] [--stay-open]",
	.run = init_run,
};
