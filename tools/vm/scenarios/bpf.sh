#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Attacks by root with BPF. A BPF_MODIFY_RETURN program runs in place of the hooks of
# module loading and of lockdown, after a verdict on a system module that did not come
# up: it works where nothing is enforced, and modgate refuses it where it enforces. It
# also refuses a program that replaces a part of an LSM program, and, where the kernel
# has them, a probe that calls one that writes registers. If an LSM program keeps the
# loader from searching the keyring of a banned key, an approved module is refused.
#
# Needs a kernel with BTF. In "make check" other scenarios test that such programs are
# refused, on a kernel that could not attach them anyway.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

not_debugging
[ "${MODGATE_LONG:-}" ] || skip "in check-long only"
# The variant has a tree of its own, with other modules and another key.
tree=$("$vm" path --kernel "$series" --variant bpf)
prepare anchor owner villain
system_module two.ko system.ko
sign one.ko villain.key villain.der villain.ko
cp villain.ko known.ko
printf 'not signed any more' >>known.ko
policy policy 1 --mode listed --authority "$owner_authority"
policy policy-audit 1 --mode listed --flags audit --authority "$owner_authority"
list list owner 1
list ban owner 1 --module "$(digest villain.ko)" --module "$(digest known.ko)" --ban-cert villain.pem

# The upper half is not zero, so the hook is not called; the caller sees the lower half, 0.
cat >around.c <<'END'
#define around(hook) \
	__attribute__((section("fmod_ret/" #hook), used)) \
	long around_##hook(void *context) { return 1L << 32; }
around(security_kernel_read_file)
around(security_kernel_post_read_file)
around(security_locked_down)
char gpl[] __attribute__((section("license"), used)) = "GPL";
END
# The task that loads the module cannot search any keyring.
cat >nokeys.c <<'END'
__attribute__((section("lsm/key_permission"), used)) int nokeys(void *context) { return -13; }
char gpl[] __attribute__((section("license"), used)) = "GPL";
END
cat >asks.c <<'END'
__attribute__((noinline)) int answer(int value) { return value ? 0 : -1; }
__attribute__((section("lsm/kernel_load_data"), used)) int asks(void *context) { return answer(1) ? -1 : 0; }
char gpl[] __attribute__((section("license"), used)) = "GPL";
END
cat >replaces.c <<'END'
__attribute__((section("freplace/answer"), used)) int replaces(int value) { return 1; }
char gpl[] __attribute__((section("license"), used)) = "GPL";
END
# For a cgroup, with a return value that 6.12 does not check.
cat >cgroup.c <<'END'
__attribute__((section("lsm_cgroup/kernel_load_data"), used)) int cgroup(void *context) { return 1; }
char gpl[] __attribute__((section("license"), used)) = "GPL";
END
# The kernel attaches only the first ones. The last one returns 0 from the probed function.
cat >probes.c <<'END'
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__type(key, int);
	__type(value, int);
} programs SEC(".maps");
#define probe(hook) \
	SEC("kprobe/" #hook) \
	int probe_##hook(void *context) { bpf_tail_call(context, &programs, 0); return 0; }
probe(security_kernel_read_file)
probe(security_kernel_post_read_file)
probe(security_locked_down)
SEC("kprobe")
int writes(struct { unsigned long before[10], ax, between[5], ip; } *context)
{
	context->ax = 0;
	context->ip = RETURN;
	return 0;
}
char gpl[] SEC("license") = "GPL";
END
# The kernel lets a probe answer only in place of a few functions, but checks only the
# probe itself, not what replaces a part of it.
for answer in 0 1; do
	cat >answers_$answer.c <<END
#include <linux/bpf.h>
#include <linux/ptrace.h>
#include <bpf/bpf_helpers.h>

SEC("freplace/probe")
int answers(struct pt_regs *context) { bpf_override_return(context, $answer); return 0; }
char gpl[] SEC("license") = "GPL";
END
done
for function in modgate_signed_by_system security_locked_down; do
	cat >$function.c <<END
#include <linux/bpf.h>
#include <linux/ptrace.h>
#include <bpf/bpf_helpers.h>

SEC("kprobe/$function")
int probe(struct pt_regs *context) { return 0; }
char gpl[] SEC("license") = "GPL";
END
done
for file in around nokeys asks replaces cgroup probes answers_0 answers_1 modgate_signed_by_system security_locked_down; do
	clang -O2 -g -target bpf -I"/usr/include/$(gcc -print-multiarch)" \
		-DRETURN="0x$(sed -n 's/ . ftrace_stub$//p' "$tree/System.map")" -c $file.c -o $file.o
done
# Attaches programs and loads modules, in the given order, all in one task: the
# verdict is kept with the task.
cat >attack.c <<'END'
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static const char *load(const char *path)
{
	return syscall(SYS_finit_module, open(path, O_RDONLY), "", 0) ? strerror(errno) : "loaded";
}

static const char *attach(const char *path)
{
	static int last = -1;
	struct bpf_object *programs = bpf_object__open_file(path, NULL);
	struct bpf_program *p = programs ? bpf_object__next_program(programs, NULL) : NULL;
	struct bpf_program *called;

	if (!p)
		return strerror(errno);
	if (bpf_program__type(p) == BPF_PROG_TYPE_EXT)
		bpf_program__set_attach_target(p, last, NULL);
	if (bpf_object__load(programs))
		return strerror(errno);
	last = bpf_program__fd(p);
	called = bpf_object__find_program_by_name(programs, "writes");
	if (called) {
		int fd = bpf_program__fd(called), key = 0;

		if (bpf_map__update_elem(bpf_object__find_map_by_name(programs, "programs"),
					 &key, sizeof(key), &fd, sizeof(fd), 0))
			return strerror(errno);
	}
	bpf_object__for_each_program(p, programs)
		if (p != called && !bpf_program__attach(p))
			return strerror(errno);
	return "attached";
}

int main(int argc, char **argv)
{
	int i;

	for (i = 1; i < argc; i++)
		printf("%s%s", i > 1 ? "; " : "",
		       strstr(argv[i], ".ko") ? load(argv[i]) : attach(argv[i]));
	puts("");
}
END
gcc -O2 -Wall -o attack attack.c -lbpf

# shellcheck disable=SC2034
helpers=$(cat <<'END'
insmod system.ko
attack() { ./attack "$@" 2>attack.log; sed 's/^/# /' attack.log >&2; }
END
)
boot=(--variant bpf --no-boot --initramfs-extra initramfs --early early
	--append "$(pin anchor) lockdown=integrity lsm=lockdown,modgate,bpf")
documents() { printf 'cd /root%s; load_document anchor.der %s\n' "$work" "$*" >early; }

# The attack works where nothing is enforced.
documents policy-audit.bundle list.bundle
guest "${boot[@]}" <<'END'
check "flag audit: lockdown refuses an unapproved module without BPF programs" "*Operation not permitted*" "$(insmod one.ko 2>&1)"
check "flag audit: programs in place of the hooks let an unapproved module load" "File exists; attached; loaded" "$(attack system.ko around.o one.ko)"
# Its only line is of the load that lockdown refused after the verdict.
check "flag audit: the receipt has no load of a module that came past the hooks" "judged 0" \
	"$(sed -n 's/.* name=modgate_test_one .* state=\([a-z]*\) loads=\([0-9]*\) .*/\1 \2/p' $modgate/receipt)"
check "flag audit: the programs in place of the hooks are an event" "*op=bpf*" "$(grep reason=bpf $modgate/events)"
check "flag audit: a part of an LSM program can be replaced" "attached; attached" "$(attack asks.o replaces.o)"
check "flag audit: an LSM program for a cgroup loads, and cannot be attached" "Operation not supported" "$(attack cgroup.o)"
rmmod modgate_test_two
check "flag audit: probes that answer for modgate let an unapproved module load" "attached; attached; attached; attached; loaded" \
	"$(attack modgate_signed_by_system.o answers_1.o security_locked_down.o answers_0.o two.ko)"
check "flag audit: the receipt has no module that such probes let in" "" "$(grep modgate_test_two $modgate/receipt)"
END
# 6.12's verifier rejects a probe that writes registers.
writes="Permission denied; Operation not permitted"
[ "$series" = 6.12 ] || writes="attached; loaded"
denied=${writes/attached; loaded/Operation not permitted; Operation not permitted}
# 7.3's verifier checks what an LSM program for a cgroup returns.
cgroup="Operation not supported"
[ "$series" != 6.12 ] || cgroup="Operation not permitted"
helpers+=$'\n'"writes='$writes' denied='$denied' cgroup='$cgroup'"
guest "${boot[@]}" <<'END'
check "flag audit: probes that write registers do what this kernel allows" "File exists; $writes" "$(attack system.ko probes.o one.ko)"
check "flag audit: the receipt has no module after probes that write registers" "" "$(grep modgate_test_one $modgate/receipt)"
END

documents policy.bundle list.bundle
guest "${boot[@]}" <<'END'
check "programs in place of the hooks are refused, and so is an unapproved module" "File exists; Operation not permitted; Operation not permitted" \
	"$(attack system.ko around.o one.ko)"
check "refused programs in place of the hooks are an event" "*op=bpf*reason=bpf*" "$(head -n 1 $modgate/events)"
check "modgate refuses the module after the programs were refused" "*reason=not-approved*" "$(tail -n 1 $modgate/events)"
check "the refused module is not loaded" 0 "$(grep -c '^modgate_test_one ' /proc/modules)"
check "replacing a part of an LSM program is refused" "attached; Operation not permitted" "$(attack asks.o replaces.o)"
check "an LSM program for a cgroup is refused" "$cgroup" "$(attack cgroup.o)"
check "probes that write registers are refused, and so is an unapproved module" "File exists; $denied" "$(attack system.ko probes.o one.ko)"
rmmod modgate_test_two
check "probes that answer for modgate are refused, and so is an unapproved module" "attached; Operation not permitted; attached; Operation not permitted; Operation not permitted" \
	"$(attack modgate_signed_by_system.o answers_1.o security_locked_down.o answers_0.o two.ko)"
END

documents policy.bundle ban.bundle
guest "${boot[@]}" <<'END'
check "an approved unsigned module loads for a task that cannot search keyrings" "attached; loaded" "$(attack nokeys.o known.ko)"
rmmod modgate_test_one
check "an approved module is refused if its signer cannot be checked for a ban" "attached; Operation not permitted" \
	"$(attack nokeys.o villain.ko)"
check "a signer that cannot be checked for a ban is refused with reason error" "*reason=error*" "$(tail -n 1 $modgate/events)"
check "a module by a banned signer is refused for a task that can search keyrings" "Operation not permitted" "$(attack villain.ko)"
check "a module by a banned signer is refused with reason banned" "*reason=banned*" "$(tail -n 1 $modgate/events)"
END
finish
