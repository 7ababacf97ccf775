// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reads the signature of a module: is it well-formed, who made it, and is it valid
 * according to the given certificates. Called in the reader's confined child.
 */
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>

#include "base.h"
#include "crypto.h"
#include "module.h"

/* Candidates for the signer's certificate, as they are in their files. */
struct candidates {
	const struct file_bytes *certs;
	size_t n;
	int decided;		/* which one decided, or -1 */
};

static void broken(struct modsig *sig, const char *problem)
{
	sig->state = SIG_BROKEN;
	free(sig->problem);
	sig->problem = xstrdup(problem);
}

static char *common_name(const X509_NAME *name)
{
	char text[256] = "";

	if (X509_NAME_get_text_by_NID((X509_NAME *)name, NID_commonName, text,
				      sizeof(text)) <= 0)
		X509_NAME_oneline(name, text, sizeof(text));
	return xstrdup(text);
}

static void read_signer(struct modsig *sig, CMS_SignerInfo *si)
{
	ASN1_OCTET_STRING *key_id = NULL;
	ASN1_INTEGER *serial = NULL;
	X509_NAME *issuer = NULL;
	X509_ALGOR *hash;
	char text[64];

	CMS_SignerInfo_get0_algs(si, NULL, NULL, &hash, NULL);
	OBJ_obj2txt(text, sizeof(text), hash->algorithm, 0);
	sig->hash = xstrdup(text);
	if (CMS_SignerInfo_get0_signer_id(si, &key_id, &issuer, &serial) != 1)
		return;
	if (key_id) {
		size_t size = ASN1_STRING_length(key_id);

		sig->id = xzalloc(2 * size + 1);
		to_hex(sig->id, ASN1_STRING_get0_data(key_id), size);
		sig->signer = fmt("key %s", sig->id);
	} else {
		sig->signer = common_name(issuer);
		sig->id = signer_key_id(issuer, serial);
	}
}

/* If this certificate belongs to the signer, it decides. */
static bool try_cert(struct modsig *sig, CMS_ContentInfo *cms,
		     CMS_SignerInfo *si, const struct file_bytes *file,
		     const void *content, size_t size)
{
	const char *unknown;
	struct cert cert;
	bool match;

	if (cert_take(file->data, file->size, &cert))
		return false;
	match = !CMS_SignerInfo_cert_cmp(si, cert.x509);
	unknown = match ? key_unknown(cert.x509) : NULL;
	if (unknown) {
		sig->state = SIG_UNVERIFIED;
		sig->key_unknown = true;
		sig->problem = xstrdup(unknown);
	} else if (match && cms_verify_by(cms, &cert, content, size)) {
		sig->state = SIG_VERIFIED;
	} else if (match) {
		broken(sig, SIG_CHANGED);
	}
	cert_free(&cert);
	return match;
}

static void verify(struct modsig *sig, CMS_ContentInfo *cms, CMS_SignerInfo *si,
		   const void *content, size_t size, struct candidates *c)
{
	const char *problem = NULL;
	size_t i;

	sig->waived = CMS_signed_get_attr_count(si) >= 0;
	if (sig->waived)
		problem = cms_attribute_problem(cms, si, content, size);
	if (problem) {
		broken(sig, problem);
		return;
	}
	for (i = 0; i < c->n; i++)
		if (try_cert(sig, cms, si, &c->certs[i], content, size)) {
			c->decided = i;
			return;
		}
	sig->state = SIG_UNVERIFIED;
	sig->problem = xstrdup("its signer's certificate was not found here; --cert=FILE names it");
}

static bool brings_certs(CMS_ContentInfo *cms)
{
	struct stack_st_X509 *certs = CMS_get1_certs(cms);
	bool some = sk_X509_num(certs) > 0;

	sk_X509_pop_free(certs, X509_free);
	return some;
}

static void read_message(struct modsig *sig, const struct appended *a,
			 const void *module, struct candidates *c)
{
	struct stack_st_CMS_SignerInfo *signers = NULL;
	const unsigned char *p = a->message;
	CMS_ContentInfo *cms = d2i_CMS_ContentInfo(NULL, &p, a->message_size);

	if (cms)
		signers = CMS_get0_SignerInfos(cms);
	if (!signers || sk_CMS_SignerInfo_num(signers) < 1) {
		broken(sig, "it is not a PKCS#7 signature");
	} else if (p != a->message + a->message_size) {
		broken(sig, "there is something behind the PKCS#7 signature");
	} else {
		CMS_SignerInfo *si = cms_signer(cms);

		sig->chained = brings_certs(cms);
		read_signer(sig, si);
		verify(sig, cms, si, module, a->content_size, c);
	}
	CMS_ContentInfo_free(cms);
	ERR_clear_error();
}

/**
 * modsig_read() - read the signature at the end of a module
 * @sig: zeroed; filled in, except for what modsig_finish() adds; the caller frees it
 * @module: decompressed
 * @size: of @module, in bytes
 * @certs: candidates for the signer's certificate
 * @n: their number
 * @verified_by: set to the number of the one that verifies the signature, or -1
 */
void modsig_read(struct modsig *sig, const void *module, size_t size,
		 const struct file_bytes *certs, size_t n, int *verified_by)
{
	struct candidates c = { .certs = certs, .n = n, .decided = -1 };
	struct appended a;
	const char *problem = modsig_split(module, size, &a);

	*verified_by = -1;
	if (problem)
		broken(sig, problem);
	if (problem || !a.message)
		return;
	sig->size = size - a.content_size;
	read_message(sig, &a, module, &c);
	if (sig->state == SIG_VERIFIED)
		*verified_by = c.decided;
}

/**
 * modsig_verify() - is the signature of a module valid by this certificate?
 * @module: decompressed
 * @size: of @module, in bytes
 * @cert: of the signer named in the signature
 *
 * Return: true if so.
 */
bool modsig_verify(const void *module, size_t size, const struct cert *cert)
{
	CMS_ContentInfo *cms = NULL;
	const unsigned char *p;
	struct appended a;
	bool good;

	if (!modsig_split(module, size, &a) && a.message) {
		p = a.message;
		cms = d2i_CMS_ContentInfo(NULL, &p, a.message_size);
	}
	good = cms && cms_verify_by(cms, cert, module, a.content_size);
	CMS_ContentInfo_free(cms);
	ERR_clear_error();
	return good;
}
