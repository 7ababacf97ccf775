// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a confined process may do, and what it may not: each in a process of its own.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base.h"
#include "child.h"
#include "tap.h"

static void write_file(void)
{
	open("/tmp/confine_test", O_WRONLY | O_CREAT, 0600);
}

static void temporary_file(void)
{
	open("/tmp", O_RDWR | O_TMPFILE, 0600);
}

/* The kernel sends the signal, and asks nobody but for a user. */
static void signal_by_file(void)
{
	fcntl(0, F_SETOWN, getppid());
}

static void network(void)
{
	socket(AF_INET, SOCK_STREAM, 0);
}

static void program(void)
{
	static char *const argv[] = { "true", NULL };

	execv("/bin/true", argv);
}

static void process(void)
{
	if (!fork())
		_exit(0);
}

static void code(void)
{
	mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void code_later(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	mprotect(p, 4096, PROT_READ | PROT_EXEC);
}

static void others(void)
{
	kill(getppid(), SIGTERM);
}

static void more_memory_files(void)
{
	memfd_create("more", 0);
}

static void remove_file(void)
{
	unlink("/tmp/confine_test");
}

static void mount_it(void)
{
	mount("none", "/mnt", "tmpfs", 0, NULL);
}

static void abort_it(void)
{
	abort();
}

static void read_file(void)
{
	if (open("/etc/hostname", O_RDONLY) >= 0 || errno != EACCES)
		_exit(1);
}

/* A file as root has it where the umask is 077. */
static char *private_file;

static void read_private(void)
{
	if (open(private_file, O_RDONLY) < 0)
		_exit(1);
}

static void who(void)
{
	if (!getuid() || !geteuid())
		_exit(1);
}

/* Touched, so that it is memory. */
static void memory(void)
{
	size_t size = memory_share() + (128U << 20);
	char *p = malloc(size);

	if (p) {
		memset(p, 1, size);
		_exit(1);
	}
}

static void large_file(int fd)
{
	if (!ftruncate(fd, memory_share() + 4096) || errno != EFBIG)
		_exit(1);
}

/* Asked for its version, with no attributes. */
static bool landlock_here(void)
{
	return syscall(SYS_landlock_create_ruleset, NULL, 0, 1) > 0;
}

static int run_reading(const char *readable, void (*act)(void), int fd)
{
	pid_t pid = fork();
	int status = 0;

	if (!pid) {
		const struct rlimit none = { 0, 0 };

		setrlimit(RLIMIT_CORE, &none);
		confine(readable);
		if (act)
			act();
		else
			large_file(fd);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	return status;
}

static int run(void (*act)(void), int fd)
{
	return run_reading(NULL, act, fd);
}

static void test_private(void)
{
	char *folder = xstrdup("/tmp/confine_test.XXXXXX");
	int fd;

	if (!mkdtemp(folder))
		return;
	private_file = fmt("%s/file", folder);
	fd = open(private_file, O_WRONLY | O_CREAT, 0600);
	tap(!run_reading(folder, read_private, -1), "it reads what it may, if only root can");
	if (landlock_here())
		tap(!run_reading(folder, read_file, -1), "and nothing beside it");
	if (!geteuid())
		tap(!run_reading(folder, who, -1), "and is not root");
	close(fd);
	unlink(private_file);
	rmdir(folder);
	free(private_file);
	free(folder);
}

static void test_refused(void)
{
	static const struct {
		void (*act)(void);
		const char *what;
	} refused[] = {
		{ write_file, "writes to no file" },
		{ temporary_file, "makes no temporary file" },
		{ remove_file, "removes no file" },
		{ network, "has no network" },
		{ program, "starts no program" },
		{ process, "starts no process" },
		{ code, "makes no code" },
		{ code_later, "makes code of no data" },
		{ others, "signals nobody" },
		{ signal_by_file, "nor has the kernel do it" },
		{ more_memory_files, "makes no files in memory" },
		{ mount_it, "mounts nothing" },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(refused); i++) {
		int status = run(refused[i].act, -1);

		tap(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS, "%s",
		    refused[i].what);
	}
}

int main(void)
{
	int fd = memfd_create("large", 0), status = run(abort_it, -1);

	tap(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT, "it can abort, and says so");
	tap(!run(NULL, fd), "what it writes to an open file is bounded");
#if !defined(__SANITIZE_ADDRESS__) && !defined(MODGATE_DUMPABLE)
	tap(!run(memory, -1), "its memory is bounded");
#else
	(void)memory;
#endif
	if (!geteuid())
		tap(!run(who, -1), "it is not root");
	if (prctl(PR_GET_SECCOMP) >= 0)
		test_refused();
	if (landlock_here())
		tap(!run(read_file, -1), "it reads no file by name");
	test_private();
	return tap_end();
}
