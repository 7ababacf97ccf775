// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel's verdict table, for a caller that does not know every fact. The table
 * itself knows yes and no only; so it is asked once for every way in which the facts
 * that are unknown may be. There are seven facts, so that is 128 times at most.
 */
#include <string.h>

#include "table.h"

struct module_facts {
	struct modgate_facts facts;	/* first, so that ask() finds the rest */
	unsigned int yes;
};

static bool ask(struct modgate_facts *facts, enum modgate_fact fact)
{
	const struct module_facts *module = (const struct module_facts *)facts;

	return module->yes & MODGATE_FACT(fact);
}

static struct modgate_verdict decide(const struct modgate_rules *rules, unsigned int yes)
{
	struct module_facts module = { .facts.ask = ask, .yes = yes };

	return modgate_decide(rules, &module.facts);
}

static bool differ(const struct modgate_verdict *a, const struct modgate_verdict *b)
{
	return a->allow != b->allow || a->vouch != b->vouch || strcmp(a->reason, b->reason);
}

/* Is there a way for the other unknown facts to be in which @fact changes the verdict? */
static bool matters(const struct modgate_rules *rules, const struct known_facts *known,
		    unsigned int fact)
{
	const unsigned int certain = known->yes & ~known->unknown;
	const unsigned int others = known->unknown & ~fact;
	struct modgate_verdict no, yes;
	unsigned int guess = others;

	for (;;) {
		no = decide(rules, certain | guess);
		yes = decide(rules, certain | guess | fact);
		if (differ(&no, &yes))
			return true;
		if (!guess)
			return false;
		guess = (guess - 1) & others;	/* the next smaller subset */
	}
}

/**
 * table_ask() - what does the kernel's verdict table say about a module?
 * @rules: that are in force
 * @known: what is known about the module
 *
 * Return: the verdict, and what it is unsure about.
 */
struct table_answer table_ask(const struct modgate_rules *rules,
			      const struct known_facts *known)
{
	struct table_answer answer = { .verdict = decide(rules, known->yes) };
	unsigned int fact;

	for (fact = 1; fact && fact <= known->unknown; fact <<= 1)
		if (known->unknown & fact && matters(rules, known, fact))
			answer.unsure |= fact;
	return answer;
}
