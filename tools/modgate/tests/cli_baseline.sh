# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# cli.sh: the third-party modules of a machine, and one approval for them.

: "${etc:?}" "${release:?}" "${root:?}" "${work:?}"

fresh
updates=$root/lib/modules/$release/updates
mkdir -p "$updates" "$root/proc" "$root/lib/modules/$release/kernel"
exits 0 "baseline of a machine without modules" baseline
says "No third-party module is loaded" "it says so"
cp "$work/mg_one.ko" "$work/mg_two.ko" "$updates"
make_module mg_cut
cp "$work/mg_cut.ko" "$updates"
sign_module "$updates/mg_cut.ko" "$work/signer.key" "$work/signer.crt" -noattr
flip "$updates/mg_cut.ko" $(($(stat -c %s "$updates/mg_cut.ko") - 60))
truncate -s -30 "$updates/mg_cut.ko"
printf '~Module signature appended~\n' >>"$updates/mg_cut.ko"
cp "$work/mg_one.ko" "$root/lib/modules/$release/kernel/not_loaded.ko"
printf '%s 16384 0 - Live 0x0\n' mg_two mg_gone >"$root/proc/modules"
exits 0 "baseline" --json baseline
json 'map({(.name): [.loaded, .state]}) | add | del(.mg_cut) ==
	{"mg_two": [true, "not approved"], "mg_gone": [true, "no file to be read"],
	"mg_one": [false, "not approved"]}' "baseline finds what is loaded, and what is installed outside of kernel/"
json 'any(.state == "cannot be approved" and (.why | contains("signature is broken")))' \
	"baseline says what cannot be approved, and why"
exits 0 "baseline as text" baseline
says "mg_one" "baseline has a table"
says "--loaded" "and says how to go on"
exits 2 "all, and loaded" baseline --all --loaded
exits 2 "loaded, of another kernel" baseline --loaded --kernel=1.2.3-other
exits 2 "all, and a name" baseline --all mg_one
exits 1 "a name that is not there" baseline --passphrase-fd=3 mg_nothing
says "mg_nothing: not a third-party module" "it says which"
exits 1 "a module without a file" baseline --passphrase-fd=3 mg_gone
exits 1 "a module that cannot be approved" baseline --passphrase-fd=3 mg_cut
says "cannot be approved: its signature is broken" "it says why"
exits 6 "approve what is loaded" baseline --passphrase-fd=3 --loaded
exits 0 "list" --json list
json '[.[].name] == ["mg_two"]' "what is loaded is approved, and nothing else"
exits 0 "baseline after that" --json baseline
json '[.[] | select(.name == "mg_two") | .state] == ["approved (restart needed)"]' "it waits for a restart"
exits 6 "approve one by its name" --json baseline --passphrase-fd=3 mg-one
json '[.approved[].name] == ["mg_one"]' "it says what was approved, as approve does"
exits 0 "approve all, when nothing is left" baseline --passphrase-fd=3 --all
says "nothing to approve" "it says so"
fresh
mkdir -p "$updates" "$root/proc"
cp "$work/mg_one.ko" "$work/mg_two.ko" "$updates"
exits 6 "approve all" baseline --passphrase-fd=3 --all
exits 0 "list of all" --json list
json '[.[].name] | sort == ["mg_one", "mg_two"]' "all are approved at once"
json '[.[].generation] | unique | length == 1' "with one list"
exits 0 "baseline of another kernel" --json baseline --kernel=1.2.3-other
json '. == []' "there is nothing for it"
rm -rf "$etc"
exits 5 "baseline of a machine without keys" baseline
