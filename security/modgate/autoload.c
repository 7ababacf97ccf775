// SPDX-License-Identifier: GPL-2.0-only
/*
 * Modules that the kernel requests itself.
 */
#include <linux/errno.h>
#include "autoload.h"
#include "task.h"

/**
 * modgate_kernel_module_request() - may the kernel request a module?
 * @name: the requested name
 *
 * A signature names its algorithms, and looking up one that the kernel lacks requests a
 * module. During a verdict, the signer must not be able to trigger that.
 *
 * Return: 0; -EPERM.
 */
int modgate_kernel_module_request(char *name)
{
	return modgate_task(current)->judging ? -EPERM : 0;
}
