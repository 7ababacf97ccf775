/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Digests written to revoke.
 */
#ifndef _MODGATE_REVOKE_H
#define _MODGATE_REVOKE_H

#include <linux/types.h>

int modgate_revoke(const u8 *digest);
bool modgate_is_revoked(const u8 *digest);
u32 modgate_revoked_count(void);

#endif /* _MODGATE_REVOKE_H */
