// SPDX-License-Identifier: GPL-2.0-only
/*
 * The receipt: which third-party modules have been in this kernel since power-on. A
 * line is written, hashed and measured at the verdict, before the loader touches the
 * module, and its hashed part never changes. What happens to the module later is kept
 * beside the hashed part; a repeated load is counted in the same line.
 */
#include <kunit/static_stub.h>
#include <kunit/visibility.h>
#include <linux/fs.h>
#include <linux/list.h>
#include <linux/math64.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/string_helpers.h>
#include <linux/timekeeping.h>
#include "events.h"
#include "measure.h"
#include "receipt.h"
#include "signer.h"
#include "task.h"

#define TEXT_MAX 640		/* in bytes; escapes make a name up to four times longer */

/* What happened to a module. */
enum line_state {
	LINE_JUDGED,		/* allowed, not yet set up */
	LINE_COMING,
	LINE_LIVE,
	LINE_FAILED,		/* set up, but never became live */
	LINE_GONE,
};

static const char *const line_states[] = {
	[LINE_JUDGED] = "judged",
	[LINE_COMING] = "coming",
	[LINE_LIVE] = "live",
	[LINE_FAILED] = "failed",
	[LINE_GONE] = "gone",
};

/**
 * struct modgate_line - one line of the receipt
 * @list: in order of time
 * @module: set while the module is coming or live, else NULL
 * @state: of the latest load
 * @loads: how often it was set up
 * @permanent: it must not be unloaded
 * @unmeasured: it is not in the PCR
 * @content: digest of the first module without its appended signature
 * @what: offset in @text of the part that identifies the module
 * @text: the bytes that are hashed
 */
struct modgate_line {
	struct list_head list;
	const struct module *module;
	enum line_state state;
	u32 loads;
	bool permanent;
	bool unmeasured;
	u8 content[MODGATE_DIGEST_SIZE];
	size_t what;
	char text[];
};

static struct modgate_receipt receipt = {
	.writers = __MUTEX_INITIALIZER(receipt.writers),
	.lock = __SPIN_LOCK_UNLOCKED(receipt.lock),
	.lines = LIST_HEAD_INIT(receipt.lines),
};

/* Format one line, without a newline. Returns where @what begins. */
static size_t compose(char *text, u32 number, u64 now,
		      const struct modgate_task *task)
{
	char escaped[4 * MODULE_NAME_LEN];
	size_t what, size;
	u32 rest;
	u64 seconds = div_u64_rem(now, NSEC_PER_SEC, &rest);

	size = string_escape_mem(task->name, strnlen(task->name, MODULE_NAME_LEN),
				 escaped, sizeof(escaped), MODGATE_ESCAPE,
				 MODGATE_ESCAPE_ALSO);
	escaped[min(size, sizeof(escaped) - 1)] = '\0';
	what = scnprintf(text, TEXT_MAX, "number=%u time=%llu.%06lu ", number,
			 seconds, rest / NSEC_PER_USEC);
	size = what;
	if (task->digested)
		size += scnprintf(text + size, TEXT_MAX - size, "digest=%*phN",
				  MODGATE_DIGEST_SIZE, task->digest);
	else
		size += scnprintf(text + size, TEXT_MAX - size, "digest=-");
	size += scnprintf(text + size, TEXT_MAX - size, " name=%s reason=%s",
			  escaped[0] ? escaped : "-", task->reason);
	if (task->authority)
		scnprintf(text + size, TEXT_MAX - size, " authority=%*phN",
			  MODGATE_DIGEST_SIZE, task->authority);
	else
		scnprintf(text + size, TEXT_MAX - size, " authority=-");
	return what;
}

/*
 * A vendor's module is the same whatever the encoding of its signature. Anyone can
 * produce more encodings than the receipt has lines.
 */
static bool is_same(const struct modgate_line *l, const char *what,
		    const struct modgate_task *task)
{
	const char *mine = l->text + l->what;

	if (!strcmp(mine, what))
		return true;
	if (!task->digested || strcmp(task->reason, MODGATE_REASON_VENDOR) ||
	    memcmp(l->content, task->content, sizeof(l->content)))
		return false;
	/* Name, reason and authority follow the digest. */
	mine = strchr(mine, ' ');
	what = strchr(what, ' ');
	return mine && what && !strcmp(mine, what);
}

static struct modgate_line *same_line(struct modgate_receipt *r,
				      const char *what,
				      const struct modgate_task *task)
{
	struct modgate_line *l;

	list_for_each_entry(l, &r->lines, list)
		if (is_same(l, what, task))
			return l;
	return NULL;
}

static struct modgate_line *line_of(struct modgate_receipt *r,
				    const struct module *module)
{
	struct modgate_line *l;

	list_for_each_entry(l, &r->lines, list)
		if (l->module == module)
			return l;
	return NULL;
}

/* Each hash covers the previous hash and the new text. */
static int next_hash(const struct modgate_receipt *r, const char *text,
		     u8 hash[MODGATE_DIGEST_SIZE])
{
	char input[MODGATE_DIGEST_SIZE + TEXT_MAX];
	size_t size = strlen(text);

	memcpy(input, r->hash, MODGATE_DIGEST_SIZE);
	memcpy(input + MODGATE_DIGEST_SIZE, text, size);
	return modgate_sha384(input, MODGATE_DIGEST_SIZE + size, hash);
}

/* Do everything that can fail before the line is measured. */
static int add(struct modgate_receipt *r, const char *text, size_t what,
	       const struct modgate_task *task, struct modgate_line **added,
	       int (*measure)(const char *text))
{
	const size_t size = strlen(text) + 1;
	u8 hash[MODGATE_DIGEST_SIZE];
	struct modgate_line *l;
	int err;

	if (r->n_lines == MODGATE_RECEIPT_MAX)
		return -ENOSPC;
	l = kzalloc(struct_size(l, text, size), GFP_KERNEL);
	if (!l)
		return -ENOMEM;
	memcpy(l->text, text, size);
	memcpy(l->content, task->content, sizeof(l->content));
	l->what = what;
	err = next_hash(r, text, hash);
	if (!err) {
		err = measure(text);
		l->unmeasured = err == -EIO;
	}
	if (err && !l->unmeasured) {
		kfree(l);
		return err;
	}
	spin_lock(&r->lock);
	list_add_tail(&l->list, &r->lines);
	r->n_lines++;
	memcpy(r->hash, hash, sizeof(hash));
	spin_unlock(&r->lock);
	*added = l;
	return 0;
}

/**
 * modgate_receipt_add() - write the line for a module that the verdict allowed
 * @r: the receipt
 * @task: which loads it, with what is known of the module
 * @line: set to its line, even if that was not measured
 * @measure: called with a new line's text; returns 0; -EIO: it did not reach the TPM;
 *    or another errno: nothing was measured
 *
 * Return: 0; -ENOSPC, -ENOMEM or an errno of modgate_sha384(): the line could not be
 * written; -EIO: it was, but not measured.
 */
VISIBLE_IF_KUNIT int modgate_receipt_add(struct modgate_receipt *r,
					 const struct modgate_task *task,
					 struct modgate_line **line,
					 int (*measure)(const char *text))
{
	char *text = kmalloc(TEXT_MAX, GFP_KERNEL);
	struct modgate_line *l;
	size_t what;
	int err = 0;

	if (!text)
		return -ENOMEM;
	mutex_lock(&r->writers);
	/* Take the time under the lock, so that lines are in order. */
	what = compose(text, r->n_lines + 1, ktime_get_boottime_ns(), task);
	l = same_line(r, text + what, task);
	if (!l)
		err = add(r, text, what, task, &l, measure);
	if (!err) {
		*line = l;
		err = l->unmeasured ? -EIO : 0;
	}
	mutex_unlock(&r->writers);
	kfree(text);
	return err;
}

/**
 * modgate_receipt_up() - an allowed module is being set up
 * @r: the receipt
 * @line: its line
 * @module: that comes up; none of its code has run
 * @permanent: it must not be unloaded
 */
VISIBLE_IF_KUNIT void modgate_receipt_up(struct modgate_receipt *r,
					 struct modgate_line *line,
					 const struct module *module,
					 bool permanent)
{
	spin_lock(&r->lock);
	line->module = module;
	line->state = LINE_COMING;
	line->permanent = permanent;
	line->loads++;
	spin_unlock(&r->lock);
}

/**
 * modgate_receipt_move() - a module changes state
 * @r: the receipt
 * @module: the module; one without a line is ignored
 * @state: MODULE_STATE_LIVE or MODULE_STATE_GOING
 *
 * Give a permanent module a reference that is never dropped, while its loader still
 * holds one.
 */
VISIBLE_IF_KUNIT void modgate_receipt_move(struct modgate_receipt *r,
					   struct module *module,
					   unsigned long state)
{
	struct modgate_line *l;

	spin_lock(&r->lock);
	l = line_of(r, module);
	if (l && state == MODULE_STATE_LIVE) {
		l->state = LINE_LIVE;
		if (l->permanent)
			__module_get(module);
	} else if (l) {
		l->state = l->state == LINE_LIVE ? LINE_GONE : LINE_FAILED;
		l->module = NULL;
	}
	spin_unlock(&r->lock);
}

/**
 * modgate_receipt_judged() - a third-party module may load
 * @task: which loads it, with what is known of the module
 * @line: set to its line
 *
 * Return: as modgate_receipt_add().
 */
int modgate_receipt_judged(const struct modgate_task *task,
			   struct modgate_line **line)
{
	KUNIT_STATIC_STUB_REDIRECT(modgate_receipt_judged, task, line);
	return modgate_receipt_add(&receipt, task, line, modgate_measure_module);
}

/**
 * modgate_receipt_coming() - a third-party module is being set up
 * @line: that modgate_receipt_judged() has set
 * @module: that comes up; none of its code has run
 * @permanent: it must not be unloaded
 */
void modgate_receipt_coming(struct modgate_line *line,
			    const struct module *module, bool permanent)
{
	modgate_receipt_up(&receipt, line, module, permanent);
}

/**
 * modgate_receipt_lost() - a module may load although it has no line
 *
 * The first such load is measured, so that it cannot be denied later.
 */
void modgate_receipt_lost(void)
{
	bool first;

	mutex_lock(&receipt.writers);
	spin_lock(&receipt.lock);
	first = !receipt.lost++;
	spin_unlock(&receipt.lock);
	if (first)
		modgate_measure_lost(receipt.n_lines);
	mutex_unlock(&receipt.writers);
}

/**
 * modgate_receipt_state() - a module goes live or goes away
 * @module: any module
 * @state: MODULE_STATE_LIVE or MODULE_STATE_GOING
 */
void modgate_receipt_state(struct module *module, unsigned long state)
{
	modgate_receipt_move(&receipt, module, state);
}

/**
 * modgate_receipt_closed() - measure the receipt as it is when the gate closes
 */
void modgate_receipt_closed(void)
{
	mutex_lock(&receipt.writers);
	modgate_measure_closed(receipt.n_lines, receipt.hash);
	mutex_unlock(&receipt.writers);
}

/**
 * struct snapshot - the receipt at the time its file was opened
 * @n_lines: how many lines it had; only these are shown
 * @lost: as in struct modgate_receipt
 * @hash: over these lines
 *
 * The last line shown thus matches the lines before it, even if lines are added while
 * it is read.
 */
struct snapshot {
	u32 n_lines;
	u32 lost;
	u8 hash[MODGATE_DIGEST_SIZE];
};

/* One more element follows the lines: the receipt itself. */
static void *element(struct seq_file *m, struct list_head *line, loff_t pos)
{
	const struct snapshot *s = m->private;

	if (pos == s->n_lines)
		return &receipt.lines;
	return pos < s->n_lines ? line : NULL;
}

static void *receipt_start(struct seq_file *m, loff_t *pos)
	__acquires(&receipt.lock)
{
	spin_lock(&receipt.lock);
	return element(m, seq_list_start(&receipt.lines, *pos), *pos);
}

static void *receipt_next(struct seq_file *m, void *v, loff_t *pos)
{
	struct list_head *line = v;

	++*pos;
	return element(m, line->next, *pos);
}

static void receipt_stop(struct seq_file *m, void *v)
	__releases(&receipt.lock)
{
	spin_unlock(&receipt.lock);
}

static int receipt_show(struct seq_file *m, void *v)
{
	const struct snapshot *s = m->private;
	const struct modgate_line *l;

	if (v == &receipt.lines) {
		seq_printf(m, "lines=%u lost=%u sha384=%*phN\n", s->n_lines,
			   s->lost, MODGATE_DIGEST_SIZE, s->hash);
		return 0;
	}
	l = list_entry(v, struct modgate_line, list);
	seq_printf(m, "%s state=%s loads=%u permanent=%s\n", l->text,
		   line_states[l->state], l->loads, l->permanent ? "yes" : "no");
	return 0;
}

static const struct seq_operations receipt_ops = {
	.start = receipt_start,
	.next = receipt_next,
	.stop = receipt_stop,
	.show = receipt_show,
};

static int receipt_open(struct inode *inode, struct file *file)
{
	struct snapshot *s = __seq_open_private(file, &receipt_ops, sizeof(*s));

	if (!s)
		return -ENOMEM;
	spin_lock(&receipt.lock);
	s->n_lines = receipt.n_lines;
	s->lost = receipt.lost;
	memcpy(s->hash, receipt.hash, sizeof(s->hash));
	spin_unlock(&receipt.lock);
	return 0;
}

const struct file_operations modgate_receipt_fops = {
	.open = receipt_open,
	.read = seq_read,
	.llseek = seq_lseek,
	.release = seq_release_private,
};
