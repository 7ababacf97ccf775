// SPDX-License-Identifier: GPL-2.0-only
/*
 * What modgate's promise rests on: does it hold on this machine? Each assumption with a
 * mark, the reason, and the remedy.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base.h"
#include "doctor.h"
#include "kernel.h"
#include "keys.h"
#include "report.h"
#include "tpm.h"
#include "view.h"

#define MARK_MAX 4096

static void doctor_tell(struct doctor *d, bool good, const char *what,
			const char *text, const char *remedy)
{
	struct json_object *j;

	d->bad += !good;
	if (d->o->json) {
		j = json_object_new_object();
		json_str(j, "check", what);
		json_yes(j, "good", good);
		json_str(j, "reason", text);
		json_str(j, "remedy", remedy);
		json_object_array_add(d->json, j);
		return;
	}
	say_mark(good);
	say("%-18s %s\n", what, dash(text));
	if (remedy)
		say("  %-18s remedy: %s\n", "", remedy);
}

/* An assumption that holds, and why. */
void doctor_good(struct doctor *d, const char *what, const char *format, ...)
{
	va_list ap;
	char *text;

	va_start(ap, format);
	text = vfmt(format, ap);
	va_end(ap);
	doctor_tell(d, true, what, text, NULL);
	free(text);
}

/* One that does not, or that nothing speaks for; and what would help. */
void doctor_bad(struct doctor *d, const char *what, const char *remedy,
		const char *format, ...)
{
	va_list ap;
	char *text;

	va_start(ap, format);
	text = vfmt(format, ap);
	va_end(ap);
	doctor_tell(d, false, what, text, remedy);
	free(text);
}

static void check_anchor(struct doctor *d)
{
	__u8 digest[MODGATE_DIGEST_SIZE];

	if (state_is(d->snap, "provisioned", "no") && !d->snap->anchored)
		doctor_bad(d, "anchor", "modgate init", "none: there are no keys");
	else if (state_is(d->snap, "provisioned", "no"))
		doctor_bad(d, "anchor",
			   "the output of 'modgate key --pin' on the kernel command line",
			   "none: the kernel was started without it");
	else if (!state_is(d->snap, "anchor", "loaded"))
		doctor_bad(d, "anchor",
			   "hold 'modgate key --pin' against the kernel command line",
			   "%s: no document can be accepted", state_value(d->snap, "anchor"));
	else if (d->snap->anchored &&
		 record_digest(&d->snap->kernel.state, "anchor-digest", digest) &&
		 memcmp(digest, d->snap->anchor.digest, sizeof(digest)))
		doctor_bad(d, "anchor",
			   "restore /etc/modgate/keys from a backup, or change the pin",
			   "the kernel has another one than the disk");
	else
		doctor_good(d, "anchor", "loaded, %.16s", state_value(d->snap, "anchor-digest"));
}

static void check_initramfs(struct doctor *d)
{
	static const char *const remedy =
		"have the initramfs run 'modgate boot', and restart";

	if (state_is(d->snap, "state", "boot"))
		doctor_bad(d, "initramfs", remedy, "nothing has sealed the kernel");
	else if (!state_is(d->snap, "ended-by", "seal"))
		doctor_bad(d, "initramfs", remedy,
			   "'modgate boot' did not seal the kernel, which did so itself (%s)",
			   state_value(d->snap, "ended-by"));
	else
		doctor_good(d, "initramfs", "'modgate boot' has sealed the kernel");
}

/* What modgate boot has left for us, in a folder that the initramfs hands on. */
static void check_recovery(struct doctor *d)
{
	char *path = fmt("%s/run/" MARK_FOLDER "/" MARK_FILE, d->o->root);
	struct record mark = { 0 };
	size_t size;
	void *text;

	if (!file_read(path, MARK_MAX, &text, &size)) {
		record_parse(&mark, text, '\n');
		free(text);
	}
	if (record_is(&mark, "recovery", "yes"))
		doctor_good(d, "recovery initramfs",
			    "'modgate boot' of this boot's initramfs knows recovery");
	else
		doctor_bad(d, "recovery initramfs",
			   "make the initramfs anew with this modgate, let it hand /run on, and restart",
			   "nothing shows that this boot's initramfs has the recovery menu: there is no %s",
			   path);
	record_free(&mark);
	free(path);
}

/* Whether it enforces, first: what is missing then stops nothing, or all. */
static void check_policy(struct doctor *d)
{
	if (state_is(d->snap, "enforcing", "record"))
		doctor_bad(d, "policy", "an anchor, see there",
			   "none: what would be refused is recorded");
	else if (state_is(d->snap, "enforcing", "audit"))
		doctor_bad(d, "policy",
			   "modgate mode --enforce, when nothing is pending; then restart",
			   "in force, but it only records what it would refuse");
	else if (state_is(d->snap, "boot-kind", "recovery"))
		doctor_bad(d, "policy", "restart without modgate.recovery",
			   "a recovery boot: no lists, so no third-party module loads");
	else if (state_is(d->snap, "policy", "no"))
		doctor_bad(d, "policy", "see 'modgate verify'",
			   "none in force: no third-party module loads");
	else if (record_number(&d->snap->kernel.state, "missing-lists"))
		doctor_bad(d, "policy", "see 'modgate verify'",
			   "%s required list(s) are not in force: no third-party module loads",
			   state_value(d->snap, "missing-lists"));
	else
		doctor_good(d, "policy", "in force, mode %s", state_value(d->snap, "mode"));
}

static void check_freshness(struct doctor *d)
{
	static const char *const none =
		"none: older lists that were signed could be put back";

	if (state_is(d->snap, "freshness", "tpm") && !state_is(d->snap, "freshness-backend", "tpm"))
		doctor_bad(d, "freshness",
			   "switch the TPM on; " DOCTOR_TPM_BUILT_IN,
			   "demanded, but the kernel found no TPM: no document can be accepted");
	else if (state_is(d->snap, "freshness", "tpm"))
		doctor_good(d, "freshness", "by TPM");
	else if (!tpm_present())
		doctor_bad(d, "freshness",
			   "a TPM 2.0, whose driver is built into the kernel", "%s", none);
	else if (d->snap->policy_next && freshness_numbered(d->snap, d->o))
		doctor_bad(d, "freshness",
			   "modgate.freshness=tpm on the kernel command line", "%s", none);
	else
		doctor_bad(d, "freshness",
			   "new keys: move /etc/modgate away, 'modgate init', approve, and the new pin with modgate.freshness=tpm",
			   "%s", none);
}

static void check_machine(struct doctor *d)
{
	if (state_is(d->snap, "machine", "none"))
		doctor_bad(d, "machine", "a TPM 2.0, or a product UUID in the firmware",
			   "it has no name: a local policy of another machine is accepted if its key is the same");
	else
		doctor_good(d, "machine", "its name is by %s", state_value(d->snap, "machine"));
}

static void doctor_take_finding(void *data, const char *what, enum status status,
				const char *text)
{
	struct doctor *d = data;

	if (status)
		doctor_bad(d, "counters", "see 'modgate verify'", "%s: %s",
			   what, text);
}

static void check_counters(struct doctor *d)
{
	struct checker checker = { .say = doctor_take_finding, .data = d };
	size_t before = d->bad;

	if (!freshness_used(d->snap, d->o))
		return;
	if (!d->snap->policy_next) {
		doctor_bad(d, "counters", "see 'modgate verify'",
			   "there is no valid local policy on disk to hold them against");
		return;
	}
	freshness_check(d->snap, d->o, &checker);
	if (d->bad == before)
		doctor_good(d, "counters", "the TPM's counters agree with disk and kernel");
}

static bool kept_by_tpm(const struct doctor *d, const char *name)
{
	char *path = key_path(d->o, name, "key"), *where = NULL;
	bool yes = !access(path, R_OK) && !key_where(d->o, name, &where) &&
		   (!strcmp(where, "tpm") || !strcmp(where, "sealed"));

	free(where);
	free(path);
	return yes;
}

/* The counters do not heed it; a key in the TPM does. */
static void check_lockout(struct doctor *d)
{
	struct tpm *tpm;

	if ((!kept_by_tpm(d, KEY_OWNER) && !kept_by_tpm(d, KEY_ANCHOR)) ||
	    tpm_open(&tpm))
		return;
	if (tpm_lockout_open(tpm))
		doctor_bad(d, "tpm lockout", "tpm2_changeauth -c lockout, and keep that elsewhere",
			   "its authorization is empty: root can have the TPM count no wrong passphrases");
	else
		doctor_good(d, "tpm lockout", "not open to root");
	tpm_close(tpm);
}

/**
 * doctor_examine() - check all assumptions
 * @d: with nothing found yet
 *
 * Return: ST_OK, or ST_NO if one of them does not hold, or nothing shows that it does.
 */
enum status doctor_examine(struct doctor *d)
{
	check_anchor(d);
	check_initramfs(d);
	check_recovery(d);
	check_policy(d);
	doctor_kernel(d);
	doctor_tpm(d);
	check_freshness(d);
	check_machine(d);
	check_counters(d);
	check_lockout(d);
	doctor_disk(d);
	if (d->o->json)
		json_out(d->json);
	else if (d->bad)
		say("\nDoes not hold, or nothing shows that it does: %zu.\n", d->bad);
	return d->bad ? ST_NO : ST_OK;
}
