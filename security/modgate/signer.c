// SPDX-License-Identifier: GPL-2.0-only
/*
 * Digests, keys and signatures: who signed a document, who signed a module.
 */
#include <crypto/pkcs7.h>
#include <crypto/public_key.h>
#include <crypto/sha2.h>
#include <keys/asymmetric-subtype.h>
#include <keys/asymmetric-type.h>
#include <keys/system_keyring.h>
#include <kunit/static_stub.h>
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/init.h>
#include <linux/module_signature.h>
#include <linux/slab.h>
#include <linux/verification.h>
#include "compat.h"
#include "signer.h"

/* Possessors may search; user space may look, and nothing else. */
#define KEY_PERM (KEY_POS_SEARCH | KEY_POS_VIEW | KEY_POS_READ | \
		  KEY_USR_VIEW | KEY_USR_READ)

/**
 * modgate_sha384() - digest of some bytes
 * @data: the bytes
 * @size: of @data, in bytes
 * @digest: %MODGATE_DIGEST_SIZE bytes, filled in
 *
 * Return: 0; or, only before 7.3, -ENOMEM, -ENOENT or another errno of the
 * crypto API.
 */
int modgate_sha384(const void *data, size_t size, u8 *digest)
{
	KUNIT_STATIC_STUB_REDIRECT(modgate_sha384, data, size, digest);
	return modgate_sha384_compat(data, size, digest);
}

static const struct public_key *public_key_of(const struct key *key)
{
	return key->payload.data[asym_crypto];
}

/* ECDSA P-384, or RSA; modgate_key_verify() tells RSA's size. */
static bool is_document_key(const struct public_key *pkey)
{
	return !strcmp(pkey->pkey_algo, "ecdsa-nist-p384") ||
	       !strcmp(pkey->pkey_algo, "rsa");
}

/**
 * modgate_key_add() - take the key out of a certificate
 * @key: filled in
 * @name: of the keyring that the key is put into; begins with a dot
 * @cert: X.509 certificate in DER; neither its dates nor its signer matter
 * @size: of @cert, in bytes
 *
 * User space can neither change the keyring, nor revoke or invalidate the key.
 *
 * Return: 0; -ENOMEM; or an errno of the certificate parser.
 */
int modgate_key_add(struct modgate_key *key, const char *name,
		    const void *cert, size_t size)
{
	struct key *keyring;
	key_ref_t ref;

	keyring = keyring_alloc(name, GLOBAL_ROOT_UID, GLOBAL_ROOT_GID,
				current_cred(), KEY_PERM | KEY_POS_WRITE,
				KEY_ALLOC_NOT_IN_QUOTA | KEY_ALLOC_SET_KEEP,
				NULL, NULL);
	if (IS_ERR(keyring))
		return PTR_ERR(keyring);
	ref = key_create_or_update(make_key_ref(keyring, true), "asymmetric",
				   NULL, cert, size, KEY_PERM,
				   KEY_ALLOC_NOT_IN_QUOTA |
				   KEY_ALLOC_BUILT_IN |
				   KEY_ALLOC_BYPASS_RESTRICTION);
	if (IS_ERR(ref)) {
		key_put(keyring);
		return PTR_ERR(ref);
	}
	key->keyring = keyring;
	key->key = key_ref_to_ptr(ref);
	return 0;
}

/**
 * modgate_key_drop() - undo modgate_key_add()
 * @key: the key; nothing happens if it is empty
 */
void modgate_key_drop(struct modgate_key *key)
{
	key_put(key->key);
	key_put(key->keyring);
	*key = (struct modgate_key){ };
}

/**
 * modgate_key_verify() - check a document's signature
 * @key: the one key that must have made it
 * @digest: SHA-384 of the document
 * @signature: ECDSA P-384 (X9.62), RSA-3072 or RSA-4096 (PKCS#1)
 * @size: of @signature, in bytes
 *
 * Return: 0; -EKEYREJECTED; -ENOPKG for a key or signature of another kind;
 * -ENOMEM.
 */
int modgate_key_verify(const struct modgate_key *key, const u8 *digest,
		       const void *signature, size_t size)
{
	const struct public_key *pkey = public_key_of(key->key);
	struct public_key_signature sig = {
		.pkey_algo = pkey->pkey_algo,
		.hash_algo = "sha384",
		.s_size = size,
		.modgate_sig_digest_size = MODGATE_DIGEST_SIZE,
	};
	bool rsa = !strcmp(pkey->pkey_algo, "rsa");
	int err;

	if (!is_document_key(pkey))
		return -ENOPKG;
	/* An RSA signature is as long as the modulus. */
	if (rsa && size != 3072 / 8 && size != 4096 / 8)
		return -ENOPKG;
	sig.encoding = rsa ? "pkcs1" : "x962";
	/* The verifier wants memory that can be mapped for a device. */
	sig.s = kmemdup(signature, size, GFP_KERNEL);
	sig.modgate_sig_digest = kmemdup(digest, MODGATE_DIGEST_SIZE, GFP_KERNEL);
	err = -ENOMEM;
	if (sig.s && sig.modgate_sig_digest)
		err = verify_signature(key->key, &sig);
	kfree(sig.modgate_sig_digest);
	kfree(sig.s);
	return err && err != -ENOMEM && err != -ENOPKG ? -EKEYREJECTED : err;
}

/*
 * All of it that can be checked without a key. A message that was found wrong
 * must not be asked again: the kernel keeps the digest of the module in it, and
 * would then take that for what was signed, in place of the signed attributes.
 */
static int check_soundness(struct pkcs7_message *message, const void *module,
			   size_t size)
{
	return pkcs7_supply_detached_data(message, module, size) ?:
	       pkcs7_verify(message, VERIFYING_MODULE_SIGNATURE);
}

/* One that is broken is nobody's; whose one is that cannot be checked is not known. */
static bool is_usable(struct modgate_signature *signature, int err)
{
	if (err != -EBADMSG && err != -EKEYREJECTED)
		signature->err = err;
	return !err;
}

/**
 * modgate_signature_find() - read the signature that is appended to a module
 * @signature: filled in; modgate_signature_drop() is due afterwards
 * @module: with its appended signature, if it has one
 * @size: of @module, in bytes
 *
 * Everything that is wrong with it means: not signed, by anybody. But what could
 * not be checked may be signed by somebody whom not to trust.
 */
void modgate_signature_find(struct modgate_signature *signature,
			    const void *module, size_t size)
{
	const size_t marker = sizeof(MODGATE_SIG_MARKER) - 1;
	const u8 *bytes = module;
	struct module_signature ms;
	struct pkcs7_message *message;

	*signature = (struct modgate_signature){ };
	if (size <= marker + sizeof(ms) ||
	    memcmp(bytes + size - marker, MODGATE_SIG_MARKER, marker))
		return;
	size -= marker;
	memcpy(&ms, bytes + size - sizeof(ms), sizeof(ms));
	if (!is_usable(signature, mod_check_sig(&ms, size, "modgate")))
		return;
	signature->size = be32_to_cpu(ms.sig_len);
	size -= signature->size + sizeof(ms);
	signature->module = bytes;
	signature->module_size = size;
	message = pkcs7_parse_message(bytes + size, signature->size);
	if (!is_usable(signature, PTR_ERR_OR_ZERO(message)))
		return;
	/* With certificates it is read anew for each keyring, see check(). */
	if (!pkcs7_has_certificates(message) &&
	    !is_usable(signature, check_soundness(message, bytes, size))) {
		pkcs7_free_message(message);
		return;
	}
	signature->bytes = bytes + size;
	signature->message = message;
}

/**
 * modgate_signature_drop() - undo modgate_signature_find()
 * @signature: what it filled in
 */
void modgate_signature_drop(struct modgate_signature *signature)
{
	if (signature->message)
		pkcs7_free_message(signature->message);
	signature->message = NULL;
}

/**
 * modgate_signature_chained() - does a signature bring certificates along?
 * @signature: of a module
 *
 * Anybody can put them there, and they could lead from its signer to a key that is
 * known: a chain. Those are not followed, but to whom is banned. The kernel itself
 * follows them, and would take whatever a key that it knows has signed for a
 * certificate, be it for another purpose.
 *
 * Return: true if so.
 */
bool modgate_signature_chained(const struct modgate_signature *signature)
{
	return signature->message && pkcs7_has_certificates(signature->message);
}

/*
 * Check with the keys of @keyring. The module is hashed once for all keyrings.
 *
 * But a message remembers which of its certificates were seen and found good,
 * whoever's keyring that was with; so one with certificates is read anew.
 */
static int check(struct modgate_signature *signature, struct key *keyring)
{
	if (!signature->message)
		return signature->err ?: -ENOKEY;
	if (modgate_signature_chained(signature))
		return verify_pkcs7_signature(signature->module,
					      signature->module_size,
					      signature->bytes,
					      signature->size, keyring,
					      VERIFYING_MODULE_SIGNATURE,
					      NULL, NULL);
	/* It has been given the module. */
	return verify_pkcs7_message_sig(NULL, 0, signature->message, keyring,
					VERIFYING_MODULE_SIGNATURE,
					NULL, NULL);
}

static bool signed_by(struct modgate_signature *signature, struct key *keyring)
{
	return !modgate_signature_chained(signature) &&
	       !check(signature, keyring);
}

/**
 * modgate_signed_by_system() - does a module belong to the kernel?
 * @signature: of the module
 *
 * Return: true if a key of .builtin_trusted_keys made it, itself.
 */
bool modgate_signed_by_system(struct modgate_signature *signature)
{
	KUNIT_STATIC_STUB_REDIRECT(modgate_signed_by_system, signature);
	return signed_by(signature, NULL);
}

/**
 * modgate_signed_by_known() - did a key that the kernel knows sign a module?
 * @signature: of the module
 *
 * Return: true for a key of the secondary, machine or platform keyring, itself.
 */
bool modgate_signed_by_known(struct modgate_signature *signature)
{
	KUNIT_STATIC_STUB_REDIRECT(modgate_signed_by_known, signature);
	return signed_by(signature, VERIFY_USE_SECONDARY_KEYRING) ||
	       (IS_ENABLED(CONFIG_INTEGRITY_PLATFORM_KEYRING) &&
		signed_by(signature, VERIFY_USE_PLATFORM_KEYRING));
}

/**
 * modgate_signed_by_key() - did this key sign a module?
 * @signature: of the module
 * @key: the key
 *
 * A search that another security module has denied, or a BPF program, is told as
 * one that has found nothing. Then the signature must not name the key.
 *
 * Return: 0 if so, or if a chain leads from it to the signer; -ENOKEY if not;
 * another errno if that cannot be told: -EACCES for a search that was denied, or
 * what there was no memory or no algorithm for.
 */
int modgate_signed_by_key(struct modgate_signature *signature,
			  const struct modgate_key *key)
{
	int err = check(signature, key->keyring);

	if (err == -ENOKEY && signature->message &&
	    pkcs7_names_key(signature->message, key->key))
		return -EACCES;
	return err;
}

static u8 (*builtin_certs)[MODGATE_DIGEST_SIZE] __ro_after_init;
static size_t n_builtin_certs __ro_after_init;
/* One that is compiled in, and signed by one that is: mostly, by itself. */
static struct modgate_key witness __ro_after_init;

static bool signed_by_builtin(const struct modgate_key *key)
{
	return !restrict_link_by_builtin_trusted(key->keyring,
						 &key_type_asymmetric,
						 &key->key->payload, NULL);
}

/**
 * modgate_system_keys() - can the kernel still tell its own modules?
 *
 * Root can invalidate .builtin_trusted_keys, until restart. So the key that has signed
 * the witness is looked for there, with a signature of no algorithm: whoever finds the
 * key rejects that, before any cryptography.
 *
 * Return: "usable"; "lost"; or "-", if no certificate is there to ask with.
 */
const char *modgate_system_keys(void)
{
	const struct public_key_signature *sig;
	struct public_key_signature probe = { .pkey_algo = "none" };
	union key_payload payload = { };
	u8 none = 0;

	if (!witness.key)
		return "-";
	sig = witness.key->payload.data[asym_auth];
	memcpy(probe.auth_ids, sig->auth_ids, sizeof(probe.auth_ids));
	probe.s = &none;
	payload.data[asym_auth] = &probe;
	return restrict_link_by_builtin_trusted(witness.keyring,
						&key_type_asymmetric, &payload,
						NULL) == -EKEYREJECTED ?
	       "usable" : "lost";
}

/**
 * modgate_is_builtin_cert() - is this a certificate that is compiled in?
 * @digest: SHA-384 of the DER certificate
 *
 * Return: true if so, and a ban of it would take all system modules away.
 */
bool modgate_is_builtin_cert(const u8 *digest)
{
	size_t i;

	for (i = 0; i < n_builtin_certs; i++)
		if (!memcmp(builtin_certs[i], digest, MODGATE_DIGEST_SIZE))
			return true;
	return false;
}

/* Size in bytes of the DER certificate at @p, or 0 after the last one. */
static size_t __init next_cert(const u8 *p, size_t left)
{
	size_t size;

	if (left < 4 || p[0] != 0x30 || p[1] != 0x82)
		return 0;
	size = ((size_t)p[2] << 8 | p[3]) + 4;
	return size <= left ? size : 0;
}

static void __init find_witness(const void *cert, size_t size)
{
	struct modgate_key key;

	if (witness.key || modgate_key_add(&key, ".modgate_system", cert, size))
		return;
	if (signed_by_builtin(&key))
		witness = key;
	else
		modgate_key_drop(&key);
}

/**
 * modgate_signer_init() - remember which certificates are compiled in
 *
 * Called once, after they have been put into .builtin_trusted_keys. Their list is gone
 * after boot, so its digests are kept.
 *
 * Return: 0; -ENOMEM.
 */
int __init modgate_signer_init(void)
{
	size_t left = system_certificate_list_size, size, n = 0;
	const u8 *p = system_certificate_list;

	for (; (size = next_cert(p, left)); p += size, left -= size)
		n++;
	builtin_certs = kcalloc(n, sizeof(*builtin_certs), GFP_KERNEL);
	if (!builtin_certs)
		return -ENOMEM;
	p = system_certificate_list;
	left = system_certificate_list_size;
	for (; (size = next_cert(p, left)); p += size, left -= size) {
		if (!modgate_sha384(p, size, builtin_certs[n_builtin_certs]))
			n_builtin_certs++;
		find_witness(p, size);
	}
	return 0;
}
