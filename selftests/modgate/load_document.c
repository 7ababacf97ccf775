// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hands documents to modgate, each in exactly one write(2), and prints what
 * came of it, for scripts:
 *
 *	load_document FILE...
 *
 *	FILE result=EINVAL audit=EINVAL records=1 rule=magic:... error=document:\x20EINVAL:...
 *
 * "audit" is the errno in the audit record ("ok" if there is none), "rule" what it
 * gives as the rule, with blanks as "_", or "-"; "error" is the key of that name in
 * modgate/state. Meant to be linked statically, for an initramfs. In front of the
 * files may stand:
 *
 *	-2	FILE is a bundle: write its header, then the rest
 *	-a	write each once more, when it was written already
 *	-t	FILE is a bundle: write its document cut off at every byte, with
 *		a bundle header that fits, and print how often that was refused
 *		with EINVAL, and with one audit record that names the rule:
 *
 *	FILE cut=304 refused=304 recorded=304
 */
#define _GNU_SOURCE
#include "common.h"

enum how { ONCE, SPLIT, AGAIN };

static int write_all(const char *bytes, size_t size, enum how how)
{
	int fd = open(MODGATE_DIR "load", O_WRONLY | O_CLOEXEC);
	size_t first = how == SPLIT ? sizeof(struct modgate_bundle) : size;
	size_t second = how == SPLIT ? first : 0;
	int err = 0;

	if (fd < 0)
		return errno;
	if (write(fd, bytes, first) < 0)
		err = errno;
	if (how != ONCE && write(fd, bytes + second, size - second) < 0)
		err = errno;
	close(fd);
	return err;
}

static char *read_file(const char *path, size_t *size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	char *bytes;

	if (fd < 0 || fstat(fd, &st)) {
		perror(path);
		exit(2);
	}
	bytes = malloc(st.st_size + 1);
	if (!bytes || read(fd, bytes, st.st_size) != st.st_size) {
		perror(path);
		exit(2);
	}
	close(fd);
	*size = st.st_size;
	return bytes;
}

/* The text of an audit record's "rule", without blanks. */
static void get_rule(const char *audit, char *rule, size_t size)
{
	const char *text = strstr(audit, " rule=\"");
	size_t n, i;

	snprintf(rule, size, "-");
	if (!text)
		return;
	text += strlen(" rule=\"");
	n = strcspn(text, "\"");
	if (n >= size)
		n = size - 1;
	for (i = 0; i < n; i++)
		rule[i] = text[i] == ' ' ? '_' : text[i];
	rule[n] = '\0';
}

static void load(const char *path, enum how how)
{
	char audit[8192], name[64] = "-", rule[256] = "-";
	int log = audit_open();
	int err, records = 0, wanted = how == ONCE ? 1 : 2;
	size_t size;
	char *bytes = read_file(path, &size);

	err = write_all(bytes, size, how);
	while (audit_wait(log, AUDIT_MODGATE_DOCUMENT,
			  records < wanted ? 1000 : 20, audit, sizeof(audit))) {
		records++;
		if (!get_value(audit, "errno", name, sizeof(name)))
			snprintf(name, sizeof(name), "ok");
		get_rule(audit, rule, sizeof(rule));
	}
	close(log);
	free(bytes);
	printf("%s result=%s audit=%s records=%d rule=%s error=%s\n", path,
	       err ? strerrorname_np(err) : "ok", name, records, rule,
	       state_value("error"));
}

/* Is the next audit record that of a refusal for form, and the only one? */
static bool recorded_once(int log)
{
	char audit[8192], name[64], rule[256];

	if (!audit_wait(log, AUDIT_MODGATE_DOCUMENT, 1000, audit,
			sizeof(audit)) ||
	    !get_value(audit, "errno", name, sizeof(name)))
		return false;
	get_rule(audit, rule, sizeof(rule));
	return !strcmp(name, "EINVAL") && strlen(rule) > 1 &&
	       !audit_wait(log, AUDIT_MODGATE_DOCUMENT, 0, audit, sizeof(audit));
}

static void load_cut(const char *path)
{
	size_t size, cut, document_size, head = sizeof(struct modgate_bundle);
	char *bytes = read_file(path, &size), *copy = malloc(size);
	struct modgate_bundle *bundle = (struct modgate_bundle *)copy;
	int log = audit_open();
	int refused = 0, recorded = 0;

	if (size < head || !copy)
		exit(2);
	memcpy(copy, bytes, head);
	document_size = bundle->document_size;
	for (cut = 0; cut < document_size; cut++) {
		memcpy(copy + head, bytes + head, cut);
		memcpy(copy + head + cut, bytes + head + document_size,
		       bundle->signature_size);
		bundle->document_size = cut;
		refused += write_all(copy, head + cut + bundle->signature_size,
				     ONCE) == EINVAL;
		recorded += recorded_once(log);
	}
	close(log);
	printf("%s cut=%zu refused=%d recorded=%d\n", path, cut, refused,
	       recorded);
	free(bytes);
	free(copy);
}

int main(int argc, char **argv)
{
	bool cut = argc > 1 && !strcmp(argv[1], "-t");
	enum how how = ONCE;
	int i;

	if (argc > 1 && !strcmp(argv[1], "-2"))
		how = SPLIT;
	else if (argc > 1 && !strcmp(argv[1], "-a"))
		how = AGAIN;
	i = 1 + (how != ONCE || cut);
	if (i >= argc) {
		fprintf(stderr, "usage: load_document [-2|-a|-t] FILE...\n");
		return 2;
	}
	for (; i < argc; i++) {
		if (cut)
			load_cut(argv[i]);
		else
			load(argv[i], how);
	}
	return 0;
}
