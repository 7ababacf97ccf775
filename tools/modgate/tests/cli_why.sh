# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# cli.sh: what why advises is carried out, for every kind of module, entry and mode;
# after a restart the module loads, or why had said that nothing helps.

: "${etc:?}" "${kernel:?}" "${root:?}" "${status:?}" "${tool:?}" "${work:?}"

make_key other_vendor

# A module of each kind: unsigned, by a vendor, by somebody else, changed after the
# vendor signed it, with a broken signature.
kinds=(unsigned vendor other changed broken)
# With a sanitizer it takes minutes; two kinds come through all of the code.
! sanitized || kinds=(vendor broken)
make_kind() {
	cp "$work/mg_one.ko" "$1.ko"
	printf '%s %s' "$2" "$1" >>"$1.ko"
	case $2 in
	vendor) sign_module "$1.ko" "$work/signer.key" "$work/signer.crt" -noattr ;;
	other) sign_module "$1.ko" "$work/other_vendor.key" "$work/other_vendor.crt" -noattr ;;
	changed)
		sign_module "$1.ko" "$work/signer.key" "$work/signer.crt" -noattr
		sed -i 's/A module for tests/A module for tEsts/' "$1.ko"
		;;
	broken)
		sign_module "$1.ko" "$work/signer.key" "$work/signer.crt" -noattr
		truncate -s -30 "$1.ko"
		printf '~Module signature appended~\n' >>"$1.ko"
		;;
	esac
}

# after_restart: what is staged is in force, as the kernel would say it.
after_restart() {
	local policy mode

	mv "$etc"/staged/* "$etc/active" 2>/dev/null
	policy=$(printf '%s\n' "$etc"/active/local-*.policy | sort -V | tail -n 1)
	mode=$(od -An -tu4 -j140 -N4 "$policy" | tr -d ' ')
	state "mode=$(sed -n "${mode}p" <<<$'system\nsigned\nlisted')"
	in_force "$policy" "$(printf '%s\n' "$etc"/active/owner-*.list | sort -V | tail -n 1)"
}

# carry_out COMMANDS: by a shell, but for the restart.
carry_out() {
	bash -c "modgate() { \"\$TOOL\" --root=\"\$ROOT\" \"\$@\" --passphrase-fd=3 3<\"\$PASS\"; }
		${1%, then restart}" >"$work/out" 2>"$work/err"
}
export TOOL=$tool ROOT=$root PASS=$work/pass

advice() {
	local kind=$1 entry=$2 mode=$3 module=$work/why_$1_$2.ko remedy

	fresh
	make_kind "${module%.ko}" "$kind"
	[ "$entry" != rule ] || m approve --passphrase-fd=3 --vendor="$work/signer.crt" --name=mg_one
	case $entry in
	listed | banned) m approve --passphrase-fd=3 "$(sha384 "$module")" --unseen ;;
	esac
	case $entry in
	banned) m ban --passphrase-fd=3 "$(sha384 "$module")" ;;
	signer) m ban --passphrase-fd=3 --signer="$work/signer.crt" ;;
	esac
	[ "$mode" = listed ] || m mode "$mode" --passphrase-fd=3
	after_restart
	m --json why "$module"
	remedy=$(jq -r '.remedy // "-"' "$work/out")
	case $remedy in
	-) [ "$status" = 0 ] ;;
	none:* | "install the module anew") [ "$kind" = broken ] && [ "$status" = 1 ] ;;
	*", then restart")
		carry_out "$remedy"
		after_restart && m --json why "$module" && [ "$status" = 0 ]
		;;
	*) false ;;
	esac
	tap $? "why $kind, $entry, $mode: $remedy"
	rm -f "$module"
}

for kind in "${kinds[@]}"; do
	for entry in listed rule neither banned signer; do
		for mode in system signed listed; do
			advice "$kind" "$entry" "$mode"
		done
	done
done

# The kernel's own keys are lost: what is signed may be its own, what is not is not.
fresh
after_restart
for kind in other unsigned; do
	make_kind "$work/why_lost_$kind" "$kind"
done
sed -i 's/^system-keys=.*/system-keys=lost/' "$kernel/state"
m why "$work/why_lost_other.ko"
says "restart, then ask again: the kernel's own keys" "why: without the kernel's own keys, a signed module"
m why "$work/why_lost_unsigned.ko"
says "modgate approve " "why: without the kernel's own keys, an unsigned one"
m ban --passphrase-fd=3 "$(sha384 "$work/why_lost_other.ko")"
after_restart
sed -i 's/^system-keys=.*/system-keys=lost/' "$kernel/state"
m why "$work/why_lost_other.ko"
says "modgate ban --remove" "why: without the kernel's own keys, a banned one"
rm "$work"/why_lost_*.ko

# What cannot be known here is an answer of its own: what it is, and how to know it. The
# keyrings are those of another machine.
fresh
m approve --passphrase-fd=3 --vendor="$work/signer.crt" --name=mg_one
after_restart
for kind in unsigned vendor other; do
	make_kind "$work/why_unsure_$kind" "$kind"
done
m why "$work/why_unsure_unsigned.ko"
[ "$status" = 1 ] && ! grep -qE "^  unsure|as far as" "$work/out"
tap $? "why: what is not signed is surely not the kernel's own"
m why "$work/why_unsure_vendor.ko"
says "whether the kernel's own key signed it: the kernel's keyrings cannot be searched from here; run it as root" \
	"why: what a vendor signed may be signed by the kernel's own key; and how to know"
! grep -q "as far as" "$work/out"
tap $? "why: it loads in any case"
exits 1 "why of what somebody else signed" why "$work/why_unsure_other.ko"
says "would not load, as far as is known here" "why: it may be the kernel's own, and load"
m --json why "$work/why_unsure_other.ko"
json '.loads == false and .loads_unsure and .reason == "not-approved"' "why: JSON says so"
event 1 "$(sha384 "$work/why_unsure_other.ko")" mg_one not-approved
m --json why "$work/why_unsure_other.ko"
json '.loads == false and (.loads_unsure | not) and .unsure == null' \
	"why: once the kernel has refused it as not approved, it is surely not its own"
: >"$kernel/events"
m ban --passphrase-fd=3 "$(sha384 "$work/why_unsure_other.ko")"
after_restart
m --json why "$work/why_unsure_other.ko"
json '.reason == "banned" and .unsure == null' "why: a ban decides, whoever signed it"
m ban --passphrase-fd=3 --remove "$(sha384 "$work/why_unsure_other.ko")"
m mode system --passphrase-fd=3
after_restart
m --json why "$work/why_unsure_vendor.ko"
json '.loads == false and .loads_unsure and .reason == "mode"' \
	"why: in mode system it matters whether the kernel's own key signed it"

# Likewise where it is not modgate that asks who signed it.
m mode listed --passphrase-fd=3
after_restart
mkdir -p "$root/sys/module/module/parameters"
echo Y >"$root/sys/module/module/parameters/sig_enforce"
m why "$work/why_unsure_vendor.ko"
says "whether the kernel knows the signer, as is demanded by module.sig_enforce; run it as root" \
	"why: the kernel demands a signer that it knows; whether it does is not known"
says "would load, as far as is known here" "why: so it may not load"
rm -r "$root/sys/module/module"

# What a user is told is what is in active/.
for_users
m why "$work/why_unsure_unsigned.ko"
says "taken from active/; run it as root" "why: not root: what is in force is taken from active/"
says "would not load, as far as is known here" "why: not root: it may be otherwise"
rm "$work"/why_unsure_*.ko

# A signature of which the kernel may not be able to say that no banned key made it.
fresh
make_kind "$work/why_sha1" unsigned
make_kind "$work/why_sha512" unsigned
sign_module "$work/why_sha1.ko" "$work/signer.key" "$work/signer.crt" -noattr -md sha1
sign_module "$work/why_sha512.ko" "$work/signer.key" "$work/signer.crt" -noattr
for name in sha1 sha512; do
	m approve --passphrase-fd=3 "$work/why_$name.ko"
done
after_restart
m --json why "$work/why_sha1.ko"
json '.reason == "approved" and (.loads_unsure | not)' "why: while no key is banned, an unusual signature does not matter"
m ban --passphrase-fd=3 --signer="$work/other_vendor.crt"
after_restart
m --json why "$work/why_sha1.ko"
json '.loads and .loads_unsure' "why: once a key is banned, it does"
m --json why "$work/why_sha512.ko"
json '.loads and (.loads_unsure | not)' "why: a usual one does not"
rm "$work"/why_sha1.ko* "$work"/why_sha512.ko*
