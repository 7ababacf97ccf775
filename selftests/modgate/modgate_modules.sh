#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
#
# A module that nobody approved: refused where modgate enforces, else loaded
# and recorded; by each system call, from a file and from memory, and told in
# the same words in the audit log and in modgate/events.

DIR="$(dirname "$(readlink -f "$0")")"
STATE=/sys/kernel/security/modgate/state
MODULE="$DIR/test_modules/modgate_test_one.ko"
KSFT_SKIP=4
failed=0
n=0

skip() {
	echo "1..0 # SKIP $1"
	exit $KSFT_SKIP
}

# check NAME EXPECTED ACTUAL
check() {
	n=$((n + 1))
	if [ "$2" = "$3" ]; then
		echo "ok $n $1"
	else
		echo "not ok $n $1"
		echo "# expected: $2"
		echo "# got:      $3"
		failed=1
	fi
}

[ "$(id -u)" -eq 0 ] || skip "needs root"
[ -e $STATE ] || skip "modgate is not active"
[ -e "$MODULE" ] || MODULE="$DIR/modgate_test_one.ko"
[ -e "$MODULE" ] || skip "the test modules are not built"
grep -q 'state=boot' $STATE && skip "the state is still boot"

case "$(sed -n 's/^enforcing=//p' $STATE)" in
yes) result=EPERM ;;
*) result=ok ;;
esac
if grep -q 'provisioned=no' $STATE || grep -q 'policy=no' $STATE; then
	reason=no-policy
elif ! grep -q 'missing-lists=0' $STATE; then
	reason=no-list
elif grep -q 'mode=system' $STATE; then
	reason=mode
else
	reason=not-approved
fi

echo "TAP version 13"
echo "1..2"
for way in finit init; do
	check "$way" "result=$result audit=$reason event=$reason" \
		"$("$DIR/load_module" $way "$MODULE")"
done
exit $failed
