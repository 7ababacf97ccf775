// SPDX-License-Identifier: GPL-2.0-only
/*
 * Whatever fails, the log holds exactly what the PCR was extended with. This test uses
 * its own log and a stub for the TPM.
 */
#include <kunit/static_stub.h>
#include <kunit/test-bug.h>
#include <kunit/test.h>
#include <linux/slab.h>
#include <linux/string.h>
#include "measure.h"
#include "tpm.h"

struct measure_test {
	struct modgate_log log;
	int n_extended;
	int extend_error;
	bool no_memory;
	bool changed;
};

static struct measure_test *current_test(void)
{
	return kunit_get_current_test()->priv;
}

static int fake_extend(const void *data, size_t size)
{
	struct measure_test *t = current_test();

	if (!t->extend_error)
		t->n_extended++;
	return t->extend_error;
}

static void *fake_alloc(size_t size)
{
	return current_test()->no_memory ? NULL : kmalloc(size, GFP_KERNEL);
}

static bool fake_changed(const char **bank, u8 *value, size_t *size)
{
	struct measure_test *t = current_test();
	bool changed = t->changed;

	t->changed = false;
	*bank = "sha256";
	*size = 2;
	value[0] = 0xab;
	value[1] = 0xcd;
	return changed;
}

static int measure_test_init(struct kunit *test)
{
	struct measure_test *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);

	if (!t)
		return -ENOMEM;
	mutex_init(&t->log.lock);
	INIT_LIST_HEAD(&t->log.records);
	test->priv = t;
	kunit_activate_static_stub(test, modgate_tpm_extend, fake_extend);
	kunit_activate_static_stub(test, modgate_tpm_pcr_changed, fake_changed);
	kunit_activate_static_stub(test, modgate_log_alloc, fake_alloc);
	return 0;
}

/* Only this test frees records. */
static void measure_test_exit(struct kunit *test)
{
	struct measure_test *t = test->priv;
	struct list_head *record, *next;

	if (!t)
		return;
	/* The list head is the first member of a record. */
	list_for_each_safe(record, next, &t->log.records)
		kfree(record);
}

static void measure_counts(struct kunit *test)
{
	struct measure_test *t = test->priv;

	KUNIT_EXPECT_EQ(test, modgate_log_add(&t->log, "sealed", "by=%s", "seal"), 0);
	KUNIT_EXPECT_STREQ(test, t->log.line, "seq=1 event=sealed by=seal");
	KUNIT_EXPECT_EQ(test, modgate_log_add(&t->log, "lost", "lines=%d", 7), 0);
	KUNIT_EXPECT_STREQ(test, t->log.line, "seq=2 event=lost lines=7");
	KUNIT_EXPECT_EQ(test, t->log.n_measured, 2);
	KUNIT_EXPECT_EQ(test, t->n_extended, 2);
}

/* A record that cannot be kept is not measured, and the next one takes its number. */
static void measure_without_memory(struct kunit *test)
{
	struct measure_test *t = test->priv;

	t->no_memory = true;
	KUNIT_EXPECT_EQ(test, modgate_log_add(&t->log, "module", "%s", "x"), -ENOMEM);
	KUNIT_EXPECT_EQ(test, t->n_extended, 0);
	KUNIT_EXPECT_EQ(test, t->log.n_errors, 1);
	t->no_memory = false;
	KUNIT_EXPECT_EQ(test, modgate_log_add(&t->log, "module", "%s", "x"), 0);
	KUNIT_EXPECT_STREQ(test, t->log.line, "seq=1 event=module x");
	KUNIT_EXPECT_EQ(test, t->n_extended, 1);
}

/* This includes the first record: if it does not reach the TPM, the boot is not measured. */
static void measure_tpm_fails(struct kunit *test)
{
	struct measure_test *t = test->priv;

	t->extend_error = -EIO;
	KUNIT_EXPECT_EQ(test, modgate_log_add(&t->log, "boot", "%s", "x"), -EIO);
	t->extend_error = 0;
	KUNIT_EXPECT_EQ(test, modgate_log_add(&t->log, "module", "%s", "x"), -EIO);
	KUNIT_EXPECT_EQ(test, t->log.n_errors, 1);
	KUNIT_EXPECT_EQ(test, t->log.n_records, 2);
}

static void measure_without_tpm(struct kunit *test)
{
	struct measure_test *t = test->priv;

	t->extend_error = -ENODEV;
	KUNIT_EXPECT_EQ(test, modgate_log_add(&t->log, "boot", "%s", "x"), 0);
	KUNIT_EXPECT_EQ(test, t->log.n_records, 1);
	KUNIT_EXPECT_EQ(test, t->log.n_measured, 0);
	KUNIT_EXPECT_EQ(test, t->log.n_errors, 0);
}

/* A TPM reset is recorded along with the record that detects it. */
static void measure_pcr_changed(struct kunit *test)
{
	struct measure_test *t = test->priv;

	KUNIT_EXPECT_EQ(test, modgate_log_add(&t->log, "boot", "%s", "x"), 0);
	t->changed = true;
	KUNIT_EXPECT_EQ(test, modgate_log_add(&t->log, "lost", "%s", "x"), 0);
	KUNIT_EXPECT_EQ(test, t->log.n_records, 3);
	KUNIT_EXPECT_EQ(test, t->log.n_changed, 1);
	KUNIT_EXPECT_STREQ(test, t->log.line, "seq=3 event=pcr-changed bank=sha256 value=abcd");
	KUNIT_EXPECT_EQ(test, modgate_log_add(&t->log, "lost", "%s", "x"), 0);
	KUNIT_EXPECT_EQ(test, t->n_extended, 4);
}

static void measure_clock(struct kunit *test)
{
	static const u8 body[25] = {
		[16] = 1, [19] = 2,	/* resetCount */
		[23] = 9,		/* restartCount */
		[24] = 1,		/* safe */
	};
	u32 resets, restarts;

	KUNIT_EXPECT_EQ(test, modgate_tpm_parse_clock(body, 25, &resets, &restarts), 0);
	KUNIT_EXPECT_EQ(test, resets, 0x01000002);
	KUNIT_EXPECT_EQ(test, restarts, 9);
	KUNIT_EXPECT_EQ(test, modgate_tpm_parse_clock(body, 24, &resets, &restarts), -EIO);
	KUNIT_EXPECT_EQ(test, modgate_tpm_parse_clock(body, 0, &resets, &restarts), -EIO);
}

static struct kunit_case measure_test_cases[] = {
	KUNIT_CASE(measure_counts),
	KUNIT_CASE(measure_without_memory),
	KUNIT_CASE(measure_tpm_fails),
	KUNIT_CASE(measure_without_tpm),
	KUNIT_CASE(measure_pcr_changed),
	KUNIT_CASE(measure_clock),
	{ }
};

static struct kunit_suite measure_test_suite = {
	.name = "modgate_measure",
	.init = measure_test_init,
	.exit = measure_test_exit,
	.test_cases = measure_test_cases,
};

kunit_test_suite(measure_test_suite);
