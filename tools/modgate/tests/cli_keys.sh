# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# cli.sh: keys in the TPM, against one that this part starts (swtpm, on loopback)
# and ends; and what root does without the passphrase.

: "${here:?}"

# shellcheck source-path=SCRIPTDIR source=cli_tpm.sh
. "$here/cli_tpm.sh"

# pass LINE...: what the tool reads as passphrases.
pass() {
	printf '%s\n' "$@" >"$work/pass"
}

# init_with NAME LINES OPTION...: init in an empty folder.
init_with() {
	local name=$1

	rm -rf "$etc"
	exits 6 "$name" init --freshness=none --passphrase-fd=3 "${@:2}"
}

# signs NAME: an approval is signed, and others find it signed.
signs() {
	local list

	exits 6 "$1: approve" approve --passphrase-fd=3 "$work/mg_one.ko"
	exits 0 "$1: verify" verify
	list=$(echo "$etc"/staged/owner-*.list)
	openssl x509 -in "$etc/keys/owner.pem" -pubkey -noout >"$work/pub"
	openssl dgst -sha384 -verify "$work/pub" -signature "$list.sig" "$list" >/dev/null
	tap $? "$1: openssl verifies the list"
	m revoke --passphrase-fd=3 mg_one
}

# blob KEY: its two halves in $work/blob.pub and $work/blob.priv.
blob() {
	local at

	mapfile -t at < <(openssl asn1parse -in "$1" | sed -n 's/^ *\([0-9]*\):.*OCTET STRING.*/\1/p')
	openssl asn1parse -in "$1" -noout -strparse "${at[0]}" -out "$work/blob.pub" &&
		openssl asn1parse -in "$1" -noout -strparse "${at[1]}" -out "$work/blob.priv"
}

# attack COMMAND...: has to fail; what it says is in $work/err.
attack() {
	tpm2_flushcontext -t 2>/dev/null
	! "$@" >"$work/out" 2>"$work/err"
}

# refuses REASON COMMAND...: it fails, and for this reason.
refuses() {
	attack "${@:2}" && grep -qF -- "$1" "$work/err"
}

load_blob() {
	tpm2_flushcontext -t 2>/dev/null
	tpm2_load -Q -C 0x81000001 -u "$work/blob.pub" -r "$work/blob.priv" -c "$work/blob.ctx"
}

clear_lockout() {
	tpm2_dictionarylockout -c >/dev/null 2>&1
}

fresh
tpm_start
tpm2_dictionarylockout -s -n 3 -t 600 -l 600

# The provider.
pass 'correct horse'
init_with "init --key=tpm" --key=tpm
says "lockout authorization is not set" "init says that root can switch the counting off"
for name in owner anchor; do
	[ "$(head -n 1 "$etc/keys/$name.key")" = "-----BEGIN TSS2 PRIVATE KEY-----" ] &&
		[ "$(stat -c %a "$etc/keys/$name.key")" = 600 ]
	tap $? "the $name key is a TSS2 private key, for root alone"
	TPM2OPENSSL_TCTI=$MODGATE_TCTI openssl pkey -provider tpm2 -provider default \
		-in "$etc/keys/$name.key" -passin "file:$work/pass" -pubout >"$work/out" 2>"$work/err"
	openssl x509 -in "$etc/keys/$name.pem" -pubkey -noout | cmp - "$work/out"
	tap $? "openssl reads the $name key, and it is that of its certificate"
	blob "$etc/keys/$name.key"
	tpm2_print -t TPM2B_PUBLIC "$work/blob.pub" >"$work/out" 2>"$work/err"
	grep -qx '  value: fixedtpm|fixedparent|sensitivedataorigin|userwithauth|sign' "$work/out" &&
		grep -q 'value: NIST p384' "$work/out"
	tap $? "the $name key has exactly these attributes, and no noda"
done
openssl x509 -in "$etc/keys/owner.pem" -noout -pubkey >"$work/pub"
openssl x509 -in "$etc/keys/anchor.pem" -noout -pubkey | cmp -s - "$work/pub"
tap $((! $?)) "the two keys differ"
signs "a key in the TPM"
exits 0 "key" --json key
json '[.[].provider] == ["tpm", "tpm"]' "key names the provider"
cp -a "$etc" "$work/etc.tpm"

# A wrong passphrase: how many more, and until when. Right ones do not count.
pass 'wrong horse'
exits 4 "a wrong passphrase" approve --passphrase-fd=3 "$work/mg_one.ko"
says "takes 2 more before it locks out (of 3" "it says how many are left"
exits 4 "another wrong passphrase" key --change-passphrase --passphrase-fd=3
says "takes 1 more" "that is one less"
pass 'correct horse'
signs "the right one after two wrong ones"
pass 'wrong horse'
exits 4 "the last wrong passphrase" approve --passphrase-fd=3 "$work/mg_one.ko"
says "one try again in 10 minutes" "it says that this was the last, and when the next may be"
pass 'correct horse'
cp "$etc/keys/owner.key" "$work/owner.key"
exits 4 "the right one while locked out" approve --passphrase-fd=3 "$work/mg_one.ko"
says "the passphrase was not tried" "it says that the passphrase may have been right"
says "one try again in 10 minutes" "and when to try again"
clear_lockout
signs "the right one after the lockout"

# Passphrases.
head -c 49 /dev/zero | tr '\0' x >"$work/pass"
rm -rf "$etc"
exits 4 "a passphrase of 49 bytes" init --key=tpm --freshness=none --passphrase-fd=3
says "longer than 48 bytes" "it says how long it may be"
head -c 48 /dev/zero | tr '\0' x >"$work/pass"
init_with "a passphrase of 48 bytes" --key=tpm
signs "a passphrase of 48 bytes"
rm -rf "$etc"
cp -a "$work/etc.tpm" "$etc"
sum=$(cat "$etc"/keys/*.key | sha384sum)
pass 'correct horse' "$(head -c 49 /dev/zero | tr '\0' x)"
exits 4 "change to a passphrase of 49 bytes" key --change-passphrase --passphrase-fd=3
[ "$sum" = "$(cat "$etc"/keys/*.key | sha384sum)" ]
tap $? "neither key was changed"
if [ -e "$(pkg-config --variable=libdir tss2-tctildr)/libtss2-tcti-pcap.so" ]; then
	pass 'correct horse' 'battery staple'
	MODGATE_TCTI=pcap:$MODGATE_TCTI TCTI_PCAP_FILE=$work/bus exits 0 "change of passphrase" \
		key --change-passphrase --passphrase-fd=3
	[ "$(stat -c %s "$work/bus")" -gt 1000 ] && ! grep -qaE 'correct horse|battery staple' "$work/bus"
	tap $? "neither passphrase was seen on the way to the TPM"
else
	pass 'correct horse' 'battery staple'
	exits 0 "change of passphrase" key --change-passphrase --passphrase-fd=3
fi
pass 'battery staple'
signs "the new passphrase"
pass 'correct horse'
exits 4 "the old passphrase" approve --passphrase-fd=3 "$work/mg_one.ko"
clear_lockout

# Mixed with a file.
init_with "init with the anchor key in a file" --key=tpm --anchor-key=file
signs "a key in the TPM, and a file"
exits 0 "key" --json key
json '[.[].provider] == ["file", "tpm"]' "key names both providers"
sum=$(cat "$etc"/keys/*.key | sha384sum)
pass 'correct horse' "$(head -c 49 /dev/zero | tr '\0' x)"
exits 4 "change that the TPM refuses" key --change-passphrase --passphrase-fd=3
[ "$sum" = "$(cat "$etc"/keys/*.key | sha384sum)" ]
tap $? "neither the file nor the TPM's key was changed"
pass 'correct horse' 'battery staple'
exits 0 "change of both" key --change-passphrase --passphrase-fd=3
pass 'battery staple'
signs "both changed"
openssl pkey -in "$etc/keys/anchor.key" -passin "file:$work/pass" -noout
tap $? "the anchor key has the new passphrase"

# A key that is there already, by its handle.
tpm2_create -Q -C 0x81000001 -G ecc384:ecdsa-sha384 -p 'a token pin' -u "$work/own.pub" \
	-r "$work/own.priv" -c "$work/own.ctx" \
	-a 'fixedtpm|fixedparent|sensitivedataorigin|userwithauth|sign' 2>"$work/err" &&
	tpm2_evictcontrol -Q -C o -c "$work/own.ctx" 0x81000100 2>"$work/err"
tap $? "a persistent key is made"
tpm2_flushcontext -t
handle='handle:0x81000100?pass'
pass 'a token pin' 'correct horse'
init_with "init with the key of a handle" "--key=$handle" --anchor-key=file
[ "$(cat "$etc/keys/owner.key")" = "$handle" ]
tap $? "the owner key's file is the URI"
signs "the key of a handle"
exits 0 "key" --json key
json "[.[].provider] == [\"file\", \"$handle\"]" "key names the URI"
pass 'a token pim'
exits 4 "a wrong passphrase of a handle" approve --passphrase-fd=3 "$work/mg_one.ko"
says "takes 2 more" "it says how many are left"
clear_lockout
pass 'correct horse' 'battery staple'
exits 0 "change of passphrase" key --change-passphrase --passphrase-fd=3
says "PIN of the owner key" "it says which was not changed"
openssl pkey -in "$etc/keys/anchor.key" -passin pass:'battery staple' -noout
tap $? "the other was"
rm -rf "$etc"
pass 'a token pin' 'a token pin'
exits 1 "the same key twice" init "--key=$handle" "--anchor-key=$handle" --freshness=none \
	--passphrase-fd=3
says "the same key" "it says why not"
rm -rf "$etc"
exits 1 "a handle without ?pass" init --key=handle:0x81000100 --anchor-key=file --freshness=none \
	--passphrase-fd=3
says "?pass" "it says what is missing"
clear_lockout
rm -rf "$etc"
exits 1 "a handle of nothing" init --key=handle:0x81000777 --anchor-key=file --freshness=none \
	--passphrase-fd=3

# The next owner key.
rm -rf "$etc"
cp -a "$work/etc.tpm" "$etc"
pass 'correct horse'
exits 6 "rotate a key in the TPM" key --rotate --passphrase-fd=3
exits 0 "key" --json key
json '[.[].provider] == ["tpm", "tpm"]' "the new one is in the TPM too"
! cmp -s "$etc/keys/owner.key" "$work/etc.tpm/keys/owner.key"
tap $? "it is another one"
signs "the new key"
exits 6 "rotate to a file" key --rotate --key=file --passphrase-fd=3
exits 0 "key" --json key
json '[.[].provider] == ["tpm", "file"]' "the new one is a file"
signs "the key in a file"
pass 'correct horse' 'a token pin'
exits 6 "rotate to the key of a handle" key --rotate "--key=$handle" --passphrase-fd=3
[ "$(cat "$etc/keys/owner.key")" = "$handle" ]
tap $? "the owner key's file is its URI"
exits 2 "rotate the key of a handle to nothing said" key --rotate --passphrase-fd=3
says "name the new owner key" "it says what to name"
exits 1 "rotate to the same key" key --rotate "--key=$handle" --passphrase-fd=3
says "has to be another" "it says why not"
pass 'a token pin'
signs "the key of a handle, after rotation"
pass 'correct horse' 'a token pin'

# Root has the folder and the TPM, but not the passphrase.
rm -rf "$etc"
cp -a "$work/etc.tpm" "$etc"
openssl dgst -sha384 -binary "$work/mg_two.ko" >"$work/digest"
blob "$etc/keys/owner.key"
load_blob 2>"$work/err"
tap $? "the key can be loaded without the passphrase"
tpm2_sign -c "$work/blob.ctx" -p 'correct horse' -g sha384 -d -o "$work/signed" "$work/digest" 2>"$work/err"
tap $? "it signs with it"
refuses "authorization HMAC check failed" tpm2_sign -c "$work/blob.ctx" -g sha384 -d -o "$work/forged" "$work/digest"
tap $? "not without authorization"
refuses "authorization HMAC check failed" tpm2_sign -c "$work/blob.ctx" -p guess -g sha384 -d -o "$work/forged" "$work/digest"
tap $? "nor with a guess"
refuses "authorization HMAC check failed" tpm2_changeauth -C 0x81000001 -c "$work/blob.ctx" -r "$work/forged.priv" mine
tap $? "it takes no other authorization without the old one"
clear_lockout
for change in 'noda \x04 8' 'without_userwithauth \x32 9'; do
	read -r name byte at <<<"$change"
	blob "$etc/keys/owner.key"
	# shellcheck disable=SC2059
	printf "$byte" | dd of="$work/blob.pub" bs=1 seek="$at" conv=notrunc status=none
	refuses "integrity check failed" load_blob
	tap $? "${name//_/ }: the TPM does not take it"
done
blob "$etc/keys/owner.key"
flip "$work/blob.priv" $(($(stat -c %s "$work/blob.priv") - 1))
refuses "integrity check failed" load_blob
tap $? "another private part: the TPM does not take it"
tpm2_flushcontext -t
pass 'attackers own'
rm -rf "$work/other"
mkdir -p "$work/other/etc"
"$tool" --root="$work/other" init --key=tpm --passphrase-fd=3 3<"$work/pass" >"$work/out" 2>"$work/err"
cp "$work/other/etc/modgate/keys/owner.key" "$etc/keys/owner.key"
exits 8 "another key of this TPM in its place" approve --passphrase-fd=3 "$work/mg_one.ko"
says "does not belong to the certificate" "it says so"
cp "$work/etc.tpm/keys/owner.key" "$etc/keys/owner.key"
for guess in 'wrong one' 'wrong two' 'wrong three'; do
	pass "$guess"
	m approve --passphrase-fd=3 "$work/mg_one.ko"
done
pass 'correct horse'
exits 4 "guessing until the TPM is locked out" approve --passphrase-fd=3 "$work/mg_one.ko"
says "the TPM is locked out" "then not even the right one is tried"
clear_lockout
tpm2_changeauth -Q -c lockout 'kept elsewhere'
rm -rf "$work/other"
mkdir -p "$work/other/etc"
"$tool" --root="$work/other" init --key=tpm --passphrase-fd=3 3<"$work/pass" >"$work/out" 2>"$work/err"
grep -q "^modgate.anchor=" "$work/out" && ! grep -q "lockout authorization" "$work/err"
tap $? "init does not warn if there is a lockout authorization"
attack clear_lockout
tap $? "then root cannot end the lockout"
attack tpm2_dictionarylockout -s -n 1000 -t 0
tap $? "nor have the TPM count no more"

# Another TPM, and none.
tpm_stop
rm -rf "$work/tpm"
mkdir "$work/tpm"
tpm_run
exits 8 "the key file on a TPM without a storage root key" approve --passphrase-fd=3 "$work/mg_one.ko"
says "is missing" "it says what is missing"
tpm2_createprimary -Q -C o -G ecc -c "$work/primary.ctx" 2>"$work/err" &&
	tpm2_evictcontrol -Q -C o -c "$work/primary.ctx" 0x81000001 2>"$work/err" &&
	tpm2_flushcontext -t
exits 8 "the key file on another TPM" approve --passphrase-fd=3 "$work/mg_one.ko"
says "another TPM made it" "it says so"
blob "$etc/keys/owner.key"
attack load_blob
tap $? "another TPM does not take the key"
tpm_stop
rm -rf "$etc"
exits 1 "init --key=tpm without a TPM" init --key=tpm --freshness=none --passphrase-fd=3
says "TPM" "it says what is missing"
