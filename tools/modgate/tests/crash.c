// SPDX-License-Identifier: GPL-2.0-only
/*
 * Preloaded into the tool: SIGKILL in place of the CRASH_AT-th call that changes
 * the file system, waits for the disk, or sends a command to a software TPM. One
 * run for each number shows every state that a power cut between two calls can
 * leave.
 *
 * SIGSTOP before the STOP_AT-th command to the TPM, with STOP_EACH also before
 * all that follow: what another one does meanwhile.
 */
#include <dlfcn.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static void step(void)
{
	static int count;
	const char *at = getenv("CRASH_AT");

	if (at && ++count == atoi(at))
		raise(SIGKILL);
}

static void command(void)
{
	static int count;
	const char *at = getenv("STOP_AT"), *each = getenv("STOP_EACH");

	if (!at || ++count < atoi(at))
		return;
	if (count == atoi(at) || (each && *each))
		raise(SIGSTOP);
}

#define NEXT(name) ((__typeof__(name) *)dlsym(RTLD_NEXT, #name))

int rename(const char *from, const char *to)
{
	step();
	return NEXT(rename)(from, to);
}

int unlink(const char *path)
{
	step();
	return NEXT(unlink)(path);
}

int unlinkat(int fd, const char *path, int flags)
{
	step();
	return NEXT(unlinkat)(fd, path, flags);
}

int fsync(int fd)
{
	step();
	return NEXT(fsync)(fd);
}

int mkdir(const char *path, mode_t mode)
{
	step();
	return NEXT(mkdir)(path, mode);
}

/* A file that is only half written; a command that the TPM does not get. */
ssize_t write(int fd, const void *data, size_t size)
{
	struct stat st;
	int err = fstat(fd, &st);

	if (!err && S_ISSOCK(st.st_mode)) {
		step();
		command();
	}
	if (!err && S_ISREG(st.st_mode)) {
		if (size > 1)
			NEXT(write)(fd, data, size / 2);
		step();
		if (size > 1)
			return NEXT(write)(fd, (const char *)data + size / 2,
					   size - size / 2) + size / 2;
	}
	return NEXT(write)(fd, data, size);
}
