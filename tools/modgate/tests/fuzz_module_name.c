// SPDX-License-Identifier: GPL-2.0-only
/*
 * libFuzzer target: the reader of a module's name, with the layout of the seed
 * in module_seed.c.
 */
#include <stdlib.h>
#include <string.h>

#include "module_name.h"

/* Part of libFuzzer's interface. */
int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	static const struct modgate_module_layout layout = { 128, 24, 56 };
	/* Exactly as large as they are, so that one byte too many is seen. */
	void *bytes = malloc(size ? size : 1);
	char *name = malloc(layout.name_size);

	if (bytes && name) {
		memcpy(bytes, data, size);
		memset(name, 'x', layout.name_size);
		if (!modgate_module_name(bytes, size, &layout, name) &&
		    (!*name || !memchr(name, 0, layout.name_size)))
			abort();
	}
	free(bytes);
	free(name);
	return 0;
}
