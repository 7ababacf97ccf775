// SPDX-License-Identifier: GPL-2.0-only
/*
 * Modules that the kernel itself asks for.
 */
#include <linux/errno.h>
#include "autoload.h"
#include "task.h"

/**
 * modgate_kernel_module_request() - may the kernel ask for a module?
 * @name: what it would ask for
 *
 * A signature names its algorithms, and looking for one that the kernel lacks
 * asks for a module. Inside a verdict that is the signer's wish, not ours.
 *
 * Return: 0; -EPERM.
 */
int modgate_kernel_module_request(char *name)
{
	return modgate_task(current)->judging ? -EPERM : 0;
}
