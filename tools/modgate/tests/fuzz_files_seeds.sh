#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Seeds of fuzz_files.c: modules with each kind of signature, and one with everything
# that a compiler puts into an object. usage: fuzz_files_seeds.sh TOOL FOLDER
# shellcheck disable=SC2034
set -eu
here=$(cd "$(dirname "$0")" && pwd)
tool=$(realpath "$1")
mkdir -p "$2"
work=$(realpath "$2")

# shellcheck source-path=SCRIPTDIR source=cli_lib.sh
. "$here/cli_lib.sh"
make_module plain
make_key one
make_key two
for kind in issuer keyid attributes chained other; do
	cp "$work/plain.ko" "$work/$kind.ko"
done
sign_module "$work/issuer.ko" "$work/one.key" "$work/one.crt" -noattr
sign_module "$work/keyid.ko" "$work/one.key" "$work/one.crt" -noattr -keyid
sign_module "$work/attributes.ko" "$work/one.key" "$work/one.crt"
sign_module "$work/other.ko" "$work/two.key" "$work/two.crt" -noattr
openssl cms -sign -binary -outform DER -md sha512 -noattr -signer "$work/one.crt" \
	-inkey "$work/one.key" -in "$work/chained.ko" -out "$work/chained.p7s" 2>/dev/null
append_signature "$work/chained.ko" "$work/chained.p7s"
cc -g -ffunction-sections -c -o "$work/large.ko" "$here/module_seed.c"

# A machine that has an owner, and the signer as a vendor.
mkdir -p "$root/etc"
echo 'a passphrase for tests' >"$work/pass"
run() { "$tool" --root="$root" "$@" --passphrase-fd=3 3<"$work/pass" >/dev/null || [ $? = 6 ]; }
run init
run approve --vendor="$work/one.crt" --name='*'
