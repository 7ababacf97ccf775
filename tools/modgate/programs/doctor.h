/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What modgate's promise rests on, checked on the running machine.
 */
#ifndef _MODGATE_DOCTOR_H
#define _MODGATE_DOCTOR_H

#include "base.h"
#include "view.h"

/**
 * struct doctor - an examination
 * @o: options
 * @snap: everything that is known
 * @json: array of the findings
 * @bad: number of assumptions that do not hold
 */
struct doctor {
	const struct options *o;
	const struct snapshot *snap;
	struct json_object *json;
	size_t bad;
};

/* doctor.c: the kernel's state, and all the others */
enum status doctor_examine(struct doctor *d);
void doctor_good(struct doctor *d, const char *what, const char *format, ...)
	__printf(3, 4);
void doctor_bad(struct doctor *d, const char *what, const char *remedy,
		const char *format, ...) __printf(4, 5);

/* doctor_kernel.c: the boot chain, and what else of the kernel must hold */
void doctor_kernel(struct doctor *d);

/* doctor_tpm.c: the TPM, and what was measured into it */
#define DOCTOR_TPM_BUILT_IN \
	"its driver built into the kernel: CONFIG_TCG_CRB=y, CONFIG_TCG_TIS=y"
void doctor_tpm(struct doctor *d);

/* doctor_disk.c: what lies on the disk */
void doctor_disk(struct doctor *d);

#endif /* _MODGATE_DOCTOR_H */
