# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# cli.sh: another mode and other flags of the local policy, without and with a TPM
# that numbers the documents.

: "${here:?}"

# shellcheck source-path=SCRIPTDIR source=cli_tpm.sh
. "$here/cli_tpm.sh"
# shellcheck source-path=SCRIPTDIR source=cli_rule.sh
. "$here/cli_rule.sh"

# mode_and_flags DOCUMENT: as two numbers.
mode_and_flags() { od -An -tu4 -j136 -N8 "$1" | awk '{ print $2, $1 }'; }

# next_policy: the policy that the kernel would take after a restart.
next_policy() { kernel_takes && mode_and_flags "$policy"; }

changes() {
	local how=$1 before

	one_in_force "$how"
	exits 0 "$how: mode" mode
	says "listed: what is approved loads" "$how: says what is in force"
	! grep -q "After restart" "$work/out"
	tap $? "$how: and that nothing else comes"
	exits 0 "$how: the same mode" mode listed --enforce --passphrase-fd=3
	says "has these settings already" "$how: says that it is so already"
	[ -z "$(ls "$etc/staged")" ]
	tap $? "$how: and signs nothing"

	exits 6 "$how: another mode" mode signed --passphrase-fd=3
	says "A restart is needed" "$how: says that a restart is needed"
	kernel_takes && [ "$policy" != "$old_policy" ] && [ "$list" = "$old_list" ] &&
		[ -e "$old_policy" ] && [ "$(mode_and_flags "$policy")" = "2 4" ]
	tap $? "$how: after a restart the kernel has it, and the same list"
	[ "$(field "$policy" 40 48)$(field "$policy" 160 999)" = \
		"$(field "$old_policy" 40 48)$(field "$old_policy" 160 999)" ]
	tap $? "$how: machine and authorities are the same"
	exits 0 "$how: mode before the restart" --json mode
	json '.in_force.mode == "listed" and .next.mode == "signed" and .restart_needed and (.next.audit | not)' \
		"$how: mode shows both"
	exits 6 "$how: status before the restart" status
	exits 1 "$how: diff shows the mode" --json diff
	json 'map(.kind) == ["mode"]' "$how: diff shows the mode alone"
	exits 0 "$how: verify" verify
	exits 6 "$how: the same again" mode signed --passphrase-fd=3
	says "it waits for a restart" "$how: says what it waits for"

	exits 6 "$how: flags" --json mode --audit --allow-kexec --passphrase-fd=3
	json '.mode == "signed" and .audit and .allow_kexec and .restart_needed' "$how: flags as JSON"
	[ "$(next_policy)" = "2 7" ]
	tap $? "$how: the flags come on top of the mode that waits"
	exits 6 "$how: flags away, and another mode" mode system --enforce --refuse-kexec --passphrase-fd=3
	says "no third-party module loads" "$how: says what that mode does"
	says "Enforcing" "$how: says that it enforces"
	[ "$(next_policy)" = "1 4" ]
	tap $? "$how: flags and mode are others"
	exits 6 "$how: the gate is to stay open" mode --stay-open --passphrase-fd=3
	says "The gate stays open" "$how: says so"
	[ "$(next_policy)" = "1 0" ]
	tap $? "$how: without auto-close"
	exits 6 "$how: the gate is to close" --json mode --auto-close --passphrase-fd=3
	json '.auto_close' "$how: auto-close as JSON"
	[ "$(next_policy)" = "1 4" ]
	tap $? "$how: with auto-close"
	[ "$(find "$etc/staged" -name '*.policy' | wc -l)" = 1 ]
	tap $? "$how: what was staged before is gone"
	exits 0 "$how: why" --json why "$work/mg_one.ko"
	json '.reason == "approved" and .reason_after_restart == "mode"' "$how: why knows what comes"
	exits 1 "$how: approve in mode system" approve --passphrase-fd=3 "$work/mg_two.ko"

	restart
	state mode=system
	in_force "$policy" "$list"
	sed -i "s/^generation=.*/generation=$(generation "$policy")/" "$kernel/policy"
	exits 0 "$how: mode after the restart" mode
	says "In force:      system" "$how: mode says so"
	exits 1 "$how: why says how to get out" why "$work/mg_one.ko"
	says "modgate mode listed" "$how: by mode"

	# The older policy, put back in place of the newer one.
	before=$(ls "$etc"/active/*.policy)
	mkdir -p "$work/away"
	mv "$etc"/active/*.policy* "$work/away"
	cp "$work"/old/active/local-* "$etc/active"
	exits 8 "$how: mode over an older policy that was put back" mode listed --passphrase-fd=3
	says "put back" "$how: says that it was put back"
	rm "$etc"/active/*.policy*
	mv "$work"/away/* "$etc/active"
	cp "$before" "$work/policy"
	flip "$before" 200
	exits 4 "$how: mode from a damaged policy" mode listed --passphrase-fd=3
	cp "$work/policy" "$before"
	exits 6 "$how: mode, when all is in order again" mode listed --passphrase-fd=3
	before=$(ls "$etc"/staged/*.policy)
	flip "$before" 200
	exits 8 "$how: mode over a damaged policy that waits" mode signed --passphrase-fd=3
	says "restore it from a backup, or move it away" "$how: says what to do about it"
}

fresh
state
exits 2 "no such mode" mode open
says "system, signed, listed" "no such mode: says which there are"
exits 2 "two modes" mode signed listed
exits 2 "both ways" mode --audit --enforce
exits 2 "both ways of kexec" mode --allow-kexec --refuse-kexec
exits 2 "both ways of the gate" mode --auto-close --stay-open
printf 'something wrong\n' >"$work/pass"
before=$(find "$etc" -type f | sort | xargs sha384sum)
exits 4 "wrong passphrase" mode signed --passphrase-fd=3
printf 'correct horse\n' >"$work/pass"
[ "$before" = "$(find "$etc" -type f | sort | xargs sha384sum)" ]
tap $? "wrong passphrase: nothing has changed"
rm -rf "$etc"
exits 5 "mode of nothing" mode
exits 5 "another mode of nothing" mode signed --passphrase-fd=3
changes none
tpm_start
changes tpm
tpm_stop
