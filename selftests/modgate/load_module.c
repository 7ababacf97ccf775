// SPDX-License-Identifier: GPL-2.0-only
/*
 * Loads a module one way and prints what came of it, for scripts:
 *
 *	load_module [-w COMMAND] finit[-keep]|init[-keep] FILE [FLAGS]
 *	load_module kexec-file KERNEL [COMMAND LINE]
 *	load_module kexec|bpf
 *
 *	result=EPERM audit=not-approved event=not-approved
 *
 * "audit" and "event" are the reasons in the audit record and in modgate/events
 * that belong to this load, or "-"; "mismatch", if they are not of the same thing.
 * A module that loaded is unloaded again, except with "-keep" behind the way. With
 * "kexec", no module but an empty kernel is loaded, which does nothing where it is
 * allowed; with "kexec-file", one that is unloaded again; with "bpf", a program that
 * says that it changes what a function returns, but could not.
 *
 * With -w, the shell carries COMMAND out while the module is loading: after the
 * verdict on it, and before it comes up. In between, the kernel fetches the
 * module's parameters, and here waits for the page that they are on.
 */
#define _GNU_SOURCE
#include <linux/kexec.h>
#include <linux/userfaultfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include "common.h"

#define STOP_SECONDS	60

/* A page that its reader waits for, until a command is done. */
struct stop {
	char *page;
	size_t size;
	int fd;		/* of userfaultfd(2) */
	pid_t pid;	/* of who serves it */
};

static void give_up(const char *what)
{
	perror(what);
	exit(2);
}

/* Runs in a process of its own. A page of zeros is no parameters. */
static int serve(const struct stop *stop, const char *command)
{
	struct uffdio_zeropage zero = {
		.range = { (uintptr_t)stop->page, stop->size },
	};
	struct pollfd p = { .fd = stop->fd, .events = POLLIN };

	if (poll(&p, 1, STOP_SECONDS * 1000) != 1) {
		fprintf(stderr, "load_module: the load did not stop\n");
		return 2;
	}
	if (system(command) < 0)
		give_up("system");
	if (ioctl(stop->fd, UFFDIO_ZEROPAGE, &zero))
		give_up("UFFDIO_ZEROPAGE");
	return 0;
}

/* Whoever reads the page first waits for @command. */
static void stop_prepare(struct stop *stop, const char *command)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register area = { .mode = UFFDIO_REGISTER_MODE_MISSING };

	stop->size = sysconf(_SC_PAGESIZE);
	stop->page = mmap(NULL, stop->size, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (stop->page == MAP_FAILED)
		give_up("mmap");
	area.range.start = (uintptr_t)stop->page;
	area.range.len = stop->size;
	stop->fd = syscall(SYS_userfaultfd, O_CLOEXEC);
	if (stop->fd < 0 || ioctl(stop->fd, UFFDIO_API, &api) ||
	    ioctl(stop->fd, UFFDIO_REGISTER, &area))
		give_up("userfaultfd");
	stop->pid = fork();
	if (stop->pid < 0)
		give_up("fork");
	if (!stop->pid)
		exit(serve(stop, command));
	/* If who serves it ends before its time, nobody waits any more. */
	close(stop->fd);
}

/* Was the load stopped, and the command carried out? Exits if not. */
static void stop_end(const struct stop *stop)
{
	int status;

	if (waitpid(stop->pid, &status, 0) != stop->pid || status)
		exit(2);
}

static int load_kernel(const char *path, const char *command_line)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int err = 0;

	if (fd < 0)
		give_up(path);
	if (syscall(SYS_kexec_file_load, fd, -1, strlen(command_line) + 1,
		    command_line, KEXEC_FILE_NO_INITRAMFS))
		err = errno;
	else if (syscall(SYS_kexec_file_load, -1, -1, 0, NULL,
			 KEXEC_FILE_UNLOAD))
		give_up("KEXEC_FILE_UNLOAD");
	close(fd);
	return err;
}

static int load(const char *way, const char *path, const char *parameters,
		int flags)
{
	struct stat st;
	void *bytes;
	int fd, err;

	if (!strcmp(way, "kexec"))
		return syscall(SYS_kexec_load, 0UL, 0UL, NULL, 0UL) ? errno : 0;
	if (!strcmp(way, "bpf"))
		return load_bpf(BPF_PROG_TYPE_SCHED_CLS, BPF_MODIFY_RETURN);
	if (!strncmp(way, "finit", 5))
		return load_file(path, parameters, flags);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st))
		return errno;
	bytes = mmap(NULL, st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	err = bytes == MAP_FAILED ? errno :
				    load_bytes(bytes, st.st_size, parameters);
	close(fd);
	return err;
}

/* The module whose name differs between two readings of /proc/modules. */
static void unload_new(const char *before)
{
	char *after = read_text("/proc/modules");
	char name[64];

	if (after && sscanf(after, "%63s", name) == 1 &&
	    strncmp(before, after, strlen(name)))
		syscall(SYS_delete_module, name, 0);
	free(after);
}

/* Do both tell of the same operation on the same bytes? */
static bool match(const char *audit, const char *event)
{
	static const char *const keys[] = { "op", "digest" };
	char one[128], two[128];
	size_t i;

	for (i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		if (!get_value(audit, keys[i], one, sizeof(one)) ||
		    !get_value(event, keys[i], two, sizeof(two)))
			return false;
		/* Unknown is "?" in an audit record. */
		if (strcmp(one, two) && (strcmp(one, "?") || strcmp(two, "-")))
			return false;
	}
	return true;
}

int main(int argc, char **argv)
{
	char audit[8192], reason[64] = "-", event_reason[64] = "-";
	char *before, *event, *modules;
	struct stop stop = { .page = "" };
	const char *command = NULL;
	char old_total[32];
	bool matched = false;
	int fd, err;

	if (argc > 3 && !strcmp(argv[1], "-w")) {
		command = argv[2];
		argc -= 2;
		argv += 2;
	}
	if (argc < 2 || argc > 4 ||
	    (argc == 2 && strcmp(argv[1], "kexec") && strcmp(argv[1], "bpf"))) {
		fprintf(stderr,
			"usage: load_module [-w COMMAND] finit[-keep]|init[-keep] FILE [FLAGS]\n"
			"       load_module kexec-file KERNEL [COMMAND LINE]\n"
			"       load_module kexec|bpf\n");
		return 2;
	}
	if (command)
		stop_prepare(&stop, command);
	snprintf(old_total, sizeof(old_total), "%s", state_value("refused"));
	modules = read_text("/proc/modules");
	before = modules ? modules : "";
	fd = audit_open();
	if (!strcmp(argv[1], "kexec-file"))
		err = load_kernel(argv[2], argc == 4 ? argv[3] : "");
	else
		err = load(argv[1], argv[2], stop.page,
			   argc == 4 ? strtol(argv[3], NULL, 0) : 0);
	if (command)
		stop_end(&stop);
	if (!err && argc > 2 && !strstr(argv[1], "-keep"))
		unload_new(before);

	if (strcmp(old_total, state_value("refused"))) {
		event = latest_event();
		if (event)
			get_value(event, "reason", event_reason,
				  sizeof(event_reason));
		/* What COMMAND had refused has records of its own. */
		while (!matched && audit_wait(fd, AUDIT_MODGATE_VERDICT, 2000,
					      audit, sizeof(audit))) {
			matched = event && match(audit, event);
			get_value(audit, "reason", reason, sizeof(reason));
		}
		if (event && reason[0] != '-' && !matched)
			snprintf(event_reason, sizeof(event_reason),
				 "mismatch");
		free(event);
	} else if (audit_wait(fd, AUDIT_MODGATE_VERDICT, 50, audit,
			      sizeof(audit))) {
		get_value(audit, "reason", reason, sizeof(reason));
	}
	printf("result=%s audit=%s event=%s\n",
	       err ? strerrorname_np(err) : "ok", reason, event_reason);
	return err ? 1 : 0;
}
