#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A Debian system that boots through the initramfs-tools hook, its scripts and the
# systemd units; then the same system on a disk whose driver is a third-party module.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

# Hook, scripts and units do not depend on the kernel.
any_kernel
# shellcheck source-path=SCRIPTDIR source=../acpi-call
. "$scenarios/../acpi-call"

# Third-party modules: one from Debian, and the kernel's own NVMe driver, which this
# kernel was built without. None of them is signed.
make_modules
unpack_acpi_call source
build_modules source
"$vm" source --kernel "$series" "$work/pristine" drivers/nvme
build_modules pristine/drivers/nvme/host CONFIG_NVME_CORE=m CONFIG_BLK_DEV_NVME=m
mkdir installed
cp source/acpi_call.ko pristine/drivers/nvme/host/nvme{,-core}.ko \
	modules/modgate_test_{one,two}.ko installed/

guest=debian pin=''
machine() {
	guest --disk "$work/disk" --tpm "$work/tpm-state" --console "$work/console" --timeout 900 \
		--append "$pin modgate.freshness=tpm lockdown=integrity" "$@"
}

helpers=$tool_helpers$(cat <<'END'

updates=/lib/modules/$(uname -r)/updates
initrd=/boot/initrd.img-$(uname -r)
probe() { modprobe "$1" 2>&1; echo $?; }
early() { sed -i "s/^MODGATE_EARLY=.*/MODGATE_EARLY=\"$1\"/" /etc/initramfs-tools/conf.d/modgate; }
root() { findmnt -n -o SOURCE /; }
END
)

machine <<'END'
check "systemd is process 1 of the guest" systemd "$(cat /proc/1/comm)"
mkdir $updates
cp installed/* $updates/
depmod
tool 6 init --freshness=tpm --key=tpm --passphrase-fd=3
tool 6 approve --passphrase-fd=3 acpi_call modgate_test_two
rm $updates/modgate_test_two.ko
tell_pin
# The next boot mounts /var.
cp -a /var /srv/var
rm -rf /var/lib/modgate
echo "/srv/var /var none bind 0 0" >>/etc/fstab
END
pin=$(told_pin)

# The menu on the console of the initramfs changes the local policy on disk. The key that
# signs it is in the TPM.
person "a recovery boot" 125 --disk "$work/disk" --tpm "$work/tpm-state" --timeout 400 \
	--append "$pin modgate.freshness=tpm modgate.recovery" <<'END'
see What is to be done
type 2
see Mode
type
see leave it
type allow-kexec
see Passphrase of the anchor key
type a passphrase for tests
see Signed local policy
see What is to be done
type 8
see Restarting
END

ends=125 machine <<'END'
check "the initramfs hands over the documents and seals the kernel" "closed seal yes yes 0" \
	"$(state state) $(state ended-by) $(state policy) $(state enforcing) $(state missing-lists)"
check "the policy signed in the recovery boot is in force" allowed "$(state kexec)"
for unit in modgate-rebuild modgate-close; do
	check "$unit.service runs and succeeds" "[1-9]* success" \
		"$(systemctl show -P ExecMainPID $unit) $(systemctl show -P Result $unit)"
done
check "the journal names the module that rebuild left out, with its reason" \
	"*modgate_test_two: left out (missing):*1 loaded, 0 on demand, 1 left out*" "$(journalctl -b -u modgate-rebuild)"
check "the gate closes after the modules of the boot are loaded" "*modgate-rebuild.service*" \
	"$(systemctl show -P After modgate-close)"
check "the initramfs in use has no documents and no keys" 0 "$(lsinitramfs $initrd | grep -c etc/modgate)"
check "a module approved in the boot before is loaded at boot" 1 \
	"$(grep -c ' name=acpi_call reason=approved .* state=live ' $modgate/receipt)"
check "modgate-close runs after /var is mounted, but does not require it" "*var.mount* -" \
	"$(systemctl show -P After modgate-close) -$(systemctl show -P Requires modgate-close |
		grep -o 'var[^ ]*mount')"
check "the filed receipt is the one of this boot" "$(sed -n 's/.* sha384=//p' $modgate/receipt)" \
	"$(sed -n 's/.* sha384=//p' /var/lib/modgate/receipts/*.receipt)"
check "/var is a mount of its own" "/dev/vda[[]/srv/var[]]" "$(findmnt -n -o SOURCE /var)"
mount --bind / /mnt
check "nothing is filed in the folder below the mount of /var" "" "$(ls -d /mnt/var/lib/modgate 2>/dev/null)"
umount /mnt
check "an unapproved driver is refused" "*not permitted*1" "$(probe nvme)"
message=/run/motd.d/modgate
timeout 300 sh -c "until grep -q nvme $message; do sleep 0.2; done"
check "the message at login names the refused driver" "active *nvme_core*modgate pending*" \
	"$(systemctl is-active modgate-watch) $(tr '\n' ' ' <$message)"

# A user's session starts modgate.desktop, which sends a notification.
notified() {
	systemctl start user@0
	export XDG_RUNTIME_DIR=/run/user/0 DBUS_SESSION_BUS_ADDRESS=unix:path=/run/user/0/bus
	python3 -m dbusmock --template notification_daemon >/run/notified &
	timeout 300 sh -c 'until busctl --user status org.freedesktop.Notifications; do sleep 0.2; done' >/dev/null
	$(sed -n 's/^Exec=//p' /etc/xdg/autostart/modgate.desktop)
	timeout 300 sh -c 'until grep -q Notify /run/notified; do sleep 0.2; done'
	kill %1
	systemctl stop user@0
	cat /run/notified
}
check "a desktop notification names the refused driver" '* Notify *"Kernel modules"*nvme_core*modgate pending*' "$(notified)"
check "the journal of modgate-watch has the refusal" "*nvme_core: refused, closed*" "$(journalctl -u modgate-watch)"

# The hook also warns of dependencies that would not load.
hook() {
	(
		export DESTDIR=/run/image CONFDIR=/etc/initramfs-tools MODULESDIR=/lib/modules/$(uname -r)
		export version=$(uname -r) verbose=n
		rm -rf $DESTDIR
		mkdir -p $DESTDIR
		/usr/share/initramfs-tools/hooks/modgate 2>&1
	)
}
early nvme
check "the initramfs hook names an unapproved dependency of a driver" "*nvme for $(uname -r) would not load*nvme-core.ko*" "$(hook)"

# Moves the root file system to NVMe. Approving updates the initramfs.
early "nvme modgate_test_one no_such_module"
tool 6 approve --passphrase-fd=3 nvme nvme_core
check "approve says that it updates the initramfs" "*is made anew*" "$said"
check "the initramfs hook warns of a module that would not load" \
	"*modgate_test_one for $(uname -r) would not load*" "$said"
check "the initramfs hook does not warn of an approved driver" "" "$(grep 'W: modgate: nvme' <<<"$said")"
check "the initramfs hook warns of a module that does not exist" "*there is no no_such_module for $(uname -r)*" "$said"
lsinitramfs $initrd >/run/list
check "the initramfs has the driver and its dependency" 2 "$(grep -c '/nvme.*\.ko' /run/list)"
check "the initramfs has the staged documents" "[1-9]*" "$(grep -c 'etc/modgate/staged/.*\.list' /run/list)"
check "the initramfs has no key file but the pinned certificate" "etc/modgate/keys/anchor.pem" \
	"$(grep etc/modgate/keys/ /run/list)"
check "an approved driver is refused before the restart" "*not permitted*1" "$(probe nvme)"
rm /var/lib/modgate/receipts/*
modgate restart
sleep 600
END
check "modgate restart names the modules that become active" "*become active:*nvme_core*" "$(cat output)"
check "modgate restart has the firmware restart the machine" "*reboot: Restarting system*" "$(cat console)"

machine --nvme <<'END'
check "the root file system is on a disk that needs a third-party driver" \
	/dev/nvme0n1 "$(root)"
check "modgate boot has sealed the kernel, and the gate is closed" "closed seal" "$(state state) $(state ended-by)"
check "the driver loads by its approval, before the collection" "nvme_core nvme acpi_call" \
	"$(sed -n 's/.* name=\([^ ]*\) reason=approved .* state=live .*/\1/p' $modgate/receipt | xargs)"
tool 0 status
check "shutdown files the receipt of the boot before once more" 2 \
	"$(ls /var/lib/modgate/receipts/*.receipt | wc -l)"

# If the initramfs cannot be updated, the documents in it stay valid.
mv /usr/sbin/update-initramfs /usr/sbin/update-initramfs.away
tool 1 revoke --passphrase-fd=3 acpi_call
check "revoke says that the initramfs still has the older documents" "*copies of the older documents*" "$said"
mv /usr/sbin/update-initramfs.away /usr/sbin/update-initramfs
# update-initramfs=no: it does nothing, and exits with 0.
sed -i 's/^update_initramfs=.*/update_initramfs=no/' /etc/initramfs-tools/update-initramfs.conf
tool 1 ban --passphrase-fd=3 modgate_test_one
check "ban says that the initramfs was not updated, even without an error" "*has not made anew: $initrd*older documents*" "$said"
sed -i 's/^update_initramfs=.*/update_initramfs=yes/' /etc/initramfs-tools/update-initramfs.conf
END
check "a module that does not load is named on the console, and the boot goes on" \
	"*modgate_test_one does not load:*not-approved*" "$(cat console)"

# A dependency of the driver in the initramfs is changed, and nobody has approved that.
release=$(cat "$tree/include/config/kernel.release")
changed=changed/usr/lib/modules/$release/updates/nvme-core.ko
mkdir -p "$(dirname "$changed")"
cp installed/nvme-core.ko "$changed"
at=$(grep -obaF -m 1 'description=' installed/nvme-core.ko | sed -n 1p | cut -d : -f 1)
printf 'D' | dd of="$changed" bs=1 seek="$at" conv=notrunc status=none
status=0
"$vm" debian --kernel "$series" --disk "$work/disk" --tpm "$work/tpm-state" --nvme --console console \
	--append "$pin modgate.freshness=tpm lockdown=integrity" --initramfs-extra changed -- true \
	>output 2>&1 || status=$?
check "without approval for its driver's dependency the root file system is missing" 125 "$status"
check "the console names the driver and its unapproved dependency" "*nvme does not load:*nvme-core.ko*not-approved*does not exist*" \
	"$(cat console)"

machine --nvme <<'END'
check "with approved drivers the root file system is there, by the older documents" /dev/nvme0n1 "$(root)"
tool 6 status

# A ban while the initramfs lacks the driver: its documents are stale from now on.
early ""
tool 0 ban --passphrase-fd=3 acpi_call
early nvme
END

machine <<'END'
check "a machine with a stale initramfs boots if its root needs no third-party module" \
	"/dev/vda closed seal" "$(root) $(state state) $(state ended-by)"
check "a machine with a stale initramfs reaches multi-user.target" active "$(systemctl is-active multi-user.target)"
check "a machine with a stale initramfs refuses third-party modules" "*not permitted*1" "$(probe nvme)"
END
check "the console says that the documents are stale" "*ESTALE*" "$(cat console)"
finish
