/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The PCRs of the boot chain: which they are, and what each covers.
 */
#ifndef _MODGATE_BOOT_CHAIN_H
#define _MODGATE_BOOT_CHAIN_H

#include "tpm.h"

/* Firmware and loader 0 to 9, unified kernel images 11, shim 14. */
#define BOOT_CHAIN (0x3ffU | 1U << 11 | 1U << 14)
/* Without the one nothing tells the kernel, nor without all others its command line. */
#define BOOT_CHAIN_LOADER 4
#define BOOT_CHAIN_LOADED 0xb00U		/* 8, 9, 11 */

const char *pcr_covers(unsigned int pcr);
char *pcr_numbers(__u32 mask);
bool pcr_is_idle(const struct pcr_set *set, unsigned int pcr);

/* as JSON */
const char *pcr_bank_name(__u16 bank);
bool pcr_bank_take(struct json_object *j, struct pcr_set *set);
struct json_object *pcrs_json(const struct pcr_set *set, __u32 mask);
bool pcrs_take(struct json_object *j, struct pcr_set *set);

#endif /* _MODGATE_BOOT_CHAIN_H */
