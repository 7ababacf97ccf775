// SPDX-License-Identifier: GPL-2.0-only
/*
 * mkdoc: build any document for tests, good or deliberately wrong, signed with
 * unencrypted keys; wrap it for the kernel; hand it over and show the errno.
 * Not installed.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base.h"
#include "crypto.h"
#include "document.h"
#include "mkdoc.h"
#include "module.h"
#include "modgate/verdict_cases.h"

static const char help[] =
"usage: mkdoc policy [options] --out FILE	writes FILE and FILE.sig\n"
"       mkdoc list [options] --out FILE		likewise\n"
"       mkdoc bundle DOC SIG [--out FILE]	for the kernel's load; - is stdout\n"
"       mkdoc cert FILE [--out FILE]		PEM or DER to DER\n"
"       mkdoc cases				the cases of the verdict table\n"
"       mkdoc digest FILE...			SHA-384 of each, decompressed\n"
"       mkdoc load [--to FILE] [--split N] [--offset N] FILE...\n"
"						hand over, one write(2) each\n"
"\n"
"Options of policy and list:\n"
"  --key FILE		private key in PEM, without passphrase\n"
"  --cert FILE		certificate whose digest stands as the signer\n"
"  --generation N	1 if not given\n"
"  --created N		seconds since 1970; now if not given\n"
"  --machine HEX		96 hex digits; zero if not given\n"
"  --flags FLAGS		audit+allow-kexec+auto-close, or a number; list: a number\n"
"  --out FILE		the document; its signature is FILE.sig\n"
"  --bundle FILE		also write both as a bundle\n"
"  --no-check		build it though the parser refuses it\n"
"Options of policy:\n"
"  --mode MODE		system, signed, listed (if not given), or a number\n"
"  --authority NAME,CERT,ROLES[,FLAGS[,SLOT[,BASE[,FLOOR]]]]\n"
"			ROLES approve+vendor+ban+exclusive, FLAGS required, each\n"
"			or a number; SLOT is the next free one if not given\n"
"Options of list:\n"
"  --module DIGEST[,FLAGS[,NAME]]	FLAGS on-demand+permanent, or a number\n"
"  --vendor CERT[,FLAGS[,PATTERN]]\n"
"  --ban DIGEST[,NAME]\n"
"  --ban-cert CERT[,NAME]\n"
"  --exclusive\n"
"A DIGEST is 96 hex digits, or @FILE for that of a file, decompressed.\n"
"Changes before signing, in this order, each may be repeated (they imply\n"
"--no-check):\n"
"  --raw-set OFFSET=HEX	overwrite bytes; an OFFSET of -N counts from the end\n"
"  --truncate N		cut to N bytes\n"
"  --append HEX		add bytes\n"
"\n"
"load prints FILE: OK, or FILE: and the errno name, and exits 1 if any was not\n"
"OK. --to FILE: instead of /sys/kernel/security/modgate/load; --split N: in two\n"
"writes, N bytes first; --offset N: pwrite(2) there.\n";

/* Say why not, and exit. */
void die(const char *format, ...)
{
	va_list ap;

	fputs("mkdoc: ", stderr);
	va_start(ap, format);
	vfprintf(stderr, format, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(2);
}

/* Decimal, octal or hex. */
unsigned long long parse_number(const char *text)
{
	char *end;
	unsigned long long value = strtoull(text, &end, 0);

	if (!*text || *end)
		die("%s: not a number", text);
	return value;
}

struct cert read_cert(const char *path)
{
	struct cert cert;

	if (cert_read(path, &cert))
		die("%s: not a certificate", path);
	return cert;
}

/* The digest of what is in a module file. */
void read_module(const char *path, __u8 *digest)
{
	if (module_digest(path, digest))
		die("%s: cannot be read", path);
}

/* "-" is standard output. */
void write_file(const char *path, const void *data, size_t size)
{
	FILE *f = strcmp(path, "-") ? fopen(path, "wb") : stdout;

	if (!f || fwrite(data, 1, size, f) != size || fflush(f))
		die("%s: %s", path, strerror(errno));
	if (f != stdout)
		fclose(f);
}

void *read_file(const char *path, size_t *size)
{
	void *data;
	int err = file_read(path, 256U << 20, &data, size);

	if (err)
		die("%s: %s", path, strerror(-err));
	return data;
}

/* As the kernel takes it. */
void write_bundle(const char *path, const void *doc, size_t size,
		  const void *sig, size_t sig_size)
{
	struct modgate_bundle head = {
		.version = le32(MODGATE_VERSION),
		.signature_size = le32(sig_size),
		.document_size = le64(size),
	};
	__u8 *bytes = xzalloc(sizeof(head) + size + sig_size);

	memcpy(head.magic, MODGATE_BUNDLE_MAGIC, sizeof(head.magic));
	memcpy(bytes, &head, sizeof(head));
	memcpy(bytes + sizeof(head), doc, size);
	memcpy(bytes + sizeof(head) + size, sig, sig_size);
	write_file(path, bytes, sizeof(head) + size + sig_size);
	free(bytes);
}

/* The one option of the small commands. */
static const char *take_out(int argc, char **argv, int arguments)
{
	static const struct option own[] = {
		{ "out", required_argument, NULL, 'o' },
		{ 0 }
	};
	const char *out = "-";
	int c;

	while ((c = getopt_long(argc, argv, "", own, NULL)) != -1) {
		if (c != 'o')
			die("see mkdoc --help");
		out = optarg;
	}
	if (argc - optind != arguments)
		die("see mkdoc --help");
	return out;
}

static int run_bundle(int argc, char **argv)
{
	const char *out = take_out(argc, argv, 2);
	size_t size, sig_size;
	void *doc = read_file(argv[optind], &size);
	void *sig = read_file(argv[optind + 1], &sig_size);

	write_bundle(out, doc, size, sig, sig_size);
	free(doc);
	free(sig);
	return 0;
}

static int cert(int argc, char **argv)
{
	const char *out = take_out(argc, argv, 1);
	struct cert c = read_cert(argv[optind]);

	write_file(out, c.der, c.der_size);
	cert_free(&c);
	return 0;
}

static int digests(int argc, char **argv)
{
	__u8 digest[MODGATE_DIGEST_SIZE];
	char hex[HEX_SIZE];
	int i;

	for (i = 1; i < argc; i++) {
		read_module(argv[i], digest);
		puts(digest_hex(hex, digest));
	}
	return 0;
}

/* What is handed over how. */
struct handing {
	const char *to;
	size_t split;
	off_t offset;
};

static int hand(const struct handing *h, const void *data, size_t size)
{
	int fd = open(h->to, O_WRONLY | O_CLOEXEC), err = 0;
	size_t first = h->split && h->split < size ? h->split : size;

	if (fd < 0)
		return errno;
	if (pwrite(fd, data, first, h->offset) != (ssize_t)first ||
	    (first < size &&
	     pwrite(fd, (const char *)data + first, size - first,
		    h->offset + first) != (ssize_t)(size - first)))
		err = errno ? errno : EIO;
	close(fd);
	return err;
}

static int run_load(int argc, char **argv)
{
	static const struct option own[] = {
		{ "to", required_argument, NULL, 't' },
		{ "split", required_argument, NULL, 's' },
		{ "offset", required_argument, NULL, 'o' },
		{ 0 }
	};
	struct handing h = { .to = "/sys/kernel/security/modgate/load" };
	int c, status = 0;

	while ((c = getopt_long(argc, argv, "", own, NULL)) != -1) {
		if (c == 't')
			h.to = optarg;
		else if (c == 's')
			h.split = parse_number(optarg);
		else if (c == 'o')
			h.offset = parse_number(optarg);
		else
			die("see mkdoc --help");
	}
	for (; optind < argc; optind++) {
		size_t size;
		void *data = read_file(argv[optind], &size);
		int err;

		errno = 0;
		err = hand(&h, data, size);
		printf("%s: %s\n", argv[optind],
		       err ? strerrorname_np(err) : "OK");
		if (err)
			status = 1;
		free(data);
	}
	return status;
}

static const struct {
	unsigned int fact;
	const char *word;
} fact_words[] = {
	{ REVOKED, "revoked" }, { BANNED, "banned" }, { SYSTEM, "system" }, { LISTED, "listed" },
	{ ON_DEMAND, "on-demand" }, { SIGNED, "signed" }, { VENDORS, "vendors" },
};

/* "NAME|STATE|POLICY|LISTS|MODE|FACT FACT...|REASON|ALLOW|VOUCH", a line for each. */
static int print_cases(void)
{
	static const char *const states[] = { "boot", "sealed", "closed" };
	size_t i, k;

	for (i = 0; i < ARRAY_SIZE(verdict_cases); i++) {
		const struct verdict_case *c = &verdict_cases[i];

		printf("%s|%s|%d|%d|%s|", c->name, states[c->rules.state], c->rules.policy,
		       c->rules.lists, mode_name(c->rules.mode));
		for (k = 0; k < ARRAY_SIZE(fact_words); k++)
			if (c->module & fact_words[k].fact)
				printf("%s ", fact_words[k].word);
		printf("|%s|%s|%s\n", c->reason, c->allow ? "true" : "false",
		       c->vouch ? "true" : "false");
	}
	return 0;
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	argc--;
	argv++;
	if (!strcmp(what, "policy"))
		return build_document(MODGATE_LOCAL_POLICY, argc, argv);
	if (!strcmp(what, "list"))
		return build_document(MODGATE_APPROVED_LIST, argc, argv);
	if (!strcmp(what, "bundle"))
		return run_bundle(argc, argv);
	if (!strcmp(what, "cert"))
		return cert(argc, argv);
	if (!strcmp(what, "cases"))
		return print_cases();
	if (!strcmp(what, "digest"))
		return digests(argc, argv);
	if (!strcmp(what, "load"))
		return run_load(argc, argv);
	fputs(help, strcmp(what, "--help") ? stderr : stdout);
	return strcmp(what, "--help") ? 2 : 0;
}
