#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What Kconfig can choose: only system modules on a machine that is not provisioned,
# modgate where lsm= cannot drop it, freshness by TPM, and a compiled-in certificate.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

# A debugging kernel has no such variants.
not_debugging

prepare
# The variant's own key: its tree need not be made out of the default one.
strict=$("$vm" path --kernel "$series" --variant strict)
sign two.ko "$strict/certs/signing_key.pem" "$strict/certs/signing_key.x509" system.ko

guest --variant strict --no-boot --append "lsm=lockdown modgate.freshness=none" <<'END'
check "strict, not provisioned: a third-party module is refused" "$(refused no-policy)" "$(load finit one.ko)"
check "strict, not provisioned: a system module loads" "$allowed" "$(load finit system.ko)"
check "strict, not provisioned: modgate enforces, and kexec is refused" "no yes refused" "$(state provisioned) $(state enforcing) $(state kexec)"
check "strict: modgate.freshness=none does not loosen what was compiled in" tpm "$(state freshness)"
check "strict: lsm= cannot drop modgate" "*modgate*" "$(cat /sys/kernel/security/lsm)"
END

# The variant's anchor: a certificate that tools/vm/kernel made for it.
anchored=$("$vm" path --kernel "$series" --variant anchor)
cp "$anchored/certs/modgate-anchor.key" anchor.key
cp "$anchored/certs/modgate-anchor.pem" anchor.pem
openssl x509 -in anchor.pem -outform DER -out anchor.der
make_key owner
make_key stranger
cp modules/modgate_test_two.ko two.ko
sign two.ko "$anchored/certs/signing_key.pem" "$anchored/certs/signing_key.x509" system.ko
policy policy 1 --mode listed --authority "$owner_authority"
list list owner 1 --module "$(digest one.ko)"
echo "cd /root$work; load_document policy.bundle list.bundle anchor.der >/root/run/early" >early
boot=(--variant anchor --no-boot --initramfs-extra initramfs --early early)

guest "${boot[@]}" <<'END'
check "compiled-in anchor: a policy is accepted before any certificate" "*result=ok*" "$(sed -n 1p /run/early)"
check "compiled-in anchor: the certificate is known already" "*result=EEXIST*" "$(sed -n 3p /run/early)"
check "compiled-in anchor: an approved module loads" "$allowed" "$(load finit one.ko)"
check "compiled-in anchor: the machine is provisioned, and the anchor loaded" "yes loaded" "$(state provisioned) $(state anchor)"
END
guest "${boot[@]}" --append "$(pin anchor)" <<'END'
check "compiled-in anchor, the same pinned: an approved module loads" "$allowed" "$(load finit one.ko)"
END
guest "${boot[@]}" --append "$(pin stranger)" <<'END'
check "compiled-in anchor, another pinned: an approved module is refused" "$(refused no-policy)" "$(load finit one.ko)"
check "compiled-in anchor, another pinned: a system module loads" "$allowed" "$(load finit system.ko)"
check "compiled-in anchor, another pinned: state shows the conflict" "yes conflict" "$(state provisioned) $(state anchor)"
END
finish
