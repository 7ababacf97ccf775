# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# For cli_freshness.sh, cli_freshness_crash.sh and cli_keys.sh: a TPM of their
# own, and what the kernel would make of its counters.

: "${etc:?}" "${root:?}" "${tool:?}" "${work:?}"

# shellcheck disable=SC2034 # who sources this has it
accept=0x0184d002
# shellcheck disable=SC2034 # who sources this has it
issue=0x0184d003

tpm_choose() {
	tpm_port=$((20000 + (RANDOM % 20000) * 2))
	export MODGATE_TCTI=swtpm:host=127.0.0.1,port=$tpm_port
	export TPM2TOOLS_TCTI=$MODGATE_TCTI
}

# tpm_try: over $work/tpm, on the ports that were chosen.
tpm_try() {
	local try

	swtpm socket --tpm2 --tpmstate dir="$work/tpm" \
		--server type=tcp,port=$tpm_port,bindaddr=127.0.0.1 \
		--ctrl type=tcp,port=$((tpm_port + 1)),bindaddr=127.0.0.1 \
		--flags "not-need-init,startup-${tpm_startup:-clear}" >"$work/tpm.log" 2>&1 &
	tpm_pid=$!
	for ((try = 0; try < 50; try++)); do
		kill -0 "$tpm_pid" 2>/dev/null || break
		# What answers may be another one, on a port that was taken.
		timeout 5 tpm2_getcap handles-persistent >/dev/null 2>&1 && kill -0 "$tpm_pid" 2>/dev/null && return
		sleep 0.05
	done
	tpm_stop
	return 1
}

# tpm_run: the same TPM again; its ports may be somebody else's by now.
tpm_run() {
	local try

	for ((try = 0; try < 20; try++)); do
		tpm_try && return
		tpm_choose
	done
	cp "$work/tpm.log" "$work/err"
	tap 1 "a software TPM starts"
}

# tpm_start: a new TPM on loopback, on two ports that are free.
tpm_start() {
	rm -rf "$work/tpm"
	mkdir "$work/tpm"
	tpm_run
}

# save NAME, restore NAME: TPM and root folder, as they were then.
save() {
	tpm_stop
	rm -rf "$work/saved.$1"
	mkdir "$work/saved.$1"
	cp -a "$work/tpm" "$root" "$work/saved.$1"
	tpm_run
}

restore() {
	tpm_stop
	rm -rf "$work/tpm" "$root"
	cp -a "$work/saved.$1"/* "$work"
	tpm_run
}

tpm_stop() {
	[ "$tpm_pid" ] || return
	kill "$tpm_pid" 2>/dev/null
	wait "$tpm_pid" 2>/dev/null
	tpm_pid=
}

# tpm_suspended: it goes on where it was, after tpm2_shutdown.
tpm_suspended() {
	tpm_stop
	tpm_startup=state
	tpm_run
	tpm_startup=
}
tpm_pid=
tpm_startup=
tpm_choose
trap 'end_all; tpm_stop' EXIT

# A TPM and a root folder as init leaves them there; made once.
fresh_tpm() {
	if [ -d "$work/saved.init" ]; then
		restore init
		return
	fi
	fresh
	rm -rf "$etc" "$root/sys"
	exits 6 "init" init --freshness=tpm --passphrase-fd=3
	cp "$work/out" "$work/init_tpm"
	save init
}

# approved: one module approved with one list, two with the next. The first list
# is also in $work/old, as whoever reads the disk could have kept it.
approved() {
	if [ -d "$work/saved.approved" ]; then
		restore approved
		return
	fi
	fresh_tpm
	m approve --passphrase-fd=3 "$work/mg_one.ko"
	rm -rf "$work/old"
	cp -a "$etc/staged" "$work/old"
	# shellcheck disable=SC2034 # who sources this has it
	first=$(newest owner)
	m approve --passphrase-fd=3 "$work/mg_two.ko"
	# shellcheck disable=SC2034 # who sources this has it
	second=$(newest owner)
	save approved
}

# has_index HANDLE: is there such an index?
has_index() {
	grep -qi "$1" <(tpm2_getcap handles-nv-index 2>/dev/null)
}

# counter HANDLE: its value.
counter() {
	echo $((16#$(tpm2_nvread -s 8 "$1" 2>/dev/null | od -An -tx1 | tr -d ' \n')))
}

# machine_of DOCUMENT: the machine that it names, in hex.
machine_of() {
	od -An -v -tx1 -j40 -N48 "$1" | tr -d ' \n'
}

# valid owner|local: generations of valid documents on disk, highest first.
valid() {
	"$tool" --root="$root" --json verify 2>/dev/null |
		jq -r '.[] | select(.good) | .what' |
		sed -n "s:.*/$1-\\([0-9]*\\)\\.[a-z]*\$:\\1:p" | sort -rn
}

newest() {
	valid "$1" | sed -n 1p
}

# accepted owner|local: is there a document that the kernel's rule accepts?
# Which one is in $got.
accepted() {
	local at

	if [ "$1" = local ]; then at=$(counter 0x0184d000); else at=$(counter 0x0184d002); fi
	for got in $(valid "$1"); do
		[ "$at" -gt 0 ] && [ "$got" -ge "$at" ] && [ $((got - at)) -le 64 ] && return
	done
	return 1
}
