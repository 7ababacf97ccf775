# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# For cli_log.sh, cli_quote.sh and cli_expect.sh: a kernel that measures. Its part is played by
# tpm2_pcrevent, which has the TPM itself hash each line, for each bank.

: "${here:?}" "${kernel:?}"

# shellcheck source-path=SCRIPTDIR source=cli_tpm.sh
. "$here/cli_tpm.sh"

# extend: the lines on stdin go into the PCR, each without its newline.
extend() {
	local line

	while IFS= read -r line; do
		printf %s "$line" | tpm2_pcrevent -Q 13 || return
	done >"$work/out" 2>"$work/err"
}

# machine [PAIR...]: a kernel with two documents in force and what it has
# measured, in log. The PCR is another matter.
machine() {
	local policy list signer

	fresh
	state pcr=13 measured=4 "$@"
	policy=$(ls "$etc"/staged/local-*.policy)
	list=$(ls "$etc"/staged/owner-*.list)
	in_force "$policy" "$list"
	signer=$(sed -n 's/^anchor-digest=//p' "$kernel/state")
	owner=$(sed -n 's/.* authority=\([0-9a-f]*\) .*/\1/p' "$kernel/lists")
	cat >"$kernel/log" <<-END
	seq=1 event=boot kind=normal freshness=none machine=dmi machine-name=$(sha384 "$work/pass") $(counts)
	seq=2 event=policy digest=$(sha384 "$policy") signer=$signer generation=1 counter=0
	seq=3 event=list digest=$(sha384 "$list") signer=$owner generation=1 counter=0
	seq=4 event=sealed by=seal
	END
	log=$kernel/log
	copy=$work/log.copy
	cp "$log" "$copy"
}

# counts: how often the TPM was reset, and suspended since, as the log has it. Without a
# TPM, something that started puts right.
counts() {
	local clock

	clock=$(tpm2_readclock 2>"$work/err") || { echo "reset-count=0 restart-count=0"; return; }
	sed -n 's/^ *reset_count: */reset-count=/p; s/^ *restart_count: */restart-count=/p' <<<"$clock" |
		paste -sd ' '
}

# started: the TPM begins anew, and the log, and its copy, say so.
started() {
	local same=

	tpm_stop
	tpm_run
	cmp -s "$log" "$copy" && same=yes
	sed -i "1s/reset-count=[0-9]* restart-count=[0-9]*/$(counts)/" "$log"
	[ ! "$same" ] || cp "$log" "$copy"
}

# restarted: likewise, and is told what is in log.
restarted() {
	started
	extend <"$log"
}

# other CHARACTER: another one, that could stand there as well.
other() {
	# shellcheck disable=SC2018 # ASCII only
	case $1 in
	[0-8]) echo $(($1 + 1)) ;;
	9) echo 0 ;;
	*) tr a-z b-za <<<"$1" ;;
	esac
}
