// SPDX-License-Identifier: GPL-2.0-only
/*
 * The verdict table as the tool is built with it: the cases that KUnit runs in the
 * kernel, and what the tool makes of facts that it does not know.
 */
#include <string.h>

#include "table.h"
#include "tap.h"
#include "modgate/verdict_cases.h"

#define ALL (REVOKED | BANNED | SYSTEM | LISTED | ON_DEMAND | SIGNED | VENDORS)

static bool is_as_expected(const struct modgate_verdict *v, const struct verdict_case *c)
{
	return v->allow == c->allow && v->vouch == c->vouch && !strcmp(v->reason, c->reason);
}

/* The same verdicts as in the kernel, and sure of them. */
static void test_cases(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(verdict_cases); i++) {
		const struct verdict_case *c = &verdict_cases[i];
		const struct known_facts known = { .yes = c->module };
		struct table_answer answer = table_ask(&c->rules, &known);

		tap(is_as_expected(&answer.verdict, c) && !answer.unsure, "verdict: %s", c->name);
	}
}

/**
 * struct unsure_case - what the table must be unsure about
 * @name: of the case
 * @rules: that are in force
 * @known: about the module
 * @unsure: about these facts
 * @reason: of the verdict if everything is as it is taken to be
 */
struct unsure_case {
	const char *name;
	struct modgate_rules rules;
	struct known_facts known;
	unsigned int unsure;
	const char *reason;
};

static const struct unsure_case unsure_cases[] = {
	{ "an unknown signer may be the kernel's", RULES(SEALED, true, true, LISTED),
	  { LISTED, SYSTEM }, SYSTEM, "approved" },
	{ "a signature taken to be the kernel's may be wrong", RULES(SEALED, true, true, LISTED),
	  { SYSTEM, SYSTEM }, SYSTEM, "system" },
	{ "whoever signed it, it is banned", RULES(SEALED, true, true, LISTED),
	  { BANNED, SYSTEM | SIGNED | VENDORS }, 0, "banned" },
	{ "whether it is banned is unknown, but it is revoked", RULES(SEALED, true, true, LISTED),
	  { REVOKED, BANNED }, 0, "revoked" },
	{ "a system module may be revoked", RULES(SEALED, true, true, LISTED),
	  { SYSTEM, REVOKED }, REVOKED, "system" },
	{ "before the lists are sealed they do not matter", RULES(BOOT, true, true, LISTED),
	  { 0, LISTED | VENDORS | SIGNED | ON_DEMAND }, 0, "not-sealed" },
	{ "in mode system lists do not matter", RULES(SEALED, true, true, SYSTEM),
	  { 0, LISTED | VENDORS | SIGNED | ON_DEMAND }, 0, "mode" },
	{ "in mode listed no signer matters", RULES(SEALED, true, true, LISTED),
	  { LISTED, SIGNED }, 0, "approved" },
	{ "in mode signed the signer matters", RULES(SEALED, true, true, SIGNED),
	  { LISTED | SIGNED, SIGNED }, SIGNED, "approved" },
	{ "what is not listed needs no signer", RULES(SEALED, true, true, SIGNED),
	  { 0, SIGNED }, 0, "not-approved" },
	{ "a list that is not known may approve it", RULES(SEALED, true, true, LISTED),
	  { 0, LISTED | VENDORS }, LISTED | VENDORS, "not-approved" },
	{ "approved or not, a vendor signed it: allowed for another reason",
	  RULES(SEALED, true, true, LISTED), { VENDORS, LISTED }, LISTED, "vendor" },
	{ "once the gate is closed on-demand matters", RULES(CLOSED, true, true, LISTED),
	  { LISTED, ON_DEMAND }, ON_DEMAND, "closed" },
	{ "before the gate is closed on-demand does not", RULES(SEALED, true, true, LISTED),
	  { LISTED, ON_DEMAND }, 0, "approved" },
	{ "a fact that matters only together with another one",
	  RULES(CLOSED, true, true, LISTED), { 0, LISTED | ON_DEMAND }, LISTED | ON_DEMAND,
	  "closed" },
	{ "nothing is known: all of it matters", RULES(CLOSED, true, true, SIGNED),
	  { 0, ALL }, ALL, "closed" },
};

static void test_unsure(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(unsure_cases); i++) {
		const struct unsure_case *c = &unsure_cases[i];
		struct table_answer answer = table_ask(&c->rules, &c->known);

		if (!tap(answer.unsure == c->unsure && !strcmp(answer.verdict.reason, c->reason),
			 "unsure: %s", c->name))
			tap_note("unsure about 0x%x, reason %s", answer.unsure,
				 answer.verdict.reason);
	}
}

/* What it is unsure about changes the verdict, and nothing else does; in every case. */
static void test_unsure_means_another_verdict(void)
{
	unsigned int fact;
	bool good = true;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(verdict_cases); i++) {
		const struct verdict_case *c = &verdict_cases[i];

		for (fact = 1; fact & ALL; fact <<= 1) {
			const struct known_facts known = { c->module, fact };
			const struct known_facts other = { c->module ^ fact, 0 };
			struct table_answer a = table_ask(&c->rules, &known);
			struct table_answer b = table_ask(&c->rules, &other);

			if (!a.unsure != is_as_expected(&b.verdict, c) ||
			    !is_as_expected(&a.verdict, c)) {
				tap_note("%s: fact 0x%x", c->name, fact);
				good = false;
			}
		}
	}
	tap(good, "unsure: of one fact exactly where its opposite changes the verdict");
}

/* Of all reasons there are, those that are another word once the module is approved. */
static void test_approval_helps(void)
{
	static const struct {
		const char *reason;
		bool helps;
	} reasons[] = {
		{ MODGATE_REASON_NOT_SEALED, true }, { MODGATE_REASON_NO_POLICY, true },
		{ MODGATE_REASON_NO_LIST, true }, { MODGATE_REASON_CLOSED, true },
		{ MODGATE_REASON_NOT_APPROVED, true }, { MODGATE_REASON_REVOKED, false },
		{ MODGATE_REASON_BANNED, false }, { MODGATE_REASON_MODE, false },
		{ MODGATE_REASON_UNSIGNED, false }, { MODGATE_REASON_ERROR, false },
		{ MODGATE_REASON_SYSTEM, false }, { MODGATE_REASON_APPROVED, false },
		{ MODGATE_REASON_VENDOR, false }, { MODGATE_REASON_KEXEC, false },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(reasons); i++)
		tap(table_approval_helps(reasons[i].reason) == reasons[i].helps,
		    "an approval %s what was refused as %s",
		    reasons[i].helps ? "helps" : "does not help", reasons[i].reason);
}

int main(void)
{
	test_approval_helps();
	test_cases();
	test_unsure();
	test_unsure_means_another_verdict();
	return tap_end();
}
