// SPDX-License-Identifier: GPL-2.0-only
/*
 * The contents of the receipt, and which part is hashed. This test uses its own
 * receipt.
 */
#include <kunit/test.h>
#include <linux/slab.h>
#include <linux/string.h>
#include "receipt.h"
#include "signer.h"
#include "task.h"

static const u8 owner[MODGATE_DIGEST_SIZE] = { 0xaa };

/* What the current test would have measured, and how often. */
static char measured[1024];
static int n_measured;
static int measure_error;

static int measure(const char *text)
{
	strscpy(measured, text);
	n_measured++;
	return measure_error;
}

struct receipt_test {
	struct modgate_receipt receipt;
	struct modgate_task task;
	struct modgate_line *line;
	struct module *module;
};

static int receipt_test_init(struct kunit *test)
{
	struct receipt_test *t = kunit_kzalloc(test, sizeof(*t), GFP_KERNEL);

	if (!t)
		return -ENOMEM;
	/* Far too big for the stack. */
	t->module = kunit_kzalloc(test, sizeof(*t->module), GFP_KERNEL);
	if (!t->module)
		return -ENOMEM;
	mutex_init(&t->receipt.writers);
	spin_lock_init(&t->receipt.lock);
	INIT_LIST_HEAD(&t->receipt.lines);
	strscpy(t->task.name, "acpi_call");
	t->task.digested = true;
	t->task.digest[0] = 0x11;
	t->task.authority = owner;
	n_measured = 0;
	measure_error = 0;
	test->priv = t;
	return 0;
}

/* Only this test frees lines. */
static void receipt_test_exit(struct kunit *test)
{
	struct receipt_test *t = test->priv;
	struct list_head *line, *next;

	if (!t)
		return;
	/* The list head is the first member of a line. */
	list_for_each_safe(line, next, &t->receipt.lines)
		kfree(line);
}

static int add(struct receipt_test *t, const char *reason)
{
	t->task.reason = reason;
	t->line = NULL;
	return modgate_receipt_add(&t->receipt, &t->task, &t->line, measure);
}

static void comes_up(struct receipt_test *t)
{
	modgate_receipt_up(&t->receipt, t->line, t->module, false);
}

/* Everything after "number=N time=T ". */
static const char *what(void)
{
	const char *text = strstr(measured, " digest=");

	return text ? text + 1 : "";
}

static void receipt_text(struct kunit *test)
{
	struct receipt_test *t = test->priv;
	char expected[512];

	snprintf(expected, sizeof(expected),
		 "digest=%*phN name=acpi_call reason=approved authority=%*phN",
		 MODGATE_DIGEST_SIZE, t->task.digest, MODGATE_DIGEST_SIZE, owner);
	KUNIT_ASSERT_EQ(test, add(t, MODGATE_REASON_APPROVED), 0);
	KUNIT_EXPECT_TRUE(test, strstarts(measured, "number=1 time="));
	KUNIT_EXPECT_STREQ(test, what(), expected);
}

/* A module can have any name. */
static void receipt_name_is_escaped(struct kunit *test)
{
	struct receipt_test *t = test->priv;

	t->task.digested = false;
	t->task.authority = NULL;
	strscpy(t->task.name, "a b=\n\x7f\xff\"\\");
	KUNIT_ASSERT_EQ(test, add(t, MODGATE_REASON_NOT_APPROVED), 0);
	KUNIT_EXPECT_STREQ(test, what(),
			   "digest=- name=a\\x20b\\x3d\\x0a\\x7f\\xff\\x22\\x5c"
			   " reason=not-approved authority=-");
}

static void receipt_longest_line(struct kunit *test)
{
	struct receipt_test *t = test->priv;

	memset(t->task.name, 1, sizeof(t->task.name) - 1);
	KUNIT_ASSERT_EQ(test, add(t, MODGATE_REASON_NOT_APPROVED), 0);
	KUNIT_EXPECT_NOT_NULL(test, strstr(measured, "\\x01 reason=not-approved authority=aa00"));
	KUNIT_EXPECT_EQ(test, strlen(strrchr(measured, '=')), 1 + 2 * MODGATE_DIGEST_SIZE);
}

/* The hash can be computed from the lines alone. */
static void receipt_hash(struct kunit *test)
{
	struct receipt_test *t = test->priv;
	u8 input[MODGATE_DIGEST_SIZE + sizeof(measured)] = {};
	u8 expected[MODGATE_DIGEST_SIZE] = {};
	int i;

	for (i = 0; i < 3; i++) {
		t->task.digest[1] = i;
		t->task.content[1] = i;
		KUNIT_ASSERT_EQ(test, add(t, MODGATE_REASON_VENDOR), 0);
		memcpy(input, expected, sizeof(expected));
		memcpy(input + sizeof(expected), measured, strlen(measured));
		KUNIT_ASSERT_EQ(test, modgate_sha384(input, sizeof(expected) + strlen(measured),
						     expected), 0);
		KUNIT_EXPECT_MEMEQ(test, t->receipt.hash, expected, sizeof(expected));
	}
	KUNIT_EXPECT_EQ(test, t->receipt.n_lines, 3);
}

/* A repeated load is counted; one that differs in anything gets its own line. */
static void receipt_repeats(struct kunit *test)
{
	struct receipt_test *t = test->priv;
	u8 hash[MODGATE_DIGEST_SIZE];

	KUNIT_ASSERT_EQ(test, add(t, MODGATE_REASON_APPROVED), 0);
	memcpy(hash, t->receipt.hash, sizeof(hash));
	comes_up(t);
	modgate_receipt_move(&t->receipt, t->module, MODULE_STATE_LIVE);
	modgate_receipt_move(&t->receipt, t->module, MODULE_STATE_GOING);
	KUNIT_ASSERT_EQ(test, add(t, MODGATE_REASON_APPROVED), 0);
	KUNIT_EXPECT_EQ(test, n_measured, 1);
	KUNIT_EXPECT_MEMEQ(test, t->receipt.hash, hash, sizeof(hash));

	KUNIT_ASSERT_EQ(test, add(t, MODGATE_REASON_VENDOR), 0);
	strscpy(t->task.name, "other");
	KUNIT_ASSERT_EQ(test, add(t, MODGATE_REASON_VENDOR), 0);
	t->task.authority = NULL;
	KUNIT_ASSERT_EQ(test, add(t, MODGATE_REASON_VENDOR), 0);
	t->task.digest[47] = 1;
	t->task.content[47] = 1;
	KUNIT_ASSERT_EQ(test, add(t, MODGATE_REASON_VENDOR), 0);
	KUNIT_EXPECT_EQ(test, n_measured, 5);
	KUNIT_EXPECT_EQ(test, t->receipt.n_lines, 5);
}

/*
 * The encoding of the signature does not matter for a vendor's module; it does for an approved
 * one.
 */
static void receipt_respelled(struct kunit *test)
{
	struct receipt_test *t = test->priv;
	struct modgate_line *line;

	t->task.content[0] = 7;
	KUNIT_ASSERT_EQ(test, add(t, MODGATE_REASON_VENDOR), 0);
	line = t->line;
	t->task.digest[1] = 1;
	KUNIT_ASSERT_EQ(test, add(t, MODGATE_REASON_VENDOR), 0);
	KUNIT_EXPECT_PTR_EQ(test, t->line, line);
	KUNIT_EXPECT_EQ(test, t->receipt.n_lines, 1);
	t->task.content[0] = 8;
	KUNIT_ASSERT_EQ(test, add(t, MODGATE_REASON_VENDOR), 0);
	KUNIT_ASSERT_EQ(test, add(t, MODGATE_REASON_APPROVED), 0);
	t->task.digest[1] = 2;
	KUNIT_ASSERT_EQ(test, add(t, MODGATE_REASON_APPROVED), 0);
	KUNIT_EXPECT_EQ(test, t->receipt.n_lines, 4);
	strscpy(t->task.name, "other");
	KUNIT_ASSERT_EQ(test, add(t, MODGATE_REASON_VENDOR), 0);
	KUNIT_EXPECT_EQ(test, t->receipt.n_lines, 5);
}

/* A module without a line is left alone. */
static void receipt_is_bounded(struct kunit *test)
{
	struct receipt_test *t = test->priv;

	t->receipt.n_lines = MODGATE_RECEIPT_MAX;
	KUNIT_EXPECT_EQ(test, add(t, MODGATE_REASON_APPROVED), -ENOSPC);
	KUNIT_EXPECT_EQ(test, n_measured, 0);
	KUNIT_EXPECT_NULL(test, t->line);
	modgate_receipt_move(&t->receipt, t->module, MODULE_STATE_LIVE);
	t->receipt.n_lines = MODGATE_RECEIPT_MAX - 1;
	KUNIT_EXPECT_EQ(test, add(t, MODGATE_REASON_APPROVED), 0);
	KUNIT_EXPECT_EQ(test, add(t, MODGATE_REASON_APPROVED), 0);
	KUNIT_EXPECT_EQ(test, add(t, MODGATE_REASON_VENDOR), -ENOSPC);
}

/* A line that could not be measured is never measured later, although it is in the hash. */
static void receipt_unmeasured(struct kunit *test)
{
	struct receipt_test *t = test->priv;

	measure_error = -EIO;
	KUNIT_EXPECT_EQ(test, add(t, MODGATE_REASON_APPROVED), -EIO);
	KUNIT_EXPECT_EQ(test, t->receipt.n_lines, 1);
	KUNIT_EXPECT_NOT_NULL(test, t->line);
	measure_error = 0;
	KUNIT_EXPECT_EQ(test, add(t, MODGATE_REASON_APPROVED), -EIO);
	KUNIT_EXPECT_EQ(test, n_measured, 1);
	KUNIT_EXPECT_EQ(test, add(t, MODGATE_REASON_VENDOR), 0);
}

/* A module that was not measured for lack of memory has no line and is not in the hash. */
static void receipt_without_memory(struct kunit *test)
{
	static const u8 zero[MODGATE_DIGEST_SIZE];
	struct receipt_test *t = test->priv;

	measure_error = -ENOMEM;
	KUNIT_EXPECT_EQ(test, add(t, MODGATE_REASON_APPROVED), -ENOMEM);
	KUNIT_EXPECT_NULL(test, t->line);
	KUNIT_EXPECT_EQ(test, t->receipt.n_lines, 0);
	KUNIT_EXPECT_MEMEQ(test, t->receipt.hash, zero, sizeof(zero));
	measure_error = 0;
	KUNIT_EXPECT_EQ(test, add(t, MODGATE_REASON_APPROVED), 0);
	KUNIT_EXPECT_TRUE(test, strstarts(measured, "number=1 time="));
}

static struct kunit_case receipt_test_cases[] = {
	KUNIT_CASE(receipt_text),
	KUNIT_CASE(receipt_name_is_escaped),
	KUNIT_CASE(receipt_longest_line),
	KUNIT_CASE(receipt_hash),
	KUNIT_CASE(receipt_repeats),
	KUNIT_CASE(receipt_respelled),
	KUNIT_CASE(receipt_is_bounded),
	KUNIT_CASE(receipt_unmeasured),
	KUNIT_CASE(receipt_without_memory),
	{ }
};

static struct kunit_suite receipt_test_suite = {
	.name = "modgate_receipt",
	.init = receipt_test_init,
	.exit = receipt_test_exit,
	.test_cases = receipt_test_cases,
};

kunit_test_suite(receipt_test_suite);
