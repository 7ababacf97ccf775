// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel's events: which one a module has, whether an approval could change it, and
 * what it says, for people and as JSON.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base.h"
#include "kernel.h"
#include "table.h"

/**
 * event_clock() - when was that?
 * @event: a line of events
 * @key: "time" or "last", in seconds since power-on
 *
 * Return: the time of day, to be freed.
 */
char *event_clock(const struct record *event, const char *key)
{
	const char *uptime = record_get(event, key);
	struct timespec now, since;

	if (!uptime || clock_gettime(CLOCK_REALTIME, &now) ||
	    clock_gettime(CLOCK_BOOTTIME, &since))
		return xstrdup("-");
	return time_text(now.tv_sec - since.tv_sec + atoll(uptime));
}

/* What was refused, how often, when, and who asked for it. */
void event_json(struct json_object *j, const struct record *event)
{
	char *first = event_clock(event, "time"), *last = event_clock(event, "last");

	json_str(j, "path", record_get(event, "path"));
	json_str(j, "verdict", record_get(event, "verdict"));
	json_str(j, "reason", record_get(event, "reason"));
	json_num(j, "count", record_number(event, "count"));
	json_str(j, "first", first);
	json_str(j, "last", last);
	json_str(j, "comm", record_get(event, "comm"));
	json_num(j, "pid", record_number(event, "pid"));
	json_num(j, "uid", record_number(event, "uid"));
	free(first);
	free(last);
}

/* Is it a module that an approval could have load? */
bool event_is_pending(const struct record *event)
{
	const char *reason = record_get(event, "reason");

	return record_is(event, "op", "module") && reason &&
	       table_approval_helps(reason);
}

/* The latest event about a module, or NULL. */
const struct record *event_for(const struct kernel *kernel,
			       const __u8 *digest)
{
	__u8 found[MODGATE_DIGEST_SIZE];
	size_t i;

	for (i = kernel->n_events; i > 0; i--)
		if (record_is(&kernel->events[i - 1], "op", "module") &&
		    record_digest(&kernel->events[i - 1], "digest", found) &&
		    !memcmp(found, digest, sizeof(found)))
			return &kernel->events[i - 1];
	return NULL;
}

/**
 * event_path() - where the file was that an event is about
 * @event: a line of events
 * @o: options
 *
 * Return: its path below the root folder, to be freed; NULL if the event names none.
 */
char *event_path(const struct record *event, const struct options *o)
{
	const char *path = record_get(event, "path");

	return path && *path == '/' ? fmt("%s%s", o->root, path) : NULL;
}
