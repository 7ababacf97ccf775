// SPDX-License-Identifier: GPL-2.0-only
/*
 * The name of a module, from its ELF image: what both its struct module and its modinfo
 * say. The image is untrusted, and even a signed one may lie.
 *
 * Shared by the kernel and the fuzzer; calls no kernel functions.
 */
#include "module_name.h"

#include <linux/elf.h>
#ifdef __KERNEL__
#include <linux/string.h>
#else
#include <string.h>
#define elfhdr elf64_hdr
#define elf_shdr elf64_shdr
#define ELF_CLASS ELFCLASS64
#endif

/* A span of the image, in bytes. */
struct span {
	const char *start;
	size_t size;
};

static bool take(const struct span *image, unsigned long long offset,
		 unsigned long long size, struct span *out)
{
	if (offset > image->size || size > image->size - offset)
		return false;
	out->start = image->start + offset;
	out->size = size;
	return true;
}

/* The image may be unaligned, so headers are copied out of it. */
static bool copy(const struct span *image, unsigned long long offset,
		 void *out, size_t size)
{
	struct span from;

	if (!take(image, offset, size, &from))
		return false;
	memcpy(out, from.start, size);
	return true;
}

/* The string at @offset, which must end within @from. */
static const char *string_at(const struct span *from, size_t offset)
{
	if (offset >= from->size ||
	    !memchr(from->start + offset, 0, from->size - offset))
		return NULL;
	return from->start + offset;
}

static bool section_header(const struct span *image, const struct elfhdr *ehdr,
			   unsigned int i, struct elf_shdr *shdr)
{
	/* No overflow: there are fewer than 2^16 headers of at most 64 bytes. */
	unsigned long long at = (unsigned long long)i * sizeof(*shdr);

	if (ehdr->e_shoff > image->size)
		return false;
	return copy(image, ehdr->e_shoff + at, shdr, sizeof(*shdr));
}

/* Find the only section of this name. */
static const char *find_section(const struct span *image, const struct elfhdr *ehdr,
				const struct span *names, const char *wanted,
				struct span *out)
{
	unsigned int i, found = 0;
	const char *name;
	struct elf_shdr shdr;

	for (i = 1; i < ehdr->e_shnum; i++) {
		if (!section_header(image, ehdr, i, &shdr))
			return "section table: reaches beyond the end";
		name = string_at(names, shdr.sh_name);
		if (!name)
			return "section name: outside of the names";
		if (strcmp(name, wanted))
			continue;
		if (found++)
			return "section: more than one of a name";
		if (shdr.sh_type == SHT_NOBITS)
			return "section: without contents";
		if (!take(image, shdr.sh_offset, shdr.sh_size, out))
			return "section: reaches beyond the end";
	}
	return found ? NULL : "section: missing";
}

/* The only value of "name=" in modinfo. */
static const char *modinfo_name(const struct span *info, const char **value)
{
	static const char key[] = "name=";
	const char *entry;
	size_t at = 0;

	*value = NULL;
	while (at < info->size) {
		entry = string_at(info, at);
		if (!entry)
			return "modinfo: its last string does not end";
		if (!strncmp(entry, key, sizeof(key) - 1)) {
			if (*value)
				return "modinfo: more than one name";
			*value = entry + sizeof(key) - 1;
		}
		at += strlen(entry) + 1;
	}
	return *value ? NULL : "modinfo: no name";
}

/**
 * modgate_module_name() - read the name that a module gives itself
 * @module: the ELF image; appended data does no harm
 * @size: of @module, in bytes
 * @layout: of the kernel's struct module
 * @name: at least @layout->name_size bytes, filled in
 *
 * Return: NULL; or the rule that the image breaks, and then @name is undefined.
 */
const char *modgate_module_name(const void *module, size_t size,
				const struct modgate_module_layout *layout,
				char *name)
{
	const struct span image = { module, size };
	struct span names, self, info;
	const char *rule, *value;
	struct elfhdr ehdr;
	struct elf_shdr shdr;

	if (!copy(&image, 0, &ehdr, sizeof(ehdr)) ||
	    memcmp(ehdr.e_ident, ELFMAG, SELFMAG))
		return "header: not ELF";
	if (ehdr.e_ident[EI_CLASS] != ELF_CLASS)
		return "header: of another word size";
	if (ehdr.e_type != ET_REL)
		return "header: not relocatable";
	if (ehdr.e_shentsize != sizeof(shdr))
		return "section table: entries of another size";
	if (ehdr.e_shstrndx >= ehdr.e_shnum ||
	    !section_header(&image, &ehdr, ehdr.e_shstrndx, &shdr) ||
	    shdr.sh_type != SHT_STRTAB ||
	    !take(&image, shdr.sh_offset, shdr.sh_size, &names))
		return "section names: missing";

	rule = find_section(&image, &ehdr, &names, ".gnu.linkonce.this_module",
			    &self);
	if (rule)
		return rule;
	if (self.size != layout->size)
		return "struct module: of another kernel";
	self.start += layout->name_offset;
	self.size = layout->name_size;
	if (!string_at(&self, 0) || !*self.start)
		return "struct module: no name";

	rule = find_section(&image, &ehdr, &names, ".modinfo", &info);
	if (!rule)
		rule = modinfo_name(&info, &value);
	if (rule)
		return rule;
	if (strcmp(value, self.start))
		return "name: struct module and modinfo differ";
	memcpy(name, self.start, strlen(self.start) + 1);
	return NULL;
}
