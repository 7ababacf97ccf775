// SPDX-License-Identifier: GPL-2.0-only
/*
 * The authorities of the local policy: who may sign lists, and what these may
 * say. Changed in a recovery boot only.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "authorities.h"
#include "base.h"
#include "change.h"
#include "crypto.h"
#include "document.h"
#include "tpm.h"
#include "view.h"

#define WORDS_MAX 5

static void authorities_show_one(const struct modgate_authority *a)
{
	__u32 flags = modgate_le32(a->flags);
	char *roles = flag_names(modgate_le32(a->roles), role_names);
	char hex[HEX_SIZE];

	say("  %-16s %s%s; lists from generation %llu on\n", (const char *)a->name,
	    roles, flags & MODGATE_AUTHORITY_REQUIRED ? "; required" : "",
	    (unsigned long long)modgate_le64(a->floor));
	say("  %-16s certificate %s\n", "", digest_hex(hex, a->digest));
	free(roles);
}

/* Print the authorities of the local policy that the next start will use. */
enum status authorities_show(const struct options *o)
{
	struct snapshot snap;
	enum status status = snapshot_read(&snap, o);
	size_t i;

	if (!status)
		status = snapshot_need(&snap, o);
	for (i = 0; !status && i < snap.n_views; i++)
		authorities_show_one(snap.views[i].authority);
	snapshot_free(&snap);
	return status;
}

static struct modgate_authority *authorities_find(const struct draft *draft, const char *name)
{
	size_t i;

	for (i = 0; i < draft->n_authorities; i++)
		if (!strcmp((const char *)draft->authorities[i].name, name))
			return &draft->authorities[i];
	return NULL;
}

static bool parse_roles(char *text, __u32 *roles)
{
	char *word, *rest;
	int i;

	*roles = 0;
	for (word = strtok_r(text, ",", &rest); word;
	     word = strtok_r(NULL, ",", &rest)) {
		for (i = 0; role_names[i]; i++)
			if (!strcmp(role_names[i], word))
				break;
		if (!role_names[i])
			return false;
		*roles |= 1U << i;
	}
	return *roles;
}

static bool slot_taken(const struct draft *draft, __u32 slot)
{
	size_t i;

	for (i = 0; i < draft->n_authorities; i++)
		if (modgate_le32(draft->authorities[i].slot) == slot)
			return true;
	return false;
}

/* The lowest that no authority has; above MODGATE_SLOT_MAX if there is none. */
static __u32 free_slot(const struct draft *draft)
{
	__u32 slot = SLOT_OWNER + 1;

	while (slot_taken(draft, slot))
		slot++;
	return slot;
}

/*
 * A list counts as its generation plus the base. The counter has a value that the
 * TPM chose: the base makes the first list that is wanted the next one.
 */
static enum status choose_base(struct tpm *tpm, __u32 slot,
			       unsigned long long generation, __u64 *base)
{
	struct counters c;
	enum status status;

	*base = 0;
	if (!tpm)
		return ST_OK;
	status = counters_provide(tpm, slot);
	if (!status)
		status = counters_need(tpm, slot, &c);
	if (status)
		return status;
	if (generation < c.accept)
		*base = c.accept - generation;
	if (generation > c.accept + MODGATE_STEPS_MAX)
		return fail(ST_NO,
			    "generation %llu is more than %d above the new counter 0x%08x, which is at %llu",
			    generation, MODGATE_STEPS_MAX, MODGATE_NV_ACCEPT(slot),
			    (unsigned long long)c.accept);
	return ST_OK;
}

static enum status authorities_add(struct draft *draft, const struct options *o,
				   struct tpm *tpm, char **words)
{
	char *path = fmt("%s%s%s", o->root, *words[2] == '/' ? "" : "/", words[2]);
	unsigned long long generation;
	struct modgate_authority *a;
	enum status status = ST_OK;
	__u32 slot = free_slot(draft);
	struct cert cert = { 0 };
	__u64 base = 0;
	int err;

	if (authorities_find(draft, words[1]))
		status = fail(ST_NO, "%s: there is an authority of this name", words[1]);
	else if (!number_parse(words[3], &generation) || !generation)
		status = fail(ST_USAGE, "%s: not a generation; it is a number from 1 on",
			      words[3]);
	else if (slot > MODGATE_SLOT_MAX)
		status = fail(ST_NO, "no slot is left: there can be %d authorities",
			      MODGATE_SLOT_MAX);
	if (!status) {
		err = cert_read(path, &cert);
		if (err == -EINVAL)
			status = fail(ST_NO, "%s: not a certificate", path);
		else if (err)
			status = fail_errno(err, "%s", path);
		else if (!key_supported(X509_get0_pubkey(cert.x509)))
			status = fail(ST_NO,
				      "%s: its key is not ECDSA P-384, RSA-3072 or RSA-4096, as the kernel requires",
				      path);
	}
	if (!status)
		status = choose_base(tpm, slot, generation, &base);
	if (!status) {
		a = draft_authority(draft, &cert);
		a->roles = le32(MODGATE_ROLE_APPROVE);
		a->slot = le32(slot);
		a->base = le64(base);
		a->floor = le64(generation);
		if (!draft_name(a->name, words[1]))
			status = fail(ST_USAGE, "%s: a name has 1 to %d of A-Z a-z 0-9 _ . + -",
				      words[1], MODGATE_NAME_SIZE - 1);
	}
	cert_free(&cert);
	free(path);
	return status;
}

static enum status edit(struct draft *draft, struct modgate_authority *a,
			char **words)
{
	__u32 roles, flags = modgate_le32(a->flags);

	if (!strcmp(words[0], "remove")) {
		if (modgate_le32(a->slot) == SLOT_OWNER)
			return fail(ST_NO,
				    "%s is the owner of this machine and stays; if its key was lost, make a new owner key",
				    words[1]);
		draft_remove_authority(draft, a->digest);
	} else if (!strcmp(words[0], "roles")) {
		if (!parse_roles(words[2], &roles))
			return fail(ST_USAGE,
				    "%s: the roles are approve, vendor, ban, exclusive, with commas",
				    words[1]);
		a->roles = le32(roles);
	} else if (!strcmp(words[2], "yes")) {
		a->flags = le32(flags | MODGATE_AUTHORITY_REQUIRED);
	} else if (!strcmp(words[2], "no")) {
		a->flags = le32(flags & ~MODGATE_AUTHORITY_REQUIRED);
	} else {
		return fail(ST_USAGE, "%s: required is yes or no", words[2]);
	}
	return ST_OK;
}

/* What was typed, carried out in memory. */
static enum status authorities_apply(struct draft *draft, const struct options *o,
				     struct tpm *tpm, char **words)
{
	struct modgate_authority *a;

	if (!strcmp(words[0], "add"))
		return authorities_add(draft, o, tpm, words);
	a = authorities_find(draft, words[1]);
	if (!a)
		return fail(ST_NO, "%s: no authority has this name", words[1]);
	return edit(draft, a, words);
}

static bool take_words(char *line, char **words)
{
	static const struct {
		const char *name;
		size_t n;
	} commands[] = {
		{ "add", 4 }, { "remove", 2 }, { "roles", 3 }, { "required", 3 },
	};
	char *word, *rest;
	size_t n = 0, i;

	for (word = strtok_r(line, " \t", &rest); word && n < WORDS_MAX;
	     word = strtok_r(NULL, " \t", &rest))
		words[n++] = word;
	for (i = 0; n && i < ARRAY_SIZE(commands); i++)
		if (!strcmp(commands[i].name, words[0]))
			return commands[i].n == n;
	return false;
}

/**
 * authorities_change() - stage a local policy with other authorities
 * @o: options
 * @line: what was typed, as AUTHORITIES_HELP says; will be taken apart
 *
 * Return: ST_RESTART when it is staged, or a status after saying why not.
 */
enum status authorities_change(const struct options *o, char *line)
{
	char *words[WORDS_MAX];
	struct count count;
	struct draft draft;
	enum status status;
	struct snapshot snap;

	if (!take_words(line, words)) {
		fail(ST_USAGE, "it is one of:");
		say_error(AUTHORITIES_HELP);
		return ST_USAGE;
	}
	status = policy_begin(&snap, o, &count);
	if (!status) {
		policy_draft(&snap, &draft);
		status = authorities_apply(&draft, o, count.tpm, words);
		if (!status)
			status = policy_sign(&snap, o, &count, &draft);
		if (!status) {
			say("Signed local policy, generation %llu. A restart is needed.\n",
			    (unsigned long long)modgate_le64(draft.header.generation));
			status = ST_RESTART;
		}
		draft_free(&draft);
	}
	tpm_close(count.tpm);
	snapshot_free(&snap);
	return status;
}
