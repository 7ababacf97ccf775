// SPDX-License-Identifier: GPL-2.0-only
/*
 * Measurement: what of modgate a remote verifier has to know, as lines of text
 * that go into a PCR, into a log from which the PCR can be computed again, and,
 * where its policy asks for it, into IMA's list.
 *
 * A document is measured before it is in force, and the end of state boot after
 * it: a document that is measured after that end is not in force.
 */
#include <linux/ima.h>
#include <linux/init.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/string.h>
#include "modgate.h"

#define RECORD_MAX 768		/* in bytes */

/**
 * struct record - a line of the log
 * @list: in order of time
 * @text: the bytes that were hashed, without a newline
 */
struct record {
	struct list_head list;
	char text[];
};

static DEFINE_MUTEX(measure_lock);	/* of all below */
static LIST_HEAD(records);		/* append only */
static u32 n_records;
static u32 n_errors;
static bool taken;			/* the TPM has taken a record */
static bool missed;			/* and later one not */
static char line[RECORD_MAX];

static void keep(void)
{
	const size_t size = strlen(line) + 1;
	struct record *r = kmalloc(sizeof(*r) + size, GFP_KERNEL);

	if (!r) {
		n_errors++;
		return;
	}
	memcpy(r->text, line, size);
	list_add_tail(&r->list, &records);
}

/*
 * One record. Nothing is measured on a machine that is not provisioned, so that
 * its PCRs are what they were without modgate.
 *
 * Returns -EIO once the TPM has stopped taking records: then a log from which
 * the rest is left out agrees with the PCR. One that has never taken any is known
 * by the PCR, which has not even the first.
 */
static __printf(2, 3) int measure(const char *event, const char *format, ...)
{
	va_list args;
	size_t size;
	int err;

	if (!modgate_provisioned())
		return 0;
	mutex_lock(&measure_lock);
	size = scnprintf(line, sizeof(line), "seq=%u event=%s ", ++n_records,
			 event);
	va_start(args, format);
	size += vscnprintf(line + size, sizeof(line) - size, format, args);
	va_end(args);
	err = modgate_tpm_extend(line, size);
	if (!err) {
		taken = true;
	} else if (err != -ENODEV) {
		n_errors++;
		missed = taken;
		pr_err("modgate: record %u cannot be measured into PCR %d\n",
		       n_records, MODGATE_PCR);
	}
	err = missed ? -EIO : 0;
	keep();
	/* IMA takes it if its policy has a rule for the label. */
	ima_measure_critical_data("modgate", event, line, size, false, NULL, 0);
	mutex_unlock(&measure_lock);
	return err;
}

/**
 * modgate_measure_boot() - measure what the boot chain says
 *
 * The first record; called once, before any document is accepted.
 */
void __init modgate_measure_boot(void)
{
	u8 name[MODGATE_DIGEST_SIZE];
	enum modgate_machine source = modgate_machine_name(name, false);
	const char *freshness = modgate_freshness_tpm ? "tpm" : "none";
	const char *kind = modgate_boot_kind();

	if (source)
		measure("boot", "kind=%s freshness=%s machine=%s machine-name=%*phN",
			kind, freshness, modgate_machine_names[source],
			MODGATE_DIGEST_SIZE, name);
	else
		measure("boot", "kind=%s freshness=%s machine=none machine-name=-",
			kind, freshness);
}

/**
 * modgate_measure_document() - measure a document that passed all checks
 * @what: "policy" or "list"
 * @doc: the document
 * @digest: its SHA-384
 * @counter: its signer's accept counter, or 0
 */
void modgate_measure_document(const char *what,
			      const struct modgate_document *doc,
			      const u8 *digest, u64 counter)
{
	const struct modgate_header *h = doc->header;

	measure(what, "digest=%*phN signer=%*phN generation=%llu counter=%llu",
		MODGATE_DIGEST_SIZE, digest, MODGATE_DIGEST_SIZE, h->signer,
		modgate_le64(h->generation), counter);
}

/**
 * modgate_measure_sealed() - measure the end of state boot
 * @by: what ended it, see modgate_ended_by()
 */
void modgate_measure_sealed(const char *by)
{
	measure("sealed", "by=%s", by);
}

/**
 * modgate_measure_closed() - measure the end of state sealed
 * @lines: of the receipt so far
 * @hash: running SHA-384 of the receipt
 */
void modgate_measure_closed(u32 lines, const u8 *hash)
{
	measure("closed", "lines=%u sha384=%*phN", lines, MODGATE_DIGEST_SIZE,
		hash);
}

/**
 * modgate_measure_lost() - measure that the receipt is not complete from here on
 * @lines: of the receipt so far
 *
 * Where nothing is refused. Once a boot: how many more are lost is not measured.
 */
void modgate_measure_lost(u32 lines)
{
	measure("lost", "lines=%u", lines);
}

/**
 * modgate_measure_module() - measure a new line of the receipt
 * @text: what of the line is hashed
 *
 * Return: 0, also without a TPM; -EIO: the TPM has taken records before, but not
 * this one, or not all before it.
 */
int modgate_measure_module(const char *text)
{
	return measure("module", "%s", text);
}

/**
 * modgate_measure_show() - how much was measured, as lines of state
 * @m: where to print it
 */
void modgate_measure_show(struct seq_file *m)
{
	mutex_lock(&measure_lock);
	if (modgate_tpm_present() && modgate_provisioned())
		seq_printf(m, "pcr=%d\n", MODGATE_PCR);
	else
		seq_puts(m, "pcr=-\n");
	seq_printf(m, "measured=%u\n", n_records);
	seq_printf(m, "measure-errors=%u\n", n_errors);
	mutex_unlock(&measure_lock);
}

static int modgate_log_show(struct seq_file *m, void *unused)
{
	const struct record *r;

	mutex_lock(&measure_lock);
	list_for_each_entry(r, &records, list)
		seq_printf(m, "%s\n", r->text);
	mutex_unlock(&measure_lock);
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
