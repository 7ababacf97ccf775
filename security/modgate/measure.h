/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Measurement: what a remote verifier needs to know about modgate.
 */
#ifndef _MODGATE_MEASURE_H
#define _MODGATE_MEASURE_H

#include <linux/fs.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/seq_file.h>
#include <linux/types.h>
#include "document.h"

#define MODGATE_RECORD_MAX 768		/* in bytes */

/**
 * struct modgate_log - what was measured in this boot
 * @lock: protects all below; numbers are read without it
 * @records: append only
 * @n_records: their number
 * @n_measured: how many of them are in the PCR
 * @n_errors: how many are not, or had no memory
 * @n_changed: how often the PCR had a value that modgate did not produce
 * @broken: -EIO once an event is missing from the PCR
 * @line: the record that is being made
 */
struct modgate_log {
	struct mutex lock;	/* of all below */
	struct list_head records;
	u32 n_records;
	u32 n_measured;
	u32 n_errors;
	u32 n_changed;
	int broken;
	char line[MODGATE_RECORD_MAX];
};

#if IS_ENABLED(CONFIG_KUNIT)
void *modgate_log_alloc(size_t size);
__printf(3, 4) int modgate_log_add(struct modgate_log *log, const char *event,
				   const char *format, ...);
#endif

void modgate_measure_boot(void);
int modgate_measure_document(const char *what,
			     const struct modgate_document *doc,
			     const u8 *digest, u64 counter);
void modgate_measure_sealed(const char *by);
void modgate_measure_closed(u32 lines, const u8 *hash);
void modgate_measure_lost(u32 lines);
int modgate_measure_module(const char *text);
bool modgate_measure_broken(void);
void modgate_measure_pcr_show(struct seq_file *m);
void modgate_measure_show(struct seq_file *m);
extern const struct file_operations modgate_log_fops;

#endif /* _MODGATE_MEASURE_H */
