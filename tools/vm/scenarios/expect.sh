#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A boot that was not measured cannot be made to look measured. The verifier learns the
# PCRs of a machine whose firmware and EFI stub measure, and compares later quotes with
# them: another initramfs, command line or kernel changes its PCR. So does a kernel
# without an anchor on which root extends modgate's PCR by the log of an honest boot.

# Skips before that kernel is built, which takes half the time.
[ "${1:-7.3}" = 7.3 ] || [ "${MODGATE_LONG:-}" ] || { echo "ok 1 # SKIP in check-long only"; exit 0; }

under=${MODGATE_VARIANT:-default}
# The kernel has an EFI stub.
export MODGATE_VARIANT=efi
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
[ "$under" = default ] || skip "not for variant $under"

prepare anchor owner
policy policy 1 --authority "$owner_authority"
list list owner 1 --module "$(digest one.ko)"
hand_over anchor.der policy.bundle list.bundle
cp -r initramfs other_initramfs
echo "of another day" >other_initramfs/other
# A kernel that does the same and has other bytes.
LC_ALL=C sed 's/modgate@vm/modgate@vn/' "$tree/arch/x86/boot/bzImage" >other_kernel
check "the other kernel differs from the first one" other \
	"$(cmp -s "$tree/arch/x86/boot/bzImage" other_kernel && echo same || echo other)"

# shellcheck disable=SC2034
helpers=$(cat <<'END'
PATH=$bin:$PATH
export TPM2TOOLS_TCTI=device:/dev/tpmrm0
# send NAME FILE: to the machine that verifies.
send() { echo "SEND $1 $(base64 -w 0 <"$2")"; }
# quote NONCE [OPTION...]
quote() {
	modgate "${@:2}" receipt --quote="$1" --output=/run/quote && send quote /run/quote
}
# resets: the TPM's reset count.
resets() { tpm2_readclock | sed -n 's/^ *reset_count: *//p'; }
# forge NONCE: extends the PCR by the log in forged/, and quotes with forged/ as securityfs.
forge() {
	check "a kernel without an anchor has measured nothing" "- 0" "$(state pcr) $(state measured)"
	while IFS= read -r line; do
		printf %s "$line" | tpm2_pcrevent -Q 13
	done <forged/modgate/log
	quote "$1" --securityfs=forged
}
END
)

efi=--efi
extra=initramfs
append=$(pin anchor)
# machine [OPTION...]
machine() {
	# shellcheck disable=SC2086 # or none
	guest $efi --tpm "$work/tpm" --no-boot --early early --initramfs-extra "$extra" \
		--append "$append" "$@"
}

# received NAME: writes what the machine has sent into file NAME.
received() { sed -n "s/^SEND $1 //p" output | base64 -d >"$1"; }

# verify STATUS NAME [OPTION...]: verifies the last quote.
verify() {
	local want=$1 name=$2 status=0
	shift 2
	received quote
	said=$(MODGATE_TCTI=none "$bin/modgate" receipt --verify-quote=quote --nonce="$nonce" \
		--attestation-key=key.pem "$@" 2>&1) || status=$?
	check "$name: exit status $want" "$want" "$status"
	[[ $status == "$want" ]] || printf '%s\n' "$said" | sed 's/^/# /'
}

# changed: the PCRs that are reported as changed.
changed() { sed -n 's/^✗ PCR \([0-9]*\), .*: has changed: .*/\1/p' <<<"$said" | paste -sd ' '; }

nonce=$(openssl rand -hex 32)
machine <<END
modgate receipt --attestation-key >/run/key.pem
send key.pem /run/key.pem
insmod one.ko
quote $nonce
for file in state log receipt; do
	send \$file \$modgate/\$file
done
END
for file in key.pem state log receipt; do
	received $file
done
verify 0 "the quote of a trusted machine verifies, and is learned" --learn=expected
verify 0 "the quote of a trusted machine matches what was learned from it" --expect=expected

machine <<<"insmod one.ko; quote $nonce"
verify 0 "the same machine matches what was learned" --expect=expected
check "the same machine has the expected boot chain" "*boot chain: PCRs 0 to 9, 11, 14, sha384, are as expected*" "$said"
verify 0 "the same machine verifies without expected values"
check "without expected values the first line says that the kernel is not proven" "The kernel is not proven: *" "$said"

extra=other_initramfs
machine <<<"insmod one.ko; quote $nonce"
extra=initramfs
verify 1 "another initramfs is found" --expect=expected
check "another initramfs changes PCR 9 and no other" 9 "$(changed)"

append+=" another=parameter"
machine <<<"insmod one.ko; quote $nonce"
append=$(pin anchor)
verify 1 "another command line is found" --expect=expected
check "another command line changes PCR 9 and no other" 9 "$(changed)"

machine --image other_kernel <<<"insmod one.ko; quote $nonce"
verify 1 "another kernel is found" --expect=expected
check "another kernel changes PCR 4 and no other" 4 "$(changed)"

efi=
machine <<<"insmod one.ko; quote $nonce"
efi=--efi
verify 1 "a boot that the firmware did not measure cannot be learned" --learn=useless
check "learning names the PCRs that the firmware left empty" "*boot chain: PCRs 8, 9 and 11 have nothing in them*" "$said"

# Root on a kernel without an anchor shows log, state and receipt of the first boot, with
# the TPM's current reset count.
mkdir -p forged/modgate
cp state receipt forged/modgate
append=
machine <<END
insmod two.ko
check "without an anchor an unapproved module is live" 1 "\$(lsmod | grep -c '^modgate_test_two ')"
cp -r forged /run
cd /run
sed "s/reset-count=[0-9]*/reset-count=\$(resets)/" "\$work/log" >forged/modgate/log
forge $nonce
END
verify 0 "a forged log verifies without expected values"
check "the first line on a forged log says that the kernel is not proven" "The kernel is not proven: *" "$said"
verify 1 "a forged log is found by the expected boot chain" --expect=expected
check "the PCR of the command line gives a forged log away" 9 "$(changed)"
check "nothing of a forged log is shown" "*Nothing of what this quote says can be believed." "$said"

# The log of the first boot, unchanged.
cp log forged/modgate
machine <<<"forge $nonce"
verify 8 "the log of an earlier boot is found without expected values"
check "the log of an earlier boot has another reset count than the TPM" "*✗ boot: the log says reset-count=*, the TPM *" "$said"
finish
