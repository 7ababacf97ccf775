/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The verbs.
 */
#ifndef _MODGATE_PROGRAMS_H
#define _MODGATE_PROGRAMS_H

#include <getopt.h>

#include "base.h"

/**
 * struct verb - one of the tool's commands
 * @name: as typed
 * @summary: what it does, in a line
 * @usage: its own options and arguments
 * @run: does it; @argv[0] is the verb
 */
struct verb {
	const char *name;
	const char *summary;
	const char *usage;
	enum status (*run)(int argc, char **argv, struct options *o);
};

extern const struct verb verb_approve;
extern const struct verb verb_ban;
extern const struct verb verb_baseline;
extern const struct verb verb_boot;
extern const struct verb verb_diff;
extern const struct verb verb_doctor;
extern const struct verb verb_init;
extern const struct verb verb_key;
extern const struct verb verb_list;
extern const struct verb verb_mode;
extern const struct verb verb_pending;
extern const struct verb verb_rebuild;
extern const struct verb verb_receipt;
extern const struct verb verb_recovery;
extern const struct verb verb_restart;
extern const struct verb verb_revoke;
extern const struct verb verb_status;
extern const struct verb verb_verify;
extern const struct verb verb_watch;
extern const struct verb verb_why;

int next_option(int argc, char **argv, const struct option *own,
		struct options *o);
enum status usage(const char *format, ...) __printf(1, 2);

#endif /* _MODGATE_PROGRAMS_H */
