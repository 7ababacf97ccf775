#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Machines named by their DMI product UUID or by a trusted key: documents are valid for
# the UUID or key that they were made for, and for no other. (Machines named by their
# TPM: see freshness.sh.)

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

prepare
uuid=7c3a3b0e-2d0f-4a55-9f0a-63f0d3a1c2b4
stranger=0b9d1f6e-5a3c-4c1e-8a77-1d2e3f405162

# By UUID, with the tool.
helpers=$admin_helpers
machine() { guest --disk "$work/disk" --console "$work/console" "$@"; }
# handed RULE NAME: "modgate boot" has printed why the kernel refused the policy.
handed() { check "$2" "*local-*.policy: EXDEV: *$1*" "$(grep -a 'local-' console)"; }

machine --uuid $uuid <<'END'
tool 6 init --key=file --mode=listed --passphrase-fd=3
check "init binds the policy to the UUID" "*Machine: dmi, *" "$said"
tool 6 approve --passphrase-fd=3 modgate_test_one
tell_pin
END
append=(--append "$(told_pin)")
machine --uuid $uuid "${append[@]}" <<END
check "its own UUID: the machine is named by it" "dmi $(printf %s $uuid | sha384sum | cut -d ' ' -f 1)" \
	"\$(state machine) \$(state machine-name)"
check "its own UUID: an approved module loads" "\$allowed" "\$(load finit one.ko)"
tool 0 status
END
machine --uuid $stranger "${append[@]}" <<'END'
check "another UUID: the local policy is not in force" "dmi no" "$(state machine) $(state policy)"
check "another UUID: an approved module is refused" "$(refused no-policy)" "$(load finit one.ko)"
tool "[18]" status
check "another UUID: status says that the documents are another machine's" "*another machine*" "$said"
END
handed "another one than this, which its DMI product UUID names" "another UUID: modgate boot prints EXDEV and the rule"
machine "${append[@]}" <<'END'
check "no UUID: the local policy is not in force" "none no" "$(state machine) $(state policy)"
check "no UUID: an approved module is refused" "$(refused no-policy)" "$(load finit one.ko)"
END
handed "this one has no name" "no UUID: modgate boot prints EXDEV and the rule"

# By a trusted key, whose blob is on the disk. The TPM seals that key, so the variant of
# the kernel does not take the machine's name from the TPM. A debugging kernel has no
# variants.
[ "${MODGATE_VARIANT:-default}" = default ] || { finish; exit 0; }
for key in anchor owner; do
	make_key $key
done
storage_root_key() {
	tpm2_createprimary -Q -C o -G ecc -c primary.ctx
	tpm2_evictcontrol -Q -C o -c primary.ctx 0x81000001
}
tpm tpm storage_root_key
tpm tpm-other storage_root_key
printf 'mkdoc=%q authority=%q elsewhere=%s\n' "$mkdoc" "$owner_authority" "$(digest two.ko)" >names
helpers=$admin_helpers$(cat <<'END'

. ./names
etc=/etc/modgate
# policy_for NAME: puts a local policy for that machine in force at the next boot.
policy_for() {
	"$mkdoc" policy --key anchor.key --cert anchor.pem --generation 1 --machine "$1" \
		--authority "$authority" --out $etc/active/local-1.policy
}
blob() { keyctl pipe "$(keyctl add trusted "$1" "new 32 keyhandle=0x81000001" @u)"; }
END
)
# by_key TPM [OPTION...]: a machine with that TPM, a UUID and the disk.
by_key() {
	local tpm=$1
	shift
	guest --variant trusted --tpm "$tpm" --uuid $uuid --disk "$work/disk-key" \
		--console "$work/console" --append "$(pin anchor)" "$@"
}

by_key tpm <<'END'
mkdir -p $etc/{keys,active,staged}
cp anchor.pem owner.pem $etc/keys
"$mkdoc" list --key owner.key --cert owner.pem --generation 1 --out $etc/active/owner-1.list \
	--module "$(sha384sum one.ko | cut -d ' ' -f 1)"
policy_for "$elsewhere"
blob modgate:machine >$etc/keys/machine.blob
blob modgate:other >$etc/keys/other.blob
check "the kernel makes trusted keys" "????????????????*" "$(cat $etc/keys/machine.blob)"
END
by_key tpm <<'END'
check "a policy for another trusted key: it is not in force" "key no" "$(state machine) $(state policy)"
check "a policy for another trusted key: an approved module is refused" "$(refused no-policy)" "$(load finit one.ko)"
policy_for "$(state machine-name)"
END
handed "which a trusted key names" "a policy for another trusted key: modgate boot prints EXDEV and the rule"
cp disk-key disk-saved
by_key tpm <<'END'
check "its own trusted key: the local policy is in force" "key yes" "$(state machine) $(state policy)"
check "its own trusted key: an approved module loads" "$allowed" "$(load finit one.ko)"
END

# stranger TPM FROM WHAT: WHAT, done by script early or by another TPM, makes this another
# machine, whose name comes FROM there.
stranger() {
	cp disk-saved disk-key
	by_key "$1" --early early <<END
check "$3: the local policy is not in force" "$2 no" "\$(state machine) \$(state policy)"
check "$3: an approved module is refused" "\$(refused no-policy)" "\$(load finit one.ko)"
tool "[18]" status
END
	handed "another one than this" "$3: modgate boot prints EXDEV and the rule"
}
keys=/root/etc/modgate/keys
echo "cp $keys/other.blob $keys/machine.blob" >early
stranger tpm key "another trusted key"
echo "rm $keys/machine.blob" >early
stranger tpm dmi "no trusted key"
: >early
stranger tpm-other dmi "the disk in another machine"
check "the disk in another machine: the console names the blob that cannot be opened" "*machine.blob: the kernel cannot open*" "$(cat console)"
finish
