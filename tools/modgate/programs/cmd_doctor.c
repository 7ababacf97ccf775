// SPDX-License-Identifier: GPL-2.0-only
/*
 * modgate doctor: does what modgate's promise rests on hold on this machine?
 */
#include "base.h"
#include "doctor.h"
#include "kernel.h"
#include "programs.h"
#include "view.h"

static enum status doctor_run(int argc, char **argv, struct options *o)
{
	struct doctor d = { .o = o };
	enum status status;
	struct snapshot snap;

	if (next_option(argc, argv, NULL, o) != -1)
		return ST_USAGE;
	if (optind != argc)
		return usage("%s: doctor takes no arguments", argv[optind]);
	status = snapshot_read(&snap, o);
	if (!snap.kernel.present)
		status = kernel_missing(&snap.kernel);
	else if (!status && !snap.kernel.privileged)
		status = fail(ST_PRIVILEGE, "doctor reads what only root can read: run it as root");
	if (!status) {
		d.snap = &snap;
		d.json = json_object_new_array();
		status = doctor_examine(&d);
		if (!o->json)
			json_object_put(d.json);
	}
	snapshot_free(&snap);
	return status;
}

const struct verb verb_doctor = {
	.name = "doctor",
	.summary = "Check what modgate's promise rests on, and say what would help",
	.usage = "",
	.run = doctor_run,
};
