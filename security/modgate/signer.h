/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Digests, keys and signatures: who signed a document, who signed a module.
 */
#ifndef _MODGATE_SIGNER_H
#define _MODGATE_SIGNER_H

#include <linux/types.h>
#include <linux/modgate.h>

struct key;
struct pkcs7_message;

/**
 * struct modgate_key - a certificate's key, alone in a keyring of its own
 * @keyring: not writable from user space
 * @key: the key in it
 */
struct modgate_key {
	struct key *keyring;
	struct key *key;
};

/* certs/system_certificates.S; only until init memory is freed */
extern const u8 system_certificate_list[];
extern const unsigned long system_certificate_list_size;

int modgate_signer_init(void);
int modgate_sha384(const void *data, size_t size, u8 *digest);
int modgate_key_add(struct modgate_key *key, const char *name,
		    const void *cert, size_t size);
void modgate_key_drop(struct modgate_key *key);
int modgate_key_verify(const struct modgate_key *key, const u8 *digest,
		       const void *signature, size_t size);
bool modgate_is_builtin_cert(const u8 *digest);
const char *modgate_system_keys(void);

/**
 * struct modgate_signature - what is appended to a module
 * @module: that it was made over; NULL if nothing is appended
 * @module_size: of @module, in bytes
 * @bytes: the signature, PKCS#7
 * @size: of @bytes, in bytes
 * @message: @bytes parsed; NULL if there is no signature that can be read
 * @err: why it cannot be checked although there is one; else 0
 */
struct modgate_signature {
	const u8 *module;
	size_t module_size;
	const u8 *bytes;
	size_t size;
	struct pkcs7_message *message;
	int err;
};

void modgate_signature_find(struct modgate_signature *signature,
			    const void *module, size_t size);
void modgate_signature_drop(struct modgate_signature *signature);
bool modgate_signature_chained(const struct modgate_signature *signature);
bool modgate_signed_by_system(struct modgate_signature *signature);
bool modgate_signed_by_known(struct modgate_signature *signature);
int modgate_signed_by_key(struct modgate_signature *signature,
			  const struct modgate_key *key);

#endif /* _MODGATE_SIGNER_H */
