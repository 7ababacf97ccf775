// SPDX-License-Identifier: GPL-2.0-only
/*
 * A refusal: told to everybody who wants to know, and carried out where it is to be.
 */
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/limits.h>
#include <linux/slab.h>
#include "audit.h"
#include "events.h"
#include "policy.h"
#include "refuse.h"

/**
 * modgate_refuse() - refuse something, or record that it would have been refused
 * @op: "module", "kexec" or "bpf"
 * @reason: MODGATE_REASON_*
 * @digest: SHA-384 of the module, or NULL
 * @file: that it comes from, or NULL
 *
 * Return: -EPERM; 0 where refusals are only recorded.
 */
int modgate_refuse(const char *op, const char *reason, const u8 *digest, struct file *file)
{
	struct modgate_event event = {
		.op = op,
		.reason = reason,
		.enforcing = modgate_enforcing(),
		.digest = digest,
	};
	char *buffer = NULL;
	char *path;

	if (file) {
		buffer = kmalloc(PATH_MAX, GFP_KERNEL);
		path = buffer ? file_path(file, buffer, PATH_MAX) : NULL;
		if (!IS_ERR_OR_NULL(path))
			event.path = path;
	}
	modgate_event_record(&event);
	modgate_audit_verdict(&event);
	kfree(buffer);
	return event.enforcing == MODGATE_ENFORCE ? -EPERM : 0;
}
