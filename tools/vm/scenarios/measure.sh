#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Measurement: whatever happens, the log leads to the PCR in every bank. The log has the
# boot, the accepted documents, the end of state boot and the modules that came up, and
# nothing else. IMA has the same bytes once its policy asks for them. A machine that is
# not provisioned measures nothing.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

prepare anchor owner stranger

measure_helpers=$(cat <<'END'
export TPM2TOOLS_TCTI=device:/dev/tpmrm0
# pcr: its values in all four banks, in order
pcr() { tpm2_pcrread sha1:13+sha256:13+sha384:13+sha512:13 | sed -n 's/^ *13 *: 0x//p' | tr A-F a-f; }
# matches NAME: the log and the PCR agree
matches() {
	tool 0 verify --log
	check "$1: the log leads to the PCR in every bank" "4 0" \
		"$(grep -c 'PCR 13, sha.*: the log makes what it has: ' <<<"$said") $(grep -c '^✗' <<<"$said")"
}
# events: those of the log, and by what state boot ended
events() { sed 's/.*event=\([a-z]*\) .*by=\(.*\)/\1:\2/; s/.*event=\([a-z]*\) .*/\1/' $modgate/log | tr '\n' ' '; }
# modgate's records in IMA's list: raw, as text, and their names
ima=/sys/kernel/security/ima/ascii_runtime_measurements
ima_lines() { awk '$3 == "ima-buf" && $6 ~ /^7365713d/ { print $5, $6 }' $ima; }
ima_log() { ima_lines | while read -r name hex; do xxd -r -p <<<"$hex"; echo; done; }
ima_names() { ima_lines | cut -d ' ' -f 1 | tr '\n' ' '; }
END
)
helpers=$admin_helpers$'\n'$measure_helpers
machine() { guest --tpm "$work/tpm" --disk "$work/disk" "$@"; }

machine --append "modgate.freshness=tpm ima_policy=critical_data" <<'END'
check "not provisioned: nothing is measured" "- 0 0" "$(state pcr) $(state measured) $(state measure-errors)"
check "not provisioned: the log is empty" "" "$(cat $modgate/log)"
check "not provisioned: the PCR is zero in all four banks" "4 0" \
	"$(pcr | wc -l) $(pcr | tr -d '0\n' | wc -c)"
check "not provisioned: IMA itself measures" "*kernel_version*" "$(cat $ima)"
check "not provisioned: IMA has no record of modgate" "" "$(ima_lines)"
tool 5 verify --log
tool 6 init --key=file --mode=listed --passphrase-fd=3
tool 6 approve --passphrase-fd=3 modgate_test_one
tell_pin
END
append="$(told_pin) modgate.freshness=tpm"

machine --append "$append ima_policy=critical_data" <<'END'
check "the log has the boot, the accepted documents and the end of state boot" "boot policy list sealed:seal " "$(events)"
check "state counts the records of the log" "13 4 0" "$(state pcr) $(state measured) $(state measure-errors)"
matches "after the boot"
before=$(pcr)
check "the boot record has freshness, machine name and the TPM's counts" \
	"seq=1 event=boot kind=normal freshness=tpm machine=tpm machine-name=$(state machine-name) $(tpm2_readclock |
		sed -n 's/^ *reset_count: */reset-count=/p; s/^ *restart_count: */restart-count=/p' | paste -sd ' ')" \
	"$(sed -n 1p $modgate/log)"
policy=$(sha384sum </etc/modgate/active/local-*.policy | cut -d ' ' -f 1)
list=$(sha384sum </etc/modgate/active/owner-*.list | cut -d ' ' -f 1)
check "the policy record has the policy on disk" "seq=2 event=policy digest=$policy *" "$(sed -n 2p $modgate/log)"
check "the list record has the list on disk" "seq=3 event=list digest=$list *" "$(sed -n 3p $modgate/log)"
check "the records of both documents have their counters" "counter=[1-9]* counter=[1-9]*" \
	"$(sed -n 's/.* \(counter=.*\)/\1/p' $modgate/log | tr '\n' ' ' | sed 's/ $//')"
check "the counters in the log are those in policy and lists" "$(cat $modgate/policy $modgate/lists | grep -o 'counter=[0-9]*')" \
	"$(grep -o ' counter=[0-9]*' $modgate/log | tr -d ' ')"
check "IMA has the records of the log, the boot's included" "$(cat $modgate/log)" "$(ima_log)"
check "IMA names its records after their events" "boot policy list sealed " "$(ima_names)"

# A module that comes up is measured, and nothing else that happens later.
check "an approved module loads" "$allowed" "$(load finit one.ko)"
check "the record of a load is the line of the receipt" \
	"seq=5 event=module $(sed -n 's/ state=.*//p' $modgate/receipt)" "$(sed -n 5p $modgate/log)"
check "IMA has the record of a load" "$(cat $modgate/log)" "$(ima_log)"
before=$(pcr)
matches "after a load"
check "an unapproved module is refused" "$(refused not-approved)" "$(load finit two.ko)"
matches "after a refusal"
tool 0 revoke --passphrase-fd=3 modgate_test_one
check "a revoked module is refused" "$(refused revoked)" "$(load finit one.ko)"
tool 6 approve --passphrase-fd=3 modgate_test_two
tool "[1-8]" boot
check "a document is refused once sealed" "*result=EPERM*" "$(./load_document anchor.der)"
echo 1 >$modgate/seal
matches "after a revocation, an approval, a late document and another seal"
check "refusals, revocations and late documents add nothing to log and PCR" "$before boot policy list sealed:seal module " "$(pcr) $(events)"

# A copy of the log verifies; one with any field changed does not.
cp $modgate/log /run/copy
tool 0 verify --log=/run/copy
n=0 bad=
while read -r line; do
	n=$((n + 1))
	for field in $line; do
		sed "${n}s/\(^\| \)$field\( \|$\)/\1${field%?}X\2/" $modgate/log >/run/copy
		! cmp -s $modgate/log /run/copy || bad+="same:$n:${field%%=*} "
		modgate verify --log=/run/copy >/run/said 2>&1
		[ $? = 8 ] && [ "$(grep -c '^✗ PCR 13, sha.*: has .*, the log makes ' /run/said)" = 4 ] || bad+="$n:${field%%=*} "
	done
done <$modgate/log
check "a log with one field changed matches no bank" "5 " "$n $bad"
sed 3d $modgate/log >/run/copy
tool 8 verify --log=/run/copy
tpm2_pcrextend 13:sha256=$(sha256sum <$modgate/log | cut -d ' ' -f 1)
tool 8 verify --log
check "one bank that somebody else extended is one mismatch" 1 "$(grep -c '^✗ PCR 13, sha' <<<"$said")"
check "the bank that somebody else extended is named" "*PCR 13, sha256: has *" "$said"
END

# The next boot starts anew; without a rule IMA gets nothing.
machine --append "$append" <<'END'
check "the next boot starts the log anew" "boot policy list sealed:seal " "$(events)"
matches "the next boot"
check "IMA without a rule has no record of modgate" "" "$(ima_lines)"
END

# freshness=none, with documents made by hand, some of them bad; exec ends state boot.
# IMA gets its rule before the documents and after the boot record.
authority=owner,owner.pem,approve+vendor+ban,required,1,0,3
policy policy 1 --authority "$authority"
policy policy-2 2 --authority "$authority"
"$mkdoc" policy --key stranger.key --cert stranger.pem --generation 3 --authority "$authority" \
	--out policy-stranger --bundle policy-stranger.bundle
"$mkdoc" policy --key stranger.key --cert anchor.pem --generation 3 --authority "$authority" \
	--out policy-forged --bundle policy-forged.bundle
policy policy-elsewhere 3 --machine "$(digest one.ko)" --authority "$authority"
system_module two.ko system.ko
for n in before again later last; do
	{ cat one.ko; printf '%s' $n; } >$n.ko
done
list list owner 3 --module "$(digest one.ko)" \
	--module "$(digest before.ko)" --module "$(digest again.ko)" --module "$(digest later.ko)" \
	--module "$(digest last.ko)"
list list-again owner 4 --module "$(digest two.ko)"
list list-floor owner 2 --module "$(digest one.ko)"
list list-stranger stranger 5 --module "$(digest two.ko)"
"$mkdoc" list --key stranger.key --cert owner.pem --generation 6 --module "$(digest two.ko)" \
	--out list-forged --bundle list-forged.bundle
# Not a certificate, which begins with 0x30.
{ printf G; head -c 499 /dev/urandom; } >garbage
cat >early <<END
echo "measure func=CRITICAL_DATA label=modgate" >/sys/kernel/security/ima/policy
cd /root$work
load_document garbage list.bundle anchor.der policy-stranger.bundle policy-forged.bundle \
	policy-elsewhere.bundle policy.bundle policy-2.bundle garbage list-stranger.bundle \
	list-forged.bundle list-floor.bundle list.bundle list-again.bundle >/root/run/early
cat /sys/kernel/security/modgate/log >/root/run/log
END
by_hand() { guest --no-boot --initramfs-extra initramfs --early early --append "$(pin anchor)" "$@"; }

by_hand --tpm "$work/tpm-by-hand" <<'END'
check "documents are refused and accepted in turn" \
	"EINVAL EKEYREJECTED ok EKEYREJECTED EKEYREJECTED EXDEV ok EEXIST EINVAL EKEYREJECTED EKEYREJECTED ESTALE ok EEXIST " \
	"$(sed -n 's/.*result=\([A-Za-z]*\).*/\1/p' /run/early | tr '\n' ' ')"
check "freshness=none: documents are measured" "none 13 4 0" \
	"$(state freshness) $(state pcr) $(state measured) $(state measure-errors)"
check "freshness=none: the log has no refused document, and ends with state boot" "boot policy list sealed:exec " "$(events)"
check "freshness=none: the log has the accepted documents" "$(sha384sum policy list | cut -d ' ' -f 1)" \
	"$(sed -n 's/.* digest=\([0-9a-f]*\) .*/\1/p' $modgate/log)"
check "freshness=none: the counters in the log are 0" "0 0 " "$(sed -n 's/.* counter=//p' $modgate/log | tr '\n' ' ')"
check "freshness=none: in state boot the log lacks only its last record" "$(sed '$d' $modgate/log)" "$(cat /run/log)"
matches "freshness=none, after the boot"
check "freshness=none: an approved module loads" "$allowed" "$(load finit one.ko)"
check "freshness=none: an unapproved module is refused" "$(refused not-approved)" "$(load finit two.ko)"
sha384sum one.ko | cut -d ' ' -f 1 >$modgate/revoke
check "freshness=none: a revoked module is refused" "$(refused revoked)" "$(load finit one.ko)"
matches "freshness=none, after a load, a refusal and a revocation"
check "IMA has every record since its rule" "$(sed 1d $modgate/log)" "$(ima_log)"

# Root takes the TPM away, and gives it back. A log without the loads in between would
# agree with the PCR, so they are refused.
device=$(readlink -f /sys/class/tpm/tpm0/device)
driver=$(readlink -f $device/driver)
check "an approved module loads while there is a TPM" "$allowed" "$(load finit before.ko)"
echo "${device##*/}" >$driver/unbind
check "no TPM: a module that was measured before loads" "$allowed" "$(load finit before.ko)"
check "no TPM: a module that was not measured before is refused" "$(refused error)" "$(load finit again.ko)"
check "no TPM: the refused module is in the receipt as judged" 1 "$(grep -c "digest=$(digest again.ko) .* state=judged loads=0 " $modgate/receipt)"
check "no TPM: a system module loads" "$allowed" "$(load finit system.ko)"
check "no TPM: state counts the failed measurement" 1 "$(state measure-errors)"
echo "${device##*/}" >$driver/bind
check "the TPM is back: the module refused before is still refused" "$(refused error)" "$(load finit again.ko)"
check "the TPM is back: a module that was not measured before is refused" "$(refused error)" "$(load finit later.ko)"
check "the TPM is back: state counts both failed measurements" 2 "$(state measure-errors)"
check "the TPM is back: a module that was measured before loads" "$allowed" "$(load finit before.ko)"
END

# A TPM that does not answer in time, as on a busy host: it may or may not have done what
# the kernel told it.
slow_tpm() {
	local n pid=''
	# A stopped process could not be ended.
	trap '[ -z "$pid" ] || kill -CONT "$pid"' EXIT
	for n in 1 2 3 4; do
		until grep -q "a slow TPM, $n" "$console" 2>/dev/null; do
			kill -0 "$$" || return
			sleep 0.1
		done
		pid=$(pgrep -f "^swtpm .*dir=$work/tpm-slow ")
		kill -STOP "$pid"
		if [ $n -lt 4 ]; then
			sleep 5
		else
			# When the kernel gives up, QEMU waits for the TPM, and nothing goes on.
			for _ in $(seq 300); do
				! grep -q "a slow TPM, go on" "$console" || break
				sleep 0.1
			done
		fi
		kill -CONT "$pid"
	done
}
console=${MODGATE_CONSOLES:-$work}/console-slow.log
rm -f "$console"
slow_tpm &
slow=$!
by_hand --tpm "$work/tpm-slow" --console "$console" <<'END'
n=0
for module in before again later; do
	n=$((n + 1))
	echo "a slow TPM, $n" >/dev/kmsg
	sleep 1
	check "a slow TPM: module $module loads" "$allowed" "$(load finit $module.ko)"
done
# A TPM that does not answer keeps only third-party modules waiting. The kernel gives it
# two seconds, and under KASAN a load takes longer than that.
slow=false
grep -q '^CONFIG_KASAN=y' "$tree/.config" || slow=true
! $slow || echo "a slow TPM, 4" >/dev/kmsg
sleep 3
load finit last.ko >/run/last &
first=$(load finit system.ko) waiting=$(cat /run/last)
! $slow || check "a slow TPM: a system module does not wait for it" "result=ok * " "$first $waiting"
echo "a slow TPM, go on" >/dev/kmsg
wait $!
check "a slow TPM: a third-party module waits for it, and loads" "result=ok *" "$(cat /run/last)"
check "a slow TPM: the kernel reports that it timed out" yes "$(grep -q 'tpm0: Operation Timed out' <(dmesg) && echo yes)"
check "a slow TPM: no record is lost" "8 0" "$(state measured) $(state measure-errors)"
matches "a slow TPM"
END
reap $slow

by_hand <<'END'
check "without a TPM: there is a log, and no PCR" "- 0 0 boot policy list sealed:exec " \
	"$(state pcr) $(state measured) $(state measure-errors) $(events)"
tool 1 verify --log
check "without a TPM: verify --log says that there is none" "*holds no TPM 2.0*" "$said"
check "without a TPM: IMA has every record since its rule" "$(sed 1d $modgate/log)" "$(ima_log)"
sed 's/event=list/event=policy/' $modgate/log >/run/copy
tool 8 verify --log=/run/copy
check "without a TPM: a log that the kernel contradicts is found" "*list of owner: in force, and not in the log*" "$said"
END
finish
