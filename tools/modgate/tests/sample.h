/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Small documents with something in every section, for tests and as seeds.
 */
#ifndef _MODGATE_SAMPLE_H
#define _MODGATE_SAMPLE_H

#include "crypto.h"
#include "document.h"

/* What the samples hold, so that a test can say where something is. */
#define SAMPLE_AUTHORITIES 2
#define SAMPLE_MODULES 3
#define SAMPLE_VENDORS 2
#define SAMPLE_BANS 2
#define SAMPLE_CERT 13		/* size of most certificates, padded to 16 */
#define SAMPLE_BAN_CERT 20	/* of the banned one, padded to 24 */

void sample_policy(struct draft *draft);
void sample_list(struct draft *draft);
void sample_cert(struct cert *cert, __u8 *der, size_t size, int first);
void sample_digest(__u8 *digest, int first);

#endif /* _MODGATE_SAMPLE_H */
