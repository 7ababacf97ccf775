// SPDX-License-Identifier: GPL-2.0-only
/*
 * What one document says that another does not: a list of changes, each a kind
 * ("module", "mode", ...), a name, a digest, and what was and what is.
 */
#include <stdlib.h>
#include <string.h>

#include "base.h"
#include "view.h"

/* Where changes go, and which document they are about. */
struct changes {
	struct json_object *array;
	const char *what;
};

static void add(struct changes *c, const char *kind, const char *name,
		const __u8 *digest, const char *old, const char *new)
{
	struct json_object *j = json_object_new_object();

	json_str(j, "document", c->what);
	json_str(j, "kind", kind);
	json_str(j, "name", name);
	if (digest)
		json_digest(j, "digest", digest);
	json_str(j, "old", old);
	json_str(j, "new", new);
	json_object_array_add(c->array, j);
}

/* @old is NULL if there was nothing. */
static void compare_text(struct changes *c, const char *kind, char *old,
			 char *new)
{
	if (!old || strcmp(old, new))
		add(c, kind, NULL, NULL, old, new);
	free(old);
	free(new);
}

/* How a section is looked at: each entry has a digest, a name and a value. */
struct section {
	const char *kind;
	const char *(*name)(const void *entry);
	char *(*value)(const void *entry);
	bool (*same)(const void *a, const void *b);
	size_t size;
};

static bool same_digest(const void *a, const void *b)
{
	return !memcmp(a, b, MODGATE_DIGEST_SIZE);
}

static bool same_vendor(const void *a, const void *b)
{
	const struct modgate_vendor *x = a, *y = b;

	return same_digest(a, b) &&
	       !memcmp(x->pattern, y->pattern, MODGATE_NAME_SIZE);
}

static const char *authority_name(const void *entry)
{
	return (const char *)((const struct modgate_authority *)entry)->name;
}

static char *authority_value(const void *entry)
{
	const struct modgate_authority *a = entry;
	char *roles = flag_names(modgate_le32(a->roles), role_names);
	char *text = fmt("roles %s, %srequired, slot %u, base %llu, floor %llu",
			 roles, modgate_le32(a->flags) &
			 MODGATE_AUTHORITY_REQUIRED ? "" : "not ",
			 modgate_le32(a->slot),
			 (unsigned long long)modgate_le64(a->base),
			 (unsigned long long)modgate_le64(a->floor));

	free(roles);
	return text;
}

static const char *module_name(const void *entry)
{
	return (const char *)((const struct modgate_module *)entry)->name;
}

static char *flags_value(__le32 flags)
{
	char *names = flag_names(modgate_le32(flags), module_flag_names);
	char *text = fmt("flags %s", names);

	free(names);
	return text;
}

static char *module_value(const void *entry)
{
	return flags_value(((const struct modgate_module *)entry)->flags);
}

static const char *vendor_name(const void *entry)
{
	return (const char *)((const struct modgate_vendor *)entry)->pattern;
}

static char *vendor_value(const void *entry)
{
	return flags_value(((const struct modgate_vendor *)entry)->flags);
}

static const char *ban_name(const void *entry)
{
	return (const char *)((const struct modgate_ban *)entry)->name;
}

static char *ban_value(const void *entry)
{
	const struct modgate_ban *b = entry;

	return xstrdup(modgate_le32(b->kind) == MODGATE_BAN_CERT ?
		       "certificate" : "module");
}

static const struct section authorities = {
	"authority", authority_name, authority_value, same_digest,
	sizeof(struct modgate_authority)
};

static const struct section modules = {
	"module", module_name, module_value, same_digest,
	sizeof(struct modgate_module)
};

static const struct section vendors = {
	"vendor", vendor_name, vendor_value, same_vendor,
	sizeof(struct modgate_vendor)
};

static const struct section bans = {
	"ban", ban_name, ban_value, same_digest, sizeof(struct modgate_ban)
};

static void one_sided(struct changes *c, const struct section *s,
		      const __u8 *entry, bool is_new)
{
	char *value = s->value(entry);

	add(c, s->kind, s->name(entry), entry, is_new ? NULL : value,
	    is_new ? value : NULL);
	free(value);
}

static void both_sided(struct changes *c, const struct section *s,
		       const __u8 *old, const __u8 *new)
{
	char *a = s->value(old), *b = s->value(new);

	if (strcmp(a, b) || strcmp(s->name(old), s->name(new)))
		add(c, s->kind, s->name(new), new, a, b);
	free(a);
	free(b);
}

/* Negative if @a comes first, 0 if both are about the same. */
static int order_of(const struct section *s, const __u8 *a, const __u8 *b)
{
	int order = memcmp(a, b, MODGATE_DIGEST_SIZE);

	return order || s->same(a, b) ? order : strcmp(s->name(a), s->name(b));
}

/* Both are in ascending order of digest (and pattern). */
static void compare_section(struct changes *c, const struct section *s,
			    const void *old, __u32 n_old, const void *new,
			    __u32 n_new)
{
	const __u8 *a = old, *b = new;

	while (n_old || n_new) {
		int order = !n_old ? 1 : !n_new ? -1 : order_of(s, a, b);

		if (order < 0)
			one_sided(c, s, a, false);
		else if (order > 0)
			one_sided(c, s, b, true);
		else
			both_sided(c, s, a, b);
		if (order <= 0) {
			a += s->size;
			n_old--;
		}
		if (order >= 0) {
			b += s->size;
			n_new--;
		}
	}
}

static void compare_headers(struct changes *c,
			    const struct modgate_header *old,
			    const struct modgate_header *new)
{
	char a[HEX_SIZE], b[HEX_SIZE];
	bool policy = modgate_le32(new->type) == MODGATE_LOCAL_POLICY;

	compare_text(c, "signer", xstrdup(digest_hex(a, old->signer)),
		     xstrdup(digest_hex(b, new->signer)));
	compare_text(c, "machine", xstrdup(digest_hex(a, old->machine)),
		     xstrdup(digest_hex(b, new->machine)));
	compare_text(c, "mode", xstrdup(mode_name(modgate_le32(old->mode))),
		     xstrdup(mode_name(modgate_le32(new->mode))));
	if (policy)
		compare_text(c, "flags",
			     flag_names(modgate_le32(old->flags), policy_flag_names),
			     flag_names(modgate_le32(new->flags), policy_flag_names));
	else
		compare_text(c, "exclusive",
			     xstrdup(modgate_le32(old->flags) ? "yes" : "no"),
			     xstrdup(modgate_le32(new->flags) ? "yes" : "no"));
}

static void show_header(struct changes *c, const struct modgate_header *new)
{
	__u32 flags = modgate_le32(new->flags);
	bool policy = modgate_le32(new->type) == MODGATE_LOCAL_POLICY;

	if (policy)
		compare_text(c, "mode", NULL, xstrdup(mode_name(modgate_le32(new->mode))));
	if (policy && flags)
		compare_text(c, "flags", NULL, flag_names(flags, policy_flag_names));
	else if (flags)
		compare_text(c, "exclusive", NULL, xstrdup("yes"));
}

/**
 * diff_documents() - collect changes
 * @changes: array to which they are added
 * @what: which document this is about, for people
 * @old: the older one, NULL for an empty one
 * @new: the newer one, of the same type
 *
 * Generation and time of creation always differ and are no change.
 */
void diff_documents(struct json_object *changes, const char *what,
		    const struct modgate_document *old,
		    const struct modgate_document *new)
{
	static const struct modgate_document empty;
	struct changes c = { .array = changes, .what = what };

	if (old)
		compare_headers(&c, old->header, new->header);
	else
		show_header(&c, new->header);
	if (!old)
		old = &empty;
	compare_section(&c, &authorities, old->authorities, old->n_authorities,
			new->authorities, new->n_authorities);
	compare_section(&c, &modules, old->modules, old->n_modules,
			new->modules, new->n_modules);
	compare_section(&c, &vendors, old->vendors, old->n_vendors,
			new->vendors, new->n_vendors);
	compare_section(&c, &bans, old->bans, old->n_bans, new->bans,
			new->n_bans);
}

/**
 * diff_snapshot() - collect what a restart would change
 * @changes: array to which it is added
 * @snap: everything that is known; there is a local policy for the next start
 */
void diff_snapshot(struct json_object *changes, const struct snapshot *snap)
{
	size_t i;

	diff_documents(changes, "policy", snap->policy ? &snap->policy->doc : NULL,
		       &snap->policy_next->doc);
	for (i = 0; i < snap->n_views; i++) {
		const struct authority_view *v = &snap->views[i];
		char *what = fmt("list of %s", v->name);

		if (v->next)
			diff_documents(changes, what,
				       v->in_force ? &v->in_force->doc : NULL,
				       &v->next->doc);
		free(what);
	}
}
