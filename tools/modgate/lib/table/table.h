/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The room table: the kernel's verdict table (security/modgate/verdict.c), for a caller
 * that does not know every fact. Uses no other room.
 */
#ifndef _MODGATE_TABLE_H
#define _MODGATE_TABLE_H

#include "modgate/verdict.h"

#define ALL_FACTS	(MODGATE_FACT(MODGATE_IS_VENDORS + 1) - 1)

/**
 * struct known_facts - what is known about a module
 * @yes: the facts taken to be true, MODGATE_FACT(MODGATE_IS_*)
 * @unknown: the facts that are only taken to be as they are in @yes, likewise
 */
struct known_facts {
	unsigned int yes;
	unsigned int unknown;
};

/**
 * struct table_answer - what the table says
 * @verdict: if everything is as it is taken to be
 * @unsure: the unknown facts that the verdict depends on, MODGATE_FACT(MODGATE_IS_*); 0 if
 *	    the verdict is the same whatever is true of them
 * @asked: the facts that the table asked for on its way to @verdict, likewise; if
 *	   @unsure is not 0, at least one of them is in it
 * @allow_unsure: one way for the unknown facts to be allows it, another one denies it
 * @vouch_unsure: likewise, of whether somebody vouches for it
 */
struct table_answer {
	struct modgate_verdict verdict;
	unsigned int unsure;
	unsigned int asked;
	bool allow_unsure;
	bool vouch_unsure;
};

bool table_approval_helps(const char *reason);
struct table_answer table_ask(const struct modgate_rules *rules,
			      const struct known_facts *known);

#endif /* _MODGATE_TABLE_H */
