// SPDX-License-Identifier: GPL-2.0-only
/*
 * The parser and the builder: what is built is read, and whatever breaks a rule
 * is refused, with the rule and the offset.
 */
#include <stdlib.h>
#include <string.h>

#include "base.h"
#include "document.h"
#include "sample.h"
#include "tap.h"
#include "tests.h"

/* A built sample. */
struct sample {
	const char *name;
	__u8 *bytes;
	size_t size;
};

static struct sample policy = { .name = "policy" };
static struct sample list = { .name = "list" };

/* Where things are in the samples. */
#define H(field) offsetof(struct modgate_header, field)
#define SECTION(n, field) (H(sections) + (n) * sizeof(struct modgate_section) + \
			   offsetof(struct modgate_section, field))
#define AUTHORITY(n) (sizeof(struct modgate_header) + \
		      (n) * sizeof(struct modgate_authority))
#define A(n, field) (AUTHORITY(n) + offsetof(struct modgate_authority, field))
#define MODULE(n) (sizeof(struct modgate_header) + \
		   (n) * sizeof(struct modgate_module))
#define M(n, field) (MODULE(n) + offsetof(struct modgate_module, field))
#define VENDOR(n) (MODULE(SAMPLE_MODULES) + (n) * sizeof(struct modgate_vendor))
#define V(n, field) (VENDOR(n) + offsetof(struct modgate_vendor, field))
#define BAN(n) (VENDOR(SAMPLE_VENDORS) + (n) * sizeof(struct modgate_ban))
#define B(n, field) (BAN(n) + offsetof(struct modgate_ban, field))
#define POLICY_DATA AUTHORITY(SAMPLE_AUTHORITIES)
#define LIST_DATA BAN(SAMPLE_BANS)

#define ASCENDING "entries: digests must be strictly ascending"
#define FLAGS "flags: unknown bits must be zero"
#define RESERVED "reserved: must be zero"
#define CERT_PLACE "certificate: must follow the one before it in the data section"
#define CERT_SIZE "certificate: size must be 1 to 16384"
#define CERT_END "certificate: must end inside the data section"
#define CERT_PADDING "certificate: padding must be zero"
#define NAME_CHAR "name: a character outside [A-Za-z0-9_.+-]"
#define NAME_PADDING "name: padding must be zero"
#define NAME_END "name: must end with a zero byte"
#define NAME_EMPTY "name: must not be empty"
#define SECTION_START "section: must start where the one before it ends"
#define SECTION_TYPE "section: not allowed in this type of document"
#define SECTION_MANY "section: too many entries"
#define SECTION_END "section: ends behind the end of the document"
#define MAGIC "magic: not a modgate document"
#define VERSION "version: must be 1"
#define TYPE "type: neither a local policy nor an approved list"
#define SIZE "size: differs from the size of the file"
#define GENERATION "generation: must be from 1"
#define MODE "mode: system, signed or listed in a local policy, else zero"
#define ROLES "roles: at least one, and none that is unknown"
#define REQUIRED "flags: the roles ban and exclusive demand required"
#define SLOT "slot: must be 1 to 255"
#define SLOT_TWICE "slot: belongs to another authority"
#define VENDORS "vendors: digest and pattern must be strictly ascending"
#define KIND "ban: unknown kind"
#define BAN_DIGEST "ban: of a digest, must have no certificate"
#define DATA_END "data: must reach the end of the document"

/*
 * One change to a sample: @width bytes of @value at @at, little-endian; over 8,
 * all of them @value.
 */
static const struct row {
	struct sample *sample;
	const char *what;
	size_t at;
	int width;
	__u64 value;
	const char *rule;
	size_t offset;
} rows[] = {
	/* The header. */
	{ &policy, "magic", H(magic), 1, 'm', MAGIC, 0 },
	{ &policy, "magic without newline", H(magic) + 7, 1, 0, MAGIC, 0 },
	{ &policy, "version 0", H(version), 4, 0, VERSION, H(version) },
	{ &policy, "version 2", H(version), 4, 2, VERSION, H(version) },
	{ &policy, "type 0", H(type), 4, 0, TYPE, H(type) },
	{ &policy, "type 3", H(type), 4, 3, TYPE, H(type) },
	{ &policy, "size 0", H(size), 8, 0, SIZE, H(size) },
	{ &policy, "size of 2^63", H(size), 8, 1ULL << 63, SIZE, H(size) },
	{ &policy, "generation 0", H(generation), 8, 0, GENERATION, H(generation) },
	{ &policy, "unknown policy flag", H(flags), 4, 0x8, FLAGS, H(flags) },
	{ &list, "unknown list flag", H(flags), 4, 0x2, FLAGS, H(flags) },
	{ &policy, "mode 0 of a policy", H(mode), 4, 0, MODE, H(mode) },
	{ &policy, "mode 4 of a policy", H(mode), 4, 4, MODE, H(mode) },
	{ &list, "mode of a list", H(mode), 4, 1, MODE, H(mode) },
	{ &policy, "a policy called a list", H(type), 4, 2, MODE, H(mode) },
	{ &list, "a list called a policy", H(type), 4, 1, MODE, H(mode) },

	/* The section table. */
	{ &policy, "first section with a gap",
	  SECTION(0, offset), 4, AUTHORITY(0) + 8, SECTION_START, SECTION(0, offset) },
	{ &policy, "first section in the header",
	  SECTION(0, offset), 4, 0, SECTION_START, SECTION(0, offset) },
	{ &list, "sections that overlap",
	  SECTION(2, offset), 4, MODULE(1), SECTION_START, SECTION(2, offset) },
	{ &list, "an empty section elsewhere",
	  SECTION(0, offset), 4, 0, SECTION_START, SECTION(0, offset) },
	{ &list, "data section with a gap",
	  SECTION(4, offset), 4, LIST_DATA + 8, SECTION_START, SECTION(4, offset) },
	{ &policy, "modules in a policy",
	  SECTION(1, count), 4, 1, SECTION_TYPE, SECTION(1, count) },
	{ &policy, "vendors in a policy",
	  SECTION(2, count), 4, 1, SECTION_TYPE, SECTION(2, count) },
	{ &policy, "bans in a policy",
	  SECTION(3, count), 4, 1, SECTION_TYPE, SECTION(3, count) },
	{ &list, "authorities in a list",
	  SECTION(0, count), 4, 1, SECTION_TYPE, SECTION(0, count) },
	{ &policy, "17 authorities",
	  SECTION(0, count), 4, 17, SECTION_MANY, SECTION(0, count) },
	{ &policy, "2^32-1 authorities",
	  SECTION(0, count), 4, 0xffffffff, SECTION_MANY, SECTION(0, count) },
	{ &policy, "16 authorities that are not there",
	  SECTION(0, count), 4, 16, SECTION_END, SECTION(0, count) },
	{ &list, "1048577 modules",
	  SECTION(1, count), 4, 1048577, SECTION_MANY, SECTION(1, count) },
	{ &list, "2^32-1 modules",
	  SECTION(1, count), 4, 0xffffffff, SECTION_MANY, SECTION(1, count) },
	{ &list, "1048576 modules that are not there",
	  SECTION(1, count), 4, 1048576, SECTION_END, SECTION(1, count) },
	{ &list, "257 vendors", SECTION(2, count), 4, 257, SECTION_MANY, SECTION(2, count) },
	{ &list, "more bans than entries may be",
	  SECTION(3, count), 4, 1048576 - 4, SECTION_MANY, SECTION(3, count) },
	{ &list, "data beyond the end",
	  SECTION(4, count), 4, 0xffffffff, SECTION_END, SECTION(4, count) },
	{ &list, "data that end before the end",
	  SECTION(4, count), 4, 8, DATA_END, SECTION(4, count) },
	{ &list, "one module less",
	  SECTION(1, count), 4, SAMPLE_MODULES - 1, SECTION_START, SECTION(2, offset) },

	/* Authorities. */
	{ &policy, "authorities not in order", A(1, digest), 1, 0, ASCENDING, A(1, digest) },
	{ &policy, "an authority twice", A(1, digest), 1, 0x10, ASCENDING, A(1, digest) },
	{ &policy, "no role", A(0, roles), 4, 0, ROLES, A(0, roles) },
	{ &policy, "an unknown role", A(1, roles), 4, 0x11, ROLES, A(1, roles) },
	{ &policy, "an unknown authority flag", A(0, flags), 4, 3, FLAGS, A(0, flags) },
	{ &policy, "ban and exclusive without required",
	  A(0, flags), 4, 0, REQUIRED, A(0, flags) },
	{ &policy, "slot 0", A(0, slot), 4, 0, SLOT, A(0, slot) },
	{ &policy, "slot 256", A(0, slot), 4, 256, SLOT, A(0, slot) },
	{ &policy, "a slot twice", A(1, slot), 4, 1, SLOT_TWICE, A(1, slot) },
	{ &policy, "reserved of an authority", A(0, reserved), 4, 1, RESERVED, A(0, reserved) },
	{ &policy, "first certificate elsewhere",
	  A(0, cert_offset), 4, 8, CERT_PLACE, A(0, cert_offset) },
	{ &policy, "a certificate shared",
	  A(1, cert_offset), 4, 0, CERT_PLACE, A(1, cert_offset) },
	{ &policy, "a certificate of no bytes",
	  A(0, cert_size), 4, 0, CERT_SIZE, A(0, cert_size) },
	{ &policy, "a certificate of 16385 bytes",
	  A(0, cert_size), 4, 16385, CERT_SIZE, A(0, cert_size) },
	{ &policy, "a certificate of 2^32-1 bytes",
	  A(0, cert_size), 4, 0xffffffff, CERT_SIZE, A(0, cert_size) },
	{ &policy, "a certificate beyond the end",
	  A(1, cert_size), 4, 17, CERT_END, A(1, cert_size) },
	{ &policy, "padding of a certificate",
	  POLICY_DATA + SAMPLE_CERT, 1, 1, CERT_PADDING, POLICY_DATA + SAMPLE_CERT },
	{ &policy, "last padding",
	  POLICY_DATA + 31, 1, 1, CERT_PADDING, POLICY_DATA + 16 + SAMPLE_CERT },
	{ &policy, "an authority without name", A(0, name), 8, 0, NAME_EMPTY, A(0, name) },
	{ &policy, "a blank in a name", A(0, name) + 2, 1, ' ', NAME_CHAR, A(0, name) + 2 },
	{ &policy, "a pattern as a name", A(0, name) + 1, 1, '*', NAME_CHAR, A(0, name) + 1 },
	{ &policy, "something behind a name",
	  A(0, name) + 63, 1, 'x', NAME_PADDING, A(0, name) + 63 },

	/* Modules. */
	{ &list, "modules not in order", M(2, digest), 1, 0x15, ASCENDING, M(2, digest) },
	{ &list, "a module twice", M(1, digest), 1, 0x10, ASCENDING, M(1, digest) },
	{ &list, "an unknown module flag", M(0, flags), 4, 4, FLAGS, M(0, flags) },
	{ &list, "reserved of a module",
	  M(1, reserved), 4, 0x80000000, RESERVED, M(1, reserved) },
	{ &list, "a slash in a name", M(1, name), 1, '/', NAME_CHAR, M(1, name) },
	{ &list, "a byte above ASCII in a name",
	  M(1, name) + 3, 1, 0xe4, NAME_CHAR, M(1, name) + 3 },
	{ &list, "a name without end",
	  M(1, name), MODGATE_NAME_SIZE, 'x', NAME_END, M(1, name) },
	{ &list, "something behind an empty name",
	  M(0, name) + 1, 1, 'x', NAME_PADDING, M(0, name) + 1 },

	/* Vendors. */
	{ &list, "vendors not in order", V(1, digest), 1, 0, VENDORS, V(1, digest) },
	{ &list, "a vendor's pattern not in order",
	  V(1, pattern), 1, 'a', VENDORS, V(1, digest) },
	{ &list, "an unknown vendor flag", V(0, flags), 4, 4, FLAGS, V(0, flags) },
	{ &list, "reserved of a vendor", V(0, reserved), 4, 1, RESERVED, V(0, reserved) },
	{ &list, "a vendor's certificate elsewhere",
	  V(1, cert_offset), 4, 24, CERT_PLACE, V(1, cert_offset) },
	{ &list, "a vendor's certificate of no bytes",
	  V(0, cert_size), 4, 0, CERT_SIZE, V(0, cert_size) },
	{ &list, "a vendor without pattern", V(0, pattern), 8, 0, NAME_EMPTY, V(0, pattern) },
	{ &list, "a slash in a pattern",
	  V(0, pattern) + 1, 1, '/', NAME_CHAR, V(0, pattern) + 1 },

	/* Bans. */
	{ &list, "bans not in order", B(1, digest), 1, 0, ASCENDING, B(1, digest) },
	{ &list, "ban of kind 0", B(0, kind), 4, 0, KIND, B(0, kind) },
	{ &list, "ban of kind 3", B(1, kind), 4, 3, KIND, B(1, kind) },
	{ &list, "reserved of a ban", B(0, reserved), 4, 1, RESERVED, B(0, reserved) },
	{ &list, "ban of a digest with a certificate",
	  B(0, cert_size), 4, 8, BAN_DIGEST, B(0, cert_offset) },
	{ &list, "ban of a digest with an offset",
	  B(0, cert_offset), 4, 8, BAN_DIGEST, B(0, cert_offset) },
	{ &list, "ban of a certificate without one",
	  B(1, cert_size), 4, 0, CERT_SIZE, B(1, cert_size) },
	{ &list, "ban of a certificate called a digest",
	  B(1, kind), 4, 1, BAN_DIGEST, B(1, cert_offset) },
	{ &list, "something behind the name of a ban",
	  B(0, name) + 40, 1, 'x', NAME_PADDING, B(0, name) + 40 },
	{ &list, "padding of the banned certificate",
	  LIST_DATA + 32 + SAMPLE_BAN_CERT, 1, 1, CERT_PADDING, LIST_DATA + 32 + SAMPLE_BAN_CERT },
};

static void set(__u8 *at, int width, __u64 value)
{
	int i;

	for (i = 0; i < width; i++)
		at[i] = width > 8 ? value : value >> 8 * i;
}

static void expect(const char *name, const void *bytes, size_t size,
		   const char *rule, __u64 offset)
{
	struct modgate_document doc;
	const char *found;
	__u64 at;

	found = modgate_document_parse(&doc, bytes, size, &at);
	if (!tap((!rule && !found) ||
		 (rule && found && !strcmp(rule, found) && at == offset),
		 "%s is %s", name, rule ? "refused" : "accepted"))
		tap_note("got \"%s\" at %llu, expected \"%s\" at %llu",
			 dash(found), (unsigned long long)at, dash(rule),
			 (unsigned long long)offset);
}

static void test_rows(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct row *r = &rows[i];
		__u8 *copy = xzalloc(r->sample->size);
		char *name = fmt("%s: %s", r->sample->name, r->what);

		memcpy(copy, r->sample->bytes, r->sample->size);
		set(copy + r->at, r->width, r->value);
		expect(name, copy, r->sample->size, r->rule, r->offset);
		free(name);
		free(copy);
	}
}

/* Cut at every byte; with the header's size as it was, and made to fit. */
static void test_truncation(const struct sample *s)
{
	struct modgate_document doc;
	bool good = true, fitted = true;
	const char *rule;
	__u64 offset;
	size_t size;

	for (size = 0; size < s->size; size++) {
		__u8 *copy = malloc(size ? size : 1);
		bool whole = size >= sizeof(struct modgate_header);

		memcpy(copy, s->bytes, size);
		rule = modgate_document_parse(&doc, copy, size, &offset);
		if (!rule || offset != (whole ? H(size) : size) ||
		    strcmp(rule, whole ? SIZE :
					 "size: shorter than a header"))
			good = false;
		if (whole) {
			set(copy + H(size), 8, size);
			rule = modgate_document_parse(&doc, copy, size, &offset);
			if (!rule || (strcmp(rule, SECTION_END) &&
				      strcmp(rule, DATA_END)) || offset >= size)
				fitted = false;
		}
		free(copy);
	}
	tap(good, "%s: truncation at every byte is refused", s->name);
	tap(fitted, "%s: truncation with a size that fits is refused", s->name);
}

static void test_round_trip(const struct sample *s)
{
	struct modgate_document doc;
	struct draft draft = { 0 };
	__u64 offset;
	__u8 *again;
	size_t size;

	modgate_document_parse(&doc, s->bytes, s->size, &offset);
	draft_from(&draft, &doc);
	tap(!draft_build(&draft, &again, &size) && size == s->size &&
	    !memcmp(again, s->bytes, size),
	    "%s: read and built again, it has the same bytes", s->name);
	free(again);
	draft_free(&draft);
}

static void test_longer(const struct sample *s)
{
	char *name = fmt("%s: a byte more", s->name);
	__u8 *copy = xzalloc(s->size + 8);

	memcpy(copy, s->bytes, s->size);
	expect(name, copy, s->size + 1,
	       SIZE, H(size));
	set(copy + H(size), 8, s->size + 8);
	free(name);
	name = fmt("%s: eight bytes more that belong to no section", s->name);
	expect(name, copy, s->size + 8, DATA_END, SECTION(4, count));
	set(copy + SECTION(4, count), 4, s->size + 8 - (s == &list ? LIST_DATA : POLICY_DATA));
	free(name);
	name = fmt("%s: data that belong to no certificate", s->name);
	expect(name, copy, s->size + 8,
	       "data: bytes that belong to no certificate", s->size);
	free(name);
	free(copy);
}

static void build(struct sample *s, void (*fill)(struct draft *draft))
{
	struct draft draft;

	fill(&draft);
	tap(!draft_build(&draft, &s->bytes, &s->size), "%s: is built", s->name);
	draft_free(&draft);
}

int main(void)
{
	struct sample *samples[] = { &policy, &list };
	size_t i;

	build(&policy, sample_policy);
	build(&list, sample_list);
	if (tap_failed)
		return tap_end();
	for (i = 0; i < ARRAY_SIZE(samples); i++) {
		expect(samples[i]->name, samples[i]->bytes, samples[i]->size,
		       NULL, 0);
		test_round_trip(samples[i]);
		test_truncation(samples[i]);
		test_longer(samples[i]);
	}
	test_rows();
	test_limits();
	test_lookup(list.bytes, list.size);
	test_bundle();
	free(policy.bytes);
	free(list.bytes);
	return tap_end();
}
