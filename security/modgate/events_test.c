// SPDX-License-Identifier: GPL-2.0-only
/*
 * What people see: names of modules, and strings from outside.
 */
#include <kunit/test.h>
#include <linux/limits.h>
#include "events.h"

struct name {
	const char *path;
	const char *name;
};

static const struct name names[] = {
	{ NULL, "" },
	{ "/lib/modules/6.1/updates/dkms/acpi-call.ko", "acpi_call" },
	{ "/x/snd-hda.ko.xz", "snd_hda" },
	{ "/x/plain", "plain" },
	{ "relative.ko", "relative" },
	{ "/x/.ko", "" },
	{ "/memfd:evil.ko (deleted)", "memfd:evil" },
};

static void name_describe(const struct name *name, char *text)
{
	strscpy(text, name->path ?: "no path", KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(name, names, name_describe);

static void name_of_a_path(struct kunit *test)
{
	const struct name *n = test->param_value;
	char name[MODGATE_NAME_SIZE];

	modgate_name_of(n->path, name);
	KUNIT_EXPECT_STREQ(test, name, n->name);
}

static void name_is_cut_off(struct kunit *test)
{
	char *path = kunit_kzalloc(test, NAME_MAX + 1, GFP_KERNEL);
	char name[MODGATE_NAME_SIZE];

	KUNIT_ASSERT_NOT_NULL(test, path);
	memset(path, 'x', NAME_MAX);
	modgate_name_of(path, name);
	KUNIT_EXPECT_EQ(test, strlen(name), MODGATE_NAME_SIZE - 1);
}

struct text {
	const char *in;
	const char *out;
};

static const struct text texts[] = {
	{ NULL, "-" },
	{ "", "-" },
	{ "/lib/a_b-c.ko", "/lib/a_b-c.ko" },
	{ "a b", "a\\x20b" },
	{ "a\nseq=1", "a\\x0aseq\\x3d1" },
	{ "\"\\\x7f\xc3", "\\x22\\x5c\\x7f\\xc3" },
};

static void text_describe(const struct text *text, char *name)
{
	strscpy(name, text->out, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(text, texts, text_describe);

static void string_is_escaped(struct kunit *test)
{
	const struct text *t = test->param_value;
	char buffer[64] = { };
	struct seq_file m = { .buf = buffer, .size = sizeof(buffer) };

	modgate_show_string(&m, t->in);
	KUNIT_ASSERT_LT(test, m.count, sizeof(buffer));
	KUNIT_EXPECT_STREQ(test, buffer, t->out);
}

static struct kunit_case events_cases[] = {
	KUNIT_CASE_PARAM(name_of_a_path, name_gen_params),
	KUNIT_CASE(name_is_cut_off),
	KUNIT_CASE_PARAM(string_is_escaped, text_gen_params),
	{}
};

static struct kunit_suite events_suite = {
	.name = "modgate_events",
	.test_cases = events_cases,
};

kunit_test_suite(events_suite);
