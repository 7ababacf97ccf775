/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What one document says that another does not.
 */
#ifndef _MODGATE_DIFF_H
#define _MODGATE_DIFF_H

#include "world.h"

/* diff.c */
void diff_documents(struct json_object *changes, const char *what,
		    const struct modgate_document *old,
		    const struct modgate_document *new);
void diff_world(struct json_object *changes, const struct world *w);

#endif /* _MODGATE_DIFF_H */
