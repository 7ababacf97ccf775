#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The kernel accepts what the keys sign wherever they are kept: made in the TPM; behind
# a TPM handle, with the anchor key in a file; in a PKCS#11 token.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

any_kernel
prepare
provider=$("$vm" pkcs11)

# machine NAME SECRETS FRESHNESS OPTION...: init and approve, restart, load. The script
# on stdin runs first in each guest.
machine() {
	local name=$1 secrets=$2 freshness=$3 before pin options=()
	shift 3
	before=$(cat)
	helpers=$admin_helpers$(printf '\nsecret() { exec 3<<<%q; }\n%s' "$secrets" "$before")
	printf ' %q' "$@" >options
	options=(--tpm "$work/tpm-$name" --disk "$work/disk-$name")
	guest "${options[@]}" --append "modgate.freshness=$freshness" <<END
make_key
tool 6 init --passphrase-fd=3 $(cat options)
tool 6 approve --passphrase-fd=3 modgate_test_one
tool 0 verify
tell_pin
END
	pin=$(told_pin)
	guest "${options[@]}" --append "$pin modgate.freshness=$freshness" <<END
check "$name: the kernel is sealed, and the local policy in force" "sealed yes" "\$(state state) \$(state policy)"
check "$name: an approved module loads" "\$allowed" "\$(load finit one.ko)"
check "$name: an unapproved module is refused" "\$(refused not-approved)" "\$(load finit two.ko)"
tool 0 status
tool 6 approve --passphrase-fd=3 modgate_test_two
secret() { exec 3<<<"a wrong passphrase"; }
tool 4 revoke --passphrase-fd=3 modgate_test_two
END
}

machine tpm "a passphrase for tests" tpm --key=tpm <<'END'
make_key() { :; }
END
machine handle "the key's own
a passphrase for tests" tpm "--key=handle:0x81000100?pass" --anchor-key=file <<'END'
make_key() {
	export TPM2TOOLS_TCTI=device:/dev/tpmrm0
	tpm2_createprimary -Q -C o -G ecc384:ecdsa-sha384 -p "the key's own" -c /tmp/primary.ctx \
		-a 'fixedtpm|fixedparent|sensitivedataorigin|userwithauth|sign'
	tpm2_evictcontrol -Q -C o -c /tmp/primary.ctx 0x81000100
}
END
# The token lies on the disk, beside the documents.
machine token $'12345678\n12345678' none "--key=pkcs11:token=modgate;object=owner" \
	"--anchor-key=pkcs11:token=modgate;object=anchor" <<END
export OPENSSL_MODULES=$(dirname "$provider") SOFTHSM2_CONF=/tmp/softhsm2.conf
PKCS11_PROVIDER_MODULE=\$(ls /usr/lib/softhsm/libsofthsm2.so /usr/lib/*/softhsm/libsofthsm2.so 2>/dev/null | sed -n 1p)
export PKCS11_PROVIDER_MODULE
mkdir -p /var/lib/modgate/tokens
echo "directories.tokendir = /var/lib/modgate/tokens" >/tmp/softhsm2.conf
make_key() {
	local name
	softhsm2-util --init-token --free --label modgate --pin 12345678 --so-pin 87654321 >/dev/null
	for name in owner anchor; do	# a key pair is told by its id
		pkcs11-tool --module "\$PKCS11_PROVIDER_MODULE" --token-label modgate --login --pin 12345678 \\
			--keypairgen --key-type EC:secp384r1 --label \$name --id 0\${#name} >/dev/null 2>&1
	done
}
END
finish
