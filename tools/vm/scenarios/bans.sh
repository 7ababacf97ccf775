#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Tightening, with the tool: revoke refuses at once and unloads what it can; a ban
# overrules everything, system modules included, and lasts across restarts until it
# is removed. Both also stop a module that is just loading.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

prepare anchor owner villain other
cp modules/modgate_test_user.ko user.ko
system_module one.ko system-one.ko
# A ban or a revocation holds for the code whoever signed it, so each has code of its own.
for name in own villains; do
	{ cat two.ko; printf %s $name; } >$name.ko
done
system_module own.ko system.ko
respell system.ko respelled.ko
sign villains.ko villain.key villain.der by-villain.ko
for way in again finit init; do
	sign two.ko other.key other.der two-$way.ko
done
# Another build ID: a byte changed after the header of its note.
cp two.ko two-other.ko
at=$(grep -obUaP '\x04\0\0\0\x14\0\0\0\x03\0\0\0GNU\0' two.ko | sed -n 1p | cut -d : -f 1)
perl -e 'open F, "+<", $ARGV[0] or die; binmode F; seek F, $ARGV[1], 0; read F, $byte, 1;
	seek F, $ARGV[1], 0; print F ~$byte' two-other.ko $((at + 16))
cp "$tree/certs/signing_key.x509" builtin.der
# make_digests COUNT WHAT: as sha384sum prints them.
make_digests() { perl -MDigest::SHA=sha384_hex -e 'print sha384_hex("$ARGV[1] $_\n"), "  -\n" for 1..$ARGV[0]' "$@"; }
make_digests 5000 banned >digests
make_digests 300 revoked >others
echo "$(digest two.ko)  two.ko" >>digests

machine() { guest --disk "$work/disk" --append "$pin lockdown=integrity"; }
pin=

helpers=$admin_helpers$(cat <<'END'

cp user.ko $extra/modgate_test_user.ko
depmod 2>/dev/null
loaded() { [ -e "/sys/module/$1" ] && echo loaded || echo gone; }
# revoking FILE: the command that revokes it; there NAME: how many modules of that name are loaded.
revoking() { echo "sha384sum <$1 | head -c 96 >$modgate/revoke"; }
there() { grep -c "^$1 " /proc/modules; }
END
)

machine <<'END'
tool 6 init --passphrase-fd=3
tool 6 approve --passphrase-fd=3 modgate_test_one modgate_test_user modgate_test_two \
	./two-again.ko ./two-finit.ko ./two-init.ko ./by-villain.ko
tell_pin
END
pin=$(told_pin)

machine <<'END'
# Revoking a module while it loads, after the verdict. The kernel does not know a
# system module's digest then if nothing was revoked or banned before.
check "a system module loads if nothing was revoked while it was held" "$allowed" \
	"$(load -w true finit system-one.ko)"
check "a system module is refused if the first revocation comes while it loads" "$(refused error)" \
	"$(load -w "$(revoking system-one.ko)" finit system-one.ko)"
check "a system module is refused as revoked at the next attempt" "$(refused revoked)" "$(load finit system-one.ko)"
for way in finit init; do
	check "$way: an approved module loads after it was held and let go" "$allowed" "$(load -w true $way two-$way.ko)"
	check "$way: a module revoked while it loads is refused" "$(refused revoked)" \
		"$(load -w "$(revoking two-$way.ko)" $way-keep two-$way.ko)"
	check "$way: the late refusal is an event with the digest, and no name or path" \
		"* reason=revoked digest=$(digest two-$way.ko) name=- * path=-" \
		"$(tail -n 1 $modgate/events)"
	check "$way: a module revoked while it loads does not stay" 0 "$(there modgate_test_two)"
done

check "an approved module loads together with its dependency" loaded \
	"$(modprobe modgate_test_user 2>&1; loaded modgate_test_user)"
tool 6 revoke --passphrase-fd=3 modgate_test_one
check "revoke of a module in use names its user" "*loaded: it stays so*in use by modgate_test_user*" "$said"
check "a module in use stays loaded after revoke" loaded "$(loaded modgate_test_one)"
tool 0 revoke --passphrase-fd=3 --keep-loaded modgate_test_user
check "revoke --keep-loaded says that the module stays loaded" "*as asked for*" "$said"
check "revoke --keep-loaded leaves the module loaded" loaded "$(loaded modgate_test_user)"
tool 0 revoke modgate_test_user
check "revoke says that it unloaded a module nobody uses" "*it was, and is unloaded now*" "$said"
check "revoke unloads a module nobody uses" gone "$(loaded modgate_test_user)"
tool 0 revoke --json modgate_test_one
check "revoke of a dependency unloads it once its user is gone" '*"unloaded":true*' "$(tr -d ' ' <<<"$said")"
check "a revoked dependency is gone once its user is" gone "$(loaded modgate_test_one)"
check "a revoked module does not load again" "$(refused revoked)" "$(load finit one.ko)"

# A build of the same name that stays approved may be the one that is loaded.
check "the first of two approved builds of one name loads" "$allowed" "$(load finit-keep two.ko)"
tool 0 revoke --passphrase-fd=3 ./two-again.ko
check "revoke of the other build says that another one may be loaded" "*may be another build*" "$said"
check "the loaded build stays after the other build is revoked" loaded "$(loaded modgate_test_two)"
# An installed file need not be the loaded build.
cp two-other.ko $extra/modgate_test_two.ko
tool 0 revoke ./two-other.ko
check "revoke of an installed file says that the loaded build is another one" "*is another build than*" "$said"
check "the loaded build stays after another installed build is revoked" loaded "$(loaded modgate_test_two)"
cp two.ko $extra/modgate_test_two.ko
tool 0 revoke --passphrase-fd=3 ./two.ko
check "revoke of the loaded build by its file says that it is unloaded" "*is unloaded now*" "$said"
check "revoke of the loaded build by its file unloads it" gone "$(loaded modgate_test_two)"
tool 6 approve --passphrase-fd=3 ./two.ko

check "a system module loads before it is banned" "$allowed" "$(load finit system.ko)"
check "a system module loads with its signature encoded differently" "$allowed" "$(load finit respelled.ko)"
tool 0 ban --passphrase-fd=3 ./system.ko
check "a banned system module is refused at once" "$(refused revoked)" "$(load finit system.ko)"
check "a banned module with its signature encoded differently is refused at once" "$(refused revoked)" "$(load finit respelled.ko)"
check "an approved module loads before its signer is banned" "$allowed" "$(load finit by-villain.ko)"
tool 6 ban --passphrase-fd=3 --signer=villain.pem
tool 1 ban --passphrase-fd=3 --signer=builtin.der
check "a key built into the kernel cannot be banned" "*built into the kernel*" "$said"
tool 0 verify
tool 6 status
END

machine <<'END'
tool 0 status
check "a banned system module is refused after the restart" "$(refused banned)" "$(load finit system.ko)"
check "a banned module with another signature encoding is refused after the restart" "$(refused banned)" "$(load finit respelled.ko)"
check "a banned system module is refused without its signature" "$(refused banned)" "$(load init own.ko)"
check "an approved module is refused if its signer is banned" "$(refused banned)" "$(load finit by-villain.ko)"
check "a revoked module is not approved after the restart" "$(refused not-approved)" "$(load finit one.ko)"
check "an approved module without a ban loads after the restart" "$allowed" "$(load finit two.ko)"
tool 1 why ./system.ko
check "why names the list that bans the module" "*banned*list of owner*" "$said"
tool 1 doctor
check "doctor checks the initramfs of this boot and the recovery initramfs" "*initramfs *sealed the kernel*recovery initramfs *knows recovery*" "$said"
check "doctor says that lockdown lets approved modules through and kexec is refused" "*lockdown *lets approved modules through*kexec *refused by modgate*" "$said"
check "doctor reports missing secure boot, no freshness and no root device" "*secure boot *not started by UEFI*freshness *none*root modules *on no device*" "$said"
tool 0 list
check "list shows the bans" "*modgate_test_two*ban*banned*" "$said"
tool 6 ban --remove --passphrase-fd=3 ./system.ko
check "a removed ban still holds until the restart" "$(refused banned)" "$(load finit system.ko)"
tool 6 ban --remove --passphrase-fd=3 --signer=villain.pem
tool 6 ban --passphrase-fd=3 --import=digests
check "ban --import says that the kernel has no more room" "*No space left*" "$said"
check "ban --import leaves some of the kernel's revocations free" 3840 "$(state revoked)"
told=0
while read -r digest _; do
	printf %s "$digest" >$modgate/revoke || break
	told=$((told + 1))
done <others 2>/dev/null
check "256 more revocations are taken, and the 4,097th is refused" "256 4096" "$told $(state revoked)"
check "a revocation too many fails for want of space" "*No space left*" \
	"$(bash -c "sha384sum <<<x | head -c 96 >$modgate/revoke" 2>&1)"
check "revoking a revoked digest again is no error when space is used up" 0 \
	"$(sort digests | head -c 96 >$modgate/revoke; echo $?)"
END

machine <<'END'
tool 0 status
check "a system module loads again once its ban is removed" "$allowed" "$(load finit system.ko)"
check "an approved module loads again once its signer's ban is removed" "$allowed" "$(load finit by-villain.ko)"
check "the last of 5,001 banned digests is refused" "$(refused banned)" "$(load finit two.ko)"
check "all 5,001 bans are in force" "*bans=5001*" "$(cat $modgate/lists)"
END

# In state boot system modules load while documents are handed over: here the list that
# bans two of them comes while both are loading.
policy policy 1 --mode listed --authority "$owner_authority"
list ban-both owner 1 --ban "$(digest system-one.ko)" --ban "$(digest system.ko)"
cat >early <<END
cd /root$work
{
	load_module -w true finit system-one.ko
	load_module -w true init system.ko
	load_document anchor.der
	inner="load_module -w 'load_document policy.bundle ban-both.bundle' init-keep system.ko"
	load_module -w "\$inner" finit-keep system-one.ko
} >/root/run/early
END
guest --no-boot --initramfs-extra initramfs --early early --append "$(pin anchor)" <<'END'
exec 3</run/early
next() { IFS= read -r got <&3; }
for way in finit init; do
	next
	check "state boot, $way: a system module loads after it was held and let go" "$allowed" "$got"
done
for file in anchor.der policy.bundle ban-both.bundle; do
	next
	check "$file is taken while two system modules are loading" "$file result=ok *" "$got"
done
for way in init finit; do
	next
	check "state boot, $way: a system module banned while it loads is refused" "$(refused banned)" "$got"
done
for file in system-one.ko system.ko; do
	check "$file: the late refusal is an event with the digest, and no name or path" "*reason=banned digest=$(digest $file) name=- * path=-*" \
		"$(grep $(digest $file) $modgate/events)"
done
check "neither system module banned while loading is loaded" "0 0" "$(there modgate_test_one) $(there modgate_test_two)"
END
finish
