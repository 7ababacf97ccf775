// SPDX-License-Identifier: GPL-2.0-only
/*
 * The machine's name, compared with what other programs compute from the same input:
 *
 *	printf %s UUID | sha384sum
 *	printf 'modgate machine' | openssl dgst -sha384 -mac HMAC -macopt hexkey:KEY
 */
#include <kunit/test.h>
#include "freshness.h"
#include "machine.h"

static const char uuid[] = "4c4c4544-0051-3010-8052-b4c04f4e4d32";

static const u8 uuid_name[MODGATE_DIGEST_SIZE] = {
	0xf8, 0x8d, 0xb0, 0xfd, 0x84, 0x9c, 0x78, 0xa6,
	0x58, 0x5b, 0x7b, 0x8e, 0x76, 0x37, 0x44, 0xb2,
	0x74, 0x4d, 0x45, 0xbc, 0xeb, 0xe8, 0x7e, 0x6e,
	0x43, 0xc2, 0xf3, 0x69, 0x56, 0xc9, 0x0f, 0xf5,
	0x02, 0x94, 0xee, 0x4c, 0xe0, 0x4f, 0x85, 0xc2,
	0xf7, 0xb2, 0x9f, 0x38, 0x17, 0x91, 0x82, 0x62,
};

/* Of the key 00 01 02 ... 1f */
static const u8 key_name[MODGATE_DIGEST_SIZE] = {
	0x89, 0x2c, 0xad, 0xee, 0x69, 0xde, 0x2b, 0xe0,
	0xc9, 0x8c, 0xf6, 0x78, 0x99, 0xff, 0x31, 0x32,
	0x6f, 0x35, 0x65, 0x48, 0x9a, 0x71, 0xb0, 0xf7,
	0xc6, 0xee, 0xd0, 0x18, 0x5a, 0xe1, 0xfe, 0xff,
	0x23, 0xbe, 0x97, 0xed, 0x7f, 0x0d, 0x03, 0xce,
	0x7e, 0xc5, 0xf4, 0x88, 0x53, 0x49, 0x66, 0x52,
};

static void machine_by_uuid(struct kunit *test)
{
	u8 name[MODGATE_DIGEST_SIZE];

	KUNIT_EXPECT_EQ(test, modgate_machine_by_uuid(uuid, name), 0);
	KUNIT_EXPECT_MEMEQ(test, name, uuid_name, sizeof(name));
	KUNIT_EXPECT_EQ(test, modgate_machine_by_uuid(uuid + 1, name), -ENOENT);
	KUNIT_EXPECT_EQ(test, modgate_machine_by_uuid("", name), -ENOENT);
	KUNIT_EXPECT_EQ(test, modgate_machine_by_uuid(NULL, name), -ENOENT);
}

static void machine_by_key(struct kunit *test)
{
	u8 name[MODGATE_DIGEST_SIZE], key[32];
	int i;

	for (i = 0; i < sizeof(key); i++)
		key[i] = i;
	KUNIT_EXPECT_EQ(test, modgate_machine_by_key(key, sizeof(key), name),
			0);
	KUNIT_EXPECT_MEMEQ(test, name, key_name, sizeof(name));
}

/* No machine that runs this test has this name. */
static void machine_other_is_exdev(struct kunit *test)
{
	const char *rule = NULL;

	KUNIT_EXPECT_EQ(test, modgate_machine_check(key_name, false, &rule),
			-EXDEV);
	KUNIT_EXPECT_NOT_NULL(test, rule);
}

/* A list need not name a machine; a local policy must with freshness=tpm. */
static void machine_none_named(struct kunit *test)
{
	static const u8 none[MODGATE_DIGEST_SIZE];
	const char *rule;

	KUNIT_EXPECT_EQ(test, modgate_machine_check(none, false, &rule), 0);
	KUNIT_EXPECT_EQ(test, modgate_machine_check(none, true, &rule),
			modgate_freshness_tpm ? -EXDEV : 0);
}

static struct kunit_case machine_cases[] = {
	KUNIT_CASE(machine_by_uuid),
	KUNIT_CASE(machine_by_key),
	KUNIT_CASE(machine_other_is_exdev),
	KUNIT_CASE(machine_none_named),
	{}
};

static struct kunit_suite machine_suite = {
	.name = "modgate_machine",
	.test_cases = machine_cases,
};

kunit_test_suite(machine_suite);
