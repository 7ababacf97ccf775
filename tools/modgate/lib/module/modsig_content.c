// SPDX-License-Identifier: GPL-2.0-only
/*
 * Finds the signature of a module, and the identifier by which the kernel looks for its
 * signer.
 */
#include <arpa/inet.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>

#include "base.h"
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

/**
 * modsig_split() - find the signature of a module
 * @module: decompressed
 * @size: of @module, in bytes
 * @a: filled in
 *
 * Return: NULL, or what is wrong with it.
 */
const char *modsig_split(const void *module, size_t size, struct appended *a)
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
 * modsig_content() - how much of a module is signed
 * @module: decompressed
 * @size: of @module, in bytes
 *
 * Return: @size minus the appended signature, as the kernel sees it, even if that is
 * unreadable; in bytes.
 */
size_t modsig_content(const void *module, size_t size)
{
	struct appended a;

	return !modsig_split(module, size, &a) && a.message ? a.content_size : size;
}

/* Contents of the DER encoding of a name, without tag and length. */
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
char *signer_key_id(const X509_NAME *issuer, const ASN1_INTEGER *serial)
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

/* The identifier by which the kernel would find this certificate; the caller frees it. */
char *cert_key_id(const X509 *x509)
{
	return signer_key_id(X509_get_issuer_name(x509),
			 X509_get0_serialNumber(x509));
}
