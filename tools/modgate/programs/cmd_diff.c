// SPDX-License-Identifier: GPL-2.0-only
/*
 * modgate diff: what a restart would change; or what differs between two
 * documents.
 */
#include <stdlib.h>
#include <string.h>

#include "base.h"
#include "programs.h"
#include "view.h"

static const char *get(struct json_object *change, const char *key)
{
	struct json_object *value = json_object_object_get(change, key);

	return value ? json_object_get_string(value) : NULL;
}

static void diff_show(struct json_object *change)
{
	const char *old = get(change, "old"), *new = get(change, "new");
	const char *digest = get(change, "digest"), *name = get(change, "name");

	say("%c %s: %s", !old ? '+' : !new ? '-' : '~',
	    get(change, "document"), get(change, "kind"));
	if (name)
		say(" %s", name);
	if (digest)
		say(" %.16s", digest);
	if (old && new)
		say(": %s -> %s\n", old, new);
	else
		say(": %s\n", old ? old : new);
}

/* Print, give back, and say by the status whether there was anything. */
static enum status diff_finish(const struct options *o, struct json_object *changes,
			       const char *nothing)
{
	size_t n = json_object_array_length(changes), i;

	if (o->json) {
		json_out(changes);
	} else {
		for (i = 0; i < n; i++)
			diff_show(json_object_array_get_idx(changes, i));
		if (!n)
			say("%s\n", nothing);
		json_object_put(changes);
	}
	return n ? ST_NO : ST_OK;
}

static enum status read_document(const char *path, void **bytes,
				 struct modgate_document *doc)
{
	const char *rule;
	__u64 offset;
	size_t size;
	int err = file_read(path, MODGATE_DOCUMENT_MAX, bytes, &size);

	if (err)
		return fail_errno(err, "%s", path);
	rule = modgate_document_parse(doc, *bytes, size, &offset);
	if (rule)
		return fail(ST_CORRUPT, "%s: offset %llu: %s", path,
			    (unsigned long long)offset, rule);
	return ST_OK;
}

static enum status diff_files(const struct options *o, char **paths)
{
	struct modgate_document old, new;
	void *a = NULL, *b = NULL;
	enum status status = read_document(paths[0], &a, &old);
	struct json_object *changes;

	if (!status)
		status = read_document(paths[1], &b, &new);
	if (!status && modgate_le32(old.header->type) != modgate_le32(new.header->type))
		status = fail(ST_USAGE, "one is a local policy, the other an approved list");
	if (!status) {
		changes = json_object_new_array();
		diff_documents(changes, "document", &old, &new);
		status = diff_finish(o, changes, "Both say the same.");
	}
	free(a);
	free(b);
	return status;
}

static enum status diff_restart(const struct options *o)
{
	struct json_object *changes;
	enum status status;
	struct snapshot snap;

	status = snapshot_read(&snap, o);
	if (!status)
		status = snapshot_need(&snap, o);
	if (!status) {
		changes = json_object_new_array();
		diff_snapshot(changes, &snap);
		status = diff_finish(o, changes, "A restart would change nothing.");
	}
	snapshot_free(&snap);
	return status;
}

static enum status diff_run(int argc, char **argv, struct options *o)
{
	if (next_option(argc, argv, NULL, o) != -1)
		return ST_USAGE;
	if (argc - optind == 2)
		return diff_files(o, argv + optind);
	if (argc != optind)
		return usage("diff takes two documents, or no argument");
	return diff_restart(o);
}

const struct verb verb_diff = {
	.name = "diff",
	.summary = "Show what a restart would change, or what differs between documents",
	.usage = "[OLD NEW]",
	.run = diff_run,
};
