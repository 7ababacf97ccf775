// SPDX-License-Identifier: GPL-2.0-only
/*
 * The hooks: they ask for the verdict on what is known (facts.c), and carry it out.
 *
 * Both ways to load a module show the hook the very buffer that is then
 * loaded. The verdict stays with the loading task until the module comes up.
 */
#include <kunit/visibility.h>
#include <linux/binfmts.h>
#include <linux/fs_struct.h>
#include <linux/init.h>
#include <linux/kernel_read_file.h>
#include <linux/module.h>
#include <linux/security.h>
#include "autoload.h"
#include "bpf.h"
#include "compat.h"
#include "early.h"
#include "facts.h"
#include "hooks.h"
#include "policy.h"
#include "receipt.h"
#include "refuse.h"
#include "revoke.h"
#include "state.h"
#include "task.h"
#include "verdict.h"

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
	err = modgate_refuse("module", MODGATE_REASON_ERROR,
			     task->digested ? task->digest : NULL, file);
	if (!err && !task->line)
		modgate_receipt_lost();
	return err;
}

/* The verdict stays with the task until the module comes up. */
static void remember(struct modgate_task *task, struct modgate_candidate *c,
		     const struct modgate_verdict *verdict)
{
	task->judged = true;
	task->digested = c->digested;
	memcpy(task->digest, c->digest, sizeof(task->digest));
	memcpy(task->content, c->content, sizeof(task->content));
	task->reason = verdict->reason;
	if (!is_system(task))
		strscpy(task->name, modgate_candidate_name(c));
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
	struct modgate_candidate c;
	struct modgate_verdict verdict;
	struct modgate_rules rules;
	bool permanent, until_closed;
	int err = 0;

	modgate_task_forget(task);
	task->judging = true;
	modgate_candidate_init(&c, bytes, size);
	modgate_rules_get(&rules);
	verdict = modgate_decide(&rules, &c.facts);
	/* A list that bans it may come before the module comes up. */
	if (rules.state == MODGATE_BOOT || !verdict.allow)
		modgate_candidate_digest(&c);
	permanent = verdict.vouch && modgate_candidate_is_permanent(&c);
	until_closed = verdict.vouch && rules.state != MODGATE_CLOSED &&
		       !c.facts.ask(&c.facts, MODGATE_IS_ON_DEMAND);
	modgate_candidate_drop(&c);
	task->judging = false;

	if (c.failed || (c.undecided && verdict.vouch))
		verdict = (struct modgate_verdict){
			.reason = MODGATE_REASON_ERROR,
		};
	if (!verdict.allow)
		err = modgate_refuse("module", verdict.reason,
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
	return modgate_refuse("kexec", MODGATE_REASON_KEXEC, NULL, file);
}

/*
 * A module of which only a part would be shown cannot be judged. (The loader
 * never does that; a new caller might.)
 */
static int before_module(bool whole, struct file *file)
{
	modgate_task_forget(modgate_task(current));
	return whole ? 0 : modgate_refuse("module", MODGATE_REASON_ERROR, NULL, file);
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

#ifdef CONFIG_BPF_SYSCALL
static int MODGATE_BPF_PROG_LOAD(modgate_bpf_prog_load)
{
	return modgate_bpf_load(prog, attr);
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
	if (task->digested && modgate_either_is_revoked(task->digest, task->content))
		return MODGATE_REASON_REVOKED;
	if (task->digested && modgate_either_is_banned(task->digest, task->content))
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
		err = modgate_refuse("module", reason,
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
/*
 * Lockdown's refusal of a module that is not signed, and nothing else, gives way to
 * an approval of this very buffer (rows 6 and 7 of the verdict table), once.
 */
static int modgate_kernel_module_signature(struct kernel_module_sig *sig)
{
	struct modgate_task *task = modgate_task(current);

	if (sig->result && sig->data == task->vouched)
		sig->vouched = true;
	task->vouched = NULL;
	return 0;
}
#endif

static struct security_hook_list modgate_hooks[] __ro_after_init = {
	LSM_HOOK_INIT(kernel_read_file, modgate_kernel_read_file),
	LSM_HOOK_INIT(kernel_post_read_file, modgate_kernel_post_read_file),
	LSM_HOOK_INIT(kernel_load_data, modgate_kernel_load_data),
	LSM_HOOK_INIT(kernel_post_load_data, modgate_kernel_post_load_data),
	LSM_HOOK_INIT(kernel_module_request, modgate_kernel_module_request),
#ifdef CONFIG_SECURITY_MODGATE_LOCKDOWN
	LSM_HOOK_INIT(kernel_module_signature, modgate_kernel_module_signature),
#endif
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
