/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The CMS (PKCS#7) signature of a module.
 */
#ifndef _MODGATE_CMS_H
#define _MODGATE_CMS_H

#include <openssl/cms.h>

#include "trust.h"

#define SIG_CHANGED \
	"it does not match the module: either was changed after signing"

CMS_SignerInfo *cms_signer(CMS_ContentInfo *cms);
const char *cms_attribute_problem(CMS_ContentInfo *cms, CMS_SignerInfo *si,
				  const void *content, size_t size);
bool cms_verify_by(CMS_ContentInfo *cms, const struct cert *cert,
		   const void *content, size_t size);

#endif /* _MODGATE_CMS_H */
