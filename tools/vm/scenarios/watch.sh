#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What users see: a refused load appears in "modgate watch" within a second, and in the
# message at login; every verb shows a module in the same state, from its first refusal
# until it is gone.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

# The tool does the same on every kernel.
any_kernel

prepare
cp modules/modgate_test_user.ko user.ko

# shellcheck disable=SC2034,SC2154
helpers="$admin_helpers
$(cat <<'END'
cp user.ko $extra/modgate_test_user.ko
depmod 2>/dev/null
mkdir -p /run/motd.d
motd=/run/motd.d/modgate

# within SECONDS COMMAND...: whether the command succeeds in that time
within() {
	local end=$((${EPOCHREALTIME/./} + $1 * 1000000))
	shift
	while ! "$@" >/dev/null 2>&1; do
		[ ${EPOCHREALTIME/./} -lt $end ] || { echo late; return; }
		sleep 0.02
	done
	echo "in time"
}

# watch ARGUMENT...: in the background, to /run/watched
watch() {
	modgate watch "$@" >/run/watched 2>&1 &
	watcher=$!
	# Waits until it has opened the events, and a second more.
	until grep -q 'modgate/events$' <(readlink /proc/$watcher/fd/*); do sleep 0.1; done
	sleep 1
}

# everywhere STATE NAME: list, why, baseline and status show modgate_test_one as STATE
everywhere() {
	check "$2: list shows $1" "$1" "$(modgate --json list | jq -r '.[] | select(.name == "modgate_test_one") | .state')"
	check "$2: why shows $1" "$1" "$(modgate --json why modgate_test_one | jq -r .state)"
	check "$2: baseline shows $1" "$1" "$(modgate --json baseline | jq -r '.[] | select(.name == "modgate_test_one") | .state')"
	check "$2: status counts $1" '[12]' "$(modgate --json status | jq ".states.\"$1\"")"
}
END
)"

on() { guest --disk "$work/disk" "$@"; }

on <<'END'
tool 6 init --key=file --freshness=none --passphrase-fd=3
tell_pin
END
boot=(--append "$(told_pin) lockdown=integrity")

on "${boot[@]}" <<'END'
watch --new --motd=$motd
check "there is no message at login while nothing is pending" no "$([ -e $motd ] && echo yes || echo no)"
./load_module finit one.ko >/run/loaded
check "watch tells of a refusal within a second" "in time" \
	"$(within 1 grep -q 'one: refused, not-approved, 1 time(s), by load_module' /run/watched)"
check "the message at login tells of a refusal within seconds" "in time" \
	"$(within 10 grep -q 'modgate: 1 kernel module(s) wait for a decision: one' $motd)"
check "an unapproved module is refused" "$(refused not-approved)" "$(cat /run/loaded)"
check "why shows a refused module as pending" pending "$(modgate --json why modgate_test_one | jq -r .state)"
for _ in 1 2 3 4 5 6 7 8; do ./load_module finit one.ko >/dev/null; done
check "watch tells of repeats by their count" "in time" "$(within 5 grep -q 'by now 9 time(s)' /run/watched)"
tool 1 restart
tool 6 approve --passphrase-fd=3 modgate_test_one modgate_test_user
check "the message at login goes once its module is approved" "in time" "$(within 10 test ! -e $motd)"
check "another unapproved module is refused" "$(refused not-approved)" "$(load finit two.ko)"
check "the message at login comes back for another module" "in time" "$(within 10 grep -q two $motd)"
kill $watcher
wait $watcher
check "watch ends with 0 on a signal" 0 $?
check "watch takes the message at login along when it ends" no "$([ -e $motd ] && echo yes || echo no)"
everywhere "approved (restart needed)" "approved, before the restart"
mkdir -p /tmp/bin
printf '#!/bin/sh\necho "would restart"\n' >/tmp/bin/reboot
chmod +x /tmp/bin/reboot
PATH=/tmp/bin:$PATH tool 0 restart
check "restart names the modules that become active" "2 module(s) become active: *modgate_test_one*would restart" "$said"
watch --json
for ((i = 0; i < 300; i++)); do
	cp one.ko /tmp/m$i.ko
	printf x$i >>/tmp/m$i.ko
	./load_module finit /tmp/m$i.ko >/dev/null
	rm /tmp/m$i.ko
done
check "watch tells of the last of many refusals" "in time" "$(within 5 grep -q '"name":"m299"' /run/watched)"
kill $watcher
wait $watcher
check "watch tells of each refusal, or that it was lost" 302 \
	"$(jq -s '[.[] | select(.repeat != true) | .lost // 1] | add' /run/watched)"
check "watch is refused to anybody but root" 3 \
	"$(setpriv --reuid=65534 --clear-groups $bin/modgate watch >/dev/null 2>&1; echo $?)"
END

on "${boot[@]}" <<'END'
everywhere active "approved, after the restart"
modprobe modgate_test_user
check "both approved modules are live" 2 "$(grep -c 'state=live' $modgate/receipt)"
everywhere active "loaded"
echo 1 >$modgate/close
everywhere active "loaded, the gate closed"
rmmod modgate_test_user modgate_test_one
everywhere gone "unloaded, the gate closed"
END

on "${boot[@]}" <<'END'
modprobe modgate_test_user
tool 6 revoke --passphrase-fd=3 modgate_test_one
everywhere "revoked (removal at restart)" "revoked, in use"
rmmod modgate_test_user modgate_test_one
everywhere revoked "revoked, unloaded"
END
finish
