# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# cli.sh: the anchor key sealed to a recovery boot, and the menu of one, against a
# TPM of its own. The kernel's measuring is played by tpm2_pcrevent.

: "${here:?}" "${kernel:?}" "${status:?}"

# shellcheck source-path=SCRIPTDIR source=cli_tpm.sh
. "$here/cli_tpm.sh"

name=$(sha384 "$work/pass")

# boots KIND: the TPM begins anew, and the kernel measures its first record.
boots() {
	local counts=

	tpm_stop
	tpm_run
	state "boot-kind=$1" pcr=13 measured=1 state=boot policy=no freshness=none machine=dmi "machine-name=$name"
	: >"$kernel/policy"
	: >"$kernel/lists"
	# A recovery boot does not count: its record has to be the same at each.
	[ "$1" = recovery ] || counts="reset-count=$((RANDOM + 1)) restart-count=0"
	echo "seq=1 event=boot kind=$1 freshness=none machine=dmi machine-name=$name" \
		"${counts:-reset-count=- restart-count=-}" >"$kernel/log"
	head -c -1 "$kernel/log" | tpm2_pcrevent -Q 13 >"$work/out" 2>"$work/err"
}

# menu NAME LINE...: what a person types; each passphrase comes from the descriptor.
menu() {
	local name=$1

	shift
	printf '%s\n' "$@" >"$work/typed"
	m --securityfs="$root/sys/kernel/security" --passphrase-fd=3 recovery <"$work/typed"
	tap "$status" "$name: the menu ends well"
}

tpm_start
fresh
cp "$work/pass" "$work/pass.right"
boots normal
exits 1 "a normal boot" --securityfs="$root/sys/kernel/security" recovery
says modgate.recovery "a normal boot: says how to get to the menu"
exits 1 "a normal boot, JSON" --securityfs="$root/sys/kernel/security" --json recovery
json '.menu == false and .boot_kind == "normal"' "a normal boot: JSON says so"

# Sealed only if the PCR is what the log makes.
printf x | tpm2_pcrevent -Q 13 >/dev/null
cp "$etc/keys/anchor.key" "$work/anchor.file"
exits 8 "something else is in the PCR" key --seal-anchor --passphrase-fd=3
cmp -s "$etc/keys/anchor.key" "$work/anchor.file"
tap $? "something else is in the PCR: the key is as it was"

boots normal
echo "a wrong passphrase" >"$work/pass"
exits 4 "sealed with a wrong passphrase" key --seal-anchor --passphrase-fd=3
cp "$work/pass.right" "$work/pass"
exits 0 "sealed" --json key --seal-anchor --passphrase-fd=3
json '.anchor_key == "sealed"' "sealed: JSON says so"
exits 0 "sealed: key" --json key
json 'map(.provider) == ["sealed", "file"]' "sealed: key shows it"
grep -q "2.23.133.10.1.5" <(openssl asn1parse -in "$etc/keys/anchor.key" 2>/dev/null)
tap $? "sealed: the file has the form that is common to TPM programs"
cp "$etc/keys/anchor.key" "$work/anchor.sealed"
exits 1 "sealed: once more" key --seal-anchor --passphrase-fd=3
exits 1 "sealed: mode" mode system --passphrase-fd=3
says "modgate recovery" "sealed: mode says where"
exits 1 "sealed: rotate" key --rotate --passphrase-fd=3
exits 1 "sealed: unseal" key --unseal-anchor --passphrase-fd=3

: >"$work/pass"
exits 1 "sealed: no passphrase is asked for in vain" mode system --passphrase-fd=3
cp "$work/pass.right" "$work/pass"

# The kernel's files say that it is a recovery boot; the TPM knows better.
state boot-kind=recovery state=boot policy=no pcr=13 measured=1
exits 1 "a kernel that lies" mode system --passphrase-fd=3
says "in a recovery boot only" "a kernel that lies: the TPM refuses"

# halves: what the TPM made, in $work/pub and $work/priv.
halves() {
	local at

	mapfile -t at < <(openssl asn1parse -in "$etc/keys/anchor.key" |
		sed -n 's/^ *\([0-9]*\):d=1 .*OCTET STRING.*/\1/p')
	openssl asn1parse -in "$etc/keys/anchor.key" -noout -strparse "${at[0]}" -out "$work/pub" &&
		openssl asn1parse -in "$etc/keys/anchor.key" -noout -strparse "${at[1]}" -out "$work/priv"
}

tries() { tpm2_getcap properties-variable | sed -n 's/^TPM2_PT_LOCKOUT_COUNTER: //p'; }

# In a recovery boot.
boots recovery
halves && tpm2_load -Q -C 0x81000001 -u "$work/pub" -r "$work/priv" -c "$work/ctx" 2>"$work/err"
tap $? "recovery: the TPM loads what was sealed"
! tpm2_unseal -c "$work/ctx" -p "$(cat "$work/pass.right")" >"$work/out" 2>"$work/err"
tap $? "recovery: the passphrase without the policy does not open it"
tpm2_flushcontext -t
before=$(tries)
echo "a wrong passphrase" >"$work/pass"
exits 4 "recovery: a wrong passphrase" mode signed --passphrase-fd=3
says "wrong passphrase" "recovery: a wrong passphrase is told"
[ $((before + 1)) = $(($(tries))) ]
tap $? "recovery: a wrong passphrase counts in the TPM"
cp "$work/pass.right" "$work/pass"
exits 6 "recovery: mode" mode signed --passphrase-fd=3
menu "show" 1 9
says "After restart: signed" "show: the mode that comes"
says "owner" "show: the authorities"
says "sealed" "show: where the keys are"
menu "mode" 2 listed audit 9
says "Audit: nothing is refused" "mode: what was typed is signed"
! grep -q "a number from" "$work/err"
tap $? "mode: each line is read once"
menu "nonsense" 2 --help "" 2 system json 0 x 10 7 some 3 "add x" 3 "roles owner king" 3 "required owner maybe" 9
says "one of system, signed, listed" "nonsense: a mode"
says "json: one of audit" "nonsense: a flag"
says "a number from 1 to 9" "nonsense: a number"
says "some: staged, or all" "nonsense: what to discard"
says "it is one of" "nonsense: an authority"
says "the roles are" "nonsense: a role"
says "yes or no" "nonsense: required"

# Authorities.
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-384 -nodes -subj /CN=partner \
	-keyout "$work/partner.key" -out "$root/partner.pem" 2>/dev/null
menu "add" 3 "add partner /partner.pem 7" 9
menu "add again" 3 "add partner /partner.pem 7" 3 "add other /missing.pem 7" 3 "add other /partner.pem none" 9
says "there is an authority of this name" "add: a name that is taken"
says "missing.pem" "add: a file that is missing"
says "not a generation" "add: no generation"
menu "roles" 3 "roles partner approve,vendor" 3 "roles nobody approve" 9
says "nobody: no authority has this name" "roles: of nobody"
menu "show authorities" 1 9
says "approve,vendor; lists from generation 7 on" "the authority is there"
menu "required" 3 "required partner yes" 1 9
says "approve,vendor; required" "it is required"
menu "remove" 3 "remove owner" 3 "remove partner" 9
says "is the owner of this machine and stays" "the owner stays"
menu "show what is left" 1 9
! grep -q "approve,vendor;" "$work/out"
tap $? "the other one goes"
exits 0 "the documents are in order" verify

# Keys.
cp "$work/pass" "$work/pass.old"
{ cat "$work/pass.old"; echo "another passphrase"; } >"$work/pass"
menu "passphrase" 4 9
says "The keys have a new passphrase" "passphrase: changed"
cp "$work/pass.old" "$work/pass"
exits 4 "the old passphrase" mode system --passphrase-fd=3
echo "another passphrase" >"$work/pass"
exits 6 "the new passphrase" mode system --passphrase-fd=3
menu "owner key" 5 "" 9
says "There is a new owner key" "owner key: replaced"
menu "unseal" 6 9
says "in a file again" "unseal: done"
exits 0 "unsealed: key" --json key
json 'map(.provider) == ["file", "file"]' "unsealed: key shows it"
menu "seal" 6 9
says "The anchor key is sealed" "seal: done, in a recovery boot as well"
exits 6 "sealed again: it opens" mode listed --passphrase-fd=3

# Another file in its place, and one that was changed.
cp "$etc/keys/anchor.key" "$work/anchor.kept"
sed 's/^MII./MIIX/' "$work/anchor.kept" >"$etc/keys/anchor.key"
exits 8 "a damaged file" mode system --passphrase-fd=3
says "restore it from a backup" "a damaged file: says what to do"
cp "$work/anchor.kept" "$etc/keys/anchor.key"

# Documents.
menu "discard staged" 7 staged 9
[ -z "$(ls "$etc/staged")" ]
tap $? "discard staged: gone"
menu "discard all" 7 all 9
says "document(s) discarded" "discard all: said"
[ -z "$(ls "$etc/active" 2>/dev/null)" ]
tap $? "discard all: gone"
cp "$work/pass.right" "$work/pass"
tpm_stop
