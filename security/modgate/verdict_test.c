// SPDX-License-Identifier: GPL-2.0-only
/*
 * The verdict table as the kernel has it: every case of verdict_cases.h, and that no
 * question is asked that the verdict does not need.
 */
#include <kunit/test.h>
#include <linux/container_of.h>
#include <linux/string.h>
#include "verdict_cases.h"

/* A module that is described by the bits of verdict_cases.h. */
struct test_facts {
	struct modgate_facts facts;
	unsigned int yes;
	unsigned int asked;
};

static bool test_ask(struct modgate_facts *facts, enum modgate_fact fact)
{
	struct test_facts *t = container_of(facts, struct test_facts, facts);

	t->asked |= MODGATE_FACT(fact);
	return t->yes & MODGATE_FACT(fact);
}

static void verdict_describe(const struct verdict_case *c, char *name)
{
	strscpy(name, c->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(verdict, verdict_cases, verdict_describe);

static void verdict_row(struct kunit *test)
{
	const struct verdict_case *c = test->param_value;
	struct test_facts t = { .facts.ask = test_ask, .yes = c->module };
	struct modgate_verdict v = modgate_decide(&c->rules, &t.facts);

	KUNIT_EXPECT_STREQ(test, v.reason, c->reason);
	KUNIT_EXPECT_EQ(test, v.allow, c->allow);
	KUNIT_EXPECT_EQ(test, v.vouch, c->vouch);
}

/* A system module costs no more than row 1 and its signature. */
static void verdict_is_lazy(struct kunit *test)
{
	const struct modgate_rules rules = RULES(SEALED, true, true, LISTED);
	struct test_facts t = { .facts.ask = test_ask, .yes = SYSTEM };

	modgate_decide(&rules, &t.facts);
	KUNIT_EXPECT_EQ(test, t.asked, REVOKED | BANNED | SYSTEM);

	/* Mode listed does not ask for signatures of known keys. */
	t.yes = LISTED;
	t.asked = 0;
	modgate_decide(&rules, &t.facts);
	KUNIT_EXPECT_EQ(test, t.asked, REVOKED | BANNED | SYSTEM | LISTED);
}

static struct kunit_case verdict_test_cases[] = {
	KUNIT_CASE_PARAM(verdict_row, verdict_gen_params),
	KUNIT_CASE(verdict_is_lazy),
	{}
};

static struct kunit_suite verdict_suite = {
	.name = "modgate_verdict",
	.test_cases = verdict_test_cases,
};

kunit_test_suite(verdict_suite);
