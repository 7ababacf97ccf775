/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Changing the local policy, and making sure of it before a list is changed.
 */
#ifndef _MODGATE_POLICY_H
#define _MODGATE_POLICY_H

#include "world.h"

/* policy.c */
enum status policy_open(struct world *world, const struct options *o,
			bool *rotated);
enum status policy_check_damage(const struct world *world);
enum status policy_check_counter(const struct world *world, struct tpm *tpm);
enum status policy_begin(struct world *world, const struct options *o,
			 struct count *count);
enum status policy_sign(const struct world *world, const struct options *o,
			const struct count *count, struct draft *draft);
void policy_draft(const struct world *world, struct draft *draft);

#endif /* _MODGATE_POLICY_H */
