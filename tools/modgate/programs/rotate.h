/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * modgate key --rotate
 */
#ifndef _MODGATE_ROTATE_H
#define _MODGATE_ROTATE_H

#include "base.h"

enum status rotate_run(const struct options *o, const char *where);

#endif /* _MODGATE_ROTATE_H */
