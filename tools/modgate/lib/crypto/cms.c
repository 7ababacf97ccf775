// SPDX-License-Identifier: GPL-2.0-only
/*
 * Verify the CMS signature of a module and its attributes. OpenSSL does most of it, but
 * before 3.5 it lacks ML-DSA, and it does not know what the kernel allows.
 */
#include <openssl/err.h>

#include "crypto.h"

/* The only signer, since the kernel build produces just one; or NULL. */
CMS_SignerInfo *cms_signer(CMS_ContentInfo *cms)
{
	return sk_CMS_SignerInfo_value(CMS_get0_SignerInfos(cms), 0);
}

static bool by_mldsa(CMS_SignerInfo *si)
{
	X509_ALGOR *algorithm;

	CMS_SignerInfo_get0_algs(si, NULL, NULL, NULL, &algorithm);
	return is_mldsa(algorithm->algorithm);
}

/*
 * Does the digest in the signed attributes match the module? This needs no key.
 */
static bool attributes_match(CMS_ContentInfo *cms, CMS_SignerInfo *si,
			     const void *content, size_t size)
{
	BIO *bio = BIO_new_mem_buf(content, size);
	BIO *chain = bio ? CMS_dataInit(cms, bio) : NULL;
	char data[16384];
	bool good;

	while (chain && BIO_read(chain, data, sizeof(data)) > 0)
		;
	good = chain && CMS_SignerInfo_verify_content(si, chain) == 1;
	BIO_free_all(chain ? chain : bio);
	ERR_clear_error();
	return good;
}

/**
 * cms_attribute_problem() - does the kernel accept the signed attributes?
 * @cms: a signature
 * @si: its signer, with signed attributes
 * @content: what was signed
 * @size: of @content, in bytes
 *
 * Return: NULL; or why the kernel refuses it.
 */
const char *cms_attribute_problem(CMS_ContentInfo *cms, CMS_SignerInfo *si,
				  const void *content, size_t size)
{
	if (!by_mldsa(si))
		return "it has signed attributes, which the kernel takes with ML-DSA only";
	if (CMS_signed_get_attr_by_NID(si, NID_SMIMECapabilities, -1) >= 0)
		return "it has S/MIME capabilities, which the kernel refuses (cms -nosmimecap)";
	return attributes_match(cms, si, content, size) ? NULL : SIG_CHANGED;
}

/* ML-DSA signs the module itself, but CMS_verify() expects a digest. */
static bool verify_whole(CMS_SignerInfo *si, const struct cert *cert,
			 const void *content, size_t size)
{
	const ASN1_OCTET_STRING *s = CMS_SignerInfo_get0_signature(si);
	EVP_PKEY *key = X509_get0_pubkey(cert->x509);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool good;

	good = ctx && key &&
	       EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, key) == 1 &&
	       EVP_DigestVerify(ctx, ASN1_STRING_get0_data(s),
				ASN1_STRING_length(s), content, size) == 1;
	EVP_MD_CTX_free(ctx);
	ERR_clear_error();
	return good;
}

/**
 * cms_verify_by() - is a signature valid?
 * @cms: the signature
 * @cert: of the signer that it names
 * @content: what was signed
 * @size: of @content, in bytes
 *
 * Return: true if so; false also if OpenSSL does not know the algorithm.
 */
bool cms_verify_by(CMS_ContentInfo *cms, const struct cert *cert,
		   const void *content, size_t size)
{
	struct stack_st_X509 *certs;
	CMS_SignerInfo *si = cms_signer(cms);
	bool good;
	BIO *bio;

	if (si && by_mldsa(si) && CMS_signed_get_attr_count(si) < 0)
		return verify_whole(si, cert, content, size);
	certs = sk_X509_new_null();
	bio = BIO_new_mem_buf(content, size);
	good = certs && bio && sk_X509_push(certs, cert->x509) > 0 &&
	       CMS_verify(cms, certs, NULL, bio, NULL,
			  CMS_BINARY | CMS_DETACHED | CMS_NOINTERN |
			  CMS_NO_SIGNER_CERT_VERIFY) == 1;
	BIO_free(bio);
	sk_X509_free(certs);
	ERR_clear_error();
	return good;
}
