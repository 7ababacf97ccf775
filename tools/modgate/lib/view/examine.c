// SPDX-License-Identifier: GPL-2.0-only
/*
 * May a module be approved: what stands against it, and what a person should
 * know before saying yes.
 */
#include <stdlib.h>
#include <string.h>

#include "base.h"
#include "crypto.h"
#include "document.h"
#include "kernel.h"
#include "module.h"
#include "table.h"
#include "view.h"

static char *obstacle_in_file(const struct options *o,
			      const struct module *m)
{
	char *release, *text = NULL;

	if (m->problem)
		return fmt("it is not a module: %s", m->problem);
	if (m->sig.state == SIG_BROKEN)
		return fmt("its signature is broken, so the kernel refuses it: %s",
			   m->sig.problem);
	release = module_release(m);
	if (!release)
		text = xstrdup("it has no vermagic, so the kernel refuses it");
	else if (!release_known(o, release))
		text = fmt("it was built for kernel %s, not running nor below %s/lib/modules",
			   release, o->root);
	free(release);
	return text;
}

/**
 * module_obstacle() - what is wrong with a module, so that no document helps
 * @snapshot: everything that is known
 * @o: options
 * @module: a module
 *
 * Return: why, to be freed; NULL if nothing is known.
 */
char *module_obstacle(const struct snapshot *snapshot, const struct options *o,
		      const struct module *module)
{
	char *text = module->path ? obstacle_in_file(o, module) : NULL;

	/* The kernel was asked, and did not find its own key's signature good. */
	if (!text && modsig_system(&module->sig) == KNOWN_YES &&
	    !approval_needless(snapshot, module))
		text = xstrdup("its signature by the kernel's own key is broken: it was changed");
	return text;
}

/**
 * approval_obstacle() - what the kernel would refuse in spite of an approval
 * @snapshot: everything that is known
 * @o: options
 * @module: a module
 * @rebuilds: its signer is to become a vendor
 *
 * Return: why, to be freed; NULL if nothing is known.
 */
char *approval_obstacle(const struct snapshot *snapshot, const struct options *o,
			const struct module *module, bool rebuilds)
{
	const unsigned int signer = MODGATE_FACT(MODGATE_IS_SIGNED) |
				    MODGATE_FACT(MODGATE_IS_VENDORS);
	const char *reason = verdict_if(snapshot, module, MODGATE_FACT(MODGATE_IS_LISTED) |
					(rebuilds ? signer : 0), 0);
	const struct authority_view *view;
	char *text = NULL;

	if (!strcmp(reason, MODGATE_REASON_BANNED) &&
	    ban_find(snapshot, module, NEXT, &view))
		text = fmt("banned by the list of %s, generation %llu; its signer can lift that",
			   view->name, (unsigned long long)
			   stored_generation(view_list(view, NEXT)));
	if (!text)
		text = module_obstacle(snapshot, o, module);
	if (text)
		return text;
	if (!strcmp(reason, MODGATE_REASON_MODE))
		return xstrdup("the local policy has mode system: no third-party module loads");
	if (!strcmp(reason, MODGATE_REASON_UNSIGNED))
		return fmt("the local policy has mode signed, and no known key signed %s",
			   module->path);
	return NULL;
}

/* It is the kernel's own and needs no approval. */
bool approval_needless(const struct snapshot *snapshot, const struct module *module)
{
	struct verdict v;
	bool needless;

	if (!module->path || module->problem)
		return false;
	verdict_make(&v, snapshot, module, NEXT);
	needless = v.allow && !strcmp(v.reason, MODGATE_REASON_SYSTEM);
	verdict_free(&v);
	return needless;
}

/* What there is to know about a module, to decide whether a note applies. */
struct facts {
	const struct snapshot *snapshot;
	const struct options *o;
	const struct module *m;
	bool unknown_signer;
};

static bool is_out_of_tree(const struct facts *f)
{
	return !module_info(f->m, "intree");
}

static bool is_unknown(const struct facts *f)
{
	return f->unknown_signer;
}

static bool is_proprietary(const struct facts *f)
{
	const char *license = module_info(f->m, "license");

	return !license || (strncmp(license, "GPL", 3) &&
			    strncmp(license, "Dual ", 5));
}

static bool is_enforced(const struct facts *f)
{
	return f->unknown_signer && sig_enforced(f->o);
}

static bool is_locked_out(const struct facts *f)
{
	return f->unknown_signer && locked_down(f->o) &&
	       f->snapshot->kernel.present &&
	       !record_is(&f->snapshot->kernel.state, "lockdown", "yes");
}

static bool is_unverified(const struct facts *f)
{
	return f->m->sig.state == SIG_UNVERIFIED && !f->m->sig.key_unknown;
}

static bool is_key_unknown(const struct facts *f)
{
	return f->m->sig.key_unknown;
}

static bool is_waived(const struct facts *f)
{
	return f->m->sig.waived;
}

static const struct note {
	const char *text;
	bool (*applies)(const struct facts *f);
} notes[] = {
	{ "taints the kernel: out of tree (O)", is_out_of_tree },
	{ "taints the kernel: no signature by a key that it knows (E)", is_unknown },
	{ "taints the kernel: licence not compatible with the GPL (P)", is_proprietary },
	{ "module.sig_enforce is on: the kernel itself refuses it", is_enforced },
	{ "lockdown is on and does not heed modgate: it refuses it", is_locked_out },
	{ "its signature could not be verified: no certificate", is_unverified },
	{ "its signature could not be verified: OpenSSL does not know its algorithm",
	  is_key_unknown },
	{ "ML-DSA with signed attributes: not every kernel takes that", is_waived },
};

/**
 * approval_note() - what is noteworthy about a module
 * @snapshot: everything that is known
 * @o: options
 * @module: from a file
 * @n: 0 at first; counts on
 *
 * Return: the next thing, or NULL at the end.
 */
const char *approval_note(const struct snapshot *snapshot, const struct options *o,
			  const struct module *module, size_t *n)
{
	struct facts f = {
		.snapshot = snapshot,
		.o = o,
		.m = module,
		.unknown_signer = modsig_known(&module->sig) == KNOWN_NO,
	};

	while (*n < ARRAY_SIZE(notes)) {
		const struct note *note = &notes[(*n)++];

		if (note->applies(&f))
			return note->text;
	}
	return NULL;
}

/* A word for people on what the table says of it. */
static const char *dependency_word(const struct verdict *v)
{
	if (v->allow_unsure)
		return "not known here whether it is the kernel's own: run it as root";
	if (v->allow)
		return strcmp(v->reason, MODGATE_REASON_SYSTEM) ? "approved" : "system";
	return strcmp(v->reason, MODGATE_REASON_NOT_APPROVED) ? v->reason : "not approved";
}

/**
 * approval_dependency() - would a module that this one needs load?
 * @snapshot: everything that is known
 * @o: options
 * @release: of the kernel
 * @name: of the other module
 *
 * Return: a word for people, on what it will be after a restart.
 */
const char *approval_dependency(const struct snapshot *snapshot,
				const struct options *o, const char *release,
				const char *name)
{
	char *path = lookup_name(o, release, name);
	const char *word = "unreadable";
	struct verdict v;
	struct module m;

	if (!path)
		return "built in, or not installed";
	if (!module_read(&m, o, path, NULL) && !m.problem) {
		m.event = event_for(&snapshot->kernel, m.digest);
		verdict_make(&v, snapshot, &m, NEXT);
		word = dependency_word(&v);
		verdict_free(&v);
	}
	module_free(&m);
	free(path);
	return word;
}

static bool is_module_key(const X509 *x509)
{
	EVP_PKEY *key = X509_get0_pubkey(x509);
	char group[32] = "";

	if (!key)
		return false;
	if (EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA)
		return EVP_PKEY_get_bits(key) >= 2048 &&
		       EVP_PKEY_get_bits(key) <= 4096;
	EVP_PKEY_get_group_name(key, group, sizeof(group), NULL);
	return !strcmp(group, "prime256v1") || !strcmp(group, "P-256") ||
	       !strcmp(group, "secp384r1") || !strcmp(group, "P-384");
}

/**
 * certificate_obstacle() - can the kernel use the key of a certificate?
 * @o: options
 * @cert: that is to go on a list
 *
 * One that it cannot take would cost the whole list.
 *
 * Return: why not, to be freed; or NULL.
 */
char *certificate_obstacle(const struct options *o, const struct cert *cert)
{
	enum known takes = keyring_takes(o, cert->der, cert->der_size);
	const char *mldsa = cert_mldsa_name(cert->x509);

	if (takes == KNOWN_YES ||
	    (takes == KNOWN_UNKNOWN && is_module_key(cert->x509)))
		return NULL;
	if (mldsa && takes == KNOWN_NO)
		return fmt("its key is %s; this kernel was built without CONFIG_CRYPTO_MLDSA",
			   mldsa);
	if (mldsa)
		return fmt("its key is %s; the kernel itself has to be asked: use no --root",
			   mldsa);
	return xstrdup("it wants RSA of 2048 to 4096 bits, ECDSA P-256 or P-384, or ML-DSA");
}
