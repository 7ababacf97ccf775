# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# cli.sh: documents that were changed, exchanged, put back or taken away.

: "${etc:?}" "${kernel:?}" "${mkdoc:?}" "${work:?}"

# approved: one module approved, and another; both lists are there.
approved() {
	fresh
	m approve --passphrase-fd=3 "$work/mg_one.ko"
	cp "$etc"/staged/owner-2.list* "$etc/active"
	m approve --passphrase-fd=3 "$work/mg_two.ko"
}

approved
exits 0 "verify of two generations" verify
flip "$etc/staged/owner-3.list" 200
exits 4 "verify of a changed list" verify
says "the signature is wrong" "verify says that the signature is wrong"
exits 8 "approve on top of a changed list" approve --passphrase-fd=3 "$work/mg_one.ko"
says "--generation=2" "says how to start from the older one"
exits 6 "approve from the older one" approve --passphrase-fd=3 --generation=2 \
	--on-demand "$work/mg_one.ko"
says "Starting from generation 2" "shows what it starts from"
exits 0 "list after that" --json list
json '[.[] | [.name, .generation]] == [["mg_one", 4]]' \
	"only what the older one said, and no generation twice"
exits 0 "verify after that" verify

approved
flip "$etc/staged/owner-3.list" 3
exits 8 "verify of a list without magic" verify
says "offset 0: magic" "verify names rule and offset"
exits 8 "approve on top of it" approve --passphrase-fd=3 "$work/mg_one.ko"
approved
flip "$etc/staged/owner-3.list" 60
exits 4 "verify of a changed machine name" verify
approved
flip "$etc/staged/owner-3.list.sig" 60
exits 4 "verify of a changed signature" verify
approved
truncate -s -8 "$etc/staged/owner-3.list"
exits 8 "verify of a truncated list" verify
says "size: differs" "verify says that the size differs"
approved
cp "$etc/staged/owner-3.list.sig" "$etc/active/owner-2.list.sig"
exits 4 "verify of a signature of another document" verify
approved
rm "$etc/staged/owner-3.list.sig"
exits 8 "verify of a list without signature" verify
approved
mv "$etc/staged/owner-3.list" "$etc/staged/owner-9.list"
mv "$etc/staged/owner-3.list.sig" "$etc/staged/owner-9.list.sig"
exits 8 "verify of a list under another name" verify

# Another key.
approved
"$mkdoc" list --key "$work/signer.key" --cert "$work/signer.crt" \
	--generation 7 --module "@$work/mg_one.ko" --out "$etc/staged/owner-7.list"
exits 4 "verify of a list by a stranger" verify
says "no authority" "verify says that it is no authority"
"$mkdoc" list --key "$work/signer.key" --cert "$etc/keys/owner.pem" \
	--generation 7 --module "@$work/mg_one.ko" --out "$etc/staged/owner-7.list"
exits 4 "verify of a forged list" verify
exits 8 "approve on top of a forged list" approve --passphrase-fd=3 "$work/mg_one.ko"
rm "$etc"/staged/owner-7.list*
"$mkdoc" policy --key "$work/signer.key" --cert "$work/signer.crt" \
	--generation 7 --out "$etc/staged/local-7.policy"
exits 4 "verify of a policy by a stranger" verify
says "not the anchor key" "verify says that it is not the anchor"
exits 0 "the own policy counts" list

# A policy that gives the owner less.
openssl pkey -in "$etc/keys/anchor.key" -passin "file:$work/pass" -out "$work/anchor.key"
fresh
m approve --passphrase-fd=3 "$work/mg_one.ko"
openssl pkey -in "$etc/keys/anchor.key" -passin "file:$work/pass" -out "$work/anchor.key"
policy() {
	"$mkdoc" policy --key "$work/anchor.key" --cert "$etc/keys/anchor.pem" \
		--generation 2 --out "$etc/staged/local-2.policy" "$@"
}
policy --authority "owner,$etc/keys/owner.pem,vendor,required"
exits 8 "verify of a list that says too much" verify
says "without the role approve" "verify names the role"
exits 1 "approve without the role" approve --passphrase-fd=3 "$work/mg_one.ko"
policy --authority "owner,$etc/keys/owner.pem,approve,required,1,0,5"
exits 8 "verify of a list below the floor" verify
says "below the floor 5" "verify names the floor"
policy --authority "other,$work/signer.crt,approve,required"
exits 8 "approve when the owner is no authority" approve --passphrase-fd=3 "$work/mg_one.ko"
policy --mode system --authority "owner,$etc/keys/owner.pem,approve,required"
exits 1 "approve in mode system" approve --passphrase-fd=3 "$work/mg_two.ko"
says "mode system" "says that it is the mode"
policy --mode signed --authority "owner,$etc/keys/owner.pem,approve,required"
exits 1 "approve an unsigned module in mode signed" approve --passphrase-fd=3 "$work/mg_two.ko"
says "mode signed" "says that it is the mode, and what to do"
exits 1 "diff with a new mode" diff
says "+ policy: mode: signed" "shows it"

# A ban of another authority.
policy --authority "owner,$etc/keys/owner.pem,approve,required" \
	--authority "fleet,$work/signer.crt,ban,required"
"$mkdoc" list --key "$work/signer.key" --cert "$work/signer.crt" \
	--ban "@$work/mg_two.ko" --out "$etc/staged/fleet-1.list"
exits 1 "approve what is banned" approve --passphrase-fd=3 "$work/mg_two.ko"
says "banned by the list of fleet, generation 1" "says who banned it"
state
in_force "$etc/staged/local-2.policy" "$(printf '%s\n' "$etc"/staged/owner-*.list | tail -n 1)"
exits 1 "why of what is banned" --json why "$work/mg_two.ko"
json '.remedy == "none here: fleet has to take the ban off its list"' "says who alone can help"
exits 6 "approve what is not banned" approve --on-demand --passphrase-fd=3 "$work/mg_one.ko"
cp "$work/mg_two.ko" "$work/by_signer.ko"
sign_module "$work/by_signer.ko" "$work/signer.key" "$work/signer.crt" -noattr
"$mkdoc" list --key "$work/signer.key" --cert "$work/signer.crt" \
	--ban-cert "$work/signer.crt" --out "$etc/staged/fleet-1.list"
exits 1 "approve what a banned key signed" approve --passphrase-fd=3 "$work/by_signer.ko"
says "banned by the list of fleet" "says who banned the key"

# An approval of another authority, and nobody's but its own.
fleet() {
	"$mkdoc" list --key "$work/signer.key" --cert "$work/signer.crt" "$@" \
		--out "$etc/staged/fleet-1.list"
}
policy --authority "owner,$etc/keys/owner.pem,approve,required" \
	--authority "fleet,$work/signer.crt,approve+exclusive,required"
fleet --exclusive --module "@$work/mg_one.ko,permanent,mg_one"
m --json why "$work/mg_two.ko"
json '.remedy == "none here: the list of fleet alone approves"' "why: only another authority approves"
{
	echo "number=1 digest=$(sha384 "$work/mg_one.ko") name=mg_one reason=approved authority=-" \
		"time=1 state=live loads=1 permanent=yes"
	echo "lines=1 lost=0 sha384=$(printf '%096d' 0)"
} >"$kernel/receipt"
m --json why "$work/mg_one.ko"
json '.permanent and .release == "none here: fleet has to take it off its list, or the flag"' \
	"why: a permanent module of another authority's"
fleet --exclusive --module "@$work/mg_one.ko,0,mg_one"
m --json why "$work/mg_one.ko"
json '.permanent and .release == "restart"' "why: it has taken the flag off"

# Gone.
fresh
rm "$etc"/staged/owner-1.list*
exits 8 "approve without a list" approve --passphrase-fd=3 "$work/mg_one.ko"
exits 6 "approve from an empty list" approve --generation=0 --passphrase-fd=3 "$work/mg_one.ko"
fresh
rm "$etc"/staged/local-1.policy*
exits 8 "approve without a policy" approve --passphrase-fd=3 "$work/mg_one.ko"
exits 8 "verify without a policy" verify
fresh
rm "$etc/keys/owner.key"
exits 5 "approve without the owner key" approve --passphrase-fd=3 "$work/mg_one.ko"
fresh
echo rubbish >"$etc/keys/owner.key"
exits 8 "approve with a key that is none" approve --passphrase-fd=3 "$work/mg_one.ko"
fresh
cp "$etc/keys/anchor.key" "$etc/keys/owner.key"
exits 8 "approve with the other key" approve --passphrase-fd=3 "$work/mg_one.ko"
fresh
chmod 644 "$etc/keys/owner.key"
exits 8 "verify of a key that all can read" verify
says "chmod 0600" "verify says what to do"
fresh
"$mkdoc" policy --key "$work/signer.key" --cert "$work/signer.crt" \
	--out "$work/stranger.policy"
exits 4 "verify of a stranger's file" verify "$work/stranger.policy"
for document in local-1.policy owner-1.list; do
	cp "$etc/staged/$document"* "$work"
	exits 0 "verify of a file: $document" verify "$work/$document"
	flip "$work/$document" 32
	exits 4 "changed" verify "$work/$document"
done
