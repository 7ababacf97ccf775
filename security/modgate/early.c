// SPDX-License-Identifier: GPL-2.0-only
/*
 * What kind of boot this is; and before the kernel is ready: until modgate has chosen
 * its TPM, measured its first record and looked at the anchor, nothing of an initramfs
 * that nobody may have verified runs or is read on a provisioned machine. Whoever came
 * first could put another TPM in place of the real one, or take that away.
 *
 * Usermode helpers (request_module() above all) run from rootfs_initcall on, drivers
 * that are built in ask for firmware, and ACPI tables in front of the initramfs are
 * taken long before there is any hook. What is compiled into the kernel
 * (CONFIG_EXTRA_FIRMWARE) does not come here.
 */
#include <kunit/static_stub.h>
#include <linux/cache.h>
#include <linux/fs.h>
#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/modgate.h>
#include <linux/slab.h>
#include <linux/string_helpers.h>
#include "anchor.h"
#include "early.h"
#include "modgate.h"

/* A boot to change documents in, as the boot chain says, and the PCR. */
bool modgate_recovery __ro_after_init;

/* Early, so that bootconfig cannot set it. No lists: no approvals, and no bans. */
static int __init parse_recovery(char *value)
{
	modgate_recovery = true;
	return 0;
}
early_param("modgate.recovery", parse_recovery);

/**
 * modgate_starting() - is the kernel not ready for anybody's programs and files?
 *
 * Ends with the initcalls, even if ours was taken out (initcall_blacklist= in
 * bootconfig): then no document is ever accepted, and the machine starts.
 *
 * Return: true if so; always false on a machine that is not provisioned.
 */
bool modgate_starting(void)
{
	KUNIT_STATIC_STUB_REDIRECT(modgate_starting);
	return system_state < SYSTEM_RUNNING && modgate_provisioned() &&
	       !modgate_anchor_settled();
}

/**
 * modgate_refuse_early() - refuse what comes before the kernel is ready, and say so
 * @what: "start" or "read"
 * @file: which, or NULL
 *
 * In the kernel's log alone: it happens in ordinary boots, and the kernel goes on
 * as it does where the initramfs has no such program or file.
 *
 * Return: -EPERM.
 */
int modgate_refuse_early(const char *what, struct file *file)
{
	char *buffer = file ? kmalloc(PATH_MAX, GFP_KERNEL) : NULL;
	char *path = buffer ? file_path(file, buffer, PATH_MAX) : NULL;
	char *quoted = IS_ERR_OR_NULL(path) ? NULL :
		       kstrdup_quotable(path, GFP_KERNEL);

	pr_notice_ratelimited("the kernel does not %s %s, since it is not ready for anything of the initramfs\n",
			      what, quoted ?: "a file");
	kfree(quoted);
	kfree(buffer);
	return -EPERM;
}

#ifdef CONFIG_ACPI_TABLE_UPGRADE
static bool acpi_asked __ro_after_init;

/**
 * modgate_refuses_acpi_tables() - must ACPI tables of the initramfs not be taken?
 *
 * They are programs that run with all the rights of the kernel. For
 * acpi_table_upgrade(), which is called before security modules are there, but after
 * early parameters.
 *
 * Return: true on a provisioned machine.
 */
bool __init modgate_refuses_acpi_tables(void)
{
	acpi_asked = true;
	return modgate_provisioned();
}

/**
 * modgate_acpi_tables() - are ACPI tables in front of the initramfs taken?
 *
 * Return: "refused"; "taken", also if nobody has asked modgate; or "-": this kernel
 * never takes any.
 */
const char *modgate_acpi_tables(void)
{
	return acpi_asked && modgate_provisioned() ? "refused" : "taken";
}
#else
const char *modgate_acpi_tables(void)
{
	return "-";
}
#endif
