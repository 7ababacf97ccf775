// SPDX-License-Identifier: GPL-2.0-only
/*
 * modgate recovery: in a recovery boot, from the initramfs, a menu on the console
 * that changes mode, authorities and keys; otherwise, how to get there. It runs
 * before a document is accepted, since the TPM gives a sealed anchor key out only
 * then.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/reboot.h>
#include <sys/wait.h>
#include <unistd.h>

#include "authorities.h"
#include "base.h"
#include "document.h"
#include "kernel.h"
#include "keys.h"
#include "programs.h"

#define VERB_WORDS_MAX 4
#define FLAGS "audit, enforce, allow-kexec, refuse-kexec"

/**
 * struct item - a line of the menu
 * @text: what it does
 * @run: does it; ST_OK and ST_RESTART are success
 * @leaves: the menu ends after it
 */
struct item {
	const char *text;
	enum status (*run)(struct options *o);
	bool leaves;
};

/* What was typed, without blanks around it; NULL at the end of the input. */
static char *ask(const char *prompt)
{
	char *line = NULL, *begin;
	size_t size = 0;
	ssize_t n;

	say("%s: ", prompt);
	say_flush();
	n = getline(&line, &size, stdin);
	if (n < 0) {
		free(line);
		return NULL;
	}
	while (n && strchr(" \t\r\n", line[n - 1]))
		line[--n] = '\0';
	begin = xstrdup(line + strspn(line, " \t"));
	free(line);
	return begin;
}

/* As if it were typed: modgate VERB WORD... */
static enum status call(const struct verb *verb, struct options *o,
			const char *first, const char *second)
{
	char *words[VERB_WORDS_MAX] = { 0 };
	enum status status;
	int n = 0, i;

	words[n++] = xstrdup(verb->name);
	if (first)
		words[n++] = xstrdup(first);
	if (second)
		words[n++] = xstrdup(second);
	optind = 0;
	status = verb->run(n, words, o);
	for (i = 0; i < n; i++)
		free(words[i]);
	return status;
}

static enum status recovery_show(struct options *o)
{
	enum status status = call(&verb_mode, o, NULL, NULL);

	if (status)
		return status;
	say("Authorities:\n");
	status = authorities_show(o);
	if (status)
		return status;
	say("Keys:\n");
	return call(&verb_key, o, NULL, NULL);
}

static enum status change_mode(struct options *o)
{
	char *mode = ask("Mode (system, signed, listed; nothing to leave it)");
	char *flag = mode ? ask("Flag (" FLAGS "; nothing to leave it)") : NULL;
	char *option = flag && *flag ? fmt("--%s", flag) : NULL;
	enum status status = ST_OK;

	/* Not one of the options that every verb has. */
	if (option && strcmp(flag, "audit") && strcmp(flag, "enforce") &&
	    strcmp(flag, "allow-kexec") && strcmp(flag, "refuse-kexec"))
		status = fail(ST_USAGE, "%s: one of " FLAGS, flag);
	else if (mode && *mode && !mode_parse(mode))
		status = fail(ST_USAGE, "%s: one of system, signed, listed", mode);
	else if (mode && (*mode || option))
		status = call(&verb_mode, o, *mode ? mode : option,
			      *mode ? option : NULL);
	free(option);
	free(flag);
	free(mode);
	return status;
}

static enum status change_authorities(struct options *o)
{
	enum status status = authorities_show(o);
	char *line;

	if (status)
		return status;
	say(AUTHORITIES_HELP);
	line = ask("Change (nothing to leave it)");
	if (line && *line)
		status = authorities_change(o, line);
	free(line);
	return status;
}

static enum status recovery_change_passphrase(struct options *o)
{
	return call(&verb_key, o, "--change-passphrase", NULL);
}

static enum status new_owner_key(struct options *o)
{
	char *where = ask("Kept by (file, tpm, a URI; nothing for where the old one is)");
	char *option = where && *where ? fmt("--key=%s", where) : NULL;
	enum status status = ST_OK;

	if (where)
		status = call(&verb_key, o, "--rotate", option);
	free(option);
	free(where);
	return status;
}

static enum status keep_anchor(struct options *o)
{
	char *where;
	enum status status = key_where(o, KEY_ANCHOR, &where);

	if (!status)
		status = call(&verb_key, o, strcmp(where, "sealed") ?
			      "--seal-anchor" : "--unseal-anchor", NULL);
	free(where);
	return status;
}

static enum status discard(const struct options *o, bool active)
{
	enum status status = store_lock(o);

	if (!status)
		say("%u document(s) discarded.\n", store_discard(o, active));
	return status;
}

static enum status discard_documents(struct options *o)
{
	char *which = ask("staged (what waits for a restart) or all; nothing to leave them");
	enum status status = ST_OK;

	if (which && !strcmp(which, "staged")) {
		say("If the TPM counts documents, those before them are of no use either.\n");
		status = discard(o, false);
	} else if (which && !strcmp(which, "all")) {
		say("No third-party module loads then, until 'modgate init' begins anew.\n");
		status = discard(o, true);
	} else if (which && *which) {
		status = fail(ST_USAGE, "%s: staged, or all", which);
	}
	free(which);
	return status;
}

static enum status boot_again(struct options *o __maybe_unused)
{
	say("Restarting.\n");
	say_flush();
	sync();
	reboot(RB_AUTOBOOT);
	return fail_errno(errno, "cannot restart");
}

static enum status go_on(struct options *o __maybe_unused)
{
	return ST_OK;
}

static const struct item items[] = {
	{ "show mode, authorities and keys", recovery_show, false },
	{ "change the mode", change_mode, false },
	{ "change the authorities", change_authorities, false },
	{ "change the passphrase of the keys", recovery_change_passphrase, false },
	{ "make a new owner key", new_owner_key, false },
	{ "seal the anchor key to recovery boots, or unseal it", keep_anchor, false },
	{ "discard documents", discard_documents, false },
	{ "restart", boot_again, true },
	{ "go on to the system, without third-party modules", go_on, true },
};

static void print_menu(void)
{
	size_t i;

	say("\nmodgate: recovery boot. No list is accepted, so no third-party module loads.\n\n");
	for (i = 0; i < ARRAY_SIZE(items); i++)
		say("  %zu  %s\n", i + 1, items[i].text);
	say("\n");
}

/* In a process of its own, with which the lock on the documents ends. */
static enum status carry_out(const struct item *item, struct options *o)
{
	enum status status;
	int code;
	pid_t pid;

	say_flush();
	pid = fork();
	if (pid < 0)
		return fail_errno(errno, "cannot start a process");
	if (!pid) {
		status = item->run(o);
		say_flush();
		key_context_end();
		_exit(status);
	}
	if (waitpid(pid, &code, 0) != pid || !WIFEXITED(code))
		return fail(ST_NO, "%s: this ended before its time", item->text);
	return WEXITSTATUS(code);
}

static enum status menu(struct options *o)
{
	unsigned long long n;
	bool leaves = false;
	enum status status;
	char *choice;

	/* What is typed ahead is for whoever reads next. */
	setvbuf(stdin, NULL, _IONBF, 0);
	while (!leaves) {
		print_menu();
		choice = ask("What is to be done");
		if (!choice)
			return ST_OK;
		if (!number_parse(choice, &n) || !n || n > ARRAY_SIZE(items)) {
			fail(ST_USAGE, "%s: a number from 1 to %zu", choice,
			     ARRAY_SIZE(items));
		} else {
			status = carry_out(&items[n - 1], o);
			leaves = items[n - 1].leaves && !status;
		}
		free(choice);
	}
	return ST_OK;
}

static enum status recovery_explain(const struct options *o, const struct kernel *kernel)
{
	const bool recovery = record_is(&kernel->state, "boot-kind", "recovery");
	struct json_object *j;

	if (o->json) {
		j = json_object_new_object();
		json_yes(j, "menu", false);
		json_str(j, "boot_kind", record_get(&kernel->state, "boot-kind"));
		json_str(j, "parameter", "modgate.recovery");
		json_out(j);
		return ST_NO;
	}
	say("%s\n", recovery ?
	    "This is a recovery boot, but its menu was left: restart for it." :
	    "This is a normal boot.");
	say("Mode, authorities and keys can be changed where nothing of this system runs:\n"
	    "restart, and add one word to the kernel command line for that boot (in GRUB's\n"
	    "menu: e, at the end of the line that begins with linux, Ctrl-x):\n\n"
	    "modgate.recovery\n\n"
	    "The initramfs then shows a menu on the console. No list is accepted in that\n"
	    "boot, so no third-party module loads; a restart without the word ends it.\n");
	return ST_NO;
}

static enum status recovery_run(int argc, char **argv, struct options *o)
{
	struct kernel kernel;
	enum status status;
	bool there;

	if (next_option(argc, argv, NULL, o) != -1)
		return ST_USAGE;
	if (optind != argc)
		return usage("%s: recovery takes no arguments", argv[optind]);
	/* The root folder is another file system; the kernel is this one. */
	if (!o->securityfs)
		o->securityfs = "/sys/kernel/security";
	kernel_read_state(&kernel, o);
	there = kernel_in_recovery(&kernel);
	if (!kernel.present)
		status = kernel_missing(&kernel);
	else if (there && !o->json)
		status = ST_OK;
	else
		status = recovery_explain(o, &kernel);
	kernel_free(&kernel);
	return status ? status : menu(o);
}

const struct verb verb_recovery = {
	.name = "recovery",
	.summary = "In a recovery boot: change mode, authorities and keys",
	.usage = "",
	.run = recovery_run,
};
