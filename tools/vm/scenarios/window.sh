#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The window in which the kernel takes documents stays open while the initramfs does its
# work, closes by itself, and can be neither held open nor reopened.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

prepare anchor owner
policy policy 1 --mode listed --authority "$owner_authority"
list list owner 1 --module "$(digest one.ko)"
boot=(--no-boot --initramfs-extra initramfs --early early --append "$(pin anchor)")

# What an initramfs does: scripts, applets, namespaces, chroot, bind mounts, usermode
# helpers. Nobody writes to seal afterwards.
cat >early <<END
state() { sed -n 's/^state=//p' /sys/kernel/security/modgate/state; }
printf '#!/bin/sh\ntrue\n' >/script
printf '#!/script\n' >/script-of-script
chmod +x /script /script-of-script
/script && /script-of-script && unshare -m true && mkdir -p /jail/bin && cp /bin/busybox /jail/bin/ &&
	chroot /jail /bin/busybox true && mount --bind /jail/bin/busybox /script && umount /script && ran=yes
echo '|/bin/busybox touch /helper-ran' >/proc/sys/kernel/core_pattern
sh -c 'ulimit -c unlimited; kill -SEGV \$\$'
n=0
until [ -e /helper-ran ] || [ \$n = 100 ]; do sleep 0.1; n=\$((n + 1)); done
echo core >/proc/sys/kernel/core_pattern
[ -e /helper-ran ] || ran=
echo "initramfs: \$(state) \$ran" >/root/run/early
cd /root$work
load_document anchor.der policy.bundle list.bundle >>/root/run/early
END
guest "${boot[@]}" <<'END'
mapfile -t early </run/early
check "the window stays open while the initramfs works" "initramfs: boot yes" "${early[0]}"
check "the local policy is taken" "*result=ok*" "${early[2]}"
check "the list is taken" "*result=ok*" "${early[3]}"
check "the first program of the real root closes the window" "sealed exec" "$(state state) $(state ended-by)"
check "an approved module loads" "$allowed" "$(load finit one.ko)"

# From the real root the window does not open again.
refused='*result=EPERM*records=1*'
check "a document is refused once sealed" "$refused" "$(./load_document policy.bundle)"
check "a second write to seal is no error" 0 "$(echo 1 >$modgate/seal; echo $?)"
check "a document is refused after a second write to seal" "*result=EPERM*" "$(./load_document policy.bundle)"
check "a document is refused from a memfd" "*result=EPERM*" "$(python3 - <<'PY'
import os, subprocess, sys
fd = os.memfd_create("load", 0)
os.write(fd, open("load_document", "rb").read())
print(subprocess.run([f"/proc/self/fd/{fd}", "policy.bundle"], pass_fds=[fd], capture_output=True, text=True).stdout)
PY
)"
check "a document is refused from a new mount namespace" "*result=EPERM*" "$(unshare -m ./load_document policy.bundle)"
mkdir -p /run/jail/sys/kernel/security
mount -t securityfs none /run/jail/sys/kernel/security
cp load_document policy.bundle /run/jail/
check "a document is refused from a chroot" "*result=EPERM*" "$(chroot /run/jail /load_document policy.bundle)"
check "a document is refused after pivot_root" "*result=EPERM*" "$(unshare -m sh -c '
mount --rbind /run/jail /run/jail && cd /run/jail && mkdir -p old && pivot_root . old && exec ./load_document policy.bundle')"
# The initial root file system itself, below everything mounted over it.
check "a document is refused from the initial root file system" "True*result=EPERM*" "$(python3 - <<'PY'
import ctypes, os, subprocess
libc = ctypes.CDLL(None, use_errno=True)
program = open("load_document", "rb").read()
bundle = open("policy.bundle", "rb").read()
if os.fork() == 0:
    libc.unshare(0x20000)
    libc.mount(b"none", b"/", None, 0x4000 | 0x40000, None)
    namespace = os.open("/proc/self/ns/mnt", os.O_RDONLY)
    libc.umount2(b"/", 2)
    libc.setns(namespace, 0x20000)
    print(not os.path.exists("/usr/bin/env"), flush=True)
    open("/load", "wb").write(program)
    open("/bundle", "wb").write(bundle)
    os.chmod("/load", 0o755)
    os.makedirs("/sys/kernel/security", exist_ok=True)
    if libc.mount(b"none", b"/sys/kernel/security", b"securityfs", 0, None):
        print("mount:", os.strerror(ctypes.get_errno()), os.listdir("/"), flush=True)
    os.execv("/load", ["/load", "/bundle"])
os.wait()
PY
)"
printf '#!/bin/sh\ncd %s\n./load_document policy.bundle >/run/helper.new 2>&1\nmv /run/helper.new /run/helper\n' "$work" >/run/helper.sh
chmod +x /run/helper.sh
echo '|/run/helper.sh' >/proc/sys/kernel/core_pattern
sh -c 'kill -SEGV $$'
for _ in $(seq 100); do [ ! -e /run/helper ] || break; sleep 0.1; done
check "a document is refused from a usermode helper" "*result=EPERM*" "$(cat /run/helper)"
check "the kernel stays sealed after all attempts" "sealed exec" "$(state state) $(state ended-by)"
END

# A usermode helper of the initramfs before the anchor can be known: IMA is told to use a
# hash that is not there, so the kernel looks for a module late in its own
# initialization. The helper does not run; early.sh has the control.
mkdir -p initramfs/sbin
cat >initramfs/sbin/modprobe <<'END'
#!/bin/busybox sh
[ "$3" = crypto-sm3 ] || exit 1
/bin/busybox mkdir -p /sys/kernel/security
/bin/busybox mount -t securityfs none /sys/kernel/security || exit 1
/bin/load_document /anchor.der /policy.bundle >/hasty 2>&1
exit 1
END
chmod +x initramfs/sbin/modprobe
cp anchor.der policy.bundle initramfs/
cat >early <<END
cp /hasty /root/run/hasty || echo it did not run >/root/run/hasty
cd /root$work
load_document anchor.der policy.bundle list.bundle >/root/run/early
END
guest "${boot[@]}" --append "$(pin anchor) ima_hash=sm3" <<'END'
check "a helper started while the kernel initializes hands nothing over" "it did not run" "$(cat /run/hasty)"
check "the window stays open after a helper that was not started" "*result=ok*result=ok*result=ok*" "$(tr '\n' ' ' </run/early)"
check "an approved module loads" "$allowed" "$(load finit one.ko)"
END
rm -r initramfs/sbin

# A script of the initramfs bound over the real init, with an interpreter of the initramfs.
cat >early <<END
cd /root$work
load_document anchor.der
printf '#!/run/vm/busybox sh\n/run/vm/busybox cp /sys/kernel/security/modgate/state /run/early\nexec /run/vm/real-init\n' >/held-open
chmod +x /held-open
mv /root/run/vm/init /root/run/vm/real-init
touch /root/run/vm/init
mount --bind /held-open /root/run/vm/init
mount --bind /bin/busybox /root/run/vm/busybox
END
guest "${boot[@]}" <<'END'
check "a program bound over the real init does not hold the window open" "*state=sealed*ended-by=root*" "$(cat /run/early)"
check "a document is refused after a program bound over the real init" "*result=EPERM*" "$(./load_document policy.bundle)"
END

# attempt NAME BY SCRIPT: SCRIPT, run before the documents, closes the window, ended BY.
attempt() {
	cat >early <<END
cd /root$work
load_document anchor.der
$3
sed -n 's/^ended-by=//p' /sys/kernel/security/modgate/state >/root/run/early
cd /root$work
load_document policy.bundle >>/root/run/early
END
	guest "${boot[@]}" <<END
check "$1: the window closes" "$2" "\$(head -n 1 /run/early)"
check "$1: a document is refused" "*result=EPERM*" "\$(tail -n 1 /run/early)"
END
}

# What busybox cannot do: "escape memfd" runs a program that is in memory only; "escape
# pivot" runs one of the initramfs, in a mount namespace with /root/run as its root.
gcc -static -O2 -Wall -x c -o initramfs/bin/escape - <<'END'
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	char *arguments[] = { "true", NULL };
	int program = open("/bin/busybox", O_RDONLY);
	int memory = memfd_create("busybox", 0);
	struct stat st;

	if (program < 0 || memory < 0 || fstat(program, &st) || argc != 2)
		return 2;
	if (!strcmp(argv[1], "memfd")) {
		if (sendfile(memory, program, NULL, st.st_size) != st.st_size)
			return 2;
		program = memory;
	} else if (unshare(CLONE_NEWNS) || chroot("/root") || mkdir("/run/old", 0755) ||
		   chdir("/run") || syscall(SYS_pivot_root, ".", "old") || chroot(".")) {
		perror("pivot_root");
		return 2;
	}
	fexecve(program, arguments, arguments + 1);
	return 2;
}
END

# These run from a file system other than the initial one, or with another root.
attempt "a program of the real root" exec "chroot /root /bin/true"
attempt "an interpreter of the real root" exec "
printf '#!/root/run/vm/busybox true\n' >/foreign; chmod +x /foreign; /foreign"
attempt "a program of the initramfs bound into the real root" root "
touch /root/run/x; mount --bind /bin/busybox /root/run/x; chroot /root /run/x true"
attempt "a program on a tmpfs" exec "
mkdir -p /t; mount -t tmpfs none /t; cp /bin/busybox /t/; /t/busybox true"
attempt "a program in memory" exec "escape memfd"
attempt "after pivot_root" root "escape pivot"
attempt "a program of the real root, in another mount namespace" exec "unshare -m chroot /root /bin/true"
attempt "a script of the real root, by an interpreter of the initramfs" exec "
printf '#!/bin/busybox true\n' >/root/run/script; chmod +x /root/run/script; /root/run/script"
attempt "a usermode helper of the real root" exec "
echo '|/root/run/vm/busybox touch /helper-ran' >/proc/sys/kernel/core_pattern
sh -c 'ulimit -c unlimited; kill -SEGV \$\$'
n=0
until [ -e /helper-ran ] || [ \$n = 100 ]; do sleep 0.1; n=\$((n + 1)); done
[ -e /helper-ran ] || exit"
attempt "a write to seal" seal "echo 1 >/sys/kernel/security/modgate/seal"
finish
