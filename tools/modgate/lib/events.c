// SPDX-License-Identifier: GPL-2.0-only
/*
 * What an event of the kernel says, for people and as JSON.
 */
#include <stdlib.h>
#include <time.h>

#include "module.h"

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
