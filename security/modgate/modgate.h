/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * modgate: what its files share. Read in this order: lsm.c, hooks.c, verdict.c.
 */
#ifndef _MODGATE_H
#define _MODGATE_H

#include <linux/key.h>
#include <linux/list.h>
#include <linux/lsm_hooks.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/spinlock.h>
#include "document.h"
#include "verdict.h"

/* What a refusal means: it is one, or it is only recorded. */
enum modgate_enforcing {
	MODGATE_ENFORCE,
	MODGATE_AUDIT,		/* the local policy has the flag audit */
	MODGATE_RECORD,		/* not provisioned */
};

/* signer.c: digests, keys and signatures */

/**
 * struct modgate_key - a certificate's key, alone in a keyring of its own
 * @keyring: not writable from user space
 * @key: the key in it
 */
struct modgate_key {
	struct key *keyring;
	struct key *key;
};

/* certs/system_certificates.S; only until init memory is freed */
extern const u8 system_certificate_list[];
extern const unsigned long system_certificate_list_size;

int modgate_sha384(const void *data, size_t size, u8 *digest);
int modgate_key_add(struct modgate_key *key, const char *name,
		    const void *cert, size_t size);
void modgate_key_drop(struct modgate_key *key);
int modgate_key_verify(const struct modgate_key *key, const u8 *digest,
		       const void *signature, size_t size);
bool modgate_is_builtin_cert(const u8 *digest);
const char *modgate_system_keys(void);

/**
 * struct modgate_signature - what is appended to a module
 * @module: that it was made over; NULL if nothing is appended
 * @module_size: of @module, in bytes
 * @bytes: the signature, PKCS#7
 * @size: of @bytes, in bytes
 * @message: @bytes parsed; NULL if there is no signature that can be read
 * @err: why it cannot be checked although there is one; else 0
 */
struct modgate_signature {
	const u8 *module;
	size_t module_size;
	const u8 *bytes;
	size_t size;
	struct pkcs7_message *message;
	int err;
};

void modgate_signature_find(struct modgate_signature *signature,
			    const void *module, size_t size);
void modgate_signature_drop(struct modgate_signature *signature);
bool modgate_signature_chained(const struct modgate_signature *signature);
bool modgate_signed_by_system(struct modgate_signature *signature);
bool modgate_signed_by_known(struct modgate_signature *signature);
int modgate_signed_by_key(struct modgate_signature *signature,
			  const struct modgate_key *key);

/* anchor.c: who may sign the local policy */

enum modgate_anchor_state {
	MODGATE_ANCHOR_NONE,
	MODGATE_ANCHOR_LOADED,
	MODGATE_ANCHOR_AWAITED,
	MODGATE_ANCHOR_MALFORMED,
	MODGATE_ANCHOR_CONFLICT,
	MODGATE_ANCHOR_INVALID,
};

/* anchor_cert.S */
extern const u8 modgate_anchor_cert[];
extern const u8 modgate_anchor_cert_end[];

void modgate_anchor_init(void);
bool modgate_anchor_settled(void);
bool modgate_provisioned(void);
enum modgate_anchor_state modgate_anchor_state(void);
bool modgate_anchor_digest(u8 *digest);
const struct modgate_key *modgate_anchor(void);
int modgate_anchor_load(const void *cert, size_t size, const char **rule);

/* early.c: before the kernel is ready */
bool modgate_starting(void);
int modgate_refuse_early(const char *what, struct file *file);
const char *modgate_acpi_tables(void);

/* freshness.c: no document that is older than one accepted before */

#define MODGATE_RULE_FLOOR \
	"generation: below the authority's floor in the local policy"

/**
 * struct modgate_claim - what a document says about its age
 * @slot: of its signer
 * @generation: of the document
 * @base: added to @generation before it is held against the counter
 * @floor: smallest generation that is accepted
 */
struct modgate_claim {
	u32 slot;
	u64 generation;
	u64 base;
	u64 floor;
};

/**
 * struct modgate_counters - the counters of a TPM, or of a test
 * @begin: keep everybody else away from the TPM; 0 or -ENODEV
 * @end: let them in again
 * @check: is there a counter of ours? 0; -ENODEV: no TPM; -ENOENT: nothing is
 *	   there; -EINVAL: something else is; -ENODATA: never written
 * @read: read its value
 * @increment: add one; after -EIO it may have been done or not
 *
 * All but @end may also return -EIO (the TPM does not answer) and -ENOMEM. All
 * but @begin are called between @begin and @end only: what @check has seen must
 * still be there for the last step.
 */
struct modgate_counters {
	int (*begin)(struct modgate_counters *counters);
	void (*end)(struct modgate_counters *counters);
	int (*check)(struct modgate_counters *counters, u32 index);
	int (*read)(struct modgate_counters *counters, u32 index, u64 *value);
	int (*increment)(struct modgate_counters *counters, u32 index);
};

extern bool modgate_freshness_tpm;

int modgate_freshness_judge(const struct modgate_claim *claim, u64 counter,
			    const char **rule);
int modgate_freshness_accept(struct modgate_counters *counters,
			     const struct modgate_claim *claim, u64 *counter,
			     const char **rule);
int modgate_freshness_check(const struct modgate_claim *claim, u64 *counter,
			    const char **rule);
const char *modgate_freshness_backend(void);

/* tpm.c: the one real chip */
extern struct modgate_counters modgate_tpm_counters;

#ifdef CONFIG_SECURITY_MODGATE_TPM
#define MODGATE_PCR CONFIG_SECURITY_MODGATE_PCR

void modgate_tpm_init(void);
bool modgate_tpm_present(void);
bool modgate_tpm_seen(void);
const char *modgate_tpm_state(void);
int modgate_tpm_srk_digest(u8 *digest);
int modgate_tpm_clock(u32 *resets, u32 *restarts);
int modgate_tpm_extend(const void *data, size_t size);
bool modgate_tpm_pcr_changed(const char **bank, u8 *value, size_t *size);
int modgate_tpm_parse_clock(const u8 *body, size_t size, u32 *resets,
			    u32 *restarts);
int modgate_tpm_parse_public(const u8 *body, size_t size, u32 index);
int modgate_tpm_parse_counter(const u8 *body, size_t size, u64 *value);
int modgate_tpm_parse_name(const u8 *body, size_t size, const u8 **name,
			   size_t *name_size);
#else
#define MODGATE_PCR (-1)

static inline void modgate_tpm_init(void)
{
}

static inline bool modgate_tpm_present(void)
{
	return false;
}

static inline bool modgate_tpm_seen(void)
{
	return false;
}

static inline const char *modgate_tpm_state(void)
{
	return "none";
}

static inline int modgate_tpm_srk_digest(u8 *digest)
{
	return -ENODEV;
}

static inline int modgate_tpm_clock(u32 *resets, u32 *restarts)
{
	return -ENODEV;
}

static inline bool modgate_tpm_pcr_changed(const char **bank, u8 *value,
					   size_t *size)
{
	return false;
}

static inline int modgate_tpm_extend(const void *data, size_t size)
{
	return -ENODEV;
}
#endif

/* machine.c: the machine's name */

/* Where it comes from. */
enum modgate_machine {
	MODGATE_MACHINE_NONE,
	MODGATE_MACHINE_TPM,
	MODGATE_MACHINE_KEY,
	MODGATE_MACHINE_DMI,
};

extern const char *const modgate_machine_names[];

int modgate_machine_by_key(const u8 *key, size_t size, u8 *name);
int modgate_machine_by_uuid(const char *uuid, u8 *name);
void modgate_machine_init(void);
enum modgate_machine modgate_machine_name(u8 *name, bool anew);
int modgate_machine_check(const u8 *wanted, bool policy, const char **rule);

/* measure.c: what a remote verifier needs to know about modgate */

#define MODGATE_RECORD_MAX 768		/* in bytes */
#define MODGATE_PCR_VALUE_MAX 64	/* in bytes; TPM2_MAX_DIGEST_SIZE */

/**
 * struct modgate_log - what was measured in this boot
 * @lock: of all below; numbers are read without it
 * @records: append only
 * @n_records: their number
 * @n_measured: how many of them the TPM has taken
 * @n_errors: how many records it has not, or there was no memory for
 * @n_changed: how often the PCR was found with a value that is not ours
 * @broken: -EIO once something that has happened is not in the PCR
 * @line: the record that is being made
 */
struct modgate_log {
	struct mutex lock;	/* of all below */
	struct list_head records;
	u32 n_records;
	u32 n_measured;
	u32 n_errors;
	u32 n_changed;
	int broken;
	char line[MODGATE_RECORD_MAX];
};

#if IS_ENABLED(CONFIG_KUNIT)
void *modgate_log_alloc(size_t size);
__printf(3, 4) int modgate_log_add(struct modgate_log *log, const char *event,
				   const char *format, ...);
#endif

void modgate_measure_boot(void);
int modgate_measure_document(const char *what,
			     const struct modgate_document *doc,
			     const u8 *digest, u64 counter);
void modgate_measure_sealed(const char *by);
void modgate_measure_closed(u32 lines, const u8 *hash);
void modgate_measure_lost(u32 lines);
int modgate_measure_module(const char *text);
bool modgate_measure_broken(void);
void modgate_measure_pcr_show(struct seq_file *m);
void modgate_measure_show(struct seq_file *m);
extern const struct file_operations modgate_log_fops;

/* policy.c: the documents in force, and the state */

/**
 * struct modgate_list - an approved list in force
 * @doc: its entries
 * @digest: SHA-384 of the document
 * @counter: of its signer, after it was accepted; 0 without freshness
 * @bytes: the write to load that it came with
 * @banned_keys: keys of its MODGATE_BAN_CERT entries
 * @n_banned_keys: their number
 * @vendor_keys: keys of @doc.vendors, in the same order
 */
struct modgate_list {
	struct modgate_document doc;
	u8 digest[MODGATE_DIGEST_SIZE];
	u64 counter;
	void *bytes;
	struct modgate_key *banned_keys;
	u32 n_banned_keys;
	struct modgate_key *vendor_keys;
};

/**
 * struct modgate_policy - the local policy in force
 * @doc: its authorities
 * @digest: SHA-384 of the document
 * @counter: of the anchor, after it was accepted; 0 without freshness
 * @bytes: the write to load that it came with
 * @mode: MODGATE_MODE_*
 * @flags: MODGATE_POLICY_*
 * @keys: keys of @doc.authorities, in the same order
 * @lists: their lists; NULL until accepted; never freed afterwards
 */
struct modgate_policy {
	struct modgate_document doc;
	u8 digest[MODGATE_DIGEST_SIZE];
	u64 counter;
	void *bytes;
	u32 mode;
	u32 flags;
	struct modgate_key keys[MODGATE_AUTHORITIES_MAX];
	struct modgate_list *lists[MODGATE_AUTHORITIES_MAX];
};

const struct modgate_policy *modgate_policy(void);
const struct modgate_list *modgate_list(const struct modgate_policy *policy,
					u32 authority);
extern bool modgate_recovery;

static inline const char *modgate_boot_kind(void)
{
	return modgate_recovery ? "recovery" : "normal";
}

void modgate_rules_get(struct modgate_rules *rules);
u32 modgate_missing_lists(const struct modgate_policy *policy);
enum modgate_state modgate_state(void);
const char *modgate_ended_by(void);
void modgate_seal(const char *by);
void modgate_close(void);
enum modgate_enforcing modgate_enforcing(void);
bool modgate_kexec_allowed(void);
int modgate_load(void *bytes, size_t size, bool *keep);
int modgate_load_refuse(int err, const char *rule);
void modgate_load_error_show(struct seq_file *m);
bool modgate_bans_digests(void);
bool modgate_is_banned(const u8 *digest);
bool modgate_approval(const u8 *digest, const u8 **authority, u32 *flags);
typedef bool modgate_vendor_match(const struct modgate_vendor *vendor,
				  const struct modgate_key *key, void *context);
const u8 *modgate_any_vendor(modgate_vendor_match *match, void *context);
int modgate_revoke(const u8 *digest);
bool modgate_is_revoked(const u8 *digest);
u32 modgate_revoked_count(void);

/* events.c and audit.c: telling people */

/**
 * struct modgate_event - a refused (or would-be-refused) load
 * @op: "module", "kexec" or "bpf"
 * @reason: MODGATE_REASON_*
 * @enforcing: whether it was refused
 * @digest: SHA-384 of the module, or NULL
 * @path: of the file, or NULL; what comes after the last slash names it
 */
struct modgate_event {
	const char *op;
	const char *reason;
	enum modgate_enforcing enforcing;
	const u8 *digest;
	const char *path;
};

void modgate_event_record(const struct modgate_event *event);
u64 modgate_event_total(void);
/* How strings from outside are written: string_escape_mem(), its flags and "only". */
#define MODGATE_ESCAPE (ESCAPE_HEX | ESCAPE_NAP | ESCAPE_APPEND)
#define MODGATE_ESCAPE_ALSO " \"\\="

void modgate_show_string(struct seq_file *m, const char *s);
extern const struct file_operations modgate_events_fops;
void modgate_name_of(const char *path, char name[MODGATE_NAME_SIZE]);
void modgate_audit_verdict(const struct modgate_event *event);
void modgate_audit_document(const struct modgate_document *doc,
			    const u8 *digest, const char *what, int err,
			    const char *rule, u64 offset);

/* hooks.c */
int modgate_hooks_init(const struct lsm_id *id);
void modgate_window_end(void);
#if IS_ENABLED(CONFIG_KUNIT)
int modgate_judge(const void *bytes, size_t size, struct file *file);
#endif

/* lsm.c */

struct modgate_line;

/**
 * struct modgate_task - what modgate remembers with a task
 * @vouched: the buffer of a module that the owner approved, until it is used
 * @digest: of the module being loaded, if @digested
 * @content: of it without its signature, likewise
 * @name: that the module must come up with; empty if its file does not tell
 * @line: its line of the receipt; NULL for a system module, or if it has none
 * @reason: of the verdict on it, MODGATE_REASON_*
 * @authority: whose list allowed it, SHA-384 of the certificate; or NULL
 * @permanent: that list says that it may not be unloaded
 * @until_closed: it is allowed only as long as the gate is open
 * @judged: a module was allowed and has not come up yet
 * @digested: its digests were needed
 * @judging: the task is inside a verdict
 */
struct modgate_task {
	const void *vouched;
	u8 digest[MODGATE_DIGEST_SIZE];
	u8 content[MODGATE_DIGEST_SIZE];
	char name[MODULE_NAME_LEN];
	struct modgate_line *line;
	const char *reason;
	const u8 *authority;
	bool permanent;
	bool until_closed;
	bool judged;
	bool digested;
	bool judging;
};

extern bool modgate_enabled;
struct modgate_task *modgate_task(const struct task_struct *task);

/* receipt.c: what has been in this kernel */

#define MODGATE_RECEIPT_MAX 16384	/* lines; Documentation/ABI says so too */

/**
 * struct modgate_receipt - all that was allowed to come up
 * @writers: held to add a line, as long as the TPM takes to measure it
 * @lock: of all below, which only holders of @writers add to
 * @lines: append only
 * @n_lines: their number
 * @lost: number of modules that were allowed without a line
 * @hash: SHA-384 over the hash before and the text of the last line; at first
 *	  zero
 */
struct modgate_receipt {
	struct mutex writers;	/* one line at a time */
	spinlock_t lock;	/* of all below */
	struct list_head lines;
	u32 n_lines;
	u32 lost;
	u8 hash[MODGATE_DIGEST_SIZE];
};

#if IS_ENABLED(CONFIG_KUNIT)
int modgate_receipt_add(struct modgate_receipt *r,
			const struct modgate_task *task,
			struct modgate_line **line,
			int (*measure)(const char *text));
void modgate_receipt_up(struct modgate_receipt *r, struct modgate_line *line,
			const struct module *module, bool permanent);
void modgate_receipt_move(struct modgate_receipt *r, struct module *module,
			  unsigned long state);
#endif

int modgate_receipt_judged(const struct modgate_task *task,
			   struct modgate_line **line);
void modgate_receipt_coming(struct modgate_line *line,
			    const struct module *module, bool permanent);
void modgate_receipt_state(struct module *module, unsigned long state);
void modgate_receipt_lost(void);
void modgate_receipt_closed(void);
extern const struct file_operations modgate_receipt_fops;

#endif /* _MODGATE_H */
