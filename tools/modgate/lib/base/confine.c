// SPDX-License-Identifier: GPL-2.0-only
/*
 * Confinement for a process that reads untrusted files. It keeps its open files and may
 * open others only for reading, or not at all under Landlock. It cannot write to a file
 * by name, use the network, start a program or process, send a signal, or make memory
 * executable. A forbidden system call kills it, except for those that libraries merely
 * try: these fail with an error.
 *
 * If the kernel lacks seccomp or Landlock, the other limits still apply.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base.h"
#include "child.h"

#define NOBODY 65534
#define FILES 16
#define WORKSPACE (64U << 20)	/* in bytes, for a library, in addition to decompressed data */

/* A sanitizer reserves terabytes and inspects the process's own memory. */
#if defined(__SANITIZE_ADDRESS__)
#define SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZER 1
#endif
#endif
#ifndef SANITIZER
#define SANITIZER 0
#endif

/**
 * memory_share() - the largest module accepted on this machine
 *
 * Return: an eighth of its memory, at most %MEMORY_SHARE_MAX; in bytes. Reading a
 * module takes up to twice as much, plus %WORKSPACE.
 */
size_t memory_share(void)
{
	unsigned long long memory = (unsigned long long)sysconf(_SC_PHYS_PAGES) *
				    sysconf(_SC_PAGESIZE) / 8;

	if (memory < WORKSPACE / 2)
		return WORKSPACE / 2;
	return memory < MEMORY_SHARE_MAX ? memory : MEMORY_SHARE_MAX;
}

/* Current address space of the process, in bytes; 0 if unknown. */
static size_t address_space(void)
{
	char text[64] = "";
	int fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
	unsigned long long pages = 0;
	const char *p;

	if (fd < 0)
		return 0;
	if (read(fd, text, sizeof(text) - 1) < 0)
		text[0] = '\0';
	close(fd);
	for (p = text; *p >= '0' && *p <= '9'; p++)
		pages = 10 * pages + *p - '0';
	return pages * sysconf(_SC_PAGESIZE);
}

static void set_limit(int which, rlim_t value)
{
	const struct rlimit limit = { value, value };

	setrlimit(which, &limit);
}

/* The module may be mapped twice, by us and by libkmod, without extra memory. */
static void limit_resources(void)
{
	const size_t share = memory_share();
	const size_t now = address_space();

	set_limit(RLIMIT_CORE, 0);
	set_limit(RLIMIT_NPROC, 0);
	set_limit(RLIMIT_NOFILE, FILES);
	set_limit(RLIMIT_MEMLOCK, 0);
	set_limit(RLIMIT_MSGQUEUE, 0);
	set_limit(RLIMIT_FSIZE, share + 1);
	signal(SIGXFSZ, SIG_IGN);
	if (SANITIZER)
		return;
	set_limit(RLIMIT_DATA, now + share + WORKSPACE);
	set_limit(RLIMIT_AS, now + 3 * share + WORKSPACE);
}

/* If memory runs short, kill this process first. */
static void go_first(void)
{
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	if (write(fd, "1000", 4) < 0)
		errno = 0;
	close(fd);
}

/* Of root's capabilities, keep only those for reading files that only root may read. */
static void keep_reading(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3] = { 0 };

	sets[0].permitted = 1U << CAP_DAC_READ_SEARCH;
	sets[0].effective = 1U << CAP_DAC_READ_SEARCH;
	syscall(SYS_capset, &head, sets);
}

/* In a user namespace without a mapping for nobody, it keeps its user. */
static void become_nobody(bool opens)
{
	if (!geteuid() && !setgroups(0, NULL) &&
	    !setresgid(NOBODY, NOBODY, NOBODY)) {
		prctl(PR_SET_KEEPCAPS, opens);
		if (!setresuid(NOBODY, NOBODY, NOBODY) && opens)
			keep_reading();
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
#ifndef MODGATE_DUMPABLE
	prctl(PR_SET_DUMPABLE, 0);
#endif
}

/* Allow opening the files in @folder for reading. */
static void add_readable(int ruleset, const char *folder)
{
	struct landlock_path_beneath_attr rule = {
		.allowed_access = LANDLOCK_ACCESS_FS_READ_FILE,
		.parent_fd = open(folder, O_PATH | O_CLOEXEC),
	};

	if (rule.parent_fd < 0)
		return;
	syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
	close(rule.parent_fd);
}

/*
 * Restrict everything that Landlock version 1 covers, with at most one rule that allows any of
 * it.
 */
static void lock_files(const char *readable)
{
	const struct landlock_ruleset_attr attr = {
		.handled_access_fs = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1,
	};
	int fd = syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr), 0);

	if (fd < 0)
		return;
	if (readable)
		add_readable(fd, readable);
	syscall(SYS_landlock_restrict_self, fd, 0);
	close(fd);
}

static const int allowed[] = {
	SCMP_SYS(read), SCMP_SYS(pread64), SCMP_SYS(readv), SCMP_SYS(write),
	SCMP_SYS(writev), SCMP_SYS(lseek), SCMP_SYS(close), SCMP_SYS(ftruncate),
	SCMP_SYS(poll), SCMP_SYS(ppoll),
	SCMP_SYS(recvfrom), SCMP_SYS(recvmsg), SCMP_SYS(sendto), SCMP_SYS(sendmsg),
	SCMP_SYS(recv), SCMP_SYS(send), SCMP_SYS(fstat), SCMP_SYS(fstat64),
	SCMP_SYS(stat), SCMP_SYS(stat64), SCMP_SYS(lstat), SCMP_SYS(lstat64),
	SCMP_SYS(newfstatat), SCMP_SYS(fstatat64), SCMP_SYS(statx),
	SCMP_SYS(readlink), SCMP_SYS(readlinkat), SCMP_SYS(getcwd), SCMP_SYS(brk),
	SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise), SCMP_SYS(futex),
	SCMP_SYS(getrandom), SCMP_SYS(clock_gettime), SCMP_SYS(gettimeofday),
	SCMP_SYS(time), SCMP_SYS(getpid), SCMP_SYS(gettid), SCMP_SYS(getuid),
	SCMP_SYS(geteuid), SCMP_SYS(getgid), SCMP_SYS(getegid), SCMP_SYS(uname),
	SCMP_SYS(sysinfo), SCMP_SYS(sched_getaffinity), SCMP_SYS(sched_yield),
	SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn),
	SCMP_SYS(sigreturn), SCMP_SYS(sigaltstack), SCMP_SYS(restart_syscall),
	SCMP_SYS(exit), SCMP_SYS(exit_group),
};

/* Calls that libraries try but can do without. */
static const int denied[] = {
	SCMP_SYS(openat2), SCMP_SYS(fcntl64), SCMP_SYS(access), SCMP_SYS(faccessat),
	SCMP_SYS(faccessat2), SCMP_SYS(ioctl), SCMP_SYS(prctl), SCMP_SYS(getdents64),
};

static bool add_list(scmp_filter_ctx filter, uint32_t action, const int *calls, size_t n)
{
	size_t i;

	/* Some of these do not exist on this architecture. */
	for (i = 0; i < n; i++)
		if (seccomp_rule_add(filter, action, calls[i], 0) &&
		    calls[i] >= 0)
			return false;
	return true;
}

/* Allow @call if these bits of its argument @n are not set, or equal to @value. */
static bool add_masked(scmp_filter_ctx filter, int call, unsigned int n,
		       unsigned int mask, unsigned int value)
{
	const struct scmp_arg_cmp condition = SCMP_CMP(n, SCMP_CMP_MASKED_EQ, mask, value);

	return !seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, call, 1, &condition) ||
	       call < 0;
}

/* Not all of fcntl(2): F_SETOWN and F_SETSIG send signals. */
static bool add_fcntl(scmp_filter_ctx filter)
{
	static const int commands[] = { F_GETFD, F_SETFD, F_GETFL, F_DUPFD_CLOEXEC };
	struct scmp_arg_cmp condition = { .arg = 1, .op = SCMP_CMP_EQ };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(commands); i++) {
		condition.datum_a = commands[i];
		if (seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, SCMP_SYS(fcntl), 1,
					   &condition))
			return false;
	}
	return true;
}

static bool add_rules(scmp_filter_ctx filter)
{
	const struct scmp_arg_cmp itself = { .op = SCMP_CMP_EQ, .datum_a = getpid() };
	const unsigned int changes = O_ACCMODE | O_CREAT | O_TRUNC | O_APPEND;

	return add_list(filter, SCMP_ACT_ALLOW, allowed, ARRAY_SIZE(allowed)) &&
	       add_list(filter, SCMP_ACT_ERRNO(EACCES), denied, ARRAY_SIZE(denied)) &&
	       add_masked(filter, SCMP_SYS(mmap), 2, PROT_EXEC, 0) &&
	       add_masked(filter, SCMP_SYS(mmap2), 2, PROT_EXEC, 0) &&
	       add_masked(filter, SCMP_SYS(mprotect), 2, PROT_EXEC, 0) &&
	       add_fcntl(filter) &&
	       /* libkmod opens the memory file by its name in /proc. */
	       add_masked(filter, SCMP_SYS(open), 1, changes, O_RDONLY) &&
	       add_masked(filter, SCMP_SYS(openat), 2, changes, O_RDONLY) &&
	       /* abort() */
	       !seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1, &itself);
}

static bool filter_calls(void)
{
	scmp_filter_ctx filter;
	bool good;

	/* With no filter given, a kernel that supports filters returns EFAULT. */
	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, NULL) && errno == EINVAL)
		return true;
	filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
	good = filter && add_rules(filter) && !seccomp_load(filter);
	seccomp_release(filter);
	return good;
}

/**
 * confine() - confine this process to what it takes to read a file
 * @readable: folder whose files it may open if root may, or NULL
 *
 * Exits if confinement fails.
 */
void confine(const char *readable)
{
	go_first();
	become_nobody(readable);
	limit_resources();
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		_exit(ST_USAGE);
	lock_files(readable);
	if (!filter_calls())
		_exit(ST_USAGE);
}
