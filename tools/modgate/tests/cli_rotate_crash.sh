# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# cli.sh: another owner key, killed at every system call that changes disk or TPM,
# by tests/crash.c.

: "${here:?}" "${status:?}"

# shellcheck source-path=SCRIPTDIR source=cli_tpm.sh
. "$here/cli_tpm.sh"
# shellcheck source-path=SCRIPTDIR source=cli_rule.sh
. "$here/cli_rule.sh"

# A rotation that was killed: what is said of it, and what becomes of it.
interrupted() {
	one_in_force none
	{ CRASH_AT=$before_policy LD_PRELOAD=$work/crash.so m key --rotate --passphrase-fd=3; } 2>/dev/null
	kernel_takes && [ "$policy" = "$old_policy" ] && [ "$(find "$etc/staged" -name 'owner-*.list' | wc -l)" = 1 ]
	tap $? "a rotation killed before its policy is on disk: the new list is there, and not yet good"
	exits 1 "status then" status
	says "a rotation of the owner key is under way or was interrupted" "status says so"
	exits 4 "verify then" verify
	says "was interrupted" "verify says so"
	state state=boot
	exits 0 "boot then" --securityfs="$root/sys/kernel/security" boot --run="$root/run"
	grep -q "$(basename "$old_list"): accepted" "$work/out" && ! grep -q "staged/owner-" "$work/out"
	tap $? "hands over what fits, and nothing else"
	state
	in_force "$old_policy" "$old_list"
	exits 6 "approve then" approve --passphrase-fd=3 "$work/mg_two.ko"
	says "interrupted is undone" "says that it has undone it"
	exits 0 "verify after that" verify
	[ -z "$(ls "$etc"/keys/owner-next* 2>/dev/null)" ] && cmp -s "$work/old/keys/owner.pem" "$etc/keys/owner.pem"
	tap $? "the old key stays"

	# What says which it is was lost: nothing is thrown away.
	one_in_force none
	{ CRASH_AT=$after_policy LD_PRELOAD=$work/crash.so m key --rotate --passphrase-fd=3; } 2>/dev/null
	kernel_takes
	mv "$policy.sig" "$work/policy.sig"
	exits 8 "approve when the policy of an interrupted rotation is damaged" approve --passphrase-fd=3 "$work/mg_two.ko"
	says "move owner-next.key" "says what can be done"
	exits 8 "rotate over an interrupted one whose policy is damaged" key --rotate --passphrase-fd=3
	[ -e "$etc/keys/owner-next.key" ]
	tap $? "the next key was not thrown away"
	mv "$work/policy.sig" "$policy.sig"
	exits 6 "rotate after it was restored" key --rotate --passphrase-fd=3
	says "no further key was made" "it has finished the one that was interrupted"
	exits 0 "verify after that" verify

	one_in_force none
	{ CRASH_AT=$after_policy LD_PRELOAD=$work/crash.so m key --rotate --passphrase-fd=3; } 2>/dev/null
	printf 'correct horse\nbattery staple\n' >"$work/pass"
	exits 0 "change the passphrase after an interrupted one" key --change-passphrase --passphrase-fd=3
	says "interrupted is finished" "it has finished it"
	printf 'battery staple\n' >"$work/pass"
	exits 6 "the new owner key has the new passphrase" approve --passphrase-fd=3 "$work/mg_two.ko"
	printf 'correct horse\n' >"$work/pass"
}

# The two steps between which the old documents give way to the new ones.
find_steps() {
	local step

	before_policy=1 after_policy=200
	while [ $((after_policy - before_policy)) -gt 1 ]; do
		step=$(((before_policy + after_policy) / 2))
		one_in_force none
		{ CRASH_AT=$step LD_PRELOAD=$work/crash.so m key --rotate --passphrase-fd=3; } 2>/dev/null
		kernel_takes
		if [ "$list" = "$old_list" ]; then
			before_policy=$step
		else
			after_policy=$step
		fi
	done
}

# after_kill: the kernel takes the old documents, or the new ones, and the next
# approval works.
after_kill() {
	if ! kernel_takes; then
		echo "the kernel takes $policy and $list"
		return 1
	fi
	if [ "$policy" = "$old_policy" ]; then
		[ "$list" = "$old_list" ] || return
	else
		[ "$list" != "$old_list" ] && same_content "$work/list" "$list" || return
	fi
	m approve --permanent --passphrase-fd=3 "$work/mg_two.ko"
	cat "$work/out" "$work/err"
	[ "$status" = 6 ] && "$tool" --root="$root" verify || return
	[ -z "$(ls "$etc"/keys/owner-next* 2>/dev/null)" ] || return
	kernel_takes && [ "$(field "$list" 88 48)" = "$("$mkdoc" cert "$etc/keys/owner.pem" | sha384 -)" ] || return
	[ -z "$tpm_pid" ] || [ "$(counter $accept)" = "$(generation "$list")" ] || return
	restart
	[ "$(find "$etc" -name '*.policy' | wc -l)" = 1 ] && [ "$(find "$etc" -name '*.list' | wc -l)" = 1 ] || return
	! find "$etc" -name '*.tmp' | grep .
}

# rotate_crash HOW: killed at step 1, 2, ... until it gets through. What is in
# force is in active/, and another list is staged.
rotate_crash() {
	local how=$1 bad=0 tried=0 step

	one_in_force "$how"
	m approve --passphrase-fd=3 "$work/mg_two.ko"
	kernel_takes
	cp "$list" "$work/list"
	old_policy=$policy
	old_list=$list
	rm -rf "$work/crashing"
	if [ "$how" = tpm ]; then save crashing; else cp -a "$root" "$work/crashing"; fi
	: >"$work/crashes"
	for ((step = 1; step < 400; step += ${CRASH_STRIDE:-1})); do
		if [ "$how" = tpm ]; then
			restore crashing
		else
			rm -rf "$root"
			cp -a "$work/crashing" "$root"
		fi
		{ CRASH_AT=$step LD_PRELOAD=$work/crash.so m key --rotate --passphrase-fd=3; } 2>/dev/null
		[ "$status" = 137 ] || break
		[ "$how" != tpm ] || { tpm_stop; tpm_run; }
		tried=$((tried + 1))
		if ! after_kill >"$work/check" 2>&1; then
			bad=$((bad + 1))
			{ echo "step $step:"; cat "$work/check"; find "$etc" -type f; } >>"$work/crashes"
		fi
	done
	cp "$work/crashes" "$work/out"
	[ "$bad" = 0 ] && [ "$tried" -gt 1 ] && [ "$status" = 6 ]
	tap $? "$how: rotate killed at $tried steps, each time both documents are old or both are new, and the next run goes on"
}

if can_crash; then
	find_steps
	interrupted
	rotate_crash none
	tpm_start
	rotate_crash tpm
	tpm_stop
fi
