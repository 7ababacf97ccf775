// SPDX-License-Identifier: GPL-2.0-only
/*
 * Loads and unloads modules as fast as it can, from many tasks at once, and says
 * how often each came up, for a script that holds the receipt against it:
 *
 *	receipt_race SECONDS FILE... -- APPROVED OTHER
 *
 * FILEs are dealt out to as many tasks, each with its file by finit_module() and
 * init_module() in turn; now and then the module is told to fail in its init
 * function (parameter "fail"). One task more rewrites one file, and one piece of
 * memory, with APPROVED and OTHER in turn, while another one loads it. A file is
 * open for writing, or the kernel reads a module from it, never both (ETXTBSY): it
 * is closed after each time, and opened until that works. Who had no turn within
 * SECONDS goes on until it has one, for as long again.
 *
 * Prints a line "COUNT FILE finit=UP/REFUSED init=UP/REFUSED" for each FILE, and for
 * APPROVED: how often a module of it came up, whether its init function failed or not;
 * and, by either system call, how often it came up and how often it was refused (EPERM).
 */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include "common.h"

#define TASKS_MAX 64

static const char shared[] = "/tmp/receipt_race.ko";

/* What a task shares with the one that started it. */
struct task {
	const char *path;
	char name[64];		/* of the module */
	unsigned long up[2], refused[2];	/* by finit_module, init_module */
};

static struct task *tasks;
static char *shared_bytes;
static time_t end, last;

/* The module's name, as a file is called up to the first dot. */
static void name_of(struct task *t)
{
	const char *slash = strrchr(t->path, '/');
	size_t i;

	snprintf(t->name, sizeof(t->name), "%s", slash ? slash + 1 : t->path);
	t->name[strcspn(t->name, ".")] = '\0';
	for (i = 0; t->name[i]; i++)
		if (t->name[i] == '-')
			t->name[i] = '_';
}

static void *map(const char *path, size_t *size)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	void *bytes;

	if (fd < 0 || fstat(fd, &st))
		exit(1);
	bytes = mmap(NULL, st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (bytes == MAP_FAILED)
		exit(1);
	close(fd);
	*size = st.st_size;
	return bytes;
}

static int load_with(const char *path, const void *bytes, size_t size,
		     const char *arguments)
{
	int fd, err = 0;

	if (bytes)
		return syscall(SYS_init_module, bytes, size, arguments) ? errno : 0;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno;
	if (syscall(SYS_finit_module, fd, arguments, 0))
		err = errno;
	close(fd);
	return err;
}

/* EIO is what an init function fails with here, and nobody else does. */
static void run(struct task *t, const void *bytes, size_t size)
{
	unsigned int round;
	bool fails;
	int err;

	for (round = 0; time(NULL) < (t->up[0] + t->up[1] ? end : last); round++) {
		fails = round % 5 == 4;
		err = load_with(t->path, round % 2 ? bytes : NULL, size,
				fails ? "fail=5" : "");
		t->up[round % 2] += !err || err == EIO;
		t->refused[round % 2] += err == EPERM;
		if (!err)
			while (syscall(SYS_delete_module, t->name, O_NONBLOCK) &&
			       (errno == EBUSY || errno == EAGAIN))
				;
	}
	exit(0);
}

static void write_shared(const void *bytes, size_t size)
{
	int fd;

	do
		fd = open(shared, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	while (fd < 0 && errno == ETXTBSY);
	if (fd < 0 || write(fd, bytes, size) != (ssize_t)size)
		exit(1);
	close(fd);
	memcpy(shared_bytes, bytes, size);
}

/* Now with these bytes and now with those; both of one size. */
static void rewrite(const void *a, const void *b, size_t size)
{
	while (time(NULL) < end) {
		write_shared(b, size);
		usleep(1000);
		write_shared(a, size);
		usleep(1000);
	}
	exit(0);
}

static void *share(size_t size)
{
	void *p = mmap(NULL, size, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		exit(1);
	return p;
}

int main(int argc, char **argv)
{
	int n = 0, i, status, bad = 0;
	const void *bytes, *approved, *other;
	size_t size, size_approved;

	while (n + 2 < argc && strcmp(argv[n + 2], "--"))
		n++;
	if (argc != n + 5 || !n || n >= TASKS_MAX) {
		fprintf(stderr, "usage: receipt_race SECONDS FILE... -- APPROVED OTHER\n");
		return 2;
	}
	tasks = share(sizeof(*tasks) * TASKS_MAX);
	approved = map(argv[n + 3], &size_approved);
	other = map(argv[n + 4], &size);
	if (size != size_approved) {
		fprintf(stderr, "APPROVED and OTHER are not of one size\n");
		return 2;
	}
	shared_bytes = share(size);
	write_shared(approved, size);
	end = time(NULL) + atoi(argv[1]);
	last = end + atoi(argv[1]);
	for (i = 0; i <= n; i++) {
		tasks[i].path = i < n ? argv[i + 2] : argv[n + 3];
		name_of(&tasks[i]);
		if (i == n) {
			tasks[i].path = shared;
			bytes = shared_bytes;
			size = size_approved;
		} else {
			bytes = map(tasks[i].path, &size);
		}
		if (!fork())
			run(&tasks[i], bytes, size);
	}
	if (!fork())
		rewrite(approved, other, size);
	while (wait(&status) > 0)
		bad |= status;
	for (i = 0; i <= n; i++)
		printf("%lu %s finit=%lu/%lu init=%lu/%lu\n",
		       tasks[i].up[0] + tasks[i].up[1],
		       i < n ? argv[i + 2] : argv[n + 3], tasks[i].up[0],
		       tasks[i].refused[0], tasks[i].up[1], tasks[i].refused[1]);
	return !!bad;
}
