# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# cli.sh: the command line, init, key.

: "${etc:?}" "${here:?}" "${root:?}" "${status:?}" "${tool:?}" "${work:?}"

exits 2 "no verb"
exits 2 "unknown verb" frobnicate
exits 2 "unknown option" status --frobnicate
exits 2 "argument too many" status now
exits 2 "bad file descriptor" --passphrase-fd=x status
exits 0 "help" --help
exits 0 "help of a verb" approve --help
says "--all-pending" "help of a verb names its options"
# pages: the help of each verb ends with the name of a page that exists.
pages() {
	local verb n=0

	while read -r verb; do
		n=$((n + 1))
		m "$verb" --help
		[ "$status" = 0 ] && [ -s "$here/../man/modgate-$verb.8" ] &&
			[ "$(tail -n 1 "$work/out")" = "See modgate-$verb(8)." ] || return 1
	done < <("$tool" --help | sed -n 's/^  \([a-z]*\)  *[A-Z].*/\1/p')
	[ "$n" -gt 0 ]
}

pages
tap $? "the help of each verb ends with its man page"
m --help
[ "$(tail -n 1 "$work/out" | cut -d, -f1)" = "See modgate(8)" ]
tap $? "the general help ends with modgate(8)"
exits 0 "version" --version

fresh
exits 1 "init again" init --passphrase-fd=3
says "already initialised" "init again says what is there"
exits 2 "another provider" init --key=card
says "kept by file, by tpm" "another provider: says which there are"
exits 2 "another provider of the anchor key" init --anchor-key=card
exits 2 "a key that is there, alone" init --key=pkcs11:object=owner
says "--anchor-key" "a key that is there, alone: says what is missing"
exits 2 "another mode" init --mode=open

cp -a "$etc" "$work/etc.whole"
# A signature alone is of no use to anybody.
(cd "$etc" && find . -type f ! -name '*.sig' ! -name .lock) | while read -r file; do
	rm -rf "$etc"
	mkdir -p "$etc/${file%/*}"
	cp -p "$work/etc.whole/$file" "$etc/$file"
	m init --passphrase-fd=3
	cmp -s "$etc/$file" "$work/etc.whole/$file" && [ "$status" = 1 ] || echo "$file: exit $status"
done >"$work/overwritten"
[ ! -s "$work/overwritten" ]
tap $? "init over any one file of these: refused, and the file is as it was: $(paste -sd ' ' "$work/overwritten")"
rm -rf "$etc"
printf 'short\n' >"$work/pass"
exits 4 "short passphrase" init --passphrase-fd=3
: >"$work/pass"
exits 4 "no passphrase" init --passphrase-fd=3
printf 'correct horse\n' >"$work/pass"
exits 6 "init with all options" --json init --key=file --mode=signed --audit \
	--allow-kexec --passphrase-fd=3
json '.mode == "signed" and .restart_needed' "init prints JSON"
exits 0 "verify after init" verify
grep -q '^ *7 *2$' <(od -An -tu4 -j136 -N8 "$etc/staged/local-1.policy")
tap $? "the policy has flags audit, allow-kexec and auto-close, and mode signed"

rm -rf "$etc"
mkdir -p "$etc/keys"
touch "$etc/keys/.init" "$etc/keys/anchor.key"
exits 6 "init after an interrupted one" init --passphrase-fd=3
[ ! -e "$etc/keys/.init" ]
tap $? "no marker is left"
exits 0 "verify after that" verify

fresh
pin=$(openssl x509 -in "$etc/keys/anchor.pem" -outform DER | sha384sum |
      cut -d' ' -f1)
exits 0 "key --pin" key --pin
[ "$(cat "$work/out")" = "modgate.anchor=$pin" ]
tap $? "key --pin is the SHA-384 of the certificate, and nothing else"
grep -q "modgate.anchor=$pin" "$work/init"
tap $? "init has printed the same pin"
[ "$(stat -c %a "$etc/keys/owner.key" "$etc/keys/anchor.key" | sort -u)" = 600 ]
tap $? "the keys are readable by root alone"
grep -q scrypt <(openssl asn1parse -in "$etc/keys/owner.key")
tap $? "the owner key is encrypted with scrypt"
openssl pkey -in "$etc/keys/owner.key" -passin "file:$work/pass" -noout
tap $? "openssl opens the owner key with the passphrase"
for name in anchor:local-1.policy owner:owner-1.list; do
	openssl x509 -in "$etc/keys/${name%%:*}.pem" -pubkey -noout >"$work/pub"
	openssl dgst -sha384 -verify "$work/pub" \
		-signature "$etc/staged/${name##*:}.sig" \
		"$etc/staged/${name##*:}" >/dev/null
	tap $? "openssl verifies ${name##*:}"
done

printf 'correct horse\nbattery staple\n' >"$work/pass"
exits 0 "change of passphrase" key --change-passphrase --passphrase-fd=3
printf 'battery staple\n' >"$work/pass"
openssl pkey -in "$etc/keys/anchor.key" -passin "file:$work/pass" -noout
tap $? "the anchor key has the new passphrase"
printf 'wrong horse\nbattery staple\n' >"$work/pass"
exits 4 "change with a wrong passphrase" key --change-passphrase --passphrase-fd=3
printf 'correct horse\n' >"$work/pass"

rm -rf "$etc"
exits 5 "key before init" key
exits 5 "list before init" list
exits 5 "approve before init" approve "$work/mg_one.ko"
exits 5 "verify before init" verify

# What others may have of the keys.
fresh
exits 0 "key --export" key --export="$work/exported"
(cd "$work/exported" && echo *) >"$work/out"
[ "$(cat "$work/out")" = "anchor.der anchor.pem owner.der owner.pem pin.txt" ]
tap $? "key --export writes five files and no more"
[ "$(cat "$work/exported/pin.txt")" = "modgate.anchor=$pin" ] &&
	[ "$(sha384 "$work/exported/anchor.der")" = "$pin" ]
tap $? "the pin is that of the certificate in DER"
bad=0
for name in anchor owner; do
	openssl x509 -in "$etc/keys/$name.pem" -outform DER | cmp - "$work/exported/$name.der" || bad=1
	openssl x509 -in "$work/exported/$name.pem" -outform DER | cmp - "$work/exported/$name.der" || bad=1
done
tap $bad "the certificates are those of the keys, in PEM and in DER"
exits 0 "key --export once more" --json key --export="$work/exported/"
json '.files | length == 5 and all(.written | not)' "says that the files were there"
rm "$work/exported/owner.der"
exits 0 "key --export of one that is missing" --json key --export="$work/exported"
json '[.files[] | select(.written) | .file | split("/")[-1]] == ["owner.der"]' "writes that one"
rm "$work/exported/anchor.der"
echo other >"$work/exported/owner.pem"
exits 1 "key --export over something else" key --export="$work/exported"
says "$work/exported/owner.pem is there and says something else" "says what is in the way"
[ "$(cat "$work/exported/owner.pem")" = other ] && [ ! -e "$work/exported/anchor.der" ]
tap $? "and has written nothing"
cat "$etc/keys/owner.key" >>"$etc/keys/owner.pem"
exits 0 "key --export when a key is in the file of the certificate" key --export="$work/exported.2"
! grep -r PRIVATE "$work/exported.2" >"$work/out"
tap $? "exports no key"
(cd "$work" && "$tool" --root="$root" key --export=here >"$work/out" 2>"$work/err")
[ -e "$work/here/pin.txt" ]
tap $? "a folder without a slash is one here"
exits 1 "key --export where there is no folder above" key --export="$work/no/where"
exits 2 "key --export without a folder" key --export=
rm -rf "$etc"
exits 5 "key --export without keys" key --export="$work/exported.3"
[ ! -e "$work/exported.3" ]
tap $? "makes no folder then"
