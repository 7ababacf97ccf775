# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# cli.sh: keys of a PKCS#11 token: SoftHSM, through OpenSSL's provider pkcs11.

: "${etc:?}" "${here:?}" "${work:?}"

# The provider loads the token's library in a way that sanitizers refuse.
! sanitized || return

# Debian 12 has the provider in its backports only.
find_provider() {
	if [ "${PKCS11_PROVIDER:-}" ]; then
		echo "$PKCS11_PROVIDER"
	elif [ -x "$here/../../vm/vm" ]; then
		"$here/../../vm/vm" pkcs11
	else
		echo "$(openssl version -m | cut -d'"' -f2)/pkcs11.so"
	fi
}

token_start() {
	local provider

	provider=$(find_provider 2>"$work/err") || return 1
	OPENSSL_MODULES=$(dirname "$provider")
	export OPENSSL_MODULES
	mkdir -p "$work/tokens"
	for PKCS11_PROVIDER_MODULE in /usr/lib/softhsm/libsofthsm2.so /usr/lib/*/softhsm/libsofthsm2.so; do
		[ ! -e "$PKCS11_PROVIDER_MODULE" ] || break
	done
	export PKCS11_PROVIDER_MODULE
	export SOFTHSM2_CONF=$work/softhsm2.conf
	printf 'directories.tokendir = %s\nobjectstore.backend = file\nlog.level = ERROR\n' \
		"$work/tokens" >"$SOFTHSM2_CONF"
	softhsm2-util --init-token --free --label modgate --pin 12345678 --so-pin 87654321 \
		>"$work/out" 2>"$work/err"
}

# token_key LABEL TYPE: made by the token, in the token.
token_key() {
	pkcs11-tool --module "$PKCS11_PROVIDER_MODULE" --token-label modgate --login --pin 12345678 \
		--keypairgen --key-type "$2" --label "$1" --id "$3" >"$work/out" 2>"$work/err"
}

fresh
uri=pkcs11:token=modgate
token_start && token_key owner EC:secp384r1 01 && token_key anchor EC:secp384r1 02 &&
	token_key rsa rsa:3072 03 && token_key small EC:prime256v1 04 &&
	token_key half EC:secp384r1 05 && pkcs11-tool --module "$PKCS11_PROVIDER_MODULE" --token-label modgate \
		--login --pin 12345678 --delete-object --type pubkey --id 05 >"$work/out" 2>"$work/err"
tap $? "a token with keys is there"

rm -rf "$etc"
printf '12345678\n12345678\n' >"$work/pass"
exits 6 "init with two keys of a token" init "--key=$uri;object=owner" "--anchor-key=$uri;object=anchor" \
	--freshness=none --passphrase-fd=3
[ "$(cat "$etc/keys/owner.key" "$etc/keys/anchor.key")" = "$uri;object=owner"$'\n'"$uri;object=anchor" ]
tap $? "the files of the keys are their URIs"
exits 6 "approve with a token" approve --passphrase-fd=3 "$work/mg_one.ko"
exits 0 "verify" verify
for name in owner:owner-2.list anchor:local-1.policy; do
	openssl x509 -in "$etc/keys/${name%%:*}.pem" -pubkey -noout >"$work/pub"
	openssl dgst -sha384 -verify "$work/pub" -signature "$etc/staged/${name##*:}.sig" \
		"$etc/staged/${name##*:}" >/dev/null
	tap $? "openssl verifies ${name##*:}"
done
exits 0 "key" --json key
json "[.[].provider] == [\"$uri;object=anchor\", \"$uri;object=owner\"]" "key names the URIs"
exits 1 "change of passphrase" key --change-passphrase --passphrase-fd=3
says "its own tool changes the PIN" "it says who can"
printf '87654321\n' >"$work/pass"
exits 4 "approve with a wrong PIN" approve --passphrase-fd=3 "$work/mg_two.ko"
says "wrong PIN" "it says so"
printf '12345678\n' >"$work/pass"
echo "$uri;object=anchor" >"$etc/keys/owner.key"
exits 8 "another key of the token" approve --passphrase-fd=3 "$work/mg_two.ko"
says "does not belong to the certificate" "it says so"
mv "$work/tokens" "$work/tokens.away"
mkdir "$work/tokens"
exits 1 "approve without the token" approve --passphrase-fd=3 "$work/mg_two.ko"
rmdir "$work/tokens"
mv "$work/tokens.away" "$work/tokens"

rm -rf "$etc"
printf '12345678\ncorrect horse\n' >"$work/pass"
exits 6 "init with an RSA key of a token, and a file" init "--key=$uri;object=rsa" --anchor-key=file \
	--freshness=none --passphrase-fd=3
exits 6 "approve with an RSA key" approve --passphrase-fd=3 "$work/mg_one.ko"
exits 0 "verify" verify

# refused STATUS TEXT NAME OPTION...
refused_init() {
	rm -rf "$etc"
	exits "$1" "$3" init --freshness=none --passphrase-fd=3 "${@:4}"
	says "$2" "$3: it says why"
}
printf '12345678\n12345678\n' >"$work/pass"
refused_init 1 "the same key" "one key twice" "--key=$uri;object=owner" "--anchor-key=$uri;object=owner"
refused_init 1 "the same key" "one key by two URIs" "--key=$uri;object=owner" "--anchor-key=$uri;id=%01"
refused_init 1 "is not ECDSA P-384" "a P-256 key" "--key=$uri;object=small" --anchor-key=file
refused_init 1 "keys of that description" "a URI of several keys" "--key=$uri" --anchor-key=file
refused_init 1 "public key cannot be read" "a key without its public half" "--key=$uri;object=half" \
	--anchor-key=file
refused_init 2 "PIN" "a URI with the PIN" "--key=$uri;object=owner?pin-value=12345678" --anchor-key=file
refused_init 4 "no such key" "a key that is not there" "--key=$uri;object=gone" --anchor-key=file
export OPENSSL_MODULES=$work/nowhere
refused_init 1 "pkcs11-provider" "OpenSSL without the provider" "--key=$uri;object=owner" --anchor-key=file
unset OPENSSL_MODULES PKCS11_PROVIDER_MODULE SOFTHSM2_CONF
printf 'correct horse\n' >"$work/pass"
