/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The parts of document_test.
 */
#ifndef _MODGATE_TESTS_H
#define _MODGATE_TESTS_H

#include "base.h"

void test_limits(void);
void test_lookup(const __u8 *bytes, size_t size);
void test_bundle(void);

#endif /* _MODGATE_TESTS_H */
