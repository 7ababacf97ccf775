// SPDX-License-Identifier: GPL-2.0-only
/*
 * Documents written to load: checks each one and, if it passes, puts it into force.
 */
#include <linux/err.h>
#include <linux/errname.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/string.h>
#include "accept.h"
#include "anchor.h"
#include "audit.h"
#include "document.h"
#include "early.h"
#include "events.h"
#include "freshness.h"
#include "machine.h"
#include "measure.h"
#include "signer.h"
#include "state.h"

#define RULE_MAX 256		/* in bytes */
#define RULE_BROKEN \
	"TPM: does not take the record of this document, or one before it"

static DEFINE_MUTEX(error_lock);
static char *load_error;		/* under error_lock; NULL for none */

/*
 * One write to load and its outcome. @signature and @digest belong to the document.
 */
struct attempt {
	const char *what;
	struct modgate_document doc;
	bool parsed;
	u8 digest[MODGATE_DIGEST_SIZE];
	const void *signature;
	size_t signature_size;		/* in bytes */
	void *bytes;
	const char *rule;
	u64 offset;			/* in bytes, from the document */
	char text[RULE_MAX];		/* a rule that contains numbers */
};

static int broken(struct attempt *a, int err, const char *rule)
{
	a->rule = rule;
	return err;
}

static int check_signature(struct attempt *a, const struct modgate_key *key)
{
	const struct modgate_header *h = a->doc.header;
	int err;

	err = modgate_sha384(h, modgate_le64(h->size), a->digest);
	if (err)
		return broken(a, err, "digest: cannot be made");
	err = modgate_key_verify(key, a->digest, a->signature,
				 a->signature_size);
	if (err == -ENOMEM)
		return broken(a, err, "signature: cannot be checked");
	if (err == -ENOPKG)
		return broken(a, -EKEYREJECTED,
			      "signature: the signer's key must be ECDSA P-384, RSA-3072 or RSA-4096");
	if (err)
		return broken(a, -EKEYREJECTED,
			      "signature: not made by the signer over this document");
	return 0;
}

/* A document that cannot be measured must not come into force. */
static int measure(struct attempt *a, u64 counter)
{
	int err = modgate_measure_document(a->what, &a->doc, a->digest, counter);

	if (err == -ENOMEM)
		return broken(a, err, "memory: not enough");
	if (err)
		return broken(a, -ENODEV, RULE_BROKEN);
	return 0;
}

/*
 * Check freshness and generation, then measure. This comes last, since passing raises
 * the signer's counter. @authority is NULL for a local policy.
 */
static int check_freshness(struct attempt *a,
			   const struct modgate_authority *authority,
			   u64 *counter)
{
	struct modgate_claim claim = {
		.generation = modgate_le64(a->doc.header->generation),
	};
	int err;

	/* Measuring cannot succeed any more, so do not let retries fill the log. */
	if (modgate_measure_broken())
		return broken(a, -ENODEV, RULE_BROKEN);
	if (authority) {
		claim.slot = modgate_le32(authority->slot);
		claim.base = modgate_le64(authority->base);
		claim.floor = modgate_le64(authority->floor);
	}
	err = modgate_freshness_check(&claim, counter, &a->rule);
	if (!err)
		return measure(a, *counter);
	if (!modgate_freshness_tpm)
		return err;
	snprintf(a->text, sizeof(a->text),
		 "%s (NV index 0x%x: generation %llu, base %llu, floor %llu, counter %llu)",
		 a->rule, MODGATE_NV_ACCEPT(claim.slot), claim.generation,
		 claim.base, claim.floor, *counter);
	return broken(a, err, a->text);
}

/*
 * Put @policy into force, or @list as the list of @authority (NULL for a local policy).
 * The machine's name is looked up before state boot is held: loading an algorithm may
 * start a program, which may end state boot.
 */
static int commit(struct attempt *a, struct modgate_policy *policy,
		  const struct modgate_authority *authority, struct modgate_list *list)
{
	int err = modgate_machine_check(a->doc.header->machine, !authority, &a->rule);

	if (err)
		return err;
	err = modgate_publish_begin();
	if (err)
		err = broken(a, err, "state: no longer boot");
	else
		err = check_freshness(a, authority, list ? &list->counter : &policy->counter);
	if (!err && list)
		modgate_publish_list(authority, list);
	else if (!err)
		modgate_publish_policy(policy);
	modgate_publish_end();
	return err;
}

/* Check what the parser cannot know about a certificate in a document. */
static int add_key(struct attempt *a, struct modgate_key *key,
		   const char *name, const u8 *digest, u32 offset, u32 size)
{
	u8 actual[MODGATE_DIGEST_SIZE];
	const u8 *cert = a->doc.data + offset;
	int err;

	a->offset = cert - (const u8 *)a->doc.header;
	err = modgate_sha384(cert, size, actual);
	if (err)
		return broken(a, err, "certificate: digest cannot be made");
	if (memcmp(actual, digest, sizeof(actual)))
		return broken(a, -EKEYREJECTED,
			      "certificate: its digest is not the entry's");
	err = modgate_key_add(key, name, cert, size);
	if (err)
		return broken(a, err == -ENOMEM ? err : -EKEYREJECTED,
			      "certificate: not usable");
	a->offset = 0;
	return 0;
}

static void free_policy(struct modgate_policy *policy)
{
	u32 i;

	for (i = 0; i < MODGATE_AUTHORITIES_MAX; i++)
		modgate_key_drop(&policy->keys[i]);
	kfree(policy);
}

static struct modgate_policy *make_policy(struct attempt *a)
{
	struct modgate_policy *policy = kzalloc(sizeof(*policy), GFP_KERNEL);
	char name[sizeof(".modgate:") + MODGATE_NAME_SIZE];
	int err = 0;
	u32 i;

	if (!policy)
		return ERR_PTR(broken(a, -ENOMEM, "memory: not enough"));
	policy->doc = a->doc;
	policy->mode = modgate_le32(a->doc.header->mode);
	policy->flags = modgate_le32(a->doc.header->flags);
	memcpy(policy->digest, a->digest, sizeof(policy->digest));
	for (i = 0; i < a->doc.n_authorities && !err; i++) {
		const struct modgate_authority *auth = &a->doc.authorities[i];

		snprintf(name, sizeof(name), ".modgate:%s", auth->name);
		err = add_key(a, &policy->keys[i], name, auth->digest,
			      modgate_le32(auth->cert_offset),
			      modgate_le32(auth->cert_size));
	}
	if (!err)
		return policy;
	free_policy(policy);
	return ERR_PTR(err);
}

static int load_policy(struct attempt *a)
{
	const struct modgate_key *anchor = modgate_anchor();
	u8 digest[MODGATE_DIGEST_SIZE];
	struct modgate_policy *policy;
	int err;

	a->what = "policy";
	if (!anchor || !modgate_anchor_digest(digest))
		return broken(a, -EKEYREJECTED,
			      "signer: the anchor's certificate is not known");
	if (memcmp(a->doc.header->signer, digest, sizeof(digest)))
		return broken(a, -EKEYREJECTED, "signer: not the anchor");
	if (modgate_policy())
		return broken(a, -EEXIST,
			      "signer: a local policy is in force already");
	err = check_signature(a, anchor);
	if (err)
		return err;
	policy = make_policy(a);
	if (IS_ERR(policy))
		return PTR_ERR(policy);
	err = commit(a, policy, NULL, NULL);
	if (err)
		free_policy(policy);
	return err;
}

static void free_list(struct modgate_list *list)
{
	u32 i;

	for (i = 0; i < list->n_banned_keys; i++)
		modgate_key_drop(&list->banned_keys[i]);
	for (i = 0; list->vendor_keys && i < list->doc.n_vendors; i++)
		modgate_key_drop(&list->vendor_keys[i]);
	kvfree(list->banned_keys);
	kvfree(list->vendor_keys);
	kfree(list);
}

static u32 count_banned_certs(const struct modgate_document *doc)
{
	u32 i, n = 0;

	for (i = 0; i < doc->n_bans; i++)
		if (modgate_le32(doc->bans[i].kind) == MODGATE_BAN_CERT)
			n++;
	return n;
}

static int add_banned_keys(struct attempt *a, struct modgate_list *list)
{
	const struct modgate_ban *ban = a->doc.bans;
	u32 i, n = count_banned_certs(&a->doc);
	int err;

	if (!n)
		return 0;
	list->banned_keys = kvcalloc(n, sizeof(*list->banned_keys), GFP_KERNEL);
	if (!list->banned_keys)
		return broken(a, -ENOMEM, "memory: not enough");
	for (i = 0; i < a->doc.n_bans; i++) {
		if (modgate_le32(ban[i].kind) != MODGATE_BAN_CERT)
			continue;
		if (modgate_is_builtin_cert(ban[i].digest))
			return broken(a, -EKEYREJECTED,
				      "ban: of a certificate that is built into this kernel");
		err = add_key(a, &list->banned_keys[list->n_banned_keys],
			      ".modgate_banned", ban[i].digest,
			      modgate_le32(ban[i].cert_offset),
			      modgate_le32(ban[i].cert_size));
		if (err)
			return err;
		list->n_banned_keys++;
	}
	return 0;
}

static int add_vendor_keys(struct attempt *a, struct modgate_list *list)
{
	const struct modgate_vendor *vendor = a->doc.vendors;
	u32 i, n = a->doc.n_vendors;
	int err = 0;

	if (!n)
		return 0;
	list->vendor_keys = kvcalloc(n, sizeof(*list->vendor_keys), GFP_KERNEL);
	if (!list->vendor_keys)
		return broken(a, -ENOMEM, "memory: not enough");
	for (i = 0; i < n && !err; i++)
		err = add_key(a, &list->vendor_keys[i], ".modgate_vendor",
			      vendor[i].digest,
			      modgate_le32(vendor[i].cert_offset),
			      modgate_le32(vendor[i].cert_size));
	return err;
}

static struct modgate_list *make_list(struct attempt *a)
{
	struct modgate_list *list = kzalloc(sizeof(*list), GFP_KERNEL);
	int err;

	if (!list)
		return ERR_PTR(broken(a, -ENOMEM, "memory: not enough"));
	list->doc = a->doc;
	memcpy(list->digest, a->digest, sizeof(list->digest));
	err = add_banned_keys(a, list);
	if (!err)
		err = add_vendor_keys(a, list);
	if (!err)
		return list;
	free_list(list);
	return ERR_PTR(err);
}

static int find_authority(const struct modgate_policy *policy, const u8 *signer)
{
	u32 i;

	for (i = 0; i < policy->doc.n_authorities; i++)
		if (!memcmp(policy->doc.authorities[i].digest, signer,
			    MODGATE_DIGEST_SIZE))
			return i;
	return -ENOENT;
}

static int load_list(struct attempt *a)
{
	const struct modgate_policy *policy = modgate_policy();
	const struct modgate_authority *authority;
	struct modgate_list *list;
	const char *rule;
	int i, err;

	a->what = "list";
	if (modgate_recovery)
		return broken(a, -EPERM,
			      "boot: a recovery boot accepts no lists");
	if (!policy)
		return broken(a, -EKEYREJECTED,
			      "signer: there is no local policy in force");
	i = find_authority(policy, a->doc.header->signer);
	if (i < 0)
		return broken(a, -EKEYREJECTED,
			      "signer: no authority of the local policy");
	authority = &policy->doc.authorities[i];
	if (modgate_list(policy, i))
		return broken(a, -EEXIST,
			      "signer: a list of this authority is in force already");
	rule = modgate_roles_check(&a->doc, modgate_le32(authority->roles));
	if (rule)
		return broken(a, -EKEYREJECTED, rule);
	err = check_signature(a, &policy->keys[i]);
	if (err)
		return err;
	list = make_list(a);
	if (IS_ERR(list))
		return PTR_ERR(list);
	err = commit(a, NULL, authority, list);
	if (err)
		free_list(list);
	return err;
}

static int load_document(struct attempt *a, size_t size)
{
	const void *document;
	size_t document_size;

	a->what = "bundle";
	a->rule = modgate_bundle_parse(a->bytes, size, &document,
				       &document_size, &a->signature,
				       &a->signature_size, &a->offset);
	if (a->rule)
		return -EINVAL;
	a->what = "document";
	a->rule = modgate_document_parse(&a->doc, document, document_size,
					 &a->offset);
	if (a->rule)
		return -EINVAL;
	a->parsed = true;
	if (modgate_le32(a->doc.header->type) == MODGATE_LOCAL_POLICY)
		return load_policy(a);
	return load_list(a);
}

static void remember_error(const struct attempt *a, int err)
{
	char *text = kasprintf(GFP_KERNEL, "%s: %s: %s (at byte %llu)",
			       a->what, errname(-err) ?: "error",
			       a->rule ?: "failed", a->offset);

	mutex_lock(&error_lock);
	swap(text, load_error);
	mutex_unlock(&error_lock);
	kfree(text);
}

/**
 * modgate_load_error_show() - print why the last document was refused
 * @m: where to print it; blanks and unprintable bytes are escaped; "-" if none was
 */
void modgate_load_error_show(struct seq_file *m)
{
	mutex_lock(&error_lock);
	modgate_show_string(m, load_error);
	mutex_unlock(&error_lock);
}

static int finish(const struct attempt *a, int err)
{
	/* An attempt made after state boot must not hide an error from state boot. */
	if (err && err != -EPERM)
		remember_error(a, err);
	modgate_audit_document(a->parsed ? &a->doc : NULL, a->digest, a->what,
			       err, err ? a->rule : NULL, a->offset);
	return err;
}

/**
 * modgate_load_refuse() - refuse a write to load before reading it
 * @err: negative errno
 * @rule: the rule that the write breaks
 *
 * Return: @err.
 */
int modgate_load_refuse(int err, const char *rule)
{
	const struct attempt a = { .what = "document", .rule = rule };

	return finish(&a, err);
}

/**
 * modgate_load() - take a document, or the anchor's certificate
 * @bytes: one write to securityfs load, from kvmalloc(); NULL if @size is 0
 * @size: of @bytes, in bytes
 * @keep: set to true if @bytes stays in use and must not be freed
 *
 * The caller checks privilege and serialises. Errors are checked in the order
 * in which Documentation/ABI/testing/securityfs-modgate lists them; each is
 * also an audit record.
 *
 * Return: 0; -EPERM; -EINVAL; -EEXIST; -EKEYREJECTED; -EXDEV; -ENODEV;
 * -ESTALE; -ENOMEM.
 */
int modgate_load(void *bytes, size_t size, bool *keep)
{
	struct attempt a = { .what = "document", .bytes = bytes };
	const u8 *first = bytes;
	int err;

	if (modgate_state() != MODGATE_BOOT) {
		err = broken(&a, -EPERM, "state: no longer boot");
	} else if (!modgate_anchor_settled()) {
		err = broken(&a, -EPERM, "state: the kernel is still starting");
	} else if (size && first[0] == 0x30) {	/* a DER SEQUENCE */
		a.what = "certificate";
		err = modgate_anchor_load(bytes, size, &a.rule);
	} else {
		err = load_document(&a, size);
		*keep = !err;
	}
	return finish(&a, err);
}
