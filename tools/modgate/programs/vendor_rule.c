// SPDX-License-Identifier: GPL-2.0-only
/*
 * A vendor about to be approved: where its certificate comes from, what stands
 * against it, and what a person should know.
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base.h"
#include "change.h"
#include "crypto.h"
#include "document.h"
#include "module.h"
#include "programs.h"
#include "report.h"
#include "table.h"
#include "vendor_rule.h"
#include "view.h"

/* What the format takes; of a pattern, wildcards as well. */
static bool is_pattern(const char *s, const char *wildcards)
{
	size_t i;

	for (i = 0; s[i]; i++)
		if (!isascii(s[i]) ||
		    (!isalnum(s[i]) && !strchr("_.+-", s[i]) &&
		     !strchr(wildcards, s[i])))
			return false;
	return i && i < MODGATE_NAME_SIZE;
}

/**
 * vendor_rule_from_module() - this name, by the signer of this module
 * @rule: filled in; to be freed
 * @module: from a file
 *
 * Return: NULL; or why it cannot be, to be freed.
 */
char *vendor_rule_from_module(struct vendor_rule *rule,
			      const struct module *module)
{
	const struct modsig *sig = &module->sig;

	if (!module->path)
		return xstrdup("no file with this digest was found, so its signer is not known");
	if (sig->state == SIG_NONE)
		return xstrdup("not signed; without --rebuilds, this build alone is approved");
	if (sig->chained)
		return xstrdup("its signature brings certificates along; chains are not followed");
	if (sig->key_unknown)
		return fmt("%s; --vendor=CERT --name=%s approves the same, unchecked here",
			   sig->problem, dash(module_info(module, "name")));
	if (sig->state != SIG_VERIFIED)
		return fmt("%s", dash(sig->problem));
	if (!is_pattern(dash(module_info(module, "name")), ""))
		return xstrdup("it says no name that a list could hold");
	if (cert_parse(sig->cert, sig->cert_size, &rule->cert))
		return xstrdup("its signer's certificate cannot be read");
	rule->pattern = xstrdup(module_info(module, "name"));
	return NULL;
}

/**
 * vendor_rule_from_file() - a vendor by its certificate
 * @rule: filled in; to be freed
 * @path: of the certificate, PEM or DER
 * @pattern: of module names, or NULL for all; "-" is "_" in the name of a module
 *
 * Return: ST_OK, or a status after saying why not.
 */
enum status vendor_rule_from_file(struct vendor_rule *rule, const char *path,
				  const char *pattern)
{
	int err = cert_read(path, &rule->cert);
	bool set = false;
	char *p;

	if (err == -EINVAL)
		return fail(ST_NO, "%s: not an X.509 certificate, PEM or DER", path);
	if (err)
		return fail_errno(err, "%s", path);
	if (pattern && !is_pattern(pattern, "*?[]"))
		return usage("--name=%s: at most %d of A-Z a-z 0-9 _ . + - * ? [ ]",
			     pattern, MODGATE_NAME_SIZE - 1);
	rule->pattern = xstrdup(pattern ? pattern : "*");
	/* Not between brackets, where it is a range. */
	for (p = rule->pattern; *p; p++) {
		set = *p == '[' || (set && *p != ']');
		if (*p == '-' && !set)
			*p = '_';
	}
	return ST_OK;
}

/**
 * vendor_rule_obstacle() - what stands against it
 * @rule: a vendor
 * @owner: the owner's list
 * @o: options
 *
 * A certificate that the kernel cannot take would cost the whole list.
 *
 * Return: why, to be freed; or NULL.
 */
char *vendor_rule_obstacle(const struct vendor_rule *rule,
			   const struct owner *owner, const struct options *o)
{
	const unsigned int its = MODGATE_FACT(MODGATE_IS_SIGNED) | MODGATE_FACT(MODGATE_IS_VENDORS);
	const char *reason = verdict_if(&owner->snapshot, NULL, its, ALL_FACTS & ~its);

	if (!strcmp(reason, MODGATE_REASON_MODE))
		return xstrdup("the local policy has mode system: no third-party module loads");
	if (!(modgate_le32(owner->view->authority->roles) & MODGATE_ROLE_VENDOR))
		return xstrdup("the local policy does not let the owner approve vendors");
	return certificate_obstacle(o, &rule->cert);
}

/* Is this entry on the list already, with these flags? */
bool vendor_rule_known(const struct vendor_rule *rule,
		       const struct owner *owner)
{
	const struct modgate_vendor *v =
		vendor_entry(owner->base, rule->cert.digest, rule->pattern);

	return v && !(rule->flags & ~modgate_le32(v->flags));
}

void vendor_rule_show(const struct vendor_rule *rule, const struct options *o)
{
	char *subject = cert_subject(rule->cert.x509);
	char *key = cert_key_on_disk(o, &rule->cert);
	char hex[HEX_SIZE], *text;

	say("Every module %s that this vendor signs\n", rule->pattern);
	report_field("vendor", subject);
	report_field("certificate", digest_hex(hex, rule->cert.digest));
	if (key) {
		text = fmt("whoever is root here can sign such a module, with %s",
			   key);
		report_field("note", text);
		free(text);
	}
	free(key);
	free(subject);
}

struct json_object *vendor_rule_json(const struct vendor_rule *rule,
				     const struct options *o)
{
	struct json_object *j = json_object_new_object();
	char *subject = cert_subject(rule->cert.x509);
	char *key = cert_key_on_disk(o, &rule->cert);

	json_str(j, "vendor", subject);
	json_digest(j, "certificate", rule->cert.digest);
	json_str(j, "names", rule->pattern);
	json_str(j, "key_on_disk", key);
	free(key);
	free(subject);
	return j;
}

/* Replaces an entry with other flags. */
void vendor_rule_add(const struct vendor_rule *rule, struct draft *draft)
{
	struct modgate_vendor *v;

	draft_remove_vendor(draft, rule->cert.digest, rule->pattern);
	v = draft_vendor(draft, &rule->cert);
	v->flags = le32(rule->flags);
	draft_name(v->pattern, rule->pattern);
}

void vendor_rule_free(struct vendor_rule *rule)
{
	cert_free(&rule->cert);
	free(rule->pattern);
}
