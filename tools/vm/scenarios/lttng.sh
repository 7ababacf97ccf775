#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A collection with dependencies: the dozens of modules of Debian's lttng-modules-dkms,
# approved in one act and loaded in order at boot, next to acpi-call-dkms.
# lttng-modules does not build against 7.3.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

not_debugging
[ "$series" != 7.3 ] || skip "lttng-modules does not build against $series"
# shellcheck source-path=SCRIPTDIR source=../acpi-call
. "$top/tools/vm/acpi-call"
# shellcheck source-path=SCRIPTDIR source=../lttng
. "$top/tools/vm/lttng"

build_programs
lttng=$(lttng_modules 2>build.log) || { tail -n 30 build.log >&2; exit 1; }
unpack_acpi_call acpi
build_modules acpi
mkdir modules
cp "$lttng"/*.ko acpi/*.ko modules/
count=$(find modules -name '*.ko' | wc -l)
check "the package has dozens of modules" "[2-9][0-9]" "$count"

# shellcheck disable=SC2034
helpers=$(cat <<'END'
PATH=$bin:$PATH
extra=/lib/modules/$(uname -r)/extra
mkdir -p $extra
touch ${extra%/extra}/modules.{order,builtin,builtin.modinfo}
cp modules/*.ko $extra/
depmod 2>/dev/null
count=$(find modules -name '*.ko' | wc -l)
# tool STATUS ARGUMENT...: exit status and output
tool() {
	local want=$1 status=0
	shift
	exec 3<<<"a passphrase for tests"
	said=$(modgate "$@" 2>&1) || status=$?
	check "modgate $1 $2: exit status $want" "$want" "$status"
	[[ $status == $want ]] || printf '%s\n' "$said" | sed 's/^/# /'
}
END
)

on() { guest --tpm "$work/tpm" --disk "$work/disk" "$@"; }

on <<'END'
tool 6 init --freshness=tpm --passphrase-fd=3
tool 0 key --pin
echo "PIN $said"
tool 6 approve --passphrase-fd=3 modules/*.ko
check "one act approves every module" "*Approved: $count module(s)*" "$said"
END

boot=(--append "$(told_pin) lockdown=integrity")

on "${boot[@]}" <<'END'
tool 0 rebuild --no-close
check "rebuild loads every module" "*collection for $(uname -r): rebuilt; $count loaded, 0 on demand, 0 left out*" "$said"
check "the receipt has a live line for every module" "$count" "$(grep -c ' reason=approved .* state=live loads=1 ' $modgate/receipt)"

# Each module comes after its dependencies, of which there are dozens.
sed -n 's/.* name=\([^ ]*\) .*/\1/p' $modgate/receipt >order
early=$(while read -r name; do
	at=$(grep -nx "$name" order | cut -d : -f 1)
	for one in $(modinfo -F depends "$name" | tr , ' '); do
		before=$(grep -nx "${one//-/_}" order | cut -d : -f 1)
		[ "${before:-0}" -lt "$at" ] || echo "$name before $one"
		[ -z "$before" ] || echo "$name" >>needing
	done
done <order)
check "each module loads after those that it needs" "" "$early"
check "the modules have more than 24 dependencies to order" yes "$([ "$(wc -l <needing)" -gt 24 ] && echo yes)"
rmmod lttng_test
check "an unloaded module loads again" "$allowed" "$(load finit $extra/lttng-test.ko)"
check "the receipt counts the second load" 1 "$(grep -c ' name=lttng_test .* state=gone loads=2 ' $modgate/receipt)"
tool 0 receipt --verify
check "the receipt verifies" "*receipt: $count line(s) make its running hash*" "$said"
END

finish
