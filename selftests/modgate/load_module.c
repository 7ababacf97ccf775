// SPDX-License-Identifier: GPL-2.0-only
/*
 * Loads a module one way and prints what came of it, for scripts:
 *
 *	load_module finit|init FILE [FLAGS]
 *	load_module kexec
 *
 *	result=EPERM audit=not-approved event=not-approved
 *
 * "audit" and "event" are the reasons in the audit record and in modgate/events
 * that belong to this load, or "-". A module that loaded is unloaded again,
 * except with the way "finit-keep". With "kexec", no module but an empty kernel
 * is loaded, which does nothing where it is allowed.
 */
#define _GNU_SOURCE
#include <sys/mman.h>
#include "common.h"

static int load(const char *way, const char *path, int flags)
{
	struct stat st;
	void *bytes;
	int fd, err;

	if (!strcmp(way, "kexec"))
		return syscall(SYS_kexec_load, 0UL, 0UL, NULL, 0UL) ? errno : 0;
	if (!strncmp(way, "finit", 5))
		return load_file(path, flags);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st))
		return errno;
	bytes = mmap(NULL, st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	err = bytes == MAP_FAILED ? errno : load_bytes(bytes, st.st_size);
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

int main(int argc, char **argv)
{
	char audit[8192], reason[64] = "-", event_reason[64] = "-";
	char *before, *event, *modules;
	char old_total[32];
	int fd, err;

	if (argc < 2 || argc > 4 || (argc == 2 && strcmp(argv[1], "kexec"))) {
		fprintf(stderr, "usage: load_module finit|finit-keep|init FILE [FLAGS]\n"
			"       load_module kexec\n");
		return 2;
	}
	snprintf(old_total, sizeof(old_total), "%s", state_value("refused"));
	modules = read_text("/proc/modules");
	before = modules ? modules : "";
	fd = audit_open();
	err = load(argv[1], argv[2], argc == 4 ? strtol(argv[3], NULL, 0) : 0);
	if (!err && strcmp(argv[1], "finit-keep"))
		unload_new(before);

	if (strcmp(old_total, state_value("refused"))) {
		if (audit_wait(fd, AUDIT_MODGATE_VERDICT, 2000, audit,
			       sizeof(audit)))
			get_value(audit, "reason", reason, sizeof(reason));
		event = latest_event();
		if (event)
			get_value(event, "reason", event_reason,
				  sizeof(event_reason));
		free(event);
	} else if (audit_wait(fd, AUDIT_MODGATE_VERDICT, 50, audit,
			      sizeof(audit))) {
		get_value(audit, "reason", reason, sizeof(reason));
	}
	printf("result=%s audit=%s event=%s\n",
	       err ? strerrorname_np(err) : "ok", reason, event_reason);
	return err ? 1 : 0;
}
