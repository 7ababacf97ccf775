// SPDX-License-Identifier: GPL-2.0-only
/*
 * What lies on the disk that modgate's promise rests on: the clock by the age of the
 * documents, keys that sign modules, modules that the root file system needs.
 */
#include <dirent.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include "base.h"
#include "crypto.h"
#include "doctor.h"
#include "document.h"
#include "kernel.h"
#include "module.h"
#include "table.h"
#include "view.h"

/* Clocks that are set by hand differ so much. */
#define CLOCK_TOLERANCE 86400

static void check_clock(struct doctor *d)
{
	const struct store *store = &d->snap->store;
	__u64 newest = 0, now = time(NULL);
	char *text;
	size_t i;

	for (i = 0; i < store->n_docs; i++)
		if (store->docs[i].valid &&
		    modgate_le64(store->docs[i].header.created) > newest)
			newest = modgate_le64(store->docs[i].header.created);
	if (newest <= now + CLOCK_TOLERANCE) {
		doctor_good(d, "clock", "not behind the documents");
		return;
	}
	text = time_text(newest);
	doctor_bad(d, "clock", "set it; modgate uses it for people only",
		   "behind the newest document, which says it is of %s", text);
	free(text);
}

/* The facts of a module that a key signed, all others not being true. */
static bool key_leads_to(const struct doctor *d, unsigned int yes, const char *reason)
{
	return !strcmp(verdict_if(d->snap, NULL, yes, ALL_FACTS & ~yes), reason);
}

/*
 * What would whoever has this key gain, for a module that nobody has approved by its
 * bytes? @unsure: set if some keyring does not tell.
 */
static const char *trusted_by(const struct doctor *d, const struct cert *cert, bool *unsure)
{
	const unsigned int is_signed = MODGATE_FACT(MODGATE_IS_SIGNED);
	const unsigned int listed = MODGATE_FACT(MODGATE_IS_LISTED);
	char *id = cert_key_id(cert->x509);
	enum known held[KEYRINGS];
	bool known = false;
	enum keyring k;

	for (k = 0; k < KEYRINGS; k++) {
		held[k] = keyring_holds(d->o, k, id);
		known = known || held[k] == KNOWN_YES;
		*unsure = *unsure || held[k] == KNOWN_UNKNOWN;
	}
	free(id);
	if (held[KEYRING_BUILTIN] == KNOWN_YES &&
	    key_leads_to(d, MODGATE_FACT(MODGATE_IS_SYSTEM), MODGATE_REASON_SYSTEM))
		return "it is built into the kernel, so that what it signs needs no approval";
	if (vendor_listed(d->snap, cert->digest) &&
	    key_leads_to(d, is_signed | MODGATE_FACT(MODGATE_IS_VENDORS), MODGATE_REASON_VENDOR))
		return "a list approves what it signs";
	if (known && key_leads_to(d, listed, MODGATE_REASON_UNSIGNED) &&
	    key_leads_to(d, listed | is_signed, MODGATE_REASON_APPROVED))
		return "the kernel knows it, which is what mode signed goes by";
	return NULL;
}

static void doctor_disk_check_keys(struct doctor *d)
{
	size_t before = d->bad, n = 0;
	bool unsure = false;
	struct cert cert;
	char *key;

	while ((key = signing_key_on_disk(d->o, &n, &cert))) {
		const char *why = trusted_by(d, &cert, &unsure);

		if (why)
			doctor_bad(d, "signing keys",
				   "approve each build instead (modgate revoke --vendor), or sign on another machine",
				   "%s is for root to use, and %s", key, why);
		cert_free(&cert);
		free(key);
	}
	if (d->bad == before)
		doctor_good(d, "signing keys", "none on disk that modgate would go by%s", unsure ?
			    ", as far as is known here: the kernel's keyrings cannot be searched" :
			    "");
}

/* The root file system needs it before any list counts. */
static void check_in_initramfs(struct doctor *d, const struct module *m, const char *name)
{
	struct verdict v;

	verdict_in_initramfs(&v, d->snap, m);
	if (v.allow_unsure)
		doctor_bad(d, "root modules", "run it as root, on the machine itself",
			   "%s: whether it loads in the initramfs is not known here: %s", name,
			   v.unsure);
	else if (!v.allow && strcmp(v.reason, MODGATE_REASON_NOT_SEALED))
		doctor_bad(d, "root modules", "see modgate why",
			   "the root file system needs %s, which the kernel refuses as %s", name,
			   v.reason);
	else if (!v.allow)
		doctor_bad(d, "root modules",
			   "have the root file system on drivers of the kernel's own before modgate enforces",
			   "%s is a third-party module, and the root file system needs it: in the initramfs it does not load",
			   name);
	verdict_free(&v);
}

/* What is built in is not loaded. */
static void check_needed(struct doctor *d, const char *name)
{
	char *release = kernel_release(), *path;
	struct module m = { 0 };

	if (!module_is_loaded(d->o, name)) {
		free(release);
		return;
	}
	path = lookup_name(d->o, release, name);
	if (!path || module_read(&m, d->o, path, NULL) || m.problem)
		doctor_bad(d, "root modules", "install it anew",
			   "%s, which the root file system needs, is loaded, but its file is not there",
			   name);
	else
		check_in_initramfs(d, &m, name);
	module_free(&m);
	free(path);
	free(release);
}

/* The modules of all drivers from a device up to the root of its bus. */
static void check_drivers(struct doctor *d, const char *device)
{
	char *path = xstrdup(device), *end, *link;
	char module[PATH_MAX];

	while ((end = strrchr(path, '/')) && strstr(path, "/devices/")) {
		link = fmt("%s/driver/module", path);
		if (realpath(link, module))
			check_needed(d, strrchr(module, '/') + 1);
		free(link);
		*end = '\0';
	}
	free(path);
}

/* A block device, and what it is made of (dm, md, bcache). */
static void check_device(struct doctor *d, const char *sysfs, int depth)
{
	char path[PATH_MAX], *folder;
	struct dirent *entry;
	DIR *slaves;

	if (!realpath(sysfs, path) || depth > 16)
		return;
	check_drivers(d, path);
	folder = fmt("%s/slaves", path);
	slaves = opendir(folder);
	while (slaves && (entry = readdir(slaves))) {
		char *slave = fmt("%s/%s", folder, entry->d_name);

		if (*entry->d_name != '.')
			check_device(d, slave, depth + 1);
		free(slave);
	}
	if (slaves)
		closedir(slaves);
	free(folder);
}

/**
 * struct root - the mount at "/"
 * @major: of its device; 0 if that is none
 * @minor: likewise
 * @type: of the file system
 * @source: what was mounted
 */
struct root {
	unsigned int major;
	unsigned int minor;
	char type[64];
	char source[PATH_MAX];
};

/* A line of mountinfo, see proc(5). */
static bool parse_mount(const char *line, struct root *root)
{
	char point[PATH_MAX];
	const char *rest = strstr(line, " - ");

	return rest &&
	       sscanf(line, "%*d %*d %u:%u %*s %4095s", &root->major,
		      &root->minor, point) == 3 && !strcmp(point, "/") &&
	       sscanf(rest, " - %63s %4095s", root->type, root->source) == 2;
}

static bool find_root(const struct doctor *d, struct root *root)
{
	char *path = fmt("%s/proc/self/mountinfo", d->o->root), *rest, *line;
	struct root mount;
	bool found = false;
	struct stat st;
	size_t size;
	void *data;

	if (file_read(path, 16U << 20, &data, &size))
		data = NULL;
	rest = data;
	/* The last one is on top. */
	while (rest && (line = strsep(&rest, "\n")))
		if (parse_mount(line, &mount)) {
			*root = mount;
			found = true;
		}
	free(data);
	free(path);
	/* Btrfs has numbers of its own. */
	if (found && !root->major && *root->source == '/' &&
	    !stat(root->source, &st) && S_ISBLK(st.st_mode)) {
		root->major = major(st.st_rdev);
		root->minor = minor(st.st_rdev);
	}
	return found;
}

static void check_root(struct doctor *d)
{
	size_t before = d->bad;
	struct root root;
	char *sysfs;

	if (!find_root(d, &root)) {
		doctor_bad(d, "root modules", "mount /proc",
			   "what the root file system is mounted from is not known");
		return;
	}
	check_needed(d, root.type);
	sysfs = fmt("%s/sys/dev/block/%u:%u", d->o->root, root.major, root.minor);
	if (access(sysfs, F_OK))
		doctor_bad(d, "root modules",
			   "see for yourself that its drivers are the kernel's own",
			   "the root file system (%s) is on no device that is known here",
			   root.type);
	check_device(d, sysfs, 0);
	free(sysfs);
	if (d->bad == before)
		doctor_good(d, "root modules",
			    "the root file system (%s) needs no third-party module",
			    root.type);
}

void doctor_disk(struct doctor *d)
{
	check_clock(d);
	doctor_disk_check_keys(d);
	check_root(d);
}
