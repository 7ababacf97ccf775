// SPDX-License-Identifier: GPL-2.0-only
/*
 * The TPM: the one real TPM 2.0 chip, chosen when the drivers that are built in
 * have started and held from then on. A chip that comes later, or in its place,
 * is never used. No program has run by then (see early.c), so that none can have
 * put a chip there, or taken one away.
 *
 * Section numbers are those of the TPM 2.0 Library.
 */
#include <linux/delay.h>
#include <linux/init.h>
#include <linux/slab.h>
#include <linux/tpm.h>
#include <linux/unaligned.h>
#include "compat.h"
#include "signer.h"
#include "tpm.h"
#include "modgate.h"

/* Part 2, 6.5.2 */
#define CC_READ_CLOCK		0x0181

/* Part 2, 6.6.3; what linux/tpm.h does not have */
#define RC_NV_UNINITIALIZED	0x014a
#define RC_YIELDED		0x0908
#define RC_NV_RATE		0x0920
#define RC_NV_UNAVAILABLE	0x0923
#define RC_FORMAT_ONE		BIT(7)		/* about a handle or parameter */

#define COMMAND_MAX		48		/* in bytes; of those made here */

static struct tpm_chip *chip __ro_after_init;
static bool chip_seen __ro_after_init;

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
	modgate_tpm_pcr_init(chip);
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
	unsigned int wait = MODGATE_TPM_FIRST_WAIT;
	int i;

	if (!chip)
		return -ENODEV;
	for (i = 1; tpm_try_get_ops(chip); i++) {
		if (i == MODGATE_TPM_IO_TRIES)
			return -EIO;
		msleep(wait);
		wait *= 2;
	}
	return 0;
}

/*
 * What the chip has answered to the @tries-th attempt is @rc. Is it to be asked once
 * more? @repeatable: it does no harm after an I/O error either, which may have hidden
 * that the command was carried out. Then waits, and doubles @wait.
 */
static bool ask_again(ssize_t rc, int tries, unsigned int *wait, bool repeatable)
{
	if (rc == -ENOMEM || rc == -EBADMSG)
		return false;
	if (!(is_busy(rc) && tries < MODGATE_TPM_BUSY_TRIES) &&
	    !(rc < 0 && repeatable && tries < MODGATE_TPM_IO_TRIES))
		return false;
	msleep(*wait);
	*wait *= 2;
	return true;
}

/* Send a command that can be repeated to the chip that is held. */
static int transmit(struct tpm_buf *buf)
{
	const size_t size = tpm_buf_length(buf);
	unsigned int wait = MODGATE_TPM_FIRST_WAIT;
	u8 command[COMMAND_MAX];
	ssize_t rc;
	int i;

	if (WARN_ON(size > sizeof(command)))
		return -EIO;
	memcpy(command, buf->data, size);
	for (i = 1;; i++) {
		rc = tpm_transmit_cmd(chip, buf, 0, NULL);
		if (!ask_again(rc, i, &wait, true))
			return to_errno(rc);
		memcpy(buf->data, command, size);
	}
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

static int counter_check(struct modgate_counters *unused, u32 index)
{
	unsigned int wait = MODGATE_TPM_FIRST_WAIT;
	struct tpm2_nv_public public;
	ssize_t rc;
	int i = 1;

	do {
		rc = tpm2_nv_read_public(chip, index, &public);
	} while (ask_again(rc, i++, &wait, true));
	return to_errno(rc) ?: modgate_tpm_check_public(&public);
}

static int counter_read(struct modgate_counters *unused, u32 index, u64 *value)
{
	unsigned int wait = MODGATE_TPM_FIRST_WAIT;
	u8 data[MODGATE_TPM_COUNTER_SIZE];
	ssize_t rc;
	int i = 1;

	do {
		rc = tpm2_nv_read(chip, index, 0, data, sizeof(data));
	} while (ask_again(rc, i++, &wait, true));
	if (!rc)
		*value = get_unaligned_be64(data);
	return to_errno(rc);
}

static int counter_increment(struct modgate_counters *unused, u32 index)
{
	unsigned int wait = MODGATE_TPM_FIRST_WAIT;
	ssize_t rc;
	int i = 1;

	do {
		rc = tpm2_nv_increment(chip, index);
	} while (ask_again(rc, i++, &wait, false));
	return to_errno(rc);
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
	err = transmit(buf);
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
	err = buf ? transmit(buf) : -ENOMEM;
	tpm_put_ops(chip);
	if (!err)
		err = modgate_tpm_parse_clock(body_of(buf), body_size(buf),
					      resets, restarts);
	if (buf)
		modgate_tpm_buf_free(buf);
	return err;
}
