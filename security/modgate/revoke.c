// SPDX-License-Identifier: GPL-2.0-only
/*
 * Digests written to revoke: these modules are refused until restart.
 */
#include <linux/errno.h>
#include <linux/mutex.h>
#include <linux/string.h>
#include <linux/vmalloc.h>
#include <linux/modgate.h>
#include "revoke.h"

#define REVOKED_MAX 4096

static DEFINE_MUTEX(revoke_lock);		/* serialises writers */
static u8 (*revoked)[MODGATE_DIGEST_SIZE];	/* append only */
static u32 n_revoked;

/**
 * modgate_revoked_count() - number of digests revoked since power-on
 *
 * Return: the number.
 */
u32 modgate_revoked_count(void)
{
	/* Pairs with modgate_revoke(). */
	return smp_load_acquire(&n_revoked);
}

/**
 * modgate_is_revoked() - has a module been revoked since power-on?
 * @digest: SHA-384 of the module
 *
 * Return: true if so.
 */
bool modgate_is_revoked(const u8 *digest)
{
	u32 i, n = modgate_revoked_count();

	for (i = 0; i < n; i++)
		if (!memcmp(revoked[i], digest, MODGATE_DIGEST_SIZE))
			return true;
	return false;
}

/**
 * modgate_revoke() - refuse a module from now on, until restart
 * @digest: SHA-384 of the module
 *
 * Return: 0, also if it was revoked before; -ENOSPC; -ENOMEM.
 */
int modgate_revoke(const u8 *digest)
{
	int err = 0;

	mutex_lock(&revoke_lock);
	if (!revoked)
		revoked = vmalloc(REVOKED_MAX * sizeof(*revoked));
	if (!revoked) {
		err = -ENOMEM;
	} else if (modgate_is_revoked(digest)) {
		err = 0;
	} else if (n_revoked == REVOKED_MAX) {
		err = -ENOSPC;
	} else {
		memcpy(revoked[n_revoked], digest, MODGATE_DIGEST_SIZE);
		/* Pairs with modgate_revoked_count(). */
		smp_store_release(&n_revoked, n_revoked + 1);
	}
	mutex_unlock(&revoke_lock);
	return err;
}
