# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# cli.sh: doctor, on a machine of plain files: everything in order, then one thing
# after the other not.

: "${etc:?}" "${kernel:?}" "${release:?}" "${root:?}" "${work:?}"

guid=8be4df61-93ca-11d2-aa0d-00e098032b8c
vars=$root/sys/firmware/efi/efivars
stub=$vars/StubInfo-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f

efi() { mkdir -p "$vars"; printf '\6\0\0\0%b' "\\$2" >"$vars/$1-$guid"; }

# healthy: a machine on which everything holds but what a TPM is needed for.
healthy() {
	fresh
	mv "$etc"/staged/* "$etc/active"
	state machine=dmi tpm=chosen
	in_force "$etc/active/local-1.policy" "$etc/active/owner-1.list"
	efi SecureBoot 1
	efi SetupMode 0
	printf '\6\0\0\0\0' >"$stub"
	echo "none [integrity] confidentiality" >"$root/sys/kernel/security/lockdown"
	mkdir -p "$root/sys/module/module/parameters" "$root/proc/sys/kernel" "$root/proc/self" \
		"$root/sys/dev/block" "$root/sys/devices/pci/host0/block/sda/sda2"
	ln -sfn ../../devices/pci/host0/block/sda/sda2 "$root/sys/dev/block/8:2"
	echo N >"$root/sys/module/module/parameters/sig_enforce"
	echo 0 >"$root/proc/sys/kernel/modules_disabled"
	echo 0 >"$root/sys/kernel/kexec_loaded"
	echo "modgate.anchor=00 ro" >"$root/proc/cmdline"
	mkdir -p "$root/run/modgate"
	echo recovery=yes >"$root/run/modgate/initramfs"
	: >"$root/proc/modules"
	echo "22 1 8:2 / / rw,relatime shared:1 - ext4 /dev/sda2 rw" >"$root/proc/self/mountinfo"
}

# bad CHECK TEXT NAME: this check, and beside freshness no other one, finds this.
bad() {
	m --json doctor
	jq -e "[.[] | select(.good | not) | select(.check != \"freshness\")] |
		length == 1 and .[0].check == \"$1\" and (.[0].reason | contains(\"$2\")) and .[0].remedy != null" \
		"$work/out" >/dev/null 2>>"$work/err"
	tap $? "doctor: $3"
	healthy
}

healthy
exits 1 "doctor, without a TPM" --json doctor
json '[.[] | select(.good | not) | .check] == ["freshness"]' "doctor finds nothing else"
json 'length >= 17 and all(.reason != null)' "doctor says of each what it found"
exits 1 "doctor as text" doctor
says "remedy: " "doctor says what would help"
exits 2 "doctor of something" doctor something

efi SecureBoot 0
echo ro >"$root/proc/cmdline"
bad "secure boot" "exchange the kernel" "secure boot is off"
efi SetupMode 1
bad "secure boot" "setup mode" "the firmware is in setup mode"
rm "$vars/SecureBoot-$guid" "$stub"
echo ro >"$root/proc/cmdline"
bad "secure boot" "cannot be read" "the variables of the firmware are not there"
rm -r "$root/sys/firmware"
echo ro >"$root/proc/cmdline"
bad "secure boot" "not started by UEFI" "not started by UEFI"
rm "$stub"
bad "command line" "names the anchor" "the pin is on a command line that nobody verifies"
printf '\7\0\0\0\0' >"$stub"
bad "command line" "names the anchor" "somebody has left the stub's variable there"
printf '\6\0\0\0\1' >"$vars/MokSBStateRT-605dab50-e046-4300-abb6-3dd810dd8b23"
bad "secure boot" "shim does not verify" "shim is switched off"
state machine=dmi tpm=chosen last=no
in_force "$etc/active/local-1.policy" "$etc/active/owner-1.list"
bad "lsm order" "can leave modgate out" "lsm= can drop modgate"
state machine=dmi tpm=chosen lockdown=no
in_force "$etc/active/local-1.policy" "$etc/active/owner-1.list"
bad lockdown "though they are approved" "lockdown does not heed modgate"
rm "$root/sys/module/module/parameters/sig_enforce"
bad signatures "none is a system module" "no signatures are checked"
state machine=dmi tpm=chosen system-keys=lost
in_force "$etc/active/local-1.policy" "$etc/active/owner-1.list"
bad signatures "was invalidated" "the kernel's own keys are lost"
# chip N [MODULE]: a TPM, whose driver is a module.
chip() {
	mkdir -p "$root/sys/devices/chip$1/driver" "$root/sys/class/tpm/tpm$1"
	ln -sfn "../../../devices/chip$1" "$root/sys/class/tpm/tpm$1/device"
	[ ! "${2:-}" ] || {
		mkdir -p "$root/sys/module/$2"
		ln -sfn "../../../module/$2" "$root/sys/devices/chip$1/driver/module"
	}
}

# says_now KEY=VALUE...: the kernel of a machine that is in order says this.
says_now() {
	state machine=dmi tpm=chosen "$@"
	in_force "$etc/active/local-1.policy" "$etc/active/owner-1.list"
}

for force in load unload load,unload; do
	says_now force=$force
	bad force "force" "modules can be forced: $force"
done
says_now force=load,unload
m --json doctor
json '[.[] | select(.check == "force") | .reason | contains("built for another kernel") and contains("permanent")] == [true]' \
	"doctor: and says what either means"

# ACPI tables in front of the initramfs.
unverified() { rm -f "$stub"; echo ro >"$root/proc/cmdline"; }

says_now acpi-tables=taken
unverified
bad "acpi tables" "before lockdown" "ACPI tables of an unverified initramfs are taken"
says_now acpi-tables=taken
m --json doctor
json '[.[] | select(.check == "acpi tables") | .good] == [true]' "doctor: ACPI tables of a verified initramfs are no finding"
for tables in refused -; do
	says_now acpi-tables=$tables
	unverified
	m --json doctor
	json '[.[] | select(.check == "acpi tables") | .good] == [true]' "doctor: ACPI tables: $tables"
done
# A kernel that does not say so.
older() { says_now; sed -i '/^acpi-tables=/d; /^tpm=/d; /^pcr-changed=/d' "$kernel/state"; unverified; }
older
bad "acpi tables" "not known" "ACPI tables: an older kernel, whose configuration is not there"
older
echo "CONFIG_ACPI_TABLE_UPGRADE=y" | gzip >"$root/proc/config.gz"
bad "acpi tables" "CONFIG_ACPI_TABLE_UPGRADE" "ACPI tables: an older kernel, by its own configuration"
older
mkdir -p "$root/boot"
printf 'CONFIG_ACPI=y\nCONFIG_ACPI_TABLE_UPGRADE=y\n' >"$root/boot/config-$release"
bad "acpi tables" "CONFIG_ACPI_TABLE_UPGRADE" "ACPI tables: an older kernel, by the file in /boot"
older
mkdir -p "$root/boot"
echo "# CONFIG_ACPI_TABLE_UPGRADE is not set" >"$root/boot/config-$release"
m --json doctor
json '[.[] | select(.good | not) | .check] == ["freshness"]' "doctor: ACPI tables: an older kernel that takes none"
healthy

# The TPM, as the kernel has chosen it, or not.
says_now tpm=late
chip 0 tpm_crb
bad tpm "tpm_crb is a module" "the TPM's driver is a module"
says_now tpm=late
chip 0
bad tpm "kept it away" "the TPM was kept away until later"
says_now tpm=none
bad tpm "no TPM 2.0" "there is no TPM"
says_now tpm=refused
bad tpm "virtual" "the TPM is virtual"
says_now tpm=late freshness=tpm
chip 0 tpm_tis
m --json doctor
json '[.[] | select(.check == "tpm" or .check == "freshness") | .remedy | contains("CONFIG_TCG_")] == [true, true]' \
	"doctor: the driver has to be built in"
healthy
says_now pcr=13 pcr-changed=2
bad pcr "2 time(s)" "somebody else has measured into the PCR"
state machine=dmi tpm=chosen kexec=allowed
in_force "$etc/active/local-1.policy" "$etc/active/owner-1.list"
bad kexec "the promise is void" "kexec is allowed"
echo 1 >"$root/sys/kernel/kexec_loaded"
bad kexec "was loaded before" "a kernel was loaded before"
echo 1 >"$root/proc/sys/kernel/modules_disabled"
bad "module loading" "switched off" "module loading is switched off"
state machine=none tpm=chosen
in_force "$etc/active/local-1.policy" "$etc/active/owner-1.list"
bad machine "no name" "the machine has no name"
state machine=dmi tpm=chosen enforcing=audit kexec=allowed missing-lists=1
in_force "$etc/active/local-1.policy" "$etc/active/owner-1.list"
m --json doctor
json '[.[] | select(.check == "policy") | .reason | contains("only records")] == [true]' "doctor: the policy only records"
json '[.[] | select(.check == "kexec" or .check == "bpf") | .remedy] | length == 2 and unique == ["modgate has to enforce, see policy"]' \
	"doctor: and so kexec and BPF are allowed"
state machine=dmi tpm=chosen boot-kind=recovery missing-lists=1
in_force "$etc/active/local-1.policy" "$etc/active/owner-1.list"
bad policy "a recovery boot" "a recovery boot"
state machine=dmi tpm=chosen ended-by=exec
in_force "$etc/active/local-1.policy" "$etc/active/owner-1.list"
bad initramfs "did so itself" "the kernel sealed itself"
rm -r "$root/run/modgate"
bad "recovery initramfs" "there is no $root/run/modgate/initramfs" "the initramfs left no mark"
echo recovery=no >"$root/run/modgate/initramfs"
bad "recovery initramfs" "nothing shows" "the initramfs has no menu"
state machine=dmi tpm=chosen missing-lists=1
in_force "$etc/active/local-1.policy" "$etc/active/owner-1.list"
bad policy "required list" "a required list is missing"
state machine=dmi tpm=chosen anchor=awaited
in_force "$etc/active/local-1.policy" "$etc/active/owner-1.list"
bad anchor "awaited" "the anchor is awaited"
state machine=dmi tpm=chosen "anchor-digest=$(echo other | sha384 -)"
in_force "$etc/active/local-1.policy" "$etc/active/owner-1.list"
bad anchor "another one than the disk" "another anchor is pinned"
state machine=dmi tpm=chosen provisioned=no enforcing=record anchor=- policy=no
m --json doctor
json '[.[] | select(.check == "anchor" or .check == "policy") | .good] == [false, false]' "doctor: not provisioned"
json '[.[] | select(.check == "policy") | .reason | contains("no third-party")] == [false]' "doctor: and does not say that anything is refused"
healthy
echo "none integrity confidentiality" >"$root/sys/kernel/security/lockdown"
mkdir -p "$root/dev"
touch "$root/dev/mem"
m --json doctor
json '[.[] | select(.good | not) | .check] - ["freshness"] | sort == ["/dev/mem", "lockdown"]' \
	"doctor: lockdown is off, and /dev/mem is there"

# A key of DKMS, and who goes by it.
healthy
mkdir -p "$root/var/lib/dkms"
openssl x509 -in "$work/signer.crt" -outform DER -out "$root/var/lib/dkms/mok.pub"
cp "$work/signer.key" "$root/var/lib/dkms/mok.key"
m --json doctor
json '[.[] | select(.check == "signing keys") | .good] == [true]' "doctor: a key on disk that nobody goes by"
m approve --passphrase-fd=3 --vendor="$work/signer.crt"
bad "signing keys" "mok.key" "a key on disk that a list goes by"

# A third-party module below the root file system: a virtual disk on a disk.
devices=$root/sys/devices
mkdir -p "$devices/pci/host0/block/sda/sda2" "$devices/virtual/block/dm-0/slaves" \
	"$root/sys/module/mg_one" "$devices/pci/driver" "$root/lib/modules/$release/updates" "$root/sys/dev/block"
ln -sfn ../../../module/mg_one "$devices/pci/driver/module"
ln -sfn ../../../../pci/host0/block/sda/sda2 "$devices/virtual/block/dm-0/slaves/sda2"
ln -sfn ../../devices/virtual/block/dm-0 "$root/sys/dev/block/254:0"
sed -i 's/8:2/254:0/' "$root/proc/self/mountinfo"
cp "$work/mg_one.ko" "$root/lib/modules/$release/updates"
m --json doctor
json '[.[] | select(.check == "root modules") | .good] == [true]' "doctor: a driver that is not loaded as a module"
echo "mg_one 16384 1 - Live 0x0" >"$root/proc/modules"
bad "root modules" "mg_one" "the root file system needs a third-party module"
sed -i 's/ext4/mg_one/' "$root/proc/self/mountinfo"
echo "mg_one 16384 1 - Live 0x0" >"$root/proc/modules"
mkdir -p "$root/lib/modules/$release/updates"
cp "$work/mg_one.ko" "$root/lib/modules/$release/updates"
bad "root modules" "mg_one" "the root file system itself is a third-party module"
echo "mg_one 16384 1 - Live 0x0" >"$root/proc/modules"
sed -i 's/ext4/mg_one/' "$root/proc/self/mountinfo"
bad "root modules" "its file is not there" "a module of the root file system has no file"
rm "$root/sys/dev/block/8:2"
bad "root modules" "on no device" "the root file system is on no device"
rm "$root/proc/self/mountinfo"
bad "root modules" "not known" "what the root file system is, is not known"
