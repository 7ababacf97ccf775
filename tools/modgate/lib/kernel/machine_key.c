// SPDX-License-Identifier: GPL-2.0-only
/*
 * The trusted key that names a machine without a TPM. Its blob, which only this machine
 * can open, is stored next to the documents. The kernel looks for the key in the
 * keyrings of the process that writes a document.
 */
#include <ctype.h>
#include <errno.h>
#include <keyutils.h>
#include <stdlib.h>
#include <string.h>

#include "base.h"
#include "kernel.h"

/* Same as in security/modgate/machine.c. */
#define DESCRIPTION "modgate:machine"
/* The kernel accepts 512 bytes, in hex. */
#define BLOB_MAX 4096

/**
 * machine_key_add() - have the kernel open the machine's key
 * @path: of the blob, in hex, as "keyctl pipe" prints it
 *
 * The key is added to the keyring of this process and disappears when it exits.
 *
 * Return: 0; -ENOENT if there is no blob, as on most machines; or another negative
 * errno from reading it or from add_key(2): -ENODEV if the kernel does not support such
 * keys, or the error of its trust source if that cannot open it.
 */
int machine_key_add(const char *path)
{
	char *payload, *blob;
	size_t size;
	void *data;
	int err;

	err = file_read(path, BLOB_MAX, &data, &size);
	if (err)
		return err;
	blob = data;
	while (size && isspace((unsigned char)blob[size - 1]))
		blob[--size] = '\0';
	payload = fmt("load %s", blob);
	if (add_key("trusted", DESCRIPTION, payload, strlen(payload),
		    KEY_SPEC_PROCESS_KEYRING) == -1)
		err = -errno;
	free(payload);
	free(data);
	return err;
}
