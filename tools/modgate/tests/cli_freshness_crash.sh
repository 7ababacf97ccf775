# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# cli.sh: the tool killed at every system call that changes disk or TPM, by
# tests/crash.c, while the TPM numbers what is signed.

: "${here:?}" "${status:?}"

# shellcheck source-path=SCRIPTDIR source=cli_tpm.sh
. "$here/cli_tpm.sh"

# killed STEP ARGUMENTS: run the tool, killed there; the power is cut.
killed() {
	local step=$1

	shift
	{ CRASH_AT=$step LD_PRELOAD=$work/crash.so m "$@"; } 2>/dev/null
	tpm_stop
	tpm_run
}

# step_of_commit ARGUMENTS: in $step, the first at which, after approved, a newer
# list is on disk.
step_of_commit() {
	for ((step = 1; step < 400; step++)); do
		approved
		killed "$step" "$@"
		[[ $status = 137 && $(newest owner) = "$second" ]] || break
	done
}

# freshness_crash NAME ARGUMENTS: one list in force, which approves one module;
# the tool killed at step 1, 2, ... until it gets through. After each, the kernel
# accepts the old list or the new one, and the next approval works.
freshness_crash() {
	# shellcheck disable=SC2034 # new is read in a subshell
	local name=$1 step bad=0 tried=0 old new

	shift
	for ((step = 1; step < 400; step += ${CRASH_STRIDE:-1})); do
		restore one
		old=$(newest owner)
		killed "$step" "$@"
		[ "$status" = 137 ] || break
		tried=$((tried + 1))
		{
			echo "step $step: old $old, newest $(newest owner)"
			accepted local && accepted owner && [ "$got" -ge "$old" ] &&
				"$tool" --root="$root" verify &&
				m approve --passphrase-fd=3 --permanent "$work/mg_one.ko" &&
				[ "$status" = 6 ] && "$tool" --root="$root" verify &&
				[ "$(counter 0x0184d002)" = "$(newest owner)" ]
		} >"$work/check" 2>&1 || { bad=$((bad + 1)); cat "$work/check" "$work/err" >>"$work/crashes"; }
	done
	cp "$work/crashes" "$work/out"
	[ "$bad" = 0 ] && [ "$tried" -gt 1 ] && [ "$status" = 6 ]
	tap $? "$name: killed at $tried steps, each time the old list or the new one is valid"
}

freshness_crashes() {
	: >"$work/crashes"
	fresh_tpm
	m approve --passphrase-fd=3 "$work/mg_one.ko"
	mv "$etc"/staged/* "$etc/active"
	save one
	freshness_crash approve approve --passphrase-fd=3 "$work/mg_two.ko"
	freshness_crash revoke revoke --passphrase-fd=3 mg_one
}

# A list that was signed, copied, and never committed; leaves $step.
sibling_never_committed() {
	step_of_commit approve --on-demand --passphrase-fd=3 "$work/mg_one.ko"
	sibling=$(newest owner)
	[ "$sibling" = "$((second + 1))" ] && [ "$(counter $accept)" = "$second" ]
	tap $? "killed between signing and committing: generation $sibling is on disk, the counter is not raised"
	exits 0 "verify then" verify
	says "signed and not committed" "verify says that it was not committed"
	rm -rf "$work/sibling"
	mkdir "$work/sibling"
	cp "$etc"/staged/owner-"$sibling".list* "$work/sibling"
	rm "$etc"/staged/owner-"$sibling".list*
	exits 6 "approve something else" approve --permanent --passphrase-fd=3 "$work/mg_two.ko"
	[ "$(newest owner)" = "$((sibling + 1))" ]
	tap $? "no generation is signed twice, though the disk has forgotten it"
	rm -f "$etc"/staged/owner-* "$etc"/active/owner-*
	cp "$work"/sibling/* "$etc/staged"
	accepted owner
	tap $((! $?)) "the kernel would not accept the sibling any more"
	exits 8 "verify of the sibling" verify
	says "rolled back" "verify says: rolled back"
}

# Somebody has counted issue up, and the repair is killed before committing.
far_ahead() {
	approved
	for ((i = 0; i < 80; i++)); do tpm2_nvincrement $issue; done >/dev/null 2>&1
	save far
	for ((step = 1; step < 400; step++)); do
		restore far
		killed "$step" verify --repair --generation="$second" --passphrase-fd=3
		[[ $status = 137 && $(newest owner) = "$second" ]] || break
	done
	accepted owner && [ "$got" = "$second" ]
	tap $? "repair killed with a number 81 steps ahead: the kernel would accept the old list"
	exits 8 "verify of a list that is too far ahead" verify
	says "81 steps ahead" "verify says how far"
	exits 8 "approve then" approve --permanent --passphrase-fd=3 "$work/mg_two.ko"
	exits 6 "repair once more" verify --repair --generation="$(newest owner)" --passphrase-fd=3
	exits 0 "verify after that" verify
}

if can_crash; then
	tpm_start
	sibling_never_committed
	far_ahead
	freshness_crashes
	tpm_stop
fi
