/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kind of boot, and protection of early boot.
 */
#ifndef _MODGATE_EARLY_H
#define _MODGATE_EARLY_H

#include <linux/fs.h>
#include <linux/types.h>

extern bool modgate_recovery;

static inline const char *modgate_boot_kind(void)
{
	return modgate_recovery ? "recovery" : "normal";
}

bool modgate_starting(void);
int modgate_refuse_early(const char *what, struct file *file);
const char *modgate_acpi_tables(void);

#endif /* _MODGATE_EARLY_H */
