# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# cli.sh: what depends on what the kernel says: status, pending, why, revoke.

: "${etc:?}" "${kernel:?}" "${release:?}" "${root:?}" "${work:?}"

one=$(sha384 "$work/mg_one.ko")
two=$(sha384 "$work/mg_two.ko")

# running: mg_one is approved and in force.
running() {
	fresh
	mkdir -p "$root/lib/modules/$release/updates"
	cp "$work/mg_one.ko" "$work/mg_two.ko" "$root/lib/modules/$release/updates"
	m approve --passphrase-fd=3 "$work/mg_one.ko"
	mv "$etc"/staged/* "$etc/active"
	state "$@"
	in_force "$etc/active/local-1.policy" "$etc/active/owner-2.list"
}

fresh
exits 7 "status without modgate" status
mkdir -p "$root/sys/kernel/security"
echo lockdown,yama >"$root/sys/kernel/security/lsm"
exits 7 "status with other security modules" status
says "lockdown,yama" "status says which ones are active"
exits 7 "pending without modgate" pending
exits 7 "why without modgate" why "$work/mg_one.ko"

running
exits 0 "status when all is well" status
says "none: older lists that you signed could be put back" "status says plainly: freshness none"
says "none: documents are not bound to this machine" "status says plainly: machine none"
LC_ALL=C.UTF-8 m status
says "✓ enforcing" "status has marks"
LC_ALL=C m status
says "+ enforcing" "status has marks in ASCII too"
exits 0 "status in JSON" --json status
json '.kernel.mode == "listed" and .problems == [] and .lists[0].generation == 2' \
	"status prints JSON"
m approve --passphrase-fd=3 "$work/mg_two.ko"
exits 6 "status with something staged" status
says "waits for a restart" "status says that it waits for a restart"
exits 0 "list with both" --json list
json '[.[] | [.name, .state]] | sort == [["mg_one", "active"],
      ["mg_two", "approved (restart needed)"]]' "list says which is active"
state provisioned=no anchor=- policy=no mode=- enforcing=record
exits 5 "status without a pin" status
running error='owner\x20list:\x20EKEYREJECTED\x20wrong' missing-lists=1
exits 1 "status with an error" status
says "owner list: EKEYREJECTED wrong" "status shows the kernel's error"
running system-keys=lost
exits 1 "status without the kernel's own keys" status
says ".builtin_trusted_keys" "status says whose keys are lost"
running tpm=chosen pcr=13 pcr-changed=2
exits 1 "status when the PCR was changed" status
says "2 time(s) the PCR did not hold" "status says so"
running anchor-digest="$one"
exits 1 "status with another pin" status
says "another anchor" "status says that the pin is another"
exits 8 "verify with another pin" verify

# Rolled back: the kernel has a newer list than the disk.
running
sed -i 's/generation=2/generation=9/; s/digest=[0-9a-f]*/digest=-/' "$kernel/lists"
exits 1 "status when an older list was put back" status
exits 8 "verify when an older list was put back" verify
exits 8 "approve when an older list was put back" approve --passphrase-fd=3 "$work/mg_two.ko"
exits 6 "approve from it when told to" approve --generation=2 --passphrase-fd=3 "$work/mg_two.ko"
[ -e "$etc/staged/owner-10.list" ]
tap $? "the next generation is above the kernel's"

# A restart has brought the staged list into force: the next change settles it.
running
m approve --passphrase-fd=3 "$work/mg_two.ko"
in_force "$etc/active/local-1.policy" "$etc/staged/owner-3.list"
exits 0 "approve what is in force" approve "$work/mg_two.ko"
[ -e "$etc/active/owner-3.list" ] && [ ! -e "$etc/active/owner-2.list" ] &&
	[ -z "$(ls "$etc/staged")" ]
tap $? "what is in force has moved to active, the older one is gone"

# Pending.
running
exits 0 "pending without events" pending
says "Nothing is pending" "nothing is pending"
event 5 "$two" mg_two not-approved "/lib/modules/$release/updates/mg_two.ko"
event 6 "$one" mg_one not-sealed
event 7 "${two//[0-9]/0}" weird\\x0Aname not-approved /nowhere
event 8 "${one//[0-9]/0}" mg_bad banned
exits 0 "pending" --json pending
json '[.[] | [.number, .state]] == [[5, "pending"], [7, "pending"]]' \
	"pending leaves out what is active, and what no approval changes"
json '.[0].count == 2 and (.[0].file | endswith("mg_two.ko")) and .[1].file == null' \
	"pending finds the file, if it is still that one"
exits 0 "pending for people" pending
says 'weird\x0Aname' "untrusted names cannot act on the terminal"
event 9 "${one//[1-9]/0}" 'mg\x7F\x1B' not-approved \
	'/\xFF/\xC2\x9B/\xC3/\xE2\x82/\xED\xA0\x80/\xC0\x9B/\xF4\x90\x80\x80/\xC3\xA9/\xE2\x82\xAC/\xF0\x9F\x98\x80'
exits 0 "pending with what is no text" --json pending
strict "it is JSON nevertheless"
json '.[2].path == "/\\xFF/\u009b/\\xC3/\\xE2\\x82/\\xED\\xA0\\x80/\\xC0\\x9B/\\xF4\\x90\\x80\\x80/é/€/😀" and
      .[2].name == "mg\u007f\u001b"' "bytes that are no text are escaped; what is text stays that for JSON"
sed -i '$d' "$kernel/events"
exits 6 "approve a number" approve --passphrase-fd=3 5
exits 1 "approve a number that is not there" approve 99
exits 0 "pending after that" --json pending
json '.[0].state == "approved (restart needed)"' "pending says that it waits for a restart"
running
event 5 "$two" mg_two not-approved
event 7 "${two//[0-9]/0}" gone not-approved /nowhere
exits 6 "approve all that is pending" approve --all-pending --passphrase-fd=3
says "1 module(s)" "what is not there is left out"
exits 0 "pending resolved by digest" --json pending
json '.[0].file | endswith("mg_two.ko")' "an event without path is found by its digest"

# Why.
running
exits 0 "why of an approved module" why mg_one
says "list of owner, generation 2" "why names list and generation"
event 9 "$one" mg_one error
exits 0 "why of what the kernel could not judge" why mg_one
says "refused as error: no memory" "why says what an error may come from"
sed -i 's/^measure-errors=.*/measure-errors=1/' "$kernel/state"
exits 0 "why of what could not be measured" why mg_one
says "takes no records any more" "why says that it is the TPM"
sed -i 's/^measure-errors=.*/measure-errors=0/' "$kernel/state"
sed -i '$d' "$kernel/events"
exits 1 "why of another one" why mg_two
says "not-approved" "why names the reason"
says "modgate approve $root/lib/modules/$release/updates/mg_two.ko" "why names the command"
exits 1 "why of what no list allows" why "$work/mg_other.ko"
event 5 "$two" mg_two not-approved
exits 1 "why of a number" --json why 5
json '.event_count == 2 and .reason == "not-approved" and (.loads | not)' "why prints JSON"
m approve --passphrase-fd=3 "$work/mg_two.ko"
exits 6 "why after approving" why mg_two
says "would load after a restart" "why says that a restart is needed"
flip "$root/lib/modules/$release/updates/mg_one.ko" 100
exits 1 "why of a changed module" why mg_one
says "approves mg_one with another digest" "why says that it was changed"
running enforcing=audit
exits 0 "why in audit" why mg_two
says "only records" "why says that it is only recorded"
running state=boot
exits 1 "why in state boot" why mg_one
says "not-sealed" "why names the state"
running policy=no mode=-
: >"$kernel/policy"
exits 6 "why without a policy in force" why mg_one
says "no-policy" "why says that there is no policy"
running missing-lists=1
sed -i 's/loaded=yes.*/loaded=no/' "$kernel/lists"
exits 6 "why without a required list" why mg_one
says "no-list" "why says that the list is missing"
running mode=system
exits 6 "why in mode system, not the next one" why mg_one
says "mode system" "why names the mode"
running
mkdir -p "$root/sys/module/module/parameters"
echo Y >"$root/sys/module/module/parameters/sig_enforce"
exits 1 "why under sig_enforce" why mg_one
says "module.sig_enforce" "why says that it is not modgate"
echo N >"$root/sys/module/module/parameters/sig_enforce"
echo "none [integrity] confidentiality" >"$root/sys/kernel/security/lockdown"
exits 0 "why under lockdown that heeds modgate" why mg_one
exits 1 "why of another one under lockdown" why mg_two
says "modgate approve" "lockdown that heeds modgate is no hindrance"
running enforcing=audit
echo "none [integrity] confidentiality" >"$root/sys/kernel/security/lockdown"
exits 1 "why in audit, under lockdown" why mg_two
says "refuses what no list approves" "why says that lockdown refuses it"
says "modgate approve" "and that an approval helps"
running lockdown=no
echo "none [integrity] confidentiality" >"$root/sys/kernel/security/lockdown"
exits 1 "why under lockdown that does not" why mg_one
says "lockdown: the kernel itself" "why says that it is lockdown"

# Revoke. Without a receipt it is the name that tells what is loaded.
running
rm "$kernel/receipt"
echo "mg_one 16384 0 - Live 0x0" >"$root/proc_modules"
mkdir -p "$root/proc"
mv "$root/proc_modules" "$root/proc/modules"
exits 0 "revoke" revoke --passphrase-fd=3 mg_one
[ "$(cat "$kernel/revoke")" = "$one" ]
tap $? "the kernel is told the digest"
says "it stays so until it is unloaded, or restart: with --root" "revoke says that it stays loaded"
exits 0 "list after revoke" --json list
json '.[0].state == "revoked (removal at restart)"' "list says that it is revoked, and loaded"
sed -i 's/revoked=0/revoked=1/' "$kernel/state"
exits 1 "why after revoke" why mg_one
says "revoked" "why says that it is revoked"
running
rm -rf "$etc"/active/owner*
: >"$kernel/revoke"
exits 8 "revoke with a lost list" revoke "$one"
[ "$(cat "$kernel/revoke")" = "$one" ]
tap $? "the kernel is told nevertheless"

# What the kernel keeps from who is not root is left out, not made up.
running
cp "$kernel/state" "$work/state"
sed -i 's/^refused=.*/refused=7/; s/^tpm=.*/tpm=late/' "$kernel/state"
for_users
exits 0 "status for who is not root" status
! grep -q '^. refused \|, -\| - ' "$work/out"
tap $? "says nothing of what it does not know"
says "root only" "and that there is more"
says "tpm " "a TPM that came too late is told"
m --json status
json '.kernel | has("refused") or has("anchor-digest") | not' "nor does its JSON"
json '.privileged == false' "which says who asked"
m why "$root/lib/modules/$release/updates/mg_one.ko"
says "what was revoked" "why says what it does not know"
exits 3 "pending for who is not root" pending
exits 3 "watch for who is not root" watch
exits 3 "verify --log for who is not root" verify --log="$work/state"
says "try as root" "and says that root could"
m list
! grep -q . "$work/err"
tap $? "list for who is not root"
m restart
! grep -q "(null)\|Assert" "$work/out" "$work/err"
tap $? "restart for who is not root"
