// SPDX-License-Identifier: GPL-2.0-only
/*
 * The machine's name: a document that contains it is valid on this machine only. The
 * kernel computes it from the first of these that the machine has: the storage root key
 * of its TPM, a trusted key, its DMI product UUID.
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

/* As shown in securityfs and in records. */
const char *const modgate_machine_names[] = {
	[MODGATE_MACHINE_NONE] = "none",
	[MODGATE_MACHINE_TPM] = "tpm",
	[MODGATE_MACHINE_KEY] = "key",
	[MODGATE_MACHINE_DMI] = "dmi",
};

static DEFINE_MUTEX(machine_lock);	/* serialises the look-up, which uses the TPM */
static DEFINE_SPINLOCK(name_lock);	/* protects the two below; written under both locks */
static enum modgate_machine machine;
static u8 machine_name[MODGATE_DIGEST_SIZE];

/**
 * modgate_machine_by_key() - compute a machine's name from a key
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
 * modgate_machine_by_uuid() - compute a machine's name from its DMI UUID
 * @uuid: in the format of sysfs, 36 bytes, or NULL
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
 * Look for a trusted key in the keyrings of the task that writes a document; SEARCH
 * permission is enough. Not if there is a TPM of any kind: trusted keys are then sealed
 * by that TPM, and with plain TPM commands root could unseal the key here and seal it
 * on another machine.
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

/* The kernel discards a UUID that is all zero or all ones. */
static int name_by_dmi(u8 *name)
{
	return modgate_machine_by_uuid(dmi_get_system_info(DMI_PRODUCT_UUID),
				       name);
}

/*
 * A name from the TPM or a key stays. A name from DMI gives way to a better one. If the
 * TPM does not respond, the machine has no name rather than a different one.
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
 * modgate_machine_init() - look up the machine's name as far as possible
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
 * @name: %MODGATE_DIGEST_SIZE bytes, filled in unless there is none
 * @anew: look it up again, in the keyrings of the calling task; otherwise return what
 *    was found last
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
 * @wanted: the machine named in the document, %MODGATE_DIGEST_SIZE bytes, or zero
 * @policy: the document is a local policy, which belongs to one machine
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
