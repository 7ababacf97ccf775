/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The machine's name.
 */
#ifndef _MODGATE_MACHINE_H
#define _MODGATE_MACHINE_H

#include <linux/types.h>
#include <linux/modgate.h>

/* Where the name comes from. */
enum modgate_machine {
	MODGATE_MACHINE_NONE,
	MODGATE_MACHINE_TPM,
	MODGATE_MACHINE_KEY,
	MODGATE_MACHINE_DMI,
};

extern const char *const modgate_machine_names[];

int modgate_machine_by_key(const u8 *key, size_t size, u8 *name);
int modgate_machine_by_uuid(const char *uuid, u8 *name);
void modgate_machine_init(void);
enum modgate_machine modgate_machine_name(u8 *name, bool anew);
int modgate_machine_check(const u8 *wanted, bool policy, const char **rule);

#endif /* _MODGATE_MACHINE_H */
