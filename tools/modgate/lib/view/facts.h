/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is known in user space of the facts that the kernel's verdict table asks for.
 */
#ifndef _MODGATE_FACTS_H
#define _MODGATE_FACTS_H

#include "table.h"
#include "view.h"

#define FACTS		(MODGATE_IS_VENDORS + 1)

/**
 * struct module_facts - a module, as far as its verdict needs it
 * @known: its facts, as the table takes them
 * @why: of each unknown one, why it is not known
 */
struct module_facts {
	struct known_facts known;
	const char *why[FACTS];
};

void facts_supposed(struct module_facts *facts, unsigned int yes, unsigned int no);
void facts_find(struct module_facts *facts, const struct modgate_rules *rules,
		const struct snapshot *snapshot, const struct module *module, enum when when);

#endif /* _MODGATE_FACTS_H */
