/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Keys, signatures, and documents: built, stored, and checked.
 */
#ifndef _MODGATE_TRUST_H
#define _MODGATE_TRUST_H

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "document.h"
#include "kernel.h"
#include "util.h"

#define CERT_FILE_MAX (4 * MODGATE_CERT_MAX)	/* in bytes, PEM or DER */

struct pcr_bank;
struct tpm;

/**
 * struct cert - a certificate, as a carrier of its key
 * @x509: for OpenSSL
 * @der: the same in DER
 * @der_size: of @der, in bytes
 * @digest: SHA-384 of @der: how documents name it
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

/* keys_context.c */
OSSL_LIB_CTX *key_context(const EVP_PKEY *key);
void key_context_end(void);

/* passphrase.c: passphrases live in OpenSSL's locked memory */
#define PASSPHRASE_SIZE 1024
#define PASSPHRASE_MIN 8

char *passphrase_ask(const struct options *o, const char *prompt);
char *passphrase_new(const struct options *o, const char *what);
void passphrase_free(char *passphrase);

/* keys.c */
#define KEY_ANCHOR "anchor"
#define KEY_OWNER "owner"
#define KEY_OWNER_NEXT "owner-next"	/* until a rotation is complete */

bool key_where_valid(const char *where);
bool key_where_is_uri(const char *where);
enum status key_make(const char *where, const char *name,
		     const char *passphrase, EVP_PKEY **key, struct cert *cert,
		     BIO **file);
enum status key_store(const struct options *o, const char *name, BIO *file,
		      const struct cert *cert);
enum status key_replace(const struct options *o, const char *name, BIO *file);
enum status key_change(const struct options *o, const char *name,
		       const char *old, const char *new, BIO **out);
enum status key_unlock(const struct options *o, const char *name,
		       const char *passphrase, EVP_PKEY **key);
enum status key_ask(const struct options *o, const char *name, EVP_PKEY **key);
enum status key_cert(const struct options *o, const char *name,
		     struct cert *cert);
enum status key_where(const struct options *o, const char *name, char **where);
bool keys_share_passphrase(const struct options *o);
char *key_path(const struct options *o, const char *name, const char *suffix);

/* keys_file.c */
enum status key_encrypt(EVP_PKEY *key, const char *passphrase, BIO *out);

/* keys_sealed.c */
enum status key_seal(EVP_PKEY *key, const char *passphrase, unsigned int pcr,
		     const struct pcr_bank *expected, BIO *out);
enum status key_anchor_check(const struct options *o);

/**
 * struct draft - a document that is being built
 * @header: type, generation, created, machine, signer, flags, mode; the rest
 *	    is filled in
 * @authorities: in any order, likewise below
 * @modules: approved modules
 * @vendors: approved vendors
 * @bans: bans
 * @certs: what cert_offset of an entry counts: 1 is the first, 0 is none
 * @n_authorities: number, likewise below
 * @n_modules: number of approved modules
 * @n_vendors: number of approved vendors
 * @n_bans: number of bans
 * @n_certs: number of certificates
 */
struct draft {
	struct modgate_header header;
	struct modgate_authority *authorities;
	struct modgate_module *modules;
	struct modgate_vendor *vendors;
	struct modgate_ban *bans;
	struct draft_cert {
		__u8 *der;
		__u32 size;
	} *certs;
	size_t n_authorities;
	size_t n_modules;
	size_t n_vendors;
	size_t n_bans;
	size_t n_certs;
};

/**
 * struct count - who numbers the documents of a signer
 * @tpm: the TPM, or NULL if the disk does
 * @slot: of the signer's counters
 * @base: added to a generation before it is held against the counter
 * @repair: issue may be more than the kernel's 64 steps ahead of accept
 */
struct count {
	struct tpm *tpm;
	__u32 slot;
	__u64 base;
	bool repair;
};

/* freshness.c */
enum status count_issue(const struct count *count, __u64 *generation);
enum status count_commit(const struct count *count, __u64 generation);

/* build.c */
__le32 le32(__u32 value);
__le64 le64(__u64 value);
void draft_header(struct draft *draft, __u32 type, __u64 generation,
		  const __u8 *signer);
bool draft_name(__u8 name[MODGATE_NAME_SIZE], const char *text);
struct modgate_authority *draft_authority(struct draft *draft,
					  const struct cert *cert);
void draft_replace_authority(struct draft *draft, const __u8 *digest,
			     const struct cert *cert, __u64 floor);
bool draft_remove_authority(struct draft *draft, const __u8 *digest);
struct modgate_module *draft_module(struct draft *draft, const __u8 *digest);
struct modgate_vendor *draft_vendor(struct draft *draft,
				    const struct cert *cert);
struct modgate_ban *draft_ban(struct draft *draft, const __u8 *digest,
			      const struct cert *cert);
bool draft_remove_module(struct draft *draft, const __u8 *digest);
bool draft_remove_vendor(struct draft *draft, const __u8 *digest,
			 const char *pattern);
void draft_remove_bans(struct draft *draft,
		       bool (*goes)(const void *context,
				    const struct modgate_ban *ban),
		       const void *context);
void draft_from(struct draft *draft, const struct modgate_document *doc);
void draft_free(struct draft *draft);
void draft_encode(struct draft *draft, __u8 **bytes, size_t *size);
const char *draft_build(struct draft *draft, __u8 **bytes, size_t *size);

/**
 * struct stored - a document on disk
 * @path: of the document; its signature is @path.sig
 * @name: the last part of @path
 * @staged: in staged/, else in active/
 * @peeked: the header could be read; @header is valid
 * @header: the document's, not trusted until it is @valid
 * @bytes: the document, or NULL until it is loaded
 * @size: of @bytes, in bytes
 * @signature: as read from disk
 * @signature_size: in bytes
 * @digest: SHA-384 of @bytes
 * @doc: what the parser found; usable if @formed
 * @formed: the parser accepts it
 * @valid: signed by whom it should be, who may say what it says
 * @problem: why it is not @valid
 * @status: what that amounts to, ST_CORRUPT or ST_SECRET
 */
struct stored {
	char *path;
	const char *name;
	bool staged;
	bool peeked;
	struct modgate_header header;
	__u8 *bytes;
	size_t size;
	__u8 *signature;
	size_t signature_size;
	__u8 digest[MODGATE_DIGEST_SIZE];
	struct modgate_document doc;
	bool formed;
	bool valid;
	char *problem;
	enum status status;
};

/**
 * struct store - the documents below /etc/modgate, newest first
 * @docs: the documents
 * @n_docs: their number
 */
struct store {
	struct stored *docs;
	size_t n_docs;
};

/* store.c */
enum status store_scan(struct store *store, const struct options *o);
int stored_load(struct stored *doc);
void stored_unload(struct stored *doc);
void stored_free(struct stored *doc);
void store_free(struct store *store);
__u64 stored_generation(const struct stored *doc);
__u32 stored_type(const struct stored *doc);
char *store_dir(const struct options *o, const char *name);

/* entries.c */
void stored_print(const struct stored *doc);
struct json_object *stored_json(const struct stored *doc);

/* check.c */
void stored_check_form(struct stored *doc);
void stored_check_policy(struct stored *doc, const struct cert *anchor);
void stored_check_list(struct stored *doc, const struct stored *policy);
void store_check(struct store *store, const struct cert *anchor,
		 const struct kernel *kernel);
const struct stored *store_newest_policy(const struct store *store);
const struct stored *store_newest_list(const struct store *store,
				       const __u8 *authority);
const struct stored *store_by_digest(const struct store *store,
				     const __u8 *digest);
const struct modgate_authority *
policy_authority(const struct stored *policy, const __u8 *digest);

/* initramfs.c: copies of the documents there */
enum status initramfs_update(const struct options *o);

/* stage.c: changes of the store; the caller holds the lock */
enum status store_lock(const struct options *o);
enum status store_stage(const struct options *o, const char *name,
			const void *bytes, size_t size,
			const void *signature, size_t signature_size);
int store_promote(const struct options *o, const struct stored *doc);
void store_prune(const struct options *o, const struct store *store,
		 const struct stored *keep, const struct stored *policy);
bool stored_replaced(const struct stored *doc, const struct stored *by,
		     const struct stored *policy);
void stored_remove(const struct stored *doc);
unsigned int store_discard(const struct options *o, bool active);
void store_clean(const struct options *o);
char *document_name(const char *authority, __u64 generation, __u32 type);
enum status draft_sign(struct draft *draft, EVP_PKEY *key,
		       const char *authority, const struct count *count,
		       struct stored *doc);
enum status stored_stage(const struct options *o, const struct stored *doc);
enum status draft_stage(struct draft *draft, const struct options *o,
			const struct store *store, EVP_PKEY *key,
			const char *authority, const struct count *count);

#endif /* _MODGATE_TRUST_H */
