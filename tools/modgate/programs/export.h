/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * modgate key --export
 */
#ifndef _MODGATE_EXPORT_H
#define _MODGATE_EXPORT_H

#include "base.h"

enum status export_run(const struct options *o, const char *folder);

#endif /* _MODGATE_EXPORT_H */
