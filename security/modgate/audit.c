// SPDX-License-Identifier: GPL-2.0-only
/*
 * Audit records: one per refusal, one per document written to load.
 */
#include <linux/audit.h>
#include <linux/cred.h>
#include <linux/errname.h>
#include <linux/gfp.h>
#include <linux/string.h>
#include <linux/uidgid.h>
#include "audit.h"
#include "document.h"
#include "events.h"
#include "policy.h"

static struct audit_buffer *start(int type)
{
	return audit_log_start(audit_context(), GFP_KERNEL | __GFP_NOWARN,
			       type);
}

static void log_digest(struct audit_buffer *ab, const char *key,
		       const u8 *digest)
{
	if (digest)
		audit_log_format(ab, " %s=%*phN", key, MODGATE_DIGEST_SIZE,
				 digest);
	else
		audit_log_format(ab, " %s=?", key);
}

static void log_task(struct audit_buffer *ab)
{
	char comm[TASK_COMM_LEN];

	audit_log_format(ab, " pid=%d uid=%u auid=%u ses=%u comm=",
			 task_tgid_nr(current),
			 from_kuid(&init_user_ns, current_uid()),
			 from_kuid(&init_user_ns, audit_get_loginuid(current)),
			 audit_get_sessionid(current));
	audit_log_untrustedstring(ab, get_task_comm(comm, current));
}

/**
 * modgate_audit_verdict() - record a refusal, or what would have been one
 * @event: what happened
 */
void modgate_audit_verdict(const struct modgate_event *event)
{
	struct audit_buffer *ab = start(AUDIT_MODGATE_VERDICT);
	char name[MODGATE_NAME_SIZE];

	if (!ab)
		return;
	audit_log_format(ab, "op=%s verdict=%s reason=%s", event->op,
			 event->enforcing == MODGATE_ENFORCE ? "deny" :
							       "would-deny",
			 event->reason);
	log_digest(ab, "digest", event->digest);
	audit_log_format(ab, " name=");
	modgate_name_of(event->path, name);
	audit_log_untrustedstring(ab, name[0] ? name : "?");
	log_task(ab);
	audit_log_format(ab, " path=");
	audit_log_untrustedstring(ab, event->path ?: "?");
	audit_log_format(ab, " res=%d",
			 event->enforcing == MODGATE_ENFORCE ? 0 : 1);
	audit_log_end(ab);
}

/**
 * modgate_audit_document() - record that a document was accepted or refused
 * @doc: the document, if it was well-formed, or NULL
 * @digest: of @doc
 * @what: "certificate", "bundle", "document", "policy" or "list"
 * @err: 0, or a negative errno
 * @rule: the broken rule, or NULL
 * @offset: where the rule broke, in bytes
 */
void modgate_audit_document(const struct modgate_document *doc,
			    const u8 *digest, const char *what, int err,
			    const char *rule, u64 offset)
{
	struct audit_buffer *ab = start(AUDIT_MODGATE_DOCUMENT);

	if (!ab)
		return;
	audit_log_format(ab, "op=load what=%s", what);
	if (doc) {
		log_digest(ab, "digest",
			   memchr_inv(digest, 0, MODGATE_DIGEST_SIZE) ?
			   digest : NULL);
		log_digest(ab, "signer", doc->header->signer);
		audit_log_format(ab, " generation=%llu",
				 modgate_le64(doc->header->generation));
	}
	if (err)
		audit_log_format(ab, " errno=%s offset=%llu rule=\"%s\"",
				 errname(-err) ?: "error", offset,
				 rule ?: "failed");
	log_task(ab);
	audit_log_format(ab, " res=%d", !err);
	audit_log_end(ab);
}
