// SPDX-License-Identifier: GPL-2.0-only
/*
 * The document parser in the kernel: sizes that are ABI, well-formed documents, and for
 * each broken rule that this rule and its offset are reported. The full table of
 * malformed documents is among the tests of the tool, over the same code.
 */
#include <kunit/test.h>
#include "document.h"

#define N_MODULES 3

/* A list of three modules and one ban, without certificates. */
struct sample {
	struct modgate_header header;
	struct modgate_module modules[N_MODULES];
	struct modgate_ban ban;
};

static_assert(sizeof(struct modgate_header) == 184);
static_assert(sizeof(struct modgate_authority) == 152);
static_assert(sizeof(struct modgate_module) == 120);
static_assert(sizeof(struct modgate_vendor) == 128);
static_assert(sizeof(struct modgate_ban) == 128);
static_assert(sizeof(struct modgate_bundle) == 24);

static void set_section(struct sample *s, int section, size_t offset, u32 count)
{
	s->header.sections[section].offset = cpu_to_le32(offset);
	s->header.sections[section].count = cpu_to_le32(count);
}

static struct sample *make_sample(struct kunit *test)
{
	struct sample *s = kunit_kzalloc(test, sizeof(*s), GFP_KERNEL);
	int i;

	KUNIT_ASSERT_NOT_NULL(test, s);
	memcpy(s->header.magic, MODGATE_MAGIC, sizeof(s->header.magic));
	s->header.version = cpu_to_le32(MODGATE_VERSION);
	s->header.type = cpu_to_le32(MODGATE_APPROVED_LIST);
	s->header.size = cpu_to_le64(sizeof(*s));
	s->header.generation = cpu_to_le64(1);
	set_section(s, MODGATE_SECTION_AUTHORITIES, sizeof(s->header), 0);
	set_section(s, MODGATE_SECTION_MODULES, sizeof(s->header), N_MODULES);
	set_section(s, MODGATE_SECTION_VENDORS, offsetof(struct sample, ban),
		    0);
	set_section(s, MODGATE_SECTION_BANS, offsetof(struct sample, ban), 1);
	set_section(s, MODGATE_SECTION_DATA, sizeof(*s), 0);
	for (i = 0; i < N_MODULES; i++) {
		s->modules[i].digest[0] = 2 * i + 1;
		s->modules[i].name[0] = 'a' + i;
	}
	s->ban.digest[0] = 9;
	s->ban.kind = cpu_to_le32(MODGATE_BAN_DIGEST);
	return s;
}

static void reads_a_list(struct kunit *test)
{
	struct sample *s = make_sample(test);
	u8 digest[MODGATE_DIGEST_SIZE] = { };
	struct modgate_document doc;
	u64 offset;
	int i;

	KUNIT_ASSERT_NULL(test, modgate_document_parse(&doc, s, sizeof(*s),
						       &offset));
	KUNIT_EXPECT_EQ(test, doc.n_modules, N_MODULES);
	KUNIT_EXPECT_EQ(test, doc.n_bans, 1);
	/* Digests 1, 3, 5 are listed; 0, 2, 4, 6 are not. */
	for (i = 0; i <= 6; i++) {
		const struct modgate_module *m;

		digest[0] = i;
		m = modgate_find_module(&doc, digest);
		KUNIT_EXPECT_PTR_EQ(test, m,
				    i % 2 ? &doc.modules[i / 2] : NULL);
	}
	digest[0] = 9;
	KUNIT_EXPECT_PTR_EQ(test, modgate_find_ban(&doc, digest), doc.bans);
	KUNIT_EXPECT_NULL(test, modgate_find_module(&doc, digest));
}

static void refuses_every_truncation(struct kunit *test)
{
	struct sample *s = make_sample(test);
	struct modgate_document doc;
	size_t size;
	u64 offset;

	for (size = 0; size < sizeof(*s); size++) {
		/* With the old size, and with the size made to fit. */
		KUNIT_EXPECT_NOT_NULL(test,
				      modgate_document_parse(&doc, s, size,
							     &offset));
		KUNIT_EXPECT_LE(test, offset, sizeof(*s));
		s->header.size = cpu_to_le64(size);
		KUNIT_EXPECT_NOT_NULL(test,
				      modgate_document_parse(&doc, s, size,
							     &offset));
		s->header.size = cpu_to_le64(sizeof(*s));
	}
}

struct flip {
	const char *name;
	size_t offset;		/* of the byte, in bytes */
	u8 value;		/* new value of the byte */
	const char *rule;	/* the broken rule, up to its colon */
};

static const struct flip flips[] = {
	{ "magic", offsetof(struct sample, header.magic), 'm', "magic" },
	{ "version", offsetof(struct sample, header.version), 2, "version" },
	{ "type", offsetof(struct sample, header.type), 3, "type" },
	{ "type policy", offsetof(struct sample, header.type), 1, "mode" },
	{ "size", offsetof(struct sample, header.size), 0, "size" },
	{ "generation", offsetof(struct sample, header.generation), 0,
	  "generation" },
	{ "flags", offsetof(struct sample, header.flags), 2, "flags" },
	{ "mode in a list", offsetof(struct sample, header.mode), 3, "mode" },
	{ "authorities in a list",
	  offsetof(struct sample, header.sections[0].count), 1, "section" },
	{ "modules start early",
	  offsetof(struct sample, header.sections[1].offset), 0, "section" },
	{ "modules too few",
	  offsetof(struct sample, header.sections[1].count), 2, "section" },
	{ "modules too many",
	  offsetof(struct sample, header.sections[1].count), 4, "section" },
	{ "modules far too many",
	  offsetof(struct sample, header.sections[1].count) + 3, 0xff,
	  "section" },
	{ "descending", offsetof(struct sample, modules[1].digest), 0,
	  "entries" },
	{ "duplicate", offsetof(struct sample, modules[1].digest), 1,
	  "entries" },
	{ "module flags", offsetof(struct sample, modules[0].flags), 4,
	  "flags" },
	{ "module reserved", offsetof(struct sample, modules[0].reserved), 1,
	  "reserved" },
	{ "module name", offsetof(struct sample, modules[0].name), ' ',
	  "name" },
	{ "module name padding",
	  offsetof(struct sample, modules[0].name) + 5, 'x', "name" },
	{ "ban kind", offsetof(struct sample, ban.kind), 3, "ban" },
	{ "ban without certificate", offsetof(struct sample, ban.kind), 2,
	  "certificate" },
	{ "ban with certificate", offsetof(struct sample, ban.cert_size), 8,
	  "ban" },
};

static void flip_describe(const struct flip *flip, char *name)
{
	strscpy(name, flip->name, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(flip, flips, flip_describe);

static void refuses_a_flip(struct kunit *test)
{
	const struct flip *flip = test->param_value;
	struct sample *s = make_sample(test);
	struct modgate_document doc;
	const char *rule;
	u64 offset;

	((u8 *)s)[flip->offset] = flip->value;
	rule = modgate_document_parse(&doc, s, sizeof(*s), &offset);
	KUNIT_ASSERT_NOT_NULL(test, rule);
	KUNIT_EXPECT_EQ_MSG(test, strncmp(rule, flip->rule,
					  strlen(flip->rule)), 0,
			    "broke \"%s\" instead", rule);
}

static void checks_roles(struct kunit *test)
{
	struct sample *s = make_sample(test);
	struct modgate_document doc;
	u32 roles = MODGATE_ROLE_APPROVE | MODGATE_ROLE_BAN;
	u64 offset;

	s->header.flags = cpu_to_le32(MODGATE_LIST_EXCLUSIVE);
	KUNIT_ASSERT_NULL(test, modgate_document_parse(&doc, s, sizeof(*s),
						       &offset));
	KUNIT_EXPECT_NULL(test,
			  modgate_roles_check(&doc, roles |
						    MODGATE_ROLE_EXCLUSIVE));
	KUNIT_EXPECT_NOT_NULL(test, modgate_roles_check(&doc, roles));
	KUNIT_EXPECT_NOT_NULL(test,
			      modgate_roles_check(&doc, MODGATE_ROLES &
							~MODGATE_ROLE_BAN));
	KUNIT_EXPECT_NOT_NULL(test,
			      modgate_roles_check(&doc, MODGATE_ROLES &
						  ~MODGATE_ROLE_APPROVE));
}

static struct kunit_case document_cases[] = {
	KUNIT_CASE(reads_a_list),
	KUNIT_CASE(refuses_every_truncation),
	KUNIT_CASE_PARAM(refuses_a_flip, flip_gen_params),
	KUNIT_CASE(checks_roles),
	{}
};

static struct kunit_suite document_suite = {
	.name = "modgate_document",
	.test_cases = document_cases,
};

kunit_test_suite(document_suite);
