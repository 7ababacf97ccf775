/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The room document: local policies and lists. Built, signed, stored below /etc/modgate,
 * replaced in an order that a power cut cannot break, and checked. modgate/document.h is
 * the kernel's own parser, which the tool compiles. Uses base, kernel, crypto and tpm.
 */
#ifndef _MODGATE_LIB_DOCUMENT_H
#define _MODGATE_LIB_DOCUMENT_H

#include <openssl/types.h>

#include "base.h"
#include "modgate/document.h"

struct cert;
struct count;
struct kernel;

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

/* draft.c */
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

/* print.c */
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

/* sign.c */
char *document_name(const char *authority, __u64 generation, __u32 type);
enum status draft_sign(struct draft *draft, EVP_PKEY *key,
		       const char *authority, const struct count *count,
		       struct stored *doc);
enum status stored_stage(const struct options *o, const struct stored *doc);
enum status draft_stage(struct draft *draft, const struct options *o,
			const struct store *store, EVP_PKEY *key,
			const char *authority, const struct count *count);

/* store_change.c: changes of the store; the caller holds the lock */
enum status store_lock(const struct options *o);
enum status store_stage(const struct options *o, const char *name,
			const void *bytes, size_t size,
			const void *signature, size_t signature_size);
void store_prune(const struct options *o, const struct store *store,
		 const struct stored *keep, const struct stored *policy);
void store_settle(const struct options *o, const struct store *store,
		  const struct stored *doc, const struct stored *policy);
bool stored_replaced(const struct stored *doc, const struct stored *by,
		     const struct stored *policy);
void stored_remove(const struct stored *doc);
unsigned int store_discard(const struct options *o, bool active);
void store_clean(const struct options *o);

#endif /* _MODGATE_LIB_DOCUMENT_H */
