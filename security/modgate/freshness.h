/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Freshness: no document older than one already accepted.
 */
#ifndef _MODGATE_FRESHNESS_H
#define _MODGATE_FRESHNESS_H

#include <linux/types.h>
#include <linux/modgate.h>
#include "tpm.h"

#define MODGATE_RULE_FLOOR \
	"generation: below the authority's floor in the local policy"

/**
 * struct modgate_claim - what a document says about its age
 * @slot: of its signer
 * @generation: of the document
 * @base: added to @generation before it is compared with the counter
 * @floor: smallest generation that is accepted
 */
struct modgate_claim {
	u32 slot;
	u64 generation;
	u64 base;
	u64 floor;
};

extern bool modgate_freshness_tpm;

int modgate_freshness_judge(const struct modgate_claim *claim, u64 counter,
			    const char **rule);
int modgate_freshness_accept(struct modgate_counters *counters,
			     const struct modgate_claim *claim, u64 *counter,
			     const char **rule);
int modgate_freshness_check(const struct modgate_claim *claim, u64 *counter,
			    const char **rule);
const char *modgate_freshness_backend(void);

#endif /* _MODGATE_FRESHNESS_H */
