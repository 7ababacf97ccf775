# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# cli.sh: boot. A pipe in place of load shows every write.

: "${etc:?}" "${kernel:?}" "${mkdoc:?}" "${root:?}" "${work:?}"

sfs=--securityfs=$root/sys/kernel/security

has_ended() { [ "$(tail -c 8 "$1")" = "the end" ]; }

# boots STATUS NAME: boot, collecting what is written to load.
boots() {
	local reader

	rm -f "$kernel/load" "$work/loaded"
	mkfifo "$kernel/load"
	# The reader keeps it open, so that writers do not wait for one.
	cat <>"$kernel/load" >"$work/loaded" &
	reader=$!
	exits "$1" "$2" "$sfs" boot --run="$root/run"
	echo "the end" >"$kernel/load"
	until_true has_ended "$work/loaded"
	truncate -s -8 "$work/loaded"
	kill "$reader" 2>/dev/null
	wait "$reader" 2>/dev/null
}

fresh
exits 7 "boot without modgate" "$sfs" boot --run="$root/run"

state state=boot ended-by=- policy=no anchor=awaited
"$mkdoc" cert "$etc/keys/anchor.pem" >"$work/want"
for doc in "$etc/staged/local-1.policy" "$etc/staged/owner-1.list"; do
	"$mkdoc" bundle "$doc" "$doc.sig" >>"$work/want"
done
mkdir "$root/run"
boots 0 "boot"
[ "$(cat "$root/run/modgate/initramfs")" = recovery=yes ]
tap $? "boot leaves a mark for doctor"
cmp -s "$work/want" "$work/loaded"
tap $? "boot hands over anchor, policy, list, in this order"
[ "$(cat "$kernel/seal")" = 1 ]
tap $? "boot seals"
[ -e "$etc/active/local-1.policy" ] && [ -e "$etc/active/owner-1.list.sig" ] &&
	[ -z "$(ls "$etc/staged")" ]
tap $? "what was accepted has moved to active"

state state=boot anchor=loaded
tail -c +$(($("$mkdoc" cert "$etc/keys/anchor.pem" | wc -c) + 1)) \
	"$work/want" >"$work/want2"
boots 0 "boot from active"
cmp -s "$work/want2" "$work/loaded"
tap $? "a compiled-in anchor is not handed over"

state state=boot
rm "$etc/active/owner-1.list.sig"
boots 8 "boot with a list without signature"
says "there is no signature beside it" "boot says so"
[ "$(cat "$kernel/seal")" = 1 ]
tap $? "boot seals nevertheless"

fresh
state state=boot error='list\x20EKEYREJECTED\x20signature'
rm "$kernel/load"
exits 1 "boot when nothing can be handed over" "$sfs" boot --run="$root/run"
says "kernel: list EKEYREJECTED signature" "boot shows the kernel's rule"
[ "$(cat "$kernel/seal")" = 1 ]
tap $? "boot seals when all fails"
[ -e "$etc/staged/owner-1.list" ]
tap $? "what was not accepted stays where it is"

state state=boot
exits 0 "boot --no-seal" "$sfs" boot --run="$root/run" --no-seal
[ ! -s "$kernel/seal" ]
tap $? "boot --no-seal does not seal"

state state=boot provisioned=no anchor=-
exits 5 "boot without a pin" "$sfs" boot --run="$root/run"
[ -s "$kernel/seal" ]
tap $? "boot without a pin seals"
state state=sealed
mkdir "$root/run"
exits 1 "boot when sealed" "$sfs" boot --run="$root/run"
says "until restart" "boot says that it is too late"
[ ! -e "$root/run/modgate" ]
tap $? "boot leaves no mark when it is too late"
state state=boot
rm -rf "$etc"/{active,staged}/*
exits 1 "boot without documents" --json "$sfs" boot --run="$root/run"
json '.sealed and .documents == []' "boot prints JSON"

# Two generations: the newer is handed over, and the older one goes.
fresh
state state=boot
"$mkdoc" list --key "$work/signer.key" --cert "$work/signer.crt" \
	--generation 3 --out "$etc/staged/x-3.list"
"$mkdoc" list --key "$work/signer.key" --cert "$work/signer.crt" \
	--generation 2 --out "$etc/active/x-2.list"
"$mkdoc" list --key "$work/signer.key" --cert "$work/signer.crt" \
	--generation 1 --out "$etc/staged/x-1.list"
boots 0 "boot with three generations"
says "x-3.list: accepted" "the newest is handed over"
[ "$(grep -c "x-.*accepted" "$work/out")" = 1 ]
tap $? "and no other"
[ "$(find "$etc" -name 'x-*.list' | wc -l)" = 1 ]
tap $? "the older ones are removed"

# A machine that a trusted key names. This one cannot open the blob.
fresh
state state=boot
echo 0123 >"$etc/keys/machine.blob"
boots 1 "boot with a key of another machine"
says "keys/machine.blob: the kernel cannot open this machine's trusted key" "boot says so"
says "owner-1.list: accepted" "and goes on"
says "'modgate doctor' will miss it" "boot without /run says so, and goes on"

# What renews the copies in an initramfs: nothing to do without the setting, and not
# possible from outside. The setting is read, not run.
conf=$root/etc/initramfs-tools/conf.d
update() {
	sh "${BASH_SOURCE[0]%/*}/../boot/initramfs-tools/update" "$root" >"$work/out" 2>"$work/err"
}
rm -rf "$conf"
update
tap $? "initramfs: without the setting there is nothing to do"
mkdir -p "$conf"
cp "${BASH_SOURCE[0]%/*}/../boot/initramfs-tools/conf" "$conf/modgate"
update
tap $? "initramfs: nor with the setting as it is installed"
for line in 'MODGATE_EARLY="nvme"' 'export MODGATE_EARLY=nvme' ' MODGATE_EARLY=nvme'; do
	printf '# one\n%s' "$line" >"$conf/modgate"
	! update
	tap $? "initramfs: without an end of the line, too: $line"
done
echo "MODGATE_EARLY=\"nvme\"; touch $work/ran" >"$conf/modgate"
! update
tap $? "initramfs: copies of another system are not renewed from outside"
says "update-initramfs -u -k all" "initramfs: it says what that system has to do"
[ ! -e "$work/ran" ]
tap $? "initramfs: nothing of that system is run"
rm -rf "$root/etc/initramfs-tools"
