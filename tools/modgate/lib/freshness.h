/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Freshness: each signer has two counters in the TPM. "Issue" numbers what is
 * signed, so that no generation is signed twice; below "accept" the kernel
 * takes nothing. A document counts as its generation plus the base that the
 * local policy has for its signer (the anchor: 0).
 */
#ifndef _MODGATE_FRESHNESS_H
#define _MODGATE_FRESHNESS_H

#include "tpm.h"
#include "world.h"

#define SLOT_ANCHOR 0
#define SLOT_OWNER 1

/**
 * struct counters - the two of one slot
 * @accept_state: is there an accept counter?
 * @issue_state: is there an issue counter?
 * @accept: value of the accept counter, 0 if it is not good
 * @issue: value of the issue counter, likewise
 */
struct counters {
	enum counter_state accept_state;
	enum counter_state issue_state;
	__u64 accept;
	__u64 issue;
};

/* freshness.c */
bool freshness_used(const struct world *world, const struct options *o);
bool freshness_numbered(const struct world *world, const struct options *o);
enum status freshness_open(struct tpm **tpm, const struct world *world,
			   const struct options *o);
enum status counters_read(struct tpm *tpm, __u32 slot,
			  struct counters *counters);
enum status counters_need(struct tpm *tpm, __u32 slot,
			  struct counters *counters);
enum status counters_provide(struct tpm *tpm, __u32 slot);
bool counters_are_apart(const struct counters *c, __u64 base);
bool counters_accept(const struct counters *counters, __u64 generation,
		     __u64 base);

/* freshness_check.c */
void freshness_check(const struct world *world, const struct options *o,
		     const struct checker *checker);

#endif /* _MODGATE_FRESHNESS_H */
