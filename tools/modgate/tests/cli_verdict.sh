# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154,SC2034
#
# cli.sh: the cases of the verdict table, security/modgate/verdict_cases.h, as why sees them:
# with a policy, a list, a module and the kernel's files that make them true.

# in_words WORD WORDS: is it one of them?
in_words() { [[ " $2 " == *" $1 "* ]]; }

# Nobody signs without being known by it, and only what approves has a flag: on demand.
cannot_be() {
	{ in_words vendors "$2" && ! in_words signed "$2" && [ "$1" = signed ]; } ||
		{ in_words on-demand "$2" && ! in_words listed "$2" && ! in_words vendors "$2"; }
}

# make_fact_module FACTS: prints its path. The vendor may call two of them so.
make_fact_module() {
	local base=mg_one module=$work/is_${1// /_}.ko

	in_words vendors "$1" && base=mg_vendor
	in_words vendors "$1" && in_words on-demand "$1" && base=mg_demand
	if [ ! -e "$module" ]; then
		{ cat "$work/$base.ko"; printf '%s' "$1"; } >"$module"
		if in_words system "$1"; then
			sign_module "$module" "$work/system.key" "$work/system.crt" -noattr
		elif in_words signed "$1" || in_words vendors "$1"; then
			sign_module "$module" "$work/signer.key" "$work/signer.crt" -noattr
		fi
	fi
	echo "$module"
}

# case_state STATE POLICY LISTS MODE: what the kernel says.
case_state() {
	state "state=$1" "policy=$([ "$2" = 1 ] && echo yes || echo no)" \
		"missing-lists=$((1 - $3))" "mode=$4"
	cp "$work/lists_in_force" "$kernel/lists"
	[ "$2" = 0 ] || cp "$work/policy_in_force_$4" "$kernel/policy"
	[ "$2" = 1 ] || : >"$kernel/lists"
}

# What the kernel knows of it: that it was revoked, or that it is not the kernel's own.
case_event() {
	if in_words revoked "$2"; then
		event 1 "$(sha384 "$1")" mg_one revoked
	elif ! in_words system "$2"; then
		event 1 "$(sha384 "$1")" mg_one not-approved
	fi
}

make_module mg_vendor
make_module mg_demand
make_key system
fresh
"$mkdoc" cases >"$work/cases"
[ "$(wc -l <"$work/cases")" -ge 48 ]
tap $? "there are cases"

entries=()
while IFS='|' read -r name where policy lists mode facts reason allow vouch; do
	facts=${facts% }
	module=$(make_fact_module "$facts")
	flag=$(in_words on-demand "$facts" && echo ,on-demand)
	! in_words listed "$facts" || entries+=(--module "$(sha384 "$module")$flag")
	! in_words banned "$facts" || entries+=(--ban "$(sha384 "$module")")
done < <(sort -u -t '|' -k 6,6 "$work/cases")
for key in anchor owner; do
	openssl pkey -in "$etc/keys/$key.key" -passin "pass:correct horse" -out "$work/$key.key" \
		2>"$work/err"
done
rm -rf "$etc"/staged/* "$etc"/active/*
"$mkdoc" list --key "$work/owner.key" --cert "$etc/keys/owner.pem" --generation 2 "${entries[@]}" \
	--vendor "$work/signer.crt,0,mg_vendor" --vendor "$work/signer.crt,on-demand,mg_demand" \
	--out "$etc/active/owner-2.list" >"$work/out" 2>"$work/err"
tap $? "a list makes them true"
mkdir -p "$work/policies"
for mode in system signed listed; do
	"$mkdoc" policy --key "$work/anchor.key" --cert "$etc/keys/anchor.pem" --mode $mode \
		--authority "owner,$etc/keys/owner.pem,approve+vendor+ban,required,1,0,1" \
		--out "$work/policies/$mode" >"$work/out" 2>"$work/err"
	tap $? "a policy of mode $mode"
	state
	in_force "$work/policies/$mode" "$etc/active/owner-2.list"
	cp "$kernel/policy" "$work/policy_in_force_$mode"
done
cp "$kernel/lists" "$work/lists_in_force"

never=
while IFS='|' read -r name where policy lists mode facts reason allow vouch; do
	facts=${facts% }
	if cannot_be "$mode" "$facts"; then
		never+="$name; "
		continue
	fi
	module=$(make_fact_module "$facts")
	cp "$work/policies/$mode" "$etc/active/local-1.policy"
	cp "$work/policies/$mode.sig" "$etc/active/local-1.policy.sig"
	case_state "$where" "$policy" "$lists" "$mode"
	case_event "$module" "$facts"
	m --json why "$module"
	if [ "$reason" = system ]; then
		json '.unsure | startswith("whether the kernel'"'"'s own key signed it: ")' \
			"verdict by documents: $name: the keyrings would tell"
	else
		json ".reason == \"$reason\" and .allow == $allow and .vouch == $vouch and .unsure == null" \
			"verdict by documents: $name"
	fi
done <"$work/cases"
echo "$never" >"$work/out"
[ "$never" = "row 8: on demand is not approved; 6 unsigned before 7; " ]
tap $? "there are two more that no documents make"
rm -r "$work"/is_*.ko* "$work/policies"
