/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The answer of modgate why.
 */
#ifndef _MODGATE_WHY_H
#define _MODGATE_WHY_H

#include "view.h"

/* One answer. */
struct answer {
	const struct options *o;
	const struct snapshot *snap;
	const struct module *m;
	struct verdict now;
	struct verdict next;
	bool has_next;
	char *kernel;		/* what no approval changes, or NULL */
	const char *unsure;	/* whether something else refuses it, or NULL */
	enum status status;
	char *remedy;
	char *state;
	bool permanent;		/* and loaded, so that it stays */
	char *release;		/* what ends that, or NULL */
};

/* remedy.c */
bool loads_now(const struct answer *a);
bool loads_next(const struct answer *a);
bool stops_loading(const struct answer *a);
bool loading_unsure(const struct answer *a);
void find_remedy(struct answer *a);
void find_permanent(struct answer *a);

#endif /* _MODGATE_WHY_H */
