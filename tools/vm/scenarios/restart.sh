#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What an admin does, with the tool, across restarts: refused, pending, why,
# approve, still refused, restart, loaded; revoke; a new owner key; and what root may
# try between approve and restart.

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
check "key --pin prints the digest of the certificate" "modgate.anchor=????????????????*" "$pin"

machine --append "$pin lockdown=integrity" <<'END'
tool 0 status
check "modgate boot seals the kernel" "sealed seal" "$(state state) $(state ended-by)"
check "an unapproved module is refused" "*not permitted*" "$(modprobe modgate_test_one 2>&1)"
tool 0 pending
check "pending names the refused module" "*modgate_test_one*" "$said"
tool 1 why modgate_test_one
check "why gives the reason not-approved" "*not-approved*" "$said"
check "why names the command that approves the module" "*modgate approve*" "$said"
tool 1 why --json modgate_test_one
check "why --json gives the same reason" not-approved "$(printf '%s' "$said" | python3 -c 'import json, sys; print(json.load(sys.stdin)["reason"])')"
exec 3<<<"a wrong passphrase"
modgate approve --passphrase-fd=3 modgate_test_one >/dev/null 2>&1
check "approve with a wrong passphrase exits with 4" 4 $?
tool 6 approve --passphrase-fd=3 modgate_test_one
check "approve says that a restart is needed" "*restart*" "$said"
tool 6 why modgate_test_one
tool 6 status
tool 1 diff
check "diff names the newly approved module" "*modgate_test_one*" "$said"
# A new owner key; somebody keeps what the old one has signed.
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
	check "root cannot hand over ${file##*/} once sealed" "*result=EPERM*" "$(./load_document bundle.try)"
done
tool "[1-8]" boot
echo 1 >$modgate/seal
mount --bind /etc/modgate/staged /etc/modgate/active
check "nothing in force has changed before the restart" "$before" "$(cat $modgate/policy $modgate/lists)"
umount /etc/modgate/active
check "an approved module is refused before the restart" "$(refused not-approved)" "$(load finit one.ko)"
check "an approved module is refused under a new init without a restart" "$(refused not-approved)" "$(unshare -m -p -f "$work/load_module" finit one.ko)"
END

machine --append "$pin lockdown=integrity" <<'END'
check "an approved module loads after the restart" 0 "$(modprobe modgate_test_one 2>&1; echo $?)"
rmmod modgate_test_one
tool 0 status
tool 0 list
check "list shows the approved module as active" "*modgate_test_one*active*" "$said"
tool 0 why modgate_test_one
tool 0 verify
check "an approved module with one bit changed is refused" "$(refused not-approved)" "$(load finit one-flipped.ko)"
check "openssl verifies the list on disk" "Verified OK" "$(
	list=$(ls /etc/modgate/active/owner-*.list)
	openssl x509 -in /etc/modgate/keys/owner.pem -pubkey -noout >/run/owner.pub
	openssl dgst -sha384 -verify /run/owner.pub -signature "$list.sig" "$list")"
tool 0 revoke --passphrase-fd=3 modgate_test_one
check "revoke reports on the kernel and on the list" "*kernel:*list:*" "$said"
check "a revoked module is refused at once" "$(refused revoked)" "$(load finit one.ko)"
# Puts back the list by the old owner key, which approves one.ko: under its own name, and
# under another one, which modgate boot hands to the kernel.
for file in /etc/modgate/kept/owner-*.list; do
	name=${file##*/}
	cp "$file" "$file.sig" /etc/modgate/staged
	cp "$file" "/etc/modgate/staged/kept-${name#owner-}"
	cp "$file.sig" "/etc/modgate/staged/kept-${name#owner-}.sig"
done
END

machine --append "$pin lockdown=integrity" <<'END'
check "a revoked module stays refused though the old owner key's list is put back" \
	"$(refused not-approved)" "$(load finit one.ko)"
check "the kernel has refused the list by the old owner key" "*EKEYREJECTED*" "$(state error)"
check "the store keeps only the old list that has another file name" "kept-*.list" "$(basename -a /etc/modgate/staged/*.list)"
rm /etc/modgate/staged/kept-*
tool 0 list
check "list shows no active module after the revocation" "!(*active*)" "$said"
# Makes a torn staged list, as a crash between writing its two files would.
tool 6 approve --passphrase-fd=3 modgate_test_two
rm -f /etc/modgate/staged/*.list.sig
tool 1 status
check "status says that a staged list has no signature" "*no signature beside it*" "$said"
END

machine --append "$pin lockdown=integrity" <<'END'
check "a staged list without its signature: the active list is in force" "*loaded=yes*" "$(cat $modgate/lists)"
check "a staged list without its signature: its module is refused" "$(refused not-approved)" "$(load finit two.ko)"
shopt -s nullglob
for file in /etc/modgate/*/owner-*.list; do
	openssl dgst -sha384 -sign attacker.key -out "$file.sig" "$file"
done
tool "[48]" verify
END

machine --append "$pin lockdown=integrity" <<'END'
check "a list signed by another key: a third-party module is refused" "$(refused no-list)" "$(load finit two.ko)"
tool 1 status
check "a list signed by another key: status names the signature" "*signature*" "$said"
check "a list signed by another key: the kernel is sealed and enforces" "sealed yes" "$(state state) $(state enforcing)"
END
finish
