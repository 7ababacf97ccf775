// SPDX-License-Identifier: GPL-2.0-only
/*
 * The verdict table: every row, and for every row that it comes before the
 * next one. Also that no question is asked that the verdict does not need.
 */
#include <kunit/test.h>
#include "modgate.h"

#define REVOKED		BIT(MODGATE_IS_REVOKED)
#define BANNED		BIT(MODGATE_IS_BANNED)
#define SYSTEM		BIT(MODGATE_IS_SYSTEM)
#define LISTED		BIT(MODGATE_IS_LISTED)
#define ON_DEMAND	BIT(MODGATE_IS_ON_DEMAND)
#define SIGNED		BIT(MODGATE_IS_SIGNED)
#define VENDORS		BIT(MODGATE_IS_VENDORS)

/* A module that is described by the bits above. */
struct test_facts {
	struct modgate_facts facts;
	unsigned long yes;
	unsigned long asked;
};

static bool test_ask(struct modgate_facts *facts, enum modgate_fact fact)
{
	struct test_facts *t = container_of(facts, struct test_facts, facts);

	t->asked |= BIT(fact);
	return t->yes & BIT(fact);
}

struct row {
	const char *name;
	struct modgate_rules rules;
	unsigned long module;
	const char *reason;
	bool allow;
	bool vouch;
};

#define RULES(_state, _policy, _lists, _mode) \
	{ MODGATE_##_state, _policy, _lists, MODGATE_MODE_##_mode }

static const struct row rows[] = {
	/* Each row alone: what makes it match, and nothing else. */
	{ "row 1: revoked", RULES(SEALED, true, true, LISTED), REVOKED,
	  "revoked" },
	{ "row 1: banned", RULES(SEALED, true, true, LISTED), BANNED,
	  "banned" },
	{ "row 2: system", RULES(SEALED, true, true, LISTED), SYSTEM,
	  "system", true },
	{ "row 2: system, with no policy", RULES(SEALED, false, false, SYSTEM),
	  SYSTEM, "system", true },
	{ "row 2: system, in mode system", RULES(SEALED, true, true, SYSTEM),
	  SYSTEM, "system", true },
	{ "row 2: system, in mode signed", RULES(SEALED, true, true, SIGNED),
	  SYSTEM, "system", true },
	{ "row 3: not sealed", RULES(BOOT, true, true, LISTED), 0,
	  "not-sealed" },
	{ "row 3: no policy", RULES(SEALED, false, true, LISTED), 0,
	  "no-policy" },
	{ "row 3: no list", RULES(SEALED, true, false, LISTED), 0, "no-list" },
	{ "row 4: mode", RULES(SEALED, true, true, SYSTEM), 0, "mode" },
	{ "row 5: closed", RULES(CLOSED, true, true, LISTED), 0, "closed" },
	{ "row 6: unsigned", RULES(SEALED, true, true, SIGNED), LISTED,
	  "unsigned" },
	{ "row 6: signed", RULES(SEALED, true, true, SIGNED), LISTED | SIGNED,
	  "approved", true, true },
	{ "row 6: approved", RULES(SEALED, true, true, LISTED), LISTED,
	  "approved", true, true },
	{ "row 6: approved, on demand", RULES(CLOSED, true, true, LISTED),
	  LISTED | ON_DEMAND, "approved", true, true },
	{ "row 7: vendor", RULES(SEALED, true, true, LISTED), VENDORS,
	  "vendor", true, true },
	{ "row 7: vendor, in mode signed", RULES(SEALED, true, true, SIGNED),
	  VENDORS | SIGNED, "vendor", true, true },
	{ "row 7: vendor, on demand", RULES(CLOSED, true, true, LISTED),
	  VENDORS | ON_DEMAND, "vendor", true, true },
	{ "row 8: not approved", RULES(SEALED, true, true, LISTED), 0,
	  "not-approved" },
	{ "row 8: signed is not approved", RULES(SEALED, true, true, SIGNED),
	  SIGNED, "not-approved" },
	{ "row 8: on demand is not approved", RULES(CLOSED, true, true, LISTED),
	  ON_DEMAND, "not-approved" },

	/* Each row together with the one after it: the first one matches. */
	{ "1 revoked before 1 banned", RULES(SEALED, true, true, LISTED),
	  REVOKED | BANNED, "revoked" },
	{ "1 revoked before 2", RULES(SEALED, true, true, LISTED),
	  REVOKED | SYSTEM, "revoked" },
	{ "1 banned before 2", RULES(SEALED, true, true, LISTED),
	  BANNED | SYSTEM, "banned" },
	{ "2 before 3 not sealed", RULES(BOOT, true, true, LISTED), SYSTEM,
	  "system", true },
	{ "2 before 3 no policy", RULES(SEALED, false, true, LISTED), SYSTEM,
	  "system", true },
	{ "2 before 3 no list", RULES(SEALED, true, false, LISTED), SYSTEM,
	  "system", true },
	{ "3 not sealed before 3 no policy", RULES(BOOT, false, true, LISTED),
	  0, "not-sealed" },
	{ "3 no policy before 3 no list", RULES(SEALED, false, false, LISTED),
	  0, "no-policy" },
	{ "3 not sealed before 4", RULES(BOOT, true, true, SYSTEM), 0,
	  "not-sealed" },
	{ "3 no policy before 4", RULES(SEALED, false, true, SYSTEM), 0,
	  "no-policy" },
	{ "3 no list before 4", RULES(SEALED, true, false, SYSTEM), 0,
	  "no-list" },
	{ "4 before 5", RULES(CLOSED, true, true, SYSTEM), 0, "mode" },
	{ "5 before 6 approved", RULES(CLOSED, true, true, LISTED), LISTED,
	  "closed" },
	{ "5 before 6 unsigned", RULES(CLOSED, true, true, SIGNED), LISTED,
	  "closed" },
	{ "5 before 7", RULES(CLOSED, true, true, LISTED), VENDORS, "closed" },
	{ "6 approved before 7", RULES(SEALED, true, true, LISTED),
	  LISTED | SIGNED | VENDORS, "approved", true, true },
	{ "6 unsigned before 7", RULES(SEALED, true, true, SIGNED),
	  LISTED | VENDORS, "unsigned" },
	{ "7 before 8", RULES(SEALED, true, true, LISTED), VENDORS | SIGNED,
	  "vendor", true, true },

	/* What else must not make a difference. */
	{ "3 before 6: approved, not sealed", RULES(BOOT, true, true, LISTED),
	  LISTED | SIGNED | ON_DEMAND, "not-sealed" },
	{ "3 before 6: approved, no list", RULES(SEALED, true, false, LISTED),
	  LISTED | SIGNED | ON_DEMAND, "no-list" },
	{ "4 before 6: approved, mode system", RULES(SEALED, true, true, SYSTEM),
	  LISTED | SIGNED | ON_DEMAND, "mode" },
	{ "3 before 7: vendor, not sealed", RULES(BOOT, true, true, LISTED),
	  VENDORS | SIGNED | ON_DEMAND, "not-sealed" },
	{ "4 before 7: vendor, mode system", RULES(SEALED, true, true, SYSTEM),
	  VENDORS | SIGNED | ON_DEMAND, "mode" },
	{ "1 before 7: vendor and revoked", RULES(SEALED, true, true, LISTED),
	  VENDORS | REVOKED, "revoked" },
	{ "1 before 7: vendor and banned", RULES(SEALED, true, true, LISTED),
	  VENDORS | BANNED, "banned" },
	{ "1 before 6: approved and revoked", RULES(SEALED, true, true, LISTED),
	  LISTED | REVOKED, "revoked" },
	{ "1 before 6: approved and banned", RULES(SEALED, true, true, LISTED),
	  LISTED | BANNED, "banned" },
};

static void row_describe(const struct row *row, char *name)
{
	strscpy(name, row->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(row, rows, row_describe);

static void verdict_row(struct kunit *test)
{
	const struct row *row = test->param_value;
	struct test_facts t = { .facts.ask = test_ask, .yes = row->module };
	struct modgate_verdict v = modgate_decide(&row->rules, &t.facts);

	KUNIT_EXPECT_STREQ(test, v.reason, row->reason);
	KUNIT_EXPECT_EQ(test, v.allow, row->allow);
	KUNIT_EXPECT_EQ(test, v.vouch, row->vouch);
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

static struct kunit_case verdict_cases[] = {
	KUNIT_CASE_PARAM(verdict_row, row_gen_params),
	KUNIT_CASE(verdict_is_lazy),
	{}
};

static struct kunit_suite verdict_suite = {
	.name = "modgate_verdict",
	.test_cases = verdict_cases,
};

kunit_test_suite(verdict_suite);
