// SPDX-License-Identifier: GPL-2.0-only
/*
 * Freshness: a document is accepted only if it is no older than the newest one from its
 * signer that this machine has accepted. A counter in the TPM remembers that. Accepting
 * a document raises the counter and thus invalidates every older one. If a counter is
 * missing, nothing is accepted: a missing counter never counts as a first use.
 */
#include <linux/cache.h>
#include <linux/errno.h>
#include <linux/init.h>
#include <linux/overflow.h>
#include <linux/string.h>
#include "freshness.h"
#include "tpm.h"
#include "modgate.h"

/* Failed increments that are tolerated per document. */
#define FAILURES_MAX 3

/* Set by the boot chain, not by a document: an older document could undo it. */
bool modgate_freshness_tpm __ro_after_init =
	IS_ENABLED(CONFIG_SECURITY_MODGATE_FRESHNESS_TPM);

/* Early, so that bootconfig cannot set it; it can only tighten. */
static int __init parse_freshness(char *value)
{
	if (!value || strcmp(value, "none"))
		modgate_freshness_tpm = true;
	else if (modgate_freshness_tpm)
		pr_warn("modgate.freshness=none is ignored: freshness=tpm is in force and cannot be loosened\n");
	return 0;
}
early_param("modgate.freshness", parse_freshness);

/**
 * modgate_freshness_judge() - may a document of this age be accepted?
 * @claim: what the document says
 * @counter: value of its signer's accept counter
 * @rule: on failure, set to the rule that it breaks
 *
 * Return: 0; -ESTALE.
 */
int modgate_freshness_judge(const struct modgate_claim *claim, u64 counter,
			    const char **rule)
{
	u64 value;

	*rule = "freshness: generation plus base is too large";
	if (check_add_overflow(claim->generation, claim->base, &value))
		return -ESTALE;
	*rule = "freshness: older than what was accepted before, says the TPM counter";
	if (value < counter)
		return -ESTALE;
	*rule = MODGATE_RULE_FLOOR;
	if (claim->generation < claim->floor)
		return -ESTALE;
	*rule = "freshness: too far ahead of the TPM counter, by more than 64";
	if (value - counter > MODGATE_STEPS_MAX)
		return -ESTALE;
	*rule = NULL;
	return 0;
}

/* Tell an admin why a counter cannot be used. */
static const char *rule_of(int err)
{
	switch (err) {
	case -ENODEV:
		return "freshness: this kernel found no TPM 2.0 when it started";
	case -ENOENT:
		return "freshness: the TPM has no counter for this signer";
	case -EINVAL:
		return "freshness: the TPM has something else in place of this signer's counter";
	case -ENODATA:
		return "freshness: the TPM counter of this signer was never written";
	case -ENOMEM:
		return "memory: not enough";
	default:
		return "freshness: the TPM does not answer";
	}
}

/*
 * Called with the TPM held. The counter is read again before each step: an increment
 * that got no response may have been carried out, and one too many would invalidate
 * this document too. One step is two commands, about ten milliseconds on a real TPM.
 */
static int raise(struct modgate_counters *counters,
		 const struct modgate_claim *claim, u64 *counter,
		 const char **rule)
{
	const u32 index = MODGATE_NV_ACCEPT(claim->slot);
	unsigned int tries, failures = 0;
	int err;

	err = counters->check(counters, index);
	for (tries = 0; !err && tries <= MODGATE_STEPS_MAX + FAILURES_MAX;
	     tries++) {
		err = counters->read(counters, index, counter);
		if (err)
			break;
		err = modgate_freshness_judge(claim, *counter, rule);
		if (err)
			return err;
		if (*counter == claim->generation + claim->base)
			return 0;
		err = counters->increment(counters, index);
		if (err == -EIO && ++failures < FAILURES_MAX)
			err = 0;
	}
	*rule = err ? rule_of(err) : "freshness: the TPM counter does not rise";
	return err == -ENOMEM ? err : -ENODEV;
}

/**
 * modgate_freshness_accept() - accept a document and invalidate every older one
 * @counters: the TPM's counters
 * @claim: what the document says
 * @counter: value of the accept counter as last read, or 0
 * @rule: on failure, set to the rule that it breaks
 *
 * The last check before a document comes into force, since it raises the counter. The
 * TPM is held from the check of the public area to the last step; otherwise root could
 * replace the counter by an ordinary NV index with an older number in between.
 *
 * Return: 0, and @counter is generation plus base; -ENODEV: no chip, no such
 * counter, another public area, never written, or the TPM fails; -ESTALE;
 * -ENOMEM.
 */
int modgate_freshness_accept(struct modgate_counters *counters,
			     const struct modgate_claim *claim, u64 *counter,
			     const char **rule)
{
	int err;

	*counter = 0;
	err = counters->begin(counters);
	if (err) {
		*rule = rule_of(err);
		return -ENODEV;
	}
	err = raise(counters, claim, counter, rule);
	counters->end(counters);
	return err;
}

/**
 * modgate_freshness_check() - is a document fresh enough for this boot chain?
 * @claim: what the document says
 * @counter: value of the accept counter, or 0 if none was read
 * @rule: on failure, set to the rule that it breaks
 *
 * Return: as modgate_freshness_accept(); with freshness=none 0, or -ESTALE if
 * the generation is below the floor.
 */
int modgate_freshness_check(const struct modgate_claim *claim, u64 *counter,
			    const char **rule)
{
	*counter = 0;
	if (!modgate_freshness_tpm) {
		*rule = MODGATE_RULE_FLOOR;
		return claim->generation < claim->floor ? -ESTALE : 0;
	}
	*rule = rule_of(-ENODEV);
	if (!IS_ENABLED(CONFIG_SECURITY_MODGATE_TPM))
		return -ENODEV;
	return modgate_freshness_accept(&modgate_tpm_counters, claim, counter,
					rule);
}

/**
 * modgate_freshness_backend() - what freshness rests on
 *
 * Return: "tpm": modgate holds a TPM 2.0 chip; "missing": one is required but absent;
 * "none": there is none, and none is required.
 */
const char *modgate_freshness_backend(void)
{
	if (modgate_tpm_present())
		return "tpm";
	return modgate_freshness_tpm ? "missing" : "none";
}
