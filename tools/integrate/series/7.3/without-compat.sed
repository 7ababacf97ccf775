# SPDX-License-Identifier: GPL-2.0-only
#
# For a series that goes upstream: security/modgate without compat.h, for the one
# kernel that it is for.
/^#include "compat\.h"$/d

# lsm.c, hooks.c
s/^\tMODGATE_LSM_INFO(\(.*\), \(.*\)),$/\t.id = \&modgate_lsmid,\
	.initcall_fs = \1,\
	.initcall_late = \2,/
/^MODGATE_INITCALL(fs,/,/^$/d
s/^static int MODGATE_BPF_PROG_LOAD(modgate_bpf_prog_load)$/static int modgate_bpf_prog_load(struct bpf_prog *prog, union bpf_attr *attr,\
				 struct bpf_token *token, bool kernel)/

# bpf.c
/modgate_bpf_returns_more(/d
s/modgate_bpf_writes_registers(prog)/prog->aux->kprobe_write_ctx/

# signer.c
s/MODGATE_SIG_MARKER/MODULE_SIGNATURE_MARKER/
s/modgate_sig_digest_size/m_size/
s/modgate_sig_digest/m/
s/^\treturn modgate_sha384_compat(\(.*\));$/\tsha384(\1);\
	return 0;/

# machine.c
/modgate_hmac_sha384_compat/,/);$/{
	s/return modgate_hmac_sha384_compat(/hmac_sha384_usingrawkey(/
	s/^\t\t\t\t\t  /\t\t\t\t/
	s/);$/&\
	return 0;/
}

# tpm.c
/^#define COMMAND_MAX/a\
\
static struct tpm_buf *modgate_tpm_buf(u16 tag, u32 command)\
{\
	struct tpm_buf *buf = kzalloc(TPM_BUFSIZE, GFP_KERNEL);\
\
	if (!buf)\
		return NULL;\
	tpm_buf_init(buf, TPM_BUFSIZE);\
	tpm_buf_reset(buf, tag, command);\
	return buf;\
}\
\
static void modgate_tpm_buf_free(struct tpm_buf *buf)\
{\
	kfree(buf);\
}

# What a kernel-doc says about older kernels.
/ \* Return: 0; or, only before 7\.3,/{
	/\.$/!N
	s/.*/ * Return: 0./
}
