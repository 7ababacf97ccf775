// SPDX-License-Identifier: GPL-2.0-only
/*
 * Measurement: what a remote verifier needs to know about modgate, as lines of text
 * that go into a PCR, into a log from which the PCR can be computed again, and,
 * where its policy asks for it, into IMA's list.
 *
 * A document is measured before it is in force, and the end of state boot after it: a
 * document that is measured after that end is not in force. A module is measured before
 * it is loaded. Memory for a record is allocated before the PCR is extended, so that
 * the log is never missing a record that the PCR contains.
 */
#include <kunit/static_stub.h>
#include <kunit/visibility.h>
#include <linux/ima.h>
#include <linux/init.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/string.h>
#include "anchor.h"
#include "document.h"
#include "early.h"
#include "freshness.h"
#include "machine.h"
#include "measure.h"
#include "tpm.h"
#include "modgate.h"

#define BOOT_FORMAT \
	"kind=%s freshness=%s machine=%s machine-name=%s " \
	"reset-count=%s restart-count=%s"

/**
 * struct record - a line of the log
 * @list: in order of time
 * @text: the bytes that were hashed, without a newline
 */
struct record {
	struct list_head list;
	char text[];
};

static struct modgate_log measure_log = {
	.lock = __MUTEX_INITIALIZER(measure_log.lock),
	.records = LIST_HEAD_INIT(measure_log.records),
};

/* On a machine that is not provisioned nothing is measured: its PCRs are left alone. */
#define measure(event, ...) \
	(modgate_provisioned() ? \
	 modgate_log_add(&measure_log, event, __VA_ARGS__) : 0)

VISIBLE_IF_KUNIT void *modgate_log_alloc(size_t size)
{
	KUNIT_STATIC_STUB_REDIRECT(modgate_log_alloc, size);
	return kmalloc(size, GFP_KERNEL);
}

static int lose(struct modgate_log *log, int err)
{
	WRITE_ONCE(log->n_errors, log->n_errors + 1);
	pr_err("record %u cannot be measured into PCR %d (error %d)\n",
	       log->n_records + 1, MODGATE_PCR, err);
	return err;
}

static __printf(3, 0) int append(struct modgate_log *log, const char *event,
				 const char *format, va_list args)
{
	struct record *r;
	size_t size;
	int err;

	size = scnprintf(log->line, sizeof(log->line), "seq=%u event=%s ",
			 log->n_records + 1, event);
	size += vscnprintf(log->line + size, sizeof(log->line) - size, format,
			   args);
	r = modgate_log_alloc(struct_size(r, text, size + 1));
	if (!r)
		return lose(log, -ENOMEM);
	err = modgate_tpm_extend(log->line, size);
	if (!err)
		WRITE_ONCE(log->n_measured, log->n_measured + 1);
	else if (err != -ENODEV)
		WRITE_ONCE(log->broken, lose(log, -EIO));
	memcpy(r->text, log->line, size + 1);
	list_add_tail(&r->list, &log->records);
	log->n_records++;
	/* IMA takes it if its policy has a rule for the label. */
	ima_measure_critical_data("modgate", event, log->line, size, false,
				  NULL, 0);
	return log->broken;
}

static __printf(3, 4) int append_one(struct modgate_log *log, const char *event,
				     const char *format, ...)
{
	va_list args;
	int err;

	va_start(args, format);
	err = append(log, event, format, args);
	va_end(args);
	return err;
}

/* A TPM reset loses what was measured, and another writer to the PCR obscures it: log both. */
static int note_change(struct modgate_log *log)
{
	u8 value[MODGATE_PCR_VALUE_MAX];
	const char *bank;
	size_t size;

	if (!modgate_tpm_pcr_changed(&bank, value, &size))
		return 0;
	WRITE_ONCE(log->n_changed, log->n_changed + 1);
	pr_warn("PCR %d does not hold what was measured: the TPM was reset, or somebody else extended it\n",
		MODGATE_PCR);
	/* Report it once. */
	if (append_one(log, "pcr-changed", "bank=%s value=%*phN", bank,
		       (int)size, value))
		WRITE_ONCE(log->broken, -EIO);
	return log->broken;
}

/**
 * modgate_log_add() - measure one record
 * @log: where it goes
 * @event: its kind
 * @format: the rest of the record, as for printf()
 *
 * Return: 0, also without a TPM; -EIO: this record or an earlier one did not reach the
 * TPM, but is in the log; -ENOMEM: no memory to keep the record, so it was not
 * measured.
 */
VISIBLE_IF_KUNIT __printf(3, 4) int modgate_log_add(struct modgate_log *log,
						    const char *event,
						    const char *format, ...)
{
	va_list args;
	int err;

	mutex_lock(&log->lock);
	va_start(args, format);
	err = append(log, event, format, args);
	va_end(args);
	if (!err)
		err = note_change(log);
	mutex_unlock(&log->lock);
	return err;
}

/* The event has happened but is not measured: no third-party module loads from here on. */
static void must(int err)
{
	if (!err)
		return;
	mutex_lock(&measure_log.lock);
	WRITE_ONCE(measure_log.broken, -EIO);
	mutex_unlock(&measure_log.lock);
}

/* Show "-" for a count that the TPM does not report. */
static void show_count(char text[12], bool known, u32 count)
{
	if (known)
		snprintf(text, 12, "%u", count);
	else
		strscpy(text, "-", 12);
}

/**
 * modgate_measure_boot() - measure what the boot chain has configured
 *
 * The first record; called once, before any program runs and any document is accepted.
 * The TPM's reset count distinguishes the logs of different boots. A recovery boot
 * leaves it out: secrets are sealed to that PCR value, so it must be the same each
 * time.
 */
void __init modgate_measure_boot(void)
{
	u8 name[MODGATE_DIGEST_SIZE];
	char text[2 * MODGATE_DIGEST_SIZE + 1] = "-";
	enum modgate_machine source = modgate_machine_name(name, false);
	char resets[12], restarts[12];
	u32 n_resets = 0, n_restarts = 0;
	bool known = !modgate_recovery &&
		     !modgate_tpm_clock(&n_resets, &n_restarts);

	if (source)
		snprintf(text, sizeof(text), "%*phN", MODGATE_DIGEST_SIZE, name);
	show_count(resets, known, n_resets);
	show_count(restarts, known, n_restarts);
	must(measure("boot", BOOT_FORMAT, modgate_boot_kind(),
		     modgate_freshness_tpm ? "tpm" : "none",
		     modgate_machine_names[source], text, resets, restarts));
}

/**
 * modgate_measure_document() - measure a document that has passed all checks
 * @what: "policy" or "list"
 * @doc: the document
 * @digest: its SHA-384
 * @counter: its signer's accept counter, or 0
 *
 * Return: as modgate_log_add(); on error the document must not come into force.
 */
int modgate_measure_document(const char *what,
			     const struct modgate_document *doc,
			     const u8 *digest, u64 counter)
{
	const struct modgate_header *h = doc->header;

	return measure(what, "digest=%*phN signer=%*phN generation=%llu counter=%llu",
		       MODGATE_DIGEST_SIZE, digest, MODGATE_DIGEST_SIZE,
		       h->signer, modgate_le64(h->generation), counter);
}

/**
 * modgate_measure_sealed() - measure the end of state boot
 * @by: cause, see modgate_ended_by()
 */
void modgate_measure_sealed(const char *by)
{
	must(measure("sealed", "by=%s", by));
}

/**
 * modgate_measure_closed() - measure the end of state sealed
 * @lines: of the receipt so far
 * @hash: running SHA-384 of the receipt
 */
void modgate_measure_closed(u32 lines, const u8 *hash)
{
	must(measure("closed", "lines=%u sha384=%*phN", lines,
		     MODGATE_DIGEST_SIZE, hash));
}

/**
 * modgate_measure_lost() - measure that the receipt is incomplete from here on
 * @lines: of the receipt so far
 *
 * For a boot in which nothing is refused. Measured once per boot; the number of further
 * lost lines is not measured.
 */
void modgate_measure_lost(u32 lines)
{
	must(measure("lost", "lines=%u", lines));
}

/**
 * modgate_measure_module() - measure a new line of the receipt
 * @text: the part of the line that is hashed
 *
 * Return: as modgate_log_add(); on error the module must not load.
 */
int modgate_measure_module(const char *text)
{
	return measure("module", "%s", text);
}

/**
 * modgate_measure_broken() - is an event missing from the PCR?
 *
 * Return: true if so, for the rest of this boot.
 */
bool modgate_measure_broken(void)
{
	return READ_ONCE(measure_log.broken);
}

/**
 * modgate_measure_pcr_show() - print the PCR in use, as a line of state
 * @m: where to print it
 */
void modgate_measure_pcr_show(struct seq_file *m)
{
	if (modgate_tpm_present() && modgate_provisioned())
		seq_printf(m, "pcr=%d\n", MODGATE_PCR);
	else
		seq_puts(m, "pcr=-\n");
}

/**
 * modgate_measure_show() - print the counts of records, as lines of state
 * @m: where to print it
 *
 * Does not take the lock, which is held while the TPM works.
 */
void modgate_measure_show(struct seq_file *m)
{
	seq_printf(m, "measured=%u\n", READ_ONCE(measure_log.n_measured));
	seq_printf(m, "measure-errors=%u\n", READ_ONCE(measure_log.n_errors));
	seq_printf(m, "pcr-changed=%u\n", READ_ONCE(measure_log.n_changed));
}

static int modgate_log_show(struct seq_file *m, void *unused)
{
	const struct record *r;

	mutex_lock(&measure_log.lock);
	list_for_each_entry(r, &measure_log.records, list)
		seq_printf(m, "%s\n", r->text);
	mutex_unlock(&measure_log.lock);
	return 0;
}

static int modgate_log_open(struct inode *inode, struct file *file)
{
	return single_open(file, modgate_log_show, NULL);
}

const struct file_operations modgate_log_fops = {
	.open = modgate_log_open,
	.read = seq_read,
	.llseek = seq_lseek,
	.release = single_release,
};
