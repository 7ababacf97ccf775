// SPDX-License-Identifier: GPL-2.0-only
/*
 * The message at login about modules that wait for a decision: a file that
 * pam_motd shows, and that is there only as long as there are any.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base.h"
#include "collection.h"
#include "kernel.h"
#include "module.h"
#include "motd.h"
#include "view.h"

#define NAMES_MAX 5
#define MOTD_MAX 65536	/* in bytes */

/* Their names, with ", " in between, to be freed; and their number. */
static char *pending_names(const struct snapshot *snap, const struct options *o, size_t *n)
{
	char *release = kernel_release(), *text = xstrdup(""), *longer;
	struct states s;
	struct pending *p;
	size_t found, i;

	*n = 0;
	p = pending_find(&snap->kernel, &found);
	pending_resolve(p, found, o, release);
	states_read(&s, snap, o);
	for (i = 0; i < found; i++) {
		const char *reason, *name = record_get(p[i].event, "name");
		struct module m;

		pending_module(&m, o, &p[i]);
		if (state_of(&s, &m, &reason) == STATE_PENDING && ++*n <= NAMES_MAX) {
			longer = fmt("%s%s%s", text, *n > 1 ? ", " : "",
				     dash(name ? name : m.name));
			free(text);
			text = longer;
		}
		module_free(&m);
	}
	if (*n > NAMES_MAX) {
		longer = fmt("%s and %zu more", text, *n - NAMES_MAX);
		free(text);
		text = longer;
	}
	states_free(&s);
	pending_free(p, found);
	free(release);
	return text;
}

static bool stands_there(const char *path, const char *text)
{
	size_t size;
	void *data;
	bool same;

	if (file_read(path, MOTD_MAX, &data, &size))
		return false;
	same = size == strlen(text) && !memcmp(data, text, size);
	free(data);
	return same;
}

/* Only if it changes, since each write wakes up who watches the file. */
static void replace(const char *path, const char *text)
{
	const char *slash = strrchr(path, '/');
	char *dir;
	int err;

	if (stands_there(path, text))
		return;
	dir = slash ? fmt("%.*s", (int)(slash - path), path) : xstrdup(".");
	err = file_replace(dir, slash ? slash + 1 : path, text, strlen(text), 0644);
	if (err)
		fail_errno(-err, "%s", path);
	free(dir);
}

/**
 * motd_write() - bring the message up to date
 * @o: options
 * @path: of the file; it is removed if there is nothing to be told
 *
 * On a machine that is not provisioned nothing is asked of anybody.
 */
void motd_write(const struct options *o, const char *path)
{
	char *names, *text;
	struct snapshot snap;
	size_t n = 0;

	snapshot_read(&snap, o);
	names = pending_names(&snap, o, &n);
	if (n && record_is(&snap.kernel.state, "provisioned", "yes")) {
		text = say_text("modgate: %zu kernel module(s) wait for a decision: %s\n"
				"         See 'modgate pending'.\n", n, names);
		replace(path, text);
		free(text);
	} else {
		file_remove(path);
	}
	free(names);
	snapshot_free(&snap);
}
