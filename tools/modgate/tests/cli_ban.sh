# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# cli.sh: bans of modules and of signers, from the command line and from a file.

: "${etc:?}" "${kernel:?}" "${root:?}" "${work:?}"

one=$(sha384 "$work/mg_one.ko")
two=$(sha384 "$work/mg_two.ko")
make_key banned
cert=$(openssl x509 -in "$work/banned.crt" -outform DER | sha384sum | cut -d' ' -f1)
cp "$work/mg_two.ko" "$work/by_banned.ko"
sign_module "$work/by_banned.ko" "$work/banned.key" "$work/banned.crt" -noattr

# respell FILE: the module with a byte behind its signature that no parser minds.
respell() {
	perl -e 'undef $/; $_ = <>; $size = unpack "N", substr $_, -32, 4;
		substr($_, -40, 12) = "\0" . substr($_, -40, 8) . pack("N", $size + 1); print' "$1"
}

# in_force_now: the newest policy and list on disk are in force.
in_force_now() {
	mv "$etc"/staged/* "$etc/active" 2>/dev/null
	state "$@"
	in_force "$(ls "$etc"/active/local-*.policy)" \
		"$(printf '%s\n' "$etc"/active/owner-*.list | sort -V | tail -n 1)"
}

fresh
m approve --passphrase-fd=3 "$work/mg_one.ko" "$work/mg_two.ko"
in_force_now
exits 2 "ban of nothing" ban
exits 1 "ban of what is not there" ban no_such_module
exits 1 "ban of what is no module" ban "$work/pass"
exits 0 "ban of a module that is approved" ban --passphrase-fd=3 "$work/mg_one.ko"
says "its approval is removed" "ban says that the approval is removed"
says "refuses it from now on" "ban says that it holds at once"
[ "$(cat "$kernel/revoke")" = "$one" ]
tap $? "the kernel is told the digest"
exits 0 "list" --json list
json '[.[] | [.name, .kind, .state]] == [["mg_one", "module", "revoked"], ["mg_two", "module", "active"],
	["mg_one", "ban", "banned (restart needed)"]] or
	[.[] | [.name, .kind, .state]] == [["mg_two", "module", "active"], ["mg_one", "module", "revoked"],
	["mg_one", "ban", "banned (restart needed)"]]' "list shows the ban, and what it took"
exits 0 "why of what is banned after a restart" --json why "$work/mg_one.ko"
json '.reason_after_restart == "banned"' "why knows what comes"
exits 1 "approve what is banned" approve --passphrase-fd=3 "$work/mg_one.ko"
says "banned by the list of owner" "approve says by whom"
in_force_now
exits 1 "why of what is banned" why "$work/mg_one.ko"
says "modgate ban --remove" "why says how to take it off"
exits 0 "ban again" ban --passphrase-fd=3 "$work/mg_one.ko"
says "1 banned already" "ban says that it is banned already"
[ -z "$(ls "$etc/staged")" ]
tap $? "and signs nothing"
exits 0 "list with a ban in force" list
says "banned" "list says so"

# Where the kernel only records.
in_force_now enforcing=audit
exits 0 "ban, recorded only" ban --passphrase-fd=3 "$work/mg_two.ko"
says "records it from now on" "ban says that nothing is refused"
exits 6 "take that off" ban --remove --passphrase-fd=3 "$work/mg_two.ko"
in_force_now

# Off again.
exits 1 "take off what is not banned" ban --remove --passphrase-fd=3 "$work/mg_two.ko"
says "does not ban it" "it says so"
exits 6 "take it off by its name" ban --remove --passphrase-fd=3 mg_one
exits 0 "list after that" --json list
json '[.[] | select(.kind == "ban") | .state] == ["banned (until restart)"]' "it holds until the restart"
in_force_now
exits 1 "take it off again" ban --remove mg_one
exits 6 "approve what is not banned any more" approve --passphrase-fd=3 "$work/mg_one.ko"

# Signers.
fresh
m approve --passphrase-fd=3 --vendor="$work/banned.crt"
m approve --passphrase-fd=3 --vendor="$work/banned.crt" --name='mg*'
m approve --passphrase-fd=3 --vendor="$work/signer.crt"
m approve --passphrase-fd=3 "$work/by_banned.ko"
in_force_now
exits 1 "a signer that is no certificate" ban --signer="$work/mg_one.ko"
says "not a certificate" "it says so"
openssl req -x509 -newkey ed25519 -nodes -keyout "$work/ed.key" -out "$work/ed.crt" -subj /CN=ed 2>/dev/null
exits 1 "a signer whose key the kernel cannot use" ban --signer="$work/ed.crt"
says "ECDSA P-256" "it says which keys it can use"
exits 4 "ban of a signer, with a wrong passphrase" --json ban --passphrase-fd=4 --signer="$work/banned.crt" \
	4< <(echo "wrong horse")
json '.banned == []' "nothing is banned then"
exits 6 "ban of a signer" --json ban --passphrase-fd=3 --signer="$work/banned.crt"
json ".banned[0].approval_removed and .banned[0].digest == \"$cert\" and .banned[0].of == \"certificate\" and .restart_needed" "ban of a signer as JSON"
exits 0 "verify" verify
in_force_now
exits 0 "list with a signer" --json list
json '[.[] | select(.kind == "vendor") | .name] == ["*"]' "its vendor entries are gone, another's is not"
exits 1 "why of what it signed" --json why --cert="$work/banned.crt" "$work/by_banned.ko"
json '.reason == "banned"' "why says that it is banned, although its digest is approved"
exits 6 "take the signer off" ban --remove --passphrase-fd=3 --signer="$cert"
in_force_now
exits 0 "why after that" --json why --cert="$work/banned.crt" "$work/by_banned.ko"
exits 0 "verify after that" verify

# A signed module, whose signature is the same with one byte more.
respell "$work/by_banned.ko" >"$work/respelled.ko"
fresh
m approve --passphrase-fd=3 "$work/by_banned.ko"
in_force_now
exits 0 "ban of a signed module" --json ban --passphrase-fd=3 "$work/by_banned.ko"
json ".banned[0].digest == \"$two\" and .banned[0].approval_removed" "it is banned by what was signed"
[ "$(cat "$kernel/revoke")" = "$two" ]
tap $? "and revoked by it"
in_force_now
for name in by_banned respelled mg_two; do
	exits 1 "why of $name" --json why "$work/$name.ko"
	json '.reason == "banned"' "$name is banned"
done
exits 1 "approve it respelled" approve --passphrase-fd=3 "$work/respelled.ko"
exits 6 "take it off, respelled" ban --remove --passphrase-fd=3 "$work/respelled.ko"
exits 0 "ban it by the digest of the file" ban --passphrase-fd=3 "$(sha384 "$work/by_banned.ko")"
exits 0 "and by what was signed" --json ban --passphrase-fd=3 "$work/by_banned.ko"
json '.already == 0' "which is another ban"
exits 6 "take both off" --json ban --remove --passphrase-fd=3 "$work/by_banned.ko"
json '[.removed[].digest] | length == 2' "they are two"
fresh
m approve --passphrase-fd=3 --vendor="$work/banned.crt"
m approve --passphrase-fd=3 "$work/by_banned.ko"
in_force_now
exits 0 "revoke a signed module that a list has" revoke --passphrase-fd=3 "$work/by_banned.ko"
[ "$(cat "$kernel/revoke")" = "$(sha384 "$work/by_banned.ko")" ]
tap $? "it is revoked by its digest"
in_force_now
exits 0 "revoke one that only its vendor has" revoke "$work/by_banned.ko"
[ "$(cat "$kernel/revoke")" = "$two" ]
tap $? "it is revoked by what was signed"

# A file of digests.
fresh
m approve --passphrase-fd=3 "$work/mg_one.ko"
in_force_now
{
	echo '# what somebody has found to be vulnerable'
	echo
	printf '%s  %s\r\n' "$one" ./some/where/mg-one.ko.xz
	echo "$two *mg_two.ko"
	echo "$two  once more"
	for i in $(seq 100); do printf '%s  bad_%s.ko\n' "$(echo "$i" | sha384 -)" "$i"; done
} >"$work/digests"
rm "$kernel/revoke"
mkfifo "$kernel/revoke"
exec 4<>"$kernel/revoke"
exits 0 "import" ban --passphrase-fd=3 --import="$work/digests"
says "mg_one, module" "import shows what is approved"
says "101 modules that no list of yours approves" "and counts the others"
timeout 30 head -c $((102 * 96)) <&4 >"$work/told"
! timeout 0.2 head -c 1 <&4 >>"$work/told"
tap $? "the kernel is told what it has room for, and no more"
exec 4>&-
[ "$(wc -c <"$work/told")" = $((102 * 96)) ] && [ "$(head -c 96 "$work/told")" = "$one" ]
tap $? "the kernel is told all of them, what is approved first"
rm "$kernel/revoke"
: >"$kernel/revoke"
exits 0 "list after the import" --json list
json '[.[] | select(.kind == "ban")] | length == 102 and any(.name == "mg_one") and any(.name == "bad_7")' \
	"each is listed once, with its name"
exits 6 "import once more" --json ban --passphrase-fd=3 --import="$work/digests"
json '.already == 103 and .banned == [] and .restart_needed' "and changes nothing, but waits for the restart"
exits 6 "take them all off" ban --remove --passphrase-fd=3 --import="$work/digests"
exits 0 "list after that" --json list
json '[.[] | select(.kind == "ban")] | length == 0' "they are off"
before=$(ls "$etc"/*)
revoked=$(cat "$kernel/revoke")
printf '%s\n' "$one" "${two}0" >"$work/digests"
exits 1 "import of a line that is no digest" ban --passphrase-fd=3 --import="$work/digests"
says "digests:2: not a SHA-384" "import names file, line and rule"
: >"$work/digests"
exits 1 "import of an empty file" ban --import="$work/digests"
printf '%s\0\n' "$one" >"$work/digests"
exits 1 "import of what is no text" ban --import="$work/digests"
exits 1 "import of no file" ban --import="$work/nothing"
[ "$before" = "$(ls "$etc"/*)" ] && [ "$(cat "$kernel/revoke")" = "$revoked" ]
tap $? "a bad file changes nothing, and nothing is revoked"

# No room in the kernel, or no kernel.
rm "$kernel/revoke"
ln -s /dev/full "$kernel/revoke"
exits 6 "ban, and the kernel has no room" ban --passphrase-fd=3 "$two"
says "No space left" "it says so"
says "A restart is needed" "and what helps"
rm -r "$root/sys"
exits 6 "ban under another kernel" ban --passphrase-fd=3 "$one"

# By a key that may not.
fresh
state
printf 'something wrong\n' >"$work/pass"
exits 4 "ban with a wrong passphrase" ban --passphrase-fd=3 "$two"
says "the list was not changed" "it says what holds nevertheless"
printf 'correct horse\n' >"$work/pass"
