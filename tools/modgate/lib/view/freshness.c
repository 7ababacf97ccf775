// SPDX-License-Identifier: GPL-2.0-only
/*
 * Freshness: are the documents of this machine counted by its TPM, and is this the TPM
 * that counts them?
 */
#include <stdlib.h>
#include <string.h>

#include "base.h"
#include "crypto.h"
#include "kernel.h"
#include "tpm.h"
#include "view.h"

#define REPAIR "see 'modgate verify --repair'"

static bool is_zero(const __u8 *name)
{
	static const __u8 zero[MODGATE_DIGEST_SIZE];

	return !memcmp(name, zero, sizeof(zero));
}

/* SHA-384 of the DMI product UUID; false if the machine has none. */
static bool dmi_name(const struct options *o, __u8 name[MODGATE_DIGEST_SIZE])
{
	char *path = fmt("%s/sys/class/dmi/id/product_uuid", o->root);
	bool found = false;
	size_t size;
	void *data;

	if (!file_read(path, 4096, &data, &size)) {
		found = size >= 36;
		if (found)
			sha384(data, 36, name);
		free(data);
	}
	free(path);
	return found;
}

/**
 * freshness_used() - are documents of this machine counted by its TPM?
 * @snapshot: as read
 * @o: options
 *
 * They are if the kernel demands it, or if the local policy names a machine by
 * its TPM: init does so only together with the counters.
 *
 * Return: true if they are.
 */
bool freshness_used(const struct snapshot *snapshot, const struct options *o)
{
	return record_is(&snapshot->kernel.state, "freshness", "tpm") ||
	       freshness_numbered(snapshot, o);
}

/**
 * freshness_numbered() - was the local policy numbered by a TPM?
 * @snapshot: as read
 * @o: options
 *
 * It was if it names a machine by a TPM, this one or another.
 *
 * Return: true if it was; false also if there is no local policy.
 */
bool freshness_numbered(const struct snapshot *snapshot, const struct options *o)
{
	const struct record *state = &snapshot->kernel.state;
	__u8 name[MODGATE_DIGEST_SIZE];
	const __u8 *machine;

	if (!snapshot->policy_next || is_zero(snapshot->policy_next->header.machine))
		return false;
	machine = snapshot->policy_next->header.machine;
	if (record_digest(state, "machine-name", name) &&
	    !memcmp(name, machine, sizeof(name)))
		return record_is(state, "machine", "tpm");
	return !dmi_name(o, name) || memcmp(name, machine, sizeof(name));
}

/**
 * freshness_open() - get hold of the TPM, if documents are counted by it
 * @tpm: NULL if they are not, or after an error
 * @snapshot: as read, with a local policy
 * @o: options
 *
 * Return: ST_OK, or a status after saying why not.
 */
enum status freshness_open(struct tpm **tpm, const struct snapshot *snapshot,
			   const struct options *o)
{
	const __u8 *machine = snapshot->policy_next->header.machine;
	__u8 name[MODGATE_DIGEST_SIZE];
	enum status status;

	*tpm = NULL;
	if (!freshness_used(snapshot, o))
		return ST_OK;
	status = tpm_open(tpm);
	if (status)
		return status;
	if (!tpm_name(*tpm, name))
		status = fail(ST_CORRUPT,
			      "TPM: there is no storage root key at 0x81000001, after which the local policy names this machine: the TPM was cleared, or is another one; "
			      REPAIR);
	else if (memcmp(name, machine, sizeof(name)))
		status = fail(ST_CORRUPT,
			      is_zero(machine) ?
			      "%s: names no machine, but the kernel demands freshness by TPM; "
			      REPAIR :
			      "%s: is for another machine: its name is not that of this TPM's storage root key; "
			      REPAIR,
			      snapshot->policy_next->path);
	if (status) {
		tpm_close(*tpm);
		*tpm = NULL;
	}
	return status;
}
