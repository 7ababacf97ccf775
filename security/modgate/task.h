/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What modgate remembers with a task.
 */
#ifndef _MODGATE_TASK_H
#define _MODGATE_TASK_H

#include <linux/lsm_hooks.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/types.h>
#include <linux/modgate.h>

struct modgate_line;

/**
 * struct modgate_task - what modgate remembers with a task
 * @vouched: the buffer of a module that the owner approved, until it is used
 * @digest: of the module being loaded, if @digested
 * @content: of it without its signature, likewise
 * @name: that the module must come up with; empty if its file does not tell
 * @line: its line of the receipt; NULL for a system module, or if it has none
 * @reason: of the verdict on it, MODGATE_REASON_*
 * @authority: whose list allowed it, SHA-384 of the certificate; or NULL
 * @permanent: that list says that it may not be unloaded
 * @until_closed: it is allowed only as long as the gate is open
 * @judged: a module was allowed and has not come up yet
 * @digested: its digests were needed
 * @judging: the task is inside a verdict
 */
struct modgate_task {
	const void *vouched;
	u8 digest[MODGATE_DIGEST_SIZE];
	u8 content[MODGATE_DIGEST_SIZE];
	char name[MODULE_NAME_LEN];
	struct modgate_line *line;
	const char *reason;
	const u8 *authority;
	bool permanent;
	bool until_closed;
	bool judged;
	bool digested;
	bool judging;
};

/* The security module has been initialised; else no task has a struct modgate_task. */
extern bool modgate_enabled;
extern struct lsm_blob_sizes modgate_blobs;

/**
 * modgate_task() - what modgate remembers with a task
 * @task: the task; only its owner changes it, so no lock
 *
 * Return: the task's blob. Only valid if modgate is enabled.
 */
static inline struct modgate_task *modgate_task(const struct task_struct *task)
{
	return task->security + modgate_blobs.lbs_task;
}

void modgate_task_forget(struct modgate_task *task);

#endif /* _MODGATE_TASK_H */
