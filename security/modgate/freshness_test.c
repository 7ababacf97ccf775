// SPDX-License-Identifier: GPL-2.0-only
/*
 * Freshness: the rule, how a counter is raised, and how TPM answers are handled.
 */
#include <kunit/test.h>
#include <linux/limits.h>
#include <linux/tpm.h>
#include <linux/unaligned.h>
#include "freshness.h"
#include "tpm.h"

/* The rule: one row for each side of each bound. */
struct row {
	const char *name;
	u64 generation;
	u64 base;
	u64 floor;
	u64 counter;
	int err;
};

static const struct row rows[] = {
	{ "equal to the counter", 7, 0, 0, 7 },
	{ "one ahead of the counter", 8, 0, 0, 7 },
	{ "one behind the counter", 6, 0, 0, 7, -ESTALE },
	{ "as far ahead as may be", 7 + MODGATE_STEPS_MAX, 0, 0, 7 },
	{ "one step too far ahead", 8 + MODGATE_STEPS_MAX, 0, 0, 7, -ESTALE },
	{ "base lifts to the counter", 1, 6, 0, 7 },
	{ "base does not lift enough", 1, 5, 0, 7, -ESTALE },
	{ "base lifts too far", 1, 7 + MODGATE_STEPS_MAX, 0, 7, -ESTALE },
	{ "at the floor", 7, 0, 7, 7 },
	{ "below the floor", 7, 0, 8, 7, -ESTALE },
	{ "base does not lift over the floor", 7, 1, 8, 8, -ESTALE },
	{ "largest sum", U64_MAX - 1, 1, 0, U64_MAX },
	{ "sum overflows", U64_MAX, 1, 0, 0, -ESTALE },
	{ "base alone is the largest", 1, U64_MAX, 0, 0, -ESTALE },
};

static void row_describe(const struct row *row, char *name)
{
	strscpy(name, row->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(row, rows, row_describe);

static void freshness_row(struct kunit *test)
{
	const struct row *row = test->param_value;
	const struct modgate_claim claim = {
		.generation = row->generation,
		.base = row->base,
		.floor = row->floor,
	};
	const char *rule;

	KUNIT_EXPECT_EQ(test, modgate_freshness_judge(&claim, row->counter,
						      &rule), row->err);
	KUNIT_EXPECT_EQ(test, !rule, !row->err);
}

/* A fake TPM with one counter, and its faults. */
struct fake {
	struct modgate_counters counters;
	u64 value;
	int check;		/* what check returns */
	int read;		/* what read returns */
	int increment;		/* what increment returns */
	unsigned int fail;	/* number of increments that return -EIO */
	bool deaf;		/* increments that return -EIO are not carried out */
	bool stuck;		/* increments do nothing */
	unsigned int asked;	/* increments requested */
	u32 index;
	bool held;
	bool exposed;		/* it was used while not held */
};

static int fake_begin(struct modgate_counters *c)
{
	container_of(c, struct fake, counters)->held = true;
	return 0;
}

static void fake_end(struct modgate_counters *c)
{
	container_of(c, struct fake, counters)->held = false;
}

static struct fake *fake_of(struct modgate_counters *c, u32 index)
{
	struct fake *fake = container_of(c, struct fake, counters);

	fake->exposed |= !fake->held;
	fake->index = index;
	return fake;
}

static int fake_check(struct modgate_counters *c, u32 index)
{
	return fake_of(c, index)->check;
}

static int fake_read(struct modgate_counters *c, u32 index, u64 *value)
{
	struct fake *fake = fake_of(c, index);

	*value = fake->value;
	return fake->read;
}

static int fake_increment(struct modgate_counters *c, u32 index)
{
	struct fake *fake = fake_of(c, index);
	bool fails = fake->asked++ < fake->fail;

	if (fake->increment)
		return fake->increment;
	if (!fake->stuck && !(fails && fake->deaf))
		fake->value++;
	return fails ? -EIO : 0;
}

static void fake_make(struct fake *fake, u64 value)
{
	*fake = (struct fake){
		.counters = {
			.begin = fake_begin,
			.end = fake_end,
			.check = fake_check,
			.read = fake_read,
			.increment = fake_increment,
		},
		.value = value,
	};
}

static int accept(struct fake *fake, u64 generation, u64 *counter)
{
	const struct modgate_claim claim = {
		.slot = 3,
		.generation = generation,
	};
	const char *rule;
	int err;

	err = modgate_freshness_accept(&fake->counters, &claim, counter, &rule);
	/* -EXDEV: no tested code returns that */
	return fake->exposed || fake->held ? -EXDEV : err;
}

static void freshness_accept_raises(struct kunit *test)
{
	struct fake fake;
	u64 counter;

	fake_make(&fake, 7);
	KUNIT_EXPECT_EQ(test, accept(&fake, 9, &counter), 0);
	KUNIT_EXPECT_EQ(test, counter, 9);
	KUNIT_EXPECT_EQ(test, fake.value, 9);
	KUNIT_EXPECT_EQ(test, fake.index, 0x0184d006);

	/* The previous generation is invalid now; the same one again is not. */
	KUNIT_EXPECT_EQ(test, accept(&fake, 8, &counter), -ESTALE);
	KUNIT_EXPECT_EQ(test, accept(&fake, 9, &counter), 0);
	KUNIT_EXPECT_EQ(test, fake.asked, 2);

	fake_make(&fake, 7);
	KUNIT_EXPECT_EQ(test, accept(&fake, 7 + MODGATE_STEPS_MAX, &counter),
			0);
	KUNIT_EXPECT_EQ(test, fake.value, 7 + MODGATE_STEPS_MAX);
}

static void freshness_rejected_raises_nothing(struct kunit *test)
{
	struct fake fake;
	u64 counter;

	fake_make(&fake, 7);
	KUNIT_EXPECT_EQ(test, accept(&fake, 6, &counter), -ESTALE);
	KUNIT_EXPECT_EQ(test, accept(&fake, 8 + MODGATE_STEPS_MAX, &counter),
			-ESTALE);
	KUNIT_EXPECT_EQ(test, fake.asked, 0);
}

static void freshness_bad_counter_is_enodev(struct kunit *test)
{
	static const int errors[] = {
		-ENODEV, -ENOENT, -EINVAL, -ENODATA, -EIO,
	};
	struct fake fake;
	u64 counter;
	int i;

	for (i = 0; i < ARRAY_SIZE(errors); i++) {
		fake_make(&fake, 7);
		fake.check = errors[i];
		KUNIT_EXPECT_EQ(test, accept(&fake, 8, &counter), -ENODEV);
		KUNIT_EXPECT_EQ(test, fake.asked, 0);

		fake_make(&fake, 7);
		fake.read = errors[i];
		KUNIT_EXPECT_EQ(test, accept(&fake, 8, &counter), -ENODEV);
		KUNIT_EXPECT_EQ(test, fake.asked, 0);

		fake_make(&fake, 7);
		fake.increment = errors[i];
		KUNIT_EXPECT_EQ(test, accept(&fake, 8, &counter), -ENODEV);
	}
	fake_make(&fake, 7);
	fake.check = -ENOMEM;
	KUNIT_EXPECT_EQ(test, accept(&fake, 8, &counter), -ENOMEM);
}

/* An increment without a response is not repeated if it was carried out. */
static void freshness_lost_increment(struct kunit *test)
{
	struct fake fake;
	u64 counter;

	fake_make(&fake, 7);
	fake.fail = 2;
	KUNIT_EXPECT_EQ(test, accept(&fake, 8, &counter), 0);
	KUNIT_EXPECT_EQ(test, fake.value, 8);
	KUNIT_EXPECT_EQ(test, fake.asked, 1);

	fake_make(&fake, 7);
	fake.fail = 2;
	fake.deaf = true;
	KUNIT_EXPECT_EQ(test, accept(&fake, 8, &counter), 0);
	KUNIT_EXPECT_EQ(test, fake.value, 8);
	KUNIT_EXPECT_EQ(test, fake.asked, 3);

	fake_make(&fake, 7);
	fake.fail = 3;
	fake.deaf = true;
	KUNIT_EXPECT_EQ(test, accept(&fake, 8, &counter), -ENODEV);
}

static void freshness_stuck_counter_ends(struct kunit *test)
{
	struct fake fake;
	u64 counter;

	fake_make(&fake, 7);
	fake.stuck = true;
	KUNIT_EXPECT_EQ(test, accept(&fake, 8, &counter), -ENODEV);
}

static const struct modgate_claim below_floor = { .generation = 1, .floor = 2 };

/* Without freshness the floor applies, and no TPM is used. */
static void freshness_none_keeps_the_floor(struct kunit *test)
{
	struct modgate_claim claim = below_floor;
	const char *rule;
	u64 counter;

	if (modgate_freshness_tpm)
		kunit_skip(test, "freshness=tpm is in force");
	KUNIT_EXPECT_EQ(test, modgate_freshness_check(&claim, &counter, &rule),
			-ESTALE);
	claim.floor = 1;
	KUNIT_EXPECT_EQ(test, modgate_freshness_check(&claim, &counter, &rule),
			0);
	KUNIT_EXPECT_EQ(test, counter, 0);
}

#ifdef CONFIG_SECURITY_MODGATE_TPM
#define INDEX MODGATE_NV_ACCEPT(1)

/* TPM2B_NV_PUBLIC as TPM2_NV_ReadPublic returns it for one of our counters. */
static const u8 nv_public[16] = {
	0x00, 0x0e, 0x01, 0x84, 0xd0, 0x02, 0x00, 0x0b,
	0x22, 0x04, 0x00, 0x14, 0x00, 0x00, 0x00, 0x08,
};

static int parse_public(const u8 *body, size_t size, u32 index)
{
	struct tpm2_nv_public public;

	return tpm2_nv_parse_public(body, size, index, &public) ?:
	       modgate_tpm_check_public(&public);
}

static void tpm_public_area(struct kunit *test)
{
	u8 body[sizeof(nv_public)];
	int i;

	KUNIT_EXPECT_EQ(test, parse_public(nv_public, sizeof(nv_public), INDEX), 0);
	KUNIT_EXPECT_EQ(test, parse_public(nv_public, sizeof(nv_public), INDEX + 2), -EBADMSG);
	for (i = 0; i < sizeof(nv_public); i++)
		KUNIT_EXPECT_EQ(test, parse_public(nv_public, i, INDEX), -EBADMSG);

	/* Lock bits do not matter; a counter that was never written does. */
	memcpy(body, nv_public, sizeof(body));
	put_unaligned_be32(MODGATE_NV_ATTRIBUTES | MODGATE_NV_STATE, body + 8);
	KUNIT_EXPECT_EQ(test, parse_public(body, sizeof(body), INDEX), 0);
	put_unaligned_be32(MODGATE_NV_ATTRIBUTES, body + 8);
	KUNIT_EXPECT_EQ(test, parse_public(body, sizeof(body), INDEX), -ENODATA);
}

/* One bit of anything else is another public area, or no answer. */
static void tpm_public_area_differs(struct kunit *test)
{
	u8 body[sizeof(nv_public)];
	int bit, err;

	for (bit = 0; bit < 8 * sizeof(body); bit++) {
		memcpy(body, nv_public, sizeof(body));
		body[bit / 8] ^= BIT(bit % 8);
		if (bit / 8 >= 8 && bit / 8 < 12 &&
		    MODGATE_NV_STATE & BIT(8 * (11 - bit / 8) + bit % 8))
			continue;
		err = parse_public(body, sizeof(body), INDEX);
		KUNIT_EXPECT_TRUE(test, err == -EINVAL || err == -EBADMSG);
	}
}

/* A policy is read over, and makes it another public area. */
static void tpm_public_area_has_policy(struct kunit *test)
{
	u8 body[sizeof(nv_public) + 32] = { 0 };

	memcpy(body, nv_public, 14);
	body[1] += 32;
	body[13] = 32;
	body[sizeof(body) - 1] = MODGATE_TPM_COUNTER_SIZE;
	KUNIT_EXPECT_EQ(test, parse_public(body, sizeof(body), INDEX), -EINVAL);
	KUNIT_EXPECT_EQ(test, parse_public(body, sizeof(body) - 1, INDEX), -EBADMSG);
}

static void tpm_counter_value(struct kunit *test)
{
	static const u8 body[] = {
		0, 0, 0, 10, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 1, 0, 0,
	};
	u8 other[sizeof(body)], data[MODGATE_TPM_COUNTER_SIZE];
	int i;

	KUNIT_EXPECT_EQ(test, tpm2_nv_parse_data(body, sizeof(body), data, sizeof(data)), 0);
	KUNIT_EXPECT_MEMEQ(test, data, body + 6, sizeof(data));
	for (i = 0; i < 14; i++)
		KUNIT_EXPECT_EQ(test, tpm2_nv_parse_data(body, i, data, sizeof(data)), -EBADMSG);
	for (i = 0; i < 6; i++) {
		memcpy(other, body, sizeof(body));
		other[i] ^= 1;
		KUNIT_EXPECT_EQ(test, tpm2_nv_parse_data(other, sizeof(other), data,
							 sizeof(data)), -EBADMSG);
	}
}

static void tpm_object_name(struct kunit *test)
{
	u8 body[2 + 8 + 2 + 34] = {
		0, 8, 0x00, 0x23, 0x00, 0x0b, 0x00, 0x03, 0x04, 0x72,
		0, 34, 0x00, 0x0b,
	};
	const u8 *name;
	size_t size;
	int i;

	KUNIT_EXPECT_EQ(test, modgate_tpm_parse_name(body, sizeof(body), &name,
						     &size), 0);
	KUNIT_EXPECT_PTR_EQ(test, name, (const u8 *)body + 12);
	KUNIT_EXPECT_EQ(test, size, 34);
	for (i = 0; i < sizeof(body); i++)
		KUNIT_EXPECT_EQ(test, modgate_tpm_parse_name(body, i, &name,
							     &size), -EIO);
	body[9] &= ~0x02;	/* fixedTPM */
	KUNIT_EXPECT_EQ(test, modgate_tpm_parse_name(body, sizeof(body), &name,
						     &size), -ENOENT);
	body[11] = 2;		/* a Name without a digest */
	KUNIT_EXPECT_EQ(test, modgate_tpm_parse_name(body, sizeof(body), &name,
						     &size), -EIO);
}
#endif

static struct kunit_case freshness_cases[] = {
	KUNIT_CASE_PARAM(freshness_row, row_gen_params),
	KUNIT_CASE(freshness_accept_raises),
	KUNIT_CASE(freshness_rejected_raises_nothing),
	KUNIT_CASE(freshness_bad_counter_is_enodev),
	KUNIT_CASE(freshness_lost_increment),
	KUNIT_CASE(freshness_stuck_counter_ends),
	KUNIT_CASE(freshness_none_keeps_the_floor),
#ifdef CONFIG_SECURITY_MODGATE_TPM
	KUNIT_CASE(tpm_public_area),
	KUNIT_CASE(tpm_public_area_differs),
	KUNIT_CASE(tpm_public_area_has_policy),
	KUNIT_CASE(tpm_counter_value),
	KUNIT_CASE(tpm_object_name),
#endif
	{}
};

static struct kunit_suite freshness_suite = {
	.name = "modgate_freshness",
	.test_cases = freshness_cases,
};

kunit_test_suite(freshness_suite);
