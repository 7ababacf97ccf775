// SPDX-License-Identifier: GPL-2.0-only
/*
 * What else of the kernel has a say in module loading, and which kernels are
 * installed.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>

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

/* Does the kernel itself refuse modules without a good signature? */
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
