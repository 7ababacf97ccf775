#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A module is in the receipt from the verdict on, before the loader applies its
# relocations, which can write anywhere: a load that fails afterwards stays visible.
# Such loads cannot flood the receipt, and no reader sees a torn end. Also: which fields
# of state an ordinary user sees.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

prepare anchor owner vendor
sign one.ko vendor.key vendor.der vendor.ko
# The last relocation of its code has a type unknown to x86-64; those before are applied.
perl -e '
	undef $/; binmode STDIN; binmode STDOUT; $_ = <STDIN>;
	$at = unpack("Q<", substr $_, 40, 8);
	for $i (0 .. unpack("v", substr $_, 60, 2) - 1) {
		($type, $offset, $size) = unpack "x4 V x16 Q< Q<", substr $_, $at + 64 * $i, 64;
		next if $type != 4;			# SHT_RELA
		substr($_, $offset + $size - 16, 4) = pack "V", 99;
		last;
	}
	print' <one.ko >bad.ko
sign bad.ko vendor.key vendor.der bad.signed.ko
approved=()
for i in $(seq 0 5); do
	{ cat two.ko; printf '%s' "$i"; } >two."$i".ko
	approved+=(--module "$(digest two."$i".ko)")
done
policy policy 1 --mode listed --authority "$owner_authority"
list list owner 1 "${approved[@]}" --vendor vendor.pem,0,modgate_test_one
hand_over anchor.der policy.bundle list.bundle

# efault.py MODULE TIMES: loads fail at their parameters, which are read after relocations.
cat >efault.py <<'END'
import ctypes, errno, os, sys
libc = ctypes.CDLL(None, use_errno=True)
for _ in range(int(sys.argv[2])):
    fd = os.open(sys.argv[1], os.O_RDONLY)
    if libc.syscall(313, fd, ctypes.c_void_p(1), 0) != -1:
        sys.exit("it loads")
    os.close(fd)
print(errno.errorcode[ctypes.get_errno()])
END

# Reads a part of the receipt, loads a module, reads the rest, then reads on at its end.
cat >torn.py <<'END'
import hashlib, os, subprocess
def load(module):
    subprocess.run(["insmod", module], check=True)
    subprocess.run(["rmmod", "modgate_test_two"], check=True)
def rest(fd):
    text = b""
    while part := os.read(fd, 300):
        text += part
    return text
def is_whole(text):
    *lines, end = text.decode().splitlines()
    end = dict(pair.split("=") for pair in end.split(" "))
    running = bytes(48)
    for line in lines:
        running = hashlib.sha384(running + line.split(" state=")[0].encode()).digest()
    return int(end["lines"]) == len(lines) and end["sha384"] == running.hex()
fd = os.open("/sys/kernel/security/modgate/receipt", os.O_RDONLY)
text = os.read(fd, 300)
load("two.1.ko")
text += rest(fd)
load("two.2.ko")
load("two.3.ko")
print(is_whole(text), rest(fd))
END

# shellcheck disable=SC2034
helpers=$(cat <<'END'
# line MODULE: its name, reason, state and loads in the receipt
line() { sed -n "s/.* digest=$(digest "$1") name=\([^ ]*\) reason=\([^ ]*\) .* state=\([a-z]*\) loads=\([0-9]*\) .*/\1 \2 \3 \4/p" $modgate/receipt; }
slab() { sed -n 's/^SUnreclaim: *\([0-9]*\) kB/\1/p' /proc/meminfo; }
END
)
guest --tpm "$work/tpm" --no-boot --initramfs-extra initramfs --early early --append "$(pin anchor) lockdown=integrity" <<'END'
check "a load with bad parameters fails after relocations" EFAULT "$(python3 efault.py vendor.ko 1)"
check "a load that failed after relocations is in the receipt" "modgate_test_one vendor judged 0" "$(line vendor.ko)"
check "a load that failed after relocations is measured" "seq=* event=module number=1 * name=modgate_test_one reason=vendor *" "$(sed -n '$p' $modgate/log)"
check "a module with an unknown relocation does not load" "result=ENOEXEC *" "$(load finit bad.signed.ko)"
check "a module with an unknown relocation is in the receipt" "modgate_test_one vendor judged 0" "$(line bad.signed.ko)"
check "a refused module is not in the receipt" "$(refused not-approved) " "$(load finit one.ko) $(line one.ko)"
# Many loads, of a module whose signature need not be verified each time.
check "a load of an approved module with bad parameters fails" EFAULT "$(python3 efault.py two.0.ko 1)"
records=$(wc -l <$modgate/log) before=$(slab)
check "1500 more loads of an approved module fail" EFAULT "$(python3 efault.py two.0.ko 1500)"
grown=$(($(slab) - before))
check "repeated failed loads share one line of the receipt" "modgate_test_two approved judged 0 lines=3 lost=0 *" \
	"$(line two.0.ko) $(sed -n '$p' $modgate/receipt)"
check "repeated failed loads are not measured again" "$records" "$(wc -l <$modgate/log)"
# A line of 300 bytes for each would be 450 kB. KASAN delays freeing, so it is left out.
grep -q '^CONFIG_KASAN=y' "$tree/.config" ||
	check "repeated failed loads leave memory flat" yes "$([ $grown -lt 250 ] && echo yes || echo "$grown kB")"
check "a module loads after its failed loads" "result=ok audit=- event=-" "$(load finit-keep vendor.ko)"
check "the receipt counts the load of a live module" "modgate_test_one vendor live 1" "$(line vendor.ko)"
check "another load of a live module fails" EEXIST "$(python3 efault.py vendor.ko 1)"
check "another load of a live module leaves its line as it was" "modgate_test_one vendor live 1" "$(line vendor.ko)"
rmmod modgate_test_one
check "the receipt keeps an unloaded module as gone" "modgate_test_one vendor gone 1" "$(line vendor.ko)"
check "a receipt that grows while it is read stays whole, with one end" "True b''" "$(python3 torn.py)"
PATH=$bin:$PATH
said=$(modgate receipt --verify 2>&1)
check "the receipt verifies against its hash and the log" "*receipt: 6 line(s) make its running hash*log: each line of the receipt was measured as it is*" "$said"

# Root cannot set the size of the kernel's files.
for file in state receipt log events; do
	truncate -s 20M $modgate/$file
	check "root cannot give $file a size" 0 "$(stat -c %s $modgate/$file)"
done
check "state can still be read after root tried to give it a size" sealed "$(state state)"

# Only root sees what identifies the machine, counters and errors.
ordinary() { setpriv --reuid=65534 --regid=65534 --clear-groups "$@"; }
check "an ordinary user sees only these fields of state" \
	"state ended-by boot-kind provisioned anchor policy mode enforcing missing-lists freshness freshness-backend machine tpm pcr last lockdown force acpi-tables kexec " \
	"$(ordinary cat $modgate/state | sed 's/=.*//' | tr '\n' ' ')"
check "root sees the other fields of state" "*anchor-digest=*machine-name=*measured=*measure-errors=0*pcr-changed=0*system-keys=usable*refused=*revoked=*error=*" \
	"$(cat $modgate/state)"
check "root without CAP_MAC_ADMIN does not see the machine's name" 0 \
	"$(setpriv --bounding-set=-mac_admin --inh-caps=-mac_admin grep -c machine-name $modgate/state)"

# If somebody extends the PCR, the kernel notices at the next record.
export TPM2TOOLS_TCTI=device:/dev/tpmrm0
zeros=$(printf '%0128d' 0)
tpm2_pcrextend "13:sha1=${zeros:0:40},sha256=${zeros:0:64},sha384=${zeros:0:96},sha512=$zeros"
check "an approved module loads after root extended the PCR" "$allowed" "$(load finit two.5.ko)"
check "the log records that the PCR was changed" "seq=* event=module *event=pcr-changed bank=sha* value=*" "$(tail -n 2 $modgate/log)"
check "state shows that the PCR was changed" 1 "$(state pcr-changed)"
END
finish
