#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# On a provisioned machine nothing of an unverified initramfs runs or is used before the
# kernel has chosen its TPM: no usermode helper, no ACPI table. The control of each
# attack is the same initramfs on a machine that is not provisioned.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

prepare anchor owner
policy policy 1 --mode listed --authority "$owner_authority"
list list owner 1 --module "$(digest one.ko)"
hand_over anchor.der policy.bundle list.bundle

# At late_initcall IMA asks for a hash that the kernel lacks, so the kernel starts this
# modprobe, which takes the TPM away.
cp -r initramfs evil
mkdir evil/sbin
cat >evil/sbin/modprobe <<'END'
#!/bin/busybox sh
/bin/busybox mkdir -p /proc /sys /dev
/bin/busybox mount -t proc proc /proc
# Goes on only while process 1 is still the kernel's own.
[ -z "$(/bin/busybox cat /proc/1/cmdline)" ] || exit 1
/bin/busybox mount -t sysfs sysfs /sys
[ -e /dev/kmsg ] || /bin/busybox mknod /dev/kmsg c 1 11
echo "attack: I run before the kernel is ready: $*" >/dev/kmsg
device=$(/bin/busybox readlink -f /sys/class/tpm/tpm0/device)
echo "${device##*/}" >"$device/driver/unbind"
exit 1
END
chmod +x evil/sbin/modprobe

# An ACPI table; the kernel says whether it takes it.
mkdir -p evil/kernel/firmware/acpi
perl -e '
	$aml = "\x08RED0\x01";		# Name (RED0, One)
	$table = pack("a4 V C C a6 a8 V a4 V", "SSDT", 36 + length $aml, 2, 0, "MODGAT", "MODGATE1", 1, "TEST", 1) . $aml;
	substr($table, 9, 1) = chr(-unpack("%8C*", $table) & 255);
	print $table' >evil/kernel/firmware/acpi/ssdt.aml

helpers=$(cat <<'END'
ran() { dmesg | grep -c "attack: I run before the kernel is ready"; }
# tables: how many the kernel says it takes, and how many are among the machine's own.
tables() { echo "$(dmesg | grep -c "Table Upgrade: install \[SSDT-MODGAT") $(grep -l MODGATE1 /sys/firmware/acpi/tables/SSDT* 2>/dev/null | wc -l)"; }
END
)

# attack NAME [OPTION...]: the attacker's initramfs, with a script on stdin.
attack() {
	local name=$1
	shift
	guest --tpm "$work/tpm" --no-boot --initramfs-extra evil --early early "$@"
}

attack "not provisioned" --append "ima_hash=sm3 lockdown=integrity" <<'END'
check "not provisioned: a helper of the initramfs runs before the kernel is ready" "[1-9]*" "$(ran)"
check "not provisioned: the helper takes the TPM away" "none none" "$(state tpm) $(state freshness-backend)"
check "not provisioned: an ACPI table of the initramfs is taken, despite lockdown" "1 1 taken" "$(tables) $(state acpi-tables)"
END

for pin in "$(pin anchor)" modgate.anchor=0123; do
	[ "$pin" = modgate.anchor=0123 ] && name="malformed pin" || name="provisioned"
	attack "$name" --append "ima_hash=sm3 $pin" <<END
check "$name: no helper of the initramfs runs before the kernel is ready" 0 "\$(ran)"
check "$name: the kernel names the helper that it does not start" "*the kernel does not start /sbin/modprobe, since it is not ready*" "\$(dmesg)"
check "$name: the TPM is chosen and measured into" "chosen 13" "\$(state tpm) \$(state pcr)"
check "$name: no ACPI table of the initramfs is taken" "0 0 refused" "\$(tables) \$(state acpi-tables)"
check "$name: the kernel says that it ignores the ACPI table" "*modgate is provisioned, ignoring table override*" "\$(dmesg)"
check "$name: the boot record has the TPM's reset and restart counts" "seq=1 event=boot * reset-count=[1-9]* restart-count=[0-9]*" "\$(sed -n 1p \$modgate/log)"
END
done
attack "provisioned" --append "ima_hash=sm3 $(pin anchor) lockdown=integrity" <<'END'
check "provisioned: an approved module loads" "$allowed" "$(load finit one.ko)"
cat >/tmp/helper <<'EOF'
#!/bin/sh
echo "$*" >/tmp/asked
EOF
chmod +x /tmp/helper
echo /tmp/helper >/proc/sys/kernel/modprobe
python3 -c 'import socket; socket.socket(39)' 2>/dev/null
check "provisioned: helpers run once the kernel is ready" "*net-pf-39" "$(cat /tmp/asked)"
before=$(sed -n 's/.* reset-count=\([0-9]*\) .*/\1/p' $modgate/log)
export TPM2TOOLS_TCTI=device:/dev/tpmrm0
check "provisioned: the reset count in the log is the TPM's" "$before" "$(tpm2_readclock | sed -n 's/.*reset_count: //p')"
echo "RESETS $before"
END
resets=$(sed -n 's/^RESETS //p' output)

# The reset count differs in the next boot.
attack "next boot" --append "$(pin anchor)" <<END
check "the next boot has the next reset count" $((resets + 1)) "\$(sed -n 's/.* reset-count=\([0-9]*\) .*/\1/p' \$modgate/log)"
END

# Without our initcall, which bootconfig can skip, the kernel is never ready: it accepts
# no document, and the machine starts nevertheless.
echo 'kernel.initcall_blacklist = "modgate_late_init"' >bootconfig
attack "never ready" --append "bootconfig ima_hash=sm3 $(pin anchor)" --bootconfig bootconfig <<'END'
check "never ready: the machine starts, and no helper runs" 0 "$(ran)"
check "never ready: state shows that no TPM was chosen and no policy taken" "late - no" "$(state tpm) $(state pcr) $(state policy)"
check "never ready: a third-party module is refused" "$(refused no-policy)" "$(load finit one.ko)"
END

# modgate waits for a driver that probes asynchronously: here the TPM does not answer
# until modgate has begun to look for one.
hold_tpm() {
	local line pid=''
	# A stopped process could not be ended.
	trap '[ -z "$pid" ] || kill -CONT "$pid"' EXIT
	for line in "Linux version" "calling  modgate_late_init"; do
		until grep -q "$line" "$work/console" 2>/dev/null; do
			kill -0 "$$" || return
			sleep 0.1
		done
		[ -n "$pid" ] || { pid=$(pgrep -f "^swtpm .*dir=$work/tpm ") && kill -STOP "$pid"; }
	done
	[ -z "$pid" ] || touch "$work/held"
	sleep 1
}
echo 'kernel.driver_async_probe = "tpm_crb,tpm_crb_acpi"' >bootconfig
rm -f "$work/console"
hold_tpm &
hold=$!
attack "asynchronous" --console "$work/console" --append "bootconfig initcall_debug ignore_loglevel $(pin anchor)" --bootconfig bootconfig <<'END'
check "asynchronous TPM driver: the kernel has read bootconfig" "*driver_async_probe*" "$(cat /proc/bootconfig)"
check "asynchronous TPM driver: the TPM is chosen nevertheless" "chosen 13" "$(state tpm) $(state pcr)"
END
reap $hold
check "asynchronous TPM driver: the TPM was held until modgate looked for it" yes "$([ -e "$work/held" ] && echo yes)"

# bootconfig skips the initcall of the TPM driver: state shows that for the whole boot,
# even if a chip comes later.
driver=$(sed -n 's/.* __initcall__kmod_tpm_crb__.*_\(crb_acpi_driver_init\|tpm_crb_init\)[0-9].*/\1/p' "$tree/System.map")
check "the TPM driver has an initcall" "?*" "$driver"
echo "kernel.initcall_blacklist = \"$driver\"" >bootconfig
mkdir -p tpm-late
attack "hidden" --append "bootconfig $(pin anchor)" --bootconfig bootconfig <<'END'
check "hidden TPM: state shows none" "none - 0" "$(state tpm) $(state pcr) $(state measured)"
check "hidden TPM: the boot record has no reset count" "seq=1 event=boot *reset-count=- restart-count=-" "$(sed -n 1p $modgate/log)"
mkdir /run/tpm
swtpm chardev --vtpm-proxy --tpm2 --tpmstate dir=/run/tpm --daemon --pid file=/run/tpm/pid >/run/tpm/log 2>&1
for _ in $(seq 100); do
	[ ! -e /dev/tpm0 ] || break
	sleep 0.1
done
check "late TPM: the chip is there" "/dev/tpm0*" "$(ls /dev/tpm0; cat /run/tpm/log)"
check "late TPM: state shows that it came late, and nothing is measured" "late - 0" "$(state tpm) $(state pcr) $(state measured)"
kill "$(cat /run/tpm/pid)"
END
finish
