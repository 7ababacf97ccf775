// SPDX-License-Identifier: GPL-2.0-only
/*
 * A third-party module that does nothing but load and unload, and that another one
 * may use.
 */
#include <linux/init.h>
#include <linux/module.h>

#include "modgate_test.h"

void modgate_test_use(void)
{
}
EXPORT_SYMBOL_GPL(modgate_test_use);

static int __init modgate_test_init(void)
{
	return 0;
}
module_init(modgate_test_init);

static void __exit modgate_test_exit(void)
{
}
module_exit(modgate_test_exit);

MODULE_DESCRIPTION("Test module one for modgate");
MODULE_LICENSE("GPL");
