/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For cmd_key.c: the anchor key goes into the TPM's keeping, and comes back.
 */
#ifndef _MODGATE_SEAL_H
#define _MODGATE_SEAL_H

#include "base.h"

enum status seal_run(const struct options *o);
enum status unseal_run(const struct options *o);

#endif /* _MODGATE_SEAL_H */
