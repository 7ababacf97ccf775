/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Audit records.
 */
#ifndef _MODGATE_AUDIT_H
#define _MODGATE_AUDIT_H

#include <linux/types.h>
#include "document.h"
#include "events.h"

void modgate_audit_verdict(const struct modgate_event *event);
void modgate_audit_document(const struct modgate_document *doc,
			    const u8 *digest, const char *what, int err,
			    const char *rule, u64 offset);

#endif /* _MODGATE_AUDIT_H */
