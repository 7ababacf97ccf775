// SPDX-License-Identifier: GPL-2.0-only
/*
 * The PCRs of the boot chain: what each covers, and how files have them.
 *
 * 0 to 7: TCG PC Client Platform Firmware Profile, "PCR usage"; the others: UAPI
 * Group, Linux TPM PCR Registry. A kernel that is started by its EFI stub measures
 * initramfs and command line into 9, whatever has started the stub.
 */
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <tss2/tss2_tpm2_types.h>

#include "attest.h"
#include "base.h"
#include "tpm.h"

static const char *const covers[PCRS] = {
	[0] = "the firmware's code",
	[1] = "the firmware's settings, and the hardware",
	[2] = "drivers that come with hardware (option ROMs)",
	[3] = "settings of such drivers",
	[4] = "boot loader, unified kernel image, and a kernel that the firmware starts",
	[5] = "settings of the boot loader, and the partition table",
	[6] = "what the maker of the machine measures",
	[7] = "Secure Boot: whether it is on, its keys, and which of them were used",
	[8] = "GRUB's commands, and the command line that it gives the kernel",
	[9] = "initramfs and kernel command line, by the kernel's EFI stub; what GRUB reads",
	[11] = "unified kernel image with all its parts, and how far systemd has booted",
	[14] = "shim's keys (MOK)",
};

static const struct {
	__u16 algorithm;
	const char *name;
} banks[] = {
	{ TPM2_ALG_SHA384, "sha384" },
	{ TPM2_ALG_SHA256, "sha256" },
};

/* What a PCR of the boot chain covers, for people. */
const char *pcr_covers(unsigned int pcr)
{
	return pcr < PCRS && covers[pcr] ? covers[pcr] : "not part of the boot chain";
}

/* "0 to 9, 13, 14"; to be freed. */
char *pcr_numbers(__u32 mask)
{
	char *text = xstrdup(""), *longer;
	unsigned int pcr, last;

	for (pcr = 0; pcr < PCRS; pcr = last + 1) {
		last = pcr;
		if (!(mask & 1U << pcr))
			continue;
		while (last + 1 < PCRS && mask & 1U << (last + 1))
			last++;
		if (last == pcr + 1)
			last = pcr;
		longer = last > pcr ?
			 fmt("%s%s%u to %u", text, *text ? ", " : "", pcr, last) :
			 fmt("%s%s%u", text, *text ? ", " : "", pcr);
		free(text);
		text = longer;
	}
	return text;
}

/**
 * pcr_is_idle() - was nothing measured into a PCR that tells anything?
 * @set: has it
 * @pcr: its number
 *
 * Firmware ends its own measuring by a separator in each of 0 to 7, of four bytes that
 * are all zero or, in an older form, all ones (Platform Firmware Profile, EV_SEPARATOR).
 * So what has nothing else has the same value whatever was booted.
 *
 * Return: true if it has the value of such a PCR.
 */
bool pcr_is_idle(const struct pcr_set *set, unsigned int pcr)
{
	const EVP_MD *md = EVP_get_digestbyname(pcr_bank_name(set->algorithm));
	static const __u8 separators[][4] = { { 0 }, { 0xff, 0xff, 0xff, 0xff } };
	__u8 both[2 * EVP_MAX_MD_SIZE] = { 0 }, value[EVP_MAX_MD_SIZE];
	size_t i;

	if (!memcmp(set->values[pcr], both, set->size))
		return true;
	for (i = 0; i < ARRAY_SIZE(separators); i++)
		if (EVP_Digest(separators[i], 4, both + set->size, NULL, md, NULL) &&
		    EVP_Digest(both, 2 * set->size, value, NULL, md, NULL) &&
		    !memcmp(set->values[pcr], value, set->size))
			return true;
	return false;
}

/* NULL if it is none that is good for a quote. */
const char *pcr_bank_name(__u16 bank)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(banks); i++)
		if (banks[i].algorithm == bank)
			return banks[i].name;
	return NULL;
}

/* Field "bank", and with it the size of a value. */
bool pcr_bank_take(struct json_object *j, struct pcr_set *set)
{
	const char *text = json_text(j, "bank");
	size_t i;

	for (i = 0; text && i < ARRAY_SIZE(banks); i++)
		if (!strcmp(banks[i].name, text)) {
			set->algorithm = banks[i].algorithm;
			set->size = EVP_MD_get_size(EVP_get_digestbyname(text));
			return true;
		}
	return false;
}

/* Those of @mask, by number. */
struct json_object *pcrs_json(const struct pcr_set *set, __u32 mask)
{
	struct json_object *j = json_object_new_object();
	unsigned int pcr;
	char *number;

	for (pcr = 0; pcr < PCRS; pcr++) {
		if (!(mask & 1U << pcr))
			continue;
		number = fmt("%u", pcr);
		json_hex(j, number, set->values[pcr], set->size);
		free(number);
	}
	return j;
}

/* The value of one, if it is there; false if it is not of the bank's size. */
static bool take_value(struct json_object *all, struct pcr_set *set, unsigned int pcr)
{
	char *number = fmt("%u", pcr);
	bool there = json_object_object_get_ex(all, number, NULL), good;
	size_t size;

	good = !there || (json_bytes(all, number, set->values[pcr], set->size, &size) &&
			  size == set->size);
	if (there)
		set->mask |= 1U << pcr;
	free(number);
	return good;
}

/* Field "pcrs": as many as it has, and nothing else. */
bool pcrs_take(struct json_object *j, struct pcr_set *set)
{
	struct json_object *all = json_object_object_get(j, "pcrs");
	unsigned int pcr;

	set->mask = 0;
	if (!json_object_is_type(all, json_type_object))
		return false;
	for (pcr = 0; pcr < PCRS; pcr++)
		if (!take_value(all, set, pcr))
			return false;
	return json_object_object_length(all) == __builtin_popcount(set->mask);
}
