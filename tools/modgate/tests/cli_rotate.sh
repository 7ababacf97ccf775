# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# cli.sh: another owner key, without and with a TPM that numbers the documents.

: "${here:?}"

# shellcheck source-path=SCRIPTDIR source=cli_tpm.sh
. "$here/cli_tpm.sh"
# shellcheck source-path=SCRIPTDIR source=cli_rule.sh
. "$here/cli_rule.sh"

rotates() {
	local how=$1 first bad

	one_in_force "$how"
	exits 0 "$how: status before" status
	exits 6 "$how: rotate" key --rotate --passphrase-fd=3
	says "A restart is needed" "$how: says that a restart is needed"
	! cmp -s "$work/old/keys/owner.pem" "$etc/keys/owner.pem" &&
		! cmp -s "$work/old/keys/owner.key" "$etc/keys/owner.key" &&
		cmp -s "$work/old/keys/anchor.pem" "$etc/keys/anchor.pem" &&
		[ "$(stat -c %a "$etc/keys/owner.key")" = 600 ] &&
		[ -z "$(ls "$etc"/keys/owner-next* 2>/dev/null)" ]
	tap $? "$how: the owner key is another one, the anchor stays"
	openssl pkey -in "$etc/keys/owner.key" -passin "pass:correct horse" -noout 2>"$work/err"
	tap $? "$how: the passphrase is the same"
	[ -e "$old_list" ] && [ -e "$old_policy" ]
	tap $? "$how: what is in force is still on disk"
	kernel_takes && [ "$policy" != "$old_policy" ] && [ "$list" != "$old_list" ] &&
		[ "$(field "$list" 88 48)" = "$("$mkdoc" cert "$etc/keys/owner.pem" | sha384 -)" ]
	tap $? "$how: after a restart the kernel has the new policy and the new list"
	same_content "$old_list" "$list"
	tap $? "$how: the list says the same, byte for byte"
	[ "$(field "$policy" 40 48)" = "$(field "$old_policy" 40 48)" ] &&
		[ "$(field "$policy" 136 8)" = "$(field "$old_policy" 136 8)" ] &&
		[ "$(field "$policy" 232 16)$(field "$policy" 256 8)$(field "$policy" 272 48)" = \
		"$(field "$old_policy" 232 16)$(field "$old_policy" 256 8)$(field "$old_policy" 272 48)" ] &&
		[ "$(number "$policy" 264)" = "$(generation "$list")" ]
	tap $? "$how: the policy says the same but for the key and the floor"

	# Before the restart.
	exits 6 "$how: status before the restart" status
	says "waits for a restart" "$how: status says what waits"
	exits 6 "$how: status as JSON" --json status
	json '.problems == [] and .restart_needed and (.lists | length) == 1 and .lists[0].modules == 1' \
		"$how: status has no problem, and one list"
	exits 0 "$how: verify" verify
	says "its key is replaced by a restart" "$how: verify says of the old list that its time is up"
	exits 0 "$how: why: it loads, now and later" why "$work/mg_one.ko"
	exits 0 "$how: list" --json list
	json 'length == 1 and .[0].state == "active" and .[0].name == "mg_one"' "$how: list has it once, active"
	exits 1 "$how: diff" --json diff
	json 'map(.document + " " + .kind) == ["policy authority", "policy authority", "list of owner signer"]' \
		"$how: diff shows another key and nothing else"
	exits 6 "$how: approve with the new key" approve --passphrase-fd=3 "$work/mg_two.ko"
	exits 0 "$how: verify after that" verify
	kernel_takes && [ "$policy" != "$old_policy" ] && [ -e "$old_list" ]
	tap $? "$how: the kernel would take that list, and what is in force is still there"

	# The old key files, put back.
	rm -rf "$work/keys"
	cp -a "$etc/keys" "$work/keys"
	cp "$work"/old/keys/owner.* "$etc/keys"
	exits 8 "$how: approve with the old key" approve --permanent --passphrase-fd=3 "$work/mg_two.ko"
	says "no authority of the local policy" "$how: says that it is no authority"
	exits 8 "$how: rotate from the old key" key --rotate --passphrase-fd=3
	cp "$work"/keys/owner.* "$etc/keys"

	# Once more, before the restart.
	first=$(ls "$etc/staged")
	exits 6 "$how: rotate once more" key --rotate --passphrase-fd=3
	exits 0 "$how: verify then" verify
	for file in $first; do [ ! -e "$etc/staged/$file" ] || echo "$file"; done >"$work/out"
	[ ! -s "$work/out" ] && [ -e "$old_list" ]
	tap $? "$how: what the first one staged is gone, what is in force is not"
	exits 6 "$how: status then" status
	restart
	[ "$(ls "$etc/staged")" = "" ] && [ ! -e "$old_list" ] && [ ! -e "$old_policy" ] && kernel_takes
	tap $? "$how: after the restart only the new documents are there"
	exits 0 "$how: status after the restart" status
	exits 0 "$how: verify after the restart" verify
	exits 0 "$how: list after the restart" --json list
	json '[.[] | select(.state == "active") | .name] | sort == ["mg_one", "mg_two"]' "$how: both are approved"

	# The old list, put back: alone, then with its policy.
	new_list=$list
	cp "$work"/old/active/owner-* "$etc/active"
	kernel_takes && [ "$list" = "$new_list" ]
	tap $? "$how: the old list put back beside the new one is not taken"
	exits 4 "$how: verify names it" verify
	says "no authority of the local policy" "$how: and says why"
	exits 6 "$how: approve does not mind" approve --permanent --passphrase-fd=3 "$work/mg_two.ko"
	[ ! -e "$old_list" ]
	tap $? "$how: and removes it"
	rm -f "$etc"/*/owner-*
	cp "$work"/old/active/owner-* "$etc/active"
	kernel_takes
	tap $((! $?)) "$how: the old list put back in place of the new one is not taken"
	exits 1 "$how: status then" status
	says "required, but there is no valid one on disk" "$how: status says what is missing"
	rm -rf "$etc"
	cp -a "$work/old" "$etc"
	[ "$how" = none ] && bad=1 || bad=8
	exits $bad "$how: status when all of it was put back" status
	says "put back" "$how: status says so"
	exits 8 "$how: verify then" verify
	exits 8 "$how: approve then" approve --passphrase-fd=3 "$work/mg_two.ko"
	exits 8 "$how: rotate then" key --rotate --passphrase-fd=3
	if [ "$how" = tpm ]; then
		kernel_takes
		tap $((! $?)) "$how: the kernel would take none of it"
	fi
}

refuses() {
	one_in_force none
	echo "wrong horse" >"$work/pass"
	exits 4 "rotate with a wrong passphrase" key --rotate --passphrase-fd=3
	echo "correct horse" >"$work/pass"
	diff -r "$work/old" "$etc" >"$work/out"
	tap $? "changes nothing"
	mv "$etc/keys/anchor.key" "$work/anchor.key"
	exits 5 "rotate without the anchor key" key --rotate --passphrase-fd=3
	says "anchor.key is missing" "says which key it needs"
	mv "$work/anchor.key" "$etc/keys/anchor.key"
	mv "$etc/keys/owner.key" "$work/owner.key"
	exits 6 "rotate when the owner key was lost" key --rotate --passphrase-fd=3
	exits 6 "approve with the new one" approve --passphrase-fd=3 "$work/mg_two.ko"

	one_in_force none
	exec 9<>"$etc/.lock"
	flock 9
	exits 1 "rotate while another one is at it" key --rotate --passphrase-fd=3
	says "another modgate is changing" "says that another one is"
	exec 9>&-
	cp "$old_list" "$etc/staged/owner-9.list"
	flip "$etc/staged/owner-9.list" 24
	cp "$old_list.sig" "$etc/staged/owner-9.list.sig"
	exits 8 "rotate when a newer list was damaged" key --rotate --passphrase-fd=3
	says "nothing was changed" "says that nothing was changed"
	rm "$etc"/staged/owner-9.*
	: >"$etc/staged/local-9.policy"
	exits 8 "rotate when another policy was damaged" key --rotate --passphrase-fd=3
	says "local-9.policy" "says which one"
	rm "$etc"/staged/local-9.*
	diff -r "$work/old" "$etc" >"$work/out"
	tap $? "neither has changed anything"
	exits 6 "rotate as JSON" --json key --rotate --passphrase-fd=3
	json '.restart_needed and .owner != .replaced and .policy_generation == 2 and .list_generation == 3' \
		"says what it made"
	exits 2 "two things at once" key --rotate --pin
}

# Everything that a list can say, and exactly that.
keeps_everything() {
	one_in_force none
	openssl pkey -in "$etc/keys/owner.key" -passin "pass:correct horse" -out "$work/plain.key"
	"$mkdoc" list --key "$work/plain.key" --cert "$etc/keys/owner.pem" --generation 3 \
		--module "@$work/mg_one.ko,on-demand,mg_one" --module "@$work/mg_two.ko,permanent,mg_two" \
		--vendor "$work/signer.crt,on-demand,mg_*" --ban "@$work/mg_other.ko,mg_other" \
		--ban-cert "$work/signer.crt,signer" --out "$etc/staged/owner-3.list" >"$work/out" 2>&1
	exits 0 "verify of a list with everything" verify
	cp "$etc/staged/owner-3.list" "$work/everything"
	exits 6 "rotate it" key --rotate --passphrase-fd=3
	same_content "$work/everything" "$etc/staged/owner-4.list"
	tap $? "modules, vendors and bans are the same, byte for byte"
}

# Boot: the old list is neither handed over nor kept.
boots() {
	one_in_force none
	state state=boot
	exits 6 "rotate, for boot" key --rotate --passphrase-fd=3
	kernel_takes
	exits 0 "boot after a rotation" --securityfs="$root/sys/kernel/security" boot --run="$root/run"
	! grep -q "$(basename "$old_list")" "$work/out" && grep -q "$(basename "$list"): accepted" "$work/out"
	tap $? "does not hand over the old list"
	[ ! -e "$old_list" ] && [ ! -e "$old_policy" ] && [ -z "$(ls "$etc/staged")" ]
	tap $? "and has removed it"
}

rotates none
keeps_everything
boots
refuses
tpm_start
rotates tpm
# Counters do not mind a lockout, and the keys are files.
one_in_force tpm
tpm2_dictionarylockout -s -n 1 -t 1000 -l 1000 >/dev/null 2>&1
tpm2_nvdefine 0x01800100 -C o -s 8 -p secret -a "authread|authwrite" >/dev/null 2>&1
for _ in 1 2 3; do tpm2_nvread 0x01800100 -P wrong; done >"$work/out" 2>&1
exits 6 "rotate in lockout" key --rotate --passphrase-fd=3
exits 0 "verify then" verify
tpm2_dictionarylockout -c >/dev/null 2>&1
one_in_force tpm
before=$(counter $issue)
echo "wrong horse" >"$work/pass"
exits 4 "tpm: rotate with a wrong passphrase" key --rotate --passphrase-fd=3
echo "correct horse" >"$work/pass"
[ "$(counter $issue)" = "$before" ]
tap $? "tpm: a wrong passphrase uses up no number"
MODGATE_TCTI=swtpm:host=127.0.0.1,port=1
exits 1 "rotate without the TPM" key --rotate --passphrase-fd=3
MODGATE_TCTI=$TPM2TOOLS_TCTI
diff -r "$work/old" "$etc" >"$work/out"
tap $? "neither has changed anything on disk"
tpm_stop
