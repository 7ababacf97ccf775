/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The room view: kernel and disk side by side. What is in force, what will be after a
 * restart, and what that means for a module: the verdict that the kernel would give, and
 * what stands in the way of another one. Changes nothing but what the kernel has accepted.
 * Uses table, base, kernel, crypto, tpm, keys, module and document.
 */
#ifndef _MODGATE_LIB_VIEW_H
#define _MODGATE_LIB_VIEW_H

#include "crypto.h"
#include "document.h"
#include "kernel.h"

struct module;
struct tpm;

/* Which documents are asked about. */
enum when {
	NOW,			/* those in force */
	NEXT,			/* those that the next start will use */
};

/**
 * struct authority_view - one authority
 * @name: for people
 * @authority: as the local policy has it, next or in force
 * @replaced: as it is in force, if @authority has another key after a restart;
 *	      @line and @in_force are then by the old one; else NULL
 * @line: of the kernel's file lists, or NULL
 * @in_force: its list in force, NULL if there is none or it is not on disk
 * @next: the list that the next start will use, or NULL
 */
struct authority_view {
	const char *name;
	const struct modgate_authority *authority;
	const struct modgate_authority *replaced;
	const struct record *line;
	const struct stored *in_force;
	const struct stored *next;
};

/**
 * struct snapshot - everything that there is to know
 * @kernel: the kernel's files
 * @store: the documents on disk, checked
 * @anchored: there is an anchor certificate on disk
 * @anchor: the certificate
 * @assumed: the kernel's files may not be read (or there are none), so what
 *	     is in active/ is taken to be in force
 * @policy: the local policy in force, NULL if there is none or it is not on
 *	    disk
 * @policy_next: the local policy that the next start will use, or NULL
 * @views: the authorities
 * @n_views: their number
 */
struct snapshot {
	struct kernel kernel;
	struct store store;
	bool anchored;
	struct cert anchor;
	bool assumed;
	const struct stored *policy;
	const struct stored *policy_next;
	struct authority_view *views;
	size_t n_views;
};

/* snapshot.c */
enum status snapshot_read(struct snapshot *snapshot, const struct options *o);
enum status snapshot_read_settled(struct snapshot *snapshot, const struct options *o);
void snapshot_free(struct snapshot *snapshot);
enum status snapshot_need(const struct snapshot *snapshot, const struct options *o);
bool snapshot_waits(const struct snapshot *snapshot);
const struct authority_view *snapshot_owner(const struct snapshot *snapshot,
					    const struct cert *owner);
void snapshot_promote(const struct snapshot *snapshot, const struct options *o);
unsigned long long snapshot_generation(const struct snapshot *snapshot,
				       const __u8 *authority);
bool snapshot_policy_put_back(const struct snapshot *snapshot);
unsigned long long view_kernel_generation(const struct authority_view *view);
const struct modgate_module *snapshot_approval(const struct snapshot *snapshot,
					       const __u8 *digest, enum when when);

/**
 * struct verdict - what the kernel would say
 * @allow: it would load, as far as the lists and the mode go
 * @vouch: likewise because the owner approved it, so that lockdown lets it through
 * @reason: MODGATE_REASON_*
 * @decided: what decided it, for people
 * @unsure: what could not be found out here though it changes the verdict, and how to
 *	    find it out; or NULL
 * @allow_unsure: @allow depends on that, and not only @reason
 * @vouch_unsure: @vouch does
 */
struct verdict {
	bool allow;
	bool vouch;
	const char *reason;
	char *decided;
	const char *unsure;
	bool allow_unsure;
	bool vouch_unsure;
};

/* predict.c */
void verdict_make(struct verdict *v, const struct snapshot *snapshot,
		  const struct module *module, enum when when);
void verdict_in_initramfs(struct verdict *v, const struct snapshot *snapshot,
			  const struct module *module);
const char *verdict_if(const struct snapshot *snapshot, const struct module *module,
		       unsigned int yes, unsigned int no);
void verdict_free(struct verdict *v);
bool verdict_enforced(const struct snapshot *snapshot, enum when when);
bool lockdown_asks(const struct snapshot *snapshot, const struct options *o,
		   const struct module *module);
bool lockdown_refusal(const struct snapshot *snapshot, const struct options *o,
		      const struct module *module, const struct verdict *v);
const char *kernel_unsure(const struct snapshot *snapshot, const struct options *o,
			  const struct module *module, const struct verdict *v);
char *kernel_refusal(const struct snapshot *snapshot, const struct options *o,
		     const struct module *module);

/* facts.c */
const struct modgate_ban *ban_next(const struct stored *list,
				   const struct module *module,
				   const struct modgate_ban *after);
const struct modgate_ban *ban_find(const struct snapshot *snap,
				   const struct module *module, enum when when,
				   const struct authority_view **view);
bool module_is_system(const struct module *module);
bool system_keys_lost(const struct snapshot *snapshot, const struct module *module);

/* approval.c */
const struct stored *view_list(const struct authority_view *view, enum when when);
const struct modgate_module *
approval_find(const struct snapshot *snap, const struct module *module, enum when when,
	      __u32 flags, const struct authority_view **view);
bool approval_may_be(const struct snapshot *snap, const char *name);
bool approval_by_vendors(const struct snapshot *snap);
bool list_is_exclusive(const struct stored *list);
bool names_signer(const struct stored *list, __le32 offset, __le32 size,
		  const struct module *module);
const struct modgate_vendor *
vendor_find(const struct snapshot *snap, const struct module *module, enum when when,
	    __u32 flags, const struct authority_view **view);
enum known vendor_signed(const struct snapshot *snap, const struct module *module,
			 enum when when);
bool vendor_listed(const struct snapshot *snap, const __u8 *digest);
const char *vendor_unknown(const struct stored *list,
			   const struct modgate_vendor *v);
const struct modgate_vendor *vendor_entry(const struct stored *list,
					  const __u8 *digest, const char *pattern);

/* examine.c */
char *module_obstacle(const struct snapshot *snapshot, const struct options *o,
		      const struct module *module);
char *approval_obstacle(const struct snapshot *snapshot, const struct options *o,
			const struct module *module, bool rebuilds);
bool approval_needless(const struct snapshot *snapshot, const struct module *module);
const char *approval_note(const struct snapshot *snapshot, const struct options *o,
			  const struct module *module, size_t *n);
char *certificate_obstacle(const struct options *o, const struct cert *cert);
const char *approval_dependency(const struct snapshot *snapshot,
				const struct options *o, const char *release,
				const char *name);

/* diff.c */
void diff_documents(struct json_object *changes, const char *what,
		    const struct modgate_document *old,
		    const struct modgate_document *new);
void diff_snapshot(struct json_object *changes, const struct snapshot *snap);

/* freshness.c */
bool freshness_used(const struct snapshot *snapshot, const struct options *o);
bool freshness_numbered(const struct snapshot *snapshot, const struct options *o);
enum status freshness_open(struct tpm **tpm, const struct snapshot *snapshot,
			   const struct options *o);

/* freshness_check.c */
void freshness_check(const struct snapshot *snapshot, const struct options *o,
		     const struct checker *checker);

#endif /* _MODGATE_LIB_VIEW_H */
