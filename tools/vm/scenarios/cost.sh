#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What freshness by TPM costs: commands to the TPM per boot and per approve, as
# the TPM logs them, and the time from the kernel's start to sealed, with
# freshness=tpm and none in turns. Times are those of an emulated machine: only their
# ratio means something, and no test fails on them.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

any_kernel
rounds=2
[ -z "${MODGATE_LONG:-}" ] || rounds=5
# As Documentation/security/modgate.rst has them.
most_per_boot=8
most_per_approve=100

helpers=$(cat <<'END'
PATH=$bin:$PATH
exec 3<<<"a passphrase for tests"
END
)
machine() { guest --tpm "$work/tpm" --disk "$work/disk" "$@"; }

machine --append modgate.freshness=tpm <<'END'
modgate init --mode=listed --passphrase-fd=3 >/dev/null
echo "PIN $(modgate key --pin)"
END
pin=$(told_pin)

# The kernel asks for random numbers at any time; they are not counted.
get_random=0000017B
# commands: how often each was sent, by its code (TPM 2.0 Library, Part 2, 6.5.2).
commands() {
	awk '/SWTPM_IO_Read/ { getline; print $7 $8 $9 $10 }' tpm.log | grep -v $get_random | sort | uniq -c
}

# seconds WHAT: when that was, by the guest's clock.
seconds() { sed -n "s/.*initramfs: modgate boot: $1.* at \\([0-9.]*\\) s.*/\\1/p" console; }

# measure NAME APPEND: a boot, with the script on stdin. On a slow machine the kernel may
# time out on a command and send more to recover: such a boot is repeated.
measure() {
	local script try
	script=$(cat)
	for try in 1 2 3 4 5; do
		rm -f tpm.log console
		machine --tpm-log "$work/tpm.log" --console "$work/console" --append "$2" <<<"try=$try; $script"
		grep -qa 'Operation Timed out' console || break
	done
	commands >"$1.commands"
	awk '{ n += $1 } END { print n }' "$1.commands" >>"$1.counts"
	seconds exit >>"$1.sealed"
	awk "BEGIN { print $(seconds exit) - $(seconds begins) }" >>"$1.handing"
}

for ((round = 1; round <= rounds; round++)); do
	measure unprovisioned "" </dev/null
	for freshness in none tpm; do
		measure $freshness "$pin modgate.freshness=$freshness" <<END
check "round $round: with freshness $freshness all documents are in force" "$freshness yes 0" \
	"\$(state freshness) \$(state policy) \$(state missing-lists)"
END
	done
	measure approve "$pin modgate.freshness=tpm" <<END
modgate approve --unseen --passphrase-fd=3 \$(sha384sum <<<"$round \$try" | cut -d ' ' -f 1) >/dev/null
check "round $round: approve succeeds" 6 \$?
END
done

# count NAME: sets count to the commands in a boot of this kind, all with the same number.
count() {
	check "$1: each boot sends the same number of commands to the TPM" "1" "$(sort -u "$1.counts" | wc -l)"
	count=$(tail -n 1 "$1.counts")
}
median() { sort -n "$1" | sed -n "$(((rounds + 1) / 2))p"; }
ratio() { awk "BEGIN { printf \"%.2f\", $1 / $2 }"; }

count unprovisioned
unprovisioned=$count
count none
none=$count
count tpm
tpm=$count
count approve
approve=$count
echo "# commands to the TPM in a boot: $unprovisioned not provisioned, $none with freshness=none, $tpm with tpm"
# ContextLoad and ContextSave, which the tool does not send.
manager=$(awk '/ 0000016[12]$/ { n += $1 } END { print n + 0 }' approve.commands)
echo "# commands to the TPM in an approve: $((approve - tpm)), of which the kernel's resource manager sends $manager"
for name in none tpm approve; do
	echo "# $name, by code: $(awk '{ printf "%s x %d, ", $2, $1 }' $name.commands)"
done
check "freshness by TPM adds at most $most_per_boot commands to a boot" 1 $((tpm - none <= most_per_boot))
check "freshness by TPM adds commands to a boot" 1 $((tpm - none > 0))
check "approve sends at most $most_per_approve commands to the TPM" 1 $((approve - tpm <= most_per_approve))
for what in sealed handing; do
	a=$(median none.$what) b=$(median tpm.$what)
	echo "# $what, median of $rounds: $a s with freshness=none, $b s with tpm: $(ratio "$b" "$a") times"
done
finish
