# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Prefixed to every script that a scenario runs in the guest; $work, $top, $bin and
# $tree are set.

: "${work:?}" "${top:?}" "${bin:?}" "${tree:?}"
modgate=/sys/kernel/security/modgate
cd "$work" || exit 1

# check NAME EXPECTED ACTUAL: EXPECTED is a pattern. The host numbers it.
check() {
	# shellcheck disable=SC2053
	if [[ $3 == $2 ]]; then
		echo "ok - $1"
	else
		echo "not ok - $1"
		echo "# expected: $2"
		echo "# got:      ${3//$'\n'/$'\n'# }"
	fi
}

# state KEY
state() { sed -n "s/^$1=//p" $modgate/state; }

# Loads a module; prints the result, and the reasons in audit record and event.
load() { "$work/load_module" "$@"; }

# What load prints: allowed, or refused by modgate for a reason.
# shellcheck disable=SC2034
allowed='result=ok audit=- event=-'
refused() { echo "result=EPERM audit=$1 event=$1"; }
recorded() { echo "result=ok audit=$1 event=$1"; }
digest() { sha384sum "$1" | cut -d ' ' -f 1; }

# on_disk POLICY LIST [LIST]: puts the documents and their signers' certificates where the tool
# reads them.
on_disk() {
	local active=/etc/modgate/active
	mkdir -p /etc/modgate/keys $active
	cp anchor.pem owner.pem /etc/modgate/keys
	cp "$1" $active/local-1.policy
	cp "$1.sig" $active/local-1.policy.sig
	cp "$2" $active/owner-1.list
	cp "$2.sig" $active/owner-1.list.sig
	[ -z "${3:-}" ] || cp "$3" $active/other-1.list
	[ -z "${3:-}" ] || cp "$3.sig" $active/other-1.list.sig
}
