/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The message at login about modules that wait for a decision.
 */
#ifndef _MODGATE_MOTD_H
#define _MODGATE_MOTD_H

#include "base.h"

void motd_write(const struct options *o, const char *path);

#endif /* _MODGATE_MOTD_H */
