/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reads a module's name from its ELF image; shared by the kernel and the fuzzer.
 */
#ifndef _MODGATE_MODULE_NAME_H
#define _MODGATE_MODULE_NAME_H

#ifdef __KERNEL__
#include <linux/types.h>
#else
#include <stdbool.h>
#include <stddef.h>
#endif

/**
 * struct modgate_module_layout - layout of the kernel's struct module
 * @size: of it, in bytes
 * @name_offset: offset of its name, in bytes
 * @name_size: size of the name, in bytes, with the terminating NUL
 */
struct modgate_module_layout {
	size_t size;
	size_t name_offset;
	size_t name_size;
};

const char *modgate_module_name(const void *module, size_t size,
				const struct modgate_module_layout *layout,
				char *name);

#endif /* _MODGATE_MODULE_NAME_H */
