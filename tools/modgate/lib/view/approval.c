// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which entry of a list approves a module: by its digest, or as the work of a
 * vendor.
 */
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "crypto.h"
#include "document.h"
#include "kernel.h"
#include "module.h"
#include "view.h"

/* The list of an authority, or NULL. */
const struct stored *view_list(const struct authority_view *view, enum when when)
{
	return when == NEXT ? view->next : view->in_force;
}

/* Does it switch the approvals of all others off? */
bool list_is_exclusive(const struct stored *list)
{
	return list && modgate_le32(list->header.flags) & MODGATE_LIST_EXCLUSIVE;
}

static bool is_switched_off(const struct snapshot *snap, size_t view, enum when when)
{
	size_t i;

	for (i = 0; i < snap->n_views; i++)
		if (i != view && list_is_exclusive(view_list(&snap->views[i], when)))
			return true;
	return false;
}

/* The list of an authority whose approvals count, or NULL. */
static const struct stored *counting_list(const struct snapshot *snap, size_t view,
					  enum when when)
{
	const struct stored *list = view_list(&snap->views[view], when);

	return list && !is_switched_off(snap, view, when) ? list : NULL;
}

/**
 * approval_find() - find an entry that approves a module
 * @snap: the lists; those that others switch off do not count
 * @module: the module
 * @when: now, or after a restart
 * @flags: MODGATE_MODULE_* that the entry has to have
 * @view: set to whose list it is in
 *
 * Return: the first such entry, or NULL.
 */
const struct modgate_module *
approval_find(const struct snapshot *snap, const struct module *module, enum when when,
	      __u32 flags, const struct authority_view **view)
{
	const struct modgate_module *m;
	size_t i;

	for (i = 0; i < snap->n_views; i++) {
		const struct stored *list = counting_list(snap, i, when);

		if (!list)
			continue;
		m = modgate_find_module(&list->doc, module->digest);
		*view = &snap->views[i];
		if (m && (modgate_le32(m->flags) & flags) == flags)
			return m;
	}
	return NULL;
}

static bool entry_cert(const struct stored *list, __le32 offset, __le32 size,
		       struct cert *cert)
{
	return !cert_parse(list->doc.data + modgate_le32(offset),
			   modgate_le32(size), cert);
}

/**
 * names_signer() - does a module say that an entry's certificate is its signer's?
 * @list: with that entry
 * @offset: cert_offset of the entry
 * @size: cert_size of the entry
 * @module: a module
 *
 * Return: true if so, whether its signature is right or not.
 */
bool names_signer(const struct stored *list, __le32 offset, __le32 size,
		  const struct module *module)
{
	struct cert cert;
	bool same;

	if (!entry_cert(list, offset, size, &cert))
		return false;
	same = modsig_by(&module->sig, cert.x509);
	cert_free(&cert);
	return same;
}

/* A key that OpenSSL cannot read (ML-DSA before 3.5) is the kernel's to check. */
static bool signed_by_entry(const struct stored *list, __le32 offset,
			    __le32 size, const struct module *module)
{
	struct cert cert;
	bool same;

	if (!names_signer(list, offset, size, module) ||
	    !entry_cert(list, offset, size, &cert))
		return false;
	same = key_unknown(cert.x509) || module_signed_by(module, &cert);
	cert_free(&cert);
	return same;
}

/* Chains are not followed, so who brings certificates along has no vendor. */
static bool by_vendor(const struct stored *list, const struct modgate_vendor *v,
		      const struct module *module)
{
	return !module->sig.chained &&
	       signed_by_entry(list, v->cert_offset, v->cert_size, module);
}

static bool has_name(const struct modgate_vendor *v, const struct module *module)
{
	return module->name &&
	       !fnmatch((const char *)v->pattern, module->name, FNM_NOESCAPE);
}

/* Any of the vendors of a list that signed it, and, with @named, may call it so. */
static const struct modgate_vendor *
vendor_in(const struct stored *list, const struct module *module, bool named,
	  __u32 flags)
{
	__u32 i;

	for (i = 0; i < list->doc.n_vendors; i++) {
		const struct modgate_vendor *v = &list->doc.vendors[i];

		if ((modgate_le32(v->flags) & flags) == flags &&
		    (!named || has_name(v, module)) &&
		    by_vendor(list, v, module))
			return v;
	}
	return NULL;
}

/**
 * vendor_find() - the entry that approves a module by signer and name
 * @snap: everything that is known
 * @module: a module
 * @when: now, or after a restart
 * @flags: that the entry must have
 * @view: set to whose list it is in
 *
 * Return: the entry, or NULL.
 */
const struct modgate_vendor *
vendor_find(const struct snapshot *snap, const struct module *module, enum when when,
	    __u32 flags, const struct authority_view **view)
{
	const struct modgate_vendor *v;
	size_t i;

	for (i = 0; i < snap->n_views; i++) {
		const struct stored *list = counting_list(snap, i, when);

		if (!list)
			continue;
		v = vendor_in(list, module, true, flags);
		if (v) {
			*view = &snap->views[i];
			return v;
		}
	}
	return NULL;
}

/* Will any list approve modules that this certificate signed? */
bool vendor_listed(const struct snapshot *snap, const __u8 *digest)
{
	size_t i;
	__u32 n;

	for (i = 0; i < snap->n_views; i++) {
		const struct stored *list = counting_list(snap, i, NEXT);

		for (n = 0; list && n < list->doc.n_vendors; n++)
			if (!memcmp(list->doc.vendors[n].digest, digest, MODGATE_DIGEST_SIZE))
				return true;
	}
	return false;
}

/* Why only the kernel can check what a vendor signed; or NULL. */
const char *vendor_unknown(const struct stored *list,
			   const struct modgate_vendor *v)
{
	const char *unknown;
	struct cert cert;

	if (!entry_cert(list, v->cert_offset, v->cert_size, &cert))
		return NULL;
	unknown = key_unknown(cert.x509);
	cert_free(&cert);
	return unknown;
}

/* Did any vendor sign it, whatever it is called? */
enum known vendor_signed(const struct snapshot *snap, const struct module *module,
			 enum when when)
{
	const struct modgate_vendor *v;
	size_t i;

	for (i = 0; i < snap->n_views; i++) {
		const struct stored *list = counting_list(snap, i, when);

		if (!list)
			continue;
		v = vendor_in(list, module, false, 0);
		if (v)
			return vendor_unknown(list, v) ? KNOWN_UNKNOWN :
							 KNOWN_YES;
	}
	return KNOWN_NO;
}

/* The entry for this certificate with exactly this pattern, or NULL. */
const struct modgate_vendor *vendor_entry(const struct stored *list,
					  const __u8 *digest, const char *pattern)
{
	__u32 i;

	for (i = 0; list && i < list->doc.n_vendors; i++) {
		const struct modgate_vendor *v = &list->doc.vendors[i];

		if (!memcmp(v->digest, digest, MODGATE_DIGEST_SIZE) &&
		    !strcmp((const char *)v->pattern, pattern))
			return v;
	}
	return NULL;
}

/**
 * approval_may_be() - could a file of this name be approved, as far as names tell?
 * @snap: everything that is known; lists in force
 * @name: of the file, as module_name_of() makes it
 *
 * Return: true if a list has the name, or a vendor may call it so. Names are for
 * people: false says nothing for certain.
 */
bool approval_may_be(const struct snapshot *snap, const char *name)
{
	const struct module module = { .name = (char *)name };
	size_t i;
	__u32 k;

	for (i = 0; i < snap->n_views; i++) {
		const struct stored *list = snap->views[i].in_force;

		for (k = 0; list && k < list->doc.n_modules; k++)
			if (!strcmp((const char *)list->doc.modules[k].name, name))
				return true;
		for (k = 0; list && k < list->doc.n_vendors; k++)
			if (has_name(&list->doc.vendors[k], &module))
				return true;
	}
	return false;
}

/* Is there a vendor in any list in force, so that digests alone do not decide? */
bool approval_by_vendors(const struct snapshot *snap)
{
	size_t i;

	for (i = 0; i < snap->n_views; i++)
		if (snap->views[i].in_force && snap->views[i].in_force->doc.n_vendors)
			return true;
	return false;
}
