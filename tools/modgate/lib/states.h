/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The state of a module, in the words that every verb has for it, in text and in
 * the field "state" of JSON.
 */
#ifndef _MODGATE_STATES_H
#define _MODGATE_STATES_H

#include "collection.h"
#include "receipt.h"

/* The words are in states.c. */
enum module_state {
	STATE_ACTIVE,		/* approved, in force: loaded, or it may be */
	STATE_APPROVED,		/* from the next start on */
	STATE_LEFT_OUT,		/* approved, but it does not load: with a reason */
	STATE_REVOKED_LOADED,	/* not approved any more, and still in the kernel */
	STATE_REVOKED,		/* likewise, and not in it */
	STATE_GONE,		/* was in this kernel, cannot be again until restart */
	STATE_PENDING,		/* refused, and nobody has decided */
	STATE_NOT_APPROVED,	/* not refused either */
	STATE_BANNED,		/* by a list */
	STATE_SYSTEM,		/* needs no approval */
	STATE_NOT_IN_FORCE,	/* on a list that a restart has not brought into force */
	STATE_HOPELESS,		/* not approved, and cannot be */
	STATE_NO_FILE,		/* loaded, but no file of it can be read */
	STATES,
};

/**
 * struct states - all that the state of a module depends on
 * @w: everything that is known
 * @o: options
 * @receipt: of this boot; empty if there is none
 * @collection: of the running kernel, as it was made; empty if that is old
 */
struct states {
	const struct world *w;
	const struct options *o;
	struct receipt receipt;
	struct collection collection;
};

/* states.c */
void states_read(struct states *s, const struct world *w, const struct options *o);
void states_free(struct states *s);
enum module_state state_of(const struct states *s, const struct module *module,
			   const char **reason);
enum module_state state_of_entry(const struct states *s,
				 const struct modgate_module *entry,
				 const char **reason);
const char *state_word(enum module_state state);
char *state_text(enum module_state state, const char *reason);
char *state_text_of(const struct states *s, const struct module *module);

#endif /* _MODGATE_STATES_H */
