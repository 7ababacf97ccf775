// SPDX-License-Identifier: GPL-2.0-only
/*
 * securityfs: the files that people and the tool read and write.
 * Documentation/ABI/testing/securityfs-modgate describes their format.
 */
#include <linux/capability.h>
#include <linux/fs.h>
#include <linux/hex.h>
#include <linux/init.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/security.h>
#include <linux/seq_file.h>
#include <linux/uaccess.h>
#include "accept.h"
#include "anchor.h"
#include "document.h"
#include "early.h"
#include "events.h"
#include "freshness.h"
#include "fs.h"
#include "machine.h"
#include "measure.h"
#include "policy.h"
#include "receipt.h"
#include "revoke.h"
#include "signer.h"
#include "state.h"
#include "tpm.h"
#include "verdict.h"

#define WRITE_MAX (sizeof(struct modgate_bundle) + MODGATE_DOCUMENT_MAX + \
		   MODGATE_SIGNATURE_MAX)

static const char *const state_names[] = {
	[MODGATE_BOOT] = "boot",
	[MODGATE_SEALED] = "sealed",
	[MODGATE_CLOSED] = "closed",
};

static const char *const anchor_names[] = {
	[MODGATE_ANCHOR_NONE] = "-",
	[MODGATE_ANCHOR_LOADED] = "loaded",
	[MODGATE_ANCHOR_AWAITED] = "awaited",
	[MODGATE_ANCHOR_MALFORMED] = "malformed",
	[MODGATE_ANCHOR_CONFLICT] = "conflict",
	[MODGATE_ANCHOR_INVALID] = "invalid",
};

static const char *const mode_names[] = {
	[0] = "-",
	[MODGATE_MODE_SYSTEM] = "system",
	[MODGATE_MODE_SIGNED] = "signed",
	[MODGATE_MODE_LISTED] = "listed",
};

static const char *const enforcing_names[] = {
	[MODGATE_ENFORCE] = "yes",
	[MODGATE_AUDIT] = "audit",
	[MODGATE_RECORD] = "record",
};

/* Names of the bits of a word, from bit 0. */
static const char *const role_names[] = {
	"approve", "vendor", "ban", "exclusive",
};

static const char *const policy_flag_names[] = {
	"audit", "allow-kexec", "auto-close",
};

static const char *const force_names[] = {
	"load", "unload",
};

static const char *yes_no(bool yes)
{
	return yes ? "yes" : "no";
}

static void show_bits(struct seq_file *m, u32 bits, const char *const *names,
		      int n)
{
	bool first = true;
	int i;

	for (i = 0; i < n; i++) {
		if (!(bits & BIT(i)))
			continue;
		seq_printf(m, "%s%s", first ? "" : ",", names[i]);
		first = false;
	}
	if (first)
		seq_putc(m, '-');
}

/* The opener of the file must have been privileged, not whoever reads or writes it. */
static bool is_privileged(const struct file *file, unsigned int opts)
{
	return !security_capable(file->f_cred, &init_user_ns, CAP_MAC_ADMIN,
				 opts);
}

static bool may_write(const struct file *file)
{
	return is_privileged(file, CAP_OPT_NONE);
}

/* Machine name, counters and errors are shown only to those who may also change them. */
static void state_show_private(struct seq_file *m)
{
	u8 digest[MODGATE_DIGEST_SIZE];

	if (modgate_anchor_digest(digest))
		seq_printf(m, "anchor-digest=%*phN\n", MODGATE_DIGEST_SIZE,
			   digest);
	else
		seq_puts(m, "anchor-digest=-\n");
	if (modgate_machine_name(digest, false))
		seq_printf(m, "machine-name=%*phN\n", MODGATE_DIGEST_SIZE,
			   digest);
	else
		seq_puts(m, "machine-name=-\n");
	modgate_measure_show(m);
	seq_printf(m, "system-keys=%s\n", modgate_system_keys());
	seq_printf(m, "refused=%llu\n", modgate_event_total());
	seq_printf(m, "revoked=%u\n", modgate_revoked_count());
	seq_puts(m, "error=");
	modgate_load_error_show(m);
	seq_putc(m, '\n');
}

static int state_show(struct seq_file *m, void *unused)
{
	const struct modgate_policy *policy = modgate_policy();
	enum modgate_enforcing enforcing = modgate_enforcing();
	u8 name[MODGATE_DIGEST_SIZE];

	seq_printf(m, "state=%s\n", state_names[modgate_state()]);
	seq_printf(m, "ended-by=%s\n", modgate_ended_by());
	seq_printf(m, "boot-kind=%s\n", modgate_boot_kind());
	seq_printf(m, "provisioned=%s\n", yes_no(modgate_provisioned()));
	seq_printf(m, "anchor=%s\n", anchor_names[modgate_anchor_state()]);
	seq_printf(m, "policy=%s\n", yes_no(policy));
	seq_printf(m, "mode=%s\n", mode_names[policy ? policy->mode : 0]);
	seq_printf(m, "enforcing=%s\n", enforcing_names[enforcing]);
	seq_printf(m, "missing-lists=%u\n",
		   policy ? modgate_missing_lists(policy) : 0);
	seq_printf(m, "freshness=%s\n", modgate_freshness_tpm ? "tpm" : "none");
	seq_printf(m, "freshness-backend=%s\n", modgate_freshness_backend());
	seq_printf(m, "machine=%s\n",
		   modgate_machine_names[modgate_machine_name(name, false)]);
	seq_printf(m, "tpm=%s\n", modgate_tpm_state());
	modgate_measure_pcr_show(m);
	seq_printf(m, "last=%s\n",
		   yes_no(IS_ENABLED(CONFIG_SECURITY_MODGATE_LAST)));
	seq_printf(m, "lockdown=%s\n",
		   yes_no(IS_ENABLED(CONFIG_SECURITY_MODGATE_LOCKDOWN)));
	seq_puts(m, "force=");
	show_bits(m, IS_ENABLED(CONFIG_MODULE_FORCE_LOAD) |
		     IS_ENABLED(CONFIG_MODULE_FORCE_UNLOAD) << 1,
		  force_names, ARRAY_SIZE(force_names));
	seq_printf(m, "\nacpi-tables=%s\n", modgate_acpi_tables());
	seq_printf(m, "kexec=%s\n",
		   enforcing == MODGATE_ENFORCE && !modgate_kexec_allowed() ?
		   "refused" : "allowed");
	if (is_privileged(m->file, CAP_OPT_NOAUDIT))
		state_show_private(m);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(state);

/* A counter is never 0 once a document was accepted against it. */
static void show_counter(struct seq_file *m, u64 counter)
{
	if (counter)
		seq_printf(m, "%llu", counter);
	else
		seq_putc(m, '-');
}

static int policy_show(struct seq_file *m, void *unused)
{
	const struct modgate_policy *policy = modgate_policy();
	const struct modgate_header *h;

	if (!policy)
		return 0;
	h = policy->doc.header;
	seq_printf(m, "mode=%s\nflags=", mode_names[policy->mode]);
	show_bits(m, policy->flags, policy_flag_names,
		  ARRAY_SIZE(policy_flag_names));
	seq_printf(m, "\ngeneration=%llu\ncreated=%llu\n",
		   modgate_le64(h->generation), modgate_le64(h->created));
	seq_printf(m, "digest=%*phN\nsigner=%*phN\n",
		   MODGATE_DIGEST_SIZE, policy->digest,
		   MODGATE_DIGEST_SIZE, h->signer);
	seq_printf(m, "authorities=%u\ncounter=", policy->doc.n_authorities);
	show_counter(m, policy->counter);
	seq_putc(m, '\n');
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(policy);

static void show_list(struct seq_file *m, const struct modgate_list *list)
{
	const struct modgate_header *h = list->doc.header;

	seq_printf(m, " generation=%llu created=%llu digest=%*phN",
		   modgate_le64(h->generation), modgate_le64(h->created),
		   MODGATE_DIGEST_SIZE, list->digest);
	seq_printf(m, " exclusive=%s modules=%u vendors=%u bans=%u",
		   yes_no(modgate_le32(h->flags) & MODGATE_LIST_EXCLUSIVE),
		   list->doc.n_modules, list->doc.n_vendors, list->doc.n_bans);
}

static int lists_show(struct seq_file *m, void *unused)
{
	const struct modgate_policy *policy = modgate_policy();
	const struct modgate_authority *a;
	const struct modgate_list *list;
	u32 i;

	for (i = 0; policy && i < policy->doc.n_authorities; i++) {
		a = &policy->doc.authorities[i];
		list = modgate_list(policy, i);
		seq_printf(m, "name=%s authority=%*phN roles=", a->name,
			   MODGATE_DIGEST_SIZE, a->digest);
		show_bits(m, modgate_le32(a->roles), role_names,
			  ARRAY_SIZE(role_names));
		seq_printf(m, " required=%s floor=%llu loaded=%s",
			   yes_no(modgate_le32(a->flags) &
				  MODGATE_AUTHORITY_REQUIRED),
			   modgate_le64(a->floor), yes_no(list));
		if (list)
			show_list(m, list);
		seq_puts(m, " counter=");
		show_counter(m, list ? list->counter : 0);
		seq_putc(m, '\n');
	}
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(lists);

/* One document at a time, to bound the memory in use. */
static DEFINE_MUTEX(load_lock);

static int load_bytes(const char __user *user, size_t size)
{
	bool keep = false;
	void *bytes;
	int err;

	/* Do not allocate memory just to report that it is too late. */
	if (modgate_state() != MODGATE_BOOT)
		return modgate_load(NULL, 0, &keep);
	bytes = kvmalloc(size, GFP_KERNEL);
	if (!bytes)
		return modgate_load_refuse(-ENOMEM, "memory: not enough");
	if (copy_from_user(bytes, user, size))
		err = modgate_load_refuse(-EFAULT, "bundle: cannot be read");
	else
		err = modgate_load(bytes, size, &keep);
	if (!keep)
		kvfree(bytes);
	return err;
}

static ssize_t load_write(struct file *file, const char __user *user,
			  size_t size, loff_t *pos)
{
	int err;

	if (!may_write(file))
		return modgate_load_refuse(-EPERM,
					   "privilege: needs CAP_MAC_ADMIN in the initial user namespace");
	if (modgate_state() == MODGATE_BOOT && *pos)
		return modgate_load_refuse(-EINVAL,
					   "bundle: it takes exactly one write");
	if (modgate_state() == MODGATE_BOOT && size > WRITE_MAX)
		return modgate_load_refuse(-EINVAL, "size: over 128 MiB");
	err = mutex_lock_killable(&load_lock);
	if (err)
		return err;
	err = load_bytes(user, size);
	mutex_unlock(&load_lock);
	if (err)
		return err;
	*pos += size;
	return size;
}

static const struct file_operations load_fops = {
	.open = nonseekable_open,
	.write = load_write,
};

static ssize_t seal_write(struct file *file, const char __user *user,
			  size_t size, loff_t *pos)
{
	if (!may_write(file))
		return -EPERM;
	modgate_seal("seal");
	return size;
}

static const struct file_operations seal_fops = {
	.open = nonseekable_open,
	.write = seal_write,
};

static ssize_t close_write(struct file *file, const char __user *user,
			   size_t size, loff_t *pos)
{
	if (!may_write(file))
		return -EPERM;
	if (modgate_close())
		modgate_receipt_closed();
	return size;
}

static const struct file_operations close_fops = {
	.open = nonseekable_open,
	.write = close_write,
};

static ssize_t revoke_write(struct file *file, const char __user *user,
			    size_t size, loff_t *pos)
{
	char hex[2 * MODGATE_DIGEST_SIZE + 1];
	u8 digest[MODGATE_DIGEST_SIZE];
	int err;

	if (!may_write(file))
		return -EPERM;
	if (size < sizeof(hex) - 1 || size > sizeof(hex))
		return -EINVAL;
	if (copy_from_user(hex, user, size))
		return -EFAULT;
	if (size == sizeof(hex) && hex[size - 1] != '\n')
		return -EINVAL;
	if (hex2bin(digest, hex, sizeof(digest)))
		return -EINVAL;
	err = modgate_revoke(digest);
	return err ?: size;
}

static const struct file_operations revoke_fops = {
	.open = nonseekable_open,
	.write = revoke_write,
};

struct modgate_file {
	const char *name;
	umode_t mode;
	const struct file_operations *fops;
};

static const struct modgate_file files[] __initconst = {
	{ "state", 0444, &state_fops },
	{ "policy", 0400, &policy_fops },
	{ "lists", 0400, &lists_fops },
	{ "receipt", 0444, &modgate_receipt_fops },
	{ "events", 0400, &modgate_events_fops },
	{ "log", 0400, &modgate_log_fops },
	{ "load", 0200, &load_fops },
	{ "seal", 0200, &seal_fops },
	{ "close", 0200, &close_fops },
	{ "revoke", 0200, &revoke_fops },
};

/* These files have no size. If root set one, readers would believe it. */
static int file_setattr(struct mnt_idmap *idmap, struct dentry *dentry,
			struct iattr *attr)
{
	attr->ia_valid &= ~ATTR_SIZE;
	return simple_setattr(idmap, dentry, attr);
}

static const struct inode_operations file_iops = {
	.setattr = file_setattr,
};

/**
 * modgate_fs_init() - create the files in securityfs
 *
 * Called once. If a file cannot be created it is missing; the gate works without it.
 *
 * Return: 0, or an errno of securityfs.
 */
int __init modgate_fs_init(void)
{
	struct dentry *dir, *file;
	int i;

	dir = securityfs_create_dir("modgate", NULL);
	if (IS_ERR(dir))
		return PTR_ERR(dir);
	for (i = 0; i < ARRAY_SIZE(files); i++) {
		file = securityfs_create_file(files[i].name, files[i].mode,
					      dir, NULL, files[i].fops);
		if (IS_ERR(file))
			return PTR_ERR(file);
		d_inode(file)->i_op = &file_iops;
	}
	return 0;
}
