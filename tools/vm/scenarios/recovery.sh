#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A recovery boot, driven through the serial console as a person would; the anchor
# key that the TPM gives out there only; and what root tries in a normal boot.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

make_modules
build_programs
make_key partner
pin=
machine() { guest --disk "$work/disk" --tpm "$work/tpm-state" --append "$pin modgate.freshness=tpm $*"; }

# recovery NAME STATUS: a recovery boot, and the person on stdin.
recovery() {
	person "$1" "$2" --disk "$work/disk" --tpm "$work/tpm-state" \
		--append "$pin modgate.freshness=tpm modgate.recovery"
}

helpers=$admin_helpers$(cat <<'END'

# What root has without the tool: the sealed key, this boot's PCR, and the passphrase.
unseal() {
	local at
	export TPM2TOOLS_TCTI=device:/dev/tpmrm0
	mapfile -t at < <(openssl asn1parse -in /etc/modgate/keys/anchor.key |
		sed -n 's/^ *\([0-9]*\):d=1 .*OCTET STRING.*/\1/p')
	openssl asn1parse -in /etc/modgate/keys/anchor.key -noout -strparse "${at[0]}" -out /run/pub
	openssl asn1parse -in /etc/modgate/keys/anchor.key -noout -strparse "${at[1]}" -out /run/priv
	tpm2_load -Q -C 0x81000001 -u /run/pub -r /run/priv -c /run/sealed || return 2
	# By the passphrase alone, which is no policy.
	! tpm2_unseal -c /run/sealed -p "a passphrase for tests" >/run/key 2>/dev/null || return 0
	tpm2_startauthsession -Q --policy-session -g sha384 -S /run/session
	tpm2_policypcr -Q -S /run/session -l sha256:13
	tpm2_policypassword -Q -S /run/session
	tpm2_unseal -c /run/sealed -p "session:/run/session+a passphrase for tests" >/run/key
}
END
)

machine <<'END'
tool 6 init --passphrase-fd=3
tool 6 approve --passphrase-fd=3 modgate_test_one
tool 0 key --pin
echo "PIN $said"
END
pin=$(sed -n 's/^PIN //p' output)

machine <<'END'
tool 0 status
tool 0 key --seal-anchor --passphrase-fd=3
tool 0 key
check "the anchor key is sealed" "*provider *sealed*provider *file*" "$said"
tool 1 recovery
check "recovery says how to get there" "*normal boot*modgate.recovery*" "$said"
END

# In a normal boot there is no way to the anchor key, with all that root and the passphrase can.
machine <<'END'
tool 0 status
check "approved modules go on to load" "$allowed" "$(load finit one.ko)"
tool 1 mode system --passphrase-fd=3
check "mode: says where" "*sealed to a recovery boot*modgate recovery*" "$said"
tool 1 key --rotate --passphrase-fd=3
tool 1 key --unseal-anchor --passphrase-fd=3
tool 1 key --seal-anchor --passphrase-fd=3
tool 6 approve --passphrase-fd=3 modgate_test_two
why=$(unseal 2>&1)
check "the TPM itself refuses, whatever the passphrase" "*policy check failed*" "$why"
head -n 1 $modgate/log | tr -d '\n' | sed s/kind=normal/kind=recovery/ >/run/line
TPM2TOOLS_TCTI=device:/dev/tpmrm0 tpm2_pcrreset 13 2>/dev/null
check "the PCR cannot be reset" 1 "$?"
TPM2TOOLS_TCTI=device:/dev/tpmrm0 tpm2_pcrextend "13:sha256=$(sha256sum </run/line | cut -d ' ' -f 1)"
why=$(unseal 2>&1)
check "nor be made to fit" "*policy check failed*" "$why"

# With the owner key, which the passphrase opens: policies that the anchor did not sign.
openssl pkcs8 -in /etc/modgate/keys/owner.key -passin "pass:a passphrase for tests" -out /run/owner.key
name=$(sed -n 's/^machine-name=//p' $modgate/state)
forge() {
	$top/tools/modgate/tests/mkdoc policy --key /run/owner.key --cert "$1" --generation $(($2 + 1000)) \
		--machine $name "${@:3}" --out /etc/modgate/staged/local-$(($2 + 1000)).policy
}
generation=$(ls /etc/modgate/active | sed -n 's/^local-\(.*\)\.policy$/\1/p')
forge /etc/modgate/keys/owner.pem $generation --flags audit \
	--authority owner,/etc/modgate/keys/owner.pem,approve+vendor+ban,required,1,0,1
forge /etc/modgate/keys/anchor.pem $((generation + 1)) \
	--authority partner,partner.pem,approve+vendor+ban,required,1,0,1
END

machine <<'END'
check "what the owner key signed in the anchor's place is not in force" \
	"yes listed $allowed" "$(state enforcing) $(state mode) $(load finit one.ko)"
tool 1 status
rm -f /etc/modgate/staged/local-*
cp partner.pem /etc/modgate/partner.pem
END

# A person without the passphrase gets no further; the change of who has it is in force afterwards.
recovery "the wrong passphrase" 125 <<'END'
see What is to be done
type 2
see Mode
type system
see leave it
type
see Passphrase of the anchor key
type not the passphrase
see wrong passphrase
see What is to be done
type 99
see a number from 1 to
see What is to be done
type 8
see Restarting
END

recovery "the right one" 125 <<'END'
see What is to be done
type 1
see In force:
see owner
see sealed
see What is to be done
type 2
see Mode
type signed
see leave it
type
see Mode signed instead of listed
see Passphrase of the anchor key
type a passphrase for tests
see Signed local policy
see What is to be done
type 3
see remove NAME
see Change
type add partner /etc/modgate/partner.pem 7
see Passphrase of the anchor key
type a passphrase for tests
see Signed local policy
see What is to be done
type 3
see partner
see Change
type roles partner approve,vendor
see Passphrase of the anchor key
type a passphrase for tests
see Signed local policy
see What is to be done
type 8
see Restarting
END

machine <<'END'
tool 0 status
check "after the restart the mode is in force" "signed $(refused unsigned)" "$(state mode) $(load finit one.ko)"
tool 0 --json status
check "and the authority" "*partner*" "$said"
tool 1 mode listed --passphrase-fd=3
END

# Whoever goes on from the menu has a recovery boot still, and no key in it.
recovery "going on" 0 <<'END'
see What is to be done
type 9
see recovery boot: no lists
END
machine modgate.recovery <<'END'
check "a recovery boot without a person: no lists" "$(refused no-list)" "$(load finit one.ko)"
tool 1 recovery
check "its menu was left" "*its menu was left*" "$said"
tool 1 mode listed --passphrase-fd=3
why=$(unseal 2>&1)
check "after a document the TPM refuses there too" "*policy check failed*" "$why"
END

# The keys; the anchor key as a file again; then everything is thrown away.
recovery "keys" 125 <<'END'
see What is to be done
type 4
see Passphrase of the anchor key and the owner key
type a passphrase for tests
see New passphrase
type another passphrase
see The same again
type another passphrase
see The keys have a new passphrase
see What is to be done
type 5
see Kept by
type
see Passphrase of the anchor key
type another passphrase
see There is a new owner key
see What is to be done
type 6
see Passphrase of the anchor key
type another passphrase
see in a file again
see What is to be done
type 8
see Restarting
END

machine <<'END'
secret() { exec 3<<<"another passphrase"; }
tool 0 status
tool 0 verify
tool 6 mode listed --passphrase-fd=3
END

machine <<'END'
tool 0 status
check "by the new owner key: approved" "$allowed" "$(load finit one.ko)"
END

recovery "discarding" 125 <<'END'
see What is to be done
type 7
see nothing to leave them
type all
see document(s) discarded
see What is to be done
type 8
see Restarting
END

machine <<'END'
check "without documents nothing third-party loads" "$(refused no-policy)" "$(load finit one.ko)"
END
finish
