// SPDX-License-Identifier: GPL-2.0-only
/*
 * The hooks: they gather facts, ask for the verdict, and carry it out.
 *
 * Both ways to load a module show the hook the very buffer that is then
 * loaded. The verdict stays with the loading task until the module comes up.
 */
#include <kunit/visibility.h>
#include <linux/binfmts.h>
#include <linux/bpf.h>
#include <linux/file.h>
#include <linux/fs_struct.h>
#include <linux/glob.h>
#include <linux/init.h>
#include <linux/kernel_read_file.h>
#include <linux/module.h>
#include <linux/security.h>
#include <linux/slab.h>
#include "audit.h"
#include "compat.h"
#include "document.h"
#include "early.h"
#include "events.h"
#include "hooks.h"
#include "module_name.h"
#include "policy.h"
#include "receipt.h"
#include "revoke.h"
#include "signer.h"
#include "state.h"
#include "task.h"
#include "verdict.h"

/* A module in memory, as the verdict's facts; made when they are asked for. */
struct candidate {
	struct modgate_facts facts;
	const void *bytes;
	size_t size;			/* in bytes */
	struct modgate_signature signature;
	u8 digest[MODGATE_DIGEST_SIZE];
	u8 content[MODGATE_DIGEST_SIZE];	/* without the signature, if it has one */
	bool digested;
	bool failed;			/* a digest that was needed was not made */
	bool undecided;			/* a banned key may have signed it, or not */
	char name[MODULE_NAME_LEN];
	bool named;
	const u8 *authority;		/* whose list allows it */
	u32 flags;			/* of its entry there, MODGATE_MODULE_* */
	const u8 *vendor;		/* SHA-384 of the last certificate tried */
	bool by_vendor;			/* and whether its key made the signature */
};

/* Both digests. */
static bool make_digest(struct candidate *c)
{
	if (c->digested)
		return true;
	if (modgate_sha384(c->bytes, c->size, c->digest))
		return false;
	memcpy(c->content, c->digest, sizeof(c->content));
	c->digested = !c->signature.module ||
		      !modgate_sha384(c->signature.module,
				      c->signature.module_size, c->content);
	return c->digested;
}

/*
 * The same signature can be written in many ways, and nobody signs how. So what
 * must not load is known by what was signed as well.
 */
static bool is_revoked(const u8 *digest, const u8 *content)
{
	return modgate_is_revoked(digest) || modgate_is_revoked(content);
}

static bool is_banned_by_digest(const u8 *digest, const u8 *content)
{
	return modgate_is_banned(digest) || modgate_is_banned(content);
}

/* A verdict that rests on a digest is none without it. */
static bool need_digest(struct candidate *c)
{
	if (!make_digest(c))
		c->failed = true;
	return c->digested;
}

static bool is_banned(struct candidate *c)
{
	const struct modgate_policy *policy = modgate_policy();
	const struct modgate_list *list;
	u32 i, k;
	int err;

	if (modgate_bans_digests() && need_digest(c) &&
	    is_banned_by_digest(c->digest, c->content))
		return true;
	for (i = 0; policy && i < policy->doc.n_authorities; i++) {
		list = modgate_list(policy, i);
		for (k = 0; list && k < list->n_banned_keys; k++) {
			err = modgate_signed_by_key(&c->signature,
						    &list->banned_keys[k]);
			if (!err)
				return true;
			if (err != -ENOKEY)
				c->undecided = true;
		}
	}
	return false;
}

/*
 * The entries of one certificate stand together, so that its key is tried once.
 * Who brings certificates along has no vendor: chains are not followed.
 */
static bool by_vendor(const struct modgate_vendor *vendor,
		      const struct modgate_key *key, void *candidate)
{
	struct candidate *c = candidate;

	if (modgate_signature_chained(&c->signature))
		return false;
	if (!c->vendor || memcmp(c->vendor, vendor->digest, sizeof(vendor->digest))) {
		c->vendor = vendor->digest;
		c->by_vendor = !modgate_signed_by_key(&c->signature, key);
	}
	return c->by_vendor;
}

/* What the module says that it is called; empty if it does not. */
static const char *name_of(struct candidate *c)
{
	static const struct modgate_module_layout layout = {
		.size = sizeof(struct module),
		.name_offset = offsetof(struct module, name),
		.name_size = sizeof_field(struct module, name),
	};

	if (!c->named && modgate_module_name(c->bytes, c->size, &layout, c->name))
		c->name[0] = 0;
	c->named = true;
	return c->name;
}

/* A name is worth something only if a vendor has signed it. */
static bool by_vendor_with_name(const struct modgate_vendor *vendor,
				const struct modgate_key *key, void *candidate)
{
	struct candidate *c = candidate;

	if (!by_vendor(vendor, key, c) || !*name_of(c) ||
	    !glob_match(vendor->pattern, c->name))
		return false;
	c->flags |= modgate_le32(vendor->flags);
	return true;
}

static bool by_vendor_on_demand(const struct modgate_vendor *vendor,
				const struct modgate_key *key, void *candidate)
{
	return modgate_le32(vendor->flags) & MODGATE_MODULE_ON_DEMAND &&
	       by_vendor_with_name(vendor, key, candidate);
}

static bool by_vendor_permanent(const struct modgate_vendor *vendor,
				const struct modgate_key *key, void *candidate)
{
	return modgate_le32(vendor->flags) & MODGATE_MODULE_PERMANENT &&
	       by_vendor_with_name(vendor, key, candidate);
}

static bool is_listed(struct candidate *c)
{
	return need_digest(c) &&
	       modgate_approval(c->digest, &c->authority, &c->flags);
}

/* By any of those who allow it. */
static bool is_permanent(struct candidate *c)
{
	return c->flags & MODGATE_MODULE_PERMANENT ||
	       modgate_any_vendor(by_vendor_permanent, c);
}

static bool ask(struct modgate_facts *facts, enum modgate_fact fact)
{
	struct candidate *c = container_of(facts, struct candidate, facts);

	switch (fact) {
	case MODGATE_IS_REVOKED:
		return modgate_revoked_count() && need_digest(c) &&
		       is_revoked(c->digest, c->content);
	case MODGATE_IS_BANNED:
		return is_banned(c);
	case MODGATE_IS_SYSTEM:
		return modgate_signed_by_system(&c->signature);
	case MODGATE_IS_LISTED:
		return is_listed(c);
	case MODGATE_IS_ON_DEMAND:
		return (is_listed(c) && c->flags & MODGATE_MODULE_ON_DEMAND) ||
		       modgate_any_vendor(by_vendor_on_demand, c);
	case MODGATE_IS_SIGNED:
		return modgate_signed_by_known(&c->signature) ||
		       modgate_any_vendor(by_vendor, c);
	case MODGATE_IS_VENDORS:
		c->authority = modgate_any_vendor(by_vendor_with_name, c);
		return c->authority;
	}
	return false;
}

/* Refuses, or records what would have been refused. */
static int refuse(const char *op, const char *reason, const u8 *digest,
		  struct file *file)
{
	struct modgate_event event = {
		.op = op,
		.reason = reason,
		.enforcing = modgate_enforcing(),
		.digest = digest,
	};
	char *buffer = NULL;
	char *path;

	if (file) {
		buffer = kmalloc(PATH_MAX, GFP_KERNEL);
		path = buffer ? file_path(file, buffer, PATH_MAX) : NULL;
		if (!IS_ERR_OR_NULL(path))
			event.path = path;
	}
	modgate_event_record(&event);
	modgate_audit_verdict(&event);
	kfree(buffer);
	return event.enforcing == MODGATE_ENFORCE ? -EPERM : 0;
}

static bool is_system(const struct modgate_task *task)
{
	return task->judged && !strcmp(task->reason, MODGATE_REASON_SYSTEM);
}

/*
 * Before the loader does anything with the module, relocations included, which may
 * write anywhere. What cannot be written into the receipt, or measured, is refused.
 */
static int write_receipt(struct modgate_task *task, struct file *file)
{
	int err, written = modgate_receipt_judged(task, &task->line);

	if (!written)
		return 0;
	err = refuse("module", MODGATE_REASON_ERROR,
		     task->digested ? task->digest : NULL, file);
	if (!err && !task->line)
		modgate_receipt_lost();
	return err;
}

/* The verdict stays with the task until the module comes up. */
static void remember(struct modgate_task *task, struct candidate *c,
		     const struct modgate_verdict *verdict)
{
	task->judged = true;
	task->digested = c->digested;
	memcpy(task->digest, c->digest, sizeof(task->digest));
	memcpy(task->content, c->content, sizeof(task->content));
	task->reason = verdict->reason;
	if (!is_system(task))
		strscpy(task->name, name_of(c));
	/* Rows 6 and 7: somebody's list allows it. */
	if (verdict->vouch) {
		task->vouched = c->bytes;
		task->authority = c->authority;
	}
}

/**
 * modgate_judge() - may a module load?
 * @bytes: of the module, which are then loaded
 * @size: of @bytes
 * @file: that they came from, or NULL
 *
 * Return: 0, and the verdict is remembered with the task; -EPERM.
 */
VISIBLE_IF_KUNIT int modgate_judge(const void *bytes, size_t size,
				   struct file *file)
{
	struct modgate_task *task = modgate_task(current);
	struct candidate c = {
		.facts.ask = ask,
		.bytes = bytes,
		.size = size,
	};
	struct modgate_verdict verdict;
	struct modgate_rules rules;
	bool permanent, until_closed;
	int err = 0;

	modgate_task_forget(task);
	task->judging = true;
	modgate_signature_find(&c.signature, bytes, size);
	modgate_rules_get(&rules);
	verdict = modgate_decide(&rules, &c.facts);
	/* A list that bans it may come before the module comes up. */
	if (rules.state == MODGATE_BOOT || !verdict.allow)
		make_digest(&c);
	permanent = verdict.vouch && is_permanent(&c);
	until_closed = verdict.vouch && rules.state != MODGATE_CLOSED &&
		       !ask(&c.facts, MODGATE_IS_ON_DEMAND);
	modgate_signature_drop(&c.signature);
	task->judging = false;

	if (c.failed || (c.undecided && verdict.vouch))
		verdict = (struct modgate_verdict){
			.reason = MODGATE_REASON_ERROR,
		};
	if (!verdict.allow)
		err = refuse("module", verdict.reason,
			     c.digested ? c.digest : NULL, file);
	if (err)
		return err;
	remember(task, &c, &verdict);
	task->permanent = verdict.vouch && permanent;
	task->until_closed = verdict.vouch && until_closed;
	if (!is_system(task))
		err = write_receipt(task, file);
	if (err)
		modgate_task_forget(task);
	return err;
}

static int judge_kexec(struct file *file)
{
	if (modgate_enforcing() == MODGATE_RECORD || modgate_kexec_allowed())
		return 0;
	return refuse("kexec", MODGATE_REASON_KEXEC, NULL, file);
}

/*
 * A module of which only a part would be shown cannot be judged. (The loader
 * never does that; a new caller might.)
 */
static int before_module(bool whole, struct file *file)
{
	modgate_task_forget(modgate_task(current));
	return whole ? 0 : refuse("module", MODGATE_REASON_ERROR, NULL, file);
}

static int modgate_kernel_read_file(struct file *file,
				    enum kernel_read_file_id id, bool contents)
{
	if (modgate_starting())
		return modgate_refuse_early("read", file);
	switch (id) {
	case READING_MODULE:
	case READING_MODULE_COMPRESSED:
		return before_module(contents, file);
	case READING_KEXEC_IMAGE:
	case READING_KEXEC_INITRAMFS:
		return judge_kexec(file);
	default:
		return 0;
	}
}

/* The bytes of a compressed module come once more, decompressed. */
static int modgate_kernel_post_read_file(struct file *file, char *bytes,
					 loff_t size,
					 enum kernel_read_file_id id)
{
	if (id != READING_MODULE)
		return 0;
	return modgate_judge(bytes, size, file);
}

static int modgate_kernel_load_data(enum kernel_load_data_id id, bool contents)
{
	if (modgate_starting())
		return modgate_refuse_early("read", NULL);
	switch (id) {
	case LOADING_MODULE:
		return before_module(contents, NULL);
	case LOADING_KEXEC_IMAGE:
	case LOADING_KEXEC_INITRAMFS:
		return judge_kexec(NULL);
	default:
		return 0;
	}
}

static int modgate_kernel_post_load_data(char *bytes, loff_t size,
					 enum kernel_load_data_id id,
					 char *description)
{
	if (id != LOADING_MODULE)
		return 0;
	return modgate_judge(bytes, size, NULL);
}

/*
 * A signature names its algorithms, and looking for one that the kernel lacks
 * asks for a module. Inside a verdict that is the signer's wish, not ours.
 */
static int modgate_kernel_module_request(char *name)
{
	return modgate_task(current)->judging ? -EPERM : 0;
}

#ifdef CONFIG_BPF_SYSCALL
/*
 * A program of this kind changes what a function of the kernel returns, or keeps
 * it from being called: every security_*() among them, also under lockdown, and
 * so whether we, or anybody else, are asked. It is a change to the kernel that
 * nobody has approved. Programs of the kind LSM stay, since all they can do is
 * refuse; unless a part of one is replaced, which may return what it likes, or the
 * kernel lets them return more than an error.
 */
static int MODGATE_BPF_PROG_LOAD(modgate_bpf_prog_load)
{
	const struct bpf_prog *replaced = prog->aux->dst_prog;

	if (modgate_enforcing() == MODGATE_RECORD)
		return 0;
	/* Anybody may load these, and say any attach type, which means nothing then. */
	if (prog->type == BPF_PROG_TYPE_SOCKET_FILTER ||
	    prog->type == BPF_PROG_TYPE_CGROUP_SKB)
		return 0;
	if (attr->expected_attach_type == BPF_MODIFY_RETURN ||
	    modgate_bpf_returns_more(attr->expected_attach_type) ||
	    (replaced && replaced->type == BPF_PROG_TYPE_LSM))
		return refuse("bpf", MODGATE_REASON_BPF, NULL, NULL);
	return 0;
}

/*
 * A probe that answers in place of a function (bpf_override_return()), or writes
 * registers, may say where the kernel goes on: behind any call. The kernel attaches
 * it to few functions, or to none of its own; but as a part of another probe, or
 * through a tail call, it gets there. Known when the program has been verified, and
 * before it has a descriptor.
 */
static int modgate_bpf_prog(struct bpf_prog *prog)
{
	if (modgate_enforcing() == MODGATE_RECORD ||
	    !(prog->kprobe_override || modgate_bpf_writes_registers(prog)))
		return 0;
	return refuse("bpf", MODGATE_REASON_BPF, NULL, NULL);
}
#endif

static bool on_initial_rootfs(const struct super_block *sb)
{
	return sb->s_type == &rootfs_fs_type;
}

static bool task_is_on_initial_rootfs(void)
{
	struct path root;
	bool yes;

	get_fs_root(current->fs, &root);
	yes = on_initial_rootfs(root.mnt->mnt_sb);
	path_put(&root);
	return yes;
}

/*
 * The end of the window: the first program that is not the initramfs's own, or
 * is started where the initramfs is no longer the root (a program of the
 * initramfs may be bound over the real init). Scripts come here once for
 * themselves and once for each interpreter.
 *
 * And its beginning: what the kernel starts before it is ready is started not at all.
 */
static int modgate_bprm_check_security(struct linux_binprm *bprm)
{
	if (!modgate_window_is_open())
		return 0;
	if (modgate_starting())
		return modgate_refuse_early("start", bprm->file);
	if (!on_initial_rootfs(file_inode(bprm->file)->i_sb))
		modgate_seal("exec");
	else if (!task_is_on_initial_rootfs())
		modgate_seal("root");
	return 0;
}

/*
 * Before any code of a module runs: was there a verdict on it, has it been
 * revoked or banned since, or the gate been closed, and is it called what it said?
 * Without a digest, all that is certain is that nothing was revoked or banned back
 * then; who loads it again gets a verdict. A load can be held in between as long as
 * one likes.
 */
static const char *recheck(const struct modgate_task *task, const char *name)
{
	if (!task->judged)
		return MODGATE_REASON_ERROR;
	if (!task->digested && (modgate_revoked_count() || modgate_bans_digests()))
		return MODGATE_REASON_ERROR;
	if (task->digested && is_revoked(task->digest, task->content))
		return MODGATE_REASON_REVOKED;
	if (task->digested && is_banned_by_digest(task->digest, task->content))
		return MODGATE_REASON_BANNED;
	if (task->until_closed && modgate_state() == MODGATE_CLOSED)
		return MODGATE_REASON_CLOSED;
	/* The receipt has the name that it said. */
	if (task->name[0] && strcmp(task->name, name))
		return MODGATE_REASON_NOT_APPROVED;
	return NULL;
}

/* What is not refused although it should be (audit) is told, and goes on. */
static int module_coming(const struct modgate_task *task, struct module *module)
{
	const char *reason = recheck(task, module->name);
	int err = 0;

	if (reason)
		err = refuse("module", reason,
			     task->digested ? task->digest : NULL, NULL);
	if (err)
		return err;
	if (task->line)
		modgate_receipt_coming(task->line, module, task->permanent);
	else if (!task->judged)
		modgate_receipt_lost();
	return 0;
}

static int module_notify(struct notifier_block *nb, unsigned long state,
			 void *module)
{
	struct modgate_task *task = modgate_task(current);
	int err;

	/* Later on it is the module that counts, and not who loaded it. */
	if (state != MODULE_STATE_COMING) {
		modgate_receipt_state(module, state);
		return NOTIFY_DONE;
	}
	err = module_coming(task, module);
	modgate_task_forget(task);
	return notifier_from_errno(err);
}

static struct notifier_block module_notifier = {
	.notifier_call = module_notify,
	.priority = INT_MAX,	/* before anybody acts on the module */
};

#ifdef CONFIG_SECURITY_MODGATE_LOCKDOWN
/**
 * modgate_vouches() - did the owner approve this very buffer?
 * @module: the module that the current task is loading
 *
 * For module_sig_check(): lockdown's refusal of an unsigned module, and nothing
 * else, gives way to an approval (rows 6 and 7 of the verdict table). Answers
 * yes once per verdict.
 *
 * Return: true if lockdown's refusal is to be skipped.
 */
bool modgate_vouches(const void *module)
{
	struct modgate_task *task;
	bool yes;

	if (!modgate_enabled)
		return false;
	task = modgate_task(current);
	yes = module && task->vouched == module;
	task->vouched = NULL;
	return yes;
}
#endif

static struct security_hook_list modgate_hooks[] __ro_after_init = {
	LSM_HOOK_INIT(kernel_read_file, modgate_kernel_read_file),
	LSM_HOOK_INIT(kernel_post_read_file, modgate_kernel_post_read_file),
	LSM_HOOK_INIT(kernel_load_data, modgate_kernel_load_data),
	LSM_HOOK_INIT(kernel_post_load_data, modgate_kernel_post_load_data),
	LSM_HOOK_INIT(kernel_module_request, modgate_kernel_module_request),
#ifdef CONFIG_BPF_SYSCALL
	LSM_HOOK_INIT(bpf_prog_load, modgate_bpf_prog_load),
	LSM_HOOK_INIT(bpf_prog, modgate_bpf_prog),
#endif
	LSM_HOOK_INIT(bprm_check_security, modgate_bprm_check_security),
};

/**
 * modgate_hooks_init() - have modgate asked and told of modules
 * @id: as what
 *
 * Called once, as the security module is initialised. No initcall, since an
 * initramfs can keep those from being called (initcall_blacklist= in bootconfig),
 * and what comes up would not be in the receipt.
 *
 * Return: 0, or the error of register_module_notifier().
 */
int __init modgate_hooks_init(const struct lsm_id *id)
{
	security_add_hooks(modgate_hooks, ARRAY_SIZE(modgate_hooks), id);
	return register_module_notifier(&module_notifier);
}
