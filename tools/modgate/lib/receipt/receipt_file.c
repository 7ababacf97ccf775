// SPDX-License-Identifier: GPL-2.0-only
/*
 * Receipts of earlier boots. A receipt is filed as the kernel wrote it, together with the
 * measurement log, so that both can be checked later: as <time>-<boot id>.receipt and
 * .log. Filing again in the same boot replaces both.
 */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base.h"
#include "kernel.h"
#include "receipt.h"

#define SUFFIX ".receipt"
#define KEEP 128		/* boots */

static char *receipts_dir(const struct options *o)
{
	return fmt("%s/var/lib/modgate/receipts", o->root);
}

static int is_receipt(const struct dirent *e)
{
	return *e->d_name != '.' && has_suffix(e->d_name, SUFFIX);
}

/**
 * receipt_names() - list the filed receipts
 * @o: options
 * @n: set to their number
 *
 * Return: their names, oldest first; to be freed with receipt_names_free().
 */
char **receipt_names(const struct options *o, size_t *n)
{
	char *dir = receipts_dir(o), **names = NULL;
	struct dirent **entries = NULL;
	int i, found = scandir(dir, &entries, is_receipt, alphasort);

	*n = 0;
	for (i = 0; i < found; i++) {
		const char *name = entries[i]->d_name;

		names = xgrow(names, *n, sizeof(*names));
		names[(*n)++] = fmt("%.*s", (int)(strlen(name) - strlen(SUFFIX)), name);
		free(entries[i]);
	}
	free(entries);
	free(dir);
	return names;
}

void receipt_names_free(char **names, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		free(names[i]);
	free(names);
}

/* Read a filed receipt; @name may be just the end of its name, such as the boot id. */
enum status receipt_read_filed(struct receipt *receipt, const struct options *o,
			       const char *name)
{
	char *dir = receipts_dir(o), *path = NULL, **names;
	enum status status = ST_OK;
	size_t n, i;

	memset(receipt, 0, sizeof(*receipt));
	names = receipt_names(o, &n);
	for (i = 0; i < n && !path; i++)
		if (!strcmp(names[i], name) || has_suffix(names[i], name))
			path = fmt("%s/%s" SUFFIX, dir, names[i]);
	if (!path)
		status = fail(ST_NO,
			      "%s: no receipt of this name is filed; see 'modgate receipt --history'",
			      name);
	if (!status)
		status = receipt_read(receipt, path);
	receipt_names_free(names, n);
	free(path);
	free(dir);
	return status;
}

/* The first part of the kernel's boot id; the caller frees it. */
static char *this_boot(void)
{
	size_t size;
	void *data;
	char *id;

	if (file_read("/proc/sys/kernel/random/boot_id", 4096, &data, &size))
		return xstrdup("unknown");
	id = fmt("%.8s", (char *)data);
	free(data);
	return id;
}

/* The name used before in this boot, or one with the current time; the caller frees it. */
static char *make_name(const struct options *o)
{
	char *id = this_boot(), *name = NULL, **names, text[64];
	time_t now = time(NULL);
	struct tm tm;
	size_t n, i;

	names = receipt_names(o, &n);
	for (i = 0; i < n && !name; i++)
		if (has_suffix(names[i], id))
			name = xstrdup(names[i]);
	receipt_names_free(names, n);
	if (!name && gmtime_r(&now, &tm) && strftime(text, sizeof(text), "%Y%m%dT%H%M%SZ", &tm))
		name = fmt("%s-%s", text, id);
	free(id);
	return name ? name : xstrdup("unknown");
}

static enum status file_one(const struct kernel *kernel, const char *file,
			    const char *dir, const char *name, const char *suffix)
{
	char *from = fmt("%s/%s", kernel->dir, file);
	char *to = fmt("%s%s", name, suffix);
	enum status status = ST_OK;
	size_t size;
	void *data;
	int err = file_read(from, RECEIPT_MAX, &data, &size);

	if (err) {
		status = fail_errno(err, "%s", from);
	} else {
		err = file_replace(dir, to, data, size, 0644);
		if (err)
			status = fail_errno(err, "%s/%s", dir, to);
		free(data);
	}
	free(from);
	free(to);
	return status;
}

/* Drop the oldest, but never @this: with a slow clock, it may look old. */
static void prune(const struct options *o, const char *dir, const char *this)
{
	static const char *const suffixes[] = { SUFFIX, ".log" };
	char **names, *path;
	size_t n, i, k;

	names = receipt_names(o, &n);
	for (i = 0; i + KEEP < n; i++)
		for (k = 0; k < ARRAY_SIZE(suffixes) && strcmp(names[i], this); k++) {
			path = fmt("%s/%s%s", dir, names[i], suffixes[k]);
			unlink(path);
			free(path);
		}
	receipt_names_free(names, n);
}

/**
 * receipt_file() - file the receipt of this boot
 * @o: options
 * @kernel: as read
 * @name: set to the name it is filed under, NULL on error; to be freed
 *
 * Return: ST_OK, or another status after a message.
 */
enum status receipt_file(const struct options *o, const struct kernel *kernel,
			 char **name)
{
	char *dir = receipts_dir(o);
	int err = dirs_make(o->root, dir + strlen(o->root), 0755);
	enum status status = err ? fail_errno(err, "%s", dir) : ST_OK;

	*name = make_name(o);
	if (!status)
		status = file_one(kernel, "receipt", dir, *name, SUFFIX);
	if (!status)
		status = file_one(kernel, "log", dir, *name, ".log");
	if (!status) {
		prune(o, dir, *name);
	} else {
		free(*name);
		*name = NULL;
	}
	free(dir);
	return status;
}
