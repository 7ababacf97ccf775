// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ring of the latest refused loads. It is bounded. Repeats are counted rather than
 * stored, so that a flood of one module does not push out the others.
 */
#include <linux/cred.h>
#include <linux/fs.h>
#include <linux/math64.h>
#include <linux/mutex.h>
#include <linux/poll.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/string_helpers.h>
#include <linux/timekeeping.h>
#include <linux/uidgid.h>
#include <linux/wait.h>
#include "events.h"
#include "policy.h"

#define RING_SIZE 256	/* lines; Documentation/ABI says so too */

/**
 * struct line - one line of the ring
 * @seq: from 1; 0 if the line is empty
 * @first: time of the first of @count, in nanoseconds since power-on
 * @last: time of the latest
 * @count: how often
 * @path: of the file, or NULL; at most PATH_MAX bytes
 * @op: see struct modgate_event, likewise below
 * @reason: why
 * @denied: it was refused
 * @has_digest: @digest is known
 * @digest: SHA-384 of the module
 * @pid: of the first, in the initial pid namespace
 * @uid: of all, in the initial user namespace
 * @comm: of the first
 */
struct line {
	u64 seq;
	u64 first;
	u64 last;
	u64 count;
	char *path;
	const char *op;
	const char *reason;
	bool denied;
	bool has_digest;
	u8 digest[MODGATE_DIGEST_SIZE];
	pid_t pid;
	uid_t uid;
	char comm[TASK_COMM_LEN];
};

static struct line ring[RING_SIZE];
static u64 last_seq;
static u64 total;		/* events, repeats included */
static DEFINE_MUTEX(ring_lock);	/* all of the above */
static DECLARE_WAIT_QUEUE_HEAD(ring_wait);

/**
 * modgate_name_of() - what a module's file says it is called
 * @path: of the file, or NULL
 * @name: filled in: without folders, ".ko" and what follows, "-" as "_"; cut
 *	  off if it is too long; empty if it is not known
 *
 * For display only: a file can have any name.
 */
void modgate_name_of(const char *path, char name[MODGATE_NAME_SIZE])
{
	char *end;

	name[0] = '\0';
	if (!path)
		return;
	strscpy(name, kbasename(path), MODGATE_NAME_SIZE);
	end = strstr(name, ".ko");
	if (end)
		*end = '\0';
	strreplace(name, '-', '_');
}

/**
 * modgate_show_string() - print a string from outside as a value
 * @m: where to
 * @s: the string; NULL or empty prints "-"
 *
 * A reader that splits at blanks and at the first "=" gets the value in one piece.
 */
void modgate_show_string(struct seq_file *m, const char *s)
{
	if (!s || !*s) {
		seq_putc(m, '-');
		return;
	}
	seq_escape_mem(m, s, strlen(s), MODGATE_ESCAPE, MODGATE_ESCAPE_ALSO);
}

static bool same_path(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

static struct line *find_repeat(const struct modgate_event *e, uid_t uid)
{
	bool denied = e->enforcing == MODGATE_ENFORCE;
	struct line *l;

	for (l = ring; l < ring + RING_SIZE; l++)
		if (l->seq && l->uid == uid && !strcmp(l->op, e->op) &&
		    !strcmp(l->reason, e->reason) && l->denied == denied &&
		    l->has_digest == !!e->digest &&
		    (!e->digest ||
		     !memcmp(l->digest, e->digest, sizeof(l->digest))) &&
		    same_path(l->path, e->path))
			return l;
	return NULL;
}

static void store(const struct modgate_event *e, uid_t uid, u64 now)
{
	struct line *l = &ring[last_seq % RING_SIZE];

	kfree(l->path);
	*l = (struct line){
		.seq = ++last_seq,
		.first = now,
		.last = now,
		.count = 1,
		/* If memory runs out, record the line without a path. */
		.path = e->path ? kstrdup(e->path, GFP_KERNEL) : NULL,
		.op = e->op,
		.reason = e->reason,
		.denied = e->enforcing == MODGATE_ENFORCE,
		.has_digest = e->digest,
		.pid = task_tgid_nr(current),
		.uid = uid,
	};
	if (e->digest)
		memcpy(l->digest, e->digest, sizeof(l->digest));
	get_task_comm(l->comm, current);
}

/**
 * modgate_event_record() - remember a refused (or would-be-refused) load
 * @event: what happened; pointers to constants are kept, the rest is copied
 */
void modgate_event_record(const struct modgate_event *event)
{
	uid_t uid = from_kuid(&init_user_ns, current_uid());
	u64 now = ktime_get_boottime_ns();
	struct line *repeat;

	mutex_lock(&ring_lock);
	total++;
	repeat = find_repeat(event, uid);
	if (repeat) {
		repeat->count++;
		repeat->last = now;
	} else {
		store(event, uid, now);
	}
	mutex_unlock(&ring_lock);
	wake_up_interruptible(&ring_wait);
}

/**
 * modgate_event_total() - number of refused (or would-be-refused) loads
 *
 * Return: the number since power-on, repeats included.
 */
u64 modgate_event_total(void)
{
	u64 n;

	mutex_lock(&ring_lock);
	n = total;
	mutex_unlock(&ring_lock);
	return n;
}

static void show_time(struct seq_file *m, const char *key, u64 ns)
{
	u32 rest;
	u64 seconds = div_u64_rem(ns, NSEC_PER_SEC, &rest);

	seq_printf(m, " %s=%llu.%06lu", key, seconds, rest / NSEC_PER_USEC);
}

static void show_line(struct seq_file *m, const struct line *l)
{
	char name[MODGATE_NAME_SIZE];

	seq_printf(m, "seq=%llu", l->seq);
	show_time(m, "time", l->first);
	show_time(m, "last", l->last);
	seq_printf(m, " count=%llu op=%s verdict=%s reason=%s digest=",
		   l->count, l->op, l->denied ? "deny" : "would-deny",
		   l->reason);
	if (l->has_digest)
		seq_printf(m, "%*phN", MODGATE_DIGEST_SIZE, l->digest);
	else
		seq_putc(m, '-');
	modgate_name_of(l->path, name);
	seq_puts(m, " name=");
	modgate_show_string(m, name);
	seq_printf(m, " pid=%d uid=%u comm=", l->pid, l->uid);
	modgate_show_string(m, l->comm);
	seq_puts(m, " path=");
	modgate_show_string(m, l->path);
	seq_putc(m, '\n');
}

/* The value of total up to which a reader has read. */
struct reader {
	u64 seen;
};

static int events_show(struct seq_file *m, void *unused)
{
	struct reader *reader = m->private;
	u64 seq;

	mutex_lock(&ring_lock);
	reader->seen = total;
	seq = last_seq > RING_SIZE ? last_seq - RING_SIZE : 0;
	for (; seq < last_seq; seq++)
		show_line(m, &ring[seq % RING_SIZE]);
	mutex_unlock(&ring_lock);
	return 0;
}

static int events_open(struct inode *inode, struct file *file)
{
	struct reader *reader = kmalloc(sizeof(*reader), GFP_KERNEL_ACCOUNT);
	int err;

	if (!reader)
		return -ENOMEM;
	reader->seen = modgate_event_total();
	err = single_open(file, events_show, reader);
	if (err)
		kfree(reader);
	return err;
}

static int events_release(struct inode *inode, struct file *file)
{
	struct seq_file *m = file->private_data;

	kfree(m->private);
	return single_release(inode, file);
}

static __poll_t events_poll(struct file *file, struct poll_table_struct *wait)
{
	struct seq_file *m = file->private_data;
	struct reader *reader = m->private;

	poll_wait(file, &ring_wait, wait);
	if (modgate_event_total() != READ_ONCE(reader->seen))
		return EPOLLIN | EPOLLRDNORM | EPOLLPRI;
	return 0;
}

const struct file_operations modgate_events_fops = {
	.open = events_open,
	.read = seq_read,
	.llseek = seq_lseek,
	.poll = events_poll,
	.release = events_release,
};
