// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every entry of a document, for somebody who is about to put it back in force.
 */
#include <stdlib.h>

#include "base.h"
#include "document.h"

static void print_entry(const char *what, const __u8 *digest, const void *name,
			char *words)
{
	char hex[HEX_SIZE];

	say("  %s %s %s %s\n", what, digest_hex(hex, digest), dash(name), words);
	free(words);
}

static void print_header(const struct stored *doc)
{
	char *created = time_text(modgate_le64(doc->header.created)), *flags;

	if (stored_type(doc) == MODGATE_LOCAL_POLICY) {
		flags = flag_names(modgate_le32(doc->header.flags),
				   policy_flag_names);
		say("Local policy, generation %llu of %s: mode %s, flags %s, authorities: %u\n",
		    (unsigned long long)stored_generation(doc), created,
		    mode_name(modgate_le32(doc->header.mode)), flags,
		    doc->doc.n_authorities);
		free(flags);
	} else {
		say("List, generation %llu of %s: modules: %u, vendors: %u, bans: %u\n",
		    (unsigned long long)stored_generation(doc), created,
		    doc->doc.n_modules, doc->doc.n_vendors, doc->doc.n_bans);
	}
	free(created);
}

/**
 * stored_print() - print generation, time and every entry
 * @doc: valid, or NULL for an empty list
 */
void stored_print(const struct stored *doc)
{
	const struct modgate_document *d;
	__u32 i;

	if (!doc) {
		say("An empty list.\n");
		return;
	}
	d = &doc->doc;
	print_header(doc);
	for (i = 0; i < d->n_authorities; i++)
		print_entry("authority", d->authorities[i].digest,
			    d->authorities[i].name,
			    flag_names(modgate_le32(d->authorities[i].roles),
				       role_names));
	for (i = 0; i < d->n_modules; i++)
		print_entry("module", d->modules[i].digest, d->modules[i].name,
			    flag_names(modgate_le32(d->modules[i].flags),
				       module_flag_names));
	for (i = 0; i < d->n_vendors; i++)
		print_entry("vendor", d->vendors[i].digest,
			    d->vendors[i].pattern,
			    flag_names(modgate_le32(d->vendors[i].flags),
				       module_flag_names));
	for (i = 0; i < d->n_bans; i++)
		print_entry("ban", d->bans[i].digest, d->bans[i].name,
			    xstrdup(modgate_le32(d->bans[i].kind) ==
				    MODGATE_BAN_CERT ? "certificate" : "module"));
}

static void add_entry(struct json_object *array, const char *what,
		      const __u8 *digest, const void *name)
{
	struct json_object *j = json_object_new_object();

	json_str(j, "what", what);
	json_digest(j, "digest", digest);
	json_str(j, "name", name);
	json_object_array_add(array, j);
}

/* The same as JSON. */
struct json_object *stored_json(const struct stored *doc)
{
	struct json_object *j = json_object_new_object();
	struct json_object *entries = json_object_new_array();
	const struct modgate_document *d = doc ? &doc->doc : NULL;
	char *created;
	__u32 i;

	json_num(j, "generation", doc ? stored_generation(doc) : 0);
	if (doc) {
		created = time_text(modgate_le64(doc->header.created));
		json_str(j, "created", created);
		free(created);
	}
	for (i = 0; d && i < d->n_authorities; i++)
		add_entry(entries, "authority", d->authorities[i].digest,
			  d->authorities[i].name);
	for (i = 0; d && i < d->n_modules; i++)
		add_entry(entries, "module", d->modules[i].digest,
			  d->modules[i].name);
	for (i = 0; d && i < d->n_vendors; i++)
		add_entry(entries, "vendor", d->vendors[i].digest,
			  d->vendors[i].pattern);
	for (i = 0; d && i < d->n_bans; i++)
		add_entry(entries, "ban", d->bans[i].digest, d->bans[i].name);
	json_object_object_add(j, "entries", entries);
	return j;
}
