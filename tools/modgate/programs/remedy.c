// SPDX-License-Identifier: GPL-2.0-only
/*
 * For modgate why: whether a module loads, and which command would change that.
 */
#include <stdlib.h>
#include <string.h>

#include "base.h"
#include "crypto.h"
#include "kernel.h"
#include "keys.h"
#include "module.h"
#include "receipt.h"
#include "table.h"
#include "view.h"
#include "why.h"

static bool loads(const struct answer *a, const struct verdict *v, enum when when)
{
	return !a->kernel &&
	       (v->allow || !verdict_enforced(a->snap, when)) &&
	       !lockdown_refusal(a->snap, a->o, a->m, v);
}

bool loads_now(const struct answer *a)
{
	return loads(a, &a->now, NOW);
}

/* In state boot it is not a restart that is missing. */
bool loads_next(const struct answer *a)
{
	return a->has_next &&
	       strcmp(a->now.reason, MODGATE_REASON_NOT_SEALED) &&
	       loads(a, &a->next, NEXT);
}

/* Could it be the other way round now, for all that is known? */
bool loading_unsure(const struct answer *a)
{
	if (a->kernel)
		return false;
	return a->unsure || a->snap->assumed ||
	       (a->now.allow_unsure && verdict_enforced(a->snap, NOW)) ||
	       (a->now.vouch_unsure && lockdown_asks(a->snap, a->o, a->m));
}

bool stops_loading(const struct answer *a)
{
	return a->has_next && loads_now(a) && !loads_next(a);
}

/* What a command can be told the module by, as a shell takes it; to be freed. */
static char *target(const struct answer *a)
{
	static const char plain[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./+:,=@%-";
	const char *path = a->m->path;
	char hex[HEX_SIZE];

	if (path && *path && !path[strspn(path, plain)])
		return xstrdup(path);
	return xstrdup(digest_hex(hex, a->m->digest));
}

/*
 * One command more. Each exits with 6 when a restart is needed, so that "&&" would
 * end after the first.
 */
static void __printf(2, 3) also(char **commands, const char *format, ...)
{
	char *command, *longer;
	va_list ap;

	va_start(ap, format);
	command = vfmt(format, ap);
	va_end(ap);
	longer = fmt("%s%s%s", *commands ? *commands : "", *commands ? "; " : "",
		     command);
	free(command);
	free(*commands);
	*commands = longer;
}

/* Is it the owner's list, which the owner can change? */
static bool is_owners(const struct answer *a, const struct authority_view *view)
{
	char *path = key_path(a->o, KEY_OWNER, "pem");
	struct cert owner;
	bool same = false;

	if (!cert_read(path, &owner)) {
		same = view == snapshot_owner(a->snap, &owner);
		cert_free(&owner);
	}
	free(path);
	return same;
}

/* The commands that take a list's bans of it off. */
static void lift_bans(const struct answer *a, const struct authority_view *view,
		      char **commands)
{
	const struct modgate_ban *ban = NULL;
	char hex[HEX_SIZE], *name;

	while ((ban = ban_next(view->next, a->m, ban))) {
		if (modgate_le32(ban->kind) == MODGATE_BAN_CERT) {
			also(commands, "modgate ban --remove --signer=%s",
			     digest_hex(hex, ban->digest));
			continue;
		}
		name = target(a);
		also(commands, "modgate ban --remove %s", name);
		free(name);
	}
}

/* Likewise of all lists; or the name of who alone can do so, if not the owner. */
static const char *lift_all_bans(const struct answer *a, char **commands)
{
	size_t i;

	for (i = 0; i < a->snap->n_views; i++) {
		const struct authority_view *view = &a->snap->views[i];

		if (!view->next || !ban_next(view->next, a->m, NULL))
			continue;
		if (!is_owners(a, view))
			return view->name;
		lift_bans(a, view, commands);
	}
	return NULL;
}

/* Would an entry of a list approve it, if only mode and bans let it? */
static bool is_listed(const struct answer *a)
{
	const struct authority_view *view;

	return approval_find(a->snap, a->m, NEXT, 0, &view) ||
	       vendor_find(a->snap, a->m, NEXT, 0, &view);
}

/* Who has switched the owner's approvals off, or NULL. */
static const char *exclusive_list(const struct answer *a)
{
	size_t i;

	for (i = 0; i < a->snap->n_views; i++) {
		const struct authority_view *view = &a->snap->views[i];

		if (list_is_exclusive(view->next) && !is_owners(a, view))
			return view->name;
	}
	return NULL;
}

/* What takes every obstacle away that documents put up; or what cannot be. */
static char *find_commands(const struct answer *a, bool system, char **commands)
{
	const char *who = lift_all_bans(a, commands), *reason;
	char *name;

	if (who)
		return fmt("none here: %s has to take the ban off its list", who);
	if (system)
		return NULL;
	reason = verdict_if(a->snap, a->m, MODGATE_FACT(MODGATE_IS_LISTED),
			    MODGATE_FACT(MODGATE_IS_BANNED));
	if (!strcmp(reason, MODGATE_REASON_MODE) || !strcmp(reason, MODGATE_REASON_UNSIGNED))
		also(commands, "modgate mode listed");
	if (is_listed(a))
		return NULL;
	who = exclusive_list(a);
	if (who)
		return fmt("none here: the list of %s alone approves", who);
	name = target(a);
	also(commands, "modgate approve %s%s", name,
	     a->m->path ? "" : " --unseen");
	free(name);
	return NULL;
}

/*
 * The commands after which a restart lets it load, whatever it is now that stands
 * against it: bans, the mode, and that nobody has approved it.
 */
static char *change_documents(const struct answer *a)
{
	bool system = module_is_system(a->m);
	char *commands = NULL, *obstacle, *text;

	obstacle = system ? NULL : module_obstacle(a->snap, a->o, a->m);
	if (obstacle) {
		text = fmt("none: %s", obstacle);
		free(obstacle);
		return text;
	}
	text = find_commands(a, system, &commands);
	if (!text)
		text = fmt("%s%srestart", commands ? commands : "",
			   commands ? ", then " : "");
	free(commands);
	return text;
}

static const struct remedy {
	const char *reason;
	const char *text;
} remedies[] = {
	{ MODGATE_REASON_NO_POLICY, "put right what modgate verify finds, then restart" },
	{ MODGATE_REASON_NO_LIST, "put right what modgate verify finds, then restart" },
	{ MODGATE_REASON_NOT_SEALED, "load it again when the kernel is sealed" },
};

/* Where no change of documents helps, what does; else the commands that change them. */
static char *remedy_for(const char *reason, const struct answer *a)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(remedies); i++)
		if (!strcmp(reason, remedies[i].reason))
			return xstrdup(remedies[i].text);
	return a->has_next ? change_documents(a) : xstrdup("modgate init, then restart");
}

/* What is revoked or banned stays out, whoever has signed it. */
static bool may_be_system(const struct answer *a)
{
	return system_keys_lost(a->snap, a->m) &&
	       strcmp(a->now.reason, MODGATE_REASON_REVOKED) &&
	       strcmp(a->now.reason, MODGATE_REASON_BANNED);
}

/* Find what would have the module load; NULL if nothing would. */
void find_remedy(struct answer *a)
{
	if (a->kernel)
		a->remedy = a->m->sig.state == SIG_BROKEN || a->m->problem ?
			    xstrdup("install the module anew") :
			    xstrdup("not a matter of modgate: see what refuses");
	else if (loads_next(a))
		a->remedy = xstrdup("restart");
	else if (may_be_system(a))
		a->remedy =
			xstrdup("restart, then ask again: the kernel's own keys were invalidated");
	else if (a->has_next && a->next.allow)
		a->remedy = remedy_for(a->now.reason, a);
	else
		a->remedy = remedy_for(a->has_next ? a->next.reason :
						     a->now.reason, a);
}

/* approve adds flags to an entry and takes none off: the entry has to go first. */
static char *release_commands(const struct answer *a, const struct modgate_module *m,
			      const struct modgate_vendor *v)
{
	const char *demand = modgate_le32(m ? m->flags : v->flags) &
			     MODGATE_MODULE_ON_DEMAND ? " --on-demand" : "";
	char *commands = NULL, *name = m ? target(a) : NULL, *text;
	char hex[HEX_SIZE], *revoke;

	if (m)
		also(&commands, "modgate revoke %s", name);
	else
		also(&commands, "modgate revoke --vendor=%s --name='%s'",
		     digest_hex(hex, v->digest), (const char *)v->pattern);
	revoke = xstrdup(commands);
	if (m)
		also(&commands, "modgate approve%s %s%s", demand, name,
		     a->m->path ? "" : " --unseen");
	else
		also(&commands, "modgate approve%s --vendor=FILE --name='%s'", demand,
		     (const char *)v->pattern);
	text = fmt("%s, then restart; to keep it approved: %s, then restart", revoke, commands);
	free(revoke);
	free(commands);
	free(name);
	return text;
}

/* The kernel keeps it until restart, and after that if its entry still says so. */
void find_permanent(struct answer *a)
{
	const struct modgate_vendor *v = NULL;
	const struct modgate_module *m;
	const struct authority_view *view;

	a->permanent = receipt_permanent(&a->snap->kernel, a->m->digest);
	if (!a->permanent)
		return;
	m = approval_find(a->snap, a->m, NEXT, MODGATE_MODULE_PERMANENT, &view);
	if (!m)
		v = vendor_find(a->snap, a->m, NEXT, MODGATE_MODULE_PERMANENT, &view);
	if (!m && !v)
		a->release = xstrdup("restart");
	else if (is_owners(a, view))
		a->release = release_commands(a, m, v);
	else
		a->release = fmt("none here: %s has to take it off its list, or the flag",
				 view->name);
}
