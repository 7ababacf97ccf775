# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# For cli_rotate.sh and cli_rotate_crash.sh: what the kernel would make of the
# documents on disk, worked out by openssl alone.

: "${accept:?}" "${etc:?}" "${kernel:?}" "${mkdoc:?}" "${root:?}" "${work:?}"

# field DOCUMENT OFFSET SIZE: in hex; number DOCUMENT OFFSET: 64 bits.
field() { od -An -v -tx1 -j"$2" -N"$3" "$1" | tr -d ' \n'; }
number() { od -An -tu8 -j"$2" -N8 "$1" | tr -d ' '; }

generation() { number "$1" 24; }

# by_generation PATTERN: documents on disk, newest first.
by_generation() {
	local doc

	for doc in "$etc"/staged/$1 "$etc"/active/$1; do
		[ -e "$doc" ] && [ -e "$doc.sig" ] && echo "$(generation "$doc") $doc"
	done | sort -rn | cut -d' ' -f2
}

# remember_owner: keep the owner's certificate, so that its lists can be checked.
remember_owner() {
	local cert

	for cert in "$etc"/keys/owner.pem "$etc"/keys/owner-next.pem; do
		[ -e "$cert" ] || continue
		openssl x509 -in "$cert" -pubkey -noout \
			-out "$work/owners/$("$mkdoc" cert "$cert" | sha384 -)" 2>/dev/null
	done
	[ -e "$work/owners/anchor" ] ||
		openssl x509 -in "$etc/keys/anchor.pem" -pubkey -noout -out "$work/owners/anchor"
}

# good PUBLIC DOCUMENT: is its signature right?
good() {
	openssl dgst -sha384 -verify "$1" -signature "$2.sig" "$2" >/dev/null 2>&1
}

# fresh_enough DOCUMENT HANDLE: with a TPM, as the kernel has it.
fresh_enough() {
	local at generation

	[ "$tpm_pid" ] || return 0
	at=$(counter "$2")
	generation=$(generation "$1")
	[ "$at" -gt 0 ] && [ "$generation" -ge "$at" ] && [ $((generation - at)) -le 64 ]
}

# kernel_takes: which local policy and which list the kernel would have in force
# after a restart, in $policy and $list.
kernel_takes() {
	local signer

	policy='' list=''
	remember_owner
	for policy in $(by_generation "*.policy") ''; do
		[ "$policy" ] && good "$work/owners/anchor" "$policy" &&
			fresh_enough "$policy" 0x0184d000 && break
	done
	[ "$policy" ] || return
	for list in $(by_generation "*.list") ''; do
		[ "$list" ] || break
		signer=$(field "$list" 88 48)
		[ "$(field "$policy" 184 48)" = "$signer" ] &&
			[ "$(generation "$list")" -ge "$(number "$policy" 264)" ] &&
			good "$work/owners/$signer" "$list" &&
			fresh_enough "$list" "$accept" && break
	done
	[ "$list" ]
}

# restart: what the kernel takes is in force, as modgate boot leaves it.
restart() {
	state state=boot
	m --securityfs="$root/sys/kernel/security" boot --run="$root/run"
	state
	kernel_takes || return
	in_force "$policy" "$list"
	sed -i "s/^generation=.*/generation=$(generation "$policy")/" "$kernel/policy"
}

# same_content OLD NEW: two lists that differ in generation, time and signer only.
same_content() {
	local file

	for file in "$1" "$2"; do
		{ field "$file" 0 24; field "$file" 40 48; field "$file" 136 9999999; } >"$work/content.$((n++ % 2))"
	done
	cmp -s "$work/content.0" "$work/content.1"
}
n=0

# one_in_force none|tpm: a list that approves mg_one is in force; a copy of all is in
# $work/old.
one_in_force() {
	rm -rf "$work/owners"
	mkdir "$work/owners"
	if [ "$1" = tpm ]; then fresh_tpm; else fresh; fi
	m approve --on-demand --passphrase-fd=3 "$work/mg_one.ko"
	rm -rf "$work/old"
	restart
	cp -a "$etc" "$work/old"
	# shellcheck disable=SC2034 # who sources this has it
	old_list=$list
	# shellcheck disable=SC2034 # who sources this has it
	old_policy=$policy
}
