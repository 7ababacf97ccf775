// SPDX-License-Identifier: GPL-2.0-only
/*
 * modgate: a third-party kernel module loads only if the machine's owner approved that
 * very module and the machine has restarted since. This file registers the LSM. Read on
 * in hooks.c, facts.c, verdict.c.
 */
#include <linux/device/driver.h>
#include <linux/init.h>
#include <linux/lsm_hooks.h>
#include <uapi/linux/lsm.h>
#include "anchor.h"
#include "compat.h"
#include "fs.h"
#include "hooks.h"
#include "machine.h"
#include "measure.h"
#include "signer.h"
#include "task.h"
#include "tpm.h"

static const struct lsm_id modgate_lsmid = {
	.name = "modgate",
	.id = LSM_ID_MODGATE,
};

static int __init modgate_init(void)
{
	modgate_enabled = true;
	return modgate_hooks_init(&modgate_lsmid);
}

/*
 * Built-in drivers and certificates are ready by now. The anchor opens the gate. A
 * driver may probe asynchronously to the initcalls, by its own choice or because
 * bootconfig says so.
 *
 * This does not use lsm_info's initcall_late_sync: IMA may start in it, comes after
 * modgate in most LSM orders, and must not miss the first record.
 */
static int __init modgate_late_init(void)
{
	if (!modgate_enabled)
		return 0;
	if (modgate_provisioned())
		wait_for_device_probe();
	modgate_tpm_init();
	modgate_machine_init();
	modgate_measure_boot();
	modgate_anchor_init();
	return 0;
}
late_initcall_sync(modgate_late_init);

MODGATE_INITCALL(fs, modgate_fs_init);
MODGATE_INITCALL(late, modgate_signer_init);

DEFINE_LSM(modgate) = {
	MODGATE_LSM_INFO(modgate_fs_init, modgate_signer_init),
	.init = modgate_init,
	.blobs = &modgate_blobs,
	.order = IS_ENABLED(CONFIG_SECURITY_MODGATE_LAST) ?
		 LSM_ORDER_LAST : LSM_ORDER_MUTABLE,
};
