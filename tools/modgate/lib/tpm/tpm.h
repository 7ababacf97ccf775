/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The room tpm: the TPM 2.0. The machine's name, PCRs, keys and sealed secrets, and
 * counters. Each signer has two counters: "issue" numbers what is signed, so that no
 * generation is signed twice; the kernel accepts nothing below "accept". A document's
 * number is its generation plus the base that the local policy has for its signer (the
 * anchor: 0). Knows no document. Uses base and crypto.
 */
#ifndef _MODGATE_LIB_TPM_H
#define _MODGATE_LIB_TPM_H

#include "base.h"

struct tpm;

enum counter_state {
	COUNTER_GOOD,
	COUNTER_MISSING,	/* no such index */
	COUNTER_FOREIGN,	/* an index that is not a counter of modgate */
	COUNTER_UNWRITTEN,	/* defined, never incremented: unreadable */
};

#define PCR_BANKS_MAX 16	/* Part 2, 10.9.7: as TPM2_NUM_PCR_BANKS */
#define PCR_SIZE_MAX 64		/* in bytes */

/**
 * struct pcr_bank - a PCR in one of its banks
 * @algorithm: of the bank, TPM2_ALG_*
 * @name: OpenSSL's name of @algorithm, or NULL
 * @size: of @value, in bytes
 * @value: the value of the PCR there
 */
struct pcr_bank {
	__u16 algorithm;
	const char *name;
	size_t size;
	__u8 value[PCR_SIZE_MAX];
};

#define PCRS 24			/* each TPM of a PC has 0 to 23 */

/**
 * struct pcr_set - what several PCRs have in one bank
 * @algorithm: of the bank, TPM2_ALG_*
 * @size: of a value there, in bytes
 * @mask: which PCRs: bit N is set for PCR N
 * @values: by number
 */
struct pcr_set {
	__u16 algorithm;
	size_t size;
	__u32 mask;
	__u8 values[PCRS][PCR_SIZE_MAX];
};

/* The longest authorization value of a key: as long as its name algorithm's digest. */
#define TPM_PASSPHRASE_MAX 48

/* Maximum size of sealed data (Part 2, 11.1.14: as MAX_SYM_DATA). */
#define TPM_SEALED_MAX 128

/**
 * struct tpm_key - a key made in the TPM, or data sealed by it, as kept outside
 * @public: TPM2B_PUBLIC
 * @private: TPM2B_PRIVATE, which only that TPM can read
 * @policy: of sealed data: parameters of the PolicyPCR that it opens with, which
 *	    are TPM2B_DIGEST and TPML_PCR_SELECTION
 * @public_size: of @public, in bytes
 * @private_size: of @private, in bytes
 * @policy_size: of @policy, in bytes; 0 of a key
 */
struct tpm_key {
	__u8 public[1024];
	__u8 private[2048];
	__u8 policy[256];
	size_t public_size;
	size_t private_size;
	size_t policy_size;
};

/* device.c */
char *tpm_device(const char *root);
char *tpm_modules(const char *root);

/* tpm.c: functions that return a status have reported errors */
bool tpm_present(void);
const char *tpm_where(void);
enum status tpm_open(struct tpm **tpm);
enum status tpm_open_to_change(struct tpm **tpm);
void tpm_close(struct tpm *tpm);
bool tpm_name(const struct tpm *tpm, __u8 name[MODGATE_DIGEST_SIZE]);
enum status counter_read(struct tpm *tpm, __u32 handle,
			 enum counter_state *state, __u64 *value);
enum status counter_increment(struct tpm *tpm, __u32 handle, __u64 *value);
enum status counter_define(struct tpm *tpm, __u32 handle);
enum status counter_undefine(struct tpm *tpm, __u32 handle);

/* pcr.c */
enum status pcr_read(struct tpm *tpm, unsigned int pcr,
		     struct pcr_bank banks[PCR_BANKS_MAX], size_t *n);
enum status pcr_read_set(struct tpm *tpm, struct pcr_set *set);

/* key.c */
enum status tpm_key_make(struct tpm *tpm, const char *passphrase,
			 struct tpm_key *key);
enum status tpm_key_try(struct tpm *tpm, const struct tpm_key *key,
			const char *path, const char *passphrase);
enum status tpm_key_change(struct tpm *tpm, struct tpm_key *key,
			   const char *path, const char *old, const char *new);

/* seal.c */
enum status tpm_seal(struct tpm *tpm, unsigned int pcr,
		     const struct pcr_bank *expected, const char *passphrase,
		     const void *data, size_t size, struct tpm_key *key);
enum status tpm_unseal(struct tpm *tpm, const struct tpm_key *key,
		       const char *path, const char *passphrase,
		       __u8 data[TPM_SEALED_MAX], size_t *size);

/* lockout.c */
char *tpm_tries(struct tpm *tpm);
bool tpm_lockout_open(struct tpm *tpm);
void tpm_lockout_warn(struct tpm *tpm);

#define SLOT_ANCHOR 0
#define SLOT_OWNER 1

/**
 * struct counters - the two counters of one slot
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

/**
 * struct count - what numbers the documents of a signer
 * @tpm: the TPM, or NULL if the disk does
 * @slot: of the signer's counters
 * @base: added to a generation before it is compared with the counter
 * @repair: issue may be more than the kernel's 64 steps ahead of accept
 */
struct count {
	struct tpm *tpm;
	__u32 slot;
	__u64 base;
	bool repair;
};

/* counters.c */
enum status counters_read(struct tpm *tpm, __u32 slot,
			  struct counters *counters);
enum status counters_need(struct tpm *tpm, __u32 slot,
			  struct counters *counters);
enum status counters_provide(struct tpm *tpm, __u32 slot);
bool counters_are_apart(const struct counters *c, __u64 base);
bool counters_accept(const struct counters *counters, __u64 generation,
		     __u64 base);
enum status count_issue(const struct count *count, __u64 *generation);
enum status count_commit(const struct count *count, __u64 generation);

#endif /* _MODGATE_LIB_TPM_H */
