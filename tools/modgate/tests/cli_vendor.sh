# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# cli.sh: vendors, and modules that are approved with their rebuilds.

: "${etc:?}" "${release:?}" "${root:?}" "${work:?}"

updates=$root/lib/modules/$release/updates
make_key other_signer
make_key chain
cert=$(openssl x509 -in "$work/signer.crt" -outform DER | sha384sum | cut -d' ' -f1)

# signed NAME FROM SIGNER [OPTIONS]: a signed copy.
signed() {
	cp "$work/$2.ko" "$work/$1.ko"
	sign_module "$work/$1.ko" "$work/$3.key" "$work/$3.crt" -noattr "${@:4}"
}
signed by_vendor mg_one signer
signed other_name mg_two signer
signed by_other mg_one other_signer
cp "$work/mg_one.ko" "$work/build2.ko"
printf 'another build' >>"$work/build2.ko"
sign_module "$work/build2.ko" "$work/signer.key" "$work/signer.crt" -noattr

# promoted: what is staged is in force.
promoted() {
	mv "$etc"/staged/* "$etc/active" 2>/dev/null
	state "$@"
	in_force "$etc/active/local-1.policy" "$(printf '%s\n' "$etc"/active/owner-*.list | sort -V | tail -n 1)"
}

# A vendor by its certificate.
fresh
exits 6 "approve a vendor" approve --passphrase-fd=3 --vendor="$work/signer.crt"
says "$cert" "approve shows the certificate's digest"
says "CN = test signer" "approve shows the vendor's name"
says "Every module * that" "approve says for which modules"
says "restart is needed" "approve says that a restart is needed"
exits 0 "list of a vendor" --json list
json "[.[] | [.kind, .name, .digest]] == [[\"vendor\", \"*\", \"$cert\"]]" "list shows the vendor"
exits 0 "approve the vendor again" approve --passphrase-fd=3 --vendor="$work/signer.crt"
says "already approved" "approve again says so"
exits 6 "approve the vendor for other names" --json approve --passphrase-fd=3 \
	--vendor="$work/signer.crt" --name='mg-t*' --on-demand
json '.vendors[0].names == "mg_t*"' "a dash is an underscore, as in the names of modules"
exits 0 "list of two entries" --json list
json '[.[] | [.name, .flags]] == [["*", null], ["mg_t*", "on-demand"]]' "both are listed, with their flags"
exits 1 "diff with vendors" diff
says "vendor mg_t*" "diff shows what a restart would change"
exits 2 "a pattern that no list could hold" approve --vendor="$work/signer.crt" --name='a b'
exits 2 "a vendor and a module" approve --vendor="$work/signer.crt" "$work/mg_one.ko"
exits 1 "a vendor without a certificate" approve --vendor="$work/mg_one.ko"
says "not an X.509 certificate" "it says so"
openssl genpkey -algorithm ed25519 -out "$work/ed.key" 2>/dev/null
openssl req -x509 -key "$work/ed.key" -subj /CN=ed -out "$work/ed.crt" 2>/dev/null
exits 1 "a vendor whose key the kernel cannot use" approve --vendor="$work/ed.crt"
says "ECDSA P-256" "it says which keys it can use"

# What it means for modules, now and after a restart.
fresh
state
in_force "$etc/staged/local-1.policy" "$etc/staged/owner-1.list"
m approve --passphrase-fd=3 --vendor="$work/signer.crt" --name='mg_one'
exits 6 "why of the vendor's module" --json why --cert="$work/signer.crt" "$work/by_vendor.ko"
json '.reason == "not-approved" and .reason_after_restart == "vendor"' "a restart would let it load"
promoted
exits 0 "why, in force" --json why --cert="$work/signer.crt" "$work/by_vendor.ko"
json '.reason == "vendor" and .loads' "it loads"
exits 0 "why of another build" --json why --cert="$work/signer.crt" "$work/build2.ko"
exits 1 "why of another name" --json why --cert="$work/signer.crt" "$work/other_name.ko"
json '.reason == "not-approved"' "another name is not approved"
exits 1 "why of another signer" --json why --cert="$work/other_signer.crt" "$work/by_other.ko"
sed 's/A module for tests/A module for tEsts/' "$work/by_vendor.ko" >"$work/tampered.ko"
exits 1 "why of a module that was changed after signing" --json why "$work/tampered.ko"
json '.reason == "not-approved"' "the vendor did not sign that"
exits 1 "why of an unsigned build" --json why "$work/mg_one.ko"
# With the signer's certificate in it.
cp "$work/mg_one.ko" "$work/chained.ko"
(
	# shellcheck disable=SC2317 # sign_module calls it
	openssl() {
		local arguments=() word
		for word; do [ "$word" = -nocerts ] || arguments+=("$word"); done
		command openssl "${arguments[@]}"
	}
	sign_module "$work/chained.ko" "$work/signer.key" "$work/signer.crt" -noattr
)
exits 1 "why of a signature with certificates" --json why --cert="$work/signer.crt" "$work/chained.ko"
json '.reason == "not-approved"' "chains are not followed"
exits 1 "why, for people" why --cert="$work/signer.crt" "$work/chained.ko"
says "with certificates in it, so it is nobody's" "it says so"
promoted state=closed
exits 6 "why, closed" --json why --cert="$work/signer.crt" "$work/by_vendor.ko"
json '.reason == "closed"' "closed is before the vendor"
promoted mode=signed
exits 0 "why, mode signed" --json why --cert="$work/signer.crt" "$work/by_vendor.ko"
json '.reason == "vendor"' "a vendor is enough for mode signed"

# A module with its rebuilds: name and signer, not the digest.
fresh
mkdir -p "$updates"
cp "$work/by_vendor.ko" "$updates/mg_one.ko"
exits 1 "rebuilds of an unsigned module" approve --rebuilds "$work/mg_one.ko"
says "not signed" "it says that it is not signed"
exits 1 "rebuilds without a certificate" approve --rebuilds mg_one
says "--cert=FILE" "it says how to name the certificate"
exits 1 "rebuilds of a signature with certificates" approve --rebuilds --cert="$work/signer.crt" "$work/chained.ko"
says "chains are not followed" "it says why"
exits 6 "rebuilds" --json approve --passphrase-fd=3 --rebuilds --cert="$work/signer.crt" mg_one
json ".vendors == [{\"vendor\": \"CN = test signer\", \"certificate\": \"$cert\", \"names\": \"mg_one\", \"key_on_disk\": null}] and .approved == []" \
	"it approves the signer for this name, and no digest"
exits 0 "rebuilds again" approve --passphrase-fd=3 --rebuilds --cert="$work/signer.crt" mg_one
exits 0 "list of rebuilds" --json list
json '[.[] | [.kind, .name]] == [["vendor", "mg_one"]]' "the list has the rule only"

# The key of DKMS is found by itself, and lies readable on the machine.
mkdir -p "$root/var/lib/dkms"
openssl x509 -in "$work/signer.crt" -outform DER -out "$root/var/lib/dkms/mok.pub"
cp "$work/signer.key" "$root/var/lib/dkms/mok.key"
fresh_dkms() {
	fresh
	mkdir -p "$updates" "$root/var/lib/dkms"
	cp "$work/by_vendor.ko" "$updates/mg_one.ko"
	openssl x509 -in "$work/signer.crt" -outform DER -out "$root/var/lib/dkms/mok.pub"
	cp "$work/signer.key" "$root/var/lib/dkms/mok.key"
}
fresh_dkms
exits 6 "rebuilds, with the key of DKMS" approve --passphrase-fd=3 --rebuilds mg_one
says "whoever is root here can sign such a module" "it warns that the key lies on the disk"

# Taking it back.
exits 6 "revoke by the name" --json revoke --passphrase-fd=3 mg_one
json '.vendors[0].names == "mg_one" and .vendors[0].list' "the rule is taken off"
exits 0 "list after that" --json list
json '. == []' "nothing is left"
m approve --passphrase-fd=3 --rebuilds mg_one
m approve --passphrase-fd=3 --vendor="$work/signer.crt" --name='mg_t*'
m approve --passphrase-fd=3 "$work/mg_two.ko"
exits 6 "revoke one pattern of a vendor" revoke --passphrase-fd=3 --vendor="$work/signer.crt" --name='mg_t*'
says "from the next start on" "it says when"
exits 0 "list after one pattern" --json list
json '[.[].name] == ["mg_two", "mg_one"]' "the other entries stay"
exits 6 "revoke a vendor by its digest" revoke --passphrase-fd=3 --vendor="$cert"
exits 0 "list after the vendor" --json list
json '[.[].name] == ["mg_two"]' "the module that was approved by itself stays"
exits 1 "revoke a vendor that is not there" revoke --passphrase-fd=3 --vendor="$cert"
says "approves no such vendor" "it says so"
exits 0 "verify after all that" verify

# What was refused, and then approved with its rebuilds.
fresh_dkms
state
in_force "$etc/staged/local-1.policy" "$etc/staged/owner-1.list"
event 1 "$(sha384 "$work/by_vendor.ko")" mg_one not-approved "$updates/mg_one.ko"
exits 0 "pending" --json pending
json '.[0].state == "pending"' "it is pending"
m approve --passphrase-fd=3 --rebuilds 1
exits 0 "pending after approval" --json pending
json '.[0].state == "approved (restart needed)"' "it waits for the restart"
exits 6 "status after approval" --json status
json '.pending == 0' "status counts it no more"
