// SPDX-License-Identifier: GPL-2.0-only
/*
 * Per-task data: the module that the task is loading, from the verdict until the module
 * is set up.
 */
#include <linux/cache.h>
#include "task.h"

bool modgate_enabled __ro_after_init;

struct lsm_blob_sizes modgate_blobs __ro_after_init = {
	.lbs_task = sizeof(struct modgate_task),
};

/**
 * modgate_task_forget() - forget the module: it was set up, or will not be
 * @task: the current task's
 */
void modgate_task_forget(struct modgate_task *task)
{
	task->vouched = NULL;
	task->judged = false;
	task->digested = false;
	task->name[0] = 0;
	task->line = NULL;
	task->reason = NULL;
	task->authority = NULL;
	task->permanent = false;
	task->until_closed = false;
}
