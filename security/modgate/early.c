// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kind of boot, and protection of early boot. On a provisioned machine, no program
 * of the initramfs runs and no file of it is read until modgate has chosen its TPM,
 * measured its first record and checked the anchor: the initramfs may be unverified,
 * and a program that ran first could replace or remove the TPM.
 *
 * Usermode helpers (request_module() above all) run from rootfs_initcall on, built-in
 * drivers request firmware, and ACPI tables in front of the initramfs are installed
 * long before any hook exists. Firmware compiled into the kernel
 * (CONFIG_EXTRA_FIRMWARE) does not pass through here.
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

/* Set by the boot chain, shown in the PCR: a boot in which to change documents. */
bool modgate_recovery __ro_after_init;

/* Early, so that bootconfig cannot set it. No list is in force: no approvals and no bans. */
static int __init parse_recovery(char *value)
{
	modgate_recovery = true;
	return 0;
}
early_param("modgate.recovery", parse_recovery);

/**
 * modgate_starting() - is it too early for programs and files of the initramfs?
 *
 * This ends with the initcalls, even if ours was blacklisted (initcall_blacklist= in
 * bootconfig): the machine then boots, but never accepts a document.
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
 * modgate_refuse_early() - refuse a program or file that comes too early, and log it
 * @what: "start" or "read"
 * @file: the file, or NULL
 *
 * Logs to the kernel log only, since this happens in ordinary boots. The kernel carries
 * on as if the initramfs had no such program or file.
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
 * modgate_refuses_acpi_tables() - must ACPI tables from the initramfs be ignored?
 *
 * ACPI tables are programs that run with the kernel's privileges. Called by
 * acpi_table_upgrade(), which runs before security modules are initialised but after
 * early parameters are parsed.
 *
 * Return: true on a provisioned machine.
 */
bool __init modgate_refuses_acpi_tables(void)
{
	acpi_asked = true;
	return modgate_provisioned();
}

/**
 * modgate_acpi_tables() - does the kernel take ACPI tables of the initramfs?
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
