// SPDX-License-Identifier: GPL-2.0-only
/*
 * Responses of a TPM: nothing in them is believed to be there. Section numbers are
 * those of the TPM 2.0 Library.
 */
#include <crypto/sha2.h>
#include <linux/bits.h>
#include <linux/errno.h>
#include <linux/tpm.h>
#include <linux/unaligned.h>
#include <linux/modgate.h>
#include "tpm.h"

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
 * modgate_tpm_check_public() - is this the public area of a counter of ours?
 * @public: as the TPM says
 *
 * Part 2, 13.5 (TPMS_NV_PUBLIC): as it stands in include/uapi/linux/modgate.h.
 *
 * Return: 0; -EINVAL: another public area; -ENODATA: ours, and never written.
 */
int modgate_tpm_check_public(const struct tpm2_nv_public *public)
{
	if (public->policy_size || public->name_alg != TPM_ALG_SHA256 ||
	    public->data_size != MODGATE_TPM_COUNTER_SIZE ||
	    (public->attributes & ~MODGATE_NV_STATE) != MODGATE_NV_ATTRIBUTES)
		return -EINVAL;
	return public->attributes & BIT(29) ? 0 : -ENODATA;	/* TPMA_NV_WRITTEN */
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
