/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Quotes: what a machine's TPM has signed of modgate's PCR and of those of the boot
 * chain, together with the log and the receipt that explain the one, made on one
 * machine and verified on another; and what a verifier expects of the others.
 */
#ifndef _MODGATE_QUOTE_H
#define _MODGATE_QUOTE_H

#include <openssl/evp.h>
#include <tss2/tss2_tpm2_types.h>

#include "boot_chain.h"
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
 * @pcr: number of modgate's PCR
 * @pcrs: what it had, and those of the boot chain; of a bank that is
 *	  TPM2_ALG_SHA384 or TPM2_ALG_SHA256
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
	struct pcr_set pcrs;
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
 * @signed_pcrs: the PCRs are those that they should be, and the TPM has signed them
 * @clock: of the TPM, as it has signed it
 */
struct quoted {
	struct log log;
	struct receipt receipt;
	bool signed_pcrs;
	TPMS_CLOCK_INFO clock;
};

/**
 * struct expectation - what a verifier saw of a machine that was trusted
 * @key_name: Name of its attestation key
 * @machine_name: as in its log, "-" if it had none
 * @pcr: where its kernel measures
 * @pcrs: of the boot chain
 */
struct expectation {
	char *key_name;
	char *machine_name;
	unsigned int pcr;
	struct pcr_set pcrs;
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
__u32 quote_mask(unsigned int pcr);
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

/* expectation.c */
enum status expectation_make(char **text, const struct quote *quote,
			     const struct attestation_key *key,
			     const struct quoted *quoted);
enum status expectation_read(struct expectation *e, const char *path);
void expectation_check(const struct expectation *e, const struct quote *quote,
		       const struct attestation_key *key,
		       const struct quoted *quoted, const struct checker *checker);
void expectation_free(struct expectation *e);

#endif /* _MODGATE_QUOTE_H */
