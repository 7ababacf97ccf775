#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Attestation: the tool alone verifies a machine's quote on another machine (this
# one). After a restart it refuses the old quote, and it finds out if somebody
# extended the PCR by hand.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

# The tool does the same on every kernel.
any_kernel

prepare anchor owner
policy policy 1 --authority "$owner_authority"
list list owner 1 --module "$(digest one.ko)" --module "$(digest two.ko)"
hand_over anchor.der policy.bundle list.bundle

# shellcheck disable=SC2034
helpers=$(cat <<'END'
PATH=$bin:$PATH
export TPM2TOOLS_TCTI=device:/dev/tpmrm0
# send NAME FILE: to the machine that verifies.
send() { echo "SEND $1 $(base64 -w 0 <"$2")"; }
# quote NAME NONCE
quote() { modgate receipt --quote="$2" --output=/run/quote && send "$1" /run/quote; }
END
)

machine() {
	guest --tpm "$work/tpm" --no-boot --initramfs-extra initramfs --early early \
		--append "$(pin anchor)"
}

# received NAME: writes what the machine has sent into file NAME.
received() { sed -n "s/^SEND $1 //p" output | base64 -d >"$1"; }

# try FILE NONCE: verifies without the machine, on a kernel without modgate.
try() {
	status=0
	said=$(MODGATE_TCTI=none "$bin/modgate" receipt --verify-quote="$1" --nonce="$2" \
		--attestation-key=key.pem 2>&1) || status=$?
}

# verify STATUS NAME FILE NONCE
verify() {
	try "$3" "$4"
	check "$2: exit status $1" "$1" "$status"
	[[ $status == "$1" ]] || printf '%s\n' "$said" | sed 's/^/# /'
}

one=$(openssl rand -hex 32)
two=$(openssl rand -hex 16)
three=$(openssl rand -hex 32)

machine <<END
modgate receipt --attestation-key >/run/key.pem
send key.pem /run/key.pem
insmod one.ko
check "an approved module is live" 1 "\$(grep -c 'name=modgate_test_one .* state=live' \$modgate/receipt)"
quote first $one
modgate receipt --verify-quote=/run/quote --nonce=$one --attestation-key=/run/key.pem >/run/said
check "the machine itself verifies its quote" 0 \$?
check "a second approved module loads, and is unloaded" "\$allowed" "\$(load finit two.ko)"
quote second $two
END
received key.pem
received first
received second
verify 0 "a quote verifies" first "$one"
check "the verifier lists the loaded module" "*power-on: 1*modgate_test_one (approved) $(digest one.ko)" "$said"
check "the verifier shows how the kernel booted" "*boot: normal, freshness none*" "$said"
check "the verifier shows the local policy in force" \
	"*policy: generation 1, digest $(digest policy), signer $(digest anchor.der)*" "$said"
check "the verifier shows the list in force" \
	"*list: generation 1, digest $(digest list), signer $(digest owner.der)*" "$said"
verify 0 "a later quote verifies" second "$two"
check "the verifier also lists a module that was unloaded" \
	"*power-on: 2*modgate_test_one*modgate_test_two (approved) $(digest two.ko)" "$said"
verify 1 "a quote made for another nonce is refused" first "$two"

# Somebody changes one field of a log record on the way.
# shellcheck disable=SC2016
filter='.log |= (split("\n") | .[$n] |=
	(split(" ") | map(if . == $from then $to else . end) | join(" ")) | join("\n"))'
bad=
check "the log has six records" 6 "$(jq -r .log second | grep -c .)"
for ((n = 1; n <= 6; n++)); do
	for field in $(jq -r .log second | sed -n "${n}p"); do
		jq --arg from "$field" --arg to "${field%?}X" --argjson n "$((n - 1))" "$filter" \
			second >changed
		! cmp -s <(jq .log second) <(jq .log changed) || bad+="same:$n:$field "
		try changed "$two"
		[ "$status" = 8 ] || bad+="$n:$field "
	done
done
check "a change to any field of any log record gives exit status 8" "" "$bad"
jq '.receipt |= sub("state=gone"; "state=live")' second >changed
verify 8 "a change to a module's state in the receipt is found" changed "$two"

# After a restart, with no module loaded.
machine <<END
modgate receipt --attestation-key >/run/key.pem
send key.again /run/key.pem
quote third $three
tpm2_pcrextend 13:sha384=\$(sha384sum <one.ko | cut -d ' ' -f 1)
quote fourth $three
END
received key.again
received third
received fourth
check "the attestation key survives a restart" "$(cat key.pem)" "$(cat key.again)"
verify 0 "a quote made after the restart verifies" third "$three"
check "the verifier reports that no module was loaded since the restart" "*No third-party module had been in this kernel*" "$said"
verify 1 "a quote from before the restart is refused" second "$three"
check "the refusal says that the quote answers another nonce" "*nonce: it answers another one*" "$said"
jq --arg n "$three" '.nonce = $n' second >changed
verify 8 "an old quote with the new nonce written into it is refused" changed "$three"
jq --slurpfile old second '.log = $old[0].log | .receipt = $old[0].receipt' third >changed
verify 8 "the old log with the new quote is refused" changed "$three"
verify 8 "a quote made after root extended the PCR is refused" fourth "$three"
check "the refusal says that the log does not lead to the signed PCR value" \
	"*PCR 13, sha384: the log makes *, which is not what the TPM has signed*" "$said"
finish
