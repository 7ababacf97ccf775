// SPDX-License-Identifier: GPL-2.0-only
/*
 * Preloaded into the tool: LIE_MEMORY bytes of memory are all that the machine has, and
 * LIE_SIZE bytes is what modgate's state says that it has, as root can make the files of
 * some file systems say.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NEXT(name) ((__typeof__(name) *)dlsym(RTLD_NEXT, #name))

long sysconf(int name)
{
	const char *memory = getenv("LIE_MEMORY");

	if (memory && name == _SC_PHYS_PAGES)
		return atoll(memory) / NEXT(sysconf)(_SC_PAGESIZE);
	return NEXT(sysconf)(name);
}

int fstat(int fd, struct stat *st)
{
	const char *size = getenv("LIE_SIZE");
	char name[64], path[4096] = "";
	int err = NEXT(fstat)(fd, st);

	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	if (!err && size && readlink(name, path, sizeof(path) - 1) > 0 &&
	    strstr(path, "/modgate/state"))
		st->st_size = atoll(size);
	return err;
}
