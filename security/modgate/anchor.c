// SPDX-License-Identifier: GPL-2.0-only
/*
 * The anchor: the one certificate whose key signs the local policy. Only the boot chain
 * decides which one: it is compiled in, or the command line pins its digest and the
 * initramfs hands it over. A malformed pin still provisions the machine, so that it
 * cannot be used to switch modgate off.
 */
#include <linux/errno.h>
#include <linux/hex.h>
#include <linux/init.h>
#include <linux/kernel.h>
#include <linux/string.h>
#include "anchor.h"
#include "signer.h"
#include "modgate.h"

static enum modgate_anchor_state state;
static u8 pin[MODGATE_DIGEST_SIZE];	/* valid unless NONE or MALFORMED */
static struct modgate_key anchor;	/* valid if LOADED */
static bool settled;			/* the compiled-in certificate was checked */

/*
 * An early parameter: bootconfig cannot set it. If it is given twice with different
 * values, it counts as malformed.
 */
static int __init parse_anchor(char *value)
{
	u8 digest[MODGATE_DIGEST_SIZE];

	if (!value || strlen(value) != 2 * sizeof(digest) ||
	    hex2bin(digest, value, sizeof(digest)) ||
	    (state != MODGATE_ANCHOR_NONE &&
	     memcmp(pin, digest, sizeof(pin)))) {
		state = MODGATE_ANCHOR_MALFORMED;
		return 0;
	}
	if (state == MODGATE_ANCHOR_NONE)
		state = MODGATE_ANCHOR_AWAITED;
	memcpy(pin, digest, sizeof(pin));
	return 0;
}
early_param("modgate.anchor", parse_anchor);

#ifdef CONFIG_SECURITY_MODGATE_HAS_ANCHOR
/* If there is a pin, it must be the digest of the compiled-in certificate. */
static void __init init_compiled_in(void)
{
	size_t size = modgate_anchor_cert_end - modgate_anchor_cert;
	u8 digest[MODGATE_DIGEST_SIZE];
	bool pinned = state == MODGATE_ANCHOR_AWAITED;

	if (state == MODGATE_ANCHOR_MALFORMED)
		return;
	state = MODGATE_ANCHOR_INVALID;
	if (modgate_sha384(modgate_anchor_cert, size, digest))
		return;
	if (pinned && memcmp(pin, digest, sizeof(pin))) {
		state = MODGATE_ANCHOR_CONFLICT;
		return;
	}
	memcpy(pin, digest, sizeof(pin));
	if (!modgate_key_add(&anchor, ".modgate", modgate_anchor_cert, size))
		state = MODGATE_ANCHOR_LOADED;
}
#else
static inline void init_compiled_in(void)
{
}
#endif

/**
 * modgate_anchor_init() - find out which anchor the boot chain names
 *
 * Called once, when certificates can be parsed. Documents are accepted afterwards.
 */
void __init modgate_anchor_init(void)
{
	init_compiled_in();
	if (state == MODGATE_ANCHOR_MALFORMED)
		pr_err("modgate.anchor= must be one SHA-384 in 96 hex digits; only system modules will load\n");
	if (state == MODGATE_ANCHOR_CONFLICT)
		pr_err("modgate.anchor= differs from the certificate compiled in; only system modules will load\n");
	if (state == MODGATE_ANCHOR_INVALID)
		pr_err("the certificate compiled in is not usable; only system modules will load\n");
	/* Pairs with modgate_anchor_settled(). */
	smp_store_release(&settled, true);
}

/**
 * modgate_anchor_settled() - has modgate_anchor_init() run?
 *
 * A usermode helper from the initramfs may run earlier.
 *
 * Return: true from late_initcall_sync on.
 */
bool modgate_anchor_settled(void)
{
	/* Pairs with modgate_anchor_init(). */
	return smp_load_acquire(&settled);
}

/**
 * modgate_provisioned() - has the boot chain named an anchor?
 *
 * Return: true if so, even if that anchor is malformed.
 */
bool modgate_provisioned(void)
{
	return IS_ENABLED(CONFIG_SECURITY_MODGATE_HAS_ANCHOR) ||
	       READ_ONCE(state) != MODGATE_ANCHOR_NONE;
}

/**
 * modgate_anchor_state() - how much is known about the anchor
 *
 * Return: the state.
 */
enum modgate_anchor_state modgate_anchor_state(void)
{
	return READ_ONCE(state);
}

/**
 * modgate_anchor_digest() - which certificate is the anchor
 * @digest: SHA-384 of the certificate, filled in, %MODGATE_DIGEST_SIZE bytes
 *
 * Return: true, or false if it is not known.
 */
bool modgate_anchor_digest(u8 *digest)
{
	if (READ_ONCE(state) != MODGATE_ANCHOR_LOADED &&
	    READ_ONCE(state) != MODGATE_ANCHOR_AWAITED)
		return false;
	memcpy(digest, pin, sizeof(pin));
	return true;
}

/**
 * modgate_anchor() - the key that signs the local policy
 *
 * Return: the key, or NULL if it is not known or not loaded yet.
 */
const struct modgate_key *modgate_anchor(void)
{
	/* Pairs with modgate_anchor_load(). */
	if (smp_load_acquire(&state) != MODGATE_ANCHOR_LOADED)
		return NULL;
	return &anchor;
}

/**
 * modgate_anchor_load() - load the pinned certificate
 * @cert: X.509 certificate in DER
 * @size: of @cert, in bytes
 * @rule: on failure, set to the rule that it breaks
 *
 * The caller serialises.
 *
 * Return: 0; -EEXIST: it is already loaded; -EKEYREJECTED: it does not match the pin,
 * there is no pin, or its key is unusable.
 */
int modgate_anchor_load(const void *cert, size_t size, const char **rule)
{
	u8 digest[MODGATE_DIGEST_SIZE];
	int err;

	*rule = "anchor: the certificate is known already";
	if (state == MODGATE_ANCHOR_LOADED)
		return -EEXIST;
	*rule = "anchor: no usable modgate.anchor= on the command line";
	if (state != MODGATE_ANCHOR_AWAITED)
		return -EKEYREJECTED;
	err = modgate_sha384(cert, size, digest);
	if (err)
		return err;
	*rule = "anchor: not the certificate that modgate.anchor= names";
	if (memcmp(pin, digest, sizeof(pin)))
		return -EKEYREJECTED;
	*rule = "anchor: the certificate is not usable";
	err = modgate_key_add(&anchor, ".modgate", cert, size);
	if (err)
		return err == -ENOMEM ? err : -EKEYREJECTED;
	/* Pairs with modgate_anchor(). */
	smp_store_release(&state, MODGATE_ANCHOR_LOADED);
	return 0;
}
