/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Test results as KTAP lines.
 */
#ifndef _MODGATE_TAP_H
#define _MODGATE_TAP_H

#include "base.h"

extern int tap_failed;

bool tap(bool good, const char *format, ...) __printf(2, 3);
void tap_note(const char *format, ...) __printf(1, 2);
int tap_end(void);

#endif /* _MODGATE_TAP_H */
