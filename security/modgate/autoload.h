/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Modules that the kernel requests itself.
 */
#ifndef _MODGATE_AUTOLOAD_H
#define _MODGATE_AUTOLOAD_H

int modgate_kernel_module_request(char *name);

#endif /* _MODGATE_AUTOLOAD_H */
