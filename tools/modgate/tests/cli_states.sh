# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# cli.sh: the state of a module, in the same words everywhere.

: "${etc:?}" "${kernel:?}" "${release:?}" "${root:?}" "${work:?}"

one=$(sha384 "$work/mg_one.ko")
two=$(sha384 "$work/mg_two.ko")
updates=$root/lib/modules/$release/updates

# approved MODULE...: they are approved and in force.
approved() {
	fresh
	mkdir -p "$updates" "$root/proc" "$root/var/lib"
	cp "$work/mg_one.ko" "$work/mg_two.ko" "$updates"
	: >"$root/proc/modules"
	m approve --passphrase-fd=3 "$@"
	mv "$etc"/staged/* "$etc/active"
	state
	in_force "$etc/active/local-1.policy" "$etc/active/owner-2.list"
}

# receipt [DIGEST NAME STATE]...: of these modules
receipt() {
	local n=$(($# / 3))

	: >"$kernel/receipt"
	while [ $# -gt 0 ]; do
		echo "digest=$1 name=$2 reason=approved authority=- time=1 state=$3 loads=1 permanent=no" \
			>>"$kernel/receipt"
		shift 3
	done
	echo "lines=$n lost=0 sha384=${one//?/0}" >>"$kernel/receipt"
}

# everywhere STATE NAME: list, why and baseline have the same word for mg_one, and
# status counts it by what stands before a reason.
everywhere() {
	local word=$1

	case $word in
	"left out"*) word="left out" ;;
	esac
	m --json list
	json "[.[] | select(.name == \"mg_one\" and .kind == \"module\") | .state] == [\"$1\"]" "list: $2"
	m list
	says "$1" "list as text: $2"
	if [ -e "$updates/mg_one.ko" ]; then
		m --json why "$updates/mg_one.ko"
		json ".state == \"$1\"" "why: $2"
		m why "$updates/mg_one.ko"
		says "$1" "why as text: $2"
		m --json baseline
		json "[.[] | select(.name == \"mg_one\") | .state] == [\"$1\"]" "baseline: $2"
	else
		m --json why "$one"
		json ".state == \"$1\"" "why: $2"
	fi
	m --json status
	json ".states.\"$word\" == 1" "status: $2"
	m status
	says "1 $word" "status as text: $2"
}

approved mg_one
everywhere active "in force, and not loaded"
receipt "$one" mg_one live
everywhere active "in force, and loaded"
receipt "$one" mg_one gone
everywhere active "unloaded, and the gate is open"
sed -i 's/^state=.*/state=closed/' "$kernel/state"
everywhere gone "unloaded, and the gate is closed"
receipt "$one" mg_one live
everywhere active "loaded, and the gate is closed"
receipt
everywhere "approved (restart needed)" "never loaded, and the gate is closed"

# Pending, then approved.
approved mg_two
event 5 "$one" mg_one not-approved "/lib/modules/$release/updates/mg_one.ko"
m --json why mg_one
json '.state == "pending"' "why: refused"
m --json baseline
json '[.[] | select(.name == "mg_one") | .state] == ["pending"]' "baseline: refused"
m --json pending
json '.[0].state == "pending"' "pending: refused"
m --json status
json '.pending == 1 and .states == {"active": 1, "pending": 1}' "status: refused"
m approve --passphrase-fd=3 5
everywhere "approved (restart needed)" "refused, and approved"
m --json pending
json '.[0].state == "approved (restart needed)"' "pending: refused, and approved"
m --json status
json '.pending == 0' "status does not count it as pending"
: >"$kernel/events"
rm "$etc"/staged/*
m --json why mg_one
json '.state == "not approved"' "why: not refused either"

# Revoked.
approved mg_one
receipt "$one" mg_one live
m revoke --passphrase-fd=3 mg_one
sed -i 's/revoked=0/revoked=1/' "$kernel/state"
everywhere "revoked (removal at restart)" "revoked, and loaded"
receipt "$one" mg_one gone
everywhere revoked "revoked, and unloaded"
receipt "$two" mg_one live
everywhere revoked "revoked, and another build is loaded"
m approve --passphrase-fd=3 mg_one
event 6 "$one" mg_one revoked
everywhere "approved (restart needed)" "revoked, and approved again"

# Left out of the collection: what has no file is not looked for in the kernel.
approved mg_one
rm "$updates/mg_one.ko"
exits 0 "rebuild" rebuild --no-close
says "mg_one: left out (missing): " "rebuild: no file of it"
everywhere "left out (missing)" "no file of it"
receipt
m --json receipt
json '.left_out[0].state == "left out (missing)"' "receipt: no file of it"
m receipt
says "mg_one: left out (missing): " "receipt as text: no file of it"
manifest=$root/var/lib/modgate/collection/$release/manifest.json
cp "$manifest" "$work/manifest"
sed -i 's/"name":"[^"]*/&\\u001b/; s/"reason":"[^"]*/&\\u001b/; s/"detail":"/&\\u001b/' "$manifest"
m receipt
says 'mg_one\x1B: left out (missing\x1B): \x1B' "what stands in the manifest"
harmless "it cannot act on the terminal"
m list
says 'left out (missing\x1B)' "list has it"
harmless "and it does not act there either"
cp "$work/manifest" "$manifest"
cp "$work/mg_one.ko" "$updates"
everywhere active "its file has come back, so that it may load"
m mode --passphrase-fd=3 system
mv "$etc"/staged/* "$etc/active"
state mode=system
in_force "$etc/active/local-2.policy" "$etc/active/owner-2.list"
everywhere "left out (mode)" "the mode is against it"

# Permanent: the kernel keeps it, until it restarts without that flag.
approved --permanent mg_one
receipt "$one" mg_one gone "$two" mg_two live
m --json why mg_one
json '.permanent == false and .release == null' "why: permanent, and not loaded"
sed -i "s/\\(digest=$one .* state=\\)gone\\(.*\\)permanent=no/\\1live\\2permanent=yes/" "$kernel/receipt"
exits 0 "a permanent module that is loaded" why mg_one
says "permanent it is permanent, and stays until restart; rmmod fails" "why: permanent, and loaded"
commands="modgate revoke $updates/mg_one.ko; modgate approve $updates/mg_one.ko, then restart"
says "release   modgate revoke $updates/mg_one.ko, then restart; to keep it approved: $commands" \
	"why: what releases it"
m --json why mg_one
json ".permanent and (.release | endswith(\": $commands\"))" "why: likewise in JSON"
m why mg_two
! grep -q permanent "$work/out"
tap $? "why: another one is not"
m receipt
grep -q '^mg_one  *live  *approved  *1  permanent  *- ' "$work/out" &&
	grep -q '^mg_two  *live  *approved  *1  -  *- ' "$work/out"
tap $? "receipt: which one is"
m revoke --passphrase-fd=3 mg_one
m --json why mg_one
json '.permanent and .release == "restart"' "why: revoked, a restart releases it"
m approve --passphrase-fd=3 "$updates/mg_one.ko"
m --json why mg_one
json '.permanent and .release == "restart"' "why: likewise when it is approved anew"
mv "$etc/staged/owner-4.list" "$etc/active"
in_force "$etc/active/local-1.policy" "$etc/active/owner-4.list"
m --json list
json '[.[] | select(.name == "mg_one") | [.state, .flags]] == [["active", null]]' \
	"and after the restart it is approved, and not permanent"

# By an entry for a vendor, or by somebody else's list.
approved mg_two
cp "$work/mg_one.ko" "$updates/mg_signed.ko"
sign_module "$updates/mg_signed.ko" "$work/signer.key" "$work/signer.crt" -noattr
signed=$(sha384 "$updates/mg_signed.ko")
m approve --passphrase-fd=3 --permanent --on-demand --vendor="$work/signer.crt" --name='mg_*'
mv "$etc"/staged/* "$etc/active"
in_force "$etc/active/local-1.policy" "$etc/active/owner-3.list"
receipt "$signed" mg_one live
sed -i "s/permanent=no/permanent=yes/" "$kernel/receipt"
m --json why "$updates/mg_signed.ko"
signer=$(openssl x509 -in "$work/signer.crt" -outform DER | sha384sum | cut -d' ' -f1)
commands="modgate revoke --vendor=$signer --name='mg_*'"
again="modgate approve --on-demand --vendor=FILE --name='mg_*'"
json ".permanent and .release == \"$commands, then restart; to keep it approved: $commands; $again, then restart\"" \
	"why: permanent by an entry for a vendor"

# A filed receipt is a file: what stands in it cannot act on the terminal.
approved mg_one
receipts=$root/var/lib/modgate/receipts
mkdir -p "$receipts"
owner=$(sed 's/.* authority=//; s/ .*//' "$kernel/lists")
sed -i 's/name=owner/name=own\\x1ber/' "$kernel/lists"
cat >"$receipts/20260101T000000Z-0a0a0a0a.receipt" <<-END
	number=1 time=1\x1b digest=$one name=mg\x1bone reason=app\x1broved authority=$owner state=li\x1bve loads=1\x1b permanent=\x1b
	number=2 time=2 digest=12\x1b name=mg_two reason=approved authority=\x1b state=gone loads=1 permanent=no
	lines=2 lost=3\x1b sha384=00\x1b
END
exits 0 "a filed receipt" receipt --boot=0a0a0a0a
says 'mg\x1Bone ' "shows the name"
says ' li\x1Bve ' "shows the state"
says ' app\x1Broved ' "shows the reason"
says ' 1\x1B ' "shows the loads"
says ' own\x1Ber ' "shows the authority"
says ' 12\x1B ' "shows the digest"
says '3\x1B more' "shows how many are lost"
says 'sha384 00\x1B' "shows the hash"
harmless "none of them acts on the terminal"
exits 1 "the difference to a filed receipt" receipt --diff=0a0a0a0a
says '- mg\x1Bone (app\x1Broved) ' "the difference shows name and reason"
says '- mg_two (approved) 12\x1B' "the difference shows the digest"
harmless "the difference does not act on the terminal"
mv "$receipts"/2026* "$receipts/20260101T000000Z-"$'\e'"0a.receipt"
exits 0 "receipts whose names are no text" receipt --history
says '20260101T000000Z-\x1B0a ' "shows the name of it"
harmless "the names do not act on the terminal"
