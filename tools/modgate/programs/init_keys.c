// SPDX-License-Identifier: GPL-2.0-only
/*
 * The keys that modgate init makes, or that are there already.
 */
#include <stdlib.h>
#include <string.h>

#include "base.h"
#include "crypto.h"
#include "init_keys.h"
#include "keys.h"
#include "programs.h"

static enum status check_where(const char *option, const char *where)
{
	return key_where_valid(where) ? ST_OK :
	       usage("--%s=%s: a key is kept by file, by tpm, %s", option, where,
		     "or is there already and has a URI (pkcs11:..., handle:...)");
}

/**
 * init_keys_check() - do the options make sense?
 * @k: owner_where, and anchor_where if that was given; it is set if not
 *
 * Return: ST_OK, or ST_USAGE after saying why not.
 */
enum status init_keys_check(struct init_keys *k)
{
	enum status status = check_where("key", k->owner_where);

	if (status)
		return status;
	if (!k->anchor_where && key_where_is_uri(k->owner_where))
		return usage("--key=%s is one key; %s", k->owner_where,
			     "which is the other? --anchor-key=file, tpm, or a URI");
	if (!k->anchor_where)
		k->anchor_where = k->owner_where;
	return check_where("anchor-key", k->anchor_where);
}

/**
 * init_keys_ask() - ask for the passphrases
 * @k: as checked
 * @o: options
 *
 * One for what is made; what is there already has its own.
 *
 * Return: ST_OK, or a status after saying why not.
 */
enum status init_keys_ask(struct init_keys *k, const struct options *o)
{
	bool owner_is_there = key_where_is_uri(k->owner_where);
	bool anchor_is_there = key_where_is_uri(k->anchor_where);

	if (!owner_is_there && !anchor_is_there)
		k->owner_passphrase = passphrase_new(o, "the anchor key and the owner key");
	else if (owner_is_there)
		k->owner_passphrase = passphrase_ask(o, "Passphrase or PIN of the owner key");
	else
		k->owner_passphrase = passphrase_new(o, "the owner key");
	if (!k->owner_passphrase)
		return ST_SECRET;
	if (!owner_is_there && !anchor_is_there)
		return ST_OK;
	k->anchor_passphrase = anchor_is_there ?
		passphrase_ask(o, "Passphrase or PIN of the anchor key") :
		passphrase_new(o, "the anchor key");
	return k->anchor_passphrase ? ST_OK : ST_SECRET;
}

/* What is the same in two documents would also be the same in two roles. */
static enum status refuse_same_key(const struct init_keys *k)
{
	if (EVP_PKEY_eq(X509_get0_pubkey(k->anchor.x509),
			X509_get0_pubkey(k->owner.x509)) != 1)
		return ST_OK;
	return fail(ST_NO,
		    "--key and --anchor-key name the same key: the anchor key decides who may approve, so it is another one than the owner key");
}

/**
 * init_keys_make() - make or find both keys, and write what stands in for them
 * @k: as checked and asked for
 * @o: options
 *
 * Return: ST_OK, or a status after saying why not.
 */
enum status init_keys_make(struct init_keys *k, const struct options *o)
{
	BIO *anchor = NULL, *owner = NULL;
	enum status status;

	status = key_make(k->owner_where, KEY_OWNER, k->owner_passphrase,
			  &k->owner_key, &k->owner, &owner);
	if (!status)
		status = key_make(k->anchor_where, KEY_ANCHOR,
				  k->anchor_passphrase ?: k->owner_passphrase,
				  &k->anchor_key, &k->anchor, &anchor);
	if (!status)
		status = refuse_same_key(k);
	if (!status)
		status = key_store(o, KEY_OWNER, owner, &k->owner);
	if (!status)
		status = key_store(o, KEY_ANCHOR, anchor, &k->anchor);
	BIO_free(anchor);
	BIO_free(owner);
	return status;
}

void init_keys_free(struct init_keys *k)
{
	EVP_PKEY_free(k->anchor_key);
	EVP_PKEY_free(k->owner_key);
	cert_free(&k->anchor);
	cert_free(&k->owner);
	passphrase_free(k->anchor_passphrase);
	passphrase_free(k->owner_passphrase);
}
