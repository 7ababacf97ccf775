// SPDX-License-Identifier: GPL-2.0-only
/*
 * modgate on a running machine: who may do what, what is refused, and what is
 * told of it. Needs root; what needs another boot is skipped.
 */
#define _GNU_SOURCE
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include "common.h"
#include "../kselftest_harness.h"

#define RING_SIZE	256U	/* lines; Documentation/ABI says so */
#define REVOKED_MAX	4096
#define FLOOD		200000

static bool enforcing(void)
{
	return !strcmp(state_value("enforcing"), "yes");
}

static bool in_boot(void)
{
	return !strcmp(state_value("state"), "boot");
}

/* 0 or an errno of opening or writing. */
static int try_write(const char *name, const void *bytes, size_t size)
{
	char path[128];
	int fd, err = 0;

	snprintf(path, sizeof(path), MODGATE_DIR "%s", name);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return errno;
	if (write(fd, bytes, size) < 0)
		err = errno;
	close(fd);
	return err;
}

/* What @change and then @try give in a child: an errno. */
static int in_child(int (*change)(void), int (*try)(void))
{
	int status;
	pid_t pid = fork();

	if (pid < 0)
		return errno;
	if (!pid)
		_exit(change() ? 255 : try());
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 254;
}

static int become_nobody(void)
{
	return setgroups(0, NULL) || setresgid(65534, 65534, 65534) ||
	       setresuid(65534, 65534, 65534);
}

static int drop_mac_admin(void)
{
	struct __user_cap_header_struct h = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct d[2];

	if (syscall(SYS_capget, &h, d))
		return -1;
	d[CAP_TO_INDEX(CAP_MAC_ADMIN)].effective &= ~CAP_TO_MASK(CAP_MAC_ADMIN);
	d[CAP_TO_INDEX(CAP_MAC_ADMIN)].permitted &= ~CAP_TO_MASK(CAP_MAC_ADMIN);
	return syscall(SYS_capset, &h, d);
}

static int enter_user_namespace(void)
{
	int fd;

	if (unshare(CLONE_NEWUSER))
		return -1;
	fd = open("/proc/self/uid_map", O_WRONLY);
	if (fd < 0 || write(fd, "0 0 1", 5) != 5)
		return -1;
	close(fd);
	return 0;
}

static int nothing(void)
{
	return 0;
}

static int write_load(void)
{
	return try_write("load", "0", 1);
}

static int write_seal(void)
{
	return try_write("seal", "1", 1);
}

static int write_close(void)
{
	return try_write("close", "1", 1);
}

static int write_revoke(void)
{
	char hex[2 * MODGATE_DIGEST_SIZE];

	memset(hex, 'f', sizeof(hex));
	return try_write("revoke", hex, sizeof(hex));
}

/* Was a write to "load" refused for that, and not for the state? */
static bool refused_for_privilege(int audit)
{
	char record[4096];

	return audit_wait(audit, AUDIT_MODGATE_DOCUMENT, 1000, record,
			  sizeof(record)) &&
	       strstr(record, "rule=\"privilege:");
}

static int read_state(void)
{
	char *text = read_text(MODGATE_DIR "state");

	return text && strstr(text, "state=") ? 0 : EIO;
}

static int read_secret(void)
{
	static const char *const names[] = { "policy", "lists", "events", "log", NULL };
	char path[128];
	unsigned int i;
	int fd;

	for (i = 0; names[i]; i++) {
		snprintf(path, sizeof(path), MODGATE_DIR "%s", names[i]);
		fd = open(path, O_RDONLY);
		if (fd >= 0)
			return 0;
	}
	return errno;
}

FIXTURE(modgate) {
	int audit;
};

FIXTURE_SETUP(modgate)
{
	if (geteuid())
		SKIP(return, "needs root");
	if (access(MODGATE_DIR "state", F_OK))
		SKIP(return, "modgate is not active");
	self->audit = audit_open();
}

FIXTURE_TEARDOWN(modgate)
{
	close(self->audit);
}

TEST_F(modgate, everybody_reads_state_and_nothing_else)
{
	EXPECT_EQ(0, in_child(become_nobody, read_state));
	EXPECT_EQ(EACCES, in_child(become_nobody, read_secret));
	EXPECT_EQ(0, in_child(nothing, read_secret));
}

TEST_F(modgate, an_ordinary_user_cannot_write)
{
	EXPECT_EQ(EACCES, in_child(become_nobody, write_load));
	EXPECT_EQ(EACCES, in_child(become_nobody, write_seal));
	EXPECT_EQ(EACCES, in_child(become_nobody, write_close));
	EXPECT_EQ(EACCES, in_child(become_nobody, write_revoke));
}

TEST_F(modgate, root_without_mac_admin_cannot_write)
{
	EXPECT_EQ(EPERM, in_child(drop_mac_admin, write_load));
	EXPECT_TRUE(refused_for_privilege(self->audit));
	EXPECT_EQ(EPERM, in_child(drop_mac_admin, write_seal));
	EXPECT_EQ(EPERM, in_child(drop_mac_admin, write_close));
	EXPECT_EQ(EPERM, in_child(drop_mac_admin, write_revoke));
}

TEST_F(modgate, root_of_a_user_namespace_cannot_write)
{
	EXPECT_EQ(EPERM, in_child(enter_user_namespace, write_load));
	EXPECT_TRUE(refused_for_privilege(self->audit));
	EXPECT_EQ(EPERM, in_child(enter_user_namespace, write_seal));
	EXPECT_EQ(EPERM, in_child(enter_user_namespace, write_close));
	EXPECT_EQ(EPERM, in_child(enter_user_namespace, write_revoke));
}

TEST_F(modgate, no_document_is_taken_after_boot)
{
	char *before;

	if (in_boot())
		SKIP(return, "the state is still boot");
	before = read_text(MODGATE_DIR "lists");
	EXPECT_EQ(EPERM, try_write("load", "0", 1));
	EXPECT_STREQ(before, read_text(MODGATE_DIR "lists"));
}

TEST_F(modgate, a_second_seal_is_harmless)
{
	char by[16];

	if (in_boot())
		SKIP(return, "the state is still boot");
	snprintf(by, sizeof(by), "%s", state_value("ended-by"));
	EXPECT_EQ(0, write_seal());
	EXPECT_STREQ("sealed", state_value("state"));
	EXPECT_STREQ(by, state_value("ended-by"));
}

TEST_F(modgate, an_unknown_module_is_refused_and_told_of)
{
	char module[128] = "\177ELF, but not one that anybody approved";
	char audit[8192], reason[64], event_reason[64], verdict[32];
	char *event;
	int err;

	err = load_bytes(module, sizeof(module), "");
	EXPECT_EQ(enforcing() ? EPERM : ENOEXEC, err);
	ASSERT_TRUE(audit_wait(self->audit, AUDIT_MODGATE_VERDICT, 2000, audit,
			       sizeof(audit)));
	ASSERT_TRUE(get_value(audit, "reason", reason, sizeof(reason)));
	ASSERT_TRUE(get_value(audit, "verdict", verdict, sizeof(verdict)));
	EXPECT_STREQ(enforcing() ? "deny" : "would-deny", verdict);
	event = latest_event();
	ASSERT_NE(NULL, event);
	ASSERT_TRUE(get_value(event, "reason", event_reason,
			      sizeof(event_reason)));
	EXPECT_STREQ(reason, event_reason);
	free(event);
}

TEST_F(modgate, repeats_are_counted_not_stored)
{
	char module[128] = "the same thing over and over";
	char seq[32], again[32], count[32];
	char *event;
	int i;

	for (i = 0; i < 10; i++)
		load_bytes(module, sizeof(module), "");
	event = latest_event();
	ASSERT_NE(NULL, event);
	ASSERT_TRUE(get_value(event, "seq", seq, sizeof(seq)));
	ASSERT_TRUE(get_value(event, "count", count, sizeof(count)));
	EXPECT_LE(10, atoi(count));
	load_bytes(module, sizeof(module), "");
	event = latest_event();
	ASSERT_TRUE(get_value(event, "seq", again, sizeof(again)));
	EXPECT_STREQ(seq, again);
}

TEST_F(modgate, events_can_be_waited_for)
{
	char module[128] = "something to wait for";
	struct pollfd p = { .events = POLLIN | POLLPRI };
	char buffer[4096];

	p.fd = open(MODGATE_DIR "events", O_RDONLY);
	ASSERT_LE(0, p.fd);
	EXPECT_EQ(0, poll(&p, 1, 0));
	load_bytes(module, sizeof(module), "");
	EXPECT_EQ(1, poll(&p, 1, 2000));
	EXPECT_TRUE(p.revents & POLLPRI);
	/* Reading from the start catches up. */
	while (read(p.fd, buffer, sizeof(buffer)) > 0)
		;
	EXPECT_EQ(0, poll(&p, 1, 0));
	close(p.fd);
}

/* Both system calls; an image that could not be started anyway. */
TEST_F(modgate, kexec_is_refused)
{
	char audit[8192], reason[64];
	int fd;

	if (strcmp(state_value("kexec"), "refused"))
		SKIP(return, "kexec is allowed");
	fd = open("/proc/self/exe", O_RDONLY);
	ASSERT_LE(0, fd);
	EXPECT_EQ(-1, syscall(SYS_kexec_file_load, fd, fd, 2, "x", 0));
	EXPECT_EQ(EPERM, errno);
	ASSERT_TRUE(audit_wait(self->audit, AUDIT_MODGATE_VERDICT, 2000, audit,
			       sizeof(audit)));
	ASSERT_TRUE(get_value(audit, "reason", reason, sizeof(reason)));
	EXPECT_STREQ("kexec", reason);
	/* A crash kernel, and another command line. */
	EXPECT_EQ(-1, syscall(SYS_kexec_file_load, fd, -1,
			      sizeof("lsm=none"), "lsm=none", 4 | 2));
	EXPECT_EQ(EPERM, errno);
	EXPECT_EQ(-1, syscall(SYS_kexec_load, 0UL, 0UL, NULL, 0UL));
	EXPECT_EQ(EPERM, errno);
	EXPECT_EQ(-1, syscall(SYS_kexec_load, 0UL, 0UL, NULL, 1UL));
	EXPECT_EQ(EPERM, errno);
	close(fd);
}

/* Programs that change what functions return, and no others. */
TEST_F(modgate, bpf_that_modifies_returns_is_refused)
{
	char audit[8192], reason[64];

	if (access("/proc/sys/kernel/unprivileged_bpf_disabled", F_OK))
		SKIP(return, "no CONFIG_BPF_SYSCALL");
	EXPECT_EQ(0, load_bpf(BPF_PROG_TYPE_SCHED_CLS, BPF_TRACE_FEXIT));
	/* Means nothing there, and whoever may load it could flood the events. */
	EXPECT_EQ(0, load_bpf(BPF_PROG_TYPE_SOCKET_FILTER, BPF_MODIFY_RETURN));
	EXPECT_FALSE(audit_wait(self->audit, AUDIT_MODGATE_VERDICT, 100, audit,
				sizeof(audit)));
	if (!enforcing()) {
		EXPECT_EQ(0, load_bpf(BPF_PROG_TYPE_SCHED_CLS, BPF_MODIFY_RETURN));
		return;
	}
	EXPECT_EQ(EPERM, load_bpf(BPF_PROG_TYPE_SCHED_CLS, BPF_MODIFY_RETURN));
	ASSERT_TRUE(audit_wait(self->audit, AUDIT_MODGATE_VERDICT, 2000, audit,
			       sizeof(audit)));
	ASSERT_TRUE(get_value(audit, "op", reason, sizeof(reason)));
	EXPECT_STREQ("bpf", reason);
	ASSERT_TRUE(get_value(audit, "reason", reason, sizeof(reason)));
	EXPECT_STREQ("bpf", reason);
}

static unsigned int count_lines(const char *path)
{
	char *text = read_text(path), *p = text;
	unsigned int n = 0;

	for (; p && *p; p++)
		n += *p == '\n';
	free(text);
	return n;
}

static long unreclaimable_kb(void)
{
	char *text = read_text("/proc/meminfo");
	char *p = text ? strstr(text, "SUnreclaim:") : NULL;
	long kb = p ? atol(p + strlen("SUnreclaim:")) : -1;

	free(text);
	return kb;
}

/*
 * Each load is of other bytes, so that none is a repeat. A kernel with kmemleak finds
 * leaks itself, sooner, and is slow; with KASAN it keeps for a while what is freed.
 */
TEST_F_TIMEOUT(modgate, a_flood_leaves_memory_flat, 3000)
{
	const bool kmemleak = !access("/sys/kernel/debug/kmemleak", F_OK);
	const int flood = kmemleak ? FLOOD / 20 : FLOOD;
	unsigned int module[16] = { 0x464c457f };
	long before = 0, after;
	int i;

	if (!enforcing())
		SKIP(return, "not enforcing");
	for (i = 0; i < flood; i++) {
		/* The ring fills up first. */
		if (i == 1000)
			before = unreclaimable_kb();
		module[1] = i;
		ASSERT_EQ(EPERM, load_bytes(module, sizeof(module), ""));
	}
	after = unreclaimable_kb();
	TH_LOG("SUnreclaim before %ld kB, after %ld kB, lines %u", before,
	       after, count_lines(MODGATE_DIR "events"));
	EXPECT_EQ(RING_SIZE, count_lines(MODGATE_DIR "events"));
	/* A leak of one byte per load would be 195 kB. */
	if (!kmemleak)
		EXPECT_GT(1024, after - before);
}

TEST_F(modgate, revoke_takes_digests_only)
{
	char hex[2 * MODGATE_DIGEST_SIZE + 2];

	memset(hex, '0', sizeof(hex));
	EXPECT_EQ(EINVAL, try_write("revoke", hex, 95));
	EXPECT_EQ(EINVAL, try_write("revoke", hex, 97));
	EXPECT_EQ(EINVAL, try_write("revoke", hex, 98));
	hex[7] = 'g';
	EXPECT_EQ(EINVAL, try_write("revoke", hex, 96));
	EXPECT_EQ(EINVAL, try_write("revoke", "", 0));
}

/* Fills the list of the revoked until restart, so it comes last. */
TEST_F_TIMEOUT(modgate, the_last_revoke_says_enospc, 300)
{
	char hex[2 * MODGATE_DIGEST_SIZE + 2];
	int i, err = 0, n = atoi(state_value("revoked"));

	if (n == REVOKED_MAX)
		SKIP(return, "full since an earlier run");
	for (i = n; i < REVOKED_MAX && !err; i++) {
		snprintf(hex, sizeof(hex), "%096x\n", i + 1);
		err = try_write("revoke", hex, 97);
	}
	EXPECT_EQ(0, err);
	/* Once more is no more. */
	EXPECT_EQ(0, try_write("revoke", hex, 97));
	snprintf(hex, sizeof(hex), "%096x\n", 0xfffff);
	EXPECT_EQ(ENOSPC, try_write("revoke", hex, 97));
	EXPECT_EQ(REVOKED_MAX, atoi(state_value("revoked")));
}

TEST_HARNESS_MAIN
