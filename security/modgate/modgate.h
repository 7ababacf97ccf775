/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The prefix of log messages. Included last, since kernel headers define pr_fmt() too.
 */
#ifndef _MODGATE_H
#define _MODGATE_H

#include <linux/printk.h>

#undef pr_fmt
#define pr_fmt(fmt) "modgate: " fmt

#endif /* _MODGATE_H */
