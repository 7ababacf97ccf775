// SPDX-License-Identifier: GPL-2.0-only
/*
 * A third-party module that uses modgate_test_one.
 */
#include <linux/init.h>
#include <linux/module.h>

#include "modgate_test.h"

static int __init modgate_test_init(void)
{
	modgate_test_use();
	return 0;
}
module_init(modgate_test_init);

static void __exit modgate_test_exit(void)
{
}
module_exit(modgate_test_exit);

MODULE_DESCRIPTION("Test module for modgate that uses module one");
MODULE_LICENSE("GPL");
