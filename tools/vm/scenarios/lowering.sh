#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Nobody can lower security from a normal boot. Root, who here has the owner key, its
# passphrase and an initramfs of his own,
#
#	1. signs a policy with the owner key,
#	2. replays an older, more permissive policy,
#	3. swaps the authorities,
#	4. lowers a floor,
#	5. adds modgate.recovery to the command line, and has a program at the console,
#	6. opens the sealed anchor key outside the menu;
#
# and is given a reason each time.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

prepare partner
pin=
# machine WORDS [OPTION...]: WORDS go to the kernel command line.
machine() {
	guest --disk "$work/disk" --tpm "$work/tpm-state" \
		--append "$pin modgate.freshness=tpm $1" "${@:2}"
}

# An attack without the tool, for a guest and for its initramfs, with all that it needs
# there: unseals key $1 by this boot's PCR and the passphrase, into /run/key.
cat >unseal <<'END'
export TPM2TOOLS_TCTI=device:/dev/tpmrm0
mapfile -t at < <(openssl asn1parse -in "$1" |
	sed -n 's/^ *\([0-9]*\):d=1 .*OCTET STRING.*/\1/p')
openssl asn1parse -in "$1" -noout -strparse "${at[0]}" -out /run/pub
openssl asn1parse -in "$1" -noout -strparse "${at[1]}" -out /run/priv
tpm2_load -Q -C 0x81000001 -u /run/pub -r /run/priv -c /run/sealed || exit 2
# First by the passphrase alone, without a policy.
! tpm2_unseal -c /run/sealed -p "a passphrase for tests" >/run/key 2>/dev/null || exit 0
tpm2_startauthsession -Q --policy-session -g sha384 -S /run/session
tpm2_policypcr -Q -S /run/session -l sha256:13
tpm2_policypassword -Q -S /run/session
tpm2_unseal -c /run/sealed -p "session:/run/session+a passphrase for tests" >/run/key
END
cp -r initramfs unsealing
cp unseal unsealing/
put_programs unsealing bash openssl tpm2
cp -L --parents /usr/lib/*/libtss2-tcti-device.so.0 unsealing/
for command in load unseal startauthsession policypcr policypassword; do
	ln -s "$(type -P tpm2)" unsealing/bin/tpm2_$command
done

helpers=$admin_helpers$(cat <<'END'

export TPM2TOOLS_TCTI=device:/dev/tpmrm0
unseal() { bash unseal /etc/modgate/keys/anchor.key; }

# number FILE OFFSET: prints a 64-bit number of a document.
number() { od -An -tu8 -j "$2" -N 8 "$1" | tr -d ' '; }

# The TPM's count of wrong passphrases, and whether it is in lockout.
wrong() { echo $(($(tpm2_getcap properties-variable | sed -n 's/^TPM2_PT_LOCKOUT_COUNTER: *//p'))); }
locked_out() { tpm2_getcap properties-variable | sed -n 's/^ *inLockout: *//p'; }

# in_force NAME: what the anchor signed last is in force, and nothing else.
in_force() {
	check "$1: the policy that the anchor signed last is in force" \
		"yes listed $(cat /etc/modgate/attack/digest)" \
		"$(state enforcing) $(state mode) $(sed -n 's/^digest=//p' $modgate/policy)"
}
END
)

machine '' <<'END'
tool 6 init --audit --passphrase-fd=3
tell_pin
END
pin=$(told_pin)

# The permissive policy was valid once (lockdown, which would refuse the module, is off in
# this boot). The owner replaces it and seals the anchor key.
machine '' <<'END'
check "flag audit: an unapproved module loads, recorded" "$(recorded not-approved)" "$(load finit two.ko)"
mkdir /etc/modgate/attack
cp /etc/modgate/active/local-*.policy /etc/modgate/attack/older
cp /etc/modgate/active/local-*.policy.sig /etc/modgate/attack/older.sig
tool 6 approve --passphrase-fd=3 modgate_test_one
tool 6 mode --enforce --passphrase-fd=3
tpm2_changeauth -c lockout "kept elsewhere"
tool 0 key --seal-anchor --passphrase-fd=3

# From here on the attacker acts.
cd /etc/modgate/attack
mkdoc=$top/tools/modgate/tests/mkdoc
keys=/etc/modgate/keys
cp "$work/partner.pem" .
openssl x509 -in $keys/anchor.pem -outform DER -out anchor.der
openssl pkcs8 -in $keys/owner.key -passin "pass:a passphrase for tests" -out owner.key
newest=$(ls /etc/modgate/staged/local-*.policy)
list=$(ls /etc/modgate/staged/owner-*.list)
digest $newest >digest
generation=$(number $newest 24) floor=$(number $newest 264)
check "the owner's authority has a floor" "[1-9]*" "$floor"
for file in older $newest $list; do
	$mkdoc bundle $file $file.sig --out ${file##*/}.bundle
done
mv local-*.policy.bundle newest.bundle
mv owner-*.list.bundle list.bundle

# signed NAME KEY CERT AUTHORITY: a policy signed with KEY that names CERT as its signer.
signed() {
	$mkdoc policy --key $2 --cert $3 --generation $((generation + 1)) \
		--machine $(state machine-name) --mode listed --flags audit --authority $4 \
		--out $1 --bundle $1.bundle
}
# edited NAME OFFSET BYTE: the newest policy with one byte changed, and its old signature.
edited() {
	cp $newest $1
	printf "\\x$3" | dd of=$1 bs=1 seek=$2 conv=notrunc status=none
	$mkdoc bundle $1 $newest.sig --out $1.bundle
}
owner=owner,$keys/owner.pem,approve+vendor+ban,required,1,0,1
partner=partner,$work/partner.pem,approve+vendor+ban,required,1,0,1
signed owner-in-his-name owner.key $keys/owner.pem $owner
signed owner-in-the-anchors owner.key $keys/anchor.pem $owner
signed partner-in-place owner.key $keys/anchor.pem $partner
$mkdoc bundle partner-in-place $newest.sig --out partner-old-signature.bundle
edited audit-edited 136 01
edited floor-edited 264 01
# approving NAME KEY CERT GENERATION: a list that approves two.ko.
approving() {
	$mkdoc list --key $2 --cert $3 --generation $4 --module @$work/two.ko \
		--out $1 --bundle $1.bundle
}
approving partner-list $work/partner.key partner.pem 99
approving partner-as-owner $work/partner.key $keys/owner.pem 99
approving below-floor owner.key $keys/owner.pem $((floor - 1))
END

# The control: it works in a recovery boot, before any document, with the passphrase.
echo "PATH=\$PATH:/usr/bin; bash /unseal /root/etc/modgate/keys/anchor.key >/root/run/unseal 2>&1" >early
machine modgate.recovery --no-boot --initramfs-extra unsealing --early early <<'END'
check "a recovery boot unseals the anchor key with its passphrase" "" "$(cat /run/unseal)"
check "the unsealed key is the anchor key" \
	"$(openssl x509 -in /etc/modgate/keys/anchor.pem -noout -pubkey)" \
	"$(openssl pkey -inform DER -in /run/key -pubout)"
END

# The attacker's initramfs: no "modgate boot", and modgate.recovery in bootconfig.
steps='anchor.der ok *
owner-in-his-name.bundle EKEYREJECTED *signer:?x20not?x20the?x20anchor*
owner-in-the-anchors.bundle EKEYREJECTED *signature:*
older.bundle ESTALE *older?x20than?x20what?x20was?x20accepted*
partner-in-place.bundle EKEYREJECTED *signature:*
partner-old-signature.bundle EKEYREJECTED *signature:*
audit-edited.bundle EKEYREJECTED *signature:*
floor-edited.bundle EKEYREJECTED *signature:*
newest.bundle ok *
older.bundle EEXIST *in?x20force?x20already*
partner-list.bundle EKEYREJECTED *no?x20authority*
partner-as-owner.bundle EKEYREJECTED *signature:*
below-floor.bundle ESTALE *older?x20than?x20what?x20was?x20accepted*
list.bundle ok *'
echo "$steps" >documents
cat >early <<END
cd /root/etc/modgate/attack
for file in $(cut -d ' ' -f 1 documents | tr '\n' ' '); do
	load_document \$file
done >/root/run/early
END
echo "kernel.modgate.recovery = 1" >bootconfig
machine "lockdown=integrity bootconfig" --bootconfig bootconfig --no-boot \
	--initramfs-extra initramfs --early early <<'END'
exec 4<documents
while read -r got && read -r file errno rule <&4; do
	check "$file: $errno" "$file result=$errno audit=$errno *" "$got"
	[ $errno = ok ] || check "$file: the reason for $errno is given" "*error=$rule" "$got"
done </run/early
check "each of the documents was tried" "$(wc -l <documents)" "$(wc -l </run/early)"
in_force "after forged and replayed documents"
check "after forged and replayed documents: an approved module loads" "$allowed" "$(load finit one.ko)"
check "after forged and replayed documents: an unapproved module is refused" "$(refused not-approved)" "$(load finit two.ko)"

# The command line.
check "the kernel has read modgate.recovery in bootconfig" "*modgate.recovery*" "$(cat /proc/bootconfig)"
check "modgate.recovery in bootconfig makes no recovery boot" normal "$(state boot-kind)"
check "/proc/cmdline cannot be written" 1 \
	"$( (echo modgate.recovery >/proc/cmdline) 2>/dev/null; echo $?)"
check "kexec into a kernel with another command line is refused" "$(refused kexec)" "$(load kexec)"
echo modgate.recovery >/run/cmdline
mount --bind /run/cmdline /proc/cmdline
tool 1 recovery
check "modgate recovery is not deceived by a file bound over /proc/cmdline" "*This is a normal boot*" "$said"
umount /proc/cmdline

# The sealed key: everything that root can try with the passphrase.
for verb in "mode --audit" "key --rotate" "key --unseal-anchor"; do
	tool 1 $verb --passphrase-fd=3
	check "$verb: the refusal says that the key is sealed to a recovery boot" "*sealed to a recovery boot*" "$said"
done
mkdir -p /run/fake/modgate
sed 's/^boot-kind=.*/boot-kind=recovery/; s/^state=.*/state=boot/; s/^policy=.*/policy=no/' \
	$modgate/state >/run/fake/modgate/state
said=$(modgate --securityfs=/run/fake --passphrase-fd=3 recovery <<<$'2\n\naudit' 2>&1)
check "the menu does not give the key out on a forged state" \
	"*What is to be done*gives the key out in a recovery boot only*" "$said"
why=$(unseal 2>&1)
check "the TPM does not unseal in a normal boot, even with the passphrase" "*policy check failed*" "$why"
head -n 1 $modgate/log | tr -d '\n' |
	sed 's/kind=normal/kind=recovery/; s/reset-count=.*/reset-count=- restart-count=-/' >/run/line
why=$(tpm2_pcrreset 13 2>&1)
check "the PCR cannot be reset" "*bad locality*" "$why"
tpm2_pcrextend "13:sha256=$(sha256sum </run/line | cut -d ' ' -f 1)"
why=$(unseal 2>&1)
check "the PCR cannot be extended to the value of a recovery boot" "*policy check failed*" "$why"
check "no refused attempt counts as a wrong passphrase" 0 "$(wrong)"
END

# Suppose the attacker could change the command line, and runs a program at the console.
person_comes <<'END'
see What is to be done
type 2
see Mode
type
see Flag
type audit
see Passphrase of the anchor key
type not the passphrase
see wrong passphrase; the TPM takes 2 more
see What is to be done
type 6
see Passphrase of the anchor key
type
see wrong passphrase; the TPM takes 1 more
see What is to be done
type 3
see Change
type add partner /etc/modgate/attack/partner.pem 1
see Passphrase of the anchor key
press d
see nothing came from the terminal
see What is to be done
type 2
see Mode
type system
see Flag
type
see Passphrase of the anchor key
press c
see recovery boot: no lists
END
machine "lockdown=integrity modgate.recovery" --serial "$work/serial" --timeout 600 <<'END'
check "a menu left by ctrl-c leaves a recovery boot" recovery "$(state boot-kind)"
in_force "a program at the console"
check "a third-party module is refused in a recovery boot" "$(refused no-list)" "$(load finit one.ko)"
check "the TPM counts wrong passphrases" 2 "$(wrong)"
tool 1 mode --audit --passphrase-fd=3
check "mode outside the menu says that this boot cannot have the key" "*cannot be had in this one*" "$said"
why=$(unseal 2>&1)
check "the TPM does not unseal in a recovery boot after a document" "*policy check failed*" "$why"
why=$(tpm2_dictionarylockout -c 2>&1)
check "the count of wrong passphrases cannot be reset" "*authorization HMAC check failed*" "$why"
END
person_goes "a program at the console"

person_comes <<'END'
see What is to be done
type 6
see Passphrase of the anchor key
type once more
see the TPM is locked out
see What is to be done
type 6
see Passphrase of the anchor key
type a passphrase for tests
see the passphrase was not tried; the TPM is locked out
see What is to be done
press d
see recovery boot: no lists
END
machine "lockdown=integrity modgate.recovery" --serial "$work/serial" --timeout 600 <<'END'
check "a menu left by the end of its input leaves a recovery boot" recovery \
	"$(state boot-kind)"
in_force "a program that keeps trying"
check "the TPM is locked out after the third wrong passphrase" "3 1" "$(wrong) $(locked_out)"
why=$(unseal 2>&1)
check "a TPM in lockout refuses even the right passphrase" "*lockout*" "$why"

# The last attempt: a forged policy, staged for "modgate boot".
forged=/etc/modgate/attack/owner-in-the-anchors
for end in '' .sig; do
	cp $forged$end /etc/modgate/staged/local-$(number $forged 24).policy$end
done
END
person_goes "a program that keeps trying"

machine lockdown=integrity <<'END'
in_force "after every attack"
check "after every attack: an approved module loads" "$allowed" "$(load finit one.ko)"
check "after every attack: an unapproved module is refused" "$(refused not-approved)" "$(load finit two.ko)"
tool 1 status
check "status names the forged policy" "*staged/local-*the signature is wrong*" "$said"
tool 0 --json key
check "both keys are kept where they were" "sealed file" "$(jq -r 'map(.provider) | join(" ")' <<<"$said")"
END
finish
