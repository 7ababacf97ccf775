/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The hooks.
 */
#ifndef _MODGATE_HOOKS_H
#define _MODGATE_HOOKS_H

#include <linux/fs.h>
#include <linux/lsm_hooks.h>
#include <linux/types.h>

int modgate_hooks_init(const struct lsm_id *id);
#if IS_ENABLED(CONFIG_KUNIT)
int modgate_judge(const void *bytes, size_t size, struct file *file);
#endif

#endif /* _MODGATE_HOOKS_H */
