/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What verify does with --repair.
 */
#ifndef _MODGATE_REPAIR_H
#define _MODGATE_REPAIR_H

#include "base.h"
#include "programs.h"

enum status repair_run(const struct options *o, const char *policy,
		       const char *list);

#endif /* _MODGATE_REPAIR_H */
