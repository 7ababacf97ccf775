/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The facts that a verdict on a module rests on.
 */
#ifndef _MODGATE_FACTS_H
#define _MODGATE_FACTS_H

#include <linux/module.h>
#include <linux/types.h>
#include "signer.h"
#include "verdict.h"

/**
 * struct modgate_candidate - a module in memory and the facts known about it
 * @facts: interface through which the verdict asks
 * @bytes: of the module
 * @size: of @bytes
 * @signature: the signature appended to it
 * @digest: SHA-384 of @bytes, if @digested
 * @content: of @bytes without the appended signature, if @digested
 * @digested: both digests have been computed
 * @failed: a needed digest could not be computed
 * @undecided: it is unknown whether a banned key signed it
 * @name: the name it gives itself, if @named
 * @named: @name has been looked for
 * @authority: whose list allows it, SHA-384 of the certificate
 * @flags: of its entry there, MODGATE_MODULE_*
 * @vendor: SHA-384 of the last certificate tried
 * @by_vendor: whether the key of @vendor made the signature
 */
struct modgate_candidate {
	struct modgate_facts facts;
	const void *bytes;
	size_t size;
	struct modgate_signature signature;
	u8 digest[MODGATE_DIGEST_SIZE];
	u8 content[MODGATE_DIGEST_SIZE];
	bool digested;
	bool failed;
	bool undecided;
	char name[MODULE_NAME_LEN];
	bool named;
	const u8 *authority;
	u32 flags;
	const u8 *vendor;
	bool by_vendor;
};

void modgate_candidate_init(struct modgate_candidate *c, const void *bytes, size_t size);
void modgate_candidate_drop(struct modgate_candidate *c);
bool modgate_candidate_digest(struct modgate_candidate *c);
const char *modgate_candidate_name(struct modgate_candidate *c);
bool modgate_candidate_is_permanent(struct modgate_candidate *c);
bool modgate_either_is_revoked(const u8 *digest, const u8 *content);
bool modgate_either_is_banned(const u8 *digest, const u8 *content);

#endif /* _MODGATE_FACTS_H */
