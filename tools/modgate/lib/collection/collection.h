/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The room collection: copies of the third-party modules that one kernel loads at boot, in
 * the order in which they load, and what was left out and why. They lie below
 * /var/lib/modgate/collection/<kernel release>/, beside a manifest, and are made anew when
 * anything changed that they were made of. Also the state of a module, in the words that
 * every verb has for it, in text and in the field "state" of JSON. Uses base, kernel,
 * crypto, module, document, receipt and view.
 */
#ifndef _MODGATE_LIB_COLLECTION_H
#define _MODGATE_LIB_COLLECTION_H

#include "kernel.h"
#include "receipt.h"

struct modgate_module;
struct module;
struct snapshot;

/*
 * Why a module is left out, besides the reasons of a verdict. A new one also goes into
 * modgate-rebuild(8), what it depends on into sources.c, and MANIFEST_VERSION up.
 */
#define LEFT_MISSING	"missing"	/* no file has its digest */
#define LEFT_CHANGED	"changed"	/* its file has another digest */
#define LEFT_SIGNATURE	"signature"	/* appended and broken */
#define LEFT_VERMAGIC	"vermagic"	/* built for another kernel */
#define LEFT_DEPENDENCY	"dependency"	/* what it needs is not there */
#define LEFT_UNREADABLE	"unreadable"	/* what reads it, or loads it, ends over it */
#define LEFT_SYMBOL	"symbol"	/* it needs one that nobody has */
#define LEFT_INIT	"init"		/* its own init function failed */
#define LEFT_REFUSED	"refused"	/* by the kernel */
#define LEFT_BLACKLIST	"blacklist"	/* of modprobe.d */

/**
 * struct member - a module of the collection, or one left out of it
 * @name: of the module
 * @digest: of what the kernel loads
 * @path: where it was installed; NULL if it is not known
 * @file: its copy in the folder of the collection; NULL if it has none, and then it
 *	  loads from @path
 * @depends: names of the modules that it needs, with "," in between
 * @flags: of its approval, MODGATE_MODULE_*
 * @reason: why it is allowed, or why it was left out
 * @allowed: why it is allowed, or NULL
 * @detail: of @reason, for people; NULL if it is allowed and has a copy
 * @left_out: it does not load
 * @at_load: that came out when it was loaded, and is tried again
 * @chosen: there are others of its name, and modprobe would take this one; only as
 *	    long as the collection is being made
 */
struct member {
	char *name;
	__u8 digest[MODGATE_DIGEST_SIZE];
	char *path;
	char *file;
	char *depends;
	__u32 flags;
	char *reason;
	char *allowed;
	char *detail;
	bool left_out;
	bool at_load;
	bool chosen;
};

/**
 * struct collection - of one kernel
 * @release: of the kernel
 * @dir: folder
 * @made_from: JSON array of all that it depends on; NULL if it is only shown, or has to be
 *	       made again
 * @members: in the order in which they load
 * @n: their number
 * @up_to_date: the manifest that was read was made from the same
 * @changed: the manifest is not on disk as it is here
 */
struct collection {
	char *release;
	char *dir;
	struct json_object *made_from;
	struct member *members;
	size_t n;
	bool up_to_date;
	bool changed;
};

/*
 * sources.c. Raise the version whenever the same sources make another collection: a new
 * reason, another order. Otherwise what an older tool made counts as up to date.
 */
#define MANIFEST_VERSION 4

struct json_object *collection_sources(const struct options *o, const struct kernel *kernel,
				       const char *release);

/* collection.c */
void collection_begin(struct collection *c, const struct options *o,
		      const struct kernel *kernel, const char *release);
bool collection_read(struct collection *c);
void collection_forget(struct collection *c);
enum status collection_write(struct collection *c);
struct member *collection_find(const struct collection *c, const char *name);
struct member *collection_provider(const struct collection *c, const char *name);
void collection_leave_out(struct collection *c, struct member *member,
			  const char *reason, const char *format, ...)
	__printf(4, 5);
void collection_make_again(struct collection *c);
int collection_copy(struct collection *c, struct member *member);
void collection_prune(const struct collection *c);
void collections_prune(const struct options *o);
void collection_free(struct collection *c);

/* make.c */
bool member_needs(const struct member *m, const char *name);
void collection_make(struct collection *c, const struct options *o,
		     const struct snapshot *snapshot);

/* insert.c: libkmod, in a process of its own */
enum insert_state {
	INSERT_ABSENT,
	INSERT_LOADED,
	INSERT_BLACKLISTED,	/* by modprobe.d */
};

int insert_state(const char *name, char **problem);
int insert_system(const char *name, char **problem);
int insert_file(const char *path, const char *name, char **problem);
void insert_end(void);

/* load.c */
enum status collection_load(struct collection *c, const struct options *o);

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
 * @snap: everything that is known
 * @o: options
 * @receipt: of this boot; empty if there is none
 * @collection: of the running kernel, as it was made; empty if that is old
 */
struct states {
	const struct snapshot *snap;
	const struct options *o;
	struct receipt receipt;
	struct collection collection;
};

/* states.c */
void states_read(struct states *s, const struct snapshot *snap, const struct options *o);
void states_free(struct states *s);
enum module_state state_of(const struct states *s, const struct module *module,
			   const char **reason);
enum module_state state_of_entry(const struct states *s,
				 const struct modgate_module *entry,
				 const char **reason);
const char *state_word(enum module_state state);
char *state_text(enum module_state state, const char *reason);
char *state_text_of(const struct states *s, const struct module *module);

#endif /* _MODGATE_LIB_COLLECTION_H */
