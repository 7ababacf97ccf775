// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel's files below securityfs modgate/, as
 * Documentation/ABI/testing/securityfs-modgate describes them.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base.h"
#include "kernel.h"

/* The ring holds 256 lines of at most a few kilobytes each. */
#define KERNEL_FILE_MAX (16U << 20)

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if ((c | 32) >= 'a' && (c | 32) <= 'f')
		return (c | 32) - 'a' + 10;
	return -1;
}

/* Undo \xHH in place; an escaped zero byte stays escaped. */
static void decode(char *s)
{
	char *to = s;

	for (; *s; s++) {
		int high = -1, low = -1;

		if (s[0] == '\\' && s[1] == 'x') {
			high = hex_value(s[2]);
			low = high < 0 ? -1 : hex_value(s[3]);
		}
		if (low < 0 || !(high | low)) {
			*to++ = *s;
			continue;
		}
		*to++ = high << 4 | low;
		s += 3;
	}
	*to = '\0';
}

static void record_add(struct record *r, const char *pair, size_t size)
{
	const char *equals = memchr(pair, '=', size);
	char *value;

	if (!equals)
		return;
	value = fmt("%.*s", (int)(size - (equals - pair) - 1), equals + 1);
	decode(value);
	r->keys = xgrow(r->keys, r->n, sizeof(*r->keys));
	r->values = xgrow(r->values, r->n, sizeof(*r->values));
	r->keys[r->n] = fmt("%.*s", (int)(equals - pair), pair);
	r->values[r->n++] = value;
}

/**
 * record_parse() - parse key=value pairs
 * @record: to be freed
 * @text: one record
 * @separator: separator between pairs, blank or newline
 */
void record_parse(struct record *record, const char *text, char separator)
{
	memset(record, 0, sizeof(*record));
	while (*text) {
		const char *end = strchrnul(text, separator);

		record_add(record, text, end - text);
		text = *end ? end + 1 : end;
	}
}

void record_free(struct record *record)
{
	size_t i;

	for (i = 0; i < record->n; i++) {
		free(record->keys[i]);
		free(record->values[i]);
	}
	free(record->keys);
	free(record->values);
	memset(record, 0, sizeof(*record));
}

/* The same for JSON, "-" as null. */
struct json_object *record_json(const struct record *record)
{
	struct json_object *j = json_object_new_object();
	size_t i;

	for (i = 0; i < record->n; i++)
		json_str(j, record->keys[i], strcmp(record->values[i], "-") ?
			 record->values[i] : NULL);
	return j;
}

/* The value of @key; NULL if it is missing or "-". */
const char *record_get(const struct record *record, const char *key)
{
	size_t i;

	for (i = 0; i < record->n; i++)
		if (!strcmp(record->keys[i], key))
			return strcmp(record->values[i], "-") ?
			       record->values[i] : NULL;
	return NULL;
}

/* Does the key exist, even with value "-"? Only root sees all keys. */
bool record_has(const struct record *record, const char *key)
{
	size_t i;

	for (i = 0; i < record->n; i++)
		if (!strcmp(record->keys[i], key))
			return true;
	return false;
}

bool record_is(const struct record *record, const char *key, const char *value)
{
	const char *found = record_get(record, key);

	return found && !strcmp(found, value);
}

unsigned long long record_number(const struct record *record, const char *key)
{
	unsigned long long value;

	return number_parse(record_get(record, key), &value) ? value : 0;
}

bool record_digest(const struct record *record, const char *key,
		   __u8 digest[MODGATE_DIGEST_SIZE])
{
	return digest_parse(digest, record_get(record, key));
}

/* 0 or a negative errno. */
static int read_file(const struct kernel *k, const char *file, char **text)
{
	char *path = fmt("%s/%s", k->dir, file);
	size_t size;
	void *data;
	int err = file_read(path, KERNEL_FILE_MAX, &data, &size);

	*text = err ? NULL : data;
	free(path);
	return err;
}

/* A problem with one file makes all of them unusable; keep the first problem. */
static void spoil(struct kernel *k, const char *file, const char *what)
{
	if (!k->problem)
		k->problem = fmt("%s/%s: %s", k->dir, file, what);
	k->present = false;
}

/* The text, or NULL if it is missing or not readable. The caller frees it. */
static char *read_text(struct kernel *k, const char *file)
{
	char *text;
	int err = read_file(k, file, &text);

	if (err && err != -EACCES && err != -EPERM)
		spoil(k, file, strerror(-err));
	return text;
}

static struct record *read_lines(struct kernel *k, const char *file, size_t *n)
{
	struct record *records = NULL;
	char *text = read_text(k, file), *rest = text, *line;

	*n = 0;
	while (text && (line = strsep(&rest, "\n"))) {
		if (!*line)
			continue;
		records = xgrow(records, *n, sizeof(*records));
		record_parse(&records[(*n)++], line, ' ');
	}
	free(text);
	return records;
}

/* If the folder exists, the kernel has modgate. */
static bool find_folder(struct kernel *k)
{
	struct stat st;

	if (stat(k->dir, &st)) {
		if (errno != ENOENT && errno != ENOTDIR)
			spoil(k, "", strerror(errno));
		return false;
	}
	if (!S_ISDIR(st.st_mode))
		spoil(k, "", "not a folder");
	return !k->problem;
}

/**
 * kernel_read_state() - read what any user may read
 * @kernel: filled in; to be freed
 * @o: options
 */
void kernel_read_state(struct kernel *kernel, const struct options *o)
{
	char *text;

	memset(kernel, 0, sizeof(*kernel));
	if (o->securityfs)
		kernel->dir = fmt("%s/modgate", o->securityfs);
	else
		kernel->dir = fmt("%s/sys/kernel/security/modgate", o->root);
	if (!find_folder(kernel))
		return;
	kernel->present = true;
	text = read_text(kernel, "state");
	if (text)
		record_parse(&kernel->state, text, '\n');
	free(text);
	if (!record_get(&kernel->state, "state"))
		spoil(kernel, "state", "may not be read, or does not say state=");
}

/* Read all files; what only root may read stays empty for other users. */
void kernel_read(struct kernel *kernel, const struct options *o)
{
	char *text;

	kernel_read_state(kernel, o);
	/* Its last line is shown only to readers who may read the other files too. */
	if (!kernel->present || !record_has(&kernel->state, "error"))
		return;
	text = read_text(kernel, "policy");
	if (!text)
		return;
	record_parse(&kernel->policy, text, '\n');
	free(text);
	kernel->privileged = true;
	kernel->lists = read_lines(kernel, "lists", &kernel->n_lists);
	kernel->events = read_lines(kernel, "events", &kernel->n_events);
}

/* Is this a recovery boot in which no document has been accepted yet? */
bool kernel_in_recovery(const struct kernel *kernel)
{
	return record_is(&kernel->state, "boot-kind", "recovery") &&
	       record_is(&kernel->state, "state", "boot") &&
	       !record_is(&kernel->state, "policy", "yes");
}

/* Does this kernel's configuration let root force a module in ("load") or out ("unload")? */
bool kernel_forces(const struct kernel *kernel, const char *what)
{
	const char *force = dash(record_get(&kernel->state, "force"));
	size_t size = strlen(what);

	while (*force) {
		size_t n = strcspn(force, ",");

		if (n == size && !strncmp(force, what, n))
			return true;
		force += force[n] ? n + 1 : n;
	}
	return false;
}

/* Does the local policy in force have the flag auto-close? */
bool policy_closes(const struct kernel *kernel)
{
	const char *flags = record_get(&kernel->policy, "flags");

	return flags && strstr(flags, "auto-close");
}

/* Report that the kernel has no modgate, and what to do; or that its files are invalid. */
enum status kernel_missing(const struct kernel *kernel)
{
	char *lsm;
	enum status status;
	size_t size;
	void *data;

	if (kernel->problem)
		return fail(ST_CORRUPT,
			    "%s: the kernel's modgate cannot be understood; what it enforces stays as it is",
			    kernel->problem);
	lsm = fmt("%.*slsm", (int)(strlen(kernel->dir) - strlen("modgate")), kernel->dir);

	if (file_read(lsm, 4096, &data, &size)) {
		status = fail(ST_NO_MODGATE,
			      "the kernel has no modgate: %s is missing, and %s too: securityfs is not mounted there",
			      kernel->dir, lsm);
	} else {
		status = fail(ST_NO_MODGATE,
			      "the kernel has no modgate: %s is missing; build it with CONFIG_SECURITY_MODGATE and add modgate to lsm= (active: %s)",
			      kernel->dir, (char *)data);
		free(data);
	}
	free(lsm);
	return status;
}

/* If the refused loads cannot be read, say why. */
enum status kernel_need_events(const struct kernel *kernel)
{
	if (!kernel->present)
		return kernel_missing(kernel);
	if (!kernel->privileged)
		return fail(ST_PRIVILEGE, "%s/events: may not be read; try as root",
			    kernel->dir);
	return ST_OK;
}

void kernel_free(struct kernel *kernel)
{
	size_t i;

	record_free(&kernel->state);
	record_free(&kernel->policy);
	for (i = 0; i < kernel->n_lists; i++)
		record_free(&kernel->lists[i]);
	for (i = 0; i < kernel->n_events; i++)
		record_free(&kernel->events[i]);
	free(kernel->lists);
	free(kernel->events);
	free(kernel->problem);
	free(kernel->dir);
	memset(kernel, 0, sizeof(*kernel));
}

/**
 * kernel_write() - write to one of the kernel's files, in exactly one write(2)
 * @kernel: as read
 * @file: name of the file
 * @data: what to write
 * @size: of @data, in bytes
 *
 * Return: 0 or a negative errno.
 */
int kernel_write(const struct kernel *kernel, const char *file,
		 const void *data, size_t size)
{
	char *path = fmt("%s/%s", kernel->dir, file);
	int fd = open(path, O_WRONLY | O_CLOEXEC), err = 0;
	ssize_t n;

	free(path);
	if (fd < 0)
		return -errno;
	n = write(fd, data, size);
	if (n < 0)
		err = -errno;
	else if ((size_t)n != size)
		err = -EIO;
	close(fd);
	return err;
}

/* Refuse a digest from now on; 0 or a negative errno, -ENODEV without modgate. */
int kernel_revoke(const struct kernel *kernel, const __u8 *digest)
{
	char hex[HEX_SIZE];

	if (!kernel->present)
		return -ENODEV;
	digest_hex(hex, digest);
	return kernel_write(kernel, "revoke", hex, strlen(hex));
}

/* The line of an authority, or NULL. */
const struct record *kernel_list(const struct kernel *kernel,
				 const __u8 *authority)
{
	__u8 digest[MODGATE_DIGEST_SIZE];
	size_t i;

	for (i = 0; i < kernel->n_lists; i++)
		if (record_digest(&kernel->lists[i], "authority", digest) &&
		    !memcmp(digest, authority, sizeof(digest)))
			return &kernel->lists[i];
	return NULL;
}

/* The current error= of state; NULL if none; the caller frees it. */
char *kernel_error(const struct kernel *kernel)
{
	char *text, *error = NULL;
	struct record state;

	if (read_file(kernel, "state", &text))
		return NULL;
	record_parse(&state, text, '\n');
	if (record_get(&state, "error"))
		error = xstrdup(record_get(&state, "error"));
	record_free(&state);
	free(text);
	return error;
}
