// SPDX-License-Identifier: GPL-2.0-only
/*
 * The boot chain, and what else of the kernel modgate's promise rests on; see
 * Documentation/security/modgate.rst, threat model.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base.h"
#include "doctor.h"
#include "kernel.h"
#include "report.h"

#define EFI "/sys/firmware/efi"
#define EFIVARS EFI "/efivars"
#define SECURE_BOOT EFIVARS "/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c"
#define SETUP_MODE EFIVARS "/SetupMode-8be4df61-93ca-11d2-aa0d-00e098032b8c"
/* Set by systemd-stub: kernel, initramfs and command line are one signed file. */
#define STUB_INFO EFIVARS "/StubInfo-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f"

/* Set by shim: it verifies nothing (mokutil --disable-validation). */
#define SHIM_OFF EFIVARS "/MokSBStateRT-605dab50-e046-4300-abb6-3dd810dd8b23"

#define EFI_NON_VOLATILE 1
#define TEXT_MAX 1048576

/* A small file below --root, with a zero behind it; to be freed, NULL without one. */
static char *text_of(const struct doctor *d, const char *path, size_t *size)
{
	char *full = fmt("%s%s", d->o->root, path);
	void *data = NULL;

	if (file_read(full, TEXT_MAX, &data, size))
		data = NULL;
	free(full);
	return data;
}

static bool exists(const struct doctor *d, const char *path)
{
	char *full = fmt("%s%s", d->o->root, path);
	bool there = !access(full, F_OK);

	free(full);
	return there;
}

static bool text_begins(const struct doctor *d, const char *path, char first)
{
	size_t size;
	char *text = text_of(d, path, &size);
	bool same = text && *text == first;

	free(text);
	return same;
}

/* A variable of one byte, behind four of attributes (UEFI 2.10, section 8.2). */
static bool efi_flag(const struct doctor *d, const char *path)
{
	size_t size;
	char *data = text_of(d, path, &size);
	bool set = data && size == 5 && data[4] == 1;

	free(data);
	return set;
}

/* One that is gone with the next start, so that nobody has left it there. */
static bool efi_volatile(const struct doctor *d, const char *path)
{
	size_t size;
	char *data = text_of(d, path, &size);
	bool good = data && size > 4 && !(data[0] & EFI_NON_VOLATILE);

	free(data);
	return good;
}

static void check_secure_boot(struct doctor *d)
{
	static const char *const remedy = "switch secure boot on in the firmware";

	if (!exists(d, EFI))
		doctor_bad(d, "secure boot", "start by UEFI, with secure boot on",
			   "not started by UEFI: nothing shows that loader and kernel were verified");
	else if (!exists(d, SECURE_BOOT))
		doctor_bad(d, "secure boot", "mount efivarfs at " EFIVARS,
			   "not known: the firmware's variables cannot be read, or it has no secure boot");
	else if (!efi_flag(d, SECURE_BOOT))
		doctor_bad(d, "secure boot", remedy,
			   "off: whoever can write to the disk can exchange the kernel");
	else if (efi_flag(d, SETUP_MODE))
		doctor_bad(d, "secure boot", remedy,
			   "the firmware is in setup mode and takes any key");
	else if (efi_flag(d, SHIM_OFF))
		doctor_bad(d, "secure boot", "mokutil --enable-validation, then restart",
			   "on, but shim does not verify what it starts");
	else
		doctor_good(d, "secure boot", "on");
}

/* Kernel, initramfs and command line were verified as one file. */
static bool one_image(const struct doctor *d)
{
	return efi_volatile(d, STUB_INFO) && efi_flag(d, SECURE_BOOT);
}

/* The pin and modgate's parameters stand there. */
static void check_command_line(struct doctor *d)
{
	size_t size;
	char *text = text_of(d, "/proc/cmdline", &size);
	bool pinned = text && strstr(text, "modgate.anchor=");

	free(text);
	if (!pinned)
		doctor_good(d, "command line", "does not name the anchor");
	else if (one_image(d))
		doctor_good(d, "command line",
			    "from the stub of a unified kernel image; it has to be inside the image");
	else
		doctor_bad(d, "command line",
			   "a signed unified kernel image (systemd-stub), or the anchor compiled in (CONFIG_SECURITY_MODGATE_ANCHOR)",
			   "names the anchor, and nothing shows that the loader verifies it");
}

static void check_order(struct doctor *d)
{
	if (state_is(d->snap, "last", "yes"))
		doctor_good(d, "lsm order", "modgate is the last one, whatever lsm= says");
	else
		doctor_bad(d, "lsm order", "CONFIG_SECURITY_MODGATE_LAST=y",
			   "lsm= on the kernel command line can leave modgate out");
}

static void check_lockdown(struct doctor *d)
{
	bool heeds = state_is(d->snap, "lockdown", "yes");

	if (!locked_down(d->o))
		doctor_bad(d, "lockdown", "lockdown=integrity on the kernel command line",
			   "off: root can write to the kernel's memory");
	else if (!heeds)
		doctor_bad(d, "lockdown", "CONFIG_SECURITY_MODGATE_LOCKDOWN=y, or sign the modules",
			   "on, but it refuses unsigned modules though they are approved");
	else
		doctor_good(d, "lockdown", "on, and lets approved modules through");
	if (!exists(d, "/dev/mem") || locked_down(d->o))
		doctor_good(d, "/dev/mem", locked_down(d->o) ?
			    "closed by lockdown" : "is not there");
	else
		doctor_bad(d, "/dev/mem", "lockdown=integrity on the kernel command line",
			   "is there, and lockdown is off");
}

static void check_signatures(struct doctor *d)
{
	if (!exists(d, "/sys/module/module/parameters/sig_enforce"))
		doctor_bad(d, "signatures", "CONFIG_MODULE_SIG=y",
			   "the kernel checks no signatures of modules, so that none is a system module");
	else if (state_is(d->snap, "system-keys", "lost"))
		doctor_bad(d, "signatures", "restart",
			   ".builtin_trusted_keys was invalidated: the kernel's own modules are refused as well");
	else if (sig_enforced(d->o))
		doctor_good(d, "signatures",
			    "enforced: what is not signed stays out even if it is approved");
	else
		doctor_good(d, "signatures", "checked; what is not signed needs an approval");
}

/* A kernel that does not say so is an older one. */
static void check_force(struct doctor *d)
{
	static const char *const load =
		"a module built for another kernel can be forced in, if it is approved";
	static const char *const unload =
		"root can force even a permanent module out of the kernel (rmmod -f)";
	const struct kernel *kernel = &d->snap->kernel;

	if (kernel_forces(kernel, "load") && kernel_forces(kernel, "unload"))
		doctor_bad(d, "force",
			   "CONFIG_MODULE_FORCE_LOAD=n and CONFIG_MODULE_FORCE_UNLOAD=n",
			   "%s; %s", load, unload);
	else if (kernel_forces(kernel, "unload"))
		doctor_bad(d, "force", "CONFIG_MODULE_FORCE_UNLOAD=n", "%s", unload);
	else if (kernel_forces(kernel, "load"))
		doctor_bad(d, "force", "CONFIG_MODULE_FORCE_LOAD=n", "%s", load);
	else
		doctor_good(d, "force", "no module can be forced in or out");
}

/* Does it take them? By its state, or, if that is an older one, its configuration. */
static enum known takes_tables(const struct doctor *d)
{
	const struct record *state = &d->snap->kernel.state;

	if (record_has(state, "acpi-tables"))
		return record_is(state, "acpi-tables", "taken") ? KNOWN_YES : KNOWN_NO;
	return kernel_config(d->o, "CONFIG_ACPI_TABLE_UPGRADE");
}

/*
 * Their code (AML) runs in the kernel and reaches all memory; they are taken before
 * lockdown is asked.
 */
static void check_tables(struct doctor *d)
{
	static const char *const what = "acpi tables";
	const char *remedy =
		"modgate's kernel patches, CONFIG_ACPI_TABLE_UPGRADE=n, or a signed unified image";
	enum known takes = takes_tables(d);

	/* The patch refuses them on a provisioned machine only. */
	if (state_is(d->snap, "provisioned", "no"))
		remedy = "an anchor, see there; then ask again";
	if (takes == KNOWN_NO)
		doctor_good(d, what, "in front of the initramfs: the kernel takes none");
	else if (one_image(d))
		doctor_good(d, what, "of an initramfs that was verified with the kernel");
	else if (takes == KNOWN_YES)
		doctor_bad(d, what, remedy,
			   "the kernel takes those in front of the initramfs (CONFIG_ACPI_TABLE_UPGRADE), which nothing shows to be verified: their code runs with the kernel's rights, before lockdown and modgate can say no");
	else
		doctor_bad(d, what, remedy,
			   "not known: neither state nor /proc/config.gz nor /boot tells whether the kernel takes those in front of the initramfs, whose code runs before lockdown and modgate can say no");
}

static void check_kexec(struct doctor *d)
{
	if (!state_is(d->snap, "kexec", "refused"))
		doctor_bad(d, "kexec",
			   state_is(d->snap, "enforcing", "yes") ?
			   "modgate mode --refuse-kexec, then restart" :
			   "modgate has to enforce, see policy",
			   "allowed: root can start another kernel, or this one with another command line, so that the promise is void");
	else if (text_begins(d, "/sys/kernel/kexec_loaded", '1') ||
		 text_begins(d, "/sys/kernel/kexec/loaded", '1'))
		doctor_bad(d, "kexec", "kexec -u, or restart",
			   "refused, but a kernel was loaded before");
	else
		doctor_good(d, "kexec", "refused by modgate");
}

static void check_bpf(struct doctor *d)
{
	if (state_is(d->snap, "enforcing", "yes"))
		doctor_good(d, "bpf", "programs that change what functions return are refused");
	else
		doctor_bad(d, "bpf", "modgate has to enforce, see policy",
			   "root can have a program answer in place of modgate, and of lockdown");
}

static void check_modules_disabled(struct doctor *d)
{
	if (text_begins(d, "/proc/sys/kernel/modules_disabled", '1'))
		doctor_bad(d, "module loading", "restart without kernel.modules_disabled",
			   "switched off (kernel.modules_disabled): nothing loads, whatever is approved");
	else
		doctor_good(d, "module loading", "not switched off");
}

void doctor_kernel(struct doctor *d)
{
	check_secure_boot(d);
	check_command_line(d);
	check_tables(d);
	check_order(d);
	check_lockdown(d);
	check_signatures(d);
	check_force(d);
	check_kexec(d);
	check_bpf(d);
	check_modules_disabled(d);
}
