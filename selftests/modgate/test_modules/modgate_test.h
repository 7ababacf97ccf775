/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the test modules have of each other.
 */
#ifndef _MODGATE_TEST_H
#define _MODGATE_TEST_H

void modgate_test_use(void);

#endif /* _MODGATE_TEST_H */
