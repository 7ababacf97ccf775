// SPDX-License-Identifier: GPL-2.0-only
/*
 * The signature appended to a module: is it well-formed, whose is it, and, if
 * the certificate can be had, is it right. The kernel has the last word.
 */
#include <arpa/inet.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cms.h"
#include "module.h"

/* As in the kernel's include/linux/module_signature.h. */
#define MARKER "~Module signature appended~\n"
#define MARKER_SIZE (sizeof(MARKER) - 1)
#define ID_TYPE_PKCS7 2

struct trailer {
	__u8 algo;
	__u8 hash;
	__u8 id_type;
	__u8 signer_len;
	__u8 key_id_len;
	__u8 pad[3];
	__u32 sig_len;		/* big-endian */
};

/*
 * Where the certificates are by which a machine signs its own modules, and the
 * private keys to them; the last are the kernel's, beside its modules.
 */
static const struct signing {
	const char *cert;
	const char *key;
} usual[] = {
	{ "/var/lib/dkms/mok.pub", "/var/lib/dkms/mok.key" },
	{ "/var/lib/shim-signed/mok/MOK.der", "/var/lib/shim-signed/mok/MOK.priv" },
	{ "build/certs/signing_key.x509", "build/certs/signing_key.pem" },
};

static char *usual_path(const struct options *o, const char *path)
{
	char *release, *full;

	if (*path == '/')
		return fmt("%s%s", o->root, path);
	release = kernel_release();
	full = fmt("%s/lib/modules/%s/%s", o->root, release, path);
	free(release);
	return full;
}

/* One after the other; NULL at the end. */
static char *usual_cert(const struct options *o, size_t n)
{
	return n < ARRAY_SIZE(usual) ? usual_path(o, usual[n].cert) : NULL;
}

/**
 * signing_key_on_disk() - the keys by which a machine signs its own modules
 * @o: options
 * @n: 0 at first; counts on
 * @cert: filled in; to be freed
 *
 * Return: path of the next private key that lies beside its certificate, to be
 * freed; or NULL at the end.
 */
char *signing_key_on_disk(const struct options *o, size_t *n, struct cert *cert)
{
	while (*n < ARRAY_SIZE(usual)) {
		char *path = usual_path(o, usual[*n].cert);
		char *key = usual_path(o, usual[(*n)++].key);
		bool there = !access(key, F_OK) && !cert_read(path, cert);

		free(path);
		if (there)
			return key;
		free(key);
	}
	return NULL;
}

/**
 * cert_key_on_disk() - does the private key lie beside a certificate?
 * @o: options
 * @cert: the certificate
 *
 * Return: its path, if this is one that the machine signs its own modules with;
 * to be freed; or NULL.
 */
char *cert_key_on_disk(const struct options *o, const struct cert *cert)
{
	struct cert usual;
	size_t n = 0;
	char *key;

	while ((key = signing_key_on_disk(o, &n, &usual))) {
		bool same = !memcmp(usual.digest, cert->digest,
				    MODGATE_DIGEST_SIZE);

		cert_free(&usual);
		if (same)
			return key;
		free(key);
	}
	return NULL;
}

static void broken(struct modsig *sig, const char *problem)
{
	sig->state = SIG_BROKEN;
	free(sig->problem);
	sig->problem = xstrdup(problem);
}

/* Content of the DER encoding of a name, without its tag and length. */
static const __u8 *name_content(const X509_NAME *name, size_t *size)
{
	const unsigned char *der, *p;
	size_t der_size;
	int tag, class;
	long length;

	if (!X509_NAME_get0_der(name, &der, &der_size))
		return NULL;
	p = der;
	if (ASN1_get_object(&p, &length, &tag, &class, der_size) & 0x80)
		return NULL;
	*size = length;
	return p;
}

/* Serial number and issuer, the way the kernel concatenates them; to be freed. */
static char *issuer_id(const X509_NAME *issuer, const ASN1_INTEGER *serial)
{
	unsigned char *der = NULL;
	const unsigned char *p;
	const __u8 *name;
	size_t name_size;
	int tag, class, size = i2d_ASN1_INTEGER(serial, &der);
	long length;
	char *id = NULL;

	name = name_content(issuer, &name_size);
	p = der;
	if (size > 0 && name &&
	    !(ASN1_get_object(&p, &length, &tag, &class, size) & 0x80)) {
		id = xzalloc(2 * (length + name_size) + 1);
		to_hex(id, p, length);
		to_hex(id + 2 * length, name, name_size);
	}
	OPENSSL_free(der);
	ERR_clear_error();
	return id;
}

/* The identifier by which the kernel would find this certificate; to be freed. */
char *cert_key_id(const X509 *x509)
{
	return issuer_id(X509_get_issuer_name(x509),
			 X509_get0_serialNumber(x509));
}

/* Does a signature name this certificate, and nothing is wrong with it? */
bool modsig_by(const struct modsig *sig, const X509 *x509)
{
	char *id = NULL;
	bool same;

	if (sig->state != SIG_NONE && sig->state != SIG_BROKEN && sig->id)
		id = cert_key_id(x509);
	same = id && !strcmp(id, sig->id);
	free(id);
	return same;
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
		sig->id = issuer_id(issuer, serial);
	}
}

/* Does this certificate belong to the signer? Then it decides. */
static bool try_cert(struct modsig *sig, CMS_ContentInfo *cms,
		     CMS_SignerInfo *si, const char *path,
		     const void *content, size_t size)
{
	const char *unknown;
	struct cert cert;
	bool match;

	if (cert_read(path, &cert))
		return false;
	match = !CMS_SignerInfo_cert_cmp(si, cert.x509);
	unknown = match ? key_unknown(cert.x509) : NULL;
	if (unknown) {
		sig->state = SIG_UNVERIFIED;
		sig->key_unknown = true;
		sig->problem = xstrdup(unknown);
	} else if (match && cms_verify_by(cms, &cert, content, size)) {
		sig->state = SIG_VERIFIED;
		sig->cert = cert.der;
		sig->cert_size = cert.der_size;
		cert.der = NULL;
	} else if (match) {
		broken(sig, SIG_CHANGED);
	}
	cert_free(&cert);
	return match;
}

static void verify(struct modsig *sig, const struct options *o,
		   CMS_ContentInfo *cms, CMS_SignerInfo *si,
		   const void *content, size_t size, const char *cert_path)
{
	const char *problem = NULL;
	char *path;
	size_t i;

	sig->waived = CMS_signed_get_attr_count(si) >= 0;
	if (sig->waived)
		problem = cms_attribute_problem(cms, si, content, size);
	if (problem) {
		broken(sig, problem);
		return;
	}
	if (cert_path && try_cert(sig, cms, si, cert_path, content, size))
		return;
	for (i = 0; (path = usual_cert(o, i)); i++) {
		bool done = try_cert(sig, cms, si, path, content, size);

		free(path);
		if (done)
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

static void read_message(struct modsig *sig, const struct options *o,
			 const __u8 *message, size_t message_size,
			 const void *content, size_t size,
			 const char *cert_path)
{
	struct stack_st_CMS_SignerInfo *signers = NULL;
	const unsigned char *p = message;
	CMS_ContentInfo *cms = d2i_CMS_ContentInfo(NULL, &p, message_size);
	int i;

	if (cms)
		signers = CMS_get0_SignerInfos(cms);
	if (!signers || sk_CMS_SignerInfo_num(signers) < 1) {
		broken(sig, "it is not a PKCS#7 signature");
	} else if (p != message + message_size) {
		broken(sig, "there is something behind the PKCS#7 signature");
	} else {
		CMS_SignerInfo *si = cms_signer(cms);

		sig->chained = brings_certs(cms);
		read_signer(sig, si);
		verify(sig, o, cms, si, content, size, cert_path);
	}
	/* Chains are not followed, so who brings certificates along is none of these. */
	for (i = 0; i < KEYRINGS; i++)
		sig->held[i] = sig->chained ? KNOWN_NO : keyring_holds(o, i, sig->id);
	CMS_ContentInfo_free(cms);
	ERR_clear_error();
}

/* What is appended to a module, and what it is about. */
struct appended {
	const __u8 *message;	/* NULL if the module is not signed */
	size_t message_size;
	size_t content_size;	/* of the module without all that */
};

/* Find it; returns NULL, or what is wrong with it. */
static const char *split(const void *module, size_t size, struct appended *a)
{
	const __u8 *end = (const __u8 *)module + size;
	struct trailer t;

	memset(a, 0, sizeof(*a));
	if (size < MARKER_SIZE || memcmp(end - MARKER_SIZE, MARKER, MARKER_SIZE))
		return NULL;
	size -= MARKER_SIZE;
	if (size <= sizeof(t))
		return "it is truncated";
	end -= MARKER_SIZE + sizeof(t);
	memcpy(&t, end, sizeof(t));
	size -= sizeof(t);
	a->message_size = ntohl(t.sig_len);
	if (t.id_type != ID_TYPE_PKCS7 || t.algo || t.hash || t.signer_len ||
	    t.key_id_len || t.pad[0] || t.pad[1] || t.pad[2])
		return "its trailer is not that of a PKCS#7 signature";
	if (!a->message_size || a->message_size >= size)
		return "its size is larger than the module";
	a->message = end - a->message_size;
	a->content_size = size - a->message_size;
	return NULL;
}

/**
 * modsig_content() - how much of a module a signature is made over
 * @module: decompressed
 * @size: of @module, in bytes
 *
 * Return: @size without what is appended as its signature, as the kernel takes it,
 * even if that cannot be read; in bytes.
 */
size_t modsig_content(const void *module, size_t size)
{
	struct appended a;

	return !split(module, size, &a) && a.message ? a.content_size : size;
}

/**
 * modsig_read() - look at the end of a module
 * @sig: zeroed; filled in; to be freed
 * @o: options
 * @module: decompressed
 * @size: of @module, in bytes
 * @cert_path: a certificate that may have signed it, or NULL
 */
void modsig_read(struct modsig *sig, const struct options *o,
		 const void *module, size_t size, const char *cert_path)
{
	struct appended a;
	const char *problem = split(module, size, &a);

	if (problem)
		broken(sig, problem);
	if (problem || !a.message)
		return;
	sig->size = size - a.content_size;
	read_message(sig, o, a.message, a.message_size, module, a.content_size,
		     cert_path);
}

/**
 * modsig_verify() - is the signature of a module right by this certificate?
 * @module: decompressed
 * @size: of @module, in bytes
 * @cert: of the signer that the signature names
 *
 * Return: true if so.
 */
bool modsig_verify(const void *module, size_t size, const struct cert *cert)
{
	CMS_ContentInfo *cms = NULL;
	const unsigned char *p;
	struct appended a;
	bool good;

	if (!split(module, size, &a) && a.message) {
		p = a.message;
		cms = d2i_CMS_ContentInfo(NULL, &p, a.message_size);
	}
	good = cms && cms_verify_by(cms, cert, module, a.content_size);
	CMS_ContentInfo_free(cms);
	ERR_clear_error();
	return good;
}

void modsig_free(struct modsig *sig)
{
	free(sig->problem);
	free(sig->signer);
	free(sig->hash);
	free(sig->id);
	OPENSSL_free(sig->cert);
	memset(sig, 0, sizeof(*sig));
}

/* Is it signed by a key that is built into the kernel? */
enum known modsig_system(const struct modsig *sig)
{
	if (sig->state == SIG_NONE || sig->state == SIG_BROKEN)
		return KNOWN_NO;
	return sig->held[KEYRING_BUILTIN];
}

/* Is it signed by any key that the kernel takes for modules? */
enum known modsig_known(const struct modsig *sig)
{
	enum known answer = KNOWN_NO;
	int i;

	if (sig->state == SIG_NONE || sig->state == SIG_BROKEN)
		return KNOWN_NO;
	for (i = 0; i < KEYRINGS; i++) {
		if (sig->held[i] == KNOWN_YES)
			return KNOWN_YES;
		if (sig->held[i] == KNOWN_UNKNOWN)
			answer = KNOWN_UNKNOWN;
	}
	return answer;
}

/* One line for people; to be freed. */
char *modsig_text(const struct modsig *sig)
{
	const char *where = "its key is in no keyring of the kernel";
	int i;

	if (sig->state == SIG_NONE)
		return xstrdup("not signed");
	if (sig->state == SIG_BROKEN)
		return fmt("broken signature%s%s: %s", sig->signer ? " by " : "",
			   sig->signer ? sig->signer : "", sig->problem);
	for (i = 0; i < KEYRINGS; i++) {
		if (sig->held[i] == KNOWN_YES) {
			where = keyring_name(i);
			break;
		}
		if (sig->held[i] == KNOWN_UNKNOWN)
			where = "keyrings not readable here";
	}
	if (sig->chained)
		where = "with certificates in it, so it is nobody's";
	return fmt("%s (%s; %s; %s%s%s)", dash(sig->signer), dash(sig->hash),
		   where, sig->state == SIG_VERIFIED ? "verified" :
						       "not verifiable here",
		   sig->key_unknown ? ": " : "",
		   sig->key_unknown ? sig->problem : "");
}
