# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2317
#
# cli.sh: modules that are signed with ML-DSA. Whether the tool can check that is a
# matter of its OpenSSL: 3.5 and later can. Both are tested where an openssl of that
# kind lies beside a program "run" that lends its libraries.

: "${etc:?}" "${here:?}" "${kernel:?}" "${mkdoc:?}" "${root:?}" "${work:?}"

find_openssl() {
	if [ "${OPENSSL_MLDSA:-}" ]; then
		echo "$OPENSSL_MLDSA"
	elif [ -x "$here/../../vm/vm" ]; then
		"$here/../../vm/vm" openssl
	else
		echo openssl
	fi
}

# sign_waived FILE: with signed attributes, as OpenSSL 3.5 does.
sign_waived() {
	(
		openssl() { "$openssl" "$@"; }
		sign_module "$1" "$work/mldsa.key" "$work/mldsa.crt" "${@:2}"
	)
}

openssl=$(find_openssl 2>"$work/err")
"$openssl" req -x509 -newkey ML-DSA-65 -nodes -days 3650 -subj "/CN=test mldsa" \
	-keyout "$work/mldsa.key" -out "$work/mldsa.crt" 2>"$work/err" &&
	cp "$work/mg_one.ko" "$work/waived.ko" && sign_waived "$work/waived.ko" -nosmimecap &&
	cp "$work/mg_one.ko" "$work/smime.ko" && sign_waived "$work/smime.ko" &&
	"$here/sign_mldsa.py" "$openssl" "$work/mldsa.key" "$work/mldsa.crt" "$work/mg_one.ko" \
		"$work/plain.ko"
tap $? "an openssl that knows ML-DSA makes a vendor"
for name in waived plain; do
	sed 's/A module for tests/A module for tEsts/' "$work/$name.ko" >"$work/$name-changed.ko"
done
cp "$work/mg_two.ko" "$work/attributes.ko"
sign_module "$work/attributes.ko" "$work/signer.key" "$work/signer.crt" -nosmimecap

# both WHO: what must be so whether it knows the algorithm or not.
both() {
	fresh
	exits 1 "$1: approve such a vendor, of a machine that is not this one" approve \
		--passphrase-fd=3 --vendor="$work/mldsa.crt"
	says "its key is ML-DSA-65; the kernel itself has to be asked" "$1: it says why"
	exits 1 "$1: approve what was changed after signing" approve --passphrase-fd=3 \
		"$work/waived-changed.ko"
	says "its signature is broken, so the kernel refuses it: it does not match" "$1: it says so"
	exits 1 "$1: approve what has S/MIME capabilities" approve --passphrase-fd=3 "$work/smime.ko"
	says "-nosmimecap" "$1: it says how to sign without"
	exits 1 "$1: approve ECDSA with signed attributes" approve --passphrase-fd=3 \
		"$work/attributes.ko"
	says "with ML-DSA only" "$1: it says that the kernel does not take that"
	exits 6 "$1: approve the module" approve --passphrase-fd=3 "$work/waived.ko"
	says "not every kernel takes that" "$1: it says that it depends on the kernel"
	exits 6 "$1: approve a module without signed attributes" approve --passphrase-fd=3 \
		"$work/plain.ko"
	grep -q "not every kernel" "$work/out"
	tap $((! $?)) "$1: that does not depend on the kernel"

	# A list that has the vendor.
	fresh
	mv "$etc"/staged/* "$etc/active"
	state
	"$mkdoc" list --key "$work/owner.key" --cert "$etc/keys/owner.pem" --generation 2 \
		--vendor "$work/mldsa.crt,0,mg_one" --module "@$work/plain-changed.ko" \
		--out "$etc/active/owner-2.list" >"$work/out" 2>"$work/err"
	tap $? "$1: a list has the vendor"
	in_force "$etc/active/local-1.policy" "$etc/active/owner-2.list"
	for name in waived plain; do
		exits 0 "$1: why of the vendor's module, $name" --json why "$work/$name.ko"
		json '.reason == "vendor" and .loads' "$1: it loads as the vendor's"
	done
	exits 1 "$1: why of the vendor's module, changed" --json why "$work/waived-changed.ko"
	json '.reason == "not-approved"' "$1: it does not load"
}

# checked WHO, unchecked WHO: with an OpenSSL that knows the algorithm; that does not.
checked() {
	for name in waived plain; do
		exits 0 "$1: why, $name" --json why --cert="$work/mldsa.crt" "$work/$name.ko"
		json '.signature.state == "verified"' "$1: it was checked"
		json '.loads and (.loads_unsure | not) and
			(.unsure | startswith("whether the kernel'"'"'s own key signed it: "))' \
			"$1: it loads in any case; as whose, these keyrings do not tell"
		exits 1 "$1: why of a changed one, $name" --json why --cert="$work/mldsa.crt" \
			"$work/$name-changed.ko"
		json '.signature.state == "broken"' "$1: its signature is broken"
	done
	exits 1 "$1: rebuilds, of a machine that is not this one" approve --passphrase-fd=3 \
		--rebuilds --cert="$work/mldsa.crt" "$work/waived.ko"
	says "the kernel itself has to be asked" "$1: that alone stands against it"
}

unchecked() {
	local unknown="OpenSSL here does not know ML-DSA-65; 3.5 and later do"

	exits 0 "$1: why" why "$work/waived.ko"
	says "unsure    $unknown" "$1: the verdict says that it was not checked"
	exits 0 "$1: why with the certificate" why --cert="$work/mldsa.crt" "$work/waived.ko"
	says "not verifiable here: $unknown" "$1: the signer says so, too"
	sed -i 's/mode=listed/mode=signed/' "$kernel/state" "$kernel/policy"
	exits 0 "$1: why in mode signed" why "$work/plain-changed.ko"
	says "whether the kernel knows the signer is not known here" "$1: it may be another's"
	exits 6 "$1: approve it with the certificate" approve --passphrase-fd=3 \
		--cert="$work/mldsa.crt" "$work/waived.ko"
	says "its signature could not be verified: OpenSSL does not know its algorithm" "$1: it says so"
	exits 1 "$1: rebuilds" approve --passphrase-fd=3 --rebuilds --cert="$work/mldsa.crt" \
		"$work/waived.ko"
	says "$unknown; --vendor=CERT --name=mg_one approves the same" "$1: it says why, and what helps"
}

openssl pkey -in "$root/etc/modgate/keys/owner.key" -passin "pass:correct horse" \
	-out "$work/owner.key" 2>"$work/err"
if grep -qi ML-DSA-65 <(openssl list -signature-algorithms); then
	both "OpenSSL with ML-DSA"
	checked "OpenSSL with ML-DSA"
else
	both "OpenSSL without ML-DSA"
	unchecked "OpenSSL without ML-DSA"
	if [ -x "$(dirname "$openssl")/run" ] && ! sanitized; then
		printf '#!/bin/bash\nexec %q %q "$@"\n' "$(dirname "$openssl")/run" "$tool" >"$work/with_new"
		chmod +x "$work/with_new"
		with_old=$tool
		tool=$work/with_new
		both "OpenSSL with ML-DSA"
		checked "OpenSSL with ML-DSA"
		tool=$with_old
	fi
fi
