// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reading a module's name: from a good image, with one fault at a time, and with every
 * truncation.
 */
#include <kunit/test.h>
#include <linux/elf.h>
#include <linux/slab.h>
#include <linux/string.h>
#include "module_name.h"

static const struct modgate_module_layout layout = {
	.size = 128, .name_offset = 24, .name_size = 56,
};

#define STRINGS "\0.shstrtab\0.gnu.linkonce.this_module\0.modinfo\0.text"
#define AT_SHSTRTAB	1
#define AT_SELF		11
#define AT_MODINFO	37
#define AT_TEXT		46

enum { NONE, NAMES, SELF, INFO, TEXT, SECTIONS };

/* A minimal module image; the section table comes last. */
struct image {
	struct elfhdr ehdr;
	char strings[64];
	char self[128];
	char info[64];
	struct elf_shdr sections[SECTIONS];
};

static struct image *make_image(struct kunit *test)
{
	static const char info[] = "license=GPL\0name=sample\0depends=";
	struct image *i = kunit_kzalloc(test, sizeof(*i), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, i);
	memcpy(i->ehdr.e_ident, ELFMAG, SELFMAG);
	i->ehdr.e_ident[EI_CLASS] = ELF_CLASS;
	i->ehdr.e_type = ET_REL;
	i->ehdr.e_shoff = offsetof(struct image, sections);
	i->ehdr.e_shentsize = sizeof(struct elf_shdr);
	i->ehdr.e_shnum = SECTIONS;
	i->ehdr.e_shstrndx = NAMES;
	memcpy(i->strings, STRINGS, sizeof(STRINGS));
	strscpy(i->self + layout.name_offset, "sample", layout.name_size);
	memcpy(i->info, info, sizeof(info));
	i->sections[NAMES] = (struct elf_shdr) {
		.sh_name = AT_SHSTRTAB, .sh_type = SHT_STRTAB,
		.sh_offset = offsetof(struct image, strings),
		.sh_size = sizeof(STRINGS),
	};
	i->sections[SELF] = (struct elf_shdr) {
		.sh_name = AT_SELF, .sh_type = SHT_PROGBITS,
		.sh_offset = offsetof(struct image, self),
		.sh_size = sizeof(i->self),
	};
	i->sections[INFO] = (struct elf_shdr) {
		.sh_name = AT_MODINFO, .sh_type = SHT_PROGBITS,
		.sh_offset = offsetof(struct image, info),
		.sh_size = sizeof(info),
	};
	i->sections[TEXT] = (struct elf_shdr) {
		.sh_name = AT_TEXT, .sh_type = SHT_PROGBITS,
	};
	return i;
}

static void good_image(struct kunit *test)
{
	struct image *i = make_image(test);
	char name[64] = "";

	KUNIT_EXPECT_NULL(test,
			  modgate_module_name(i, sizeof(*i), &layout, name));
	KUNIT_EXPECT_STREQ(test, name, "sample");
}

static void not_elf(struct image *i)
{
	i->ehdr.e_ident[0] = 0;
}

static void other_class(struct image *i)
{
	i->ehdr.e_ident[EI_CLASS] ^= 3;
}

static void executable(struct image *i)
{
	i->ehdr.e_type = ET_EXEC;
}

static void entry_size(struct image *i)
{
	i->ehdr.e_shentsize--;
}

static void table_far(struct image *i)
{
	i->ehdr.e_shoff = -1;
}

static void table_wraps(struct image *i)
{
	i->ehdr.e_shoff = -64;
}

static void table_long(struct image *i)
{
	i->ehdr.e_shnum++;
}

static void table_empty(struct image *i)
{
	i->ehdr.e_shnum = 0;
}

static void names_index(struct image *i)
{
	i->ehdr.e_shstrndx = SECTIONS;
}

static void names_type(struct image *i)
{
	i->sections[NAMES].sh_type = SHT_PROGBITS;
}

static void names_far(struct image *i)
{
	i->sections[NAMES].sh_offset = -1;
}

static void names_open(struct image *i)
{
	i->sections[NAMES].sh_size--;
}

static void name_far(struct image *i)
{
	i->sections[TEXT].sh_name = -1;
}

static void no_self(struct image *i)
{
	i->sections[SELF].sh_name = AT_TEXT;
}

static void two_selves(struct image *i)
{
	i->sections[TEXT].sh_name = AT_SELF;
}

static void self_nobits(struct image *i)
{
	i->sections[SELF].sh_type = SHT_NOBITS;
}

static void self_size(struct image *i)
{
	i->sections[SELF].sh_size--;
}

static void self_far(struct image *i)
{
	i->sections[SELF].sh_offset = sizeof(*i) - 127;
}

static void self_wraps(struct image *i)
{
	i->sections[SELF].sh_offset = -1;
}

static void self_unnamed(struct image *i)
{
	i->self[layout.name_offset] = 0;
}

static void self_open(struct image *i)
{
	memset(i->self + layout.name_offset, 'a', layout.name_size);
}

static void no_info(struct image *i)
{
	i->sections[INFO].sh_name = AT_TEXT;
}

static void two_infos(struct image *i)
{
	i->sections[TEXT].sh_name = AT_MODINFO;
}

static void info_far(struct image *i)
{
	i->sections[INFO].sh_size = -1;
}

static void info_open(struct image *i)
{
	i->sections[INFO].sh_size--;
}

static void info_unnamed(struct image *i)
{
	i->info[12] = 'N';
}

static void info_two_names(struct image *i)
{
	memcpy(i->info, "name=sample", 12);
}

static void other_name(struct image *i)
{
	i->info[17] = 'S';
}

static void longer_name(struct image *i)
{
	i->self[layout.name_offset + 6] = 's';
}

static const struct wrong {
	const char *what;
	void (*break_it)(struct image *i);
	const char *rule;
} wrongs[] = {
	{ "not ELF", not_elf, "header: not ELF" },
	{ "other class", other_class, "header: of another word size" },
	{ "executable", executable, "header: not relocatable" },
	{ "entry size", entry_size, "section table: entries of another size" },
	{ "table far", table_far, "section names: missing" },
	{ "table wraps", table_wraps, "section names: missing" },
	{ "table long", table_long, "section table: reaches beyond the end" },
	{ "table empty", table_empty, "section names: missing" },
	{ "names index", names_index, "section names: missing" },
	{ "names type", names_type, "section names: missing" },
	{ "names far", names_far, "section names: missing" },
	{ "names open", names_open, "section name: outside of the names" },
	{ "name far", name_far, "section name: outside of the names" },
	{ "no self", no_self, "section: missing" },
	{ "two selves", two_selves, "section: more than one of a name" },
	{ "self without contents", self_nobits, "section: without contents" },
	{ "self size", self_size, "struct module: of another kernel" },
	{ "self far", self_far, "section: reaches beyond the end" },
	{ "self wraps", self_wraps, "section: reaches beyond the end" },
	{ "self unnamed", self_unnamed, "struct module: no name" },
	{ "self open", self_open, "struct module: no name" },
	{ "no info", no_info, "section: missing" },
	{ "two infos", two_infos, "section: more than one of a name" },
	{ "info far", info_far, "section: reaches beyond the end" },
	{ "info open", info_open, "modinfo: its last string does not end" },
	{ "info unnamed", info_unnamed, "modinfo: no name" },
	{ "info with two names", info_two_names,
	  "modinfo: more than one name" },
	{ "other name", other_name, "name: struct module and modinfo differ" },
	{ "longer name", longer_name,
	  "name: struct module and modinfo differ" },
};

static void wrong_describe(const struct wrong *wrong, char *name)
{
	strscpy(name, wrong->what, KUNIT_PARAM_DESC_SIZE);
}

KUNIT_ARRAY_PARAM(wrong, wrongs, wrong_describe);

static void wrong_image(struct kunit *test)
{
	const struct wrong *wrong = test->param_value;
	struct image *i = make_image(test);
	char name[64] = "";

	wrong->break_it(i);
	KUNIT_EXPECT_STREQ(test, wrong->rule,
			   modgate_module_name(i, sizeof(*i), &layout, name));
	KUNIT_EXPECT_STREQ(test, name, "");
}

/* Allocate exactly the size, so that KASAN catches an overrun. */
static void truncated_image(struct kunit *test)
{
	struct image *i = make_image(test);
	char name[64];
	size_t size;
	void *copy;

	for (size = 0; size < sizeof(*i); size++) {
		copy = kmemdup(i, size, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, copy);
		KUNIT_EXPECT_NOT_NULL(test,
				      modgate_module_name(copy, size, &layout, name));
		kfree(copy);
	}
}

static struct kunit_case module_name_cases[] = {
	KUNIT_CASE(good_image),
	KUNIT_CASE_PARAM(wrong_image, wrong_gen_params),
	KUNIT_CASE(truncated_image),
	{}
};

static struct kunit_suite module_name_suite = {
	.name = "modgate_module_name",
	.test_cases = module_name_cases,
};

kunit_test_suite(module_name_suite);
