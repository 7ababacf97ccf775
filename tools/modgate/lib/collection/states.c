// SPDX-License-Identifier: GPL-2.0-only
/*
 * The state of a module as a person sees it: what the lists, the kernel, the
 * receipt and the collection say of it, in one word.
 */
#include <stdlib.h>
#include <string.h>

#include "base.h"
#include "collection.h"
#include "kernel.h"
#include "module.h"
#include "receipt.h"
#include "view.h"

static const char *const words[STATES] = {
	[STATE_ACTIVE] = "active",
	[STATE_APPROVED] = "approved (restart needed)",
	[STATE_LEFT_OUT] = "left out",
	[STATE_REVOKED_LOADED] = "revoked (removal at restart)",
	[STATE_REVOKED] = "revoked",
	[STATE_GONE] = "gone",
	[STATE_PENDING] = "pending",
	[STATE_NOT_APPROVED] = "not approved",
	[STATE_BANNED] = "banned",
	[STATE_SYSTEM] = "system",
	[STATE_NOT_IN_FORCE] = "not in force",
	[STATE_HOPELESS] = "cannot be approved",
	[STATE_NO_FILE] = "no file to be read",
};

/**
 * states_read() - read what the states of modules depend on
 * @s: filled in; to be freed
 * @snap: everything that is known; has to stay
 * @o: options
 */
void states_read(struct states *s, const struct snapshot *snap, const struct options *o)
{
	char *release = kernel_release();

	memset(s, 0, sizeof(*s));
	s->snap = snap;
	s->o = o;
	receipt_try(&s->receipt, &snap->kernel);
	collection_begin(&s->collection, o, NULL, release);
	collection_read(&s->collection);
	free(release);
}

void states_free(struct states *s)
{
	receipt_free(&s->receipt);
	collection_free(&s->collection);
}

/* Does a line of the receipt say that it is in this state? */
static bool receipt_says(const struct states *s, const struct module *module,
			 const char *state)
{
	char hex[HEX_SIZE];
	size_t i;

	digest_hex(hex, module->digest);
	for (i = 0; i < s->receipt.n; i++)
		if (record_is(&s->receipt.lines[i], "digest", hex) &&
		    record_is(&s->receipt.lines[i], "state", state))
			return true;
	return false;
}

/* Without a receipt, is one of its name? */
static bool is_loaded(const struct states *s, const struct module *module)
{
	if (s->receipt.end.n)
		return receipt_says(s, module, "live") ||
		       receipt_says(s, module, "coming");
	return module->name && module_is_loaded(s->o, module->name);
}

/* The collection was made at boot: is a file there now that was not? */
static bool has_come_back(const struct states *s, const struct member *m)
{
	bool gone = !strcmp(m->reason, LEFT_MISSING) || !strcmp(m->reason, LEFT_CHANGED);
	char *path = gone ? lookup_name(s->o, s->collection.release, m->name) : NULL;
	__u8 digest[MODGATE_DIGEST_SIZE];
	bool there = path && !module_digest(path, digest) &&
		     !memcmp(digest, m->digest, sizeof(digest));

	free(path);
	return there;
}

static const struct member *left_out(const struct states *s,
				     const struct module *module)
{
	size_t i;

	for (i = 0; i < s->collection.n; i++) {
		const struct member *m = &s->collection.members[i];

		if (m->left_out && !memcmp(m->digest, module->digest, sizeof(m->digest)))
			return has_come_back(s, m) ? NULL : m;
	}
	return NULL;
}

/* Is it on any list, by its digest or as the work of a vendor? */
static bool is_listed(const struct states *s, const struct module *module, enum when when)
{
	const struct authority_view *view;

	return snapshot_approval(s->snap, module->digest, when) ||
	       (module->path && vendor_find(s->snap, module, when, 0, &view));
}

static enum module_state decide(const struct states *s, const struct module *module,
				const struct verdict *now, const struct verdict *next,
				const char **reason)
{
	bool listed = is_listed(s, module, NOW), coming = is_listed(s, module, NEXT);
	bool revoked = !strcmp(now->reason, MODGATE_REASON_REVOKED);
	const struct member *out = listed ? left_out(s, module) : NULL;

	if (!strcmp(now->reason, MODGATE_REASON_SYSTEM))
		return STATE_SYSTEM;
	if (!coming && (listed || revoked))
		return is_loaded(s, module) ? STATE_REVOKED_LOADED : STATE_REVOKED;
	if (listed && !revoked && is_loaded(s, module))
		return STATE_ACTIVE;
	if (out) {
		*reason = out->reason;
		return STATE_LEFT_OUT;
	}
	if (listed && now->allow)
		return STATE_ACTIVE;
	if (listed && !strcmp(now->reason, MODGATE_REASON_CLOSED) &&
	    receipt_says(s, module, "gone"))
		return STATE_GONE;
	if (coming && next->allow)
		return STATE_APPROVED;
	if (listed || coming) {
		*reason = listed ? now->reason : next->reason;
		return STATE_LEFT_OUT;
	}
	if (!strcmp(now->reason, MODGATE_REASON_BANNED))
		return STATE_BANNED;
	return module->event && event_is_pending(module->event) ?
	       STATE_PENDING : STATE_NOT_APPROVED;
}

/**
 * state_of() - the state of a module
 * @s: as read
 * @module: with its latest event
 * @reason: set to why it is left out, MODGATE_REASON_* or LEFT_*; else to NULL
 *
 * Return: its state.
 */
enum module_state state_of(const struct states *s, const struct module *module,
			   const char **reason)
{
	struct verdict now, next;
	enum module_state state;

	*reason = NULL;
	verdict_make(&now, s->snap, module, NOW);
	verdict_make(&next, s->snap, module, NEXT);
	state = decide(s, module, &now, &next, reason);
	verdict_free(&now);
	verdict_free(&next);
	return state;
}

/* Likewise of an entry of a list. Among its events only a revocation counts. */
enum module_state state_of_entry(const struct states *s,
				 const struct modgate_module *entry,
				 const char **reason)
{
	const struct kernel *kernel = &s->snap->kernel;
	struct module m = { .name = (char *)entry->name };

	memcpy(m.digest, entry->digest, sizeof(m.digest));
	if (record_number(&kernel->state, "revoked"))
		m.event = event_for(kernel, m.digest);
	return state_of(s, &m, reason);
}

/* Without the reason of what is left out. */
const char *state_word(enum module_state state)
{
	return words[state];
}

/* With it; to be freed. */
char *state_text(enum module_state state, const char *reason)
{
	return reason ? fmt("%s (%s)", words[state], reason) : xstrdup(words[state]);
}

char *state_text_of(const struct states *s, const struct module *module)
{
	const char *reason;
	enum module_state state = state_of(s, module, &reason);

	return state_text(state, reason);
}
