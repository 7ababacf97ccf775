// SPDX-License-Identifier: GPL-2.0-only
/*
 * A third-party module that does nothing but load and unload.
 */
#include <linux/init.h>
#include <linux/module.h>

static int __init modgate_test_init(void)
{
	return 0;
}
module_init(modgate_test_init);

static void __exit modgate_test_exit(void)
{
}
module_exit(modgate_test_exit);

MODULE_DESCRIPTION("Test module two for modgate");
MODULE_LICENSE("GPL");
