#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A kernel update: Debian's acpi-call-dkms, built and signed as DKMS does it, is
# approved with its rebuilds on one kernel. On the other kernel its new build loads
# without a new approval; a build signed by another key does not.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

any_kernel
# shellcheck source-path=SCRIPTDIR source=../acpi-call
. "$top/tools/vm/acpi-call"

here=$series
there=7.3
[ "$here" != 7.3 ] || there=6.12

# dkms_key NAME: makes a key as DKMS does.
dkms_key() {
	openssl req -new -x509 -nodes -days 36500 -newkey rsa:2048 -subj "/CN=DKMS module signing key" \
		-keyout "$1.key" -outform DER -out "$1.der" 2>/dev/null
}

# build_for SERIES: builds acpi_call-SERIES.ko, unsigned.
build_for() {
	local tree
	tree=$("$vm" path --kernel "$1")
	unpack_acpi_call "source-$1"
	build_modules "source-$1"
	cp "source-$1/acpi_call.ko" "acpi_call-$1.ko"
}

dkms_key mok
dkms_key other
for one in "$here" "$there"; do
	build_for "$one"
	sign "acpi_call-$one.ko" mok.key mok.der "signed-$one.ko"
	sign "acpi_call-$one.ko" other.key other.der "other-$one.ko"
done

# shellcheck disable=SC2034
helpers=$tool_helpers$(cat <<'END'

PATH=$bin:$PATH
# install FILE: leaves what DKMS leaves.
install() {
	updates=/lib/modules/$(uname -r)/updates/dkms
	mkdir -p $updates /var/lib/dkms
	touch ${updates%/updates*}/modules.{order,builtin,builtin.modinfo}
	cp "$1" $updates/acpi_call.ko
	cp mok.der /var/lib/dkms/mok.pub
	cp mok.key /var/lib/dkms/mok.key
	depmod 2>/dev/null
}
loads() { modprobe acpi_call 2>&1 && rmmod acpi_call && echo "it loads"; }
END
)

# on SERIES [OPTION...]: boots the machine with that kernel.
on() {
	series=$1
	shift
	guest --disk "$work/disk" "$@"
}

on "$here" <<'END'
tool 6 init --key=file --mode=signed --passphrase-fd=3
tell_pin
END
boot=(--append "$(told_pin) lockdown=integrity")
printf 'here=%q there=%q\n' "$here" "$there" >names

on "$here" "${boot[@]}" <<'END'
. ./names
install signed-$here.ko
check "an unapproved build is refused" "*not permitted*" "$(loads)"
tool 1 why acpi_call
tool 6 approve --rebuilds --passphrase-fd=3 acpi_call
check "approve --rebuilds warns of the signing key on the disk" "*whoever is root here*/var/lib/dkms/mok.key*" "$said"
check "an approved build is refused before the restart" "*not permitted*" "$(loads)"
END

on "$here" "${boot[@]}" <<'END'
. ./names
install signed-$here.ko
check "an approved build loads after the restart" "it loads" "$(loads)"
tool 0 why acpi_call
check "why names the vendor that the build is approved by" "*vendor DKMS module signing key*" "$said"
install other-$here.ko
check "the same build signed by another key is refused" "*not permitted*" "$(loads)"
install acpi_call-$here.ko
check "the same build without a signature is refused" "*not permitted*" "$(loads)"
END

# collected: the number of kernels that have a collection
# shellcheck disable=SC2034
helpers+='
collected() { ls /var/lib/modgate/collection | wc -l; }
'

on "$here" "${boot[@]}" <<'END'
. ./names
install signed-$here.ko
tool 0 rebuild
check "rebuild collects and loads an approved build" "*; 1 loaded, 0 on demand, 0 left out*" "$said"
END

on "$there" "${boot[@]}" <<'END'
. ./names
install signed-$there.ko
mkdir -p /lib/modules/$(ls /var/lib/modgate/collection)
tool 0 rebuild --no-close
check "other kernel: rebuild loads the new build by the same approval" "*rebuilt; 1 loaded, 0 on demand, 0 left out*" "$said"
check "other kernel: rebuild has nothing refused" 0 "$(state refused)"
check "each kernel has a collection" 2 "$(collected)"
END

on "$here" "${boot[@]}" <<'END'
. ./names
install signed-$here.ko
other=$(ls /var/lib/modgate/collection | grep -v "$(uname -r)")
mkdir -p /lib/modules/$other
tool 0 rebuild --no-close
check "the kernel from before the update loads its build" "*; 1 loaded, 0 on demand, 0 left out*" "$said"
check "the kernel from before the update has nothing refused" 0 "$(state refused)"
check "both collections are kept" 2 "$(collected)"
rmdir /lib/modules/$other
tool 0 rebuild --no-close
check "a kernel that is uninstalled loses its collection" "1 $(uname -r)" "$(collected) $(ls /var/lib/modgate/collection)"
END

on "$there" "${boot[@]}" <<'END'
. ./names
install signed-$there.ko
check "other kernel: a new build signed by the same key loads" "it loads" "$(loads)"
check "other kernel: the new build is not refused" 0 "$(state refused)"
tool 0 why acpi_call
install other-$there.ko
check "other kernel: a build signed by another key is refused" "*not permitted*" "$(loads)"
tool 1 why acpi_call
install signed-$there.ko
tool 6 revoke --passphrase-fd=3 acpi_call
check "other kernel: a revoked build is refused at once" "*not permitted*" "$(loads)"
END

on "$there" "${boot[@]}" <<'END'
. ./names
install signed-$there.ko
check "a build is refused after its revocation and a restart" "*not permitted*" "$(loads)"
tool 0 list
check "list shows that nothing is approved after the revocation" "Nothing is approved, and nothing banned." "$said"
END
finish
