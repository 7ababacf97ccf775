#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Nothing makes the receipt lie: 16 tasks load and unload modules at once, by both system
# calls, some of the same name, some with an init function that fails, one from a file
# and from memory that is being rewritten. Afterwards each module's count is right, no
# unapproved module has come up, and the running hash is what was measured.
# With MODGATE_LONG the race takes longer, and a second guest fills the receipt.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

seconds=20
[ ! "${MODGATE_LONG:-}" ] || seconds=120
prepare
gcc -static -O2 -Wall -I"$top/include/uapi" -o receipt_race "$top/selftests/modgate/receipt_race.c"
for key in anchor owner; do
	make_key $key
done

# Ten modules with names of their own. Others share the name of one of them, and differ
# from it by what is appended.
mkdir race
for i in $(seq 0 9); do
	sed "s/Test module two/Test module race $i/" modules/modgate_test_two.c >race/race_"$i".c
	echo "obj-m += race_$i.o" >>race/Makefile
done
build_modules race CONFIG_MODULE_SIG_ALL=
for i in $(seq 0 5); do
	{ cat race/race_"$i".ko; printf 'again'; } >race/race_"$i".again.ko
done
cp modules/modgate_test_two.ko race/modgate_test_two.ko
flip race/modgate_test_two.ko race/modgate_test_two.other.ko

files=(race/race_{0..9}.ko race/race_{0..4}.again.ko)
options=()
for file in "${files[@]}" race/race_5.again.ko race/modgate_test_two.ko; do
	options+=(--module "$(digest "$file")")
done
# The module of the last task.
files+=(race/race_5.again.ko)
policy policy 1 --mode listed --authority "$owner_authority"
list list owner 1 "${options[@]}"
{
	echo "/bin/load_document /mnt/host$work/anchor.der"
	echo "/bin/load_document /mnt/host$work/policy.bundle"
	echo "/bin/load_document /mnt/host$work/list.bundle"
} >early.sh

# shellcheck disable=SC2034
helpers="PATH=\$bin:\$PATH
seconds=$seconds files='${files[*]}'"

guest --no-boot --tpm "$work/tpm" --cpus 2 --early early.sh --initramfs-extra initramfs \
	--timeout 900 --append "$(pin anchor) lockdown=integrity ima_policy=critical_data" <<'END'
# shellcheck disable=SC2086
./receipt_race $seconds $files -- race/modgate_test_two.ko race/modgate_test_two.other.ko >counts
check "the race ends without an error" 0 $?
digest() { sha384sum "$1" | cut -d ' ' -f 1; }
wrong= total=0
while read -r count file _; do
	loads=$(sed -n "s/.* digest=$(digest "$file") .* loads=\([0-9]*\) .*/\1/p" $modgate/receipt)
	total=$((total + count))
	[ "$count" = "${loads:-0}" ] || wrong+="$file came up $count times, the receipt says ${loads:-0}; "
done <counts
check "each module came up as often as the receipt says" "" "$wrong"
check "each module came up" "" "$(grep '^0 ' counts)"
check "the modules came up more than 30 times" yes "$([ $total -gt 30 ] && echo yes)"
echo "# $total modules came up in $seconds s"
check "a module rewritten while it loads was refused and came up, by both calls" \
	"*finit=[1-9]*/[1-9]* init=[1-9]*/[1-9]*" "$(tail -n 1 counts)"
tail -n 1 counts | sed 's/^/# /'
check "the unapproved module never came up" 0 \
	"$(grep -c "digest=$(digest race/modgate_test_two.other.ko)" $modgate/receipt)"
check "every line of the receipt has the reason approved" "$(wc -l <counts)" "$(grep -c ' reason=approved ' $modgate/receipt)"
check "no line of the receipt is left coming or live" 0 "$(grep -cE 'state=(coming|live)' $modgate/receipt)"
said=$(modgate receipt --verify 2>&1)
check "the receipt verifies against its running hash" "*receipt: 17 line(s) make its running hash*" "$said"
check "the receipt verifies against the log" "*log: each line of the receipt was measured as it is*" "$said"
check "the log leads to the PCR" "*PCR 13, sha256: the log makes what it has*" "$said"
check "the receipt verifies against IMA's list" "*IMA's list: each line of the receipt was measured as it is*" "$said"
echo "$said" | sed 's/^/# /'
END
[ "${MODGATE_LONG:-}" ] || { finish; exit 0; }

# A full receipt, where nothing is refused: modules without a line are counted, and the
# first of them is measured.
policy policy 2 --mode listed --authority "$owner_authority" --flags audit
guest --no-boot --tpm "$work/tpm" --early early.sh --initramfs-extra initramfs \
	--timeout 3000 --append "$(pin anchor)" <<'END'
# Each module differs from the others by what is appended.
count='
open F, "<", $ARGV[0] or die; binmode F; local $/; $module = <F>;
for $n (1 .. $ARGV[1]) {
	$bytes = $module . pack("Q", $n);
	syscall(175, $bytes, length $bytes, $none = "") and die "init_module: $!";
	syscall(176, $name = "modgate_test_two", 0) and die "delete_module: $!";
}'
check "more modules load than the receipt has lines" 0 \
	"$(perl -e "$count" race/modgate_test_two.ko 16387 2>&1; echo $?)"
check "a full receipt counts the modules without a line" "lines=16384 lost=3 *" "$(tail -n 1 $modgate/receipt)"
check "the first module without a line is measured, and no other" "seq=* event=lost lines=16384" \
	"$(grep event=lost $modgate/log)"
said=$(modgate receipt --verify 2>&1)
check "receipt --verify says how many modules have no line" "*lost=3: so many modules came up without a line*" "$said"
check "a full receipt verifies against the log" "*log: each line of the receipt was measured as it is*" "$said"
check "the log of a full receipt leads to the PCR" "*PCR 13, sha256: the log makes what it has*" "$said"
END
finish
