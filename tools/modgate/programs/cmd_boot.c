// SPDX-License-Identifier: GPL-2.0-only
/*
 * modgate boot: in the initramfs, hand the newest documents to the kernel, then
 * seal. Whatever fails on the way, it goes on, and it seals.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base.h"
#include "change.h"
#include "crypto.h"
#include "document.h"
#include "kernel.h"
#include "keys.h"
#include "programs.h"

/* How it goes. */
struct boot {
	const struct options *o;
	struct kernel kernel;
	struct store store;
	const struct stored *policy;	/* accepted, or NULL */
	struct json_object *documents;
	unsigned int failed;
	unsigned int accepted;
	bool corrupt;
	bool locked;
};

/* As the ABI document says what load returns. */
static const char *meaning(int err)
{
	switch (err) {
	case -EPERM:
		return "EPERM: not privileged, or no longer in state boot";
	case -EINVAL:
		return "EINVAL: malformed document";
	case -EEXIST:
		return "EEXIST: a document of this signer is in force already";
	case -EKEYREJECTED:
		return "EKEYREJECTED: signature, signer or role";
	case -EXDEV:
		return "EXDEV: for another machine";
	case -ENODEV:
		return "ENODEV: freshness is required, but unavailable";
	case -ESTALE:
		return "ESTALE: older than what was accepted before, or below the floor";
	default:
		return strerror(-err);
	}
}

/* One line for what was handed over. */
static void boot_report(struct boot *b, const char *what, int err,
			const char *problem)
{
	char *rule = err ? kernel_error(&b->kernel) : NULL;
	const char *text = problem ? problem : err ? meaning(err) : "accepted";

	if (err || problem)
		b->failed++;
	else
		b->accepted++;
	if (b->o->json) {
		struct json_object *j = json_object_new_object();

		json_str(j, "document", what);
		json_yes(j, "accepted", !err && !problem);
		json_str(j, "problem", err || problem ? text : NULL);
		json_str(j, "rule", rule);
		json_object_array_add(b->documents, j);
	} else {
		say_mark(!err && !problem);
		say("%s: %s%s%s%s\n", what, text, rule ? " (kernel: " : "",
		    rule ? rule : "", rule ? ")" : "");
	}
	free(rule);
}

/* A pinned anchor has to be handed over; a compiled-in one is there. */
static void hand_anchor(struct boot *b)
{
	const char *anchor = record_get(&b->kernel.state, "anchor");
	char *path = key_path(b->o, KEY_ANCHOR, "pem");
	struct cert cert;
	int err;

	if (anchor && !strcmp(anchor, "awaited")) {
		err = cert_read(path, &cert);
		if (err) {
			boot_report(b, path, 0, err == -EINVAL ? "not a certificate" :
							    strerror(-err));
		} else {
			err = kernel_write(&b->kernel, "load", cert.der,
					   cert.der_size);
			boot_report(b, path, err, NULL);
			cert_free(&cert);
		}
	} else if (!anchor || strcmp(anchor, "loaded")) {
		boot_report(b, "anchor", 0, anchor ? anchor : "the kernel has none");
	}
	free(path);
}

/*
 * Without the key the kernel says itself that the documents are for another
 * machine; here is why.
 */
static void add_machine_key(struct boot *b)
{
	char *path = key_path(b->o, "machine", "blob");
	int err = machine_key_add(path);
	char *why;

	if (err && err != -ENOENT) {
		why = fmt("the kernel cannot open this machine's trusted key: %s",
			  err == -ENODEV ? "it has no trusted keys" :
					   strerror(-err));
		boot_report(b, path, 0, why);
		free(why);
	}
	free(path);
}

/* Bundle, in one write; the parser's say is the kernel's. */
static int hand(struct boot *b, const struct stored *doc)
{
	struct modgate_bundle head = {
		.version = le32(MODGATE_VERSION),
		.signature_size = le32(doc->signature_size),
		.document_size = le64(doc->size),
	};
	size_t size = sizeof(head) + doc->size + doc->signature_size;
	__u8 *bundle = malloc(size);
	int err;

	if (!bundle)
		return -ENOMEM;
	memcpy(head.magic, MODGATE_BUNDLE_MAGIC, sizeof(head.magic));
	memcpy(bundle, &head, sizeof(head));
	memcpy(bundle + sizeof(head), doc->bytes, doc->size);
	memcpy(bundle + sizeof(head) + doc->size, doc->signature,
	       doc->signature_size);
	err = kernel_write(&b->kernel, "load", bundle, size);
	free(bundle);
	return err;
}

/* In force: move it to active/ if the file system lets us; drop what is older. */
static void settle(struct boot *b, const struct stored *doc)
{
	if (b->locked)
		store_settle(b->o, &b->store, doc, b->policy);
}

static bool hand_document(struct boot *b, struct stored *doc)
{
	char *what = fmt("%s/%s", doc->staged ? "staged" : "active", doc->name);
	bool accepted = false;
	int err;

	if (stored_load(doc)) {
		boot_report(b, what, 0, doc->problem);
		b->corrupt = true;
	} else {
		err = hand(b, doc);
		accepted = !err;
		boot_report(b, what, err, NULL);
		if (err == -EINVAL || err == -ESTALE || err == -EKEYREJECTED)
			b->corrupt = true;
	}
	free(what);
	return accepted;
}

/* Was a newer document of this signer accepted? Then this one is history. */
static bool superseded(const struct boot *b, size_t n, const bool *accepted)
{
	const struct stored *doc = &b->store.docs[n];
	size_t i;

	for (i = 0; i < n; i++)
		if (accepted[i] && stored_type(doc) == stored_type(&b->store.docs[i]) &&
		    (!memcmp(doc->header.signer, b->store.docs[i].header.signer,
			     MODGATE_DIGEST_SIZE) ||
		     stored_replaced(doc, &b->store.docs[i], b->policy)))
			return true;
	return false;
}

/* By an owner key that the local policy does not name yet: it was interrupted. */
static bool too_early(const struct boot *b, const struct stored *doc)
{
	return b->policy && stored_type(doc) == MODGATE_APPROVED_LIST &&
	       !policy_authority(b->policy, doc->header.signer) &&
	       rotation_signer(b->o, doc);
}

static void hand_documents(struct boot *b)
{
	const bool recovery = record_is(&b->kernel.state, "boot-kind", "recovery");
	bool *accepted = xzalloc(b->store.n_docs * sizeof(*accepted));
	size_t i;

	if (recovery && !b->o->json)
		say("recovery boot: no lists, and so no third-party modules\n");
	for (i = 0; i < b->store.n_docs; i++) {
		struct stored *doc = &b->store.docs[i];

		if (superseded(b, i, accepted) || too_early(b, doc) ||
		    (recovery && stored_type(doc) == MODGATE_APPROVED_LIST))
			continue;
		accepted[i] = hand_document(b, doc);
		if (accepted[i] && stored_type(doc) == MODGATE_LOCAL_POLICY) {
			/* Says who may sign lists. */
			stored_check_form(doc);
			b->policy = doc;
			continue;
		}
		/* Large lists of the past are not kept in memory. */
		free(doc->bytes);
		doc->bytes = NULL;
	}
	/* The policy last: as long as it is there, the lists below it are good. */
	for (i = b->store.n_docs; i-- > 0;)
		if (accepted[i] && b->store.docs[i].signature)
			settle(b, &b->store.docs[i]);
	free(accepted);
}

static enum status end_window(struct boot *b)
{
	int err = kernel_write(&b->kernel, "seal", "1", 1);

	if (err)
		return fail_errno(err, "%s/seal", b->kernel.dir);
	return ST_OK;
}

/* May we change the files? A read-only root, or another tool, is no error. */
static bool try_lock(const struct options *o)
{
	char *path = store_dir(o, ".lock");
	bool locked = lock_take(path) >= 0;

	free(path);
	return locked;
}

static enum status hand_all(struct boot *b)
{
	const struct record *state = &b->kernel.state;
	bool provisioned = record_is(state, "provisioned", "yes");

	store_scan(&b->store, b->o);
	if (!provisioned && !b->store.n_docs)
		return fail(ST_UNPROVISIONED,
			    "not provisioned: neither the kernel (no modgate.anchor=) nor %s/etc/modgate",
			    b->o->root);
	if (!provisioned)
		return fail(ST_UNPROVISIONED,
			    "the kernel is not provisioned: put modgate.anchor= on its command line ('modgate key --pin')");
	if (!record_is(state, "state", "boot"))
		return fail(ST_NO,
			    "the kernel takes no more documents until restart: state is %s, ended by %s",
			    dash(record_get(state, "state")),
			    dash(record_get(state, "ended-by")));
	b->locked = try_lock(b->o);
	hand_anchor(b);
	add_machine_key(b);
	hand_documents(b);
	if (!b->store.n_docs)
		return fail(ST_NO, "%s/etc/modgate has no documents: third-party modules stay out",
			    b->o->root);
	if (!b->failed)
		return ST_OK;
	return b->corrupt ? ST_CORRUPT : ST_NO;
}

/*
 * For doctor, in the real root later: the initramfs of this boot has the menu of
 * "modgate recovery". A mark that cannot be left is no reason to stop.
 */
static void leave_mark(const struct boot *b, const char *run)
{
	static const char mark[] = "recovery=yes\n";
	char *folder;
	int err;

	/* Later, whoever runs this is not the initramfs. */
	if (!record_is(&b->kernel.state, "state", "boot"))
		return;
	folder = fmt("%s/" MARK_FOLDER, run);
	err = dir_make(folder, 0755);
	if (!err)
		err = file_replace(folder, MARK_FILE, mark, strlen(mark), 0644);
	if (err)
		warn("%s/" MARK_FILE ": %s; 'modgate doctor' will miss it",
		     folder, strerror(-err));
	free(folder);
}

static enum status boot(const struct options *o, const char *run, bool may_seal)
{
	struct boot b = { .o = o };
	enum status status, sealed = ST_OK;

	kernel_read_state(&b.kernel, o);
	if (!b.kernel.present) {
		status = kernel_missing(&b.kernel);
		/* Whatever is wrong with what it says, the window ends. */
		if (b.kernel.problem && may_seal)
			end_window(&b);
		kernel_free(&b.kernel);
		return status;
	}
	leave_mark(&b, run);
	b.documents = json_object_new_array();
	status = hand_all(&b);
	say_flush();
	if (may_seal)
		sealed = end_window(&b);
	if (o->json) {
		struct json_object *j = json_object_new_object();

		json_object_object_add(j, "documents", b.documents);
		json_yes(j, "sealed", may_seal && !sealed);
		json_out(j);
	} else {
		json_object_put(b.documents);
	}
	store_free(&b.store);
	kernel_free(&b.kernel);
	return status ? status : sealed;
}

static enum status boot_verb(int argc, char **argv, struct options *o)
{
	static const struct option options[] = {
		{ "no-seal", no_argument, NULL, 's' },
		{ "run", required_argument, NULL, 'r' },
		{ 0 }
	};
	const char *folder = "/run";
	bool may_seal = true;
	int c;

	while ((c = next_option(argc, argv, options, o)) != -1) {
		if (c == 's')
			may_seal = false;
		else if (c == 'r')
			folder = optarg;
		else
			return ST_USAGE;
	}
	if (optind != argc)
		return usage("%s: boot takes no arguments", argv[optind]);
	/* The root folder is another file system; the kernel is this one. */
	if (!o->securityfs)
		o->securityfs = "/sys/kernel/security";
	return boot(o, folder, may_seal);
}

const struct verb verb_boot = {
	.name = "boot",
	.summary = "In the initramfs: hand the documents to the kernel, then seal",
	.usage = "[--no-seal] [--run=DIR]",
	.run = boot_verb,
};
