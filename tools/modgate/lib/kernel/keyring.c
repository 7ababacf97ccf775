// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which of the kernel's keyrings holds the key that signed a module.
 *
 * The kernel looks for a signer by issuer and serial number (or by key identifier).
 * keyctl_search() finds a key in the same way ("ex:" and the identifier in hex) and
 * returns ENOKEY if there is none. Nobody has search permission on the keys themselves,
 * so for an existing key it returns EACCES. To tell that apart from a keyring without
 * search permission, ask for a key that cannot exist.
 */
#include <errno.h>
#include <keyutils.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base.h"
#include "kernel.h"

/* Longer identifiers do not fit into a description. */
#define ID_MAX 4000

static const char *const names[KEYRINGS] = {
	[KEYRING_BUILTIN] = ".builtin_trusted_keys",
	[KEYRING_SECONDARY] = ".secondary_trusted_keys",
	[KEYRING_MACHINE] = ".machine",
	[KEYRING_PLATFORM] = ".platform",
};

const char *keyring_name(enum keyring which)
{
	return names[which];
}

/**
 * keyring_takes() - can the kernel use the key of a certificate?
 * @o: options; with a root folder it is not this kernel that is meant
 * @der: the certificate in DER
 * @size: of @der, in bytes
 *
 * Finds out by adding the key to a keyring of this process.
 *
 * Return: KNOWN_YES; KNOWN_NO; KNOWN_UNKNOWN without permission to ask.
 */
enum known keyring_takes(const struct options *o, const void *der, size_t size)
{
	key_serial_t key;

	if (*o->root)
		return KNOWN_UNKNOWN;
	key = add_key("asymmetric", "", der, size, KEY_SPEC_PROCESS_KEYRING);
	if (key != -1) {
		keyctl_unlink(key, KEY_SPEC_PROCESS_KEYRING);
		return KNOWN_YES;
	}
	return errno == EBADMSG || errno == ENOPKG || errno == EKEYREJECTED ?
	       KNOWN_NO : KNOWN_UNKNOWN;
}

/**
 * keyring_holds() - does a keyring hold the key with this identifier?
 * @o: options; with a root folder it is not this kernel that is meant
 * @which: the keyring
 * @id: identifier in hex, see modsig.c
 *
 * Return: KNOWN_YES or KNOWN_NO (also for a keyring that does not exist); KNOWN_UNKNOWN
 * without permission to ask.
 */
enum known keyring_holds(const struct options *o, enum keyring which,
			 const char *id)
{
	char description[ID_MAX + 8];
	key_serial_t ring;

	if (*o->root || geteuid() || !id || strlen(id) > ID_MAX)
		return KNOWN_UNKNOWN;
	ring = find_key_by_type_and_desc("keyring", names[which], 0);
	if (ring == -1)
		return errno == ENOKEY ? KNOWN_NO : KNOWN_UNKNOWN;
	if (keyctl_search(ring, "asymmetric", "ex:00", 0) != -1 ||
	    errno != ENOKEY)
		return KNOWN_UNKNOWN;
	snprintf(description, sizeof(description), "ex:%s", id);
	if (keyctl_search(ring, "asymmetric", description, 0) != -1)
		return KNOWN_YES;
	if (errno == ENOKEY)
		return KNOWN_NO;
	return errno == EACCES ? KNOWN_YES : KNOWN_UNKNOWN;
}

/**
 * keyring_keys() - the keys of a keyring
 * @o: options; with a root folder it is not this kernel that is meant
 * @which: the keyring
 * @keys: set to their serial numbers; to be freed
 * @n: set to their number; 0 if there is no such keyring
 *
 * Return: 0, or a negative errno without permission to ask.
 */
int keyring_keys(const struct options *o, enum keyring which, __s32 **keys, size_t *n)
{
	key_serial_t ring;
	void *data;
	int size;

	*keys = NULL;
	*n = 0;
	if (*o->root)
		return -EXDEV;
	ring = find_key_by_type_and_desc("keyring", names[which], 0);
	if (ring == -1)
		return errno == ENOKEY ? 0 : -errno;
	size = keyctl_read_alloc(ring, &data);
	if (size < 0)
		return -errno;
	*keys = data;
	*n = size / sizeof(**keys);
	return 0;
}
