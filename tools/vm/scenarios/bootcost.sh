#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What the module collection costs at boot: "modgate rebuild" for 50 modules (with
# MODGATE_LONG also for 0 and 10), cold (the collection is made) and warm (nothing
# changed), compared with modprobe of the same modules, in turns in one boot; at the end
# once more warm, up to the closing of the gate. The machine's clock counts
# instructions, so the load of the host does not matter.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

any_kernel
rounds=3 counts=50
[ -z "${MODGATE_LONG:-}" ] || rounds=9 counts="0 10 50"

# One module the size of a driver, under fifty names of the same length.
mkdir many modules
sed 's/^MODULE_LICENSE/static const char weight[65536] __used = "x";\n&/' \
	"$top/selftests/modgate/test_modules/modgate_test_two.c" >many/bench_00.c
echo 'obj-m += bench_00.o' >many/Makefile
build_modules many CONFIG_MODULE_SIG_ALL=
for i in $(seq -w 0 49); do
	sed "s/bench_00/bench_$i/g" many/bench_00.ko >"modules/bench_$i.ko"
done

# A real file system, not the one of this machine seen through 9p.
guest=debian
on() { guest --disk "$work/disk" --timeout 3000 "$@"; }

on <<'END'
exec 3<<<"a passphrase for tests"
modgate init --passphrase-fd=3 >/dev/null
exec 3<<<"a passphrase for tests"
modgate approve --passphrase-fd=3 modules/*.ko >/dev/null
check "fifty modules are approved" 6 $?
# The script below does what these units do at boot.
systemctl -q disable modgate-rebuild modgate-close
echo "PIN $(modgate key --pin)"
END
pin=$(told_pin)

cat >bench.sh <<'END'
cd /run
extra=/lib/modules/$(uname -r)/updates
names=$(seq -w 0 49 | sed -n "1,${n}s/^/bench_/p")

install() {
	mkdir -p $extra
	rm -f $extra/*
	for name in $names; do cp $work/modules/$name.ko $extra/; done
	depmod
}

# Prints the microseconds that a command takes.
timed() {
	local begun=${EPOCHREALTIME/./} ended status=0
	"$@" >/run/said 2>&1 || status=$?
	ended=${EPOCHREALTIME/./}
	[ $status = 0 ] || { cat /run/said; echo "not ok - $*"; } >&2
	echo $((ended - begun))
}
unload() { for name in $names; do rmmod $name; done; }
rebuild_and_close() { modgate rebuild --no-close && echo 1 >$modgate/close; }
plain() { [ $n = 0 ] || modprobe -a $names; }
median() { sort -n "$1" | sed -n "$((($(wc -l <"$1") + 1) / 2))p"; }
ms() { awk "BEGIN { printf \"%.1f\", $(median $1) / 1000 }"; }
ratio() { awk "BEGIN { printf \"%.2f\", $(median $1) / $(median plain) }"; }

install
# The first load reads everything into memory and writes the receipt's lines.
plain
for round in $(seq $rounds); do
	unload
	timed plain >>plain
	unload
	timed modgate rebuild --no-close --force >>cold
	unload
	timed modgate rebuild --no-close >>warm
done
check "$n modules: a warm rebuild is up to date" "*: up to date; $n loaded, 0 on demand, $((50 - n)) left out*" "$(cat said)"
unload
timed rebuild_and_close >closed
check "$n modules: rebuild and close leaves the gate closed" closed "$(state state)"
timed modgate rebuild --close >filed
echo "# $n modules, ms, median of $rounds: modprobe $(ms plain), rebuild cold $(ms cold), warm $(ms warm)"
echo "# $n modules, ms, once: warm until closed $(ms closed); rebuild --close, which files the receipt $(ms filed)"
if [ $n != 0 ]; then
	echo "# $n modules, ratios to modprobe: cold $(ratio cold), warm $(ratio warm), until closed $(ratio closed)"
	check "$n modules: a warm rebuild takes less than 1.25 times as long as modprobe" 1 "$(awk "BEGIN { print $(ratio warm) < 1.25 }")"
fi
END
for n in $counts; do
	on --icount --append "$pin lockdown=integrity" < <(echo "n=$n rounds=$rounds"; cat bench.sh)
done
finish
