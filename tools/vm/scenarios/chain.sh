#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The boot chain decides: what an initramfs withholds or forges, and what
# bootconfig injects, never widens what loads. The machine comes up, system
# modules load, and "modgate status" says what is wrong.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

prepare anchor owner fleet attacker
system_module two.ko system.ko

policy policy 1 --mode listed --authority "$owner_authority"
policy policy-fleet 1 --mode listed --authority "$owner_authority" \
	--authority fleet,fleet.pem,approve,required,2,0,1
list list owner 1 --module "$(digest one.ko)"
"$mkdoc" policy --key attacker.key --cert attacker.pem --generation 9 --mode listed --flags audit+allow-kexec \
	--authority attacker,attacker.pem,approve,0,1,0,1 --out evil-policy --bundle evil-policy.bundle
list evil-list attacker 9 --module "$(digest one.ko)"

# What "modgate status" reads besides: the documents as they should be, on the disk.
# Then what it finds is what was done to the boot.
helpers=$(cat <<'END'
status() {
	"$bin/modgate" status 2>&1 | grep -E '(problem|policy|list)  '
	return "${PIPESTATUS[0]}"
}
on_disk policy list
kernel=$tree/arch/x86/boot/bzImage
END
)

hand_over anchor.der policy.bundle list.bundle
guest --no-boot --initramfs-extra initramfs --early early --append "$(pin anchor)" <<'END'
check "nothing is withheld: the module loads" "$allowed" "$(load finit one.ko)"
check "nothing is withheld: no problem" "0 " "$(said=$(status); echo "$? $(grep -F ' problem ' <<<"$said")")"
END

# boot NAME REASON PROBLEM STATE APPEND FILES [OPTION...]: hands FILES over, expects a
# third-party module to be refused for REASON, "modgate status" to tell of PROBLEM, and
# lines of state to match.
boot() {
	local name=$1 reason=$2 problem=$3 want=$4 append=$5 files=$6
	shift 6
	hand_over "$files"
	guest --no-boot --initramfs-extra initramfs --early early --append "$append" "$@" <<END
check "$name: third-party stays out" "\$(refused $reason)" "\$(load finit one.ko)"
check "$name: system modules load" "\$allowed" "\$(load finit system.ko)"
check "$name: state" "$want" "\$(tr '\n' ' ' <\$modgate/state)"
said=\$(status)
check "$name: status says that something is wrong" 1 \$?
check "$name: status says what" "* problem *$problem*" "\$said"
check "$name: kexec_load is refused" "\$(refused kexec)" "\$(load kexec)"
check "$name: kexec_file_load is refused" "\$(refused kexec)" "\$(load kexec-file \$kernel modgate.recovery)"
check "$name: a BPF program that modifies returns is refused" "\$(refused bpf)" "\$(load bpf)"
END
}

boot "certificate withheld" no-policy "anchor is awaited" '* anchor=awaited *policy=no *' \
	"$(pin anchor)" "policy.bundle list.bundle"
boot "another certificate" no-policy "anchor is awaited" '* anchor=awaited *' \
	"$(pin anchor)" "attacker.der evil-policy.bundle evil-list.bundle"
boot "malformed anchor" no-policy "anchor is malformed" '* provisioned=yes anchor=malformed *' \
	"modgate.anchor=0123" "anchor.der policy.bundle list.bundle"
boot "empty anchor" no-policy "anchor is malformed" '* provisioned=yes anchor=malformed *' \
	"modgate.anchor=" "anchor.der policy.bundle list.bundle"
boot "two anchors" no-policy "anchor is malformed" '* provisioned=yes anchor=malformed *' \
	"$(pin anchor) $(pin attacker)" "anchor.der policy.bundle list.bundle"
boot "local policy withheld" no-policy "no local policy is in force" '* anchor=loaded *policy=no *' \
	"$(pin anchor)" "anchor.der list.bundle"
boot "lists withheld" no-list "1 required list(s) are not in force" '* policy=yes * missing-lists=1 *' \
	"$(pin anchor)" "anchor.der policy.bundle"
boot "one required list withheld" no-list "1 required list(s) are not in force" '* missing-lists=1 *' \
	"$(pin anchor)" "anchor.der policy-fleet.bundle list.bundle"
boot "freshness demanded and not to be had" no-policy "the kernel found no TPM" '* freshness=tpm *' \
	"$(pin anchor) modgate.freshness=tpm" "anchor.der policy.bundle list.bundle"

# An anchor that bootconfig brings is no anchor; one that it brings besides the
# command line's changes nothing.
cat >bootconfig <<END
kernel.modgate.anchor = $(digest attacker.der)
modgate.anchor = $(digest attacker.der)
kernel.modgate.freshness = tpm
modgate.freshness = tpm
END
boot "bootconfig brings another anchor" no-policy "anchor is awaited" '* anchor=awaited *' \
	"bootconfig $(pin anchor)" "attacker.der evil-policy.bundle evil-list.bundle" --bootconfig bootconfig
echo true >early
guest --no-boot --append bootconfig --bootconfig bootconfig <<'END'
check "bootconfig was read" "*modgate.anchor*" "$(cat /proc/bootconfig)"
check "bootconfig alone provisions nothing" "no record" "$(state provisioned) $(state enforcing)"
check "nor does it change what freshness is" none "$(state freshness)"
END

# A list of security modules is one of the kernel's own, which stands behind the command
# line's.
echo 'kernel.lsm = "lockdown,yama"' >bootconfig
guest --no-boot --append "bootconfig lsm=lockdown,modgate $(pin anchor)" --bootconfig bootconfig <<'END'
check "bootconfig leaves modgate out: was read" "*lockdown,yama*" "$(cat /proc/bootconfig)"
check "the command line's lsm= goes before it" "*modgate*" "$(cat /sys/kernel/security/lsm)"
check "and modgate enforces" "$(refused no-policy)" "$(load finit one.ko)"
END

# It can keep each initcall from being called. What is not approved stays out then, too;
# and what comes up, if it is not the kernel's own, is in the receipt.
hand_over anchor.der policy.bundle list.bundle
# Newer kernels call some of them by lsm_info, in an initcall of their own.
initcalls=$(sed -nE 's/.* __initcall__kmod_.*_(modgate_[a-z_]*|security_initcall_(fs|late))[0-9].*/\1/p' "$tree/System.map" | sort)
case $series in
6.12) want="*modgate_fs_init*modgate_late_init*modgate_signer_init*" ;;
*)    want="modgate_late_init security_initcall_fs security_initcall_late " ;;
esac
check "modgate has initcalls" "$want" "$(tr '\n' ' ' <<<"$initcalls")"
for initcall in $initcalls; do
	echo "kernel.initcall_blacklist = \"$initcall\"" >bootconfig
	guest --no-boot --initramfs-extra initramfs --early early --append "bootconfig $(pin anchor)" \
		--bootconfig bootconfig <<END
check "without $initcall: it was not called" "*initcall $initcall blacklisted*" "\$(dmesg)"
insmod system.ko
check "without $initcall: system modules load" "modgate_test_two *" "\$(lsmod | grep ^modgate_test_two)"
rmmod modgate_test_two
insmod two.ko 2>/dev/null
check "without $initcall: what is not approved does not" "" "\$(lsmod | grep ^modgate_test_two)"
insmod one.ko 2>/dev/null
check "without $initcall: what comes up is in the receipt" "\$(lsmod | grep -c ^modgate_test_one)" \
	"\$(cat \$modgate/receipt 2>/dev/null | grep -c name=modgate_test_one)"
END
done

# The attacker's own initramfs: tries everything, then hides.
cat >early <<END
cd /root$work
load_document attacker.der evil-policy.bundle evil-list.bundle
for m in one.ko system.ko; do load_module finit \$m; done
echo 1 >/sys/kernel/security/modgate/state
mount -t tmpfs none /sys/kernel/security/modgate
chmod 777 /sys/kernel/security/modgate
umount /sys/kernel/security/modgate
chmod 777 /sys/kernel/security/modgate/*
echo 1 >/sys/kernel/security/modgate/seal
END
guest --no-boot --initramfs-extra initramfs --early early --append "$(pin anchor)" <<'END'
check "edited initramfs: third-party stays out" "$(refused no-policy)" "$(load finit one.ko)"
check "edited initramfs: system modules load" "$allowed" "$(load finit system.ko)"
check "edited initramfs: state" "sealed awaited yes" "$(state state) $(state anchor) $(state enforcing)"
said=$(status)
check "edited initramfs: status says that something is wrong" 1 $?
check "edited initramfs: status says what" "* problem *anchor is awaited*EKEYREJECTED*" "$said"
END
finish
