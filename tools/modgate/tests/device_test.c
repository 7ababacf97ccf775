// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which chip is the machine's TPM, from folders as sysfs has them.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base.h"
#include "tap.h"
#include "tpm.h"

/**
 * struct chip - one in /sys/class/tpm
 * @number: of its name
 * @version: tpm_version_major, or NULL without that file
 * @real: it has a device
 * @module: of its driver, or NULL
 */
struct chip {
	unsigned int number;
	const char *version;
	bool real;
	const char *module;
};

#define CHIPS_MAX 4

#define REAL(n) { .number = n, .version = "2", .real = true }
#define VIRTUAL(n) { .number = n, .version = "2" }
#define OLD(n) { .number = n, .version = "1", .real = true }
#define MODULAR(n, m) { .number = n, .version = "2", .real = true, .module = m }

static const struct machine {
	const char *name;
	struct chip chips[CHIPS_MAX];
	const char *device;
	const char *modules;
} machines[] = {
	{ .name = "none" },
	{ .name = "one", .chips = { REAL(0) }, .device = "/dev/tpmrm0" },
	{ .name = "second", .chips = { REAL(1) }, .device = "/dev/tpmrm1" },
	{ .name = "behind a virtual one", .chips = { VIRTUAL(0), REAL(1) },
	  .device = "/dev/tpmrm1" },
	{ .name = "behind a TPM 1.2", .chips = { OLD(0), REAL(1) }, .device = "/dev/tpmrm1" },
	{ .name = "two", .chips = { REAL(10), REAL(9) }, .device = "/dev/tpmrm9" },
	{ .name = "virtual", .chips = { VIRTUAL(0) } },
	{ .name = "of no version", .chips = { { .number = 0, .real = true } } },
	{ .name = "by a module", .chips = { MODULAR(0, "tpm_crb") },
	  .device = "/dev/tpmrm0", .modules = "tpm_crb" },
	{ .name = "by two modules", .chips = { MODULAR(0, "tpm_tis"), MODULAR(1, "tpm_crb") },
	  .device = "/dev/tpmrm0", .modules = "tpm_tis, tpm_crb" },
};

static void make_dir(const char *path)
{
	char *part = xstrdup(path), *slash = part;

	while ((slash = strchr(slash + 1, '/'))) {
		*slash = '\0';
		mkdir(part, 0755);
		*slash = '/';
	}
	free(part);
}

static void make_file(const char *folder, const char *name, const char *text)
{
	if (file_replace(folder, name, text, strlen(text), 0644))
		tap(false, "%s/%s is made", folder, name);
}

static void make_link(const char *to, const char *path)
{
	if (symlink(to, path))
		tap(false, "%s is made: %s", path, strerror(errno));
}

static void make_chip(const char *root, const struct chip *chip)
{
	char *class = fmt("%s/sys/class/tpm/tpm%u/", root, chip->number);
	char *device = fmt("%s/sys/devices/chip%u/driver/", root, chip->number);
	char *link = fmt("%sdevice", class), *driver = fmt("%smodule", device);
	char *to = fmt("../../../devices/chip%u", chip->number);
	char *module = fmt("%s/sys/module/%s/", root, chip->module ? chip->module : "none");
	char *text = fmt("%s\n", dash(chip->version));

	make_dir(class);
	make_dir(device);
	make_dir(module);
	if (chip->version)
		make_file(class, "tpm_version_major", text);
	if (chip->real)
		make_link(to, link);
	if (chip->module)
		make_link(module, driver);
	free(class);
	free(device);
	free(link);
	free(driver);
	free(to);
	free(module);
	free(text);
}

static bool same(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : !a && !b;
}

static void try(const char *folder, size_t n)
{
	const struct machine *m = &machines[n];
	char *root = fmt("%s/%zu", folder, n), *device, *modules;
	size_t i;

	for (i = 0; i < CHIPS_MAX; i++)
		if (m->chips[i].version || m->chips[i].real)
			make_chip(root, &m->chips[i]);
	device = tpm_device(root);
	if (!tap(same(device, m->device), "%s: the TPM's device", m->name))
		tap_note("%s instead of %s", dash(device), dash(m->device));
	modules = tpm_modules(root);
	if (!tap(same(modules, m->modules), "%s: modules that drive it", m->name))
		tap_note("%s instead of %s", dash(modules), dash(m->modules));
	free(device);
	free(modules);
	free(root);
}

int main(void)
{
	char folder[] = "/tmp/modgate-device.XXXXXX";
	char *remove;
	size_t i;

	if (!mkdtemp(folder))
		return 1;
	for (i = 0; i < ARRAY_SIZE(machines); i++)
		try(folder, i);
	remove = fmt("rm -rf %s", folder);
	if (system(remove))
		tap_note("%s is left", folder);
	free(remove);
	return tap_end();
}
