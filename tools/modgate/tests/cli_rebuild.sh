# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# cli.sh: the module collection as it is made, and receipts. What loads, and what the
# kernel writes down, is seen in a guest.

: "${etc:?}" "${here:?}" "${kernel:?}" "${release:?}" "${root:?}" "${work:?}"

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

# modules FILTER NAME: likewise of the last rebuild's modules.
modules() {
	jq -e ".modules | $1" "$work/out" >/dev/null 2>>"$work/err"
	tap $? "$2"
}

fresh
rm -rf "$root/sys"
exits 7 "rebuild without modgate" rebuild
mkdir -p "$updates"
make_module mg_first "$release"
make_module mg_a-user "$release" mg-first
make_module mg_lost "$release"
make_module mg_orphan "$release" mg_nobody
sed -i 's/name=mg_a-user/name=mg_a_user/' "$work"/mg_a-user.{c,ko}
cp "$work"/mg_{first,a-user,lost,orphan}.ko "$updates"
gzip -k "$updates/mg_first.ko"
rm "$updates/mg_first.ko"
make_module mg_evil "$release"
sed -i 's|name=mg_evil|name=../evil|' "$work/mg_evil.c"
cc -c -o "$work/mg_evil.ko" "$work/mg_evil.c"
exits 1 "approve one whose name is a path" approve --passphrase-fd=3 "$work/mg_evil.ko"
says "no name of a module" "it says so"
exits 6 "approve what is to be collected" approve --passphrase-fd=3 "$work"/mg_{first,a-user,lost,orphan}.ko
exits 6 "approve one of another kernel" approve --passphrase-fd=3 --unseen --name=mg_other "$(sha384 "$work/mg_other.ko")"
cp "$work/mg_other.ko" "$updates"
# What depmod knows stays behind.
depmod -b "$root" "$release" 2>/dev/null
rm "$updates/mg_lost.ko"
state provisioned=no
exits 5 "rebuild, not provisioned" rebuild
[ ! -e "$root/var/lib/modgate/receipts" ]
tap $? "files nothing"
state state=boot
exits 1 "rebuild in state boot" rebuild
says "modgate boot" "it says what comes first"
state policy=no
exits 1 "rebuild without a local policy" rebuild
[ ! -e "$collection" ]
tap $? "and nothing was made"
machine
exits 0 "rebuild" --json rebuild --no-close
json '.rebuilt and .release == "'"$release"'"' "it is made"
modules 'map(select(.left_out | not) | .name) == ["mg_first", "mg_a_user"]' \
	"in order: what is needed comes first, however its name is written"
modules 'map({(.name): .reason}) | add | .mg_lost == "missing" and .mg_orphan == "dependency" and
	.mg_other == "vermagic"' "what cannot load is left out with its reason"
cmp -s "$work/mg_first.ko" "$collection/$release/mg_first.$(sha384 "$work/mg_first.ko" | cut -c 1-16).ko"
tap $? "copies are decompressed"
exits 0 "rebuild, nothing changed" rebuild --no-close
says "up to date; 2 to load" "it is not made again"
before=$(stat -c %i "$manifest")
touch -d '2001-01-01' "$updates/mg_orphan.ko"
exits 0 "rebuild, a file was installed" --json rebuild --no-close
json '.rebuilt and .closed == null' "it is made again"
[ "$(stat -c %i "$manifest")" != "$before" ]
tap $? "and replaced in one step"
[ ! -s "$kernel/close" ]
tap $? "nothing was closed"

# What the kernel may refuse by, apart from documents and files.
mkdir -p "$root/sys/module/module/parameters" "$root/proc"
echo Y >"$root/sys/module/module/parameters/sig_enforce"
exits 0 "rebuild, the kernel wants signatures" --json rebuild --no-close
json '.rebuilt' "it is made again"
modules 'length > 0 and all(.left_out)' "and all are left out"
rm "$root/sys/module/module/parameters/sig_enforce"
exits 0 "rebuild, it does not any more" rebuild --no-close
says "2 to load" "they are back"
echo "1 I------ 1 perm 1f030000 0 0 asymmetri one: X509.rsa 1234 []" >"$root/proc/keys"
exits 0 "rebuild, the kernel knows another key" --json rebuild --no-close
json '.rebuilt' "it is made again"
echo "3 I------ 1 perm 1f030000 0 0 asymmetri wireless: X509.rsa 5678 []" >>"$root/proc/keys"
exits 0 "receipt, a key has come since" --json receipt
json '.left_out | map(.name) | contains(["mg_lost", "mg_orphan"])' "it knows what was left out"
exits 0 "list, likewise" --json list
says "left out (vermagic)" "it does, too"
exits 0 "rebuild, that key" rebuild --no-close
says "rebuilt" "it is made again"
echo "2 I------ 2 perm 1f030000 0 0 keyring _tid: 1" >>"$root/proc/keys"
exits 0 "rebuild, another keyring" rebuild --no-close
says "up to date" "it is not made again"

# Two files of one name: one order, whatever the folder says.
mkdir -p "$updates"/{b,a,c}
for n in b a c; do
	{ cat "$work/mg_first.ko"; printf '%s' $n; } >"$updates/$n/mg_first.ko"
done
gzip -k "$updates"/../updates/a/mg_first.ko
exits 6 "approve them" approve --passphrase-fd=3 "$updates"/{a,b,c}/mg_first.ko
machine
exits 0 "rebuild with files of one name" --json rebuild --no-close
modules 'map(select(.name == "mg_first") | .path | sub(".*/updates/"; "")) ==
	["a/mg_first.ko", "a/mg_first.ko.gz", "b/mg_first.ko", "c/mg_first.ko", "mg_first.ko.gz"]' \
	"they come in the order of their paths"
echo "search updates/c updates" >"$work/depmod.conf"
depmod -C "$work/depmod.conf" -b "$root" "$release" 2>>"$work/err"
exits 0 "rebuild when depmod has chosen one" --json rebuild --no-close
modules 'map(select(.name == "mg_first") | .path | sub(".*/updates/"; "")) ==
	["c/mg_first.ko", "a/mg_first.ko", "a/mg_first.ko.gz", "b/mg_first.ko", "mg_first.ko.gz"]' \
	"what modprobe would take comes first"
rm -r "$updates"/{a,b,c} "$updates"/../modules.*
exits 0 "rebuild without them" rebuild --no-close
sed 's/vermagic=[^ ]* /vermagic=1.2.3-other /' "$work/mg_first.c" >"$work/mg_wrong.c"
cc -c -o "$work/mg_wrong.ko" "$work/mg_wrong.c"
exits 6 "approve one of that name for another kernel" approve --passphrase-fd=3 --unseen --name=mg_first \
	"$(sha384 "$work/mg_wrong.ko")"
mkdir "$updates/a"
cp "$work/mg_wrong.ko" "$updates/a/mg_first.ko"
machine
exits 0 "rebuild with it" --json rebuild --no-close
modules 'map(select(.name == "mg_first" or .name == "mg_a_user") | .reason) == ["vermagic", "approved", "approved"]' \
	"what needs the name has the other one"
rm -r "$updates/a"
exits 0 "rebuild without it" rebuild --no-close

# A copy that cannot be written: nothing that the key is made of will tell that it can be now.
copy=$collection/$release/mg_first.$(sha384 "$work/mg_first.ko" | cut -c 1-16).ko
other=$collection/$release/mg_a_user.$(sha384 "$work/mg_a-user.ko" | cut -c 1-16).ko
rm "$copy"
mkdir "$copy"
before=$(stat -c %i "$other")
exits 0 "rebuild where a copy cannot be written" --json rebuild --no-close --force
modules 'map(select(.left_out | not) | .name) == ["mg_first", "mg_a_user"] and
	(.[0].detail | contains("cannot be written"))' "it loads from its own path"
[ "$(stat -c %i "$other")" = "$before" ]
tap $? "a copy that is there is not written again"
exits 0 "and without JSON" rebuild --no-close
says "mg_first: active: its copy cannot be written" "it says so"
rmdir "$copy"
exits 0 "rebuild where it can" --json rebuild --no-close
json '.rebuilt' "it is made again"
modules 'map(select(.left_out | not) | .name) == ["mg_first", "mg_a_user"] and .[0].detail == null' "and whole"
[ -f "$copy" ]
tap $? "with the copy"

# Neither can the manifest, nor the folder.
mv "$manifest" "$work/manifest"
mkdir -p "$manifest/in-the-way"
exits 1 "rebuild where the manifest cannot be written" --json rebuild --no-close
modules 'map(select(.left_out | not) | .name) == ["mg_first", "mg_a_user"]' "it shows what it has"
m rebuild --no-close
says "rebuilt; 2 to load, 0 on demand, 3 left out" "without JSON, too"
says "manifest.json: Is a directory" "and what went wrong"
rm -r "$manifest"
mv "$work/manifest" "$manifest"
mv "$collection" "$work/collection"
touch "$collection"
exits 1 "rebuild where there is no folder" rebuild --no-close
says "rebuilt; 2 to load, 0 on demand, 3 left out" "it shows what it has"
rm "$collection"
mv "$work/collection" "$collection"

# Whatever is in the manifest, nothing outside of the folder is touched.
for broken in '{' '[]' '{"made_from": 1}' "$(jq '.modules[0].file = "../../../x.ko"' "$manifest")" \
	"$(jq '.modules = 1' "$manifest")" "$(jq '.modules[0].digest = "z"' "$manifest")" \
	"$(jq 'del(.modules[0].name)' "$manifest")" "$(jq '.made_from[0] = "0"' "$manifest")" \
	"$(jq 'del(.made_from)' "$manifest")" "$(jq '.made_from = null' "$manifest")"; do
	printf '%s' "$broken" >"$manifest"
	exits 0 "rebuild over a broken manifest" --json rebuild --no-close
	json '.rebuilt' "it is made again"
done
printf 'U' >>"$updates/mg_a-user.ko"
exits 0 "rebuild, a module was changed" --json rebuild --no-close
modules 'any(.name == "mg_a_user" and .reason == "changed")' "it is left out"
[ -z "$(find "$collection/$release" -name 'mg_a_user*')" ]
tap $? "and its copy goes"

# A list that is in force, and is not on disk: nobody knows what is on it.
cp "$manifest" "$work/manifest"
find "$collection" -type f | sort >"$work/files"
list=$(find "$etc" -name "*$(sed -n 's/.* generation=\([0-9]*\) .*/\1/p' "$kernel/lists").list")
mv "$list" "$work/list"
touch -d '2002-01-01' "$updates/mg_orphan.ko"
exits 8 "rebuild without a list that is in force" rebuild --no-close
says "owner: its list in force" "it says which"
says "1 to load" "it loads what it has"
exits 8 "likewise, as JSON" --json rebuild --no-close
json '.rebuilt == false and (.modules | map(select(.left_out | not) | .name) == ["mg_first"])' "it is not rebuilt"
cmp -s "$manifest" "$work/manifest" && find "$collection" -type f | sort | cmp -s - "$work/files"
tap $? "the collection stays as it is"
sed -i 's/^flags=.*/flags=auto-close/' "$kernel/policy"
exits 8 "and without --no-close" rebuild
[ "$(cat "$kernel/close")" = 1 ]
tap $? "the gate closes"
: >"$kernel/close"
mv "$work/list" "$list"
policy=$(find "$etc" -name "*.policy" -exec grep -l . {} + | while read -r one; do
	[ "$(sha384 "$one")" != "$(sed -n 's/^digest=//p' "$kernel/policy")" ] || echo "$one"
done)
mv "$policy" "$work/policy"
exits 8 "rebuild without the local policy that is in force" rebuild --no-close
says "the local policy in force" "it says so"
cmp -s "$manifest" "$work/manifest"
tap $? "the collection stays as it is"
mv "$work/policy" "$policy"
exits 0 "rebuild with them" --json rebuild --no-close
json '.rebuilt' "it is made again"

# What another kernel has, linked from here because the versions of symbols are the same.
make_module mg_weak 1.2.3-other
sed -i 's/mod_unload /mod_unload modversions /' "$work/mg_weak.c"
cc -c -o "$work/mg_weak.ko" "$work/mg_weak.c"
mkdir -p "$root/lib/modules/1.2.3-other/extra" "$updates/../weak-updates"
cp "$work/mg_weak.ko" "$root/lib/modules/1.2.3-other/extra"
ln -s ../../1.2.3-other/extra/mg_weak.ko "$updates/../weak-updates/mg_weak.ko"
exits 6 "approve it" approve --passphrase-fd=3 "$work/mg_weak.ko"
machine
exits 0 "rebuild with weak updates" --json rebuild --no-close
modules 'any(.name == "mg_weak" and (.left_out | not))' "it is collected"

mkdir -p "$collection/0.0.1-gone" "$collection/1.2.3-other" "$root/lib/modules/1.2.3-other"
touch "$collection/0.0.1-gone/manifest.json"
exits 0 "rebuild beside others" rebuild --no-close
says "up to date" "it is not made again"
[ ! -e "$collection/0.0.1-gone" ] && [ -e "$collection/1.2.3-other" ]
tap $? "a collection goes when its kernel is gone, and stays as long as it is there"
machine mode=system
exits 0 "rebuild in mode system" --json rebuild --no-close --force
modules 'length > 0 and all(.left_out)' "nothing is to load"

machine
: >"$kernel/close"
exits 0 "rebuild where the local policy does not close" --json rebuild
json '.closed == false' "it says so"
[ ! -s "$kernel/close" ]
tap $? "the gate stays open until the restart"
sed -i 's/^flags=.*/flags=auto-close/' "$kernel/policy"
exits 0 "rebuild closes" --json rebuild
json '.closed' "it says so"
[ "$(cat "$kernel/close")" = 1 ]
tap $? "the kernel was told"
name=$(jq -r .receipt "$work/out")
cmp -s "$kernel/receipt" "$root/var/lib/modgate/receipts/$name.receipt"
tap $? "the receipt is filed"
mv "$root/var/lib/modgate/receipts" "$work/receipts"
touch "$root/var/lib/modgate/receipts"
: >"$kernel/close"
exits 1 "rebuild where the receipt cannot be filed" rebuild
says "to load" "it shows what it has"
says "the gate is closed" "and that the gate is closed"
exits 1 "likewise" --json rebuild
json '.closed and .receipt == null and (.modules | length > 0)' "and in JSON"
rm "$root/var/lib/modgate/receipts"
mv "$work/receipts" "$root/var/lib/modgate/receipts"
machine state=closed
exits 1 "rebuild when it is closed" rebuild
says "at the next restart" "it says when"
exits 2 "two things at once" rebuild --close --no-close
exits 2 "an argument" rebuild mg_first

# What programs ask for.
exits 0 "receipt of a clean kernel" receipt --check
says "No third-party module" "it says so"
owner=$(sed -n 's/.* authority=\([0-9a-f]*\) .*/\1/p' "$kernel/lists")
line="number=1 time=7.500000 digest=$(sha384 "$work/mg_first.ko") name=mg_first reason=approved authority=$owner"
hash=$({ head -c 48 /dev/zero; printf %s "$line"; } | sha384sum | cut -d ' ' -f 1)
{
	echo "$line state=live loads=2 permanent=no"
	echo "lines=1 lost=0 sha384=$hash"
} >"$kernel/receipt"
exits 1 "receipt of one that is not" receipt --check
says "mg_first" "it names the module"
exits 0 "receipt" --json receipt
json '.modules[0] | .name == "mg_first" and .state == "live" and .loads == "2"' "receipt as JSON"
exits 0 "file it again" receipt --file
[ "$(find "$root/var/lib/modgate/receipts" -name '*.receipt' | wc -l)" = 1 ]
tap $? "in place of what was filed in this boot"
for n in $(seq 1000 1130); do
	cp "$root/var/lib/modgate/receipts/$name.receipt" \
		"$root/var/lib/modgate/receipts/20990101T000000Z-0000$n.receipt"
done
exits 0 "file it by a clock that is slow" receipt --file
[ -e "$root/var/lib/modgate/receipts/$name.receipt" ] &&
	[ "$(find "$root/var/lib/modgate/receipts" -name '*.receipt' | wc -l)" = 129 ]
tap $? "the others go, but not this one"
rm "$root"/var/lib/modgate/receipts/2099*

# The unit that closes: /var is not in its way, and at shutdown it files once more.
unit=$here/../boot/systemd/modgate-close.service
! grep -qE '^(Requires|BindsTo)' "$unit" && grep -q '^After=.*local-fs.target' "$unit"
tap $? "without /var the gate closes all the same"
echo old >"$root/var/lib/modgate/receipts/$name.receipt"
read -ra command < <(sed -n 's|^ExecStop=@SBINDIR@/modgate ||p' "$unit")
exits 0 "what runs at shutdown" "${command[@]}"
cmp -s "$kernel/receipt" "$root/var/lib/modgate/receipts/$name.receipt"
tap $? "files the receipt"
exits 0 "history" --json receipt --history
json 'length == 1 and .[0].modules == 1 and .[0].good' "history has it"
exits 0 "one of them" receipt --boot="$name"
exits 0 "compared with itself" receipt --diff="$name"
old=$root/var/lib/modgate/receipts/20200101T000000Z-00000000
echo "lines=0 lost=0 sha384=$(printf '%096d' 0)" >"$old.receipt"
: >"$old.log"
exits 1 "compared with another one" receipt --diff=00000000
says "+ mg_first (approved)" "it says what is new"
exits 1 "the other way round" receipt --boot=00000000 --diff="$name"
says "- mg_first (approved)" "it says what is missing"
exits 1 "one that is not there" receipt --boot=nothing
echo "seq=1 event=module $line" >"$kernel/log"
receipt_is_bad() { grep -qE '^(✗|x) receipt: ' "$work/out"; }
m receipt --verify
! receipt_is_bad
tap $? "an unchanged receipt is not called bad"
for change in 's/number=1/number=2/' 's/time=7/time=8/' 's/name=mg_first/name=mg_other/' \
	's/reason=approved/reason=vendor/' 's/lines=1/lines=2/' 's/sha384=./sha384=x/' \
	's/lost=0/lost=1/' '1d' 's/digest=./digest=z/' 's/authority=./authority=z/'; do
	cp "$kernel/receipt" "$work/receipt"
	sed -i "$change" "$kernel/receipt"
	m receipt --verify
	receipt_is_bad
	tap $? "a changed receipt is seen: $change"
	cp "$work/receipt" "$kernel/receipt"
done
m receipt --verify
says "receipt: 1 line(s) make its running hash" "an unchanged one is good"
says "each line of the receipt was measured as it is" "and is the log's"
# IMA's policy may come later than the first modules.
mkdir -p "$root/sys/kernel/security/ima"
ima() {
	local text="seq=$1 event=module $2"

	printf '10 %040d ima-buf sha384:%096d module %s\n' 0 0 "$(printf %s "$text" | od -An -v -tx1 | tr -d ' \n')"
}
second=${line/number=1/number=2}
second=${second/name=mg_first/name=mg_second}
cp "$kernel/receipt" "$work/receipt"
{
	head -n 1 "$work/receipt"
	echo "$second state=live loads=1 permanent=no"
	echo "lines=2 lost=0 sha384=$({ printf '%s' "$hash" | xxd -r -p; printf %s "$second"; } | sha384sum | cut -d ' ' -f 1)"
} >"$kernel/receipt"
printf 'seq=1 event=module %s\nseq=2 event=module %s\n' "$line" "$second" >"$kernel/log"
list=$root/sys/kernel/security/ima/ascii_runtime_measurements
ima 2 "$second" >"$list"
m receipt --verify
says "IMA's list: each line of the receipt from number 2 on" "IMA has the last of two lines: good"
ima 1 "$line" >"$list"
m receipt --verify
grep -q "^. IMA's list: line 2 of the receipt is not what was measured" "$work/out"
tap $? "IMA has only the first: not good"
rm "$list"
truncate -s -10 "$kernel/receipt"
sed -i '$d' "$kernel/receipt"
exits 8 "a receipt that is cut off" receipt
exits 2 "two questions" receipt --check --verify
exits 2 "an argument for receipt" receipt mg_first
