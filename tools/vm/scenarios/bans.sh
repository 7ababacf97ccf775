#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Tightening, with the tool: revoke refuses at once and unloads what it can; a ban
# holds above everything, system modules included, across restarts, until it is
# taken off. Both hold for a module that is loading at that moment, too.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

prepare anchor owner villain other
cp modules/modgate_test_user.ko user.ko
system_module one.ko system-one.ko
# What is banned or revoked is so whoever has signed it: not the same code for each.
for name in own villains; do
	{ cat two.ko; printf %s $name; } >$name.ko
done
system_module own.ko system.ko
respell system.ko respelled.ko
sign villains.ko villain.key villain.der by-villain.ko
for way in again finit init; do
	sign two.ko other.key other.der two-$way.ko
done
# Another build ID, behind the head of its note.
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
# A command; and whether the kernel has a module of this name.
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
# While a module is loading, after the verdict on it. A system module's digest is not
# known then if nothing is revoked or banned yet.
check "system module, nothing revoked: stopped and let go, it loads" "$allowed" \
	"$(load -w true finit system-one.ko)"
check "revoked while it loads, the first of all: refused" "$(refused error)" \
	"$(load -w "$(revoking system-one.ko)" finit system-one.ko)"
check "and once more" "$(refused revoked)" "$(load finit system-one.ko)"
for way in finit init; do
	check "$way: stopped and let go, it loads" "$allowed" "$(load -w true $way two-$way.ko)"
	check "$way: revoked while it loads: refused" "$(refused revoked)" \
		"$(load -w "$(revoking two-$way.ko)" $way-keep two-$way.ko)"
	check "$way: after the verdict, without its file" \
		"* reason=revoked digest=$(digest two-$way.ko) name=- * path=-" \
		"$(tail -n 1 $modgate/events)"
	check "$way: and it is not there" 0 "$(there modgate_test_two)"
done

check "a module and what it needs are loaded" loaded \
	"$(modprobe modgate_test_user 2>&1; loaded modgate_test_user)"
tool 6 revoke --passphrase-fd=3 modgate_test_one
check "revoke of a module in use says by whom" "*loaded: it stays so*in use by modgate_test_user*" "$said"
check "and it stays" loaded "$(loaded modgate_test_one)"
tool 0 revoke --passphrase-fd=3 --keep-loaded modgate_test_user
check "revoke, asked to keep it" "*as asked for*" "$said"
check "and it stays" loaded "$(loaded modgate_test_user)"
tool 0 revoke modgate_test_user
check "revoke unloads it" "*it was, and is unloaded now*" "$said"
check "and it is gone" gone "$(loaded modgate_test_user)"
tool 0 revoke --json modgate_test_one
check "what it needed is not in use any more" '*"unloaded":true*' "$(tr -d ' ' <<<"$said")"
check "and is gone" gone "$(loaded modgate_test_one)"
check "neither loads again" "$(refused revoked)" "$(load finit one.ko)"

# A build of the same name that stays approved may be the one that is loaded.
check "two builds of a name are approved: the first one loads" "$allowed" "$(load finit-keep two.ko)"
tool 0 revoke --passphrase-fd=3 ./two-again.ko
check "the other one is revoked" "*may be another build*" "$said"
check "and the first one stays" loaded "$(loaded modgate_test_two)"
# Installed, it is still not the one that is loaded.
cp two-other.ko $extra/modgate_test_two.ko
tool 0 revoke ./two-other.ko
check "the file that is installed is not what is loaded" "*is another build than*" "$said"
check "and it stays" loaded "$(loaded modgate_test_two)"
cp two.ko $extra/modgate_test_two.ko
tool 0 revoke --passphrase-fd=3 ./two.ko
check "the file that is loaded" "*is unloaded now*" "$said"
check "and is gone" gone "$(loaded modgate_test_two)"
tool 6 approve --passphrase-fd=3 ./two.ko

check "a system module loads" "$allowed" "$(load finit system.ko)"
check "with its signature written in another way, too" "$allowed" "$(load finit respelled.ko)"
tool 0 ban --passphrase-fd=3 ./system.ko
check "banned, it is refused at once" "$(refused revoked)" "$(load finit system.ko)"
check "however its signature is written" "$(refused revoked)" "$(load finit respelled.ko)"
check "what the villain signed loads: it is approved" "$allowed" "$(load finit by-villain.ko)"
tool 6 ban --passphrase-fd=3 --signer=villain.pem
tool 1 ban --passphrase-fd=3 --signer=builtin.der
check "a key of the kernel cannot be banned" "*built into the kernel*" "$said"
tool 0 verify
tool 6 status
END

machine <<'END'
tool 0 status
check "a system module that is banned" "$(refused banned)" "$(load finit system.ko)"
check "however its signature is written" "$(refused banned)" "$(load finit respelled.ko)"
check "and without it" "$(refused banned)" "$(load init own.ko)"
check "banned by its signer, though approved" "$(refused banned)" "$(load finit by-villain.ko)"
check "revoked for good" "$(refused not-approved)" "$(load finit one.ko)"
check "not banned" "$allowed" "$(load finit two.ko)"
tool 1 why ./system.ko
check "why says which list" "*banned*list of owner*" "$said"
tool 1 doctor
check "doctor: this boot's initramfs" "*initramfs *sealed the kernel*recovery initramfs *knows recovery*" "$said"
check "doctor: what holds here" "*lockdown *lets approved modules through*kexec *refused by modgate*" "$said"
check "doctor: what does not" "*secure boot *not started by UEFI*freshness *none*root modules *on no device*" "$said"
tool 0 list
check "list shows the bans" "*modgate_test_two*ban*banned*" "$said"
tool 6 ban --remove --passphrase-fd=3 ./system.ko
check "the ban holds until the restart" "$(refused banned)" "$(load finit system.ko)"
tool 6 ban --remove --passphrase-fd=3 --signer=villain.pem
tool 6 ban --passphrase-fd=3 --import=digests
check "import says that the kernel has no more room" "*No space left*" "$said"
check "a file does not use up all places" 3840 "$(state revoked)"
told=0
while read -r digest _; do
	printf %s "$digest" >$modgate/revoke || break
	told=$((told + 1))
done <others 2>/dev/null
check "256 are left, and the 4,097th is refused" "256 4096" "$told $(state revoked)"
check "for want of space" "*No space left*" \
	"$(bash -c "sha384sum <<<x | head -c 96 >$modgate/revoke" 2>&1)"
check "one that it knows already is no error" 0 \
	"$(sort digests | head -c 96 >$modgate/revoke; echo $?)"
END

machine <<'END'
tool 0 status
check "the system module loads again" "$allowed" "$(load finit system.ko)"
check "so does what the villain signed" "$allowed" "$(load finit by-villain.ko)"
check "the last one of 5,001 is banned" "$(refused banned)" "$(load finit two.ko)"
check "all of them are in force" "*bans=5001*" "$(cat $modgate/lists)"
END

# In state boot a system module loads beside the documents: two of them, and the list
# that bans both comes while they are loading.
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
	check "state boot, $way: stopped and let go, it loads" "$allowed" "$got"
done
for file in anchor.der policy.bundle ban-both.bundle; do
	next
	check "while both are loading, $file is taken" "$file result=ok *" "$got"
done
for way in init finit; do
	next
	check "state boot, $way: banned while it loads: refused" "$(refused banned)" "$got"
done
for file in system-one.ko system.ko; do
	check "$file: after the verdict" "*reason=banned digest=$(digest $file) name=- * path=-*" \
		"$(grep $(digest $file) $modgate/events)"
done
check "and neither is there" "0 0" "$(there modgate_test_one) $(there modgate_test_two)"
END
finish
