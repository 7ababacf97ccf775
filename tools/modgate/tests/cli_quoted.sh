# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2119
#
# For cli_quote.sh and cli_expect.sh: a kernel in which modules came up, who verifies
# its quotes, and who is root there, played by tpm2_quote with the same key.

: "${here:?}" "${release:?}"

# shellcheck source-path=SCRIPTDIR source=cli_measured.sh
. "$here/cli_measured.sh"

nonce=000102030405060708090a0b0c0d0e0f
chain=0,1,2,3,4,5,6,7,8,9,11,14
# shellcheck disable=SC2034 # who sources this has it
quote=$work/quote.json
changed=$work/changed.json
pem=$work/attestation.pem

# line NUMBER NAME TIME: a module that came up: what is hashed.
line() {
	printf 'number=%s time=%s.000001 digest=%s name=%s reason=approved authority=%s\n' \
		"$1" "$3" "$(sha384 "$work/$2.ko")" "$2" "$owner"
}

# with_modules [TIME]: a kernel in which two came up, and the receipt of it.
with_modules() {
	local first second hash

	machine measured=7 state=closed
	first=$(line 1 mg_one "${1:-3}")
	second=$(line 2 mg_two "${1:-3}")
	hash=$({ head -c 48 /dev/zero; printf %s "$first"; } | sha384sum | cut -d' ' -f1)
	hash=$({ xxd -r -p <<<"$hash"; printf %s "$second"; } | sha384sum | cut -d' ' -f1)
	cat >>"$log" <<-END
	seq=5 event=module $first
	seq=6 event=module $second
	seq=7 event=closed lines=2 sha384=$hash
	END
	cat >"$kernel/receipt" <<-END
	$first state=live loads=1 permanent=no
	$second state=gone loads=3 permanent=no
	lines=2 lost=0 sha384=$hash
	END
}

# v FILE [ARGUMENT...]: verify it as another machine would: without a TPM, without
# modgate, without privileges.
v() {
	MODGATE_TCTI=device:/dev/null setpriv --bounding-set=-all --inh-caps=-all \
		"$tool" --root=/nowhere receipt --verify-quote="$1" --nonce="$nonce" \
		--attestation-key="$pem" "${@:2}" >"$work/out" 2>"$work/err"
	status=$?
}

# verifies STATUS NAME FILE [ARGUMENT...]
verifies() {
	v "${@:3}"
	[ "$status" = "$1" ] || echo "exit $status, expected $1" >>"$work/err"
	[ "$status" = "$1" ]
	tap $? "$2: exit $1"
}

# only WHAT NAME: in JSON, this is what was found to be wrong, and nothing else.
only() {
	json "[.checks[] | select(.good | not) | .what] == [\"$1\"] and .good == false" \
		"$2: and it is $1 alone"
}

# refused NAME: each of the last files was; those that were not are in $bad.
refused() {
	[ -z "$bad" ] || echo "not refused: $bad" >>"$work/err"
	[ -z "$bad" ]
	tap $? "$1"
}

# data LOG RECEIPT: what the documentation says that the TPM signs.
data() {
	printf 'modgate quote 1\nnonce=%s\nkernel=%s\nlog=%s\nreceipt=%s\n' "$nonce" "$release" \
		"$(sha384 "$1")" "$(sha384 "$2")" | sha256sum | cut -d' ' -f1
}

# values SELECTION: what the PCRs have, as a quote has them.
values() {
	tpm2_pcrread "$1" 2>"$work/err" | sed -n 's/^ *\([0-9]*\) *: 0x\(.*\)/\1 \2/p' |
		jq -Rn '[inputs | split(" ") | {key: .[0], value: .[1] | ascii_downcase}] | from_entries'
}

# assemble LOG RECEIPT PCR BANK: a file, of the attest and signature in $work.
assemble() {
	jq -n --arg nonce "$nonce" --argjson pcr "$3" --arg bank "$4" --arg kernel "$release" \
		--argjson pcrs "$(values "$4:$chain,$3")" \
		--arg attest "$(xxd -p "$work/attest" | tr -d '\n')" \
		--arg signature "$(xxd -p "$work/signature" | tr -d '\n')" \
		--rawfile log "$1" --rawfile receipt "$2" \
		'{version: 1, $nonce, $pcr, $bank, $pcrs, $attest, $signature, $kernel, $log, $receipt}' >"$changed"
}

# by_root COMMAND...: one of tpm2-tools, which leaves its keys in the TPM.
by_root() {
	local rc

	"$@" >"$work/out" 2>"$work/err"
	rc=$?
	tpm2_flushcontext -t 2>>"$work/err"
	return $rc
}

# forge [SELECTION] [PCR] [BANK] [DATA]: what root can have the TPM sign, with the
# log and the receipt that lie in $work.
forge() {
	rm -f "$changed"
	by_root tpm2_quote -Q -c "$work/ak.ctx" -g "$hash" -l "${1:-sha384:$chain,13}" -m "$work/attest" \
		-s "$work/signature" -f tss -q "${4:-$(data "$copy" "$work/receipt")}" || return
	assemble "$copy" "$work/receipt" "${2:-13}" "${3:-sha384}"
}

# key CURVE HASH: what tpm2-tools make of the template in the documentation.
key() {
	hash=$2
	by_root tpm2_createprimary -Q -C e -g "$2" -G "ecc$1:ecdsa-$2:null" -c "$work/ak.ctx" \
		-a 'fixedtpm|fixedparent|sensitivedataorigin|userwithauth|noda|restricted|sign' &&
		by_root tpm2_readpublic -Q -c "$work/ak.ctx" -f pem -o "$work/ak.pem" -n "$work/ak.name"
}
