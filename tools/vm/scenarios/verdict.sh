#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Every row of the verdict table that can be reached, told by the reason in the audit
# record and in modgate/events; and each time "modgate why" has said before what the
# kernel then does.

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
# No kernel verifies a signature over MD5.
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

# The tool says what it expects before the kernel is asked.
# shellcheck disable=SC2034
helpers=$(cat <<'END'
PATH=$bin:$PATH

# The kernel's certificate, where its build leaves it.
has_build() {
	mkdir -p "/lib/modules/$(uname -r)"
	ln -sfn "$tree" "/lib/modules/$(uname -r)/build"
}

# told JSON: by modgate why: does it load, the reason, is that sure?
told() {
	jq -r '"\(if .loads then "loads" else "refused" end) \(.reason) \(if .unsure then "unsure" else "sure" end)"' <<<"$1"
}

# done_to MODULE RESULT: likewise of what load printed; a system module is in no receipt.
done_to() {
	local verb=refused reason=${2##*event=}
	[[ $2 != result=ok* ]] || verb=loads
	if [ "$reason" = - ]; then
		reason=$(sed -n "s/.* digest=$(digest "$1") .* reason=\([a-z-]*\) .*/\1/p" $modgate/receipt)
	fi
	echo "$verb ${reason:-system}"
}

# agree NAME EXPECTED WAY MODULE: modgate why and the kernel. With unsure=yes the tool
# cannot know, and has to say so.
agree() {
	local name=$1 want=$2 module=${!#} said got real
	said=$(modgate --json why "$PWD/$module" 2>&1)
	shift 2
	got=$(load "$@")
	real=$(done_to "$module" "$got")
	check "$name" "$want" "$got"
	case ${unsure:-no} in
	no) check "$name: why said so before" "$real sure" "$(told "$said")" ;;
	yes) check "$name: why was unsure before" "* unsure" "$(told "$said")" ;;
	esac
}
END
)

# In the initramfs, before and after the list is there.
put_programs initramfs "$bin/modgate"
cat >early <<END
cd /root$work
mkdir -p /etc/modgate/keys /etc/modgate/active /lib/modules/\$(uname -r)
ln -s /root$tree /lib/modules/\$(uname -r)/build
cp anchor.pem owner.pem /etc/modgate/keys
# agree WAY MODULE
agree() {
	$bin/modgate --json why /root$work/\$2 | tr -d '\\n' >>/root/run/told
	echo >>/root/run/told
	load_module \$1 \$2 >>/root/run/early
}
load_document anchor.der
agree finit one.ko
agree finit system.ko
load_document policy.bundle list.bundle
for file in policy policy.sig; do cp \$file /etc/modgate/active/local-1.\$file; done
for file in list list.sig; do cp \$file /etc/modgate/active/owner-1.\$file; done
agree finit one.ko
agree init two.ko
agree finit system.ko
agree finit banned-system.ko
load_module kexec >>/root/run/early
load_module kexec-file /root$tree/arch/x86/boot/bzImage >>/root/run/early
load_module kexec-file /root$tree/arch/x86/boot/bzImage "lsm=none" >>/root/run/early
END
boot=(--no-boot --initramfs-extra initramfs --early early)

guest "${boot[@]}" --append "$(pin anchor)" <<'END'
mapfile -t early </run/early
mapfile -t why </run/told
on_disk policy list
i=0
for module in one system one two system banned-system; do
	check "state boot: why said before what became of $module, $((i + 1))" "$(done_to $module.ko "${early[i]}") sure" "$(told "${why[i]}")"
	i=$((i + 1))
done
check "state boot, no policy: a third-party module is refused" "$(refused not-sealed)" "${early[0]}"
check "state boot, no policy: a system module loads" "$allowed" "${early[1]}"
check "state boot: an approved module is refused" "$(refused not-sealed)" "${early[2]}"
check "state boot: an unapproved module is refused" "$(refused not-sealed)" "${early[3]}"
check "state boot: a system module loads" "$allowed" "${early[4]}"
check "state boot: a banned system module is refused" "$(refused banned)" "${early[5]}"
check "state boot: kexec_load is refused" "$(refused kexec)" "${early[6]}"
check "state boot: kexec_file_load is refused" "$(refused kexec)" "${early[7]}"
check "state boot: kexec_file_load with another command line is refused" "$(refused kexec)" "${early[8]}"
agree "sealed: an approved module loads" "$allowed" finit one.ko
agree "sealed: an unapproved module is refused" "$(refused not-approved)" finit two.ko
unsure=yes agree "sealed: a system module loads, without a certificate for the tool" "$allowed" finit system.ko
has_build
agree "sealed: a system module loads" "$allowed" finit system.ko
agree "a system module banned by digest is refused" "$(refused banned)" finit banned-system.ko
agree "an approved module by a signer banned by certificate is refused" "$(refused banned)" finit villain.ko
unsure=yes agree "an approved module is refused if a banned key may have signed it" \
	"$(refused error)" finit md5.ko
agree "an approved module loads before it is revoked" "$allowed" finit revoked.ko
sha384sum revoked.ko | cut -c 1-96 >$modgate/revoke
unsure=yes agree "an approved module is refused once revoked" "$(refused revoked)" finit revoked.ko
kernel=$tree/arch/x86/boot/bzImage
check "sealed: kexec_load is refused" "$(refused kexec)" "$(load kexec)"
check "sealed: kexec_file_load is refused" "$(refused kexec)" "$(load kexec-file "$kernel" "$(cat /proc/cmdline)")"
check "sealed: kexec_file_load with another command line is refused" "$(refused kexec)" "$(load kexec-file "$kernel" "lsm=none")"
sha384sum system.ko | cut -c 1-96 >$modgate/revoke
unsure=yes agree "a revoked system module is refused" "$(refused revoked)" finit system.ko
check "sealed: state shows sealed, mode listed, enforcing" "sealed listed yes" "$(state state) $(state mode) $(state enforcing)"
END

# Two lists; and the gate closes while a module is loading, after the verdict on it.
hand_over anchor.der policy-two.bundle list-two.bundle list-other.bundle
guest "${boot[@]}" --append "$(pin anchor)" <<'END'
on_disk policy-two list-two list-other
agree "an approved module with a signature beyond checking loads if no key is banned" "$allowed" finit md5.ko
agree "an approved module loads after it was held and let go" "$allowed" -w true finit held.ko
check "an approved module is refused if the gate closes while it loads" "$(refused closed)" "$(load -w "echo 1 >$modgate/close" finit held.ko)"
check "a write to close closes the gate" closed "$(state state)"
agree "closed: an approved module is refused" "$(refused closed)" finit held.ko
kernel=$tree/arch/x86/boot/bzImage
check "closed: kexec_load is refused" "$(refused kexec)" "$(load kexec)"
check "closed: kexec_file_load is refused" "$(refused kexec)" "$(load kexec-file "$kernel" "$(cat /proc/cmdline)")"
check "closed: kexec_file_load with another command line is refused" "$(refused kexec)" "$(load kexec-file "$kernel" "lsm=none")"
agree "closed: a module that the second of two lists has on demand loads" "$allowed" -w true finit-keep one.ko
check "a module that the second of two lists has as permanent is permanent" "* permanent=yes" "$(grep "digest=$(digest one.ko) .* state=live" $modgate/receipt)"
rmmod modgate_test_one 2>/dev/null
check "a permanent module stays loaded after rmmod" 1 "$(grep -c '^modgate_test_one ' /proc/modules)"
END

# Likewise where each list has a rule for its vendor.
hand_over anchor.der policy-vendors.bundle list-vendor.bundle list-vendor-too.bundle
guest "${boot[@]}" --append "$(pin anchor)" <<'END'
on_disk policy-vendors list-vendor list-vendor-too
agree "a vendor's module, on demand by the second list's rule, loads while the gate closes" "$allowed" \
	-w "echo 1 >$modgate/close" finit-keep vendor.ko
check "a write to close closes the gate" closed "$(state state)"
check "a vendor's module, permanent by the second list's rule, is permanent" "* reason=vendor * permanent=yes" \
	"$(grep "digest=$(digest vendor.ko) .* state=live" $modgate/receipt)"
rmmod modgate_test_one 2>/dev/null
check "a vendor's permanent module stays loaded after rmmod" 1 "$(grep -c '^modgate_test_one ' /proc/modules)"
agree "closed: a module approved by one list and on demand by another one's rule loads" "$allowed" finit-keep vendor-listed.ko
check "a module approved by one list and permanent by another one's rule is permanent" "* reason=approved * permanent=yes" \
	"$(grep "digest=$(digest vendor-listed.ko) .* state=live" $modgate/receipt)"
END

hand_over anchor.der policy-system.bundle list.bundle
guest "${boot[@]}" --append "$(pin anchor)" <<'END'
on_disk policy-system list
has_build
agree "mode system: an approved module is refused" "$(refused mode)" finit one.ko
agree "mode system: an unapproved module is refused" "$(refused mode)" finit two.ko
agree "mode system: a ban comes before the mode" "$(refused banned)" finit banned-system.ko
agree "mode system: a system module loads" "$allowed" finit system.ko
END

hand_over anchor.der policy-audit.bundle list.bundle
guest "${boot[@]}" --append "$(pin anchor)" <<'END'
on_disk policy-audit list
agree "flag audit: an unapproved module loads, recorded" "$(recorded not-approved)" finit two.ko
agree "flag audit: a banned module loads, recorded" "$(recorded banned)" finit banned-system.ko
agree "flag audit: an approved module loads" "$allowed" finit one.ko
check "flag audit: kexec_load is allowed, recorded" "$(recorded kexec)" "$(load kexec)"
# This kernel is not one that can be moved, as the kernel itself finds.
check "flag audit: kexec_file_load is left to the kernel, recorded" "result=ENOEXEC audit=kexec event=kexec" \
	"$(load kexec-file "$tree/arch/x86/boot/bzImage" "lsm=none")"
check "flag audit: a BPF program that modifies returns is allowed, recorded" "$(recorded bpf)" "$(load bpf)"
check "flag audit: the event has the verdict would-deny" "*verdict=would-deny*" "$(tail -n 1 $modgate/events)"
check "flag audit: state shows it, and kexec allowed" "audit allowed" "$(state enforcing) $(state kexec)"
END

# Not provisioned: everything loads; what is not the kernel's own is recorded.
guest --no-boot <<'END'
has_build
agree "not provisioned: a third-party module loads, recorded" "$(recorded no-policy)" finit one.ko
agree "not provisioned: a system module loads" "$allowed" finit system.ko
check "not provisioned: state says so" "no record - allowed" \
	"$(state provisioned) $(state enforcing) $(state anchor) $(state kexec)"
check "not provisioned: kexec is left to the kernel" "$allowed, result=ENOEXEC audit=- event=-" \
	"$(load kexec), $(load kexec-file "$tree/arch/x86/boot/bzImage" "lsm=none")"
check "not provisioned: BPF programs that modify returns are left to the kernel" "$allowed" \
	"$(load bpf)"
check "not provisioned: a document is refused" "*result=EPERM*" "$(./load_document policy.bundle)"
END
finish
