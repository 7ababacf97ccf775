/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The anchor's certificate, made into DER from CONFIG_SECURITY_MODGATE_ANCHOR.
 */
#include <linux/linkage.h>

	.section .rodata, "a"

	.globl modgate_anchor_cert
	.globl modgate_anchor_cert_end
	.align 8
modgate_anchor_cert:
	.incbin "security/modgate/anchor.der"
modgate_anchor_cert_end:
