# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# cli.sh: watch, and the message at login. The kernel's file is a plain one here,
# at which watch looks every second.

: "${kernel:?}" "${release:?}" "${root:?}" "${tool:?}" "${work:?}"

one=$(sha384 "$work/mg_one.ko")
two=$(sha384 "$work/mg_two.ko")

# until_says TEXT NAME [FILE]: it stands there.
until_says() {
	until_true grep -qF -- "$1" "${3:-$work/out}"
	tap $? "$2"
}

gone() { [ ! -e "$1" ]; }

# counts N: the first event was repeated; never is the file without its text.
counts() { sed "1s/count=./count=$1/" "$kernel/events" >"$work/events" && dd if="$work/events" of="$kernel/events" conv=notrunc status=none; }

# watch ARGUMENTS: in the background
watch() {
	"$tool" --root="$root" "$@" >"$work/out" 2>"$work/err" &
	watcher=$!
}

# ended STATUS NAME [SIGNAL]: by a signal, TERM if it is not given
ended() {
	kill -"${3:-TERM}" $watcher
	wait $watcher
	status=$?
	[ $status = "$1" ]
	tap $? "$2: exit $1"
}

fresh
mkdir -p "$root/lib/modules/$release/updates"
cp "$work/mg_one.ko" "$work/mg_two.ko" "$root/lib/modules/$release/updates"
exits 7 "watch without modgate" watch
state
exits 2 "watch with an argument" watch something
event 5 "$one" mg_one not-approved "/lib/modules/$release/updates/mg_one.ko"
watch watch
until_says "4 event(s) are lost" "a gap is told"
until_says " 5 mg_one: refused, not-approved, 2 time(s), by modprobe (pid 77, uid 0)" \
	"what is there is told"
event 9 "${two//[0-9]/0}" weird\\x0Aname not-approved /nowhere
until_says '9 weird\x0Aname: refused' "what comes is told, and cannot act on the terminal"
until_says "3 event(s) are lost" "a gap on the way is told"
counts 7
until_says " 5 mg_one: refused, not-approved, by now 7 time(s)" "a repeat is told by its count"
[ "$(grep -c weird "$work/out")" = 1 ]
tap $? "and nothing else again"
ended 0 "ended by SIGTERM"
watch watch --new --json
# What comes before it has looked is not new to it: one more each time, until it tells one.
seq=10
one_more() {
	echo "seq=$seq time=10.0 last=20.0 count=1 op=kexec verdict=would-deny reason=kexec digest=- name=- pid=7 uid=0 comm=kexec path=-" \
		>>"$kernel/events"
	seq=$((seq + 1))
	grep -q '"seq":' "$work/out"
}
until_true one_more
tap $? "what is new, as JSON"
ended 0 "ended by SIGINT" INT
jq -es 'length > 0 and all(.seq >= 10 and .op == "kexec" and .verdict == "would-deny" and .repeat == false)' \
	<"$work/out" >"$work/jq"
tap $? "one object per line, and --new leaves the rest out"
"$tool" --root="$root" watch > >(head -n 1 >"$work/head") &
watcher=$!
until_true gone /proc/$watcher
tap $? "it ends when its reader is gone"
wait $watcher
status=$?
[ "$status" = 0 ] && [ -s "$work/head" ]
tap $? "exit 0"

# The message at login.
state
motd=$work/motd.d/modgate
mkdir -p "${motd%/*}"
echo old >"$motd"
watch watch --motd="$motd"
until_true gone "$motd"
tap $? "nothing is pending: no message"
event 5 "$one" mg_one not-approved "/lib/modules/$release/updates/mg_one.ko"
until_says "1 kernel module(s) wait for a decision: mg_one" "one is pending: a message" "$motd"
[ "$(stat -c %a "$motd")" = 644 ]
tap $? "which everybody may read"
event 6 "${two//[0-9]/0}" weird\\x1bname not-approved /nowhere
until_says '2 kernel module(s) wait for a decision: mg_one, weird\x1Bname' "and another one" "$motd"
before=$(stat -c %i "$motd")
event 7 "${two//[0-9]/0}" weird\\x1bname not-approved /nowhere
until_says "  7 weird" "the same once more"
# Told one after the other, and the message after what was told.
counts 3
until_says "by now 3 time(s)" "a repeat"
[ "$(stat -c %i "$motd")" = "$before" ]
tap $? "the message is left alone"
# What is looked at anew costs: a flood of repeats must not have it done again.
echo by hand >"$motd"
counts 8
until_says " 5 mg_one: refused, not-approved, by now 8 time(s)" "a repeat"
sleep 1.5
[ "$(cat "$motd")" = "by hand" ]
tap $? "is no reason to look at the message"
event 8 "${two//[0-9]/0}" weird\\x1bname not-approved /nowhere
until_says '2 kernel module(s) wait for a decision: mg_one, weird\x1Bname' "what is new is" "$motd"
echo by hand >"$motd"
"$tool" --root="$root" approve --passphrase-fd=3 mg_one >/dev/null 2>&1 3<"$work/pass"
until_says '1 kernel module(s) wait for a decision: weird\x1Bname' "approved, it is not told any more" "$motd"
ended 0 "ended"
[ ! -e "$motd" ]
tap $? "and the message with it"
state provisioned=no anchor=- policy=no mode=- enforcing=record
event 5 "$one" mg_one no-policy
watch watch --motd="$motd"
until_says "mg_one" "not provisioned: it is told"
sleep 0.5
[ ! -e "$motd" ]
tap $? "but without a message"
ended 0 "ended"
