/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The change-over from one owner key to the next.
 */
#ifndef _MODGATE_ROTATION_H
#define _MODGATE_ROTATION_H

#include "freshness.h"

/* What a command says that changes nothing. */
#define ROTATION_WAITS \
	"a rotation of the owner key is under way or was interrupted: the next 'modgate approve', 'revoke' or 'key --rotate' finishes or undoes it"

/* rotation.c */
bool rotation_waits(const struct options *o);
bool rotation_signer(const struct options *o, const struct stored *doc);
const struct stored *policy_damaged(const struct world *world);
enum status rotation_complete(struct world *world, const struct options *o,
			      bool quiet, bool *finished);

#endif /* _MODGATE_ROTATION_H */
