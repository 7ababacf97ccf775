// SPDX-License-Identifier: GPL-2.0-only
/*
 * modgate watch: what was refused, and then what is, as it happens.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base.h"
#include "kernel.h"
#include "motd.h"
#include "programs.h"

#define RING_MAX (16U << 20)	/* in bytes */
#define PAUSE 200	/* milliseconds: a flood is told in its counts */
#define COPY_PAUSE 1000	/* likewise, between two looks at what is not the kernel's */

enum { EVENTS, SIGNALS, DOCUMENTS, OUTPUT, FDS };

/* A line of the ring as it was read last. */
struct seen {
	unsigned long long seq;
	unsigned long long count;
};

struct watch {
	const struct options *o;
	const char *motd;	/* path of the message, or NULL */
	bool stale;		/* the message may be */
	bool only_new;
	bool begun;		/* the ring was read before */
	unsigned long long last;	/* highest seq */
	struct seen *seen;
	size_t n_seen;
	struct pollfd fds[FDS];
};

static void watch_show(const struct record *e, bool repeat)
{
	const char *op = record_get(e, "op");
	const char *name = op && strcmp(op, "module") ? op : record_get(e, "name");
	bool denied = record_is(e, "verdict", "deny");
	char *last = event_clock(e, "last");

	say("%s  %s %s: %s, %s, %s%s time(s), by %s (pid %s, uid %s), %s, digest %.16s\n",
	    last, dash(record_get(e, "seq")), dash(name),
	    denied ? "refused" : "would be refused", dash(record_get(e, "reason")),
	    repeat ? "by now " : "", dash(record_get(e, "count")),
	    dash(record_get(e, "comm")), dash(record_get(e, "pid")),
	    dash(record_get(e, "uid")), dash(record_get(e, "path")),
	    dash(record_get(e, "digest")));
	free(last);
}

static void watch_tell(const struct watch *w, const struct record *e, bool repeat)
{
	struct json_object *j;

	if (!w->o->json) {
		watch_show(e, repeat);
		return;
	}
	j = json_object_new_object();
	json_num(j, "seq", record_number(e, "seq"));
	json_str(j, "op", record_get(e, "op"));
	json_str(j, "name", record_get(e, "name"));
	json_str(j, "digest", record_get(e, "digest"));
	event_json(j, e);
	json_yes(j, "repeat", repeat);
	json_print(j, JSON_C_TO_STRING_PLAIN);
}

static void tell_lost(const struct watch *w, unsigned long long n)
{
	struct json_object *j;

	if (!w->o->json) {
		say("%llu event(s) are lost: newer ones have taken their place\n", n);
		return;
	}
	j = json_object_new_object();
	json_num(j, "lost", n);
	json_print(j, JSON_C_TO_STRING_PLAIN);
}

static unsigned long long count_before(const struct watch *w, unsigned long long seq)
{
	size_t i;

	for (i = 0; i < w->n_seen; i++)
		if (w->seen[i].seq == seq)
			return w->seen[i].count;
	return 0;
}

static void take(struct watch *w, const struct record *e)
{
	unsigned long long seq = record_number(e, "seq");
	bool quiet = w->only_new && !w->begun, repeat = seq <= w->last;

	if (!seq || (repeat && record_number(e, "count") == count_before(w, seq)))
		return;
	if (seq > w->last + 1 && !quiet)
		tell_lost(w, seq - w->last - 1);
	if (!quiet)
		watch_tell(w, e, repeat);
	if (!repeat) {
		w->last = seq;
		w->stale = true;
	}
}

static void take_all(struct watch *w, char *text)
{
	struct seen *seen = NULL;
	char *rest = text, *line;
	size_t n = 0;

	while ((line = strsep(&rest, "\n"))) {
		struct record e;

		if (!*line)
			continue;
		record_parse(&e, line, ' ');
		take(w, &e);
		seen = xgrow(seen, n, sizeof(*seen));
		seen[n].seq = record_number(&e, "seq");
		seen[n++].count = record_number(&e, "count");
		record_free(&e);
	}
	free(w->seen);
	w->seen = seen;
	w->n_seen = n;
	w->begun = true;
}

/* From its start, which is what makes it tell of what comes later. */
static int read_events(struct watch *w)
{
	size_t size;
	void *data;
	int err;

	if (lseek(w->fds[EVENTS].fd, 0, SEEK_SET) < 0)
		return -errno;
	err = file_read_open(w->fds[EVENTS].fd, RING_MAX, &data, &size);
	if (err)
		return err;
	take_all(w, data);
	free(data);
	return 0;
}

/*
 * An approval changes the message, too; the folder may have come only now. A repeat
 * does not, and whoever makes one after the other would have all documents and pending
 * modules read again each time.
 */
static void write_motd(struct watch *w)
{
	static const char *const names[] = { "", "/staged", "/active" };
	char buffer[4096];
	size_t i;

	if (!w->motd || !w->stale)
		return;
	w->stale = false;
	while (read(w->fds[DOCUMENTS].fd, buffer, sizeof(buffer)) > 0)
		;
	for (i = 0; i < ARRAY_SIZE(names); i++) {
		char *dir = fmt("%s/etc/modgate%s", w->o->root, names[i]);

		inotify_add_watch(w->fds[DOCUMENTS].fd, dir, IN_MOVED_TO | IN_CREATE |
				  IN_DELETE);
		free(dir);
	}
	motd_write(w->o, w->motd);
}

/* A file elsewhere does not tell when it changes. */
static int how_long(const struct watch *w)
{
	struct statfs fs;

	return !fstatfs(w->fds[EVENTS].fd, &fs) && fs.f_type == SECURITYFS_MAGIC ?
	       -1 : COPY_PAUSE;
}

static enum status follow(struct watch *w)
{
	struct pollfd *fds = w->fds;
	int timeout = how_long(w), err;

	while (!fds[SIGNALS].revents && !fds[OUTPUT].revents) {
		err = read_events(w);
		if (err)
			return fail_errno(-err, "events");
		if (!say_flush())
			break;
		write_motd(w);
		if (poll(&fds[SIGNALS], 1, PAUSE) > 0)
			break;
		while (poll(fds, FDS, timeout) < 0 && errno == EINTR)
			;
		w->stale |= fds[DOCUMENTS].revents;
	}
	return ST_OK;
}

static enum status open_all(struct watch *w, const struct kernel *kernel)
{
	char *path = fmt("%s/events", kernel->dir);
	enum status status = ST_OK;
	sigset_t set;

	w->fds[EVENTS].fd = open(path, O_RDONLY | O_CLOEXEC);
	w->fds[EVENTS].events = POLLPRI;
	if (w->fds[EVENTS].fd < 0)
		status = fail_errno(errno, "%s", path);
	free(path);
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	w->fds[SIGNALS].fd = signalfd(-1, &set, SFD_CLOEXEC);
	w->fds[SIGNALS].events = POLLIN;
	w->fds[DOCUMENTS].fd = w->motd ? inotify_init1(IN_CLOEXEC | IN_NONBLOCK) : -1;
	w->fds[DOCUMENTS].events = POLLIN;
	/* Asked for nothing, it tells when its reader is gone. */
	w->fds[OUTPUT].fd = STDOUT_FILENO;
	return status;
}

static enum status watch(struct watch *w)
{
	struct kernel kernel;
	enum status status;
	size_t i;

	for (i = 0; i < FDS; i++)
		w->fds[i].fd = -1;
	kernel_read(&kernel, w->o);
	status = kernel_need_events(&kernel);
	if (!status)
		status = open_all(w, &kernel);
	if (!status)
		status = follow(w);
	/* Nobody would bring it up to date any more. */
	if (w->motd && w->begun)
		file_remove(w->motd);
	for (i = 0; i < OUTPUT; i++)
		if (w->fds[i].fd >= 0)
			close(w->fds[i].fd);
	free(w->seen);
	kernel_free(&kernel);
	return status;
}

static enum status watch_run(int argc, char **argv, struct options *o)
{
	static const struct option options[] = {
		{ "new", no_argument, NULL, 'n' },
		{ "motd", required_argument, NULL, 'm' },
		{ 0 }
	};
	struct watch w = { .o = o, .stale = true };
	int c;

	while ((c = next_option(argc, argv, options, o)) != -1) {
		if (c == 'n')
			w.only_new = true;
		else if (c == 'm')
			w.motd = optarg;
		else
			return ST_USAGE;
	}
	if (optind != argc)
		return usage("%s: watch takes no arguments", argv[optind]);
	return watch(&w);
}

const struct verb verb_watch = {
	.name = "watch",
	.summary = "Show what was refused, and what is as it happens, until it is ended",
	.usage = "[--new] [--motd=FILE]",
	.run = watch_run,
};
