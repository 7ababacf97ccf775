/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The verdict on a module: what it depends on, and the table. One table for the kernel
 * and the tool: it calls nothing of the kernel's and nothing of libc's.
 */
#ifndef _MODGATE_VERDICT_H
#define _MODGATE_VERDICT_H

#ifdef __KERNEL__
#include <linux/types.h>
#else
#include <stdbool.h>
#include <stddef.h>
#endif
#include <linux/modgate.h>

/* State of this boot. It only ever goes up. */
enum modgate_state {
	MODGATE_BOOT,
	MODGATE_SEALED,
	MODGATE_CLOSED,
};

/* Questions about a module; answered only when the table needs them. */
enum modgate_fact {
	MODGATE_IS_REVOKED,
	MODGATE_IS_BANNED,
	MODGATE_IS_SYSTEM,
	MODGATE_IS_LISTED,
	MODGATE_IS_ON_DEMAND,
	MODGATE_IS_SIGNED,
	MODGATE_IS_VENDORS,
};

/* A fact as a bit, where several of them are in one number. */
#define MODGATE_FACT(fact) (1U << (fact))

/**
 * struct modgate_facts - the module that a verdict is about
 * @ask: answers one question
 */
struct modgate_facts {
	bool (*ask)(struct modgate_facts *facts, enum modgate_fact fact);
};

/**
 * struct modgate_rules - all that a verdict depends on besides the module
 * @state: state of this boot
 * @policy: a local policy is in force
 * @lists: every required list is in force
 * @mode: MODGATE_MODE_* of the local policy
 */
struct modgate_rules {
	enum modgate_state state;
	bool policy;
	bool lists;
	__u32 mode;
};

/**
 * struct modgate_verdict - may it load?
 * @allow: yes
 * @vouch: yes because the owner approved it, so that lockdown lets it through
 * @reason: MODGATE_REASON_*
 */
struct modgate_verdict {
	bool allow;
	bool vouch;
	const char *reason;
};

struct modgate_verdict modgate_decide(const struct modgate_rules *rules,
				      struct modgate_facts *facts);

#endif /* _MODGATE_VERDICT_H */
