/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The anchor: who may sign the local policy.
 */
#ifndef _MODGATE_ANCHOR_H
#define _MODGATE_ANCHOR_H

#include <linux/types.h>
#include "signer.h"

enum modgate_anchor_state {
	MODGATE_ANCHOR_NONE,
	MODGATE_ANCHOR_LOADED,
	MODGATE_ANCHOR_AWAITED,
	MODGATE_ANCHOR_MALFORMED,
	MODGATE_ANCHOR_CONFLICT,
	MODGATE_ANCHOR_INVALID,
};

/* anchor_cert.S */
extern const u8 modgate_anchor_cert[];
extern const u8 modgate_anchor_cert_end[];

void modgate_anchor_init(void);
bool modgate_anchor_settled(void);
bool modgate_provisioned(void);
enum modgate_anchor_state modgate_anchor_state(void);
bool modgate_anchor_digest(u8 *digest);
const struct modgate_key *modgate_anchor(void);
int modgate_anchor_load(const void *cert, size_t size, const char **rule);

#endif /* _MODGATE_ANCHOR_H */
