// SPDX-License-Identifier: GPL-2.0-only
/*
 * The hooks: they gather facts, ask for the verdict, and carry it out.
 *
 * Both ways to load a module show the hook the very buffer that is then
 * loaded. The verdict stays with the loading task until the module comes up.
 */
#include <linux/binfmts.h>
#include <linux/file.h>
#include <linux/fs_struct.h>
#include <linux/init.h>
#include <linux/jump_label.h>
#include <linux/kernel_read_file.h>
#include <linux/module.h>
#include <linux/security.h>
#include <linux/slab.h>
#include <linux/workqueue.h>
#include "modgate.h"

/* A module in memory, as the verdict's facts. */
struct candidate {
	struct modgate_facts facts;
	const void *bytes;
	size_t size;			/* in bytes */
	u8 digest[MODGATE_DIGEST_SIZE];
	int err;			/* of making the digest */
};

static bool is_banned(const struct candidate *c)
{
	const struct modgate_policy *policy = modgate_policy();
	const struct modgate_list *list;
	u32 i, k;

	if (!c->err && modgate_is_banned(c->digest))
		return true;
	for (i = 0; policy && i < policy->doc.n_authorities; i++) {
		list = modgate_list(policy, i);
		for (k = 0; list && k < list->n_banned_keys; k++)
			if (modgate_signed_by_key(c->bytes, c->size,
						  &list->banned_keys[k]))
				return true;
	}
	return false;
}

/* Without a digest nothing is revoked, banned or listed by digest. */
static bool ask(struct modgate_facts *facts, enum modgate_fact fact)
{
	struct candidate *c = container_of(facts, struct candidate, facts);
	const struct modgate_module *approval;

	switch (fact) {
	case MODGATE_IS_REVOKED:
		return !c->err && modgate_is_revoked(c->digest);
	case MODGATE_IS_BANNED:
		return is_banned(c);
	case MODGATE_IS_SYSTEM:
		return modgate_signed_by_system(c->bytes, c->size);
	case MODGATE_IS_LISTED:
		return !c->err && modgate_approval(c->digest);
	case MODGATE_IS_ON_DEMAND:
		approval = c->err ? NULL : modgate_approval(c->digest);
		return approval && modgate_le32(approval->flags) &
				   MODGATE_MODULE_ON_DEMAND;
	case MODGATE_IS_SIGNED:
		return modgate_signed_by_known(c->bytes, c->size);
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

static void forget(struct modgate_task *task)
{
	task->vouched = NULL;
	task->judged = false;
}

/* @file is NULL if the module did not come from a file. */
static int judge(const void *bytes, size_t size, struct file *file)
{
	struct modgate_task *task = modgate_task(current);
	struct candidate c = {
		.facts.ask = ask,
		.bytes = bytes,
		.size = size,
	};
	struct modgate_verdict verdict;
	struct modgate_rules rules;

	forget(task);
	task->judging = true;
	c.err = modgate_sha384(bytes, size, c.digest);
	modgate_rules_get(&rules);
	verdict = modgate_decide(&rules, &c.facts);
	task->judging = false;

	if (!verdict.allow) {
		int err = refuse("module",
				 c.err ? MODGATE_REASON_ERROR : verdict.reason,
				 c.err ? NULL : c.digest, file);

		if (err)
			return err;
	}
	memcpy(task->digest, c.digest, sizeof(task->digest));
	task->judged = true;
	if (verdict.vouch)
		task->vouched = bytes;
	return 0;
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
	forget(modgate_task(current));
	return whole ? 0 : refuse("module", MODGATE_REASON_ERROR, NULL, file);
}

static int modgate_kernel_read_file(struct file *file,
				    enum kernel_read_file_id id, bool contents)
{
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
	return judge(bytes, size, file);
}

static int modgate_kernel_load_data(enum kernel_load_data_id id, bool contents)
{
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
	return judge(bytes, size, NULL);
}

/*
 * A signature names its algorithms, and looking for one that the kernel lacks
 * asks for a module. Inside a verdict that is the signer's wish, not ours.
 */
static int modgate_kernel_module_request(char *name)
{
	return modgate_task(current)->judging ? -EPERM : 0;
}

/* True until state boot has ended. */
static DEFINE_STATIC_KEY_TRUE(window);

static void window_end(struct work_struct *work)
{
	static_branch_disable(&window);
}

static DECLARE_WORK(window_work, window_end);

/**
 * modgate_window_end() - stop looking at exec
 *
 * From a work item, since exec holds cred_guard_mutex, which must not be held
 * around a static branch's locks.
 */
void modgate_window_end(void)
{
	schedule_work(&window_work);
}

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
 */
static int modgate_bprm_check_security(struct linux_binprm *bprm)
{
	if (!static_branch_unlikely(&window) || modgate_state() != MODGATE_BOOT)
		return 0;
	if (!on_initial_rootfs(file_inode(bprm->file)->i_sb))
		modgate_seal("exec");
	else if (!task_is_on_initial_rootfs())
		modgate_seal("root");
	return 0;
}

/*
 * Before any code of a module runs: was there a verdict on it, and has it been
 * revoked or banned since? Later changes of state are nothing to us.
 */
static int module_coming(struct notifier_block *nb, unsigned long state,
			 void *module)
{
	struct modgate_task *task = modgate_task(current);
	const char *reason = NULL;
	int err;

	if (state != MODULE_STATE_COMING)
		return NOTIFY_DONE;
	if (!task->judged)
		reason = MODGATE_REASON_ERROR;
	else if (modgate_is_revoked(task->digest))
		reason = MODGATE_REASON_REVOKED;
	else if (modgate_is_banned(task->digest))
		reason = MODGATE_REASON_BANNED;
	err = reason ? refuse("module", reason,
			      task->judged ? task->digest : NULL, NULL) : 0;
	forget(task);
	return notifier_from_errno(err);
}

static struct notifier_block module_notifier = {
	.notifier_call = module_coming,
	.priority = INT_MAX,	/* before anybody acts on the module */
};

static int __init modgate_notifier_init(void)
{
	return modgate_enabled ? register_module_notifier(&module_notifier) : 0;
}
core_initcall(modgate_notifier_init);

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

struct security_hook_list modgate_hooks[] __ro_after_init = {
	LSM_HOOK_INIT(kernel_read_file, modgate_kernel_read_file),
	LSM_HOOK_INIT(kernel_post_read_file, modgate_kernel_post_read_file),
	LSM_HOOK_INIT(kernel_load_data, modgate_kernel_load_data),
	LSM_HOOK_INIT(kernel_post_load_data, modgate_kernel_post_load_data),
	LSM_HOOK_INIT(kernel_module_request, modgate_kernel_module_request),
	LSM_HOOK_INIT(bprm_check_security, modgate_bprm_check_security),
};

const int modgate_hooks_count = ARRAY_SIZE(modgate_hooks);
