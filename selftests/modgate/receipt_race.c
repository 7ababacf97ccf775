// SPDX-License-Identifier: GPL-2.0-only
/*
 * Loads and unloads modules as fast as it can, from many tasks at once, and says
 * how often each came up, for a script that holds the receipt against it:
 *
 *	receipt_race SECONDS FILE... -- APPROVED OTHER
 *
 * FILEs are dealt out to as many tasks, each with its file by finit_module() and
 * init_module() in turn; now and then the module is told to fail in its init
 * function (parameter "fail"). One task more rewrites one file with APPROVED and
 * OTHER in turn, while another one loads it. Prints a line "COUNT FILE" for each
 * FILE, and for APPROVED: how often a module of it came up, whether its init
 * function failed or not.
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
	unsigned long count;
};

static struct task *tasks;
static time_t end;

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
static void run(struct task *t, bool by_file_only)
{
	size_t size;
	void *bytes = by_file_only ? NULL : map(t->path, &size);
	unsigned int round;
	bool fails;
	int err;

	for (round = 0; time(NULL) < end; round++) {
		fails = round % 5 == 4;
		err = load_with(t->path, round % 2 ? bytes : NULL, size,
				fails ? "fail=5" : "");
		if (!err || err == EIO)
			t->count++;
		if (!err)
			while (syscall(SYS_delete_module, t->name, O_NONBLOCK) &&
			       (errno == EBUSY || errno == EAGAIN))
				;
	}
	exit(0);
}

/* One inode, now with these bytes and now with those; both of one size. */
static void rewrite(const char *a, const char *b)
{
	size_t size_a, size_b;
	void *bytes_a = map(a, &size_a), *bytes_b = map(b, &size_b);
	int fd = open(shared, O_WRONLY | O_CLOEXEC);

	while (fd >= 0 && time(NULL) < end) {
		if (pwrite(fd, bytes_b, size_b, 0) < 0 ||
		    pwrite(fd, bytes_a, size_a, 0) < 0)
			exit(1);
		usleep(1000);
	}
	exit(0);
}

static void copy(const char *path)
{
	size_t size;
	void *bytes = map(path, &size);
	int fd = open(shared, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, bytes, size) != (ssize_t)size)
		exit(1);
	close(fd);
}

int main(int argc, char **argv)
{
	int n = 0, i, status, bad = 0;

	while (n + 2 < argc && strcmp(argv[n + 2], "--"))
		n++;
	if (argc != n + 5 || !n || n >= TASKS_MAX) {
		fprintf(stderr, "usage: receipt_race SECONDS FILE... -- APPROVED OTHER\n");
		return 2;
	}
	tasks = mmap(NULL, sizeof(*tasks) * TASKS_MAX, PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (tasks == MAP_FAILED)
		return 1;
	copy(argv[n + 3]);
	end = time(NULL) + atoi(argv[1]);
	for (i = 0; i <= n; i++) {
		tasks[i].path = i < n ? argv[i + 2] : argv[n + 3];
		name_of(&tasks[i]);
		if (i == n)
			tasks[i].path = shared;
		if (!fork())
			run(&tasks[i], i == n);
	}
	if (!fork())
		rewrite(argv[n + 3], argv[n + 4]);
	while (wait(&status) > 0)
		bad |= status;
	for (i = 0; i <= n; i++)
		printf("%lu %s\n", tasks[i].count,
		       i < n ? argv[i + 2] : argv[n + 3]);
	return !!bad;
}
