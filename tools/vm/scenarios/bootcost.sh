#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What the module collection costs at boot: the time of "modgate rebuild" for 0, 10
# and 50 modules, cold (the collection is made) and warm (nothing changed), held
# against modprobe of the same modules, in turns in one boot. The time counts under
# emulation, so only its ratio says something; nothing fails by it.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

any_kernel
rounds=3
[ -z "${MODGATE_LONG:-}" ] || rounds=9

# One module under fifty names of the same length, and of the size of a driver.
mkdir many modules
sed 's/^MODULE_LICENSE/static const char weight[65536] __used = "x";\n&/' \
	"$top/selftests/modgate/test_modules/modgate_test_two.c" >many/bench_00.c
echo 'obj-m += bench_00.o' >many/Makefile
build_modules many CONFIG_MODULE_SIG_ALL=
for i in $(seq -w 0 49); do
	sed "s/bench_00/bench_$i/g" many/bench_00.ko >"modules/bench_$i.ko"
done

# shellcheck disable=SC2034
helpers=$(cat <<'END'
PATH=$top/tools/modgate:$PATH
extra=/lib/modules/$(uname -r)/updates
# install N: so many modules.
install() {
	mkdir -p $extra
	touch ${extra%/updates}/modules.{order,builtin,builtin.modinfo}
	rm -f $extra/*
	for i in $(seq -w 0 49 | head -n "$1"); do
		cp modules/bench_$i.ko $extra/
	done
	depmod 2>/dev/null
}
END
)

on() { guest --disk "$work/disk" "$@"; }

on <<'END'
exec 3<<<"a passphrase for tests"
modgate init --passphrase-fd=3 >/dev/null
exec 3<<<"a passphrase for tests"
modgate approve --passphrase-fd=3 modules/*.ko >/dev/null
check "approved" 6 $?
echo "PIN $(modgate key --pin)"
END

{
	echo "rounds=$rounds"
	cat <<'END'
now() { cut -d ' ' -f 1 /proc/uptime | tr -d .; }
# Hundredths of a second that a command takes.
timed() {
	local begun
	begun=$(now)
	"$@" >/run/said 2>&1 || { cat /run/said; echo "not ok - $*"; }
	echo $(($(now) - begun))
}
unload() { for module in /sys/module/bench_*; do [ ! -e $module ] || rmmod ${module##*/}; done; }
plain() { [ $# -eq 0 ] || modprobe -a "$@"; }
ratio() { awk "BEGIN { printf \"%.2f\", $(median $1) / $(median plain) }"; }
median() { sort -n "$1" | sed -n "$(((rounds + 1) / 2))p"; }
for n in 0 10 50; do
	install $n
	names=$(seq -w 0 49 | head -n $n | sed 's/^/bench_/')
	# Everything is read from the other side of 9p once, and has its line in the receipt.
	modprobe -a $names 2>/dev/null
	rm -f plain warm cold
	for round in $(seq $rounds); do
		unload
		timed plain $names >>plain
		unload
		timed modgate rebuild --no-close --force >>cold
		unload
		timed modgate rebuild --no-close >>warm
	done
	echo "# $n modules, median of $rounds: modprobe $(median plain)0 ms, rebuild cold $(median cold)0 ms, warm $(median warm)0 ms"
	[ $n = 0 ] || echo "# $n modules: warm is $(ratio warm) of modprobe, cold $(ratio cold)"
	check "$n modules: warm is not rebuilt" "*: up to date; $n loaded, 0 on demand, $((50 - n)) left out*" "$(cat /run/said)"
	unload
done
END
} >bench.sh
on --append "$(sed -n 's/^PIN //p' output) lockdown=integrity" <bench.sh
finish
