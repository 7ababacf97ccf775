/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The TPM: the one real chip. It uses digests, and nothing else of modgate.
 */
#ifndef _MODGATE_TPM_H
#define _MODGATE_TPM_H

#include <linux/errno.h>
#include <linux/types.h>

#define MODGATE_PCR_VALUE_MAX 64	/* in bytes; TPM2_MAX_DIGEST_SIZE */

/**
 * struct modgate_counters - the counters of a TPM, or of a test
 * @begin: keep everybody else away from the TPM; 0 or -ENODEV
 * @end: let them in again
 * @check: is there a counter of ours? 0; -ENODEV: no TPM; -ENOENT: nothing is
 *	   there; -EINVAL: something else is; -ENODATA: never written
 * @read: read its value
 * @increment: add one; after -EIO it may have been done or not
 *
 * All but @end may also return -EIO (the TPM does not answer) and -ENOMEM. All
 * but @begin are called between @begin and @end only: what @check has seen must
 * still be there for the last step.
 */
struct modgate_counters {
	int (*begin)(struct modgate_counters *counters);
	void (*end)(struct modgate_counters *counters);
	int (*check)(struct modgate_counters *counters, u32 index);
	int (*read)(struct modgate_counters *counters, u32 index, u64 *value);
	int (*increment)(struct modgate_counters *counters, u32 index);
};

extern struct modgate_counters modgate_tpm_counters;

struct tpm2_nv_public;
struct tpm_chip;

/* Waits of 20, 40, ... 640 ms between them. An I/O error may take seconds. */
#define MODGATE_TPM_BUSY_TRIES 7
#define MODGATE_TPM_IO_TRIES 3
#define MODGATE_TPM_FIRST_WAIT 20	/* in ms */

#define MODGATE_TPM_COUNTER_SIZE 8	/* in bytes */

#ifdef CONFIG_SECURITY_MODGATE_TPM
#define MODGATE_PCR CONFIG_SECURITY_MODGATE_PCR

void modgate_tpm_init(void);
bool modgate_tpm_present(void);
bool modgate_tpm_seen(void);
const char *modgate_tpm_state(void);
int modgate_tpm_srk_digest(u8 *digest);
int modgate_tpm_clock(u32 *resets, u32 *restarts);

/* tpm_pcr.c */
void modgate_tpm_pcr_init(struct tpm_chip *chosen);
int modgate_tpm_extend(const void *data, size_t size);
bool modgate_tpm_pcr_changed(const char **bank, u8 *value, size_t *size);

/* tpm_parse.c */
int modgate_tpm_parse_clock(const u8 *body, size_t size, u32 *resets,
			    u32 *restarts);
int modgate_tpm_check_public(const struct tpm2_nv_public *public);
int modgate_tpm_parse_name(const u8 *body, size_t size, const u8 **name,
			   size_t *name_size);
#else
#define MODGATE_PCR (-1)

static inline void modgate_tpm_init(void)
{
}

static inline bool modgate_tpm_present(void)
{
	return false;
}

static inline bool modgate_tpm_seen(void)
{
	return false;
}

static inline const char *modgate_tpm_state(void)
{
	return "none";
}

static inline int modgate_tpm_srk_digest(u8 *digest)
{
	return -ENODEV;
}

static inline int modgate_tpm_clock(u32 *resets, u32 *restarts)
{
	return -ENODEV;
}

static inline bool modgate_tpm_pcr_changed(const char **bank, u8 *value,
					   size_t *size)
{
	return false;
}

static inline int modgate_tpm_extend(const void *data, size_t size)
{
	return -ENODEV;
}
#endif

#endif /* _MODGATE_TPM_H */
