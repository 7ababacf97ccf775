/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * securityfs.
 */
#ifndef _MODGATE_FS_H
#define _MODGATE_FS_H

int modgate_fs_init(void);

#endif /* _MODGATE_FS_H */
