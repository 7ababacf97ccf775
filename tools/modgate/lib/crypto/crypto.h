/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The room crypto: digests, certificates and signatures, all by OpenSSL. It knows
 * neither names of keys nor how keys are kept. Uses base.
 */
#ifndef _MODGATE_LIB_CRYPTO_H
#define _MODGATE_LIB_CRYPTO_H

#include <openssl/cms.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "base.h"

#define CERT_FILE_MAX (4 * MODGATE_CERT_MAX)	/* in bytes, PEM or DER */

/**
 * struct cert - a certificate
 * @x509: for OpenSSL
 * @der: the same in DER
 * @der_size: of @der, in bytes
 * @digest: SHA-384 of @der, which documents use to refer to it
 */
struct cert {
	X509 *x509;
	__u8 *der;
	size_t der_size;
	__u8 digest[MODGATE_DIGEST_SIZE];
};

/* crypto.c */
void sha384(const void *data, size_t size, __u8 digest[MODGATE_DIGEST_SIZE]);
char *crypto_error(void);
int cert_read(const char *path, struct cert *cert);
int cert_take(const void *data, size_t size, struct cert *cert);
int no_passphrase(char *buffer, int size, int rwflag, void *data);
int cert_parse(const void *der, size_t size, struct cert *cert);
void cert_free(struct cert *cert);
char *cert_subject(const X509 *x509);
bool is_mldsa(const ASN1_OBJECT *algorithm);
const char *cert_mldsa_name(const X509 *x509);
const char *key_unknown(const X509 *x509);
const char *signature_check(const void *der, size_t der_size,
			    const void *data, size_t size,
			    const void *signature, size_t signature_size);
int signature_make(EVP_PKEY *key, const void *data, size_t size,
		   __u8 *signature, size_t *signature_size);
bool key_supported(EVP_PKEY *key);
bool cert_sign(X509 *x509, EVP_PKEY *key);
OSSL_LIB_CTX *key_context(const EVP_PKEY *key);
void key_context_set(OSSL_LIB_CTX *context);

/* cms.c: the CMS (PKCS#7) signature of a module */
#define SIG_CHANGED \
	"it does not match the module: either was changed after signing"

CMS_SignerInfo *cms_signer(CMS_ContentInfo *cms);
const char *cms_attribute_problem(CMS_ContentInfo *cms, CMS_SignerInfo *si,
				  const void *content, size_t size);
bool cms_verify_by(CMS_ContentInfo *cms, const struct cert *cert,
		   const void *content, size_t size);

#endif /* _MODGATE_LIB_CRYPTO_H */
