// SPDX-License-Identifier: GPL-2.0-only
/*
 * The verdict: a pure function of the rules in force and of facts about the
 * module. First match wins. The rows are numbered as in
 * Documentation/security/modgate.rst.
 */
#include "verdict.h"

static struct modgate_verdict deny(const char *reason)
{
	return (struct modgate_verdict){ .reason = reason };
}

static struct modgate_verdict allow(const char *reason, bool vouch)
{
	return (struct modgate_verdict){
		.allow = true, .vouch = vouch, .reason = reason,
	};
}

/**
 * modgate_decide() - may a module load?
 * @rules: what is in force
 * @facts: the module; asked only as far as the verdict needs it
 *
 * Return: the verdict. Whether a refusal is carried out is not decided here.
 */
struct modgate_verdict modgate_decide(const struct modgate_rules *rules,
				      struct modgate_facts *facts)
{
	/* Row 1 */
	if (facts->ask(facts, MODGATE_IS_REVOKED))
		return deny(MODGATE_REASON_REVOKED);
	if (facts->ask(facts, MODGATE_IS_BANNED))
		return deny(MODGATE_REASON_BANNED);
	/* Row 2 */
	if (facts->ask(facts, MODGATE_IS_SYSTEM))
		return allow(MODGATE_REASON_SYSTEM, false);
	/* Row 3 */
	if (rules->state == MODGATE_BOOT)
		return deny(MODGATE_REASON_NOT_SEALED);
	if (!rules->policy)
		return deny(MODGATE_REASON_NO_POLICY);
	if (!rules->lists)
		return deny(MODGATE_REASON_NO_LIST);
	/* Row 4 */
	if (rules->mode == MODGATE_MODE_SYSTEM)
		return deny(MODGATE_REASON_MODE);
	/* Row 5 */
	if (rules->state == MODGATE_CLOSED &&
	    !facts->ask(facts, MODGATE_IS_ON_DEMAND))
		return deny(MODGATE_REASON_CLOSED);
	/* Row 6 */
	if (facts->ask(facts, MODGATE_IS_LISTED)) {
		if (rules->mode == MODGATE_MODE_SIGNED &&
		    !facts->ask(facts, MODGATE_IS_SIGNED))
			return deny(MODGATE_REASON_UNSIGNED);
		return allow(MODGATE_REASON_APPROVED, true);
	}
	/* Row 7 */
	if (facts->ask(facts, MODGATE_IS_VENDORS))
		return allow(MODGATE_REASON_VENDOR, true);
	/* Row 8 */
	return deny(MODGATE_REASON_NOT_APPROVED);
}
