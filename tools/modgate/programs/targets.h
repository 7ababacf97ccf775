/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What approve, ban and revoke have in common: modules that a person names, and the
 * owner's list.
 */
#ifndef _MODGATE_TARGETS_H
#define _MODGATE_TARGETS_H

#include "base.h"
#include "change.h"
#include "module.h"

struct module;

/**
 * struct targets - what the command line says of them
 * @o: options
 * @owner: whose list is to be changed
 * @release: of the kernel whose modules are meant
 * @running: of the running one
 */
struct targets {
	struct options *o;
	struct owner owner;
	const char *release;
	char *running;
};

void targets_begin(struct targets *t, struct options *o);
enum status targets_option(struct targets *t, int c);
enum status targets_look_up(const struct targets *t, const char *target,
			    const char *cert_path, struct module *module);
enum status targets_module(const struct targets *t, const char *target,
			   struct module *module);
void targets_end(struct targets *t);

#endif /* _MODGATE_TARGETS_H */
