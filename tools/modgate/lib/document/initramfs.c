// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copies of the documents in an initramfs, for machines whose root file system
 * needs a third-party module. A program that goes with the initramfs tools of
 * the distribution knows whether there are any, and how to renew them.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base.h"
#include "document.h"

#define PROGRAM	LIBEXECDIR "/modgate/initramfs"

static void become(const char *root)
{
	/* What is open here is not for it, a passphrase's file least of all. */
	close_range(STDERR_FILENO + 1, ~0U, 0);
	signal(SIGPIPE, SIG_DFL);
	execl(PROGRAM, PROGRAM, root, NULL);
	_exit(127);
}

/**
 * initramfs_update() - have copies of the documents renewed, if there are any
 * @o: options
 *
 * To be called when a new document is on disk, before what is older is ended: a
 * boot from the old copies would have no document that is accepted.
 *
 * Return: ST_OK, also if there are none, or a status after saying why not.
 */
enum status initramfs_update(const struct options *o)
{
	int code = 0;
	pid_t pid;

	if (access(PROGRAM, X_OK))
		return ST_OK;
	say_flush();
	pid = fork();
	if (pid < 0)
		return fail_errno(errno, "cannot start %s", PROGRAM);
	if (!pid)
		become(*o->root ? o->root : "/");
	while (waitpid(pid, &code, 0) < 0)
		if (errno != EINTR)
			return fail_errno(errno, PROGRAM);
	if (WIFEXITED(code) && !WEXITSTATUS(code))
		return ST_OK;
	return fail(ST_NO,
		    "the initramfs goes on with copies of the older documents, which stay good until it is made anew");
}
