/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What all files share that print something; included last, since headers of the
 * kernel's have a pr_fmt() of their own.
 */
#ifndef _MODGATE_H
#define _MODGATE_H

#include <linux/printk.h>

#undef pr_fmt
#define pr_fmt(fmt) "modgate: " fmt

#endif /* _MODGATE_H */
