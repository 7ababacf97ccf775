/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The receipt: which third-party modules have been in this kernel.
 */
#ifndef _MODGATE_RECEIPT_H
#define _MODGATE_RECEIPT_H

#include <linux/fs.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include "task.h"

#define MODGATE_RECEIPT_MAX 16384	/* lines; Documentation/ABI says so too */

/**
 * struct modgate_receipt - all modules that were allowed to load
 * @writers: held while a line is added, including its measurement by the TPM
 * @lock: protects all below; only holders of @writers add lines
 * @lines: append only
 * @n_lines: their number
 * @lost: number of modules that were allowed without a line
 * @hash: SHA-384 over the hash before and the text of the last line; at first
 *	  zero
 */
struct modgate_receipt {
	struct mutex writers;	/* one line at a time */
	spinlock_t lock;	/* of all below */
	struct list_head lines;
	u32 n_lines;
	u32 lost;
	u8 hash[MODGATE_DIGEST_SIZE];
};

#if IS_ENABLED(CONFIG_KUNIT)
int modgate_receipt_add(struct modgate_receipt *r,
			const struct modgate_task *task,
			struct modgate_line **line,
			int (*measure)(const char *text));
void modgate_receipt_up(struct modgate_receipt *r, struct modgate_line *line,
			const struct module *module, bool permanent);
void modgate_receipt_move(struct modgate_receipt *r, struct module *module,
			  unsigned long state);
#endif

int modgate_receipt_judged(const struct modgate_task *task,
			   struct modgate_line **line);
void modgate_receipt_coming(struct modgate_line *line,
			    const struct module *module, bool permanent);
void modgate_receipt_state(struct module *module, unsigned long state);
void modgate_receipt_lost(void);
void modgate_receipt_closed(void);
extern const struct file_operations modgate_receipt_fops;

#endif /* _MODGATE_RECEIPT_H */
