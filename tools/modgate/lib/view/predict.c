// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel's verdict, worked out in user space from the same documents, row
 * by row as in security/modgate/verdict.c; and whether it is somebody else in
 * the kernel who refuses.
 */
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

#include "base.h"
#include "document.h"
#include "kernel.h"
#include "module.h"
#include "view.h"

static void __printf(4, 5) decide(struct verdict *v, bool allow,
				  const char *reason, const char *format, ...)
{
	va_list ap;

	v->allow = allow;
	v->reason = reason;
	va_start(ap, format);
	v->decided = vfmt(format, ap);
	va_end(ap);
}

static void decide_by_list(struct verdict *v, bool allow, const char *reason,
			   const struct authority_view *view, enum when when)
{
	decide(v, allow, reason, "list of %s, generation %llu", view->name,
	       (unsigned long long)stored_generation(view_list(view, when)));
}

static bool bans(const struct stored *list, const struct modgate_ban *b,
		 const struct module *module)
{
	if (modgate_le32(b->kind) == MODGATE_BAN_CERT)
		return names_signer(list, b->cert_offset, b->cert_size, module);
	return !memcmp(b->digest, module->digest, MODGATE_DIGEST_SIZE) ||
	       (module->path && !memcmp(b->digest, module->content, MODGATE_DIGEST_SIZE));
}

/**
 * ban_next() - the next entry of a list that bans a module
 * @list: a list
 * @module: a module; who names a banned signer counts as banned
 * @after: the one before, or NULL
 *
 * Return: the entry, or NULL at the end.
 */
const struct modgate_ban *ban_next(const struct stored *list,
				   const struct module *module,
				   const struct modgate_ban *after)
{
	const struct modgate_ban *b = after ? after + 1 : list->doc.bans;

	for (; b < list->doc.bans + list->doc.n_bans; b++)
		if (bans(list, b, module))
			return b;
	return NULL;
}

/*
 * The kernel does not say what is in revoke. What it has refused as revoked is
 * known, and what was approved and is not any more.
 */
static bool is_revoked(const struct snapshot *snap, const struct module *module)
{
	if (module->event &&
	    record_is(module->event, "reason", MODGATE_REASON_REVOKED))
		return true;
	return record_number(&snap->kernel.state, "revoked") &&
	       snapshot_approval(snap, module->digest, NOW) &&
	       !snapshot_approval(snap, module->digest, NEXT);
}

/**
 * ban_find() - the entry that bans a module
 * @snap: everything that is known
 * @module: a module
 * @when: now, or after a restart
 * @view: set to whose list it is in
 *
 * Return: the entry, or NULL.
 */
const struct modgate_ban *ban_find(const struct snapshot *snap,
				   const struct module *module, enum when when,
				   const struct authority_view **view)
{
	const struct modgate_ban *ban;
	size_t i;

	for (i = 0; i < snap->n_views; i++) {
		const struct stored *list = view_list(&snap->views[i], when);

		ban = list ? ban_next(list, module, NULL) : NULL;
		*view = &snap->views[i];
		if (ban)
			return ban;
	}
	return NULL;
}

static bool row_1(struct verdict *v, const struct snapshot *snap,
		  const struct module *module, enum when when)
{
	const struct authority_view *view;

	if (when == NOW && is_revoked(snap, module)) {
		decide(v, false, MODGATE_REASON_REVOKED,
		       "its digest was written to revoke, until restart");
		return true;
	}
	if (!ban_find(snap, module, when, &view))
		return false;
	decide_by_list(v, false, MODGATE_REASON_BANNED, view, when);
	return true;
}

/* Has the kernel already found that it is not a system module? */
static bool judged_third_party(const struct module *module)
{
	return module->event &&
	       !record_is(module->event, "reason", MODGATE_REASON_REVOKED) &&
	       !record_is(module->event, "reason", MODGATE_REASON_BANNED) &&
	       !record_is(module->event, "reason", MODGATE_REASON_ERROR);
}

/**
 * system_keys_lost() - may this be a system module that the kernel cannot tell?
 * @snapshot: everything that is known
 * @module: a module
 *
 * Return: true if the kernel's own keys were invalidated, which lasts until restart,
 * and the module has a signature.
 */
bool system_keys_lost(const struct snapshot *snapshot, const struct module *module)
{
	return record_is(&snapshot->kernel.state, "system-keys", "lost") &&
	       (module->sig.state == SIG_UNVERIFIED || module->sig.state == SIG_VERIFIED);
}

/* Row 2, as far as it is known: signed by a key of the kernel's own. */
bool module_is_system(const struct module *module)
{
	return module->path && !judged_third_party(module) &&
	       modsig_system(&module->sig) == KNOWN_YES;
}

static bool row_2(struct verdict *v, const struct module *module)
{
	enum known system = modsig_system(&module->sig);

	if (judged_third_party(module))
		return false;
	if (!module->path) {
		v->unsure = "without the file its signer is not known";
		return false;
	}
	if (system == KNOWN_UNKNOWN)
		v->unsure = "the kernel's keyrings may not be read here";
	if (system != KNOWN_YES)
		return false;
	if (module->sig.state != SIG_VERIFIED)
		v->unsure = "whether its signature is right was not checked here";
	decide(v, true, MODGATE_REASON_SYSTEM,
	       "signed by %s, a key in .builtin_trusted_keys",
	       dash(module->sig.signer));
	return true;
}

static const struct authority_view *missing_list(const struct snapshot *snap, enum when when)
{
	const struct stored *policy = when == NEXT ? snap->policy_next : snap->policy;
	size_t i;

	for (i = 0; i < snap->n_views; i++) {
		const struct authority_view *v = &snap->views[i];

		if ((policy_authority(policy, v->authority->digest) ||
		     (when == NOW && v->replaced)) &&
		    modgate_le32(v->authority->flags) &
		    MODGATE_AUTHORITY_REQUIRED && !view_list(v, when) &&
		    (when == NEXT || !v->line || !record_is(v->line, "loaded", "yes")))
			return v;
	}
	return NULL;
}

static bool row_3(struct verdict *v, const struct snapshot *snap, enum when when)
{
	const struct record *state = &snap->kernel.state;
	const struct authority_view *missing;
	bool policy;

	if (when == NOW && record_is(state, "state", "boot")) {
		decide(v, false, MODGATE_REASON_NOT_SEALED,
		       "the kernel is still in state boot");
		return true;
	}
	policy = when == NEXT ? !!snap->policy_next : record_is(state, "policy", "yes");
	if (!policy) {
		decide(v, false, MODGATE_REASON_NO_POLICY,
		       "no local policy is in force");
		return true;
	}
	missing = missing_list(snap, when);
	if (!missing && (when == NEXT || !record_number(state, "missing-lists")))
		return false;
	decide(v, false, MODGATE_REASON_NO_LIST,
	       "the required list of %s is not in force",
	       missing ? missing->name : "an authority");
	return true;
}

/* The same name with another digest: it was rebuilt, or changed. */
static const struct authority_view *same_name(const struct snapshot *snap,
					      const struct module *module, enum when when)
{
	size_t i;
	__u32 j;

	for (i = 0; i < snap->n_views; i++) {
		const struct stored *list = view_list(&snap->views[i], when);

		for (j = 0; list && module->name && j < list->doc.n_modules; j++)
			if (!strcmp((const char *)list->doc.modules[j].name,
				    module->name))
				return &snap->views[i];
	}
	return NULL;
}

static void not_approved(struct verdict *v, const struct snapshot *snap,
			 const struct module *module, enum when when)
{
	const struct authority_view *other = same_name(snap, module, when);
	size_t i;

	for (i = 0; i < snap->n_views; i++)
		if (when == NOW && !snap->views[i].in_force && snap->views[i].line &&
		    record_is(snap->views[i].line, "loaded", "yes"))
			v->unsure = "a list in force is not on disk";
	if (other)
		decide(v, false, MODGATE_REASON_NOT_APPROVED,
		       "the list of %s, generation %llu, approves %s with another digest: it was rebuilt or changed since",
		       other->name,
		       (unsigned long long)stored_generation(view_list(other, when)),
		       module->name);
	else
		decide(v, false, MODGATE_REASON_NOT_APPROVED,
		       "no list %s approves its digest",
		       when == NEXT ? "on disk" : "in force");
}

static void by_vendor(struct verdict *v, const struct modgate_vendor *vendor,
		      const struct module *module, const struct authority_view *view,
		      enum when when)
{
	decide(v, true, MODGATE_REASON_VENDOR,
	       "vendor %s, modules %s, in the list of %s, generation %llu",
	       dash(module->sig.signer), (const char *)vendor->pattern,
	       view->name,
	       (unsigned long long)stored_generation(view_list(view, when)));
	v->unsure = vendor_unknown(view_list(view, when), vendor);
}

static void rows_4_to_8(struct verdict *v, const struct snapshot *snap,
			const struct module *module, enum when when)
{
	const struct stored *policy = when == NEXT ? snap->policy_next : snap->policy;
	const char *mode = when == NEXT ? mode_name(modgate_le32(policy->header.mode)) :
			   dash(record_get(&snap->kernel.state, "mode"));
	const struct modgate_module *m;
	const struct modgate_vendor *vendor;
	const struct authority_view *view = NULL, *by = NULL;

	if (!strcmp(mode, "system")) {
		decide(v, false, MODGATE_REASON_MODE,
		       "the local policy has mode system: no third-party modules");
		return;
	}
	m = approval_find(snap, module, when, 0, &view);
	vendor = vendor_find(snap, module, when, 0, &by);
	if (when == NOW && record_is(&snap->kernel.state, "state", "closed") &&
	    !approval_find(snap, module, when, MODGATE_MODULE_ON_DEMAND, &by) &&
	    !vendor_find(snap, module, when, MODGATE_MODULE_ON_DEMAND, &by)) {
		decide(v, false, MODGATE_REASON_CLOSED,
		       "the kernel is in state closed, and it is not approved on demand");
		return;
	}
	if (!m && vendor) {
		by_vendor(v, vendor, module, by, when);
		return;
	}
	if (!m) {
		not_approved(v, snap, module, when);
		return;
	}
	if (!strcmp(mode, "signed")) {
		enum known by_vendor = vendor_signed(snap, module, when);
		enum known known = modsig_known(&module->sig);

		if (known != KNOWN_YES && by_vendor != KNOWN_NO)
			known = by_vendor;
		if (known == KNOWN_NO && module->path) {
			decide(v, false, MODGATE_REASON_UNSIGNED,
			       "the local policy has mode signed, and neither a vendor nor a key that the kernel knows signed it");
			return;
		}
		if (known != KNOWN_YES)
			v->unsure = "whether the kernel knows the signer is not known here";
	}
	decide_by_list(v, true, MODGATE_REASON_APPROVED, view, when);
}

/* What no document decides: the kernel could not come to a verdict, or not measure. */
static const char *refused_as_error(const struct snapshot *snap, const struct module *module)
{
	if (!module->event || !record_is(module->event, "reason", MODGATE_REASON_ERROR))
		return NULL;
	if (!record_has(&snap->kernel.state, "measure-errors"))
		return "refused as error: the kernel log says why";
	if (record_number(&snap->kernel.state, "measure-errors"))
		return "refused as error: the TPM takes no records any more, until restart";
	return "refused as error: no memory, or its signer, maybe a banned one, is not known";
}

/**
 * verdict_make() - what would the kernel say?
 * @v: filled in; to be freed
 * @snapshot: everything that is known
 * @module: a module
 * @when: now, or after a restart
 */
void verdict_make(struct verdict *v, const struct snapshot *snapshot,
		  const struct module *module, enum when when)
{
	memset(v, 0, sizeof(*v));
	if (!row_1(v, snapshot, module, when) && !row_2(v, module) &&
	    !row_3(v, snapshot, when))
		rows_4_to_8(v, snapshot, module, when);
	if (when == NOW && v->allow && refused_as_error(snapshot, module))
		v->unsure = refused_as_error(snapshot, module);
}

void verdict_free(struct verdict *v)
{
	free(v->decided);
	memset(v, 0, sizeof(*v));
}

/* Does a deny refuse, or is it only recorded? */
bool verdict_enforced(const struct snapshot *snapshot, enum when when)
{
	if (when == NEXT)
		return !(modgate_le32(snapshot->policy_next->header.flags) &
			 MODGATE_POLICY_AUDIT);
	return record_is(&snapshot->kernel.state, "enforcing", "yes");
}

/* Does lockdown let through what modgate approves? */
static bool lockdown_heeds(const struct snapshot *snapshot)
{
	return record_is(&snapshot->kernel.state, "lockdown", "yes");
}

/**
 * lockdown_refusal() - would lockdown refuse it, because no list approves it?
 * @snapshot: everything that is known
 * @o: options
 * @module: a module
 * @v: modgate's verdict
 *
 * Return: true also when modgate itself only records.
 */
bool lockdown_refusal(const struct snapshot *snapshot, const struct options *o,
		      const struct module *module, const struct verdict *v)
{
	return module->path && modsig_known(&module->sig) == KNOWN_NO &&
	       locked_down(o) && lockdown_heeds(snapshot) &&
	       strcmp(v->reason, MODGATE_REASON_APPROVED) &&
	       strcmp(v->reason, MODGATE_REASON_VENDOR);
}

/**
 * kernel_refusal() - would the kernel refuse it, whatever modgate says?
 * @snapshot: everything that is known
 * @o: options
 * @module: a module
 *
 * Return: by what and why, to be freed; NULL if not.
 */
char *kernel_refusal(const struct snapshot *snapshot, const struct options *o,
		     const struct module *module)
{
	char *running, *release;
	char *text = NULL;

	if (!module->path)
		return NULL;
	if (module->problem)
		return fmt("not a module: %s", module->problem);
	if (module->sig.state == SIG_BROKEN)
		return fmt("the kernel's signature check: broken signature, %s",
			   module->sig.problem);
	if (modsig_known(&module->sig) == KNOWN_NO) {
		if (sig_enforced(o))
			return xstrdup("module.sig_enforce: the kernel itself refuses it");
		if (locked_down(o) && !lockdown_heeds(snapshot))
			return xstrdup("lockdown: the kernel itself refuses unknown signers");
	}
	running = kernel_release();
	release = module_release(module);
	if (!module_for(module, running))
		text = fmt("vermagic: it was built for kernel %s, running is %s",
			   release, running);
	free(release);
	free(running);
	return text;
}
