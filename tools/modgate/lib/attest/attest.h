/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The room attest: what was measured, and what can be proved of it. The kernel's log and
 * its receipt, compared with kernel and TPM; quotes: what a machine's TPM has signed of
 * modgate's PCR and of those of the boot chain, together with the log and the receipt that
 * explain the one, made on one machine and verified on another; and what a verifier
 * expects of the others. Uses base, kernel, crypto, tpm and receipt.
 */
#ifndef _MODGATE_LIB_ATTEST_H
#define _MODGATE_LIB_ATTEST_H

#include <openssl/evp.h>
#include <tss2/tss2_tpm2_types.h>

#include "kernel.h"
#include "receipt.h"
#include "tpm.h"

/* Firmware and loader 0 to 9, unified kernel images 11, shim 14. */
#define BOOT_CHAIN (0x3ffU | 1U << 11 | 1U << 14)
/* Without the one nothing tells the kernel, nor without all others its command line. */
#define BOOT_CHAIN_LOADER 4
#define BOOT_CHAIN_LOADED 0xb00U		/* 8, 9, 11 */

/* boot_chain.c */
const char *pcr_covers(unsigned int pcr);
char *pcr_numbers(__u32 mask);
bool pcr_is_idle(const struct pcr_set *set, unsigned int pcr);
const char *pcr_bank_name(__u16 bank);
bool pcr_bank_take(struct json_object *j, struct pcr_set *set);
struct json_object *pcrs_json(const struct pcr_set *set, __u32 mask);
bool pcrs_take(struct json_object *j, struct pcr_set *set);

#define LOG_MAX (16U << 20)	/* in bytes; the kernel has 16,384 modules in it at most */

/**
 * struct entry - a line of the log
 * @bytes: what was hashed, not ended by a zero
 * @size: of @bytes, without the newline
 * @record: the same, taken apart; empty if it is not a record
 * @event: inside @record, or ""
 */
struct entry {
	const char *bytes;
	size_t size;
	struct record record;
	const char *event;
};

/**
 * struct log - what is looked at
 * @kernel: what it is held against, NULL if it comes from elsewhere
 * @out: takes the findings
 * @text: the log as read, ended by a zero
 * @size: of @text, in bytes
 * @entries: its lines
 * @n: their number
 * @end: index of the record "sealed", @n if there is none
 * @good: nothing was found to be wrong with its form
 */
struct log {
	const struct kernel *kernel;
	const struct checker *out;
	const char *text;
	size_t size;
	struct entry *entries;
	size_t n;
	size_t end;
	bool good;
};

/* measure_log.c */
enum status measure_need(const struct kernel *kernel);
enum status measure_log_check(const struct kernel *kernel, const char *file,
			      const struct checker *checker);
bool entry_is_document(const struct entry *e);
void measure_log_form(struct log *log);
void measure_log_free(struct log *log);

/* measure_pcr.c */
void pcr_extend(const EVP_MD *bank_md, const EVP_MD *line_md, const char *line,
		size_t length, __u8 *value);
void measure_replay(const struct log *log, const EVP_MD *bank_md,
		    const EVP_MD *line_md, __u8 *value);
void measure_pcr_check(const struct log *log);

/* measure_recovery.c */
enum status measure_recovery(const struct options *o, unsigned int *pcr,
			     struct pcr_bank *expected);

/* receipt_check.c */
void receipt_check_log(const struct receipt *receipt, const char *log,
		       const struct checker *checker);
enum status receipt_check(const struct receipt *receipt,
			  const struct kernel *kernel, const struct options *o,
			  const struct checker *checker);

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

#endif /* _MODGATE_LIB_ATTEST_H */
