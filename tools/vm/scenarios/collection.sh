#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The module collection, the closed gate, and the receipt: what is approved is
# collected, loaded in order at boot, and written down by the kernel; what cannot
# load is left out with its reason, and the rest loads.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=../acpi-call
. "$top/tools/vm/acpi-call"

prepare
unpack_acpi_call acpi
build_modules acpi
cp acpi/acpi_call.ko modules/

# Modules that differ in their bytes and not in what they do.
mkdir -p others
for name in changed missing banned demand kept; do
	sed "s/Test module one/Test module $name/; s/modgate_test_use/modgate_use_$name/" \
		modules/modgate_test_one.c >others/t_$name.c
	echo "void modgate_use_$name(void);" >>others/modgate_test.h
done
# One that needs what nobody has, and one for another kernel.
sed 's/modgate_test_use/modgate_test_nowhere/; s/uses module one/uses nothing/' \
	modules/modgate_test_user.c >others/t_symbol.c
echo 'void modgate_test_nowhere(void);' >>others/modgate_test.h
sed 's/Test module two/Test module vermagic/' modules/modgate_test_two.c >others/t_vermagic.c
for name in changed missing banned demand kept symbol vermagic; do
	echo "obj-m += t_$name.o"
done >others/Makefile
build_modules others KBUILD_MODPOST_WARN=1 CONFIG_MODULE_SIG_ALL=
# The release stands in its vermagic only.
sed -i "s/vermagic=$series/vermagic=${series//[0-9]/9}/" others/t_vermagic.ko
cp others/*.ko modules/
flip modules/t_changed.ko changed.ko
# One whose signer is banned although it is approved.
make_key banned
sign modules/t_banned.ko banned.key banned.pem banned.ko
mv banned.ko modules/t_banned.ko
system_module modules/modgate_test_two.ko system.ko

# shellcheck disable=SC2034
helpers=$tool_helpers$(cat <<'END'

PATH=$bin:$PATH
extra=/lib/modules/$(uname -r)/updates
# install FILE...: as DKMS would.
install() {
	mkdir -p $extra
	touch ${extra%/updates}/modules.{order,builtin,builtin.modinfo}
	cp "$@" $extra/
	depmod 2>/dev/null
}
loaded() { [ -d /sys/module/$1 ] && echo loaded || echo no; }
END
)

on() { guest --tpm "$work/tpm" --disk "$work/disk" "$@"; }

on <<'END'
tool 6 init --key=file --freshness=tpm --passphrase-fd=3
tell_pin
END
boot=(--append "$(told_pin) lockdown=integrity")

on "${boot[@]}" <<'END'
install modules/{acpi_call,modgate_test_one,modgate_test_two,modgate_test_user}.ko
check "not yet" no "$(loaded acpi_call)"
tool 0 receipt --check
tool 6 approve --passphrase-fd=3 acpi_call modgate_test_one modgate_test_two modgate_test_user
tool 0 rebuild --no-close
check "before the restart nothing is collected" "*0 loaded, 0 on demand, 0 left out*" "$said"
END

on "${boot[@]}" <<'END'
install modules/{acpi_call,modgate_test_one,modgate_test_two,modgate_test_user}.ko
mkdir -p /etc/modprobe.d
echo 'options modgate_test_two fail=0' >/etc/modprobe.d/modgate-test.conf
tool 0 rebuild
check "rebuilt" "*rebuilt; 4 loaded, 0 on demand, 0 left out*" "$said"
check "closed" "*the gate is closed*" "$said"
check "acpi_call is there" loaded "$(loaded acpi_call)"
check "one came before its user" "modgate_test_one modgate_test_user" \
	"$(sed -n 's/.* name=\(modgate_test_[ou][a-z]*\) .*/\1/p' $modgate/receipt | xargs)"
check "state" closed "$(state state)"
check "each has a line in the receipt" 4 "$(grep -c 'reason=approved .* state=live' $modgate/receipt)"
tool 1 receipt --check
tool 0 receipt --verify
check "the receipt makes its hash" "*receipt: 4 line(s) make its running hash*" "$said"
check "and was measured" "*log: each line of the receipt was measured as it is*" "$said"
check "into the PCR" "*PCR 13, sha256: the log makes what it has*" "$said"
tool 0 receipt --history
check "filed" "*4 module(s)*" "$said"
rmmod modgate_test_user
check "unloaded is gone" 1 "$(grep -c 'name=modgate_test_user .* state=gone loads=1' $modgate/receipt)"
check "after closing" "*EPERM audit=closed event=closed" "$(load finit modules/modgate_test_user.ko)"
check "a system module still loads" "$allowed" "$(rmmod modgate_test_two; load finit system.ko)"
check "and has no line" 4 "$(grep -c name= $modgate/receipt)"
tool 6 why $extra/modgate_test_user.ko
check "why" "*closed*" "$said"
tool 1 rebuild
check "closed: not rebuilt" "*at the next restart*" "$said"
tool 6 approve --passphrase-fd=3 --on-demand modules/t_demand.ko
tool 6 approve --passphrase-fd=3 --permanent modules/t_kept.ko
tool 6 approve --passphrase-fd=3 modules/t_{changed,missing,banned,symbol}.ko
tool 6 approve --passphrase-fd=3 --unseen "$(sha384sum <modules/t_vermagic.ko | cut -c 1-96)"
tool 6 ban --passphrase-fd=3 --signer=banned.pem
tool 0 revoke --passphrase-fd=3 modgate_test_one
END

# What can go wrong with one module, all at once.
on "${boot[@]}" <<'END'
install modules/{acpi_call,modgate_test_one,modgate_test_two,modgate_test_user}.ko \
	modules/t_{demand,kept,banned,symbol,vermagic}.ko
cp changed.ko $extra/t_changed.ko
mkdir -p /etc/modprobe.d
echo 'options modgate_test_two fail=5' >/etc/modprobe.d/modgate-test.conf
tool 0 rebuild
check "what can load is loaded" "*; 2 loaded, 1 on demand, 7 left out*" "$said"
check "missing" "*t_missing: left out (missing): *" "$said"
check "changed" "*t_changed: left out (changed): *" "$said"
check "banned" "*t_banned: left out (banned): *" "$said"
check "vermagic" "*t_vermagic: left out (vermagic): *" "$said"
check "symbol" "*t_symbol: left out (symbol): *" "$said"
check "init" "*modgate_test_two: left out (init): *Input/output error*" "$said"
check "dependency" "*modgate_test_user: left out (dependency): it needs modgate_test_one, which is not approved*" "$said"
check "the others" "loaded loaded" "$(loaded acpi_call) $(loaded t_kept)"
check "on demand waits" no "$(loaded t_demand)"
check "which failed is in the receipt" 1 "$(grep -c 'name=modgate_test_two .* state=failed' $modgate/receipt)"
manifest=/var/lib/modgate/collection/$(uname -r)/manifest.json
check "the manifest has the reasons" "banned changed dependency init missing symbol vermagic" \
	"$(sed -n '/left_out":0/!s/.*"reason": *"\([a-z]*\)".*/\1/p' $manifest | grep -v approved | sort | xargs)"
tool 0 receipt
check "the receipt verb tells them as well" "banned changed dependency init missing symbol vermagic" \
	"$(sed -n 's/.*: left out (\([a-z]*\)): .*/\1/p' <<<"$said" | sort | xargs)"

before=$(grep -c event=module $modgate/log)
check "on demand, after closing" "$allowed" "$(load finit modules/t_demand.ko)"
check "is measured" $((before + 1)) "$(grep -c event=module $modgate/log)"
tool 0 receipt --verify
check "on demand again" "$allowed" "$(load finit modules/t_demand.ko)"
check "is counted" 1 "$(grep -c 'name=t_demand .* loads=2' $modgate/receipt)"

check "a permanent module: rmmod" "*t_kept is in use*" "$(rmmod t_kept 2>&1)"
check "rmmod -f" "[1-9]*" "$(rmmod -f t_kept >/dev/null 2>&1; echo $?)"
check "modprobe -r" "[1-9]*" "$(modprobe -r t_kept >/dev/null 2>&1; echo $?)"
check "delete_module with O_TRUNC" "-1 11" "$(python3 -c '
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
print(libc.syscall(176, b"t_kept", os.O_TRUNC | os.O_NONBLOCK), ctypes.get_errno())')"
check "is still there" loaded "$(loaded t_kept)"
tool 6 revoke --passphrase-fd=3 t_kept
check "revoke says why it stays" "*permanent*" "$said"
tool 6 approve --passphrase-fd=3 modules/t_kept.ko
tool 6 approve --passphrase-fd=3 --on-demand modules/modgate_test_one.ko
check "what lacks a symbol was judged, and did not come up" 1 "$(grep -c 'state=judged loads=0' $modgate/receipt)"
check "nothing more is left to be said" 6 "$(grep -c . $modgate/receipt)"
tool 1 receipt --diff="$(modgate receipt --history | sed -n 1p | cut -d ' ' -f 1)"
check "what is new" "*+ t_kept (approved)*" "$said"
END

# What failed is tried again; what is up to date is not made again.
on "${boot[@]}" <<'END'
install modules/{acpi_call,modgate_test_one,modgate_test_two,modgate_test_user}.ko \
	modules/t_{demand,changed,missing,banned,symbol,vermagic,kept}.ko
tool 0 rebuild --no-close
check "whole again" "*rebuilt; 6 loaded, 2 on demand, 3 left out*" "$said"
check "one on demand that another one needs loads with it" "loaded loaded no" \
	"$(loaded modgate_test_one) $(loaded modgate_test_user) $(loaded t_demand)"
check "no longer permanent: rmmod" no "$(rmmod t_kept; loaded t_kept)"
check "the gate is open" sealed "$(state state)"
tool 0 rebuild --no-close
check "nothing changed" "*up to date; 6 loaded, 2 on demand, 3 left out*" "$said"
openssl req -x509 -newkey rsa:2048 -nodes -keyout /dev/null -subj /CN=nobody -outform DER 2>/dev/null |
	keyctl padd asymmetric nobody @u >/dev/null
check "a key comes that signs no modules" 1 "$(grep -c 'asymmetri nobody: ' /proc/keys)"
tool 0 rebuild --no-close
check "that is nothing to the collection" "*up to date; 6 loaded, 2 on demand, 3 left out*" "$said"
rmmod t_changed
copy=$(echo /var/lib/modgate/collection/$(uname -r)/t_changed.*.ko)
flip() { printf 'U' | dd of="$1" bs=1 seek="$(grep -obaF 'Test module' "$1" | sed -n 1p | cut -d : -f 1)" conv=notrunc status=none; }
rm $copy
mkdir $copy
tool 0 rebuild --no-close
check "where the copy cannot be written it loads from its own path" loaded "$(loaded t_changed)"
rmdir $copy
rmmod t_changed
tool 0 rebuild --no-close
check "where it can, the copy comes back" "loaded file" "$(loaded t_changed) $([ ! -f $copy ] || echo file)"
rmmod t_changed
flip $copy
tool 0 rebuild --no-close
check "a damaged copy comes back" loaded "$(loaded t_changed)"
rmmod t_changed
flip $copy
flip $extra/t_changed.ko
depmod 2>/dev/null
tool 0 rebuild --no-close
check "both damaged" "*t_changed: left out (changed): *" "$said"
mkdir -p /etc/modprobe.d
echo 'options modgate_test_two fail=17' >/etc/modprobe.d/modgate-test.conf
rmmod modgate_test_two
tool 0 rebuild --no-close
check "its init function says that it is there: it is not" "*modgate_test_two: left out (init): *" "$said"
echo 'options modgate_test_two fail=5' >/etc/modprobe.d/modgate-test.conf
tool 0 rebuild --no-close
check "it fails now" "*modgate_test_two: left out (init): *" "$said"
echo 'install modgate_test_two /bin/false' >/etc/modprobe.d/modgate-test.conf
tool 0 rebuild --no-close
check "switched off in modprobe.d" "*modgate_test_two: left out (blacklist): *" "$said"
tool 0 receipt
check "the manifest has the new reason" "*modgate_test_two: left out (blacklist): *" "$said"
rm /etc/modprobe.d/modgate-test.conf
tool 0 --json rebuild --no-close
check "and no more: by its approval" '"approved" null false' "$(jq -c '.modules[] |
	select(.name == "modgate_test_two") | .reason, .detail, .left_out' <<<"$said" | xargs -d '\n')"
tool 0 rebuild --close
check "closed at last" closed "$(state state)"
END
finish
