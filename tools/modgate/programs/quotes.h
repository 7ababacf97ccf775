/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * modgate receipt: quotes.
 */
#ifndef _MODGATE_QUOTES_H
#define _MODGATE_QUOTES_H

#include "base.h"

/**
 * struct attest_request - what the command line asks for
 * @make: nonce to make a quote for, in hex, or NULL
 * @output: file for the quote, NULL for standard output
 * @verify: file of a quote that is to be verified, or NULL
 * @nonce: that it has to answer, in hex
 * @key: the attestation key is asked for, or given
 * @key_file: its public part in PEM
 * @pcr: where the kernel of that machine measures, NULL for the usual one
 * @learn: file for what the boot chain has, or NULL
 * @expect: file of what it has to have, or NULL
 */
struct attest_request {
	const char *make;
	const char *output;
	const char *verify;
	const char *nonce;
	bool key;
	const char *key_file;
	const char *pcr;
	const char *learn;
	const char *expect;
};

bool attest_wanted(const struct attest_request *q);
enum status attest_run(const struct options *o, const struct attest_request *q);

#endif /* _MODGATE_QUOTES_H */
