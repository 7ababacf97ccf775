// SPDX-License-Identifier: GPL-2.0-only
/*
 * mkdoc policy, mkdoc list: a document as the command line has it, changed as
 * it says, and signed.
 */
#include <getopt.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>

#include "base.h"
#include "crypto.h"
#include "document.h"
#include "mkdoc.h"

/* What changes the bytes before they are signed. */
struct change {
	char kind;
	const char *text;
};

/* The command line. */
struct job {
	__u32 type;
	struct draft draft;
	const char *key;
	const char *out;
	const char *bundle;
	bool no_check;
	bool has_cert;
	struct change *changes;
	size_t n_changes;
};

/* Words joined by "+", or a number. */
static __u32 flags(const char *text, const char *const *names)
{
	char *copy = xstrdup(text), *rest = copy, *word;
	__u32 value = 0;
	int i;

	if (strspn(text, "0123456789abcdefxABCDEF") == strlen(text) && *text &&
	    strchr("0123456789", *text)) {
		free(copy);
		return parse_number(text);
	}
	while ((word = strsep(&rest, "+"))) {
		if (!*word || !strcmp(word, "-"))
			continue;
		for (i = 0; names[i] && strcmp(names[i], word); i++)
			;
		if (!names[i])
			die("%s: unknown word", word);
		value |= 1U << i;
	}
	free(copy);
	return value;
}

static size_t unhex(__u8 *bytes, const char *hex)
{
	size_t n = 0;
	unsigned int value;

	for (; *hex; hex += 2) {
		if (sscanf(hex, "%2x", &value) != 1 || !hex[1])
			die("%s: not hex digits", hex);
		bytes[n++] = value;
	}
	return n;
}

static void digest_of(__u8 *digest, const char *text)
{
	if (*text == '@')
		read_module(text + 1, digest);
	else if (!digest_parse(digest, text))
		die("%s: not a digest", text);
}

static void name_of(__u8 *name, const char *text)
{
	if (!draft_name(name, text))
		die("%s: too long", text);
}

static const char *part(char **rest, const char *otherwise)
{
	char *word = *rest ? strsep(rest, ",") : NULL;

	return word && *word ? word : otherwise;
}

static void add_authority(struct job *job, char *text)
{
	static const char *const required[] = { "required", NULL };
	const char *name = part(&text, "");
	struct cert cert = read_cert(part(&text, ""));
	struct modgate_authority *a = draft_authority(&job->draft, &cert);

	name_of(a->name, name);
	a->roles = le32(flags(part(&text, "0"), role_names));
	a->flags = le32(flags(part(&text, "0"), required));
	a->slot = le32(job->draft.n_authorities);
	if (text && *text)
		a->slot = le32(parse_number(part(&text, "0")));
	a->base = le64(parse_number(part(&text, "0")));
	a->floor = le64(parse_number(part(&text, "0")));
	cert_free(&cert);
}

static void add_module(struct job *job, char *text)
{
	__u8 digest[MODGATE_DIGEST_SIZE];
	struct modgate_module *m;

	digest_of(digest, part(&text, ""));
	m = draft_module(&job->draft, digest);
	m->flags = le32(flags(part(&text, "0"), module_flag_names));
	name_of(m->name, part(&text, ""));
}

static void add_vendor(struct job *job, char *text)
{
	struct cert cert = read_cert(part(&text, ""));
	struct modgate_vendor *v = draft_vendor(&job->draft, &cert);

	v->flags = le32(flags(part(&text, "0"), module_flag_names));
	name_of(v->pattern, part(&text, "*"));
	cert_free(&cert);
}

static void add_ban(struct job *job, char *text, bool by_cert)
{
	__u8 digest[MODGATE_DIGEST_SIZE];
	struct cert cert = { 0 };
	struct modgate_ban *b;

	if (by_cert)
		cert = read_cert(part(&text, ""));
	else
		digest_of(digest, part(&text, ""));
	b = draft_ban(&job->draft, by_cert ? NULL : digest, &cert);
	name_of(b->name, part(&text, ""));
	cert_free(&cert);
}

static void set_signer(struct job *job, const char *path)
{
	struct cert cert = read_cert(path);

	memcpy(job->draft.header.signer, cert.digest, MODGATE_DIGEST_SIZE);
	job->has_cert = true;
	cert_free(&cert);
}

static __u32 mode_of(const char *text)
{
	__u32 mode;

	for (mode = MODGATE_MODE_SYSTEM; mode <= MODGATE_MODE_LISTED; mode++)
		if (!strcmp(text, mode_name(mode)))
			return mode;
	return parse_number(text);
}

static void add_change(struct job *job, char kind, const char *text)
{
	job->changes = xgrow(job->changes, job->n_changes, sizeof(*job->changes));
	job->changes[job->n_changes++] = (struct change) { kind, text };
	job->no_check = true;
}

static const struct option options[] = {
	{ "key", required_argument, NULL, 'k' },
	{ "cert", required_argument, NULL, 'c' },
	{ "generation", required_argument, NULL, 'g' },
	{ "created", required_argument, NULL, 't' },
	{ "machine", required_argument, NULL, 'M' },
	{ "flags", required_argument, NULL, 'f' },
	{ "out", required_argument, NULL, 'o' },
	{ "bundle", required_argument, NULL, 'u' },
	{ "no-check", no_argument, NULL, 'n' },
	{ "mode", required_argument, NULL, 'm' },
	{ "authority", required_argument, NULL, 'a' },
	{ "module", required_argument, NULL, 'd' },
	{ "vendor", required_argument, NULL, 'v' },
	{ "ban", required_argument, NULL, 'b' },
	{ "ban-cert", required_argument, NULL, 'B' },
	{ "exclusive", no_argument, NULL, 'x' },
	{ "raw-set", required_argument, NULL, 'S' },
	{ "truncate", required_argument, NULL, 'T' },
	{ "append", required_argument, NULL, 'A' },
	{ 0 }
};

static void take_entry(struct job *job, int c)
{
	switch (c) {
	case 'a':
		add_authority(job, optarg);
		break;
	case 'd':
		add_module(job, optarg);
		break;
	case 'v':
		add_vendor(job, optarg);
		break;
	case 'b':
	case 'B':
		add_ban(job, optarg, c == 'B');
		break;
	case 'S':
	case 'T':
	case 'A':
		add_change(job, c, optarg);
		break;
	default:
		die("see mkdoc --help");
	}
}

static void take_option(struct job *job, int c)
{
	struct modgate_header *h = &job->draft.header;

	switch (c) {
	case 'k':
		job->key = optarg;
		break;
	case 'c':
		set_signer(job, optarg);
		break;
	case 'g':
		h->generation = le64(parse_number(optarg));
		break;
	case 't':
		h->created = le64(parse_number(optarg));
		break;
	case 'M':
		digest_of(h->machine, optarg);
		break;
	case 'f':
		h->flags = le32(flags(optarg, policy_flag_names));
		break;
	case 'x':
		h->flags = le32(MODGATE_LIST_EXCLUSIVE);
		break;
	case 'm':
		h->mode = le32(mode_of(optarg));
		break;
	case 'o':
		job->out = optarg;
		break;
	case 'u':
		job->bundle = optarg;
		break;
	case 'n':
		job->no_check = true;
		break;
	default:
		take_entry(job, c);
	}
}

static void set_bytes(__u8 *bytes, size_t size, const char *text)
{
	char *equals = strchr(text, '='), *offset_text;
	__u8 *patch = xzalloc(strlen(text));
	unsigned long long offset;
	size_t n;

	if (!equals)
		die("%s: not OFFSET=HEX", text);
	offset_text = fmt("%.*s", (int)(equals - text), text);
	offset = *offset_text == '-' ? size - parse_number(offset_text + 1) :
				       parse_number(offset_text);
	n = unhex(patch, equals + 1);
	if (offset > size || n > size - offset)
		die("%s: outside the document", text);
	memcpy(bytes + offset, patch, n);
	free(offset_text);
	free(patch);
}

static void apply_changes(const struct job *job, __u8 **bytes, size_t *size)
{
	static const char order[] = "STA";
	const char *kind;
	size_t i;

	for (kind = order; *kind; kind++)
		for (i = 0; i < job->n_changes; i++) {
			const char *text = job->changes[i].text;

			if (job->changes[i].kind != *kind)
				continue;
			if (*kind == 'S') {
				set_bytes(*bytes, *size, text);
			} else if (*kind == 'T') {
				if (parse_number(text) < *size)
					*size = parse_number(text);
			} else {
				*bytes = realloc(*bytes, *size + strlen(text));
				*size += unhex(*bytes + *size, text);
			}
		}
}

static void make_signature(const struct job *job, const __u8 *bytes, size_t size,
			   __u8 *signature, size_t *signature_size)
{
	FILE *f = fopen(job->key, "r");
	EVP_PKEY *key = f ? PEM_read_PrivateKey(f, NULL, NULL, NULL) : NULL;

	if (f)
		fclose(f);
	if (!key)
		die("%s: not a private key", job->key);
	if (signature_make(key, bytes, size, signature, signature_size))
		die("%s: cannot sign with it", job->key);
	EVP_PKEY_free(key);
}

static int build(struct job *job, int argc, char **argv)
{
	static const __u8 nobody[MODGATE_DIGEST_SIZE];
	__u8 signature[MODGATE_SIGNATURE_MAX], *bytes;
	size_t size, signature_size;
	const char *rule = NULL;
	char *sig_path;
	int c;

	draft_header(&job->draft, job->type, 1, nobody);
	if (job->type == MODGATE_LOCAL_POLICY)
		job->draft.header.mode = le32(MODGATE_MODE_LISTED);
	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1)
		take_option(job, c);
	if (optind != argc || !job->key || !job->has_cert ||
	    (!job->out && !job->bundle))
		die("--key, --cert, and --out or --bundle are needed; see mkdoc --help");
	if (job->no_check)
		draft_encode(&job->draft, &bytes, &size);
	else
		rule = draft_build(&job->draft, &bytes, &size);
	if (rule)
		die("%s (--no-check builds it nevertheless)", rule);
	apply_changes(job, &bytes, &size);
	make_signature(job, bytes, size, signature, &signature_size);
	if (job->out) {
		sig_path = fmt("%s.sig", job->out);
		write_file(job->out, bytes, size);
		write_file(sig_path, signature, signature_size);
		free(sig_path);
	}
	if (job->bundle)
		write_bundle(job->bundle, bytes, size, signature, signature_size);
	free(bytes);
	free(job->changes);
	draft_free(&job->draft);
	return 0;
}

/* One of the two kinds; returns what main() does. */
int build_document(__u32 type, int argc, char **argv)
{
	struct job job = { .type = type };

	return build(&job, argc, argv);
}
