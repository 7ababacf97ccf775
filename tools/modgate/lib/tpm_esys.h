/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For the files that talk to the TPM by ESYS.
 */
#ifndef _MODGATE_TPM_ESYS_H
#define _MODGATE_TPM_ESYS_H

#include <tss2/tss2_esys.h>

#include "tpm.h"

/* tpm.c */
struct ESYS_CONTEXT *tpm_esys(const struct tpm *tpm);
enum status tpm_fail(TSS2_RC rc, const char *what);

#endif /* _MODGATE_TPM_ESYS_H */
