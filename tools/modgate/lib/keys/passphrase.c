// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where a passphrase comes from: a file descriptor, the terminal, or systemd's agent.
 * Never the command line or the environment, where others could see it.
 */
#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "base.h"
#include "keys.h"

extern char **environ;

/* Terminal settings to restore if a signal ends the tool. */
static struct termios shown;
static atomic_int hidden_fd = -1;

static void show_again(int sig)
{
	if (hidden_fd >= 0)
		tcsetattr(hidden_fd, TCSAFLUSH, &shown);
	signal(sig, SIG_DFL);
	raise(sig);
}

void passphrase_free(char *passphrase)
{
	OPENSSL_secure_clear_free(passphrase, PASSPHRASE_SIZE);
}

/*
 * Read one line or up to the end of file: byte by byte, to leave what follows for the
 * next reader.
 */
static char *read_line(int fd, const char *from)
{
	char *line = OPENSSL_secure_zalloc(PASSPHRASE_SIZE);
	size_t used = 0;

	if (!line) {
		fail(ST_NO, "passphrase: no locked memory");
		return NULL;
	}
	for (;;) {
		ssize_t n = read(fd, line + used, 1);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			fail_errno(errno, "passphrase: cannot read from %s", from);
			break;
		}
		if (!n || line[used] == '\n') {
			line[used] = '\0';
			if (used || n)
				return line;
			fail(ST_SECRET, "passphrase: nothing came from %s", from);
			break;
		}
		if (++used == PASSPHRASE_SIZE - 1) {
			fail(ST_SECRET, "passphrase: longer than %d bytes",
			     PASSPHRASE_SIZE - 2);
			break;
		}
	}
	passphrase_free(line);
	return NULL;
}

static char *ask_terminal(int fd, const char *prompt)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP };
	struct sigaction act = { .sa_handler = show_again }, old[ARRAY_SIZE(signals)];
	struct termios hidden;
	char *line = NULL;
	size_t i;

	if (tcgetattr(fd, &shown)) {
		fail_errno(errno, "passphrase: the terminal");
		return NULL;
	}
	hidden = shown;
	hidden.c_lflag &= ~(ECHO | ECHOE | ECHOK);
	hidden.c_lflag |= ECHONL | ICANON;
	hidden_fd = fd;
	for (i = 0; i < ARRAY_SIZE(signals); i++)
		sigaction(signals[i], &act, &old[i]);
	/* Discard earlier input, so that nothing typed ahead counts as an answer. */
	if (!tcsetattr(fd, TCSAFLUSH, &hidden)) {
		say_prompt(fd, prompt);
		line = read_line(fd, "the terminal");
		tcsetattr(fd, TCSAFLUSH, &shown);
	}
	hidden_fd = -1;
	for (i = 0; i < ARRAY_SIZE(signals); i++)
		sigaction(signals[i], &old[i], NULL);
	return line;
}

/* systemd-ask-password prints the answer; not every machine has it. */
static char *ask_agent(const char *prompt)
{
	char *question = say_text("%s:", prompt);
	char *argv[5] = { "systemd-ask-password", "--id=modgate",
			  "--icon=drive-harddisk", question };
	posix_spawn_file_actions_t actions;
	int fds[2], err, status;
	char *line = NULL;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC)) {
		free(question);
		return NULL;
	}
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, fds[1], STDOUT_FILENO);
	err = posix_spawnp(&pid, argv[0], &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	close(fds[1]);
	if (err) {
		fail(ST_NO,
		     "passphrase: there is no terminal and no systemd-ask-password; use --passphrase-fd");
	} else {
		line = read_line(fds[0], "systemd-ask-password");
		if (waitpid(pid, &status, 0) != pid || status) {
			passphrase_free(line);
			line = NULL;
		}
	}
	close(fds[0]);
	free(question);
	return line;
}

/**
 * passphrase_ask() - get a passphrase
 * @o: options
 * @prompt: shown to the user
 *
 * Return: the passphrase for passphrase_free(), or NULL after saying why not.
 */
char *passphrase_ask(const struct options *o, const char *prompt)
{
	char *line;
	int fd;

	if (o->passphrase_fd >= 0) {
		char *from = fmt("file descriptor %d", o->passphrase_fd);

		line = read_line(o->passphrase_fd, from);
		free(from);
		return line;
	}
	fd = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return ask_agent(prompt);
	line = ask_terminal(fd, prompt);
	close(fd);
	return line;
}

/**
 * passphrase_new() - get a new passphrase; a person types it twice
 * @o: options
 * @what: what it is for
 *
 * Return: the passphrase for passphrase_free(), or NULL after saying why not.
 */
char *passphrase_new(const struct options *o, const char *what)
{
	char *prompt = fmt("New passphrase for %s", what);
	char *first = passphrase_ask(o, prompt), *second = NULL;
	bool good = false;

	free(prompt);
	if (!first)
		return NULL;
	if (strlen(first) < PASSPHRASE_MIN) {
		fail(ST_SECRET, "passphrase: shorter than %d characters",
		     PASSPHRASE_MIN);
	} else if (o->passphrase_fd >= 0) {
		good = true;
	} else {
		second = passphrase_ask(o, "The same again");
		good = second && !strcmp(first, second);
		if (second && !good)
			fail(ST_SECRET, "passphrase: the two differ");
	}
	passphrase_free(second);
	if (good)
		return first;
	passphrase_free(first);
	return NULL;
}
