/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the programs here share: loading modules, and reading what modgate says
 * of it, from securityfs and from the audit log.
 */
#ifndef _MODGATE_SELFTEST_COMMON_H
#define _MODGATE_SELFTEST_COMMON_H

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/bpf.h>
#include <linux/modgate.h>
#include <linux/netlink.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Until the system's own <linux/audit.h> has them. */
#ifndef AUDIT_MODGATE_VERDICT
#define AUDIT_MODGATE_VERDICT	1430
#define AUDIT_MODGATE_DOCUMENT	1431
#endif

#define MODGATE_DIR "/sys/kernel/security/modgate/"

/* The whole of a file as a string, or NULL; the caller frees it. */
static inline char *read_text(const char *path)
{
	size_t size = 0, room = 65536;
	char *text = malloc(room + 1);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = -1;

	while (fd >= 0 && text && (n = read(fd, text + size, room - size)) > 0) {
		size += n;
		if (size == room)
			text = realloc(text, (room *= 2) + 1);
	}
	if (fd >= 0)
		close(fd);
	if (n < 0 || !text) {
		free(text);
		return NULL;
	}
	text[size] = '\0';
	return text;
}

/* Copies the value of "KEY=" in @text, which ends at a blank or a newline. */
static inline bool get_value(const char *text, const char *key, char *value,
			     size_t size)
{
	size_t n = strlen(key), length;
	const char *p = text;

	for (; p && (p = strstr(p, key)); p += n) {
		if (p[n] != '=' || (p != text && p[-1] != ' ' && p[-1] != '\n'))
			continue;
		length = strcspn(p + n + 1, "\n ");
		if (length >= size)
			length = size - 1;
		memcpy(value, p + n + 1, length);
		value[length] = '\0';
		return true;
	}
	return false;
}

/* Value of a key of "state"; "" if it is not there. */
static inline const char *state_value(const char *key)
{
	static char value[4096];
	char *text = read_text(MODGATE_DIR "state");

	value[0] = '\0';
	if (text)
		get_value(text, key, value, sizeof(value));
	free(text);
	return value;
}

/* The line of "events" that was counted last; the caller frees it. */
static inline char *latest_event(void)
{
	char *text = read_text(MODGATE_DIR "events");
	char *line, *next, *best = NULL, value[64];
	double last, best_last = -1;

	for (line = text; line && *line; line = next) {
		next = line + strcspn(line, "\n");
		if (*next)
			*next++ = '\0';
		if (!get_value(line, "last", value, sizeof(value)))
			continue;
		last = atof(value);
		if (last >= best_last) {
			best_last = last;
			best = line;
		}
	}
	best = best ? strdup(best) : NULL;
	free(text);
	return best;
}

/* Listens to the audit log, or returns -1. */
static inline int audit_open(void)
{
	struct sockaddr_nl address = {
		.nl_family = AF_NETLINK,
		.nl_groups = 1 << (AUDIT_NLGRP_READLOG - 1),
	};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_AUDIT);

	if (fd >= 0 && bind(fd, (void *)&address, sizeof(address))) {
		close(fd);
		return -1;
	}
	return fd;
}

/* The next record of a type within @ms milliseconds, into @text. */
static inline bool audit_wait(int fd, int type, int ms, char *text, size_t size)
{
	char buffer[16384];
	struct nlmsghdr *h = (struct nlmsghdr *)buffer;
	struct pollfd p = { .fd = fd, .events = POLLIN };
	ssize_t n;

	while (fd >= 0 && poll(&p, 1, ms) == 1) {
		n = recv(fd, buffer, sizeof(buffer), 0);
		if (n < (ssize_t)sizeof(*h) || h->nlmsg_type != type)
			continue;
		n -= NLMSG_HDRLEN;
		if ((size_t)n >= size)
			n = size - 1;
		memcpy(text, NLMSG_DATA(h), n);
		text[n] = '\0';
		return true;
	}
	return false;
}

/* 0 or an errno. @parameters and @flags are those of finit_module(2). */
static inline int load_file(const char *path, const char *parameters, int flags)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int err = 0;

	if (fd < 0)
		return errno;
	if (syscall(SYS_finit_module, fd, parameters, flags))
		err = errno;
	close(fd);
	return err;
}

/* 0 or an errno, of init_module(2). */
static inline int load_bytes(const void *bytes, size_t size,
			     const char *parameters)
{
	return syscall(SYS_init_module, bytes, size, parameters) ? errno : 0;
}

/*
 * 0 or an errno, of bpf(2) with a program that says that it is to be attached as
 * @attach, for which the kernel does not care with these types: programs that could be
 * attached so want BTF, and are asked about by security modules later. Anybody may
 * load %BPF_PROG_TYPE_SOCKET_FILTER, only root %BPF_PROG_TYPE_SCHED_CLS.
 */
static inline int load_bpf(enum bpf_prog_type type, enum bpf_attach_type attach)
{
	const struct bpf_insn program[2] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr attr = {
		.prog_type = type,
		.expected_attach_type = attach,
		.insns = (uintptr_t)program,
		.insn_cnt = 2,
		.license = (uintptr_t)"GPL",
	};
	int fd = syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));

	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

#endif /* _MODGATE_SELFTEST_COMMON_H */
