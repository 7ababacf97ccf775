// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a verdict costs: how often a module is hashed, and keys are tried. What is
 * refused besides.
 */
#include <kunit/static_stub.h>
#include <kunit/test-bug.h>
#include <kunit/test.h>
#include <linux/security.h>
#include "early.h"
#include "hooks.h"
#include "policy.h"
#include "receipt.h"
#include "signer.h"
#include "task.h"
#include "verdict.h"

/**
 * struct module_case - a module, and what its verdict may cost
 * @name: of the case
 * @state: of the kernel
 * @mode: of the local policy
 * @system: a key of the kernel has signed it
 * @listed: a list in force has its digest
 * @bans: a list in force bans some digest
 * @digests: how often all of its bytes are to be hashed for its SHA-384
 * @by_system: how often the kernel's own keys are to be tried
 * @by_known: how often the other keyrings are
 */
struct module_case {
	const char *name;
	enum modgate_state state;
	u32 mode;
	bool system;
	bool listed;
	bool bans;
	int digests;
	int by_system;
	int by_known;
};

static const struct module_case cases[] = {
	{ "system", MODGATE_SEALED, MODGATE_MODE_LISTED,
	  .system = true, .by_system = 1 },
	{ "system, closed", MODGATE_CLOSED, MODGATE_MODE_SYSTEM,
	  .system = true, .by_system = 1 },
	{ "system, something is banned", MODGATE_SEALED, MODGATE_MODE_LISTED,
	  .system = true, .bans = true, .by_system = 1, .digests = 1 },
	/* A list that bans it may come before it comes up. */
	{ "system, boot", MODGATE_BOOT, MODGATE_MODE_LISTED,
	  .system = true, .by_system = 1, .digests = 1 },
	{ "approved", MODGATE_SEALED, MODGATE_MODE_LISTED,
	  .listed = true, .by_system = 1, .digests = 1 },
	{ "approved, something is banned", MODGATE_SEALED, MODGATE_MODE_LISTED,
	  .listed = true, .bans = true, .by_system = 1, .digests = 1 },
	{ "approved, signed", MODGATE_SEALED, MODGATE_MODE_SIGNED,
	  .listed = true, .by_system = 1, .by_known = 1, .digests = 1 },
};

/* What it did cost; of the test that runs. */
struct cost {
	const struct module_case *module;
	int receipt;		/* what writing its line returns */
	int digests;
	int by_system;
	int by_known;
};

static struct cost *cost(void)
{
	return kunit_get_current_test()->priv;
}

static int count_digest(const void *data, size_t size, u8 *digest)
{
	cost()->digests++;
	memset(digest, 0, MODGATE_DIGEST_SIZE);
	return 0;
}

static bool count_system(struct modgate_signature *signature)
{
	cost()->by_system++;
	return cost()->module->system;
}

static bool count_known(struct modgate_signature *signature)
{
	cost()->by_known++;
	return true;
}

static bool fake_bans(void)
{
	return cost()->module->bans;
}

static void fake_rules(struct modgate_rules *rules)
{
	*rules = (struct modgate_rules){
		.state = cost()->module->state,
		.policy = true,
		.lists = true,
		.mode = cost()->module->mode,
	};
}

static bool fake_approval(const u8 *digest, const u8 **authority, u32 *flags)
{
	return cost()->module->listed;
}

static enum modgate_enforcing enforce(void)
{
	return MODGATE_ENFORCE;
}

static int fake_receipt(const struct modgate_task *task, struct modgate_line **line)
{
	return cost()->receipt;
}

/*
 * A verdict on a module that is what @spent says. Leaves in @after what it left with the
 * task.
 */
static int judge(struct kunit *test, struct cost *spent, struct modgate_task *after)
{
	struct modgate_task *task = modgate_task(current);
	const struct modgate_task before = *task;
	static const char bytes[] = "a module";
	int err;

	test->priv = spent;
	kunit_activate_static_stub(test, modgate_sha384, count_digest);
	kunit_activate_static_stub(test, modgate_signed_by_system, count_system);
	kunit_activate_static_stub(test, modgate_signed_by_known, count_known);
	kunit_activate_static_stub(test, modgate_bans_digests, fake_bans);
	kunit_activate_static_stub(test, modgate_rules_get, fake_rules);
	kunit_activate_static_stub(test, modgate_approval, fake_approval);
	kunit_activate_static_stub(test, modgate_enforcing, enforce);
	kunit_activate_static_stub(test, modgate_receipt_judged, fake_receipt);
	err = modgate_judge(bytes, sizeof(bytes), NULL);
	*after = *task;
	*task = before;
	return err;
}

static void hooks_cost(struct kunit *test)
{
	const struct module_case *module = test->param_value;
	struct cost spent = { .module = module };
	struct modgate_task after;

	KUNIT_EXPECT_EQ(test, judge(test, &spent, &after), 0);
	KUNIT_EXPECT_TRUE(test, after.judged);
	KUNIT_EXPECT_EQ(test, spent.digests, module->digests);
	KUNIT_EXPECT_EQ(test, spent.by_system, module->by_system);
	KUNIT_EXPECT_EQ(test, spent.by_known, module->by_known);
}

static bool yes_starting(void)
{
	return true;
}

/* What has no line, or none that was measured, does not load where it is refused. */
static void hooks_no_line_no_module(struct kunit *test)
{
	static const struct module_case approved = {
		.state = MODGATE_SEALED, .mode = MODGATE_MODE_LISTED, .listed = true,
	};
	struct cost spent = { .module = &approved, .receipt = -ENOMEM };
	struct modgate_task after;

	KUNIT_EXPECT_EQ(test, judge(test, &spent, &after), -EPERM);
	KUNIT_EXPECT_FALSE(test, after.judged);
	KUNIT_EXPECT_NULL(test, after.vouched);
}

/* Firmware, and whatever else the kernel would read from the initramfs. */
static void hooks_read_nothing_early(struct kunit *test)
{
	kunit_activate_static_stub(test, modgate_starting, yes_starting);
	KUNIT_EXPECT_EQ(test, security_kernel_read_file(NULL, READING_FIRMWARE, true), -EPERM);
	KUNIT_EXPECT_EQ(test, security_kernel_load_data(LOADING_FIRMWARE, true), -EPERM);
	kunit_deactivate_static_stub(test, modgate_starting);
	KUNIT_EXPECT_EQ(test, security_kernel_load_data(LOADING_FIRMWARE, true), 0);
}

static void describe(const struct module_case *module, char *name)
{
	strscpy(name, module->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(hooks, cases, describe);

static int hooks_test_init(struct kunit *test)
{
	if (!modgate_enabled)
		kunit_skip(test, "modgate is not in lsm=");
	return 0;
}

static struct kunit_case hooks_test_cases[] = {
	KUNIT_CASE_PARAM(hooks_cost, hooks_gen_params),
	KUNIT_CASE(hooks_no_line_no_module),
	KUNIT_CASE(hooks_read_nothing_early),
	{ }
};

static struct kunit_suite hooks_test_suite = {
	.name = "modgate_hooks",
	.init = hooks_test_init,
	.test_cases = hooks_test_cases,
};

kunit_test_suite(hooks_test_suite);
