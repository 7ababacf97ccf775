// SPDX-License-Identifier: GPL-2.0-only
/*
 * Look-ups in depmod's index. libkmod trusts modules.dep.bin and the other index files,
 * so it reads them in a confined child that can open nothing else.
 */
#include <libkmod.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base.h"
#include "child.h"
#include "module.h"

static void *begin(const char *dir)
{
	static const char *const no_config[] = { NULL };
	struct kmod_ctx *ctx = kmod_new(dir, no_config);

	if (!ctx)
		return NULL;
	kmod_set_log_priority(ctx, 0);
	kmod_load_resources(ctx);
	return ctx;
}

static void answer_name(void *state, struct message *question, const int *files __maybe_unused,
			struct message *answer)
{
	char *name = message_text(question);
	struct kmod_list *list = NULL;

	if (state && name && !kmod_module_new_from_lookup(state, name, &list) && list) {
		struct kmod_module *mod = kmod_module_get_module(list);

		message_put_text(answer, kmod_module_get_path(mod));
		kmod_module_unref(mod);
	} else {
		message_put_text(answer, NULL);
	}
	kmod_module_unref_list(list);
	free(name);
}

static const struct child_kind kind = {
	.doing = "looking something up in it",
	.confined = true,
	.reads = true,
	.seconds = 2,
	.begin = begin,
	.answer = answer_name,
};

/* The child, and the folder it was started for. */
static struct child child;
static char *child_dir;
static bool useless;

/* Opening a FIFO would block. */
static bool has_pipes(const char *dir)
{
	static const char *const names[] = {
		"dep", "alias", "symbols", "builtin", "builtin.alias",
	};
	bool found = false;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		char *path = fmt("%s/modules.%s.bin", dir, names[i]);
		struct stat st;

		if (!stat(path, &st) && !S_ISREG(st.st_mode))
			found = true;
		free(path);
	}
	return found;
}

static void use(const char *dir)
{
	if (child_dir && !strcmp(child_dir, dir))
		return;
	child_end(&child);
	free(child_dir);
	child_dir = xstrdup(dir);
	useless = has_pipes(dir);
	if (useless)
		warn("%s: depmod's index there is no file; run depmod", dir);
}

static void done(void)
{
	child_done(&child);
	if (child.pid || useless)
		return;
	free(child_dir);
	child_dir = NULL;
}

/**
 * lookup_index() - look up a module in depmod's index
 * @dir: folder of the kernel's modules
 * @name: of a module, or an alias
 *
 * If the index crashes libkmod, this warns once and finds nothing.
 *
 * Return: path of the module's file, to be freed, or NULL.
 */
char *lookup_index(const char *dir, const char *name)
{
	struct message question = { 0 }, answer = { 0 };
	char *path = NULL, *problem;

	use(dir);
	if (useless)
		return NULL;
	message_put_text(&question, name);
	problem = child_ask(&child, &kind, dir, &question, NULL, 0, &answer);
	if (problem) {
		warn("%s: depmod's index there cannot be used: %s; run depmod", dir, problem);
		useless = true;
		free(problem);
	} else {
		path = message_text(&answer);
	}
	message_free(&answer);
	message_free(&question);
	done();
	if (path && access(path, F_OK)) {
		free(path);
		path = NULL;
	}
	return path;
}
