/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The ring of the latest refused loads.
 */
#ifndef _MODGATE_EVENTS_H
#define _MODGATE_EVENTS_H

#include <linux/fs.h>
#include <linux/seq_file.h>
#include <linux/types.h>
#include <linux/modgate.h>
#include "policy.h"

/**
 * struct modgate_event - a refused (or would-be-refused) load
 * @op: "module", "kexec" or "bpf"
 * @reason: MODGATE_REASON_*
 * @enforcing: whether it was refused
 * @digest: SHA-384 of the module, or NULL
 * @path: of the file, or NULL; its last component serves as the name
 */
struct modgate_event {
	const char *op;
	const char *reason;
	enum modgate_enforcing enforcing;
	const u8 *digest;
	const char *path;
};

void modgate_event_record(const struct modgate_event *event);
u64 modgate_event_total(void);
/* Flags and "only" for string_escape_mem(), to print strings from outside. */
#define MODGATE_ESCAPE (ESCAPE_HEX | ESCAPE_NAP | ESCAPE_APPEND)
#define MODGATE_ESCAPE_ALSO " \"\\="

void modgate_show_string(struct seq_file *m, const char *s);
extern const struct file_operations modgate_events_fops;
void modgate_name_of(const char *path, char name[MODGATE_NAME_SIZE]);

#endif /* _MODGATE_EVENTS_H */
