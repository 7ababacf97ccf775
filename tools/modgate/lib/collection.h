/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The module collection: copies of the third-party modules that one kernel loads
 * at boot, in the order in which they load, and what was left out and why. It
 * lies below /var/lib/modgate/collection/<kernel release>/, beside a manifest;
 * it is made anew when anything changed that it was made of.
 */
#ifndef _MODGATE_COLLECTION_H
#define _MODGATE_COLLECTION_H

#include "world.h"

/* Why a module is left out, besides the reasons of a verdict. */
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

/* collection_make.c */
bool member_needs(const struct member *m, const char *name);
void collection_make(struct collection *c, const struct options *o,
		     const struct world *world);

/* collection_insert.c: libkmod, in a process of its own */
enum insert_state {
	INSERT_ABSENT,
	INSERT_LOADED,
	INSERT_BLACKLISTED,	/* by modprobe.d */
};

int insert_state(const char *name, char **problem);
int insert_system(const char *name, char **problem);
int insert_file(const char *path, const char *name, char **problem);
void insert_end(void);

/* collection_load.c */
enum status collection_load(struct collection *c, const struct options *o);

#endif /* _MODGATE_COLLECTION_H */
