// SPDX-License-Identifier: GPL-2.0-only
/*
 * What libkmod does to load modules, in a child process: it reads depmod's index,
 * modprobe.d and, where the kernel wants that, a module's ELF headers, and what is in
 * them may end it. It is not confined, since it has to load modules and to run what
 * modprobe.d says; but it ends alone.
 */
#include <errno.h>
#include <libkmod.h>
#include <stdlib.h>
#include <string.h>

#include "base.h"
#include "child.h"
#include "collection.h"
#include "kernel.h"

enum question {
	ASK_STATE,
	ASK_SYSTEM,
	ASK_INSERT,
};

static void *begin(const char *context __maybe_unused)
{
	struct kmod_ctx *ctx = kmod_start();

	if (!ctx)
		return NULL;
	/* Once, or it opens an index for each module. There may be none. */
	kmod_load_resources(ctx);
	return ctx;
}

static bool is_blacklisted(struct kmod_ctx *ctx, const char *name)
{
	struct kmod_config_iter *i = kmod_config_get_blacklists(ctx);
	bool found = false;

	/* libkmod has "_" in its names, as the kernel has. */
	while (i && !found && kmod_config_iter_next(i))
		found = !strcmp(kmod_config_iter_get_key(i), name);
	kmod_config_iter_free_iter(i);
	return found;
}

/* Does modprobe.d have "install NAME /bin/false" (or true), for modprobe to run? */
static bool is_switched_off(struct kmod_ctx *ctx, const char *name)
{
	struct kmod_config_iter *i = kmod_config_get_install_commands(ctx);
	bool found = false;

	while (i && !found && kmod_config_iter_next(i)) {
		const char *command = kmod_config_iter_get_value(i);
		const char *slash = strrchr(command, '/');

		command = slash ? slash + 1 : command;
		found = !strcmp(kmod_config_iter_get_key(i), name) &&
			(!strcmp(command, "false") || !strcmp(command, "true"));
	}
	kmod_config_iter_free_iter(i);
	return found;
}

static bool is_loaded(struct kmod_ctx *ctx, const char *name)
{
	struct kmod_module *module = NULL;
	bool loaded = false;

	if (!kmod_module_new_from_name(ctx, name, &module))
		loaded = kmod_module_get_initstate(module) == KMOD_MODULE_LIVE;
	kmod_module_unref(module);
	return loaded;
}

static int load_system(struct kmod_ctx *ctx, const char *name)
{
	struct kmod_list *list = NULL;
	struct kmod_module *module;
	int err = kmod_load_resources(ctx);

	if (!err)
		err = kmod_module_new_from_lookup(ctx, name, &list);

	if (!err && !list)
		err = -ENOENT;
	if (!err) {
		module = kmod_module_get_module(list);
		err = kmod_module_probe_insert_module(module, 0, NULL, NULL, NULL, NULL);
		kmod_module_unref(module);
	}
	kmod_module_unref_list(list);
	return err == -EEXIST ? 0 : err;
}

/* Its own init function may say EEXIST, too. */
static int insert(struct kmod_ctx *ctx, const char *path, const char *name)
{
	struct kmod_module *module = NULL;
	int err = kmod_module_new_from_path(ctx, path, &module);

	if (!err)
		err = kmod_module_insert_module(module, 0,
						kmod_module_get_options(module));
	kmod_module_unref(module);
	return err == -EEXIST && is_loaded(ctx, name) ? 0 : err;
}

static int act(struct kmod_ctx *ctx, enum question what, const char *name, const char *path)
{
	if (!ctx)
		return -ENOMEM;
	switch (what) {
	case ASK_STATE:
		if (is_loaded(ctx, name))
			return INSERT_LOADED;
		if (is_blacklisted(ctx, name) || is_switched_off(ctx, name))
			return INSERT_BLACKLISTED;
		return INSERT_ABSENT;
	case ASK_SYSTEM:
		return load_system(ctx, name);
	case ASK_INSERT:
		return insert(ctx, path, name);
	}
	return -EINVAL;
}

static void answer_question(void *state, struct message *question,
			    const int *files __maybe_unused, struct message *answer)
{
	enum question what = message_number(question);
	char *name = message_text(question), *path = message_text(question);

	message_put_number(answer, act(state, what, dash(name), dash(path)));
	free(name);
	free(path);
}

/* A module's init function may take as long as it wants to. */
static const struct child_kind kind = {
	.doing = "loading it",
	.begin = begin,
	.answer = answer_question,
};

static struct child child;

/* What the child says, or -ECHILD and the problem, to be freed. */
static int ask(enum question what, const char *name, const char *path, char **problem)
{
	struct message question = { 0 }, answer;
	int result = -ECHILD;

	message_put_number(&question, what);
	message_put_text(&question, name);
	message_put_text(&question, path);
	*problem = child_ask(&child, &kind, NULL, &question, NULL, 0, &answer);
	if (!*problem)
		result = (__s32)message_number(&answer);
	message_free(&answer);
	message_free(&question);
	return result;
}

/**
 * insert_state() - may a module be loaded?
 * @name: of the module
 * @problem: set to what ended libkmod, or NULL; to be freed
 *
 * Return: INSERT_*, -ENOMEM if libkmod does not start, or -ECHILD if it ended.
 */
int insert_state(const char *name, char **problem)
{
	return ask(ASK_STATE, name, NULL, problem);
}

/* Load a module of the kernel's own, with all that it needs; 0 or negative errno. */
int insert_system(const char *name, char **problem)
{
	return ask(ASK_SYSTEM, name, NULL, problem);
}

/*
 * Load a file, with the options that modprobe.d has for it; 0 or a negative errno.
 * Whoever loaded it just before, it is loaded.
 */
int insert_file(const char *path, const char *name, char **problem)
{
	return ask(ASK_INSERT, name, path, problem);
}

/* Nothing more is to be loaded. */
void insert_end(void)
{
	child_end(&child);
}
