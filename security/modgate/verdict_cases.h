/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Cases of the verdict table: every row, and for every row that it comes before the
 * next one. KUnit asks the kernel's verdict.c; the tests of the tool ask the same file
 * as the tool is built from it.
 */
#ifndef _MODGATE_VERDICT_CASES_H
#define _MODGATE_VERDICT_CASES_H

#include "verdict.h"

/* What is true of a module. */
enum {
	REVOKED = MODGATE_FACT(MODGATE_IS_REVOKED),
	BANNED = MODGATE_FACT(MODGATE_IS_BANNED),
	SYSTEM = MODGATE_FACT(MODGATE_IS_SYSTEM),
	LISTED = MODGATE_FACT(MODGATE_IS_LISTED),
	ON_DEMAND = MODGATE_FACT(MODGATE_IS_ON_DEMAND),
	SIGNED = MODGATE_FACT(MODGATE_IS_SIGNED),
	VENDORS = MODGATE_FACT(MODGATE_IS_VENDORS),
};

/**
 * struct verdict_case - what the verdict on a module must be
 * @name: of the case
 * @rules: that are in force
 * @module: the facts that are true of it; no others are
 * @reason: of the verdict
 * @allow: the verdict
 * @vouch: likewise
 */
struct verdict_case {
	const char *name;
	struct modgate_rules rules;
	unsigned int module;
	const char *reason;
	bool allow;
	bool vouch;
};

#define RULES(_state, _policy, _lists, _mode) \
	{ MODGATE_##_state, _policy, _lists, MODGATE_MODE_##_mode }
#define DENY(_reason) .reason = _reason
#define ALLOW(_reason) .reason = _reason, .allow = true
#define VOUCH(_reason) .reason = _reason, .allow = true, .vouch = true

static const struct verdict_case verdict_cases[] = {
	/* Each row alone: what makes it match, and nothing else. */
	{ "row 1: revoked", RULES(SEALED, true, true, LISTED), REVOKED, DENY("revoked") },
	{ "row 1: banned", RULES(SEALED, true, true, LISTED), BANNED, DENY("banned") },
	{ "row 2: system", RULES(SEALED, true, true, LISTED), SYSTEM, ALLOW("system") },
	{ "row 2: system, with no policy", RULES(SEALED, false, false, SYSTEM), SYSTEM,
	  ALLOW("system") },
	{ "row 2: system, in mode system", RULES(SEALED, true, true, SYSTEM), SYSTEM,
	  ALLOW("system") },
	{ "row 2: system, in mode signed", RULES(SEALED, true, true, SIGNED), SYSTEM,
	  ALLOW("system") },
	{ "row 3: not sealed", RULES(BOOT, true, true, LISTED), 0, DENY("not-sealed") },
	{ "row 3: no policy", RULES(SEALED, false, true, LISTED), 0, DENY("no-policy") },
	{ "row 3: no list", RULES(SEALED, true, false, LISTED), 0, DENY("no-list") },
	{ "row 4: mode", RULES(SEALED, true, true, SYSTEM), 0, DENY("mode") },
	{ "row 5: closed", RULES(CLOSED, true, true, LISTED), 0, DENY("closed") },
	{ "row 6: unsigned", RULES(SEALED, true, true, SIGNED), LISTED, DENY("unsigned") },
	{ "row 6: signed", RULES(SEALED, true, true, SIGNED), LISTED | SIGNED, VOUCH("approved") },
	{ "row 6: approved", RULES(SEALED, true, true, LISTED), LISTED, VOUCH("approved") },
	{ "row 6: approved, on demand", RULES(CLOSED, true, true, LISTED), LISTED | ON_DEMAND,
	  VOUCH("approved") },
	{ "row 7: vendor", RULES(SEALED, true, true, LISTED), VENDORS, VOUCH("vendor") },
	{ "row 7: vendor, in mode signed", RULES(SEALED, true, true, SIGNED), VENDORS | SIGNED,
	  VOUCH("vendor") },
	{ "row 7: vendor, on demand", RULES(CLOSED, true, true, LISTED), VENDORS | ON_DEMAND,
	  VOUCH("vendor") },
	{ "row 8: not approved", RULES(SEALED, true, true, LISTED), 0, DENY("not-approved") },
	{ "row 8: signed is not approved", RULES(SEALED, true, true, SIGNED), SIGNED,
	  DENY("not-approved") },
	{ "row 8: on demand is not approved", RULES(CLOSED, true, true, LISTED), ON_DEMAND,
	  DENY("not-approved") },

	/* Each row together with the one after it: the first one matches. */
	{ "1 revoked before 1 banned", RULES(SEALED, true, true, LISTED), REVOKED | BANNED,
	  DENY("revoked") },
	{ "1 revoked before 2", RULES(SEALED, true, true, LISTED), REVOKED | SYSTEM,
	  DENY("revoked") },
	{ "1 banned before 2", RULES(SEALED, true, true, LISTED), BANNED | SYSTEM, DENY("banned") },
	{ "2 before 3 not sealed", RULES(BOOT, true, true, LISTED), SYSTEM, ALLOW("system") },
	{ "2 before 3 no policy", RULES(SEALED, false, true, LISTED), SYSTEM, ALLOW("system") },
	{ "2 before 3 no list", RULES(SEALED, true, false, LISTED), SYSTEM, ALLOW("system") },
	{ "3 not sealed before 3 no policy", RULES(BOOT, false, true, LISTED), 0,
	  DENY("not-sealed") },
	{ "3 no policy before 3 no list", RULES(SEALED, false, false, LISTED), 0,
	  DENY("no-policy") },
	{ "3 not sealed before 4", RULES(BOOT, true, true, SYSTEM), 0, DENY("not-sealed") },
	{ "3 no policy before 4", RULES(SEALED, false, true, SYSTEM), 0, DENY("no-policy") },
	{ "3 no list before 4", RULES(SEALED, true, false, SYSTEM), 0, DENY("no-list") },
	{ "4 before 5", RULES(CLOSED, true, true, SYSTEM), 0, DENY("mode") },
	{ "5 before 6 approved", RULES(CLOSED, true, true, LISTED), LISTED, DENY("closed") },
	{ "5 before 6 unsigned", RULES(CLOSED, true, true, SIGNED), LISTED, DENY("closed") },
	{ "5 before 7", RULES(CLOSED, true, true, LISTED), VENDORS, DENY("closed") },
	{ "6 approved before 7", RULES(SEALED, true, true, LISTED), LISTED | SIGNED | VENDORS,
	  VOUCH("approved") },
	{ "6 unsigned before 7", RULES(SEALED, true, true, SIGNED), LISTED | VENDORS,
	  DENY("unsigned") },
	{ "7 before 8", RULES(SEALED, true, true, LISTED), VENDORS | SIGNED, VOUCH("vendor") },

	/* What else must not make a difference. */
	{ "3 before 6: approved, not sealed", RULES(BOOT, true, true, LISTED),
	  LISTED | SIGNED | ON_DEMAND, DENY("not-sealed") },
	{ "3 before 6: approved, no list", RULES(SEALED, true, false, LISTED),
	  LISTED | SIGNED | ON_DEMAND, DENY("no-list") },
	{ "4 before 6: approved, mode system", RULES(SEALED, true, true, SYSTEM),
	  LISTED | SIGNED | ON_DEMAND, DENY("mode") },
	{ "3 before 7: vendor, not sealed", RULES(BOOT, true, true, LISTED),
	  VENDORS | SIGNED | ON_DEMAND, DENY("not-sealed") },
	{ "4 before 7: vendor, mode system", RULES(SEALED, true, true, SYSTEM),
	  VENDORS | SIGNED | ON_DEMAND, DENY("mode") },
	{ "1 before 7: vendor and revoked", RULES(SEALED, true, true, LISTED), VENDORS | REVOKED,
	  DENY("revoked") },
	{ "1 before 7: vendor and banned", RULES(SEALED, true, true, LISTED), VENDORS | BANNED,
	  DENY("banned") },
	{ "1 before 6: approved and revoked", RULES(SEALED, true, true, LISTED), LISTED | REVOKED,
	  DENY("revoked") },
	{ "1 before 6: approved and banned", RULES(SEALED, true, true, LISTED), LISTED | BANNED,
	  DENY("banned") },
};

#endif /* _MODGATE_VERDICT_CASES_H */
