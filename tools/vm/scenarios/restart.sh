#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What an admin does, with the tool, across restarts: refused, pending, why,
# approve, still refused, restart, loaded; revoke; another owner key; and what
# root may try between approve and restart.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

prepare attacker
flip one.ko one-flipped.ko

# The disk is the machine. Its initramfs runs "modgate boot".
machine() { guest --disk "$work/disk" --initramfs-extra initramfs "$@"; }

helpers=$admin_helpers

machine <<'END'
tool 5 status
tool 6 init --key=file --mode=listed --passphrase-fd=3
tool 1 init --key=file --passphrase-fd=3
tell_pin
END
pin=$(told_pin)
check "the pin is that of the certificate" "modgate.anchor=????????????????*" "$pin"

machine --append "$pin lockdown=integrity" <<'END'
tool 0 status
check "sealed by modgate boot" "sealed seal" "$(state state) $(state ended-by)"
check "refused before approval" "*not permitted*" "$(modprobe modgate_test_one 2>&1)"
tool 0 pending
check "pending names it" "*modgate_test_one*" "$said"
tool 1 why modgate_test_one
check "why says the reason" "*not-approved*" "$said"
check "why says the command" "*modgate approve*" "$said"
tool 1 why --json modgate_test_one
check "why --json says the same" not-approved "$(printf '%s' "$said" | python3 -c 'import json, sys; print(json.load(sys.stdin)["reason"])')"
exec 3<<<"a wrong passphrase"
modgate approve --passphrase-fd=3 modgate_test_one >/dev/null 2>&1
check "a wrong passphrase" 4 $?
tool 6 approve --passphrase-fd=3 modgate_test_one
check "approve says restart" "*restart*" "$said"
tool 6 why modgate_test_one
tool 6 status
tool 1 diff
check "diff names it" "*modgate_test_one*" "$said"
# Another owner key, and what the old one has signed, kept by somebody.
cp -a /etc/modgate/staged /etc/modgate/kept
tool 6 key --rotate --passphrase-fd=3
tool 6 status
tool 6 why modgate_test_one
before="$(cat $modgate/policy $modgate/lists)"
# What root may try now.
for file in /etc/modgate/staged/*.{policy,list} /etc/modgate/active/*.{policy,list}; do
	[ -e "$file" ] || continue
	python3 - "$file" <<'PY' >bundle.try
import struct, sys
doc = open(sys.argv[1], "rb").read()
sig = open(sys.argv[1] + ".sig", "rb").read()
sys.stdout.buffer.write(b"MODGATEB" + struct.pack("<IIQ", 1, len(sig), len(doc)) + doc + sig)
PY
	check "root hands over ${file##*/}" "*result=EPERM*" "$(./load_document bundle.try)"
done
tool "[1-8]" boot
echo 1 >$modgate/seal
mount --bind /etc/modgate/staged /etc/modgate/active
check "nothing has changed in what is in force" "$before" "$(cat $modgate/policy $modgate/lists)"
umount /etc/modgate/active
check "still refused" "$(refused not-approved)" "$(load finit one.ko)"
check "soft: a new init does not reopen" "$(refused not-approved)" "$(unshare -m -p -f "$work/load_module" finit one.ko)"
END

machine --append "$pin lockdown=integrity" <<'END'
check "loads after the restart" 0 "$(modprobe modgate_test_one 2>&1; echo $?)"
rmmod modgate_test_one
tool 0 status
tool 0 list
check "list names it" "*modgate_test_one*active*" "$said"
tool 0 why modgate_test_one
tool 0 verify
check "with one bit changed" "$(refused not-approved)" "$(load finit one-flipped.ko)"
check "the document on disk is what openssl verifies" "Verified OK" "$(
	list=$(ls /etc/modgate/active/owner-*.list)
	openssl x509 -in /etc/modgate/keys/owner.pem -pubkey -noout >/run/owner.pub
	openssl dgst -sha384 -verify /run/owner.pub -signature "$list.sig" "$list")"
tool 0 revoke --passphrase-fd=3 modgate_test_one
check "revoke says both" "*kernel:*list:*" "$said"
check "revoked at once" "$(refused revoked)" "$(load finit one.ko)"
# The list by the old owner key, which approves one: beside the new one, and as a
# file of another name, which modgate boot hands to the kernel.
for file in /etc/modgate/kept/owner-*.list; do
	name=${file##*/}
	cp "$file" "$file.sig" /etc/modgate/staged
	cp "$file" "/etc/modgate/staged/kept-${name#owner-}"
	cp "$file.sig" "/etc/modgate/staged/kept-${name#owner-}.sig"
done
END

machine --append "$pin lockdown=integrity" <<'END'
check "revoked for good after the restart, though the old key's list was put back" \
	"$(refused not-approved)" "$(load finit one.ko)"
check "the kernel has refused it" "*EKEYREJECTED*" "$(state error)"
check "only the file of another name is left of it" "kept-*.list" "$(basename -a /etc/modgate/staged/*.list)"
rm /etc/modgate/staged/kept-*
tool 0 list
check "list does not name it" "!(*active*)" "$said"
# A staged list that is torn, as a crash between its two files would leave it.
tool 6 approve --passphrase-fd=3 modgate_test_two
rm -f /etc/modgate/staged/*.list.sig
tool 1 status
check "status says so" "*no signature beside it*" "$said"
END

machine --append "$pin lockdown=integrity" <<'END'
check "a staged list without its signature: the active one is in force" "*loaded=yes*" "$(cat $modgate/lists)"
check "and two is not approved" "$(refused not-approved)" "$(load finit two.ko)"
shopt -s nullglob
for file in /etc/modgate/*/owner-*.list; do
	openssl dgst -sha384 -sign attacker.key -out "$file.sig" "$file"
done
tool "[48]" verify
END

machine --append "$pin lockdown=integrity" <<'END'
check "a list signed with another key: no third-party modules" "$(refused no-list)" "$(load finit two.ko)"
tool 1 status
check "status says why" "*signature*" "$said"
check "the machine is up" "sealed yes" "$(state state) $(state enforcing)"
END
finish
