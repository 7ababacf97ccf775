/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A vendor about to be approved: a certificate, and the names of modules that
 * its key may sign.
 */
#ifndef _MODGATE_VENDOR_RULE_H
#define _MODGATE_VENDOR_RULE_H

#include "base.h"
#include "change.h"
#include "crypto.h"
#include "document.h"
#include "module.h"

/**
 * struct vendor_rule - what becomes an entry of the list
 * @cert: of the vendor
 * @pattern: of module names
 * @flags: MODGATE_MODULE_*
 */
struct vendor_rule {
	struct cert cert;
	char *pattern;
	__u32 flags;
};

char *vendor_rule_from_module(struct vendor_rule *rule,
			      const struct module *module);
enum status vendor_rule_from_file(struct vendor_rule *rule, const char *path,
				  const char *pattern);
char *vendor_rule_obstacle(const struct vendor_rule *rule,
			   const struct owner *owner, const struct options *o);
bool vendor_rule_known(const struct vendor_rule *rule,
		       const struct owner *owner);
void vendor_rule_show(const struct vendor_rule *rule, const struct options *o);
struct json_object *vendor_rule_json(const struct vendor_rule *rule,
				     const struct options *o);
void vendor_rule_add(const struct vendor_rule *rule, struct draft *draft);
void vendor_rule_free(struct vendor_rule *rule);

#endif /* _MODGATE_VENDOR_RULE_H */
