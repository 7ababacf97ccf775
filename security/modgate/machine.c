// SPDX-License-Identifier: GPL-2.0-only
/*
 * The machine's name: what a document can name so that it is good for this
 * machine only. The kernel computes it itself, from the first of these that the
 * machine has: the storage root key of its TPM, a trusted key, its DMI product
 * UUID.
 */
#include <crypto/sha2.h>
#include <linux/dmi.h>
#include <linux/init.h>
#include <linux/key.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/uuid.h>
#include <keys/trusted-type.h>
#include "compat.h"
#include "freshness.h"
#include "machine.h"
#include "signer.h"
#include "tpm.h"
#include "modgate.h"

#define KEY_DESCRIPTION	"modgate:machine"
#define KEY_MESSAGE	"modgate machine"

/* As in securityfs and in records. */
const char *const modgate_machine_names[] = {
	[MODGATE_MACHINE_NONE] = "none",
	[MODGATE_MACHINE_TPM] = "tpm",
	[MODGATE_MACHINE_KEY] = "key",
	[MODGATE_MACHINE_DMI] = "dmi",
};

static DEFINE_MUTEX(machine_lock);	/* who looks for it, with the TPM */
static DEFINE_SPINLOCK(name_lock);	/* of the two below; written under both */
static enum modgate_machine machine;
static u8 machine_name[MODGATE_DIGEST_SIZE];

/**
 * modgate_machine_by_key() - name of a machine that has this key
 * @key: a secret that does not leave the machine
 * @size: of @key, in bytes
 * @name: %MODGATE_DIGEST_SIZE bytes, filled in: HMAC-SHA384 of a constant
 *
 * Return: 0; or, only before 7.3, an errno of the crypto API.
 */
int modgate_machine_by_key(const u8 *key, size_t size, u8 *name)
{
	return modgate_hmac_sha384_compat(key, size, KEY_MESSAGE,
					  sizeof(KEY_MESSAGE) - 1, name);
}

/**
 * modgate_machine_by_uuid() - name of a machine that has this UUID
 * @uuid: as sysfs shows it, 36 bytes, or NULL
 * @name: %MODGATE_DIGEST_SIZE bytes, filled in
 *
 * Return: 0; -ENOENT; or an errno of modgate_sha384().
 */
int modgate_machine_by_uuid(const char *uuid, u8 *name)
{
	if (!uuid || strlen(uuid) != UUID_STRING_LEN)
		return -ENOENT;
	return modgate_sha384(uuid, UUID_STRING_LEN, name);
}

static int name_by_tpm(u8 *name)
{
	if (IS_ENABLED(CONFIG_SECURITY_MODGATE_TEST_NO_TPM_NAME))
		return -ENOENT;
	return modgate_tpm_srk_digest(name);
}

#if IS_BUILTIN(CONFIG_TRUSTED_KEYS)
/*
 * A trusted key in the keyrings of the task that hands a document over; SEARCH
 * permission is enough. If there is a TPM, of whatever kind, it is the trust
 * source of trusted keys, and root could unseal the key, and seal it on another
 * machine, with plain TPM commands.
 */
static int name_by_key(u8 *name)
{
	const struct trusted_key_payload *payload;
	struct key *key;
	int err = -ENOKEY;

	if (modgate_tpm_seen() &&
	    !IS_ENABLED(CONFIG_SECURITY_MODGATE_TEST_NO_TPM_NAME))
		return -ENOKEY;
	key = request_key(&key_type_trusted, KEY_DESCRIPTION, NULL);
	if (IS_ERR(key))
		return PTR_ERR(key);
	down_read(&key->sem);
	payload = dereference_key_locked(key);
	if (payload)
		err = modgate_machine_by_key(payload->key, payload->key_len,
					     name);
	up_read(&key->sem);
	key_put(key);
	return err;
}
#else
static int name_by_key(u8 *name)
{
	return -ENOKEY;
}
#endif

/* The kernel keeps no UUID that is all zero or all ones. */
static int name_by_dmi(u8 *name)
{
	return modgate_machine_by_uuid(dmi_get_system_info(DMI_PRODUCT_UUID),
				       name);
}

/*
 * A name by TPM or key stays; one by DMI is only as good as long as there is
 * nothing better. A TPM that does not answer does not make this another
 * machine: then it has no name.
 */
static void find_name(bool keys)
{
	enum modgate_machine source = MODGATE_MACHINE_NONE;
	u8 name[MODGATE_DIGEST_SIZE];
	int err;

	lockdep_assert_held(&machine_lock);
	if (machine == MODGATE_MACHINE_TPM || machine == MODGATE_MACHINE_KEY)
		return;
	err = name_by_tpm(name);
	if (!err)
		source = MODGATE_MACHINE_TPM;
	else if (err != -ENOENT && err != -ENODEV)
		source = MODGATE_MACHINE_NONE;
	else if (keys && !name_by_key(name))
		source = MODGATE_MACHINE_KEY;
	else if (!name_by_dmi(name))
		source = MODGATE_MACHINE_DMI;
	spin_lock(&name_lock);
	machine = source;
	if (source)
		memcpy(machine_name, name, sizeof(machine_name));
	spin_unlock(&name_lock);
}

/**
 * modgate_machine_init() - find the machine's name, as far as it has one yet
 *
 * Called once, after modgate_tpm_init() and before any document is accepted.
 */
void __init modgate_machine_init(void)
{
	if (IS_ENABLED(CONFIG_SECURITY_MODGATE_TEST_NO_TPM_NAME))
		pr_warn("this kernel is built for tests and does not bind documents to a TPM\n");
	mutex_lock(&machine_lock);
	find_name(false);
	mutex_unlock(&machine_lock);
}

/**
 * modgate_machine_name() - the machine's name
 * @name: %MODGATE_DIGEST_SIZE bytes, filled in unless it has none
 * @anew: look for it, with the keyrings of the calling task; else it is what
 *	  was found last
 *
 * Return: where it comes from.
 */
enum modgate_machine modgate_machine_name(u8 *name, bool anew)
{
	enum modgate_machine source;

	if (anew) {
		mutex_lock(&machine_lock);
		find_name(true);
		mutex_unlock(&machine_lock);
	}
	spin_lock(&name_lock);
	source = machine;
	memcpy(name, machine_name, sizeof(machine_name));
	spin_unlock(&name_lock);
	return source;
}

/**
 * modgate_machine_check() - is a document for this machine?
 * @wanted: the machine that it names, %MODGATE_DIGEST_SIZE bytes, or zero
 * @policy: it is a local policy, which belongs to one machine
 * @rule: on failure, set to the rule that it breaks
 *
 * Return: 0; -EXDEV.
 */
int modgate_machine_check(const u8 *wanted, bool policy, const char **rule)
{
	static const char *const rules[] = {
		[MODGATE_MACHINE_NONE] =
			"machine: for a named machine, and this one has no name",
		[MODGATE_MACHINE_TPM] =
			"machine: for another one than this, which its TPM names",
		[MODGATE_MACHINE_KEY] =
			"machine: for another one than this, which a trusted key names",
		[MODGATE_MACHINE_DMI] =
			"machine: for another one than this, which its DMI product UUID names",
	};
	u8 name[MODGATE_DIGEST_SIZE];
	enum modgate_machine source;

	if (!memchr_inv(wanted, 0, MODGATE_DIGEST_SIZE)) {
		*rule = "machine: the local policy names none, and freshness=tpm demands it";
		return policy && modgate_freshness_tpm ? -EXDEV : 0;
	}
	source = modgate_machine_name(name, true);
	*rule = rules[source];
	if (source == MODGATE_MACHINE_NONE ||
	    memcmp(name, wanted, sizeof(name)))
		return -EXDEV;
	return 0;
}
