/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For code that sends TPM commands: an open TPM, and its response codes.
 */
#ifndef _MODGATE_LIB_ESYS_H
#define _MODGATE_LIB_ESYS_H

#include <tss2/tss2_esys.h>

#include "tpm.h"

/**
 * struct tpm - an open TPM
 * @tcti: transport
 * @esys: context of ESYS
 * @srk: storage root key, ESYS_TR_NONE if it has none
 * @session: HMAC session, salted if there is a storage root key
 * @name: SHA-384 of the Name of @srk
 */
struct tpm {
	TSS2_TCTI_CONTEXT *tcti;
	ESYS_CONTEXT *esys;
	ESYS_TR srk;
	ESYS_TR session;
	__u8 name[MODGATE_DIGEST_SIZE];
};

TSS2_RC tpm_code(TSS2_RC rc);
bool tpm_secret_wrong(TSS2_RC rc);
enum status tpm_fail(TSS2_RC rc, const char *what);

/**
 * struct tpm_loaded - a loaded object and the session that may use it
 * @object: the object
 * @session: salted, parameters encrypted
 */
struct tpm_loaded {
	ESYS_TR object;
	ESYS_TR session;
};

/* pcr.c */
TPML_PCR_SELECTION pcr_selection(__u16 algorithm, __u32 mask);

/* key.c */
enum status tpm_create(struct tpm *tpm, const char *passphrase,
		       const TPM2B_PUBLIC *template, const void *data,
		       size_t size, const char *what, struct tpm_key *key);
enum status tpm_load(struct tpm *tpm, const struct tpm_key *key,
		     const char *path, const char *passphrase, TPM2_SE type,
		     struct tpm_loaded *loaded);
void tpm_unload(struct tpm *tpm, struct tpm_loaded *loaded);
enum status tpm_use_failed(struct tpm *tpm, TSS2_RC rc, const char *path,
			   const char *what);

#endif /* _MODGATE_LIB_ESYS_H */
