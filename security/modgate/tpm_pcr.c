// SPDX-License-Identifier: GPL-2.0-only
/*
 * The PCR of the TPM: what is measured is extended into all its banks. Section numbers
 * are those of the TPM 2.0 Library.
 */
#include <crypto/hash.h>
#include <crypto/hash_info.h>
#include <kunit/static_stub.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/init.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/tpm.h>
#include "signer.h"
#include "tpm.h"

static struct tpm_chip *chip __ro_after_init;

/* One for each PCR bank of the chip, in its order. */
static struct crypto_shash **bank_hashes __ro_after_init;
static struct tpm_digest *bank_digests __ro_after_init;

/*
 * What the PCR holds in one bank, the first whose hash the kernel has, if nobody else
 * extends it. It tells, where the TPM did not answer, whether it has done what it was
 * told.
 */
static struct {
	u32 bank;
	struct crypto_shash *hash;	/* of it, or NULL */
	struct tpm_digest value;
	bool known;			/* is that its value? */
} pcr;

/*
 * A TPM that has just not answered may first answer what it was asked before; but
 * waiting for it in vain takes minutes, and once is enough.
 */
static int read_pcr(u32 bank, struct tpm_digest *value)
{
	unsigned int wait = MODGATE_TPM_FIRST_WAIT;
	int i, err;

	value->alg_id = chip->allocated_banks[bank].alg_id;
	for (i = 1; (err = tpm_pcr_read(chip, MODGATE_PCR, value)); i++) {
		if (i == MODGATE_TPM_IO_TRIES || err == -ETIME)
			return -EIO;
		msleep(wait);
		wait *= 2;
	}
	return 0;
}

/**
 * modgate_tpm_pcr_init() - be ready to extend the PCR
 * @chosen: the chip
 *
 * Once, since later it may be in exec. What cannot be had stays NULL, and
 * modgate_tpm_extend() does without.
 */
void __init modgate_tpm_pcr_init(struct tpm_chip *chosen)
{
	const u32 n = chosen->nr_allocated_banks;
	struct crypto_shash *hash;
	u16 id;
	u32 i;

	chip = chosen;
	bank_hashes = kcalloc(n, sizeof(*bank_hashes), GFP_KERNEL);
	bank_digests = kcalloc(n, sizeof(*bank_digests), GFP_KERNEL);
	for (i = 0; bank_hashes && i < n; i++) {
		id = chip->allocated_banks[i].crypto_id;
		if (id >= HASH_ALGO__LAST)
			continue;
		hash = crypto_alloc_shash(hash_algo_name[id], 0, 0);
		if (!IS_ERR(hash))
			bank_hashes[i] = hash;
	}
	for (i = 0; bank_hashes && i < n && !pcr.hash; i++) {
		pcr.bank = i;
		pcr.hash = bank_hashes[i];
	}
	pcr.known = pcr.hash && !read_pcr(pcr.bank, &pcr.value);
}

/**
 * modgate_tpm_pcr_changed() - does the PCR hold something else than we have left there?
 * @bank: set to the name of the hash of the bank that was looked at
 * @value: set to what that bank holds, at most %MODGATE_PCR_VALUE_MAX bytes
 * @size: set to the size of @value, in bytes
 *
 * Says so once, and takes the value for ours then. The caller serialises.
 *
 * Return: true if so; false also if that cannot be told.
 */
bool modgate_tpm_pcr_changed(const char **bank, u8 *value, size_t *size)
{
	struct tpm_digest now;

	KUNIT_STATIC_STUB_REDIRECT(modgate_tpm_pcr_changed, bank, value, size);
	if (!chip || !pcr.known)
		return false;
	now.alg_id = chip->allocated_banks[pcr.bank].alg_id;
	/* Not repeated: a TPM that does not answer is noticed by what comes next. */
	if (tpm_pcr_read(chip, MODGATE_PCR, &now))
		return false;
	*size = crypto_shash_digestsize(pcr.hash);
	if (!memcmp(now.digest, pcr.value.digest, *size))
		return false;
	*bank = hash_algo_name[chip->allocated_banks[pcr.bank].crypto_id];
	memcpy(value, now.digest, *size);
	pcr.value = now;
	return true;
}

/* Digest for one bank: by its own algorithm; else SHA-384, cut or padded. */
static int hash_for_bank(u32 bank, const void *data, size_t size)
{
	struct tpm_digest *d = &bank_digests[bank];

	memset(d, 0, sizeof(*d));
	d->alg_id = chip->allocated_banks[bank].alg_id;
	if (bank_hashes[bank])
		return crypto_shash_tfm_digest(bank_hashes[bank], data, size,
					       d->digest);
	return modgate_sha384(data, size, d->digest);
}

/* What the PCR will be with the digest in bank_digests, Part 1, 11.3.3. */
static int next_value(struct tpm_digest *next)
{
	u8 both[2 * sizeof_field(struct tpm_digest, digest)];
	size_t size;

	*next = pcr.value;
	if (!pcr.known)
		return 0;
	size = crypto_shash_digestsize(pcr.hash);
	memcpy(both, pcr.value.digest, size);
	memcpy(both + size, bank_digests[pcr.bank].digest, size);
	return crypto_shash_tfm_digest(pcr.hash, both, 2 * size, next->digest);
}

/*
 * The TPM has not said that it has extended the PCR. Returns 0 if it has; 1 if not;
 * -EIO if that cannot be told.
 */
static int not_extended(const struct tpm_digest *next)
{
	struct tpm_digest now;
	size_t size;

	if (!pcr.known || read_pcr(pcr.bank, &now))
		return -EIO;
	size = crypto_shash_digestsize(pcr.hash);
	if (!memcmp(now.digest, next->digest, size))
		return 0;
	return memcmp(now.digest, pcr.value.digest, size) ? -EIO : 1;
}

/**
 * modgate_tpm_extend() - extend the PCR in all its banks
 * @data: what is hashed, by each bank's algorithm
 * @size: of @data, in bytes
 *
 * TPM2_PCR_Extend, Part 3, 22.2, of %MODGATE_PCR. Tried again if the TPM says that
 * it has not done it. After an I/O error the PCR tells whether it has. The caller
 * serialises.
 *
 * Return: 0; -ENODEV: no chip; -EIO: the TPM has not done it, or that cannot be told;
 * -ENOMEM; or an errno of the crypto API.
 */
int modgate_tpm_extend(const void *data, size_t size)
{
	unsigned int wait = MODGATE_TPM_FIRST_WAIT;
	struct tpm_digest next;
	int err;
	u32 i;

	KUNIT_STATIC_STUB_REDIRECT(modgate_tpm_extend, data, size);
	if (!chip)
		return -ENODEV;
	if (!bank_hashes || !bank_digests)
		return -ENOMEM;
	for (i = 0; i < chip->nr_allocated_banks; i++) {
		err = hash_for_bank(i, data, size);
		if (err)
			return err;
	}
	err = next_value(&next);
	if (err)
		return err;
	for (i = 1;; i++) {
		err = tpm_pcr_extend(chip, MODGATE_PCR, bank_digests);
		if (err < 0)
			err = not_extended(&next);
		if (err <= 0 || i == MODGATE_TPM_BUSY_TRIES)
			break;
		msleep(wait);
		wait *= 2;
	}
	if (err) {
		pcr.known = false;
		return -EIO;
	}
	pcr.value = next;
	return 0;
}
