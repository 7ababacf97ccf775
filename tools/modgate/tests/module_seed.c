// SPDX-License-Identifier: GPL-2.0-only
/*
 * Seed of the fuzzer of module_name.c: an object with the two sections that name
 * a module, as small as that of no kernel.
 */
__attribute((used, section(".gnu.linkonce.this_module")))
static struct {
	char before[24];
	char name[56];
	char behind[48];
} self = { .name = "sample" };

__attribute((used, section(".modinfo"), aligned(1)))
static const char info[] = "license=GPL\0name=sample\0depends=";
