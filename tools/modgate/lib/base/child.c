// SPDX-License-Identifier: GPL-2.0-only
/*
 * Child processes that answer questions, seen from the parent: started when first
 * needed, asked over a socket, with a description of why one died.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base.h"
#include "child.h"

#define BEGIN_SECONDS 60	/* wall-clock time until it must be ready */
#define CLOCK_FACTOR 4		/* allows for waiting for disk and CPU */
#define STILLBORN_MAX 3
#define FIRST_FD 3

static bool keep_children;

/* Every message starts with its size. */
static bool send_all(int fd, const struct message *m, const int *files, size_t n_files)
{
	char control[CMSG_SPACE(CHILD_FILES_MAX * sizeof(int))] = { 0 };
	__u32 size = m->size;
	struct iovec part = { .iov_base = &size, .iov_len = sizeof(size) };
	struct msghdr head = { .msg_iov = &part, .msg_iovlen = 1 };
	size_t at = 0;

	if (n_files) {
		struct cmsghdr *c;

		head.msg_control = control;
		head.msg_controllen = CMSG_SPACE(n_files * sizeof(int));
		c = CMSG_FIRSTHDR(&head);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(n_files * sizeof(int));
		memcpy(CMSG_DATA(c), files, n_files * sizeof(int));
	}
	if (m->bad || sendmsg(fd, &head, MSG_NOSIGNAL) != (ssize_t)sizeof(size))
		return false;
	while (at < m->size) {
		ssize_t n = send(fd, m->bytes + at, m->size - at, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		at += n;
	}
	return true;
}

static long long milliseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

/* Wait until there is something to read, or until @end (-1: for ever). */
static bool wait_until(int fd, long long end)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	long long left = -1;
	int n;

	do {
		if (end >= 0) {
			left = end - milliseconds();
			if (left <= 0)
				return false;
		}
		n = poll(&p, 1, left);
	} while (n < 0 && errno == EINTR);
	return n > 0;
}

/* Read exactly this many bytes; -1 if they do not arrive, 0 on timeout. */
static int receive_bytes(int fd, void *bytes, size_t size, long long end)
{
	char *p = bytes;

	while (size) {
		ssize_t n;

		if (!wait_until(fd, end))
			return 0;
		n = recv(fd, p, size, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		p += n;
		size -= n;
	}
	return 1;
}

static int receive_all(int fd, struct message *m, long long end)
{
	__u32 size;
	int got = receive_bytes(fd, &size, sizeof(size), end);

	memset(m, 0, sizeof(*m));
	if (got <= 0)
		return got;
	if (size > MESSAGE_MAX)
		return -1;
	m->bytes = xzalloc(size);
	m->size = size;
	got = receive_bytes(fd, m->bytes, size, end);
	if (got <= 0)
		message_free(m);
	return got;
}

/* In the child: receive a question and its files; false when there are no more. */
static bool receive_question(int fd, struct message *m, int *files)
{
	char control[CMSG_SPACE(CHILD_FILES_MAX * sizeof(int))];
	__u32 size;
	struct iovec part = { .iov_base = &size, .iov_len = sizeof(size) };
	struct msghdr head = {
		.msg_iov = &part, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	struct cmsghdr *c;
	ssize_t n;

	do {
		n = recvmsg(fd, &head, MSG_CMSG_CLOEXEC | MSG_WAITALL);
	} while (n < 0 && errno == EINTR);
	if (n != (ssize_t)sizeof(size))
		return false;
	files[0] = -1;
	files[1] = -1;
	c = CMSG_FIRSTHDR(&head);
	if (c && c->cmsg_type == SCM_RIGHTS)
		memcpy(files, CMSG_DATA(c), c->cmsg_len - CMSG_LEN(0));
	memset(m, 0, sizeof(*m));
	m->bytes = xzalloc(size);
	m->size = size;
	return receive_bytes(fd, m->bytes, size, -1) > 0;
}

static void serve(const struct child_kind *kind, void *state, int fd)
{
	int files[CHILD_FILES_MAX];
	struct message question;

	while (receive_question(fd, &question, files)) {
		struct message answer = { 0 };
		size_t i;

		kind->answer(state, &question, files, &answer);
		for (i = 0; i < CHILD_FILES_MAX; i++)
			if (files[i] >= 0)
				close(files[i]);
		if (!send_all(fd, &answer, NULL, 0))
			break;
		message_free(&answer);
		message_free(&question);
	}
}

/* The child keeps only the socket; the parent does all the printing. */
static int drop_files(int fd, bool confined)
{
	int i, null, last = sysconf(_SC_OPEN_MAX);

	/* Move it out of the range of descriptors set up below. */
	fd = fcntl(fd, F_DUPFD_CLOEXEC, FIRST_FD + 2);
	null = confined ? open("/dev/null", O_RDWR) : -1;
	if (fd < 0 || (confined && null < 0))
		_exit(ST_USAGE);
	for (i = 0; confined && i < FIRST_FD; i++) {
#ifdef MODGATE_DUMPABLE	/* keep sanitizer reports visible */
		if (i == STDERR_FILENO)
			continue;
#endif
		dup2(null, i);
	}
	fd = dup2(fd, FIRST_FD);
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	if (syscall(SYS_close_range, FIRST_FD + 1, ~0U, 0))
		for (i = FIRST_FD + 1; i < last; i++)
			close(i);
	return fd;
}

static void __attribute((noreturn))
be_child(const struct child_kind *kind, const char *context, int fd, pid_t parent)
{
	const struct message ready = { 0 };
	void *state = NULL;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(0);
	fd = drop_files(fd, kind->confined);
	if (kind->begin)
		state = kind->begin(context);
	if (kind->confined)
		confine(kind->reads ? context : NULL);
	if (send_all(fd, &ready, NULL, 0))
		serve(kind, state, fd);
	_exit(0);
}

/* Why the last child ended; the caller frees it. */
static char *describe(const struct child_kind *kind, int status, bool late)
{
	if (late)
		return fmt("%s took more than %u s", kind->doing,
			   kind->seconds ? CLOCK_FACTOR * kind->seconds : BEGIN_SECONDS);
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGXCPU)
		return fmt("%s took more than %u s of processor time", kind->doing,
			   kind->seconds);
	if (WIFSIGNALED(status))
		return fmt("%s ended with signal %d (%s)", kind->doing,
			   WTERMSIG(status), strsignal(WTERMSIG(status)));
	if (WIFEXITED(status) && WEXITSTATUS(status) == ST_NO)
		return fmt("%s took more than %zu MiB of memory", kind->doing,
			   memory_share() >> 20);
	return fmt("%s ended without an answer", kind->doing);
}

static char *bury(struct child *child, const struct child_kind *kind, bool late)
{
	int status = 0;

	/* It is dead or has sent an invalid answer; killing it does not change why it died. */
	kill(child->pid, SIGKILL);
	close(child->fd);
	while (waitpid(child->pid, &status, 0) < 0 && errno == EINTR)
		;
	memset(child, 0, sizeof(*child));
	return describe(kind, status, late);
}

static char *start(struct child *child, const struct child_kind *kind, const char *context)
{
	struct timeval patience = { .tv_sec = BEGIN_SECONDS };
	struct message ready;
	pid_t self = getpid();
	int pair[2], got;

	/* Flush pending output first, so that it precedes output of the loader's commands. */
	say_flush();
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		return fmt("%s needs a process of its own: %s", kind->doing,
			   strerror(errno));
	child->pid = fork();
	if (!child->pid)
		be_child(kind, context, pair[1], self);
	close(pair[1]);
	child->fd = pair[0];
	if (child->pid < 0) {
		close(pair[0]);
		memset(child, 0, sizeof(*child));
		return fmt("%s needs a process of its own: %s", kind->doing,
			   strerror(errno));
	}
	setsockopt(child->fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	got = receive_all(child->fd, &ready, milliseconds() + BEGIN_SECONDS * 1000);
	if (got <= 0) {
		unsigned int stillborn = child->stillborn + 1;
		char *problem = bury(child, kind, !got);

		child->stillborn = stillborn;
		return problem;
	}
	child->stillborn = 0;
	message_free(&ready);
	return NULL;
}

/* Start the clock now. */
static void allow_time(const struct child *child, unsigned int seconds)
{
	struct rlimit limit = { .rlim_max = RLIM_INFINITY };
	struct timespec used;
	clockid_t clock;

	if (clock_getcpuclockid(child->pid, &clock) || clock_gettime(clock, &used))
		return;
	limit.rlim_cur = used.tv_sec + 1 + seconds;
	prlimit(child->pid, RLIMIT_CPU, &limit, NULL);
}

/**
 * child_ask() - ask a question
 * @child: zeroed by the caller at first; started if it is not running
 * @kind: what it is for
 * @context: passed to the child when it starts, or NULL
 * @question: what to ask
 * @files: open files to pass along; the child gets its own descriptors
 * @n_files: their number, at most %CHILD_FILES_MAX
 * @answer: set to the answer, to be freed; empty if there is none
 *
 * Return: NULL; or a message saying why there is no answer, which the caller frees.
 */
char *child_ask(struct child *child, const struct child_kind *kind,
		const char *context, const struct message *question,
		const int *files, size_t n_files, struct message *answer)
{
	long long end = -1;
	char *problem;
	int got;

	memset(answer, 0, sizeof(*answer));
	if (child->stillborn == STILLBORN_MAX)
		return fmt("%s did not even begin", kind->doing);
	if (!child->pid) {
		problem = start(child, kind, context);
		if (problem)
			return problem;
	}
	if (kind->seconds) {
		allow_time(child, kind->seconds);
		end = milliseconds() + CLOCK_FACTOR * kind->seconds * 1000LL;
	}
	got = send_all(child->fd, question, files, n_files) ?
	      receive_all(child->fd, answer, end) : -1;
	return got > 0 ? NULL : bury(child, kind, !got);
}

/* It is no longer needed. */
void child_end(struct child *child)
{
	if (!child->pid)
		return;
	kill(child->pid, SIGKILL);
	close(child->fd);
	while (waitpid(child->pid, NULL, 0) < 0 && errno == EINTR)
		;
	memset(child, 0, sizeof(*child));
}

/**
 * child_keep() - may one child read several files?
 * @keep: true: one child reads files until it dies. False, the default: a child reads
 *    one file only, so that no file can influence what is read from another.
 */
void child_keep(bool keep)
{
	keep_children = keep;
}

/* A file was read. */
void child_done(struct child *child)
{
	if (!keep_children)
		child_end(child);
}
