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
	unsigned int asked;
};

static bool ask(struct modgate_facts *facts, enum modgate_fact fact)
{
	struct module_facts *module = (struct module_facts *)facts;

	module->asked |= MODGATE_FACT(fact);
	return module->yes & MODGATE_FACT(fact);
}

/* @asked: set to the facts that the verdict rests on */
static struct modgate_verdict decide_on(const struct modgate_rules *rules, unsigned int yes,
					unsigned int *asked)
{
	struct module_facts module = { .facts.ask = ask, .yes = yes };
	struct modgate_verdict verdict = modgate_decide(rules, &module.facts);

	*asked = module.asked;
	return verdict;
}

static struct modgate_verdict decide(const struct modgate_rules *rules, unsigned int yes)
{
	unsigned int asked;

	return decide_on(rules, yes, &asked);
}

static bool differ(const struct modgate_verdict *a, const struct modgate_verdict *b)
{
	return a->allow != b->allow || a->vouch != b->vouch || strcmp(a->reason, b->reason);
}

/* Look at every way for the unknown facts to be. */
static void find_others(const struct modgate_rules *rules, const struct known_facts *known,
			struct table_answer *answer)
{
	const unsigned int certain = known->yes & ~known->unknown;
	unsigned int guess = known->unknown;
	struct modgate_verdict other;

	for (;;) {
		other = decide(rules, certain | guess);
		answer->allow_unsure |= other.allow != answer->verdict.allow;
		answer->vouch_unsure |= other.vouch != answer->verdict.vouch;
		if (!guess)
			return;
		guess = (guess - 1) & known->unknown;	/* the next smaller subset */
	}
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

/* Is there a module that is refused so by these rules, and would not be once approved? */
static bool approval_helps_by(const struct modgate_rules *rules, const char *reason)
{
	const struct modgate_rules next = {
		.state = MODGATE_SEALED, .policy = true, .lists = true, .mode = rules->mode,
	};
	const unsigned int listed = MODGATE_FACT(MODGATE_IS_LISTED);
	unsigned int yes;

	for (yes = 0; yes <= ALL_FACTS; yes++)
		if (!strcmp(decide(rules, yes).reason, reason) &&
		    !decide(rules, yes).allow && decide(&next, yes | listed).allow)
			return true;
	return false;
}

/**
 * table_approval_helps() - could an approval have a module load that was refused?
 * @reason: of the refusal
 *
 * Approved, that is, and after a restart that everything is in force for.
 *
 * Return: true if so, of some module at least; false also for what is no reason of the
 * table's.
 */
bool table_approval_helps(const char *reason)
{
	unsigned int state, mode, documents;

	for (state = MODGATE_BOOT; state <= MODGATE_CLOSED; state++)
		for (mode = MODGATE_MODE_SYSTEM; mode <= MODGATE_MODE_LISTED; mode++)
			for (documents = 0; documents < 4; documents++) {
				const struct modgate_rules rules = {
					.state = state, .mode = mode,
					.policy = documents & 1, .lists = documents & 2,
				};

				if (approval_helps_by(&rules, reason))
					return true;
			}
	return false;
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
	struct table_answer answer = { 0 };
	unsigned int fact;

	answer.verdict = decide_on(rules, known->yes, &answer.asked);
	for (fact = 1; fact && fact <= known->unknown; fact <<= 1)
		if (known->unknown & fact && matters(rules, known, fact))
			answer.unsure |= fact;
	find_others(rules, known, &answer);
	return answer;
}
