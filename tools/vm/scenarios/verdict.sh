#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Every row of the verdict table that can be reached, by the reason that is in
# the audit record and in modgate/events.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

prepare anchor owner other villain vendor
system_module one.ko system.ko
system_module two.ko banned-system.ko
sign one.ko villain.key villain.pem villain.ko
sign one.ko vendor.key vendor.pem vendor.ko
sign two.ko vendor.key vendor.pem vendor-listed.ko
for file in revoked held; do
	{ cat one.ko; printf '%s' $file; } >$file.ko
done
# No kernel takes a signature over MD5.
openssl req -x509 -newkey rsa:2048 -nodes -subj "/CN=modgate test MD5" -keyout md5.key \
	-out md5.pem 2>/dev/null
"$tree/scripts/sign-file" md5 md5.key md5.pem two.ko md5.ko

policy policy 1 --mode listed --authority "$owner_authority"
policy policy-system 1 --mode system --authority "$owner_authority"
policy policy-audit 1 --mode listed --flags audit --authority "$owner_authority"
list list owner 1 --module "$(digest one.ko)" --module "$(digest revoked.ko)" \
	--module "$(digest villain.ko)" --module "$(digest md5.ko)" \
	--ban "$(digest banned-system.ko)" --ban-cert villain.pem
policy policy-two 1 --mode listed --authority "$owner_authority" \
	--authority other,other.pem,approve,required,2,0,1
list list-two owner 1 --module "$(digest one.ko)" --module "$(digest held.ko)" \
	--module "$(digest md5.ko)"
list list-other other 1 --module "$(digest one.ko),on-demand+permanent"
policy policy-vendors 1 --mode listed --authority "$owner_authority" \
	--authority other,other.pem,vendor,required,2,0,1
list list-vendor owner 1 --vendor vendor.pem --module "$(digest vendor-listed.ko)"
list list-vendor-too other 1 --vendor "vendor.pem,on-demand+permanent,modgate_test_*"

# In the initramfs, before and after the list is there.
cat >early <<END
cd /root$work
load_document anchor.der
load_module finit one.ko >>/root/run/early
load_module finit system.ko >>/root/run/early
load_document policy.bundle list.bundle
load_module finit one.ko >>/root/run/early
load_module init two.ko >>/root/run/early
load_module finit system.ko >>/root/run/early
load_module finit banned-system.ko >>/root/run/early
load_module kexec >>/root/run/early
load_module kexec-file /root$tree/arch/x86/boot/bzImage >>/root/run/early
load_module kexec-file /root$tree/arch/x86/boot/bzImage "lsm=none" >>/root/run/early
END
boot=(--no-boot --initramfs-extra initramfs --early early)

guest "${boot[@]}" --append "$(pin anchor)" <<'END'
mapfile -t early </run/early
check "state boot, no policy: third-party" "$(refused not-sealed)" "${early[0]}"
check "state boot, no policy: system" "$allowed" "${early[1]}"
check "state boot: approved" "$(refused not-sealed)" "${early[2]}"
check "state boot: not approved" "$(refused not-sealed)" "${early[3]}"
check "state boot: system" "$allowed" "${early[4]}"
check "state boot: banned system module" "$(refused banned)" "${early[5]}"
check "state boot: kexec_load" "$(refused kexec)" "${early[6]}"
check "state boot: kexec_file_load" "$(refused kexec)" "${early[7]}"
check "state boot: kexec_file_load with another command line" "$(refused kexec)" "${early[8]}"
check "sealed: approved" "$allowed" "$(load finit one.ko)"
check "sealed: not approved" "$(refused not-approved)" "$(load finit two.ko)"
check "sealed: system" "$allowed" "$(load finit system.ko)"
check "banned by digest, a system module" "$(refused banned)" "$(load finit banned-system.ko)"
check "banned by certificate, though approved" "$(refused banned)" "$(load finit villain.ko)"
check "approved, with a signature that cannot be checked while keys are banned" "$(refused error)" \
	"$(load finit md5.ko)"
check "approved, before it is revoked" "$allowed" "$(load finit revoked.ko)"
sha384sum revoked.ko | cut -c 1-96 >$modgate/revoke
check "revoked, though approved" "$(refused revoked)" "$(load finit revoked.ko)"
kernel=$tree/arch/x86/boot/bzImage
check "sealed: kexec_load" "$(refused kexec)" "$(load kexec)"
check "sealed: kexec_file_load" "$(refused kexec)" "$(load kexec-file "$kernel" "$(cat /proc/cmdline)")"
check "sealed: kexec_file_load with another command line" "$(refused kexec)" "$(load kexec-file "$kernel" "lsm=none")"
sha384sum system.ko | cut -c 1-96 >$modgate/revoke
check "revoked, a system module" "$(refused revoked)" "$(load finit system.ko)"
check "the machine tells" "sealed listed yes" "$(state state) $(state mode) $(state enforcing)"
END

# Two lists; and the gate closes while a module is loading, after the verdict on it.
hand_over anchor.der policy-two.bundle list-two.bundle list-other.bundle
guest "${boot[@]}" --append "$(pin anchor)" <<'END'
check "approved, with a signature that cannot be checked, no key banned" "$allowed" "$(load finit md5.ko)"
check "approved: stopped and let go, it loads" "$allowed" "$(load -w true finit held.ko)"
check "the gate closes while it loads" "$(refused closed)" "$(load -w "echo 1 >$modgate/close" finit held.ko)"
check "the gate is closed" closed "$(state state)"
check "closed: approved" "$(refused closed)" "$(load finit held.ko)"
kernel=$tree/arch/x86/boot/bzImage
check "closed: kexec_load" "$(refused kexec)" "$(load kexec)"
check "closed: kexec_file_load" "$(refused kexec)" "$(load kexec-file "$kernel" "$(cat /proc/cmdline)")"
check "closed: kexec_file_load with another command line" "$(refused kexec)" "$(load kexec-file "$kernel" "lsm=none")"
check "closed: approved twice, on demand by the second list" "$allowed" "$(load -w true finit-keep one.ko)"
check "permanent by the second list" "* permanent=yes" "$(grep "digest=$(digest one.ko) .* state=live" $modgate/receipt)"
rmmod modgate_test_one 2>/dev/null
check "and it stays" 1 "$(grep -c '^modgate_test_one ' /proc/modules)"
END

# Likewise where each list has a rule for its vendor.
hand_over anchor.der policy-vendors.bundle list-vendor.bundle list-vendor-too.bundle
guest "${boot[@]}" --append "$(pin anchor)" <<'END'
check "a vendor's: the gate closes while it loads, on demand by the second list's rule" "$allowed" \
	"$(load -w "echo 1 >$modgate/close" finit-keep vendor.ko)"
check "the gate is closed" closed "$(state state)"
check "permanent by the second list's rule" "* reason=vendor * permanent=yes" \
	"$(grep "digest=$(digest vendor.ko) .* state=live" $modgate/receipt)"
rmmod modgate_test_one 2>/dev/null
check "and it stays" 1 "$(grep -c '^modgate_test_one ' /proc/modules)"
check "approved by the first list, on demand by the second one's rule" "$allowed" "$(load finit-keep vendor-listed.ko)"
check "and permanent by that" "* reason=approved * permanent=yes" \
	"$(grep "digest=$(digest vendor-listed.ko) .* state=live" $modgate/receipt)"
END

hand_over anchor.der policy-system.bundle list.bundle
guest "${boot[@]}" --append "$(pin anchor)" <<'END'
check "mode system: approved" "$(refused mode)" "$(load finit one.ko)"
check "mode system: not approved" "$(refused mode)" "$(load finit two.ko)"
check "mode system: banned before mode" "$(refused banned)" "$(load finit banned-system.ko)"
check "mode system: system" "$allowed" "$(load finit system.ko)"
END

hand_over anchor.der policy-audit.bundle list.bundle
guest "${boot[@]}" --append "$(pin anchor)" <<'END'
check "flag audit: not approved loads, recorded" "$(recorded not-approved)" "$(load finit two.ko)"
check "flag audit: banned loads, recorded" "$(recorded banned)" "$(load finit banned-system.ko)"
check "flag audit: approved" "$allowed" "$(load finit one.ko)"
check "flag audit: kexec_load" "$(recorded kexec)" "$(load kexec)"
# This kernel is not one that can be moved, as the kernel itself finds.
check "flag audit: kexec_file_load" "result=ENOEXEC audit=kexec event=kexec" \
	"$(load kexec-file "$tree/arch/x86/boot/bzImage" "lsm=none")"
check "flag audit: a BPF program that modifies returns" "$(recorded bpf)" "$(load bpf)"
check "flag audit: the event says so" "*verdict=would-deny*" "$(tail -n 1 $modgate/events)"
check "flag audit: state says so" "audit allowed" "$(state enforcing) $(state kexec)"
END

# Not provisioned: everything loads, and is recorded.
guest --no-boot <<'END'
check "not provisioned: third-party loads, recorded" "$(recorded no-policy)" "$(load finit one.ko)"
check "not provisioned: system" "$allowed" "$(load finit system.ko)"
check "not provisioned: state says so" "no record - allowed" \
	"$(state provisioned) $(state enforcing) $(state anchor) $(state kexec)"
check "not provisioned: kexec is the kernel's affair" "$allowed, result=ENOEXEC audit=- event=-" \
	"$(load kexec), $(load kexec-file "$tree/arch/x86/boot/bzImage" "lsm=none")"
check "not provisioned: BPF programs that modify returns are the kernel's affair" "$allowed" \
	"$(load bpf)"
check "not provisioned: no document is taken" "*result=EPERM*" "$(./load_document policy.bundle)"
END
finish
