#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The module collection, the closed gate, and the receipt: approved modules are
# collected and loaded in order at boot, and the kernel writes the receipt. A module
# that cannot load is left out with a reason, and the rest loads.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source-path=SCRIPTDIR source=../acpi-call
. "$top/tools/vm/acpi-call"

prepare
unpack_acpi_call acpi
build_modules acpi
cp acpi/acpi_call.ko modules/

# Modules that do the same and differ only in their bytes.
mkdir -p others
for name in changed missing banned demand kept; do
	sed "s/Test module one/Test module $name/; s/modgate_test_use/modgate_use_$name/" \
		modules/modgate_test_one.c >others/t_$name.c
	echo "void modgate_use_$name(void);" >>others/modgate_test.h
done
# One that needs a symbol that nobody exports, and one for another kernel.
sed 's/modgate_test_use/modgate_test_nowhere/; s/uses module one/uses nothing/' \
	modules/modgate_test_user.c >others/t_symbol.c
echo 'void modgate_test_nowhere(void);' >>others/modgate_test.h
sed 's/Test module two/Test module vermagic/' modules/modgate_test_two.c >others/t_vermagic.c
for name in changed missing banned demand kept symbol vermagic; do
	echo "obj-m += t_$name.o"
done >others/Makefile
build_modules others KBUILD_MODPOST_WARN=1 CONFIG_MODULE_SIG_ALL=
# Only its vermagic has the release.
sed -i "s/vermagic=$series/vermagic=${series//[0-9]/9}/" others/t_vermagic.ko
cp others/*.ko modules/
flip modules/t_changed.ko changed.ko
# An approved one whose signer is banned.
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
check "an unapproved module is not loaded" no "$(loaded acpi_call)"
tool 0 receipt --check
tool 6 approve --passphrase-fd=3 acpi_call modgate_test_one modgate_test_two modgate_test_user
tool 0 rebuild --no-close
check "nothing is collected before the restart" "*0 loaded, 0 on demand, 0 left out*" "$said"
END

on "${boot[@]}" <<'END'
install modules/{acpi_call,modgate_test_one,modgate_test_two,modgate_test_user}.ko
mkdir -p /etc/modprobe.d
echo 'options modgate_test_two fail=0' >/etc/modprobe.d/modgate-test.conf
tool 0 rebuild
check "rebuild loads all four approved modules" "*rebuilt; 4 loaded, 0 on demand, 0 left out*" "$said"
check "rebuild says that it closed the gate" "*the gate is closed*" "$said"
check "rebuild loads acpi_call" loaded "$(loaded acpi_call)"
check "rebuild loads a module before the module that uses it" "modgate_test_one modgate_test_user" \
	"$(sed -n 's/.* name=\(modgate_test_[ou][a-z]*\) .*/\1/p' $modgate/receipt | xargs)"
check "rebuild closes the gate" closed "$(state state)"
check "the receipt has a line for each collected module" 4 "$(grep -c 'reason=approved .* state=live' $modgate/receipt)"
tool 1 receipt --check
tool 0 receipt --verify
check "the receipt's lines lead to its running hash" "*receipt: 4 line(s) make its running hash*" "$said"
check "each line of the receipt was measured" "*log: each line of the receipt was measured as it is*" "$said"
check "the log leads to the value of the PCR" "*PCR 13, sha256: the log makes what it has*" "$said"
tool 0 receipt --history
check "the receipt of this boot is filed" "*4 module(s)*" "$said"
rmmod modgate_test_user
check "an unloaded module stays in the receipt as gone" 1 "$(grep -c 'name=modgate_test_user .* state=gone loads=1' $modgate/receipt)"
check "an approved module is refused once the gate is closed" "*EPERM audit=closed event=closed" "$(load finit modules/modgate_test_user.ko)"
check "a system module loads once the gate is closed" "$allowed" "$(rmmod modgate_test_two; load finit system.ko)"
check "a system module has no line in the receipt" 4 "$(grep -c name= $modgate/receipt)"
tool 6 why $extra/modgate_test_user.ko
check "why says that the gate is closed" "*closed*" "$said"
tool 1 rebuild
check "rebuild at the closed gate refers to the next restart" "*at the next restart*" "$said"
tool 6 approve --passphrase-fd=3 --on-demand modules/t_demand.ko
tool 6 approve --passphrase-fd=3 --permanent modules/t_kept.ko
tool 6 approve --passphrase-fd=3 modules/t_{changed,missing,banned,symbol}.ko
tool 6 approve --passphrase-fd=3 --unseen "$(sha384sum <modules/t_vermagic.ko | cut -c 1-96)"
tool 6 ban --passphrase-fd=3 --signer=banned.pem
tool 0 revoke --passphrase-fd=3 modgate_test_one
END

# Everything that can go wrong with a module, all at once.
on "${boot[@]}" <<'END'
install modules/{acpi_call,modgate_test_one,modgate_test_two,modgate_test_user}.ko \
	modules/t_{demand,kept,banned,symbol,vermagic}.ko
cp changed.ko $extra/t_changed.ko
mkdir -p /etc/modprobe.d
echo 'options modgate_test_two fail=5' >/etc/modprobe.d/modgate-test.conf
tool 0 rebuild
check "rebuild loads what it can, and leaves out the rest" "*; 2 loaded, 1 on demand, 7 left out*" "$said"
check "a module whose file is gone is left out as missing" "*t_missing: left out (missing): *" "$said"
check "a module whose file was changed is left out as changed" "*t_changed: left out (changed): *" "$said"
check "an approved module by a banned signer is left out as banned" "*t_banned: left out (banned): *" "$said"
check "a module for another kernel is left out as vermagic" "*t_vermagic: left out (vermagic): *" "$said"
check "a module that lacks a symbol is left out as symbol" "*t_symbol: left out (symbol): *" "$said"
check "a module whose init function fails is left out as init" "*modgate_test_two: left out (init): *Input/output error*" "$said"
check "a module whose dependency is not approved is left out as dependency" "*modgate_test_user: left out (dependency): it needs modgate_test_one, which is not approved*" "$said"
check "modules without a fault load although others are left out" "loaded loaded" "$(loaded acpi_call) $(loaded t_kept)"
check "an on-demand module is not loaded by rebuild" no "$(loaded t_demand)"
check "a module whose init function failed is in the receipt as failed" 1 "$(grep -c 'name=modgate_test_two .* state=failed' $modgate/receipt)"
manifest=/var/lib/modgate/collection/$(uname -r)/manifest.json
check "the manifest has a reason for each module left out" "banned changed dependency init missing symbol vermagic" \
	"$(sed -n '/left_out":0/!s/.*"reason": *"\([a-z]*\)".*/\1/p' $manifest | grep -v approved | sort | xargs)"
tool 0 receipt
check "modgate receipt shows the reason for each module left out" "banned changed dependency init missing symbol vermagic" \
	"$(sed -n 's/.*: left out (\([a-z]*\)): .*/\1/p' <<<"$said" | sort | xargs)"

before=$(grep -c event=module $modgate/log)
check "an on-demand module loads once the gate is closed" "$allowed" "$(load finit modules/t_demand.ko)"
check "an on-demand load is measured" $((before + 1)) "$(grep -c event=module $modgate/log)"
tool 0 receipt --verify
check "an on-demand module loads a second time" "$allowed" "$(load finit modules/t_demand.ko)"
check "the receipt counts both loads of an on-demand module" 1 "$(grep -c 'name=t_demand .* loads=2' $modgate/receipt)"

check "rmmod does not unload a permanent module" "*t_kept is in use*" "$(rmmod t_kept 2>&1)"
check "rmmod -f does not unload a permanent module" "[1-9]*" "$(rmmod -f t_kept >/dev/null 2>&1; echo $?)"
check "modprobe -r does not unload a permanent module" "[1-9]*" "$(modprobe -r t_kept >/dev/null 2>&1; echo $?)"
check "delete_module with O_TRUNC does not unload a permanent module" "-1 11" "$(python3 -c '
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
print(libc.syscall(176, b"t_kept", os.O_TRUNC | os.O_NONBLOCK), ctypes.get_errno())')"
check "a permanent module stays loaded after every attempt" loaded "$(loaded t_kept)"
tool 6 revoke --passphrase-fd=3 t_kept
check "revoke says that a permanent module stays loaded" "*permanent*" "$said"
tool 6 approve --passphrase-fd=3 modules/t_kept.ko
tool 6 approve --passphrase-fd=3 --on-demand modules/modgate_test_one.ko
check "a module that lacks a symbol is in the receipt as judged, never loaded" 1 "$(grep -c 'state=judged loads=0' $modgate/receipt)"
check "the receipt has no lines but the six expected" 6 "$(grep -c . $modgate/receipt)"
tool 1 receipt --diff="$(modgate receipt --history | sed -n 1p | cut -d ' ' -f 1)"
check "receipt --diff shows a module that the earlier receipt lacks" "*+ t_kept (approved)*" "$said"
END

# A module that failed is tried again; a collection that is up to date is not rebuilt.
on "${boot[@]}" <<'END'
install modules/{acpi_call,modgate_test_one,modgate_test_two,modgate_test_user}.ko \
	modules/t_{demand,changed,missing,banned,symbol,vermagic,kept}.ko
tool 0 rebuild --no-close
check "rebuild loads what failed before once its cause is gone" "*rebuilt; 6 loaded, 2 on demand, 3 left out*" "$said"
check "an on-demand module that another one needs loads with it" "loaded loaded no" \
	"$(loaded modgate_test_one) $(loaded modgate_test_user) $(loaded t_demand)"
check "rmmod unloads a module that is no longer permanent" no "$(rmmod t_kept; loaded t_kept)"
check "rebuild --no-close leaves the gate open" sealed "$(state state)"
tool 0 rebuild --no-close
check "rebuild finds an unchanged collection up to date" "*up to date; 6 loaded, 2 on demand, 3 left out*" "$said"
openssl req -x509 -newkey rsa:2048 -nodes -keyout /dev/null -subj /CN=nobody -outform DER 2>/dev/null |
	keyctl padd asymmetric nobody @u >/dev/null
check "a key that signs no modules is in a user keyring" 1 "$(grep -c 'asymmetri nobody: ' /proc/keys)"
tool 0 rebuild --no-close
check "a new key that signs no modules leaves the collection up to date" "*up to date; 6 loaded, 2 on demand, 3 left out*" "$said"
rmmod t_changed
copy=$(echo /var/lib/modgate/collection/$(uname -r)/t_changed.*.ko)
flip() { printf 'U' | dd of="$1" bs=1 seek="$(grep -obaF 'Test module' "$1" | sed -n 1p | cut -d : -f 1)" conv=notrunc status=none; }
rm $copy
mkdir $copy
tool 0 rebuild --no-close
check "a module whose copy cannot be written loads from its own path" loaded "$(loaded t_changed)"
rmdir $copy
rmmod t_changed
tool 0 rebuild --no-close
check "a missing copy in the collection is restored" "loaded file" "$(loaded t_changed) $([ ! -f $copy ] || echo file)"
rmmod t_changed
flip $copy
tool 0 rebuild --no-close
check "a damaged copy in the collection is replaced" loaded "$(loaded t_changed)"
rmmod t_changed
flip $copy
flip $extra/t_changed.ko
depmod 2>/dev/null
tool 0 rebuild --no-close
check "a module whose file and copy are both damaged is left out as changed" "*t_changed: left out (changed): *" "$said"
mkdir -p /etc/modprobe.d
echo 'options modgate_test_two fail=17' >/etc/modprobe.d/modgate-test.conf
rmmod modgate_test_two
tool 0 rebuild --no-close
check "a module whose init function returns EEXIST is left out as init" "*modgate_test_two: left out (init): *" "$said"
echo 'options modgate_test_two fail=5' >/etc/modprobe.d/modgate-test.conf
tool 0 rebuild --no-close
check "a module whose init function fails later is left out as init" "*modgate_test_two: left out (init): *" "$said"
echo 'install modgate_test_two /bin/false' >/etc/modprobe.d/modgate-test.conf
tool 0 rebuild --no-close
check "a module switched off in modprobe.d is left out as blacklist" "*modgate_test_two: left out (blacklist): *" "$said"
tool 0 receipt
check "modgate receipt shows the new reason" "*modgate_test_two: left out (blacklist): *" "$said"
rm /etc/modprobe.d/modgate-test.conf
tool 0 --json rebuild --no-close
check "a module no longer switched off is loaded by its approval" '"approved" null false' "$(jq -c '.modules[] |
	select(.name == "modgate_test_two") | .reason, .detail, .left_out' <<<"$said" | xargs -d '\n')"
tool 0 rebuild --close
check "rebuild --close closes the gate" closed "$(state state)"
END
finish
