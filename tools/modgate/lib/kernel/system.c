// SPDX-License-Identifier: GPL-2.0-only
/*
 * Other kernel settings that affect module loading, which modules are loaded, and which
 * kernels are installed.
 */
#include <errno.h>
#include <libkmod.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>

#include "base.h"
#include "kernel.h"

static bool file_contains(const char *path, const char *text)
{
	size_t size;
	void *data;
	bool found;

	if (file_read(path, 1U << 20, &data, &size))
		return false;
	found = strstr(data, text);
	free(data);
	return found;
}

/* Does the kernel itself refuse modules without a valid signature? */
bool sig_enforced(const struct options *o)
{
	char *path = fmt("%s/sys/module/module/parameters/sig_enforce", o->root);
	bool enforced = file_contains(path, "Y");

	free(path);
	return enforced;
}

/* Is lockdown at integrity or above? */
bool locked_down(const struct options *o)
{
	char *path = o->securityfs ? fmt("%s/lockdown", o->securityfs) :
		     fmt("%s/sys/kernel/security/lockdown", o->root);
	bool locked = file_contains(path, "[integrity]") ||
		      file_contains(path, "[confidentiality]");

	free(path);
	return locked;
}

/* @name as the kernel writes it, with "_". */
bool module_is_loaded(const struct options *o, const char *name)
{
	char *path = fmt("%s/proc/modules", o->root);
	char *line = fmt("\n%s ", name);
	bool loaded = false;
	size_t size;
	void *data;

	if (!file_read(path, 16U << 20, &data, &size)) {
		loaded = !strncmp(data, line + 1, strlen(line) - 1) ||
			 strstr(data, line);
		free(data);
	}
	free(line);
	free(path);
	return loaded;
}

static void quiet(void *data __maybe_unused, int priority __maybe_unused,
		  const char *file __maybe_unused, int line __maybe_unused,
		  const char *function __maybe_unused,
		  const char *format __maybe_unused, va_list args __maybe_unused)
{
}

/**
 * kmod_start() - libkmod with the configuration of this system
 *
 * libkmod reports errors in that configuration on standard error, unescaped, before a
 * log function can be set. So the log level is set in the environment, which it reads
 * first.
 *
 * Return: the context, or NULL.
 */
struct kmod_ctx *kmod_start(void)
{
	struct kmod_ctx *ctx;

	setenv("KMOD_LOG", "0", 1);
	ctx = kmod_new(NULL, NULL);
	unsetenv("KMOD_LOG");
	if (ctx)
		kmod_set_log_fn(ctx, quiet, NULL);
	return ctx;
}

/* Names of the modules that use this one, separated by ", "; the caller frees them. */
static char *holders_of(const struct kmod_module *module)
{
	struct kmod_list *holders = kmod_module_get_holders(module), *i;
	char *text = xstrdup("");

	kmod_list_foreach(i, holders) {
		struct kmod_module *holder = kmod_module_get_module(i);
		char *longer = fmt("%s%s%s", text, *text ? ", " : "",
				   kmod_module_get_name(holder));

		kmod_module_unref(holder);
		free(text);
		text = longer;
	}
	kmod_module_unref_list(holders);
	return text;
}

static char *unload(struct kmod_module *module)
{
	int err = kmod_module_remove_module(module, KMOD_REMOVE_NOWAIT), users;
	char *holders, *text;

	if (!err || err == -ENOENT)
		return NULL;
	if (err != -EAGAIN && err != -EBUSY)
		return xstrdup(strerror(-err));
	holders = holders_of(module);
	users = kmod_module_get_refcnt(module);
	text = *holders ? fmt("in use by %s", holders) :
	       users > 0 ? fmt("in use, %d times", users) :
			   xstrdup("it cannot be unloaded");
	free(holders);
	return text;
}

/**
 * module_unload() - unload a module unless it is in use
 * @name: as the kernel writes it, with "_"
 *
 * Return: NULL if it is no longer loaded; else a message saying why it still is, which
 * the caller frees.
 */
char *module_unload(const char *name)
{
	struct kmod_ctx *ctx = kmod_start();
	struct kmod_module *module;
	char *text;

	if (!ctx || kmod_module_new_from_name(ctx, name, &module)) {
		kmod_unref(ctx);
		return xstrdup("libkmod does not find it");
	}
	text = unload(module);
	kmod_module_unref(module);
	kmod_unref(ctx);
	return text;
}

/* Release of the running kernel; to be freed. */
char *kernel_release(void)
{
	struct utsname u;

	return xstrdup(uname(&u) ? "unknown" : u.release);
}

/* Is this the running kernel, or is there a folder of modules for it? */
bool release_known(const struct options *o, const char *release)
{
	char *running = kernel_release();
	char *path = fmt("%s/lib/modules/%s", o->root, release);
	struct stat st;
	bool known;

	known = !strcmp(release, running) ||
		(*release && !strchr(release, '/') && *release != '.' &&
		 !stat(path, &st) && S_ISDIR(st.st_mode));
	free(path);
	free(running);
	return known;
}
