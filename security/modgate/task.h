/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Per-task data.
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
 * @vouched: buffer of a module that the owner approved, until the loader uses it
 * @digest: of the module being loaded, if @digested
 * @content: of it without its signature, likewise
 * @name: name that the module must be set up with; empty if its file has none
 * @line: its receipt line; NULL for a system module, or if it has none
 * @reason: of the verdict on it, MODGATE_REASON_*
 * @authority: whose list allowed it, SHA-384 of the certificate; or NULL
 * @permanent: its list says that it must not be unloaded
 * @until_closed: it is allowed only while the gate is open
 * @judged: a module was allowed and is not set up yet
 * @digested: @digest and @content are valid
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

/* True once the LSM is initialised; until then no task has a struct modgate_task. */
extern bool modgate_enabled;
extern struct lsm_blob_sizes modgate_blobs;

/**
 * modgate_task() - what modgate remembers with a task
 * @task: the task; only the task itself changes its data, so there is no lock
 *
 * Return: the task's blob. Only valid if modgate is enabled.
 */
static inline struct modgate_task *modgate_task(const struct task_struct *task)
{
	return task->security + modgate_blobs.lbs_task;
}

void modgate_task_forget(struct modgate_task *task);

#endif /* _MODGATE_TASK_H */
