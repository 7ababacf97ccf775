/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the rest of the kernel asks modgate.
 */
#ifndef _LINUX_MODGATE_H
#define _LINUX_MODGATE_H

#include <linux/types.h>
#include <uapi/linux/modgate.h>

#if defined(CONFIG_SECURITY_MODGATE) && defined(CONFIG_ACPI_TABLE_UPGRADE)
bool modgate_refuses_acpi_tables(void);
#else
static inline bool modgate_refuses_acpi_tables(void)
{
	return false;
}
#endif

#endif /* _LINUX_MODGATE_H */
