/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A refusal.
 */
#ifndef _MODGATE_REFUSE_H
#define _MODGATE_REFUSE_H

#include <linux/fs.h>
#include <linux/types.h>

int modgate_refuse(const char *op, const char *reason, const u8 *digest, struct file *file);

#endif /* _MODGATE_REFUSE_H */
