/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The differences between the kernels that modgate supports, in this file only. An
 * upstream submission drops it.
 */
#ifndef _MODGATE_COMPAT_H
#define _MODGATE_COMPAT_H

#include <linux/bpf.h>
#include <linux/module_signature.h>
#include <linux/slab.h>
#ifdef CONFIG_SECURITY_MODGATE_TPM
#include <linux/tpm.h>
#endif

#ifdef MODULE_SIGNATURE_MARKER	/* 7.3 */

#include <crypto/sha2.h>

#define MODGATE_LSM_INFO(fs, late)					\
	.id = &modgate_lsmid, .initcall_fs = fs, .initcall_late = late
#define MODGATE_INITCALL(...)
#define MODGATE_SIG_MARKER	MODULE_SIGNATURE_MARKER
#define modgate_sig_digest	m
#define modgate_sig_digest_size	m_size
#define MODGATE_BPF_PROG_LOAD(hook)					\
	hook(struct bpf_prog *prog, union bpf_attr *attr,		\
	     struct bpf_token *token, bool kernel)

/* In this kernel the verifier checks the return value set by such a program. */
static inline bool modgate_bpf_returns_more(u32 attach_type)
{
	return false;
}

static inline bool modgate_bpf_writes_registers(const struct bpf_prog *prog)
{
	return prog->aux->kprobe_write_ctx;
}

static inline int modgate_sha384_compat(const void *data, size_t size, u8 *out)
{
	sha384(data, size, out);
	return 0;
}

static inline int modgate_hmac_sha384_compat(const void *key, size_t key_size,
					     const void *data, size_t size,
					     u8 *out)
{
	hmac_sha384_usingrawkey(key, key_size, data, size, out);
	return 0;
}

#ifdef CONFIG_SECURITY_MODGATE_TPM
static inline struct tpm_buf *modgate_tpm_buf(u16 tag, u32 command)
{
	struct tpm_buf *buf = kzalloc(TPM_BUFSIZE, GFP_KERNEL);

	if (!buf)
		return NULL;
	tpm_buf_init(buf, TPM_BUFSIZE);
	tpm_buf_reset(buf, tag, command);
	return buf;
}

static inline void modgate_tpm_buf_free(struct tpm_buf *buf)
{
	kfree(buf);
}
#endif

#else				/* 6.12 */

#include <crypto/hash.h>
#define MODGATE_LSM_INFO(...)	.name = "modgate"
/* Initcalls in lsm_info run only for an enabled security module. */
#define MODGATE_INITCALL(level, function)				\
	static int __init function##_if_enabled(void)			\
	{								\
		return modgate_enabled ? function() : 0;		\
	}								\
	level##_initcall(function##_if_enabled)
#define MODGATE_SIG_MARKER	MODULE_SIG_STRING
#define modgate_sig_digest	digest
#define modgate_sig_digest_size	digest_size
#define MODGATE_BPF_PROG_LOAD(hook)					\
	hook(struct bpf_prog *prog, union bpf_attr *attr,		\
	     struct bpf_token *token)

static inline bool modgate_bpf_returns_more(u32 attach_type)
{
	return attach_type == BPF_LSM_CGROUP;
}

static inline bool modgate_bpf_writes_registers(const struct bpf_prog *prog)
{
	return false;
}

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

static inline int modgate_hmac_sha384_compat(const void *key, size_t key_size,
					     const void *data, size_t size,
					     u8 *out)
{
	struct crypto_shash *tfm = crypto_alloc_shash("hmac(sha384)", 0, 0);
	int err;

	if (IS_ERR(tfm))
		return PTR_ERR(tfm);
	err = crypto_shash_setkey(tfm, key, key_size) ?:
	      crypto_shash_tfm_digest(tfm, data, size, out);
	crypto_free_shash(tfm);
	return err;
}

#ifdef CONFIG_SECURITY_MODGATE_TPM
static inline struct tpm_buf *modgate_tpm_buf(u16 tag, u32 command)
{
	struct tpm_buf *buf = kzalloc(sizeof(*buf), GFP_KERNEL);

	if (buf && tpm_buf_init(buf, tag, command)) {
		kfree(buf);
		buf = NULL;
	}
	return buf;
}

static inline void modgate_tpm_buf_free(struct tpm_buf *buf)
{
	tpm_buf_destroy(buf);
	kfree(buf);
}
#endif

#endif

#endif /* _MODGATE_COMPAT_H */
