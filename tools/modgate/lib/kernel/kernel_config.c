// SPDX-License-Identifier: GPL-2.0-only
/*
 * Configuration of the running kernel, from the kernel itself or from its package.
 */
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base.h"
#include "kernel.h"

#define LINE_SIZE 1024

/* zlib passes uncompressed data through. */
static enum known ask(const char *path, const char *option)
{
	gzFile f = gzopen(path, "re");
	enum known known = KNOWN_UNKNOWN;
	char *set = fmt("%s=y\n", option);
	char line[LINE_SIZE];

	while (f && known != KNOWN_YES && gzgets(f, line, sizeof(line))) {
		if (!strcmp(line, set))
			known = KNOWN_YES;
		else if (strstr(line, "CONFIG_"))
			known = KNOWN_NO;
	}
	if (f)
		gzclose(f);
	free(set);
	return known;
}

/**
 * kernel_config() - was the running kernel built with an option?
 * @o: options
 * @option: CONFIG_*, which can be y
 *
 * Return: KNOWN_YES or KNOWN_NO; KNOWN_UNKNOWN if no configuration can be read.
 */
enum known kernel_config(const struct options *o, const char *option)
{
	char *release = kernel_release();
	char *own = fmt("%s/proc/config.gz", o->root);
	char *packaged = fmt("%s/boot/config-%s", o->root, release);
	enum known known = ask(own, option);

	if (known == KNOWN_UNKNOWN)
		known = ask(packaged, option);
	free(packaged);
	free(own);
	free(release);
	return known;
}
