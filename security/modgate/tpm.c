// SPDX-License-Identifier: GPL-2.0-only
/*
 * The TPM: the one real TPM 2.0 chip, chosen when the drivers that are built in
 * have started and held from then on. A chip that comes later, or in its place,
 * is never used. No program has run by then (see early.c), so that none can have
 * put a chip there, or taken one away.
 *
 * Section numbers are those of the TPM 2.0 Library. Commands are sent with a
 * plain password session with an empty password, which is the same with and
 * without TCG_TPM2_HMAC. Nothing in a response is believed to be there.
 */
#include <crypto/hash.h>
#include <crypto/hash_info.h>
#include <kunit/static_stub.h>
#include <linux/delay.h>
#include <linux/init.h>
#include <linux/tpm.h>
#include <linux/unaligned.h>
#include "compat.h"
#include "signer.h"
#include "tpm.h"
#include "modgate.h"

/* Part 2, 6.5.2 */
#define CC_NV_INCREMENT		0x0134
#define CC_NV_READ_PUBLIC	0x0169
#define CC_READ_CLOCK		0x0181

/* Part 2, 6.6.3; what linux/tpm.h does not have */
#define RC_NV_UNINITIALIZED	0x014a
#define RC_YIELDED		0x0908
#define RC_NV_RATE		0x0920
#define RC_NV_UNAVAILABLE	0x0923
#define RC_FORMAT_ONE		BIT(7)		/* about a handle or parameter */

#define NV_PUBLIC_SIZE		14		/* in bytes, without a policy */
#define COUNTER_SIZE		8		/* in bytes */
#define COMMAND_MAX		48		/* in bytes; of those made here */

/* Waits of 20, 40, ... 640 ms between them. An I/O error may take seconds. */
#define BUSY_TRIES		7
#define IO_TRIES		3
#define FIRST_WAIT		20		/* in ms */

static struct tpm_chip *chip __ro_after_init;
static bool chip_seen __ro_after_init;

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
	unsigned int wait = FIRST_WAIT;
	int i, err;

	value->alg_id = chip->allocated_banks[bank].alg_id;
	for (i = 1; (err = tpm_pcr_read(chip, MODGATE_PCR, value)); i++) {
		if (i == IO_TRIES || err == -ETIME)
			return -EIO;
		msleep(wait);
		wait *= 2;
	}
	return 0;
}

/*
 * Here, since later it may be in exec. What cannot be had stays NULL, and
 * modgate_tpm_extend() does without.
 */
static void __init prepare_banks(void)
{
	const u32 n = chip->nr_allocated_banks;
	struct crypto_shash *hash;
	u16 id;
	u32 i;

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
 * modgate_tpm_init() - choose the chip
 *
 * The first chip of the system, if it is a TPM 2.0. A chip without a parent
 * device is a program (vTPM proxy), and is refused. Called once, at
 * late_initcall_sync, before any document is accepted.
 */
void __init modgate_tpm_init(void)
{
	struct tpm_chip *first = tpm_default_chip();

	if (!first)
		return;
	chip_seen = true;
	if (first->flags & TPM_CHIP_FLAG_VIRTUAL || tpm_is_firmware_upgrade(first) ||
	    tpm_is_tpm2(first) != 1) {
		pr_warn("%s is not used: virtual, in firmware upgrade, or no TPM 2.0\n",
			dev_name(&first->dev));
		put_device(&first->dev);
		return;
	}
	chip = first;
	prepare_banks();
}

/**
 * modgate_tpm_present() - has a chip been chosen?
 *
 * Return: true if so; whether it answers is another question.
 */
bool modgate_tpm_present(void)
{
	return chip;
}

/**
 * modgate_tpm_seen() - was there any chip when one was to be chosen?
 *
 * Return: true also if it was refused.
 */
bool modgate_tpm_seen(void)
{
	return chip_seen;
}

/**
 * modgate_tpm_state() - what became of the choice, as in state
 *
 * Return: "chosen"; "refused": there was a chip, but none to rely on; "none"; or "late":
 * there was none, and now there is one, which is not used.
 */
const char *modgate_tpm_state(void)
{
	struct tpm_chip *now;

	if (chip)
		return "chosen";
	if (chip_seen)
		return "refused";
	now = tpm_default_chip();
	if (!now)
		return "none";
	put_device(&now->dev);
	return "late";
}

/*
 * Does the TPM want to be asked again, without having done anything? On
 * TPM_RC_RETRY and TPM_RC_TESTING tpm_transmit_cmd() itself does so, for some
 * seconds.
 */
static bool is_busy(ssize_t rc)
{
	return rc == RC_YIELDED || rc == RC_NV_RATE || rc == RC_NV_UNAVAILABLE;
}

static int to_errno(ssize_t rc)
{
	if (rc == -ENOMEM || !rc)
		return rc;
	if (rc == RC_NV_UNINITIALIZED)
		return -ENODATA;
	if (rc < 0 || !(rc & RC_FORMAT_ONE))
		return -EIO;
	return tpm2_rc_value(rc) == TPM2_RC_HANDLE ? -ENOENT : -EINVAL;
}

/* Keep everybody else, user space as well, away from the chip. */
static int hold(void)
{
	unsigned int wait = FIRST_WAIT;
	int i;

	if (!chip)
		return -ENODEV;
	for (i = 1; tpm_try_get_ops(chip); i++) {
		if (i == IO_TRIES)
			return -EIO;
		msleep(wait);
		wait *= 2;
	}
	return 0;
}

/*
 * Send a command to the chip that is held. @repeatable: it does no harm to send
 * it again after an I/O error, which may have hidden that it was carried out.
 */
static int transmit(struct tpm_buf *buf, bool repeatable)
{
	const size_t size = tpm_buf_length(buf);
	unsigned int wait = FIRST_WAIT;
	u8 command[COMMAND_MAX];
	ssize_t rc;
	int i;

	if (WARN_ON(size > sizeof(command)))
		return -EIO;
	memcpy(command, buf->data, size);
	for (i = 1;; i++) {
		rc = tpm_transmit_cmd(chip, buf, 0, NULL);
		if (!(is_busy(rc) && i < BUSY_TRIES) &&
		    !(rc < 0 && repeatable && i < IO_TRIES))
			return to_errno(rc);
		msleep(wait);
		wait *= 2;
		memcpy(buf->data, command, size);
	}
}

/* An empty password, Part 1, 19.4 */
static void append_password(struct tpm_buf *buf)
{
	tpm_buf_append_empty_auth(buf, TPM2_RS_PW);
}

/* What is left of a response; @cut once more was taken than there was. */
struct response {
	const u8 *at;
	size_t left;			/* in bytes */
	bool cut;
};

static const u8 *take(struct response *r, size_t size)
{
	const u8 *p = r->at;

	if (r->cut || size > r->left) {
		r->cut = true;
		return NULL;
	}
	r->at += size;
	r->left -= size;
	return p;
}

static u16 take_u16(struct response *r)
{
	const u8 *p = take(r, sizeof(u16));

	return p ? get_unaligned_be16(p) : 0;
}

static u32 take_u32(struct response *r)
{
	const u8 *p = take(r, sizeof(u32));

	return p ? get_unaligned_be32(p) : 0;
}

/**
 * modgate_tpm_parse_public() - is this the public area of a counter of ours?
 * @body: response to TPM2_NV_ReadPublic, without its header
 * @size: of @body, in bytes
 * @index: NV index that was asked for
 *
 * Part 2, 13.5 (TPMS_NV_PUBLIC): as it stands in include/uapi/linux/modgate.h.
 *
 * Return: 0; -EINVAL: another public area; -ENODATA: ours, and never written;
 * -EIO: not a response to this command.
 */
int modgate_tpm_parse_public(const u8 *body, size_t size, u32 index)
{
	struct response r = { .at = body, .left = size };
	u16 public_size = take_u16(&r);
	u32 handle = take_u32(&r);
	u16 algorithm = take_u16(&r);
	u32 attributes = take_u32(&r);
	u16 policy_size = take_u16(&r);
	u16 data_size;

	if (r.cut || handle != index)
		return -EIO;
	if (public_size != NV_PUBLIC_SIZE || policy_size)
		return -EINVAL;
	data_size = take_u16(&r);
	if (r.cut)
		return -EIO;
	if (algorithm != TPM_ALG_SHA256 || data_size != COUNTER_SIZE ||
	    (attributes & ~MODGATE_NV_STATE) != MODGATE_NV_ATTRIBUTES)
		return -EINVAL;
	return attributes & BIT(29) ? 0 : -ENODATA;	/* TPMA_NV_WRITTEN */
}

/**
 * modgate_tpm_parse_counter() - the value of a counter
 * @body: response to TPM2_NV_Read with a session, without its header
 * @size: of @body, in bytes
 * @value: filled in
 *
 * Return: 0; -EIO: not a response to this command.
 */
int modgate_tpm_parse_counter(const u8 *body, size_t size, u64 *value)
{
	struct response r = { .at = body, .left = size };
	u32 parameters_size = take_u32(&r);
	u16 data_size = take_u16(&r);
	const u8 *data = take(&r, COUNTER_SIZE);

	if (r.cut || data_size != COUNTER_SIZE ||
	    parameters_size != sizeof(u16) + COUNTER_SIZE)
		return -EIO;
	*value = get_unaligned_be64(data);
	return 0;
}

/**
 * modgate_tpm_parse_name() - the Name of an object that cannot leave its TPM
 * @body: response to TPM2_ReadPublic, without its header
 * @size: of @body, in bytes
 * @name: set to the Name inside @body: algorithm (2 bytes) and digest
 * @name_size: of @name, in bytes
 *
 * Part 2, 12.2.4 (TPMT_PUBLIC), and Part 1, 16 (Names).
 *
 * Return: 0; -ENOENT: an object that may have come from elsewhere (fixedTPM is
 * not set); -EIO: not a response to this command.
 */
int modgate_tpm_parse_name(const u8 *body, size_t size, const u8 **name,
			   size_t *name_size)
{
	struct response r = { .at = body, .left = size };
	u16 public_size = take_u16(&r);
	const u8 *public = take(&r, public_size);

	*name_size = take_u16(&r);
	*name = take(&r, *name_size);
	if (r.cut || public_size < 8 || *name_size <= sizeof(u16) ||
	    *name_size > sizeof(u16) + SHA512_DIGEST_SIZE)
		return -EIO;
	/* type, nameAlg, objectAttributes */
	if (!(get_unaligned_be32(public + 4) & TPM2_OA_FIXED_TPM))
		return -ENOENT;
	return 0;
}

/**
 * modgate_tpm_parse_clock() - how often the TPM was reset
 * @body: response to TPM2_ReadClock, without its header
 * @size: of @body, in bytes
 * @resets: filled in with resetCount
 * @restarts: filled in with restartCount
 *
 * Part 2, 10.11 (TPMS_CLOCK_INFO, TPMS_TIME_INFO).
 *
 * Return: 0; -EIO: not a response to this command.
 */
int modgate_tpm_parse_clock(const u8 *body, size_t size, u32 *resets,
			    u32 *restarts)
{
	struct response r = { .at = body, .left = size };

	take(&r, 2 * sizeof(u64));	/* time, clock */
	*resets = take_u32(&r);
	*restarts = take_u32(&r);
	take(&r, 1);			/* safe */
	return r.cut || r.left ? -EIO : 0;
}

static const u8 *body_of(const struct tpm_buf *buf)
{
	return buf->data + TPM_HEADER_SIZE;
}

/* tpm_transmit_cmd() has made sure that there is a header. */
static size_t body_size(struct tpm_buf *buf)
{
	return tpm_buf_length(buf) - TPM_HEADER_SIZE;
}

static int counters_begin(struct modgate_counters *unused)
{
	return hold();
}

static void counters_end(struct modgate_counters *unused)
{
	tpm_put_ops(chip);
}

/* TPM2_NV_ReadPublic, Part 3, 31.6 */
static int counter_check(struct modgate_counters *unused, u32 index)
{
	struct tpm_buf *buf;
	int err;

	buf = modgate_tpm_buf(TPM2_ST_NO_SESSIONS, CC_NV_READ_PUBLIC);
	if (!buf)
		return -ENOMEM;
	tpm_buf_append_u32(buf, index);
	err = transmit(buf, true);
	if (!err)
		err = modgate_tpm_parse_public(body_of(buf), body_size(buf),
					       index);
	modgate_tpm_buf_free(buf);
	return err;
}

/* TPM2_NV_Read, Part 3, 31.13 */
static int counter_read(struct modgate_counters *unused, u32 index, u64 *value)
{
	struct tpm_buf *buf;
	int err;

	buf = modgate_tpm_buf(TPM2_ST_SESSIONS, TPM2_CC_NV_READ);
	if (!buf)
		return -ENOMEM;
	tpm_buf_append_u32(buf, index);		/* authHandle */
	tpm_buf_append_u32(buf, index);		/* nvIndex */
	append_password(buf);
	tpm_buf_append_u16(buf, COUNTER_SIZE);	/* size */
	tpm_buf_append_u16(buf, 0);		/* offset */
	err = transmit(buf, true);
	if (!err)
		err = modgate_tpm_parse_counter(body_of(buf), body_size(buf),
						value);
	modgate_tpm_buf_free(buf);
	return err;
}

/* TPM2_NV_Increment, Part 3, 31.8 */
static int counter_increment(struct modgate_counters *unused, u32 index)
{
	struct tpm_buf *buf;
	int err;

	buf = modgate_tpm_buf(TPM2_ST_SESSIONS, CC_NV_INCREMENT);
	if (!buf)
		return -ENOMEM;
	tpm_buf_append_u32(buf, index);		/* authHandle */
	tpm_buf_append_u32(buf, index);		/* nvIndex */
	append_password(buf);
	err = transmit(buf, false);
	modgate_tpm_buf_free(buf);
	return err;
}

struct modgate_counters modgate_tpm_counters = {
	.begin = counters_begin,
	.end = counters_end,
	.check = counter_check,
	.read = counter_read,
	.increment = counter_increment,
};

/**
 * modgate_tpm_srk_digest() - SHA-384 of the Name of the storage root key
 * @digest: %MODGATE_DIGEST_SIZE bytes, filled in
 *
 * TPM2_ReadPublic of %MODGATE_SRK_HANDLE, Part 3, 12.4.
 *
 * Return: 0; -ENODEV: no chip; -ENOENT: no such key; -EIO: the TPM does not
 * answer, or not so; -EINVAL: the TPM rejects the question; -ENOMEM; or an errno
 * of modgate_sha384().
 */
int modgate_tpm_srk_digest(u8 *digest)
{
	struct tpm_buf *buf;
	const u8 *name;
	size_t size;
	int err;

	err = hold();
	if (err)
		return err;
	buf = modgate_tpm_buf(TPM2_ST_NO_SESSIONS, TPM2_CC_READ_PUBLIC);
	if (!buf) {
		tpm_put_ops(chip);
		return -ENOMEM;
	}
	tpm_buf_append_u32(buf, MODGATE_SRK_HANDLE);
	err = transmit(buf, true);
	tpm_put_ops(chip);
	if (!err)
		err = modgate_tpm_parse_name(body_of(buf), body_size(buf),
					     &name, &size);
	if (!err)
		err = modgate_sha384(name, size, digest);
	modgate_tpm_buf_free(buf);
	return err;
}

/**
 * modgate_tpm_clock() - how often was the TPM reset, and restarted since?
 * @resets: filled in: TPM Reset, at power-on or by firmware
 * @restarts: filled in: TPM Restart or Resume, as after a suspend
 *
 * TPM2_ReadClock, Part 3, 29.1.
 *
 * Return: 0; -ENODEV: no chip; -EIO: the TPM does not answer, or not so; -EINVAL: it
 * rejects the question; -ENOMEM.
 */
int modgate_tpm_clock(u32 *resets, u32 *restarts)
{
	struct tpm_buf *buf;
	int err;

	err = hold();
	if (err)
		return err;
	buf = modgate_tpm_buf(TPM2_ST_NO_SESSIONS, CC_READ_CLOCK);
	err = buf ? transmit(buf, true) : -ENOMEM;
	tpm_put_ops(chip);
	if (!err)
		err = modgate_tpm_parse_clock(body_of(buf), body_size(buf),
					      resets, restarts);
	if (buf)
		modgate_tpm_buf_free(buf);
	return err;
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
	unsigned int wait = FIRST_WAIT;
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
		if (err <= 0 || i == BUSY_TRIES)
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
