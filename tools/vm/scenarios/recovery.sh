#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A recovery boot, driven through the serial console as by a person, and the anchor key
# that the TPM unseals only there. lowering.sh has what root tries instead.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

any_kernel
prepare partner
pin=
machine() { guest --disk "$work/disk" --tpm "$work/tpm-state" --append "$pin modgate.freshness=tpm $*"; }

# recovery NAME STATUS: a recovery boot, with a person who does the steps on stdin.
recovery() {
	person "$1" "$2" --disk "$work/disk" --tpm "$work/tpm-state" \
		--append "$pin modgate.freshness=tpm modgate.recovery"
}

helpers=$admin_helpers

machine <<'END'
tool 6 init --passphrase-fd=3
tool 6 approve --passphrase-fd=3 modgate_test_one
tell_pin
END
pin=$(told_pin)

machine <<'END'
tool 0 status
tool 0 key --seal-anchor --passphrase-fd=3
tool 0 key
check "key shows that the anchor key is sealed" "*provider *sealed*provider *file*" "$said"
tool 1 recovery
check "recovery says how to start a recovery boot" "*normal boot*modgate.recovery*" "$said"
check "an approved module loads while the anchor key is sealed" "$allowed" "$(load finit one.ko)"
tool 1 mode system --passphrase-fd=3
check "mode in a normal boot says where the key can be had" "*sealed to a recovery boot*modgate recovery*" "$said"
tool 6 approve --passphrase-fd=3 modgate_test_two
cp partner.pem /etc/modgate/partner.pem
END

# A person without the passphrase changes nothing; one who has it does.
recovery "a wrong passphrase" 125 <<'END'
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

recovery "the right passphrase" 125 <<'END'
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
check "the mode set in the menu is in force after the restart" "signed $(refused unsigned)" "$(state mode) $(load finit one.ko)"
tool 0 --json status
check "the authority added in the menu is in force after the restart" "*partner*" "$said"
tool 1 mode listed --passphrase-fd=3
END

# Leaving the menu leaves a recovery boot, without the anchor key.
recovery "leaving the menu" 0 <<'END'
see What is to be done
type 9
see recovery boot: no lists
END
machine modgate.recovery <<'END'
check "a recovery boot without a person takes no lists" "$(refused no-list)" "$(load finit one.ko)"
tool 1 recovery
check "recovery says that its menu was left" "*its menu was left*" "$said"
tool 1 mode listed --passphrase-fd=3
END

# The keys are changed, and the anchor key is a file again; later all documents are discarded.
recovery "changing the keys" 125 <<'END'
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
check "a module approved with the new owner key loads" "$allowed" "$(load finit one.ko)"
END

recovery "discarding the documents" 125 <<'END'
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
check "a third-party module is refused without documents" "$(refused no-policy)" "$(load finit one.ko)"
END
finish
