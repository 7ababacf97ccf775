# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# cli.sh: files that were made to stop the tool: module files, certificates, depmod's
# index, a manifest, and the kernel's own files when root has done something to them.

: "${etc:?}" "${here:?}" "${kernel:?}" "${mkdoc:?}" "${release:?}" "${root:?}" "${tool:?}" "${work:?}"

updates=$root/lib/modules/$release/updates
collection=$root/var/lib/modgate/collection
manifest=$collection/$release/manifest.json

# machine: what is approved by now is in force.
machine() {
	local policy list

	policy=$(find "$etc"/{active,staged} -name 'local-*.policy' 2>/dev/null | sort | tail -n 1)
	list=$(find "$etc"/{active,staged} -name 'owner-*.list' 2>/dev/null | sort | tail -n 1)
	state "$@"
	in_force "$policy" "$list"
}

# modules FILTER NAME: of the last rebuild's modules.
modules() {
	jq -e ".modules | $1" "$work/out" >/dev/null 2>>"$work/err"
	tap $? "$2"
}

# ends_well: not by a signal or a time-out, and it has said something.
ends_well() {
	[ "$status" -lt 124 ] && { [ -s "$work/out" ] || [ -s "$work/err" ]; }
}

# lives NAME ARGUMENTS: the tool comes to an end of its own, and says something.
lives() {
	local name=$1

	shift
	timeout -s KILL 60 "$tool" --root="$root" "$@" >"$work/out" 2>"$work/err" 3<"$work/pass"
	status=$?
	ends_well
	tap $? "$name"
}

# shstrndx FILE: the section of the names of sections is one that there is not.
shstrndx() {
	printf '\360\377' | dd of="$1" bs=1 seek=62 conv=notrunc status=none
}

# A file on which libkmod aborts, beside a good one.
fresh
mkdir -p "$updates"
for n in mg_good mg_bad; do
	make_module $n "$release"
	cp "$work/$n.ko" "$updates"
done
exits 6 "approve one module" approve --passphrase-fd=3 "$work/mg_good.ko"
machine
shstrndx "$updates/mg_bad.ko"
exits 1 "approve a file that makes libkmod abort" approve --passphrase-fd=3 "$updates/mg_bad.ko"
says "reading it ended with signal 6" "it says what happened"
exits 1 "approve it beside others" approve --passphrase-fd=3 "$updates/mg_bad.ko" "$work/mg_one.ko"
says "nothing was approved" "nothing is approved"
exits 1 "why" why "$updates/mg_bad.ko"
says "reading it ended with signal 6" "says so, too"
exits 1 "ban by path" ban --passphrase-fd=3 "$updates/mg_bad.ko"
says "reading it ended with signal 6" "says so, too"
exits 0 "rebuild beside it" --json rebuild --no-close
modules 'any(.name == "mg_good" and (.left_out | not))' "the good one is there"
modules 'any(.name == "mg_bad") | not' "nobody has approved the other one"
exits 0 "baseline beside it" --json baseline
event 1 "$(sha384 "$updates/mg_bad.ko")" - not-approved "/lib/modules/$release/updates/mg_bad.ko"
exits 0 "pending, if the kernel has refused it" pending
says "mg_bad" "it is there"
m status
[ "$status" -lt 124 ]
tap $? "status comes to an end"
exits 1 "approve it by its digest" approve --unseen --passphrase-fd=3 "$(sha384 "$updates/mg_bad.ko")"
says "reading it ended with signal 6" "says so, too"
mv "$updates/mg_bad.ko" "$work"
exits 6 "approve it while it is not there" approve --unseen --name=mg_bad --passphrase-fd=3 \
	"$(sha384 "$work/mg_bad.ko")"
mv "$work/mg_bad.ko" "$updates"
machine
exits 0 "rebuild with it approved" --json rebuild --no-close
modules 'any(.name == "mg_good" and (.left_out | not))' "the good one is there"
modules 'any(.name == "mg_bad" and .reason == "unreadable" and (.detail | contains("signal 6")))' \
	"the other one is left out, and why"
jq -e '.modules | any(.name == "mg_bad" and .reason == "unreadable")' "$manifest" >/dev/null
tap $? "in the manifest, too"
rm "$updates/mg_bad.ko"

# More than it says: 600 MiB of zeros behind an ELF header, in some kilobytes.
{ cat "$work/mg_good.ko"; head -c 600M /dev/zero; } | zstd -q -c >"$updates/mg_bomb.ko.zst"
exits 1 "approve it" approve --passphrase-fd=3 "$updates/mg_bomb.ko.zst"
says "MiB when decompressed" "it is too large"
exits 0 "rebuild beside it" --json rebuild --no-close
modules 'any(.name == "mg_good" and (.left_out | not))' "the good one is there"
modules 'any(.name == "mg_bomb" and .reason == "unreadable")' "the other one is left out"
if ! sanitized; then
	cc -shared -fPIC -O1 -Wall -D_GNU_SOURCE -o "$work/lie.so" "$here/lie.c"
	tap $? "lie.c builds"
	LIE_MEMORY=1073741824 LD_PRELOAD=$work/lie.so \
		exits 1 "approve it on a machine of 1 GiB" approve --passphrase-fd=3 "$updates/mg_bomb.ko.zst"
	says "over 128 MiB when decompressed" "an eighth of the memory is what it may have"
	# Address space of 400 MiB would not hold what comes out of it.
	most=$(LIE_MEMORY=1073741824 LD_PRELOAD=$work/lie.so "$here/peak.sh" "$work/peak" \
		"$tool" --root="$root" --json rebuild --no-close --force)
	[ "${most:-999999}" -lt 200000 ]
	tap $? "rebuild takes less than 200 MB (${most:-?} kB)"
fi
rm "$updates/mg_bomb.ko.zst"
mkfifo "$updates/mg_pipe.ko"
lives "rebuild beside a pipe" --json rebuild --no-close
lives "approve a pipe" approve --passphrase-fd=3 "$updates/mg_pipe.ko"
rm "$updates/mg_pipe.ko"

# OpenSSL would ask for a passphrase: on the terminal, or of what stands behind standard input.
machine anchor=awaited state=boot policy=no
mkfifo "$work/silent"
exec 9<>"$work/silent"
encrypted() {
	awk -v kind="$2" '{ print } /^-----BEGIN/ && !done {
		print "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00112233445566778899AABBCCDDEEFF\n"; done = 1 }' \
		"$1" >"$2"
}
# silent STATUS NAME ARGUMENTS: it does not wait for a passphrase.
silent() {
	local want=$1 name=$2

	shift 2
	setsid -w timeout -s KILL 30 "$tool" --root="$root" "$@" >"$work/out" 2>"$work/err" 3<"$work/pass" <&9
	status=$?
	[ "$status" = "$want" ] || echo "exit $status, expected $want" >>"$work/err"
	[ "$status" = "$want" ]
	tap $? "$name: exit $want"
}
cp "$etc/keys/anchor.pem" "$work/anchor.pem"
encrypted "$work/anchor.pem" "$etc/keys/anchor.pem"
silent 1 "boot with an anchor under a passphrase" --securityfs="${kernel%/modgate}" boot --run="$work/run"
says "not a certificate" "it says what it is not"
[ "$(cat "$kernel/seal")" = 1 ]
tap $? "and the window ends"
silent 8 "verify with it" verify
silent 8 "status with it" status
cp "$work/anchor.pem" "$etc/keys/anchor.pem"
machine
encrypted "$work/signer.crt" "$work/encrypted.crt"
cp "$work/mg_one.ko" "$work/mg_signed.ko"
sign_module "$work/mg_signed.ko" "$work/signer.key" "$work/signer.crt" -noattr
silent 1 "why with a certificate under a passphrase" why --cert="$work/encrypted.crt" "$work/mg_signed.ko"
silent 1 "approve of such a vendor" approve --passphrase-fd=3 --vendor="$work/encrypted.crt" --name=mg_x
mkdir -p "$root/var/lib/dkms"
cp "$work/encrypted.crt" "$root/var/lib/dkms/mok.pub"
silent 0 "rebuild where DKMS has one" rebuild --no-close --force
rm -r "$root/var/lib/dkms"
cp "$etc/keys/owner.key" "$work/owner.key"
encrypted "$work/owner.key" "$etc/keys/owner.key"
silent 8 "approve with such an owner key" approve --passphrase-fd=3 "$work/mg_one.ko"
cp "$work/owner.key" "$etc/keys/owner.key"
openssl pkey -in "$work/signer.key" -pubout -out "$work/public.pem"
encrypted "$work/public.pem" "$work/encrypted.pem"
echo '{}' >"$work/quote"
silent 1 "a quote by such a key" receipt --verify-quote="$work/quote" --nonce="$(printf '%064d' 0)" \
	--attestation-key="$work/encrypted.pem"
exec 9>&-

# What depmod wrote: whatever it says, and if nobody ever writes to it.
depmod -b "$root" "$release" 2>/dev/null
cp -r "$root/lib/modules/$release" "$work/index"
size=$(stat -c %s "$work/index/modules.dep.bin")
for ((i = 8; i < size; i += 3)); do
	cp "$work/index/modules.dep.bin" "$updates/../modules.dep.bin"
	printf '\377' | dd of="$updates/../modules.dep.bin" bs=1 seek=$i conv=notrunc status=none
	timeout -s KILL 60 "$tool" --root="$root" why mg_good >"$work/out" 2>"$work/err"
	status=$?
	{ [ $status -lt 124 ] && grep -q mg_good "$work/out"; } || break
done
[ "$i" -ge "$size" ]
tap $? "why finds a module whatever byte of the index was changed (at $i: exit $status)"
lives "rebuild with the last of them" --json rebuild --no-close --force
modules 'any(.name == "mg_good" and (.left_out | not))' "the good one is there"
rm "$updates/../modules.dep.bin"
mkfifo "$updates/../modules.dep.bin"
lives "why, where the index is a pipe" why mg_good
says "mg_good.ko" "it finds the module"
lives "rebuild, likewise" --json rebuild --no-close --force
modules 'any(.name == "mg_good" and (.left_out | not))' "the good one is there"
rm "$updates"/../modules.*

# A manifest of nothing but brackets, as deep as it is long, and of many values.
exits 0 "rebuild" rebuild --no-close --force
head -c 4000000 /dev/zero | tr '\0' '[' >"$manifest"
lives "rebuild over a deep manifest" --json rebuild --no-close
json '.rebuilt' "it is made again"
{ printf '{"modules":['; head -c 12000000 /dev/zero | sed 's/\x0/[],/g' | head -c 15000000; } >"$manifest"
most=$("$here/peak.sh" "$work/peak" "$tool" --root="$root" --json rebuild --no-close)
sanitized || [ "${most:-999999}" -lt 100000 ]
tap $? "rebuild over a manifest of many values takes less than 100 MB (${most:-?} kB)"
exits 0 "rebuild after it" rebuild --no-close
says "up to date" "it was made again"

# The kernel's state: root can set its size, or bind something over it.
if ! sanitized; then
	for size in 1 20971520 9000000000000; do
		LIE_SIZE=$size LD_PRELOAD=$work/lie.so exits 0 "rebuild, state of $size bytes" rebuild --no-close
		says "up to date" "it is read as it is"
	done
fi
sed -i 's/^flags=.*/flags=auto-close/' "$kernel/policy"
for what in truncated empty folder nothing garbage; do
	cp "$kernel/state" "$work/state"
	case $what in
	truncated) truncate -s 20M "$kernel/state" ;;
	empty) : >"$kernel/state" ;;
	folder) rm "$kernel/state"; mkdir "$kernel/state" ;;
	nothing) rm "$kernel/state" ;;
	garbage) printf 'x\0y\377' >"$kernel/state" ;;
	esac
	: >"$kernel/close"
	exits 8 "rebuild, $what in place of the state" rebuild --no-close
	says "cannot be understood" "it says so"
	[ ! -s "$kernel/close" ]
	tap $? "and does not close"
	exits 8 "rebuild --close, $what" rebuild --close
	[ "$(cat "$kernel/close")" = 1 ]
	tap $? "closes the gate"
	exits 8 "status, $what" status
	: >"$kernel/seal"
	exits 8 "boot, $what" --securityfs="${kernel%/modgate}" boot --run="$work/run"
	[ "$(cat "$kernel/seal")" = 1 ]
	tap $? "ends the window"
	rm -rf "$kernel/state"
	cp "$work/state" "$kernel/state"
done
mv "$kernel" "$work/kernel"
: >"$kernel"
exits 8 "rebuild, a file in place of the folder" rebuild --close
rm "$kernel"
exits 7 "rebuild, no folder" rebuild --close
mv "$work/kernel" "$kernel"
for file in policy lists; do
	mv "$kernel/$file" "$work/$file"
	mkdir "$kernel/$file"
	: >"$kernel/close"
	exits 8 "rebuild --close, a folder in place of $file" rebuild --close
	[ "$(cat "$kernel/close")" = 1 ]
	tap $? "closes the gate"
	rmdir "$kernel/$file"
	mv "$work/$file" "$kernel/$file"
done
: >"$kernel/close"
cp "$kernel/policy" "$work/policy"
: >"$kernel/policy"
exits 0 "rebuild --close, and the policy says nothing" rebuild --close
[ "$(cat "$kernel/close")" = 1 ]
tap $? "closes the gate"
cp "$work/policy" "$kernel/policy"
: >"$kernel/close"
state provisioned=no
mkdir "$kernel/policy.d"
rm "$kernel/policy"
mv "$kernel/policy.d" "$kernel/policy"
m rebuild --close
[ ! -s "$kernel/close" ]
tap $? "a machine that is not provisioned stays open"
rmdir "$kernel/policy"
! grep -w '^SuccessExitStatus.*8' "$here"/../boot/systemd/modgate-{close,rebuild}.service >/dev/null
tap $? "that is no success for the units"

# Many files, each changed in its own way, through the verbs.
"$here/fuzz_files_seeds.sh" "$tool" "$work/seeds"
tap $? "seeds"
fresh
machine
mkdir -p "$updates"
"$(dirname "$mkdoc")/fuzz_files" --write --seed=20 --runs="${MUTATED:-200}" "$work/seeds/root" "$updates" \
	"$work/seeds/one.crt" "$work"/seeds/*.ko >/dev/null
tap $? "mutated files"
bad=''
for file in "$updates"/mutated-*; do
	timeout -s KILL 60 "$tool" --root="$root" why "$file" >"$work/out" 2>"$work/err"
	status=$?
	{ [ $status -lt 124 ] && grep -qE '^  (reason|decided) ' "$work/out"; } || bad="$bad ${file##*/}:$status"
done
[ -z "$bad" ]
tap $? "why has a reason for each of them$bad"
bad=''
for file in "$updates"/mutated-*; do
	timeout -s KILL 60 "$tool" --root="$root" --json approve --passphrase-fd=3 "$file" >"$work/out" 2>"$work/err" 3</dev/null
	status=$?
	ends_well || bad="$bad ${file##*/}:$status"
done
[ -z "$bad" ]
tap $? "approve comes to an end with each of them$bad"
cp "$work/mg_good.ko" "$updates"
exits 6 "approve a good one" approve --passphrase-fd=3 "$updates/mg_good.ko"
exits 6 "and the signer of most of them" approve --passphrase-fd=3 --vendor="$work/seeds/one.crt" --name='*'
machine
lives "baseline" --json baseline
lives "rebuild" --json rebuild --no-close
modules 'any(.name == "mg_good" and (.left_out | not))' "the good one is there"
modules 'map(select(.reason == "unreadable") | .detail != null) | length > 0 and all' \
	"what cannot be read has its reason"
