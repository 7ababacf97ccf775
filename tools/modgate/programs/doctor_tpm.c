// SPDX-License-Identifier: GPL-2.0-only
/*
 * The TPM as the kernel has chosen it, or has not, and what it has measured into it.
 */
#include <stdlib.h>

#include "doctor.h"
#include "kernel.h"
#include "tpm.h"

#define NOTHING "nothing of this boot is measured, and freshness=tpm accepts nothing"

static void check_late(struct doctor *d)
{
	char *modules = tpm_modules(d->o->root);

	if (modules)
		doctor_bad(d, "tpm", DOCTOR_TPM_BUILT_IN,
			   "it came when the kernel had already chosen, since %s is a module: "
			   NOTHING, modules);
	else
		doctor_bad(d, "tpm", "find out who did it, if the driver is built in; restart",
			   "it came when the kernel had already chosen: it was late, or somebody kept it away until then; "
			   NOTHING);
	free(modules);
}

/* A kernel that does not say so is an older one. */
static void check_chosen(struct doctor *d)
{
	const struct record *state = &d->snap->kernel.state;

	if (record_is(state, "tpm", "late"))
		check_late(d);
	else if (record_is(state, "tpm", "none"))
		doctor_bad(d, "tpm", "switch the TPM on in the firmware; " DOCTOR_TPM_BUILT_IN,
			   "the kernel found no TPM 2.0: " NOTHING);
	else if (record_is(state, "tpm", "refused"))
		doctor_bad(d, "tpm", "a TPM 2.0 of this machine's own, and its firmware in order",
			   "virtual, no TPM 2.0, or being upgraded, so that the kernel does not use it: "
			   NOTHING);
	else if (record_is(state, "tpm", "chosen"))
		doctor_good(d, "tpm", "chosen when the kernel started, and held since");
}

static void check_pcr(struct doctor *d)
{
	const struct record *state = &d->snap->kernel.state;
	unsigned long long n = record_number(state, "pcr-changed");

	if (!record_get(state, "pcr") || !record_has(state, "pcr-changed"))
		return;
	if (n)
		doctor_bad(d, "pcr",
			   "restart; if it comes again, see who else measures into it (CONFIG_SECURITY_MODGATE_PCR)",
			   "PCR %s did not hold what the kernel had left there, %llu time(s): the TPM was reset, or somebody else has measured into it, so that no quote of this boot proves what was loaded",
			   record_get(state, "pcr"), n);
	else
		doctor_good(d, "pcr", "PCR %s holds what the kernel has measured, and nothing else",
			    record_get(state, "pcr"));
}

void doctor_tpm(struct doctor *d)
{
	check_chosen(d);
	check_pcr(d);
}
