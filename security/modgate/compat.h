/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What differs between the kernels that modgate supports, which are told apart
 * here and nowhere else; an upstream submission drops this file.
 */
#ifndef _MODGATE_COMPAT_H
#define _MODGATE_COMPAT_H

#include <linux/module_signature.h>

#ifdef MODULE_SIGNATURE_MARKER	/* 7.3 */

#include <crypto/sha2.h>

#define MODGATE_LSM_NAME	.id = &modgate_lsmid
#define MODGATE_SIG_MARKER	MODULE_SIGNATURE_MARKER
#define modgate_sig_digest	m
#define modgate_sig_digest_size	m_size

static inline int modgate_sha384_compat(const void *data, size_t size, u8 *out)
{
	sha384(data, size, out);
	return 0;
}

#else				/* 6.12 */

#include <crypto/hash.h>

#define MODGATE_LSM_NAME	.name = "modgate"
#define MODGATE_SIG_MARKER	MODULE_SIG_STRING
#define modgate_sig_digest	digest
#define modgate_sig_digest_size	digest_size

static inline int modgate_sha384_compat(const void *data, size_t size, u8 *out)
{
	struct crypto_shash *tfm = crypto_alloc_shash("sha384", 0, 0);
	int err;

	if (IS_ERR(tfm))
		return PTR_ERR(tfm);
	err = crypto_shash_tfm_digest(tfm, data, size, out);
	crypto_free_shash(tfm);
	return err;
}

#endif

#endif /* _MODGATE_COMPAT_H */
