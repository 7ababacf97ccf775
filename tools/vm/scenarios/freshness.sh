#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Freshness by TPM and machine binding: a replaced document never comes into force
# again, whatever root does to the disk and to the TPM, and neither does one of
# another machine. First the kernel's rule, with documents and counters made by
# hand; then a machine, with the tool.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

prepare
signers=(owner gone unwritten remade plain other)
for key in anchor "${signers[@]}"; do
	make_key "$key"
done
accept() { printf '0x%08x\n' $((0x0184d000 + 2 * $1)); }
attributes="nt=counter|authread|authwrite|no_da"

# Makes modgate's counter for slot $1, with a value.
count() {
	tpm2_nvdefine "$(accept "$1")" -C o -s 8 -a "$attributes"
	tpm2_nvincrement "$(accept "$1")"
}

# Makes a machine: a storage root key, and a counter for every slot.
new_machine() {
	tpm2_createprimary -Q -C o -G ecc -c primary.ctx
	tpm2_evictcontrol -Q -C o -c primary.ctx 0x81000001
	tpm2_readpublic -Q -c 0x81000001 -n name
	for slot in $(seq 0 ${#signers[@]}); do
		count "$slot"
		od -An -tu8 --endian=big -j 0 -N 8 <(tpm2_nvread "$(accept "$slot")") | tr -d ' ' >"counter.$slot"
	done
}
tpm tpm new_machine
name=$(digest name)
# Prints counter $1 plus $2.
above() { echo $(($(cat "counter.$1") + $2)); }

authorities=(--authority "$owner_authority")
for i in $(seq 2 ${#signers[@]}); do
	authorities+=(--authority "${signers[i - 1]},${signers[i - 1]}.pem,approve,0,$i")
done
# An authority whose last field is its slot has no base and no floor.
policy policy-1 "$(above 0 1)" --machine "$name" "${authorities[@]}"
policy policy-2 "$(above 0 2)" --machine "$name" "${authorities[@]}"
policy policy-floor "$(above 0 3)" --machine "$name" \
	--authority "owner,owner.pem,approve+vendor+ban,required,1,0,$(above 1 5)"
policy policy-far "$(above 0 67)" --machine "$name" "${authorities[@]}"
policy policy-zero "$(above 0 2)" "${authorities[@]}"
policy policy-elsewhere "$(above 0 2)" --machine "$(digest one.ko)" "${authorities[@]}"
list list-1 owner "$(above 1 1)" --module "$(digest one.ko)"
list list-2 owner "$(above 1 2)" --module "$(digest two.ko)"
list sibling owner "$(above 1 2)" --module "$(digest one.ko)"
list list-3 owner "$(above 1 3)" --module "$(digest two.ko)"
list list-4 owner "$(above 1 4)" --module "$(digest one.ko)"
list list-5 owner "$(above 1 5)" --module "$(digest two.ko)"
list list-far owner "$(above 1 68)" --module "$(digest one.ko)"
for i in $(seq 2 ${#signers[@]}); do
	list "list-${signers[i - 1]}" "${signers[i - 1]}" "$(above "$i" 0)" --module "$(digest one.ko)"
done

# boot TPM FILES [OPTION...]: hands FILES over; /run/early has the results, one a line.
boot() {
	local tpm=$1 files=$2
	shift 2
	{
		[ ! -e before ] || cat before
		echo "cd /root$work; load_document anchor.der ${files//$'\n'/} >/root/run/early"
		[ ! -e after ] || cat after
	} >early
	guest --no-boot --initramfs-extra initramfs --early early --tpm "$tpm" \
		--append "$(pin anchor) modgate.freshness=tpm" "$@"
}
helpers=$(cat <<'END'
# results: the errors of the documents, in order, without the anchor's
results() { sed -n '2,$s/.*result=\([A-Za-z]*\).*/\1/p' /run/early | tr '\n' ' '; }
END
)

# A driver that authenticates its commands to the TPM (CONFIG_TCG_TPM2_HMAC, which
# variant strict has; a debugging kernel has no such variant).
if [ "${MODGATE_VARIANT:-default}" = default ]; then
	cp -a tpm tpm-hmac
	boot tpm-hmac "policy-1.bundle list-1.bundle policy-2.bundle" --variant strict <<END
check "HMAC sessions: the TPM driver uses them" "CONFIG_TCG_TPM2_HMAC=y" "\$(zcat /proc/config.gz | grep TPM2_HMAC)"
check "HMAC sessions: the machine is named by its TPM" "tpm $name" "\$(state machine) \$(state machine-name)"
check "HMAC sessions: policy and list above the counters are accepted" "ok ok EEXIST " "\$(results)"
check "HMAC sessions: both counters are raised" "*counter=$(above 0 1)*counter=$(above 1 1)*" \
	"\$(cat \$modgate/policy \$modgate/lists)"
END
fi
boot tpm "policy-1.bundle list-1.bundle" <<END
check "the machine is named by its TPM" "tpm tpm tpm $name" \
	"\$(state freshness) \$(state freshness-backend) \$(state machine) \$(state machine-name)"
check "documents one above the counters are accepted" "ok ok " "\$(results)"
check "the anchor's counter is raised" "*counter=$(above 0 1)*" "\$(cat \$modgate/policy)"
check "the owner's counter is raised" "*counter=$(above 1 1)*" "\$(cat \$modgate/lists)"
check "an approved module loads" "\$allowed" "\$(load finit one.ko)"
END
boot tpm "policy-1.bundle list-1.bundle" <<'END'
check "the same documents are accepted at the next boot" "ok ok " "$(results)"
END
boot tpm "policy-2.bundle list-2.bundle" <<'END'
check "newer documents are accepted" "ok ok " "$(results)"
check "a module approved by the newer list loads" "$allowed" "$(load finit two.ko)"
check "a module approved by the older list only is refused" "$(refused not-approved)" "$(load finit one.ko)"
END
boot tpm "policy-1.bundle list-2.bundle list-1.bundle" <<'END'
check "an older local policy is refused, and all lists with it" "ESTALE EKEYREJECTED EKEYREJECTED " "$(results)"
check "a third-party module is refused with an older local policy" "$(refused no-policy)" "$(load finit two.ko)"
END
boot tpm "policy-1.bundle policy-zero.bundle policy-elsewhere.bundle policy-far.bundle policy-2.bundle
	list-1.bundle list-far.bundle list-3.bundle" <<'END'
check "documents too old, too far ahead, or not for this machine are refused" \
	"ESTALE EXDEV EXDEV ESTALE ok ESTALE ESTALE ok " "$(results)"
check "the refusal of an older policy says that it is older" "*older?x20than?x20what?x20was?x20accepted*" "$(sed -n 2p /run/early)"
check "a rejected document raises no counter" "$allowed" "$(load finit two.ko)"
END
boot tpm "policy-2.bundle sibling.bundle list-2.bundle" <<'END'
check "a list that was never committed is refused, and so is its sibling" "ok ESTALE ESTALE " "$(results)"
check "a third-party module is refused without the required list" "$(refused no-list)" "$(load finit one.ko)"
END

# A floor above the counter, as after enrolling an authority again.
cp -a tpm tpm-floor
boot tpm-floor "policy-floor.bundle list-4.bundle list-5.bundle" <<'END'
check "a list below the floor is refused, and one at the floor accepted" "ok ESTALE ok " "$(results)"
check "the refusal of a list below the floor says so" "*below?x20the?x20authority?s?x20floor*" "$(sed -n 3p /run/early)"
check "a list below the floor raises no counter" "$allowed" "$(load finit two.ko)"
END

# What root does to counters, each to that of another signer.
sabotage() {
	local i
	for i in 2 3 4 5 6; do
		tpm2_nvundefine -C o "$(accept $i)"
	done
	tpm2_nvdefine "$(accept 3)" -C o -s 8 -a "$attributes"
	count 4
	tpm2_nvdefine "$(accept 5)" -C o -s 8 -a "authread|authwrite|no_da"
	printf '\0\0\0\0\0\0\0\1' | tpm2_nvwrite "$(accept 5)" -i-
	tpm2_nvdefine "$(accept 6)" -C o -s 8 -a "nt=counter|authread|authwrite|ownerread|no_da"
	tpm2_nvincrement "$(accept 6)"
}
cp -a tpm tpm-sabotaged
tpm tpm-sabotaged sabotage
boot tpm-sabotaged "policy-2.bundle list-gone.bundle list-unwritten.bundle list-remade.bundle list-plain.bundle
	list-other.bundle list-3.bundle" <<'END'
check "lists are refused whose counter is gone, remade or of another kind" \
	"ok ENODEV ENODEV ESTALE ENODEV ENODEV ok " "$(results)"
check "the refusal says that there is no counter" "*has?x20no?x20counter*" "$(sed -n 3p /run/early)"
check "the refusal says that the counter was never written" "*never?x20written*" "$(sed -n 4p /run/early)"
check "the refusal says that an ordinary index is something else" "*something?x20else*" "$(sed -n 6p /run/early)"
check "the refusal says that a counter with other attributes is something else" "*something?x20else*" "$(sed -n 7p /run/early)"
END

cp -a tpm tpm-cleared
tpm tpm-cleared tpm2_clear
boot tpm-cleared "policy-2.bundle list-3.bundle" <<'END'
check "TPM2_Clear: the documents are another machine's" "EXDEV EKEYREJECTED " "$(results)"
check "TPM2_Clear: a third-party module is refused" "$(refused no-policy)" "$(load finit two.ko)"
END

# Wrong passwords until the TPM is in lockout, which does not affect counters.
lock_out() {
	tpm2_dictionarylockout -s -n 1 -t 1000 -l 1000
	tpm2_nvdefine 0x01800001 -C o -s 8 -p secret -a "authread|authwrite"
	! tpm2_nvread 0x01800001 -P wrong || return 1
	! tpm2_nvread 0x01800001 -P wrong || return 1
	grep -q 'inLockout: *1' <(tpm2_getcap properties-variable)
}
cp -a tpm tpm-locked
tpm tpm-locked lock_out
boot tpm-locked "policy-2.bundle list-1.bundle list-3.bundle" <<'END'
check "a TPM in lockout: a newer list is accepted, and an older one refused" "ok ESTALE ok " "$(results)"
END

# A program uses the TPM without a pause. The kernel keeps it out from reading a
# counter's public area to the last step of raising it, or else the program could put
# an ordinary index in the counter's place in between.
cat >before <<'END'
while :; do
	printf '\200\001\000\000\000\014\000\000\001\173\000\010' >/dev/tpmrm0
done &
racer=$!
END
echo "kill \$racer" >after
cp -a tpm tpm-race
list list-race owner "$(above 1 40)" --module "$(digest two.ko)"
boot tpm-race "policy-2.bundle list-race.bundle" --tpm-log "$work/commands" <<'END'
check "documents are accepted while a program keeps the TPM busy" "ok ok " "$(results)"
END
rm before after
# One letter for each command: GetRandom, NV_ReadPublic, NV_Read, NV_Increment.
order=$(awk '/SWTPM_IO_Read/ { getline; print $7 $8 $9 $10 }' commands |
	sed 's/^0000017B$/r/; s/^00000169$/p/; s/^0000014E$/n/; s/^00000134$/i/; /^.$/!s/.*/-/' | tr -d '\n')
check "a program did keep the TPM busy" "*rrr*rrr*" "$order"
check "the counter is raised 37 times" 37 "$(tr -cd i <<<"$order" | wc -c)"
check "no command comes between the reading of a counter and its raising" "*r*pn$(printf 'in%.0s' {1..37})*r*" "$order"

# The initramfs switches the owner hierarchy off by TPM2_HierarchyControl.
cat >before <<'END'
exec 3<>/dev/tpm0
printf '\200\002\000\000\000\040\000\000\001\041\100\000\000\001\000\000\000\011\100\000\000\011\000\000\000\000\000\100\000\000\001\000' >&3
head -c 10 <&3 | od -An -tx1 >/root/run/hierarchy
exec 3>&-
END
cp -a tpm tpm-off
boot tpm-off "policy-2.bundle list-3.bundle" <<'END'
check "owner hierarchy off: the TPM has switched it off" "00 00 00 00" "$(cut -d ' ' -f 8- /run/hierarchy)"
check "owner hierarchy off: no document is accepted" "E@(NODEV|XDEV) EKEYREJECTED " "$(results)"
END
rm before

# Another machine's disk; then no TPM but one that a program emulates, with old counters.
tpm tpm-other new_machine
boot tpm-other "policy-2.bundle list-3.bundle" <<'END'
check "another TPM: the documents are another machine's" "EXDEV EKEYREJECTED " "$(results)"
END
cp -a tpm initramfs/tpm-state
put_programs initramfs swtpm
for file in /usr/lib/*/swtpm/*.so*; do
	[ ! -e "$file" ] || cp -L --parents "$file" initramfs/
done
cat >initramfs/start-proxy <<'END'
#!/bin/busybox sh
# On a slow machine the kernel times out before the first answer, but not the next.
export PATH=/bin LD_LIBRARY_PATH=$(echo /usr/lib/*/swtpm)
for try in 1 2 3; do
	[ ! -e /dev/tpm0 ] || break
	setsid /usr/bin/swtpm chardev --vtpm-proxy --tpm2 --tpmstate dir=/tpm-state >>/run-swtpm 2>&1 &
	n=0
	until [ -e /dev/tpm0 ] || [ $n = 50 ]; do sleep 0.1; n=$((n + 1)); done
done
ls /dev/tpm0
cat /run-swtpm
END
chmod +x initramfs/start-proxy
echo "/start-proxy >/root/run/proxy 2>&1" >before
boot none "policy-2.bundle list-3.bundle" <<'END'
check "a TPM that the initramfs starts is there" "/dev/tpm0*" "$(cat /run/proxy)"
check "a TPM that the initramfs starts is not used" "EXDEV EKEYREJECTED " "$(results)"
check "a TPM that the initramfs starts: state shows none" "tpm missing none" "$(state freshness) $(state freshness-backend) $(state machine)"
check "a TPM that the initramfs starts: a third-party module is refused" "$(refused no-policy)" "$(load finit two.ko)"
END
rm before

# The same early enough for modgate to find the chip: IMA looks for a hash that this
# kernel does not have, and starts a usermode helper. The helper does not run; on a
# machine that is not provisioned it does, and the chip is refused.
mkdir -p initramfs/sbin
cat >initramfs/sbin/modprobe <<'END'
#!/bin/busybox sh
[ "$3" = crypto-sm3 ] || exit 1
/bin/busybox --install -s /bin
export PATH=/bin
mount -t devtmpfs devtmpfs /dev
mount -t proc proc /proc
/start-proxy >/early-proxy 2>&1
umount /proc
umount /dev
exit 1
END
chmod +x initramfs/sbin/modprobe
echo "cp /early-proxy /root/run/proxy || echo it did not run >/root/run/proxy" >before
boot none "policy-2.bundle list-3.bundle" --append "$(pin anchor) modgate.freshness=tpm ima_hash=sm3" <<'END'
check "no TPM of the initramfs is there before modgate looks for one" "it did not run" "$(cat /run/proxy)"
check "documents that need a TPM are refused" "EXDEV EKEYREJECTED " "$(results)"
check "state shows that there is no TPM" "tpm missing none" \
	"$(state freshness) $(state freshness-backend) $(state machine)"
END
boot none "policy-2.bundle list-3.bundle" --append "modgate.freshness=tpm ima_hash=sm3" <<'END'
check "not provisioned: a TPM of the initramfs is there before modgate looks for one" "/dev/tpm0*" "$(cat /run/proxy)"
check "not provisioned: a virtual TPM is refused" "refused missing none" \
	"$(state tpm) $(state freshness-backend) $(state machine)"
END
rm -r before initramfs/sbin initramfs/start-proxy

# The same with the tool, on a machine whose initramfs runs "modgate boot".
helpers=$admin_helpers
machine() { guest --tpm "$work/tpm-machine" --disk "$work/disk" "$@"; }

machine --append modgate.freshness=tpm <<'END'
tool 6 init --key=file --mode=listed --passphrase-fd=3
check "init takes freshness from the kernel" "*reshness: tpm*" "$said"
tell_pin
END
append=(--append "$(told_pin) modgate.freshness=tpm")

machine "${append[@]}" <<'END'
check "the local policy is in force with freshness by TPM" "sealed tpm yes" "$(state state) $(state freshness) $(state policy)"
tool 0 status
tool 6 approve --passphrase-fd=3 modgate_test_one
tool 0 verify
check "an approved module is refused before the restart" "$(refused not-approved)" "$(load finit one.ko)"
END
cp disk disk-before
machine "${append[@]}" <<'END'
check "an approved module loads after the restart" "$allowed" "$(load finit one.ko)"
tool 0 status
tool 0 revoke --passphrase-fd=3 modgate_test_one
END

# The whole disk is put back to when the module was approved.
cp disk-before disk-back
guest --tpm "$work/tpm-machine" --disk "$work/disk-back" "${append[@]}" <<'END'
check "the disk from before the revocation: the revoked module is refused" "$(refused no-list)" "$(load finit one.ko)"
check "the disk from before the revocation: the kernel is sealed and enforces" "sealed yes" "$(state state) $(state enforcing)"
tool 8 status
check "status says that the documents were rolled back" "*rolled back*" "$said"
tool 8 verify
tool 8 approve --passphrase-fd=3 modgate_test_two
tool 8 verify --repair
check "verify --repair shows what it would put back" "*modgate_test_one*" "$said"
generation=$(grep -o -- '--generation=[0-9]*' <<<"$said" | sed -n 1p)
check "verify --repair names the generation" "--generation=*" "$generation"
tool 6 verify --repair $generation --passphrase-fd=3
END
guest --tpm "$work/tpm-machine" --disk "$work/disk-back" "${append[@]}" <<'END'
check "a list put back by verify --repair approves its module again" "$allowed" "$(load finit one.ko)"
tool 0 status
END
guest --tpm "$work/tpm-machine" --disk "$work/disk" "${append[@]}" <<'END'
check "a module is refused by the list that the repair replaced" "$(refused no-list)" "$(load finit two.ko)"
END

# The disk in another machine.
tpm tpm-stranger new_machine
guest --tpm "$work/tpm-stranger" --disk "$work/disk-back" "${append[@]}" <<'END'
check "the disk in another machine: an approved module is refused" "$(refused no-policy)" "$(load finit one.ko)"
tool "[18]" status
check "the disk in another machine: status says so" "*another machine*" "$said"
END
guest --disk "$work/disk-back" "${append[@]}" <<'END'
check "the disk without a TPM: an approved module is refused" "$(refused no-policy)" "$(load finit one.ko)"
check "the disk without a TPM: state shows that it is missing" "tpm missing" "$(state freshness) $(state freshness-backend)"
tool "[18]" status
END
finish
