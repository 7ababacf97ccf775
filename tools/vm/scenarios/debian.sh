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

# Third-party modules: one of Debian's, and the kernel's own driver for NVMe, which this
# kernel was built without. None is signed.
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
check "systemd is process 1" systemd "$(cat /proc/1/comm)"
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

# The menu on the console of the initramfs changes what is on the disk. The key that
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
check "the initramfs has handed over the documents, and sealed" "closed seal yes yes 0" \
	"$(state state) $(state ended-by) $(state policy) $(state enforcing) $(state missing-lists)"
check "what recovery has signed is in force" allowed "$(state kexec)"
for unit in modgate-rebuild modgate-close; do
	check "$unit.service has run" "[1-9]* success" \
		"$(systemctl show -P ExecMainPID $unit) $(systemctl show -P Result $unit)"
done
check "what was left out is in its journal, with the reason" \
	"*modgate_test_two: left out (missing):*1 loaded, 0 on demand, 1 left out*" "$(journalctl -b -u modgate-rebuild)"
check "the modules of the boot come before the gate closes" "*modgate-rebuild.service*" \
	"$(systemctl show -P After modgate-close)"
check "the initramfs has no documents and no keys" 0 "$(lsinitramfs $initrd | grep -c etc/modgate)"
check "approved in the boot before: it was loaded at boot" 1 \
	"$(grep -c ' name=acpi_call reason=approved .* state=live ' $modgate/receipt)"
check "it comes after /var, and does without" "*var.mount* -" \
	"$(systemctl show -P After modgate-close) -$(systemctl show -P Requires modgate-close |
		grep -o 'var[^ ]*mount')"
check "the receipt is filed" "$(sed -n 's/.* sha384=//p' $modgate/receipt)" \
	"$(sed -n 's/.* sha384=//p' /var/lib/modgate/receipts/*.receipt)"
check "/var was mounted before that" "/dev/vda[[]/srv/var[]]" "$(findmnt -n -o SOURCE /var)"
mount --bind / /mnt
check "and nothing is below it" "" "$(ls -d /mnt/var/lib/modgate 2>/dev/null)"
umount /mnt
check "not approved: does not" "*not permitted*1" "$(probe nvme)"
message=/run/motd.d/modgate
timeout 300 sh -c "until grep -q nvme $message; do sleep 0.2; done"
check "who logs in is told, by modgate-watch.service" "active *nvme_core*modgate pending*" \
	"$(systemctl is-active modgate-watch) $(tr '\n' ' ' <$message)"

# The session of a user: modgate.desktop is started, and a notification comes.
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
check "and on the desktop" '* Notify *"Kernel modules"*nvme_core*modgate pending*' "$(notified)"
check "and it is in its journal" "*nvme_core: refused, closed*" "$(journalctl -u modgate-watch)"

# The hook warns of what a module needs, too.
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
check "the hook names what the driver needs" "*nvme for $(uname -r) would not load*nvme-core.ko*" "$(hook)"

# The root file system is to be on NVMe. Approving makes the initramfs anew.
early "nvme modgate_test_one no_such_module"
tool 6 approve --passphrase-fd=3 nvme nvme_core
check "approve says that the initramfs is made anew" "*is made anew*" "$said"
check "the hook warns of what would not load" \
	"*modgate_test_one for $(uname -r) would not load*" "$said"
check "not of what would" "" "$(grep 'W: modgate: nvme' <<<"$said")"
check "and of what is not there" "*there is no no_such_module for $(uname -r)*" "$said"
lsinitramfs $initrd >/run/list
check "the driver and what it needs is in there" 2 "$(grep -c '/nvme.*\.ko' /run/list)"
check "the documents, too" "[1-9]*" "$(grep -c 'etc/modgate/staged/.*\.list' /run/list)"
check "of the keys, only the certificate that is pinned" "etc/modgate/keys/anchor.pem" \
	"$(grep etc/modgate/keys/ /run/list)"
check "not before the restart" "*not permitted*1" "$(probe nvme)"
rm /var/lib/modgate/receipts/*
modgate restart
sleep 600
END
check "modgate restart says what it is good for" "*become active:*nvme_core*" "$(cat output)"
check "and the firmware starts the machine anew" "*reboot: Restarting system*" "$(cat console)"

machine --nvme <<'END'
check "the root file system is on a disk whose driver is a third-party module" \
	/dev/nvme0n1 "$(root)"
check "which loaded when the kernel was sealed" "closed seal" "$(state state) $(state ended-by)"
check "by approval, ahead of the collection" "nvme_core nvme acpi_call" \
	"$(sed -n 's/.* name=\([^ ]*\) reason=approved .* state=live .*/\1/p' $modgate/receipt | xargs)"
tool 0 status
check "at shutdown the receipt of the boot before was filed once more" 2 \
	"$(ls /var/lib/modgate/receipts/*.receipt | wc -l)"

# If the initramfs cannot be made anew, what it has stays good.
mv /usr/sbin/update-initramfs /usr/sbin/update-initramfs.away
tool 1 revoke --passphrase-fd=3 acpi_call
check "and that is said" "*copies of the older documents*" "$said"
mv /usr/sbin/update-initramfs.away /usr/sbin/update-initramfs
# Told to do nothing, it does nothing, and ends with 0.
sed -i 's/^update_initramfs=.*/update_initramfs=no/' /etc/initramfs-tools/update-initramfs.conf
tool 1 ban --passphrase-fd=3 modgate_test_one
check "not made anew without an error: said, too" "*has not made anew: $initrd*older documents*" "$said"
sed -i 's/^update_initramfs=.*/update_initramfs=yes/' /etc/initramfs-tools/update-initramfs.conf
END
check "what does not load is said, and does not stop the boot" \
	"*modgate_test_one does not load:*not-approved*" "$(cat console)"

# What the driver in the initramfs needs is changed, which nobody has approved.
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
check "with a driver that needs what is not approved there is no root file system" 125 "$status"
check "and the console names it" "*nvme does not load:*nvme-core.ko*not-approved*does not exist*" \
	"$(cat console)"

machine --nvme <<'END'
check "with one that is, there is, by the older documents" /dev/nvme0n1 "$(root)"
tool 6 status

# It no longer has: they are of the past now.
early ""
tool 0 ban --passphrase-fd=3 acpi_call
early nvme
END

machine <<'END'
check "with a stale initramfs, and a root file system that needs no third party, it boots" \
	"/dev/vda closed seal" "$(root) $(state state) $(state ended-by)"
check "and it gets to where people log in" active "$(systemctl is-active multi-user.target)"
check "third-party modules stay out" "*not permitted*1" "$(probe nvme)"
END
check "the console says why" "*ESTALE*" "$(cat console)"
finish
