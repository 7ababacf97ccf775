# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# cli.sh: approve, list, diff, revoke on disk.

: "${etc:?}" "${release:?}" "${root:?}" "${work:?}"

modules=$root/lib/modules/$release/updates
digest=$(sha384 "$work/mg_one.ko")

fresh
exits 6 "approve a path" approve --passphrase-fd=3 "$work/mg_one.ko"
says "restart is needed" "approve says that a restart is needed"
says "$digest" "approve shows the digest"
says "A module for tests" "approve shows the description"
[ -e "$etc/staged/owner-2.list" ] && [ ! -e "$etc/staged/owner-1.list" ]
tap $? "the new list is staged, the one it replaces is gone"
openssl x509 -in "$etc/keys/owner.pem" -pubkey -noout >"$work/pub"
openssl dgst -sha384 -verify "$work/pub" \
	-signature "$etc/staged/owner-2.list.sig" \
	"$etc/staged/owner-2.list" >/dev/null
tap $? "openssl verifies the new list"
exits 0 "approve again" approve --passphrase-fd=3 "$work/mg_one.ko"
says "already approved" "approve again says so"
exits 6 "approve again, on demand" approve --on-demand --passphrase-fd=3 "$work/mg_one.ko"
exits 0 "list" --json list
json "[.[] | [.name, .digest, .flags, .generation]] ==
      [[\"mg_one\", \"$digest\", \"on-demand\", 3]]" "list shows it"
exits 0 "list for people" list --full
says "approved (restart needed)" "list shows that a restart is needed"
exits 1 "diff" diff
says "+ list of owner: module mg_one" "diff shows what a restart would change"

exits 4 "wrong passphrase" approve --passphrase-fd=4 "$work/mg_two.ko" \
	4< <(echo "wrong horse")
says "$(sha384 "$work/mg_two.ko")" "what is about to be approved was shown before"
[ ! -e "$etc/staged/owner-4.list" ]
tap $? "a wrong passphrase changes nothing"
exits 1 "approve what is not there" approve "$work/none.ko"
exits 1 "approve a name that is not there" approve mg_none
exits 1 "approve a path that a terminal acts on" approve "$work/"$'\x1b[2J\xc2\x9b2J.ko'
says '/\x1B[2J\xC2\x9B2J.ko' "it names it"
harmless "and does not act on the terminal"
exits 2 "an option that a terminal acts on" approve $'--\x1b[2J'
says '--\x1B[2J' "likewise"
harmless "nor does that"
exits 2 "approve nothing" approve

# Compressed forms are judged by what is in them.
fresh
mkdir -p "$modules"
xz -k -c "$work/mg_one.ko" >"$work/x.ko.xz"
zstd -q -c "$work/mg_one.ko" >"$work/x.ko.zst"
gzip -c "$work/mg_one.ko" >"$work/x.ko.gz"
for file in x.ko.xz x.ko.zst x.ko.gz; do
	fresh
	exits 6 "approve $file" --json approve --passphrase-fd=3 "$work/$file"
	json ".approved[0].digest == \"$digest\"" "$file: digest of what is in it"
	head -c -5 "$work/$file" >"$work/cut_$file"
	exits 1 "approve $file, truncated" approve "$work/cut_$file"
	says "truncated" "$file: says that it is truncated"
	{ cat "$work/$file"; echo more; } >"$work/long_$file"
	exits 1 "approve $file with something behind" approve "$work/long_$file"
	says "something behind" "$file: says so"
done

# By name, with and without depmod's index; by digest.
fresh
mkdir -p "$modules"
cp "$work/mg_one.ko" "$modules"
xz -k -c "$work/mg_two.ko" >"$modules/mg_two.ko.xz"
exits 6 "approve a name" approve --passphrase-fd=3 mg-one
depmod -b "$root" "$release" 2>/dev/null
exits 6 "approve a name from depmod's index" approve --passphrase-fd=3 mg_two
fresh
mkdir -p "$modules"
cp "$work/mg_one.ko" "$modules"
exits 6 "approve a digest" approve --passphrase-fd=3 "$digest"
says "mg_one.ko" "the digest is found among the installed modules"
exits 1 "approve a digest without a file" approve --passphrase-fd=3 "$(sha384 "$work/mg_two.ko")"
exits 6 "approve it unseen" approve --passphrase-fd=3 --unseen --name=mg_two \
	"$(sha384 "$work/mg_two.ko")"
exits 0 "list of both" --json list
json '[.[].name] | sort == ["mg_one", "mg_two"]' "both are listed by name"

# What the kernel would refuse anyway.
fresh
exits 1 "approve for a kernel that is not there" approve "$work/mg_other.ko"
says "1.2.3-other" "says which kernel it is for"
mkdir -p "$root/lib/modules/1.2.3-other"
exits 6 "approve for a kernel that is installed" approve --passphrase-fd=3 "$work/mg_other.ko"
echo text >"$work/text.ko"
exits 1 "approve a text file" approve "$work/text.ko"
says "short for an ELF file" "says that it is not a module"
cp "$work/mg_one.ko" "$work/signed.ko"
sign_module "$work/signed.ko" "$work/signer.key" "$work/signer.crt" -noattr
exits 6 "approve a signed module" approve --passphrase-fd=3 "$work/signed.ko"
says "not verifiable here" "says that the signature cannot be verified"
fresh
exits 6 "approve it with the certificate" --json approve --passphrase-fd=3 \
	--cert="$work/signer.crt" "$work/signed.ko"
json '.approved[0].signature.state == "verified"' "then it is verified"
cp "$work/signed.ko" "$work/broken.ko"
flip "$work/broken.ko" 200
exits 1 "approve a changed signed module" approve --cert="$work/signer.crt" "$work/broken.ko"
says "broken" "says that the signature is broken"
cp "$work/mg_one.ko" "$work/attrs.ko"
sign_module "$work/attrs.ko" "$work/signer.key" "$work/signer.crt"
exits 1 "approve a signature with attributes" approve "$work/attrs.ko"
{ head -c -40 "$work/signed.ko"; printf '\0\0\2\0\0\0\0\0\0\1\0\0'; tail -c 28 "$work/signed.ko"; } >"$work/larger.ko"
exits 1 "approve a signature that would be larger than the module" approve "$work/larger.ko"
says "its size is larger than the module" "says so"
{ cat "$work/mg_one.ko"; tail -c 28 "$work/signed.ko"; } >"$work/cut.ko"
exits 1 "approve a signature of which only the end is there" approve "$work/cut.ko"
says "broken" "says that it is broken"

# All or nothing.
fresh
exits 1 "approve a good and a bad one" --json approve --passphrase-fd=3 \
	"$work/mg_one.ko" "$work/text.ko"
json '.approved == [] and (.refused | length) == 1' "then none is approved"
[ ! -e "$etc/staged/owner-2.list" ]
tap $? "and nothing is written"

# One at a time.
exec 9>"$etc/.lock"
flock -n 9
exits 1 "approve while another one does" approve --passphrase-fd=3 "$work/mg_one.ko"
says "another modgate" "says that another one is at it"
exec 9>&-

# From the list again.
exits 6 "approve two" approve --passphrase-fd=3 "$work/mg_one.ko" "$work/mg_two.ko"
exits 6 "revoke by name, without a kernel" revoke --passphrase-fd=3 mg_one
exits 0 "list after that" --json list
json '[.[].name] == ["mg_two"]' "only the other one is left"
cp "$etc/staged/owner-3.list" "$work/old"
exits 6 "revoke by path" revoke --passphrase-fd=3 "$work/mg_two.ko"
exits 1 "diff of two documents" --json diff "$work/old" "$etc/staged/owner-4.list"
json '[.[] | [.kind, .name, .new]] == [["module", "mg_two", null]]' \
	"diff shows what is gone"
exits 0 "diff of the same documents" diff "$work/old" "$work/old"

# Permanent is worth nothing where modules can be forced out.
fresh
state force=load,unload
exits 6 "permanent where modules can be forced out" approve --passphrase-fd=3 --permanent "$work/mg_one.ko"
says "rmmod -f" "permanent: it says that root can force it out"
fresh
state force=unload
exits 6 "a vendor, permanent" approve --passphrase-fd=3 --permanent --vendor="$work/signer.crt"
says "rmmod -f" "a vendor, permanent: it says so, too"
fresh
state force=load
exits 6 "permanent where they cannot" approve --passphrase-fd=3 --permanent "$work/mg_one.ko"
! grep -q "rmmod -f" "$work/out" "$work/err"
tap $? "permanent: nothing is said where it holds"
fresh
state force=unload
exits 6 "not permanent" approve --passphrase-fd=3 "$work/mg_one.ko"
! grep -q "rmmod -f" "$work/out" "$work/err"
tap $? "not permanent: nothing is said"
