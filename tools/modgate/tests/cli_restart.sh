# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# cli.sh: restart, with programs that restart nothing.

: "${etc:?}" "${kernel:?}" "${release:?}" "${root:?}" "${work:?}"

updates=$root/lib/modules/$release/updates
mkdir -p "$work/bin"
for program in systemctl reboot; do
	# shellcheck disable=SC2016
	printf '#!/bin/sh\necho "$(basename "$0") $* $SYSTEMCTL_SKIP_AUTO_KEXEC$SYSTEMCTL_SKIP_AUTO_SOFT_REBOOT" >>%q/restarted\n' \
		"$work" >"$work/bin/$program"
	chmod +x "$work/bin/$program"
done
old_path=$PATH
PATH=$work/bin:$PATH

# restarted WHAT NAME: this was run, and nothing else
restarted() {
	[ "$(cat "$work/restarted" 2>/dev/null)" = "$1" ]
	tap $? "$2"
	rm -f "$work/restarted"
}

fresh
mkdir -p "$updates" "$root/proc"
cp "$work/mg_one.ko" "$work/mg_two.ko" "$updates"
m approve --passphrase-fd=3 mg_one
mv "$etc"/staged/* "$etc/active"
state
in_force "$etc/active/local-1.policy" "$etc/active/owner-2.list"
exits 1 "restart for nothing" restart
says "nothing waits for a restart" "it says so"
restarted "" "and does not"
exits 2 "restart with an argument" restart now
exits 0 "restart by force" restart --force
says "Nothing changes." "it says that nothing changes"
restarted "reboot  11" "without systemd by reboot"
m approve --passphrase-fd=3 mg_two
mkdir -p "$root/run/systemd/system"
exits 0 "restart for an approval" restart
says "1 module(s) become active: mg_two" "it says what becomes active"
says "1 change(s) of documents" "and how many changes that is"
restarted "systemctl reboot 11" "with systemd by systemctl, and into the firmware"
# Without a receipt it is the name that tells what is loaded.
rm "$kernel/receipt"
echo "mg_one 16384 0 - Live 0x0" >"$root/proc/modules"
m revoke --passphrase-fd=3 mg_one
exits 0 "restart for both, as JSON" --json restart
json '.active == ["mg_two"] and .removed == ["mg_one"] and (.changes | length) == 2' "it says what changes"
restarted "systemctl reboot 11" "and restarts"
mv "$work/bin/systemctl" "$work/bin/gone"
PATH=$work/bin exits 1 "without a program that restarts" restart
says "systemctl: No such file" "it says which"
mv "$work/bin/gone" "$work/bin/systemctl"
mv "$etc/keys/anchor.pem" "$work/kept.pem"
exits 5 "restart without keys" restart
restarted "" "does not"
exits 0 "but by force" restart --force
restarted "systemctl reboot 11" "it does"
mv "$work/kept.pem" "$etc/keys/anchor.pem"
state provisioned=no anchor=- policy=no mode=- enforcing=record
exits 0 "restart of a machine without a pin" restart
says "modgate key --pin" "it says what is missing"
rm -f "$work/restarted"
PATH=$old_path
