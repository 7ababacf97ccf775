// SPDX-License-Identifier: GPL-2.0-only
/*
 * The receipt: which third-party modules have been in this kernel since
 * power-on. A line is written, hashed and measured before any code of the module
 * runs, and what of it is hashed never changes. A module that comes again is
 * counted in its line.
 */
#include <kunit/visibility.h>
#include <linux/fs.h>
#include <linux/list.h>
#include <linux/math64.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/string_helpers.h>
#include <linux/timekeeping.h>
#include "modgate.h"

#define TEXT_MAX 640		/* in bytes; a name may be four times as long as it is */

/* Where a module is. */
enum line_state {
	LINE_COMING,
	LINE_LIVE,
	LINE_FAILED,		/* it was coming, and never was live */
	LINE_GONE,
};

static const char *const line_states[] = {
	[LINE_COMING] = "coming",
	[LINE_LIVE] = "live",
	[LINE_FAILED] = "failed",
	[LINE_GONE] = "gone",
};

/**
 * struct line - one line of the receipt
 * @list: in order of time
 * @module: while it is coming or live, else NULL
 * @state: of the module that came last
 * @loads: how often it came
 * @permanent: it may not be unloaded
 * @unmeasured: the TPM has not taken it
 * @what: where in @text the part begins by which a module is known again
 * @text: the bytes that are hashed
 */
struct line {
	struct list_head list;
	const struct module *module;
	enum line_state state;
	u32 loads;
	bool permanent;
	bool unmeasured;
	size_t what;
	char text[];
};

static struct modgate_receipt receipt = {
	.lock = __MUTEX_INITIALIZER(receipt.lock),
	.lines = LIST_HEAD_INIT(receipt.lines),
};

/* What is said of a module, without a newline. Returns where @what begins. */
static size_t compose(char *text, u32 number, u64 now, const char *name,
		      const struct modgate_task *task, const char *reason)
{
	char escaped[4 * MODULE_NAME_LEN];
	size_t what, size;
	u32 rest;
	u64 seconds = div_u64_rem(now, NSEC_PER_SEC, &rest);

	size = string_escape_mem(name, strnlen(name, MODULE_NAME_LEN), escaped,
				 sizeof(escaped), MODGATE_ESCAPE,
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
			  escaped[0] ? escaped : "-", reason);
	if (task->authority)
		scnprintf(text + size, TEXT_MAX - size, " authority=%*phN",
			  MODGATE_DIGEST_SIZE, task->authority);
	else
		scnprintf(text + size, TEXT_MAX - size, " authority=-");
	return what;
}

static struct line *same_line(struct modgate_receipt *r, const char *what)
{
	struct line *l;

	list_for_each_entry(l, &r->lines, list)
		if (!strcmp(l->text + l->what, what))
			return l;
	return NULL;
}

static struct line *line_of(struct modgate_receipt *r,
			    const struct module *module)
{
	struct line *l;

	list_for_each_entry(l, &r->lines, list)
		if (l->module == module)
			return l;
	return NULL;
}

/* The hash goes on over the last one and the new text. */
static int run_hash(struct modgate_receipt *r, const char *text)
{
	char input[MODGATE_DIGEST_SIZE + TEXT_MAX];
	size_t size = strlen(text);

	memcpy(input, r->hash, MODGATE_DIGEST_SIZE);
	memcpy(input + MODGATE_DIGEST_SIZE, text, size);
	return modgate_sha384(input, MODGATE_DIGEST_SIZE + size, r->hash);
}

/* @measure is NULL in a test. */
static int add(struct modgate_receipt *r, const char *text, size_t what,
	       struct line **added, int (*measure)(const char *text))
{
	const size_t size = strlen(text) + 1;
	struct line *l;
	int err;

	if (r->n_lines == MODGATE_RECEIPT_MAX)
		return -ENOSPC;
	l = kzalloc(struct_size(l, text, size), GFP_KERNEL);
	if (!l)
		return -ENOMEM;
	memcpy(l->text, text, size);
	l->what = what;
	err = run_hash(r, text);
	if (err) {
		kfree(l);
		return err;
	}
	list_add_tail(&l->list, &r->lines);
	r->n_lines++;
	l->unmeasured = measure && measure(text);
	*added = l;
	return 0;
}

/**
 * modgate_receipt_add() - write the line of a module that comes up
 * @r: the receipt
 * @module: that comes up
 * @task: which loads it
 * @reason: of the verdict, MODGATE_REASON_*
 * @measure: called with a new line's text; 0, or it was not measured
 *
 * Return: 0; -ESTALE: the gate was closed after the verdict, and nothing is written;
 * -ENOSPC or -ENOMEM: the line could not be written; -EIO: it was, but not measured.
 */
VISIBLE_IF_KUNIT int modgate_receipt_add(struct modgate_receipt *r,
					 const struct module *module,
					 const struct modgate_task *task,
					 const char *reason,
					 int (*measure)(const char *text))
{
	char *text = kmalloc(TEXT_MAX, GFP_KERNEL);
	struct line *l;
	size_t what;
	u64 now;
	int err = 0;

	if (!text)
		return -ENOMEM;
	mutex_lock(&r->lock);
	if (task->until_closed && modgate_state() == MODGATE_CLOSED) {
		err = -ESTALE;
		goto out;
	}
	/* Here, so that lines are in order of time. */
	now = ktime_get_boottime_ns();
	what = compose(text, r->n_lines + 1, now, module->name, task, reason);
	l = same_line(r, text + what);
	if (!l)
		err = add(r, text, what, &l, measure);
	if (!err) {
		l->module = module;
		l->state = LINE_COMING;
		l->permanent = task->permanent;
		l->loads++;
		err = l->unmeasured ? -EIO : 0;
	}
out:
	mutex_unlock(&r->lock);
	kfree(text);
	return err;
}

/**
 * modgate_receipt_move() - a module goes on
 * @r: the receipt
 * @module: which; whatever has no line is none of ours
 * @state: MODULE_STATE_LIVE or MODULE_STATE_GOING
 *
 * A permanent module is given a user that never goes, while its loader still
 * holds it.
 */
VISIBLE_IF_KUNIT void modgate_receipt_move(struct modgate_receipt *r,
					   struct module *module,
					   unsigned long state)
{
	struct line *l;

	mutex_lock(&r->lock);
	l = line_of(r, module);
	if (l && state == MODULE_STATE_LIVE) {
		l->state = LINE_LIVE;
		if (l->permanent)
			__module_get(module);
	} else if (l) {
		l->state = l->state == LINE_LIVE ? LINE_GONE : LINE_FAILED;
		l->module = NULL;
	}
	mutex_unlock(&r->lock);
}

/**
 * modgate_receipt_coming() - a third-party module comes up
 * @module: that comes up; none of its code has run
 * @task: which loads it, with what is known of the module
 * @reason: of the verdict, MODGATE_REASON_*
 *
 * Return: 0; -ESTALE: the gate was closed after the verdict, and nothing is written;
 * -ENOSPC or -ENOMEM: the line could not be written; -EIO: it was, but not measured.
 */
int modgate_receipt_coming(const struct module *module,
			   const struct modgate_task *task, const char *reason)
{
	return modgate_receipt_add(&receipt, module, task, reason,
				   modgate_measure_module);
}

/**
 * modgate_receipt_lost() - a module comes up that has no line
 *
 * The first of them is measured: nobody can say later that there was none.
 */
void modgate_receipt_lost(void)
{
	mutex_lock(&receipt.lock);
	if (!receipt.lost++)
		modgate_measure_lost(receipt.n_lines);
	mutex_unlock(&receipt.lock);
}

/**
 * modgate_receipt_state() - a module is live, or going
 * @module: any module
 * @state: MODULE_STATE_LIVE or MODULE_STATE_GOING
 */
void modgate_receipt_state(struct module *module, unsigned long state)
{
	modgate_receipt_move(&receipt, module, state);
}

/**
 * modgate_receipt_closed() - measure what the receipt was when the gate closed
 */
void modgate_receipt_closed(void)
{
	mutex_lock(&receipt.lock);
	modgate_measure_closed(receipt.n_lines, receipt.hash);
	mutex_unlock(&receipt.lock);
}

/* After the lines comes one more element: the receipt itself. */
static void *receipt_start(struct seq_file *m, loff_t *pos)
{
	mutex_lock(&receipt.lock);
	return seq_list_start(&receipt.lines, *pos) ?:
	       *pos == receipt.n_lines ? &receipt.lines : NULL;
}

static void *receipt_next(struct seq_file *m, void *v, loff_t *pos)
{
	struct list_head *next;

	if (v == &receipt.lines) {
		++*pos;
		return NULL;
	}
	next = seq_list_next(v, &receipt.lines, pos);
	return next ?: &receipt.lines;
}

static void receipt_stop(struct seq_file *m, void *v)
{
	mutex_unlock(&receipt.lock);
}

static int receipt_show(struct seq_file *m, void *v)
{
	const struct line *l;

	if (v == &receipt.lines) {
		seq_printf(m, "lines=%u lost=%u sha384=%*phN\n",
			   receipt.n_lines, receipt.lost, MODGATE_DIGEST_SIZE,
			   receipt.hash);
		return 0;
	}
	l = list_entry(v, struct line, list);
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
	return seq_open(file, &receipt_ops);
}

const struct file_operations modgate_receipt_fops = {
	.open = receipt_open,
	.read = seq_read,
	.llseek = seq_lseek,
	.release = seq_release,
};
