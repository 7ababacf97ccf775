// SPDX-License-Identifier: GPL-2.0-only
/*
 * The command line: options that every verb has, and which verb it is.
 */
#include <errno.h>
#include <limits.h>
#include <locale.h>
#include <openssl/crypto.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "base.h"
#include "keys.h"
#include "programs.h"

#define LOCKED_MEMORY 65536

enum {
	OPT_ROOT = 1000,
	OPT_SECURITYFS,
	OPT_JSON,
	OPT_PASSPHRASE_FD,
	OPT_HELP,
	OPT_VERSION,
};

static const struct option global_options[] = {
	{ "root", required_argument, NULL, OPT_ROOT },
	{ "securityfs", required_argument, NULL, OPT_SECURITYFS },
	{ "json", no_argument, NULL, OPT_JSON },
	{ "passphrase-fd", required_argument, NULL, OPT_PASSPHRASE_FD },
	{ "help", no_argument, NULL, OPT_HELP },
	{ "version", no_argument, NULL, OPT_VERSION },
	{ NULL, 0, NULL, 0 },
};

static const struct verb *const verbs[] = {
	&verb_init, &verb_status, &verb_pending, &verb_watch, &verb_why,
	&verb_approve, &verb_baseline, &verb_revoke, &verb_ban, &verb_list,
	&verb_diff, &verb_restart, &verb_boot, &verb_rebuild, &verb_receipt,
	&verb_verify, &verb_doctor, &verb_mode, &verb_key, &verb_recovery,
};

static const struct verb *current;

static void print_help(void)
{
	size_t i;

	if (current) {
		say("usage: modgate [options] %s ", current->name);
		say_lines(current->usage);
		say("\n%s.\n", current->summary);
	} else {
		say("usage: modgate [options] VERB [options] [arguments]\n\n"
		    "Decide which third-party kernel modules may load.\n\n");
		for (i = 0; i < ARRAY_SIZE(verbs); i++)
			say("  %-10s %s\n", verbs[i]->name,
			    verbs[i]->summary);
	}
	say("\nOptions of every verb:\n"
	    "  --root=DIR          operate on the files below DIR\n"
	    "  --securityfs=DIR    where securityfs is mounted\n"
	    "  --json              print JSON\n"
	    "  --passphrase-fd=N   read the passphrase from file descriptor N\n"
	    "  --help, --version\n\n");
	if (current)
		say("See modgate-%s(8).\n", current->name);
	else
		say("See modgate(8), also for the exit statuses.\n");
}

/* Say what is wrong with the command line. */
enum status usage(const char *format, ...)
{
	va_list ap;
	char *text;

	va_start(ap, format);
	text = vfmt(format, ap);
	va_end(ap);
	warn("%s; see 'modgate %s%s--help'", text, current ? current->name : "",
	     current ? " " : "");
	free(text);
	return ST_USAGE;
}

static bool take_global(int option, struct options *o)
{
	unsigned long long number;
	size_t size;

	switch (option) {
	case OPT_ROOT:
		/* "/" is as good as none. */
		size = strlen(optarg);
		while (size && optarg[size - 1] == '/')
			optarg[--size] = '\0';
		o->root = optarg;
		return true;
	case OPT_SECURITYFS:
		o->securityfs = optarg;
		return true;
	case OPT_JSON:
		o->json = true;
		return true;
	case OPT_PASSPHRASE_FD:
		if (!number_parse(optarg, &number) || number > INT_MAX) {
			usage("--passphrase-fd=%s: not a file descriptor",
			      optarg);
			exit(ST_USAGE);
		}
		o->passphrase_fd = number;
		return true;
	case OPT_HELP:
		print_help();
		exit(ST_OK);
	case OPT_VERSION:
		say("modgate " MODGATE_TOOL_VERSION "\n");
		exit(ST_OK);
	default:
		return false;
	}
}

static void describe_unknown(char **argv, int index)
{
	if (optopt && optopt < 256)
		usage("unknown option -%c", optopt);
	else
		usage("unknown, ambiguous or incomplete option %s",
		      argv[index] ? argv[index] : "");
}

/**
 * next_option() - the verb's next option of its own
 * @argc: as for getopt_long()
 * @argv: as for getopt_long()
 * @own: the verb's options, ended by zeros, with values below 1000
 * @o: takes the options that every verb has
 *
 * Return: the option, -1 after the last, '?' after saying what is wrong.
 */
int next_option(int argc, char **argv, const struct option *own,
		struct options *o)
{
	struct option all[32] = { 0 };
	size_t n = 0, i;
	int c;

	for (i = 0; own && own[i].name; i++)
		all[n++] = own[i];
	for (i = 0; global_options[i].name; i++)
		all[n++] = global_options[i];
	opterr = 0;
	do {
		int index = optind ? optind : 1;

		c = getopt_long(argc, argv, "", all, NULL);
		if (c == '?')
			describe_unknown(argv, optind > index ? optind - 1 :
								index);
	} while (c != -1 && take_global(c, o));
	return c;
}

static enum status run_verb(int argc, char **argv, struct options *o)
{
	size_t i;
	int c;

	while ((c = getopt_long(argc, argv, "+", global_options, NULL)) != -1)
		if (!take_global(c, o)) {
			describe_unknown(argv, optind - 1);
			return ST_USAGE;
		}
	if (optind == argc) {
		print_help();
		return ST_USAGE;
	}
	for (i = 0; i < ARRAY_SIZE(verbs); i++)
		if (!strcmp(argv[optind], verbs[i]->name))
			current = verbs[i];
	if (!current)
		return usage("%s: no such verb", argv[optind]);
	argc -= optind;
	argv += optind;
	optind = 0;
	return current->run(argc, argv, o);
}

int main(int argc, char **argv)
{
	struct options o = { .root = "", .passphrase_fd = -1 };
	const struct rlimit none = { 0, 0 };
	enum status status;

	setlocale(LC_CTYPE, "");
	opterr = 0;
	/* Passphrases and keys: not in a core file, not in swap. */
	setrlimit(RLIMIT_CORE, &none);
#ifndef MODGATE_DUMPABLE	/* a leak checker has to look at it */
	prctl(PR_SET_DUMPABLE, 0);
#endif
	CRYPTO_secure_malloc_init(LOCKED_MEMORY, 0);
	signal(SIGPIPE, SIG_IGN);
	status = run_verb(argc, argv, &o);
	if (!say_flush()) {
		if (errno != EPIPE)
			status = fail_errno(errno, "standard output");
	}
	key_context_end();
	CRYPTO_secure_malloc_done();
	return status;
}
