#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Every way to load a module, under lockdown: an approved module loads, and does not
# with one bit changed. Lockdown and module.sig_enforce still refuse what modgate does
# not vouch for. Mode signed requires a signature as well.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

prepare anchor owner unknown
flip one.ko one-flipped.ko
for file in one.ko one-flipped.ko; do
	xz -k --check=crc32 $file
	zstd -q -k $file
	gzip -k $file
done
system_module two.ko system.ko
flip system.ko broken.ko
sign one.ko unknown.key unknown.pem unknown.ko

# A key that the secondary keyring takes, since the kernel's own key signed it.
openssl req -newkey rsa:2048 -nodes -subj "/CN=modgate test secondary" -keyout secondary.key -out secondary.csr 2>/dev/null
openssl x509 -inform DER -in "$tree/certs/signing_key.x509" -out ca.pem
printf 'subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\nkeyUsage=digitalSignature\n' >ext
openssl x509 -req -in secondary.csr -CA ca.pem -CAkey "$tree/certs/signing_key.pem" -set_serial 7 \
	-days 3650 -extfile ext -out secondary.pem 2>/dev/null
openssl x509 -in secondary.pem -outform DER -out secondary.der
sign one.ko secondary.key secondary.pem secondary.ko

for mode in listed signed; do
	policy policy-$mode 1 --mode $mode --authority "$owner_authority"
done
list list owner 1 --module "$(digest one.ko)" --module "$(digest broken.ko)" \
	--module "$(digest secondary.ko)"

early() {
	echo "cd /root$work; load_document anchor.der $1.bundle list.bundle; echo 1 >/sys/kernel/security/modgate/seal" >early
}
boot=(--no-boot --initramfs-extra initramfs --early early)

early policy-listed
helpers=kmod_with_zlib=$("$vm" kmod)
guest "${boot[@]}" --append "$(pin anchor) lockdown=integrity" <<'END'
# 4 is MODULE_INIT_COMPRESSED_FILE, 2 MODULE_INIT_IGNORE_VERMAGIC,
# 1 MODULE_INIT_IGNORE_MODVERSIONS.
check "lockdown is set to integrity" "*\[integrity\]*" "$(cat /sys/kernel/security/lockdown)"
check "finit_module: an approved module loads" "$allowed" "$(load finit one.ko)"
check "finit_module: a changed module is refused" "$(refused not-approved)" "$(load finit one-flipped.ko)"
check "init_module: an approved module loads" "$allowed" "$(load init one.ko)"
check "init_module: a changed module is refused" "$(refused not-approved)" "$(load init one-flipped.ko)"
check "zstd in the kernel: an approved module loads" "$allowed" "$(load finit one.ko.zst 4)"
check "zstd in the kernel: a changed module is refused" "$(refused not-approved)" "$(load finit one-flipped.ko.zst 4)"
for suffix in xz zst gz; do
	# Debian's kmod is built without zlib.
	insmod=insmod
	[ $suffix != gz ] || insmod=${kmod_with_zlib%/*}/insmod
	check "$suffix through kmod: insmod loads an approved module" "0" "$($insmod one.ko.$suffix 2>&1; echo $?)"
	check "$suffix through kmod: the approved module is loaded" "modgate_test_one *" "$(grep modgate_test_one /proc/modules)"
	rmmod modgate_test_one
	before=$(state refused)
	check "$suffix through kmod: insmod does not load a changed module" "*not permitted*1" "$($insmod one-flipped.ko.$suffix 2>&1; echo $?)"
	check "$suffix through kmod: modgate refuses the changed module" $((before + 1)) "$(state refused)"
done
check "finit_module: a system module loads" "$allowed" "$(load finit system.ko)"
check "init_module: a system module loads" "$allowed" "$(load init system.ko)"
check "an unapproved module is refused" "$(refused not-approved)" "$(load finit two.ko)"
check "an unapproved module signed by an unknown key is refused" "$(refused not-approved)" "$(load finit unknown.ko)"
check "lockdown refuses an approved module if vermagic is ignored" "result=EPERM audit=- event=-" "$(load finit one.ko 2)"
check "lockdown refuses an approved module if symbol versions are ignored" "result=EPERM audit=- event=-" "$(load finit one.ko 1)"
check "the kernel refuses an approved module with a broken signature" \
	"result=@(EKEYREJECTED|EBADMSG) audit=- event=-" "$(load finit broken.ko)"
check "an approved module still loads after the refusals" "$allowed" "$(load finit one.ko)"

# Root can invalidate the kernel's own keys, which only makes more modules fail.
PATH=$bin:$PATH
on_disk policy-listed list
check "state shows that the kernel's own keys are usable" usable "$(state system-keys)"
keyctl invalidate %keyring:.builtin_trusted_keys
check "state shows that the kernel's own keys are lost" lost "$(state system-keys)"
check "keys lost: a system module is refused" "$(refused not-approved)" "$(load finit system.ko)"
check "keys lost: an approved module loads" "$allowed" "$(load finit one.ko)"
check "keys lost: an unapproved module is refused" "$(refused not-approved)" "$(load finit two.ko)"
check "keys lost: an unapproved module signed by an unknown key is refused" "$(refused not-approved)" "$(load finit unknown.ko)"
check "keys lost: status says that somebody invalidated the keyring" "*somebody has invalidated .builtin_trusted_keys*restart*" "$(modgate status)"
check "keys lost: why suggests a restart for a system module" "*remedy*restart, then ask again: the kernel's own keys*" \
	"$(modgate why ./system.ko)"
check "keys lost: why suggests approve for an unsigned module" "*modgate approve ./two.ko, then restart*" "$(modgate why ./two.ko)"
END

guest "${boot[@]}" --append "$(pin anchor) module.sig_enforce=1" <<'END'
check "sig_enforce: the kernel refuses an approved unsigned module" \
	"result=EKEYREJECTED audit=- event=-" "$(load finit one.ko)"
on_disk policy-listed list
check "sig_enforce: why says that the kernel itself refuses the module" \
	"*one: would not load, though modgate allows it*kernel *module.sig_enforce: the kernel itself refuses it*" \
	"$("$bin/modgate" why ./one.ko)"
check "sig_enforce: modgate refuses an unapproved module" "$(refused not-approved)" "$(load finit one-flipped.ko)"
check "sig_enforce: a system module loads" "$allowed" "$(load finit system.ko)"
END

early policy-signed
guest "${boot[@]}" --append "$(pin anchor) lockdown=integrity" <<'END'
check "mode signed: an approved unsigned module is refused" "$(refused unsigned)" "$(load finit one.ko)"
check "mode signed: an approved module is refused while its key is unknown" "$(refused unsigned)" "$(load finit secondary.ko)"
keyctl padd asymmetric '' %keyring:.secondary_trusted_keys <secondary.der >/dev/null
check "mode signed: an approved module signed by a secondary key loads" "$allowed" "$(load finit secondary.ko)"
check "mode signed: an unapproved signed module is refused" "$(refused not-approved)" "$(load finit unknown.ko)"
check "mode signed: a system module loads" "$allowed" "$(load finit system.ko)"
END
finish
