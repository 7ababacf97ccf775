#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The kernel's own tests: kselftest builds, installs and runs the targets modgate and
# lsm, on a provisioned machine and on one that is not. And if lsm= leaves modgate out,
# no trace of it is there.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

prepare anchor owner
system_module two.ko system.ko
policy policy 1 --mode listed --authority "$owner_authority"
list empty owner 1

selftests=$tree/tools/testing/selftests
rsync -a --delete "$top/selftests/modgate/" "$selftests/modgate/"
kernel_make() {
	flock "$tree.lock" make -s -C "$tree" "$@" >make.log 2>&1 || { cat make.log; check "make $1 succeeds" ok failed; }
}
kernel_make headers
kernel_make -C tools/testing/selftests TARGETS="modgate lsm" KDIR="$tree" \
	INSTALL_PATH="$work/kselftest" install
rm -rf "${selftests:?}/modgate/test_modules/"*.ko

# Prints the result of each test of run_kselftest.sh, one a line.
helpers=$(cat <<'END'
kselftest() {
	(cd kselftest && ./run_kselftest.sh "$@") >kselftest.log 2>&1
	sed -nE 's/^# ((not )?ok) [0-9]+ *(- )?(.*)/\1 - \4/p' kselftest.log
	check "kselftest $* passes" "*ok 1 selftests*" "$(grep -v '^# ' kselftest.log)"
	check "kselftest $*: no test fails" "" "$(grep '^not ok' kselftest.log)"
	sed -n '/SUnreclaim/p' kselftest.log
}
touch /run/ask-kmemleak
cd /run && cp -r "$work/kselftest" .
END
)

hand_over anchor.der policy.bundle empty.bundle
# LoadPin prints a notice for every module, and the console is slow.
guest --no-boot --initramfs-extra initramfs --early early --append "$(pin anchor) loglevel=5" --timeout 4000 <<'END'
check "modgate is among the active security modules" "*modgate*" "$(cat /sys/kernel/security/lsm)"
kselftest -c lsm
kselftest -c modgate
check "both selftest programs of modgate pass" "*ok 1 selftests: modgate: *ok 2 selftests: modgate: *" "$(grep -v '^# ' kselftest.log)"
check "the selftests skip nothing on a provisioned machine" "" "$(grep SKIP kselftest.log)"
END
guest --no-boot --timeout 1000 <<'END'
kselftest -c modgate
END

helpers=
echo "cd /root$work; load_document anchor.der policy.bundle >/root/run/early" >early
guest --no-boot --initramfs-extra initramfs --early early --append "$(pin anchor) lsm=lockdown,yama" <<'END'
check "not in lsm=: the active security modules are those of lsm=" "lockdown,*" "$(sed 's/capability,//' /sys/kernel/security/lsm)"
check "not in lsm=: modgate is not among the active security modules" "" "$(grep -o modgate /sys/kernel/security/lsm)"
check "not in lsm=: modgate has no files in securityfs" "" "$(ls -d $modgate 2>/dev/null)"
check "not in lsm=: modgate has no keyring" "" "$(grep modgate /proc/keys)"
check "not in lsm=: modgate prints nothing" "" "$(dmesg | grep 'modgate: ')"
check "not in lsm=: documents cannot be handed over" "*result=ENOENT*result=ENOENT*" "$(cat /run/early)"
check "not in lsm=: kexec is not refused" "$allowed" "$(load kexec)"
check "not in lsm=: BPF programs are not refused" "$allowed" "$(load bpf)"
check "not in lsm=: status exits with 7" 7 "$("$bin/modgate" status >/run/said 2>&1; echo $?)"
check "not in lsm=: a third-party module loads" "ok" "$(insmod one.ko && rmmod modgate_test_one && echo ok)"
check "not in lsm=: a system module loads" "ok" "$(insmod system.ko && rmmod modgate_test_two && echo ok)"
END
guest --no-boot --append "$(pin anchor) lsm=lockdown,yama lockdown=integrity" <<'END'
check "not in lsm=: lockdown refuses an unsigned module" "result=EPERM audit=- event=-" \
	"$(load finit one.ko)"
check "not in lsm=: a system module loads under lockdown" "$allowed" "$(load finit system.ko)"
END
finish
