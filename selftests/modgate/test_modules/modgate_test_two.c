// SPDX-License-Identifier: GPL-2.0-only
/*
 * A third-party module that does nothing but load and unload, or fails if it is
 * told to.
 */
#include <linux/init.h>
#include <linux/module.h>
#include <linux/moduleparam.h>

static int fail;
module_param(fail, int, 0444);
MODULE_PARM_DESC(fail, "errno that its init function returns");

static int __init modgate_test_init(void)
{
	return -fail;
}
module_init(modgate_test_init);

static void __exit modgate_test_exit(void)
{
}
module_exit(modgate_test_exit);

MODULE_DESCRIPTION("Test module two for modgate");
MODULE_LICENSE("GPL");
