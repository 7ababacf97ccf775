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

# "modgate status" also reads the documents on disk. They are as they should be, so
# that all it reports was done to the boot.
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
check "nothing withheld: the approved module loads" "$allowed" "$(load finit one.ko)"
check "nothing withheld: status reports no problem" "0 " "$(said=$(status); echo "$? $(grep -F ' problem ' <<<"$said")")"
END

# boot NAME REASON PROBLEM STATE APPEND FILES [OPTION...]: hands FILES over, expects a
# third-party module to be refused for REASON, "modgate status" to name PROBLEM, and the
# lines of state to match STATE.
boot() {
	local name=$1 reason=$2 problem=$3 want=$4 append=$5 files=$6
	shift 6
	hand_over "$files"
	guest --no-boot --initramfs-extra initramfs --early early --append "$append" "$@" <<END
check "$name: a third-party module is refused" "\$(refused $reason)" "\$(load finit one.ko)"
check "$name: a system module loads" "\$allowed" "\$(load finit system.ko)"
check "$name: state shows it" "$want" "\$(tr '\n' ' ' <\$modgate/state)"
said=\$(status)
check "$name: status exits with 1" 1 \$?
check "$name: status names the problem" "* problem *$problem*" "\$said"
check "$name: kexec_load is refused" "\$(refused kexec)" "\$(load kexec)"
check "$name: kexec_file_load is refused" "\$(refused kexec)" "\$(load kexec-file \$kernel modgate.recovery)"
check "$name: a BPF program that modifies returns is refused" "\$(refused bpf)" "\$(load bpf)"
END
}

boot "anchor certificate withheld" no-policy "anchor is awaited" '* anchor=awaited *policy=no *' \
	"$(pin anchor)" "policy.bundle list.bundle"
boot "another anchor certificate" no-policy "anchor is awaited" '* anchor=awaited *' \
	"$(pin anchor)" "attacker.der evil-policy.bundle evil-list.bundle"
boot "malformed anchor" no-policy "anchor is malformed" '* provisioned=yes anchor=malformed *' \
	"modgate.anchor=0123" "anchor.der policy.bundle list.bundle"
boot "empty anchor" no-policy "anchor is malformed" '* provisioned=yes anchor=malformed *' \
	"modgate.anchor=" "anchor.der policy.bundle list.bundle"
boot "two anchors" no-policy "anchor is malformed" '* provisioned=yes anchor=malformed *' \
	"$(pin anchor) $(pin attacker)" "anchor.der policy.bundle list.bundle"
boot "local policy withheld" no-policy "no local policy is in force" '* anchor=loaded *policy=no *' \
	"$(pin anchor)" "anchor.der list.bundle"
boot "all lists withheld" no-list "1 required list(s) are not in force" '* policy=yes * missing-lists=1 *' \
	"$(pin anchor)" "anchor.der policy.bundle"
boot "one required list withheld" no-list "1 required list(s) are not in force" '* missing-lists=1 *' \
	"$(pin anchor)" "anchor.der policy-fleet.bundle list.bundle"
boot "freshness required without a TPM" no-policy "the kernel found no TPM" '* freshness=tpm *' \
	"$(pin anchor) modgate.freshness=tpm" "anchor.der policy.bundle list.bundle"

# An anchor in bootconfig is none; next to the one on the command line it changes
# nothing.
cat >bootconfig <<END
kernel.modgate.anchor = $(digest attacker.der)
modgate.anchor = $(digest attacker.der)
kernel.modgate.freshness = tpm
modgate.freshness = tpm
END
boot "another anchor in bootconfig" no-policy "anchor is awaited" '* anchor=awaited *' \
	"bootconfig $(pin anchor)" "attacker.der evil-policy.bundle evil-list.bundle" --bootconfig bootconfig
echo true >early
guest --no-boot --append bootconfig --bootconfig bootconfig <<'END'
check "anchor in bootconfig alone: the kernel has read bootconfig" "*modgate.anchor*" "$(cat /proc/bootconfig)"
check "anchor in bootconfig alone: the machine is not provisioned" "no record" "$(state provisioned) $(state enforcing)"
check "freshness in bootconfig has no effect" none "$(state freshness)"
END

# The kernel itself takes lsm from bootconfig; the command line comes after it and wins.
echo 'kernel.lsm = "lockdown,yama"' >bootconfig
guest --no-boot --append "bootconfig lsm=lockdown,modgate $(pin anchor)" --bootconfig bootconfig <<'END'
check "lsm without modgate in bootconfig: the kernel has read bootconfig" "*lockdown,yama*" "$(cat /proc/bootconfig)"
check "lsm= on the command line takes precedence over bootconfig" "*modgate*" "$(cat /sys/kernel/security/lsm)"
check "modgate enforces although bootconfig leaves it out" "$(refused no-policy)" "$(load finit one.ko)"
END

# Bootconfig can keep each initcall from being called. Even then unapproved modules stay
# out, and a third-party module that comes up is in the receipt.
hand_over anchor.der policy.bundle list.bundle
# Newer kernels call some of them through lsm_info, from initcalls of their own.
initcalls=$(sed -nE 's/.* __initcall__kmod_.*_(modgate_[a-z_]*|security_initcall_(fs|late))[0-9].*/\1/p' "$tree/System.map" | sort)
case $series in
6.12) want="*modgate_fs_init*modgate_late_init*modgate_signer_init*" ;;
*)    want="modgate_late_init security_initcall_fs security_initcall_late " ;;
esac
check "modgate has the expected initcalls" "$want" "$(tr '\n' ' ' <<<"$initcalls")"
for initcall in $initcalls; do
	echo "kernel.initcall_blacklist = \"$initcall\"" >bootconfig
	guest --no-boot --initramfs-extra initramfs --early early --append "bootconfig $(pin anchor)" \
		--bootconfig bootconfig <<END
check "without $initcall: the kernel has skipped the initcall" "*initcall $initcall blacklisted*" "\$(dmesg)"
insmod system.ko
check "without $initcall: a system module loads" "modgate_test_two *" "\$(lsmod | grep ^modgate_test_two)"
rmmod modgate_test_two
insmod two.ko 2>/dev/null
check "without $initcall: an unapproved module stays out" "" "\$(lsmod | grep ^modgate_test_two)"
insmod one.ko 2>/dev/null
check "without $initcall: an approved module is in the receipt if it loads" "\$(lsmod | grep -c ^modgate_test_one)" \
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
check "edited initramfs: a third-party module is refused" "$(refused no-policy)" "$(load finit one.ko)"
check "edited initramfs: a system module loads" "$allowed" "$(load finit system.ko)"
check "edited initramfs: the kernel is sealed, enforces, and awaits the anchor" "sealed awaited yes" "$(state state) $(state anchor) $(state enforcing)"
said=$(status)
check "edited initramfs: status exits with 1" 1 $?
check "edited initramfs: status names the missing anchor and the refused document" "* problem *anchor is awaited*EKEYREJECTED*" "$said"
END
finish
