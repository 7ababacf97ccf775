// SPDX-License-Identifier: GPL-2.0-only
/*
 * Find this machine's TPM and its driver. Chips are numbered in the order in which they
 * appear, and a virtual one may have come first.
 */
#include <dirent.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base.h"
#include "tpm.h"

#define CLASS "/sys/class/tpm"

static int is_chip(const struct dirent *entry)
{
	unsigned long long number;

	return !strncmp(entry->d_name, "tpm", strlen("tpm")) &&
	       number_parse(entry->d_name + strlen("tpm"), &number);
}

/* List all TPMs by number; the caller frees the list as for scandir(3). */
static int find_chips(const char *root, struct dirent ***chips)
{
	char *dir = fmt("%s" CLASS, root);
	int n = scandir(dir, chips, is_chip, versionsort);

	free(dir);
	return n;
}

/* Is this a TPM 2.0 with a parent device? A virtual one has none. */
static bool is_real(const char *root, const char *chip)
{
	char *device = fmt("%s" CLASS "/%s/device", root, chip);
	char *major = fmt("%s" CLASS "/%s/tpm_version_major", root, chip);
	size_t size;
	void *text;
	bool real = false;

	if (!access(device, F_OK) && !file_read(major, 16, &text, &size)) {
		real = !strcmp(text, "2\n") || !strcmp(text, "2");
		free(text);
	}
	free(major);
	free(device);
	return real;
}

/**
 * tpm_device() - the device of this machine's TPM 2.0, shared with others
 * @root: in front of /sys
 *
 * Return: the path of the real TPM with the lowest number, which the caller frees; NULL
 * if sysfs has none.
 */
char *tpm_device(const char *root)
{
	struct dirent **chips;
	int n = find_chips(root, &chips), i;
	char *path = NULL;

	for (i = 0; i < n; i++) {
		const char *name = chips[i]->d_name;

		if (!path && is_real(root, name))
			path = fmt("/dev/tpmrm%s", name + strlen("tpm"));
		free(chips[i]);
	}
	if (n >= 0)
		free(chips);
	return path;
}

/* Name of its driver's module, which the caller frees; NULL if the driver is built in. */
static char *driver_module(const char *root, const char *chip)
{
	char *link = fmt("%s" CLASS "/%s/device/driver/module", root, chip);
	char path[PATH_MAX], *name = NULL;

	if (realpath(link, path))
		name = xstrdup(strrchr(path, '/') + 1);
	free(link);
	return name;
}

/**
 * tpm_modules() - list the modules that drive TPMs
 * @root: in front of /sys
 *
 * Return: their names, separated by ", ", which the caller frees; NULL if there are
 * none.
 */
char *tpm_modules(const char *root)
{
	char *text = NULL, *name, *longer;
	struct dirent **chips;
	int n = find_chips(root, &chips), i;

	for (i = 0; i < n; i++) {
		name = driver_module(root, chips[i]->d_name);
		if (name && (!text || !strstr(text, name))) {
			longer = fmt("%s%s%s", text ? text : "", text ? ", " : "", name);
			free(text);
			text = longer;
		}
		free(name);
		free(chips[i]);
	}
	if (n >= 0)
		free(chips);
	return text;
}
