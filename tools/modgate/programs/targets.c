// SPDX-License-Identifier: GPL-2.0-only
/*
 * What approve, ban and revoke have in common: the options that say where to look and
 * what to start from, and the way from what a person says to a module.
 */
#include <stdlib.h>

#include "base.h"
#include "change.h"
#include "kernel.h"
#include "module.h"
#include "programs.h"
#include "targets.h"

/* Of the running kernel, unless options say otherwise; to be ended. */
void targets_begin(struct targets *t, struct options *o)
{
	t->o = o;
	t->running = kernel_release();
	t->release = t->running;
}

/**
 * targets_option() - take an option that all of these verbs have
 * @t: as begun
 * @c: 'k' for --kernel, 'g' for --generation, with optarg; others say nothing
 *
 * Return: ST_OK, or ST_USAGE if it is wrong, or '?'.
 */
enum status targets_option(struct targets *t, int c)
{
	if (c == 'k')
		t->release = optarg;
	else if (c == 'g' && owner_base(&t->owner, optarg))
		return usage("--generation=%s: not a number", optarg);
	return c == '?' ? ST_USAGE : ST_OK;
}

/**
 * targets_look_up() - find what a person means
 * @t: with the owner's list opened
 * @target: path, name, digest, or number of a pending entry
 * @cert_path: a certificate that may have signed it, or NULL
 * @module: filled in; to be freed, also after an error
 *
 * Return: as lookup_target().
 */
enum status targets_look_up(const struct targets *t, const char *target,
			    const char *cert_path, struct module *module)
{
	return lookup_target(module, t->o, &t->owner.snapshot.kernel, t->release,
			     target, cert_path);
}

/* The same, but a file has to be a module; ST_NO after saying why it is none. */
enum status targets_module(const struct targets *t, const char *target,
			   struct module *module)
{
	enum status status = targets_look_up(t, target, NULL, module);

	if (!status && module->problem)
		status = fail(ST_NO, "%s: not a module: %s", target, module->problem);
	return status;
}

void targets_end(struct targets *t)
{
	owner_close(&t->owner);
	free(t->running);
}
