/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Quotes: what a machine's TPM has signed of modgate's PCR, together with the log
 * and the receipt that explain it, made on one machine and verified on another.
 */
#ifndef _MODGATE_QUOTE_H
#define _MODGATE_QUOTE_H

#include <openssl/evp.h>
#include <tss2/tss2_tpm2_types.h>

#include "measure_log.h"
#include "receipt.h"

#define QUOTE_VERSION 1
#define QUOTE_FILE_MAX (64U << 20)	/* in bytes; log and receipt, as JSON strings */
#define QUOTE_PCR_MIN 8			/* as CONFIG_SECURITY_MODGATE_PCR has it: */
#define QUOTE_PCR_MAX 15		/* none of them can be reset */
#define QUOTE_PCR 13
#define QUOTE_DATA_SIZE 32		/* SHA-256, since each TPM takes that much */
#define NONCE_MIN 16			/* in bytes */
#define NONCE_MAX 32
#define POINT_MAX 48			/* in bytes, a coordinate on P-384 */

/**
 * struct attestation_key - the public part of the key that signs quotes
 * @curve: TPM2_ECC_NIST_P384 or TPM2_ECC_NIST_P256
 * @size: of a coordinate on it, in bytes
 * @x: of the point
 * @y: likewise
 * @key: the same for OpenSSL
 */
struct attestation_key {
	__u16 curve;
	size_t size;
	__u8 x[POINT_MAX];
	__u8 y[POINT_MAX];
	EVP_PKEY *key;
};

/**
 * struct nonce - what a verifier has made up, so that an answer is a new one
 * @bytes: the nonce
 * @size: of it, in bytes
 */
struct nonce {
	__u8 bytes[NONCE_MAX];
	size_t size;
};

/**
 * struct quote - a quote as it is handed over
 * @nonce: that it answers
 * @pcr: number of the PCR
 * @bank: its hash, TPM2_ALG_SHA384 or TPM2_ALG_SHA256
 * @attest: TPMS_ATTEST as the TPM has signed it
 * @attest_size: in bytes
 * @signature: TPMT_SIGNATURE as marshalled
 * @signature_size: in bytes
 * @kernel: release of the kernel
 * @log: what was measured
 * @receipt: of the same time
 */
struct quote {
	struct nonce nonce;
	unsigned int pcr;
	__u16 bank;
	__u8 attest[1024];
	size_t attest_size;
	__u8 signature[512];
	size_t signature_size;
	char *kernel;
	char *log;
	char *receipt;
};

/**
 * struct quoted - what a quote says, if it was found to be good
 * @log: taken apart
 * @receipt: likewise
 * @clock: of the TPM, milliseconds that it was on
 * @resets: how often the TPM has started anew; the machine's restarts
 * @restarts: how often it was suspended since
 */
struct quoted {
	struct log log;
	struct receipt receipt;
	__u64 clock;
	__u32 resets;
	__u32 restarts;
};

/* attestation_key.c */
TPM2B_PUBLIC attestation_template(__u16 curve);
enum status attestation_key_set(struct attestation_key *key, __u16 curve,
				const void *x, size_t x_size,
				const void *y, size_t y_size);
enum status attestation_key_read(struct attestation_key *key, const char *path);
char *attestation_key_pem(const struct attestation_key *key);
char *attestation_key_name(const struct attestation_key *key);
const char *attestation_key_curve(const struct attestation_key *key);
void attestation_key_free(struct attestation_key *key);

/* tpm_quote.c */
enum status tpm_attestation_key(struct tpm *tpm, struct attestation_key *key);
enum status tpm_quote(struct tpm *tpm, const __u8 data[QUOTE_DATA_SIZE],
		      struct quote *quote);

/* quote_file.c */
bool nonce_parse(struct nonce *nonce, const char *hex);
const char *quote_bank_name(__u16 bank);
void quote_data(const struct quote *quote, __u8 data[QUOTE_DATA_SIZE]);
struct json_object *quote_json(const struct quote *quote);
enum status quote_read(struct quote *quote, const char *path);
void quote_free(struct quote *quote);

/* quote_make.c */
enum status quote_make(struct quote *quote, const struct options *o,
		       const struct nonce *nonce);

/* quote_check.c */
void quote_check(const struct quote *quote, const struct attestation_key *key,
		 const struct nonce *nonce, unsigned int pcr,
		 const struct checker *checker, struct quoted *quoted);
void quoted_free(struct quoted *quoted);

#endif /* _MODGATE_QUOTE_H */
