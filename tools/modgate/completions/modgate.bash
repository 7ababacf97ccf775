# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# bash completion for modgate(8).

_modgate_names() {
	find "/lib/modules/$(uname -r)" -name '*.ko*' -printf '%f\n' 2>/dev/null |
		sed 's/\.ko.*//'
}

_modgate() {
	local cur prev verb word i
	local verbs="init status pending watch why approve baseline revoke ban list diff restart boot rebuild receipt verify doctor mode key recovery"
	local global="--root= --securityfs= --json --passphrase-fd= --help --version"

	COMPREPLY=()
	cur=${COMP_WORDS[COMP_CWORD]}
	prev=${COMP_WORDS[COMP_CWORD - 1]}
	# "=" is a word of its own.
	[ "$cur" = "=" ] && cur=
	if [ "$prev" = "=" ]; then
		prev=${COMP_WORDS[COMP_CWORD - 2]}
	fi
	for ((i = 1; i < COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		case " $verbs " in
		*" $word "*) verb=$word; break ;;
		esac
	done
	case $prev in
	--mode) mapfile -t COMPREPLY < <(compgen -W "system signed listed" -- "$cur"); return ;;
	--freshness) mapfile -t COMPREPLY < <(compgen -W "tpm none" -- "$cur"); return ;;
	--key | --anchor-key) mapfile -t COMPREPLY < <(compgen -W "file tpm" -- "$cur"); return ;;
	--root | --securityfs | --export | --run) mapfile -t COMPREPLY < <(compgen -d -- "$cur"); return ;;
	--cert | --log | --motd | --vendor | --signer | --import | --output | --verify-quote | --attestation-key | --learn | --expect) mapfile -t COMPREPLY < <(compgen -f -- "$cur"); return ;;
	--boot | --diff) mapfile -t COMPREPLY < <(compgen -W "$(modgate receipt --history 2>/dev/null | cut -d ' ' -f 1)" -- "$cur"); return ;;
	--kernel) mapfile -t COMPREPLY < <(compgen -W "$(ls /lib/modules 2>/dev/null)" -- "$cur"); return ;;
	esac
	case $verb in
	"") word="$verbs $global" ;;
	init) word="--key= --anchor-key= --mode= --freshness= --audit --allow-kexec --stay-open $global" ;;
	pending) word="--kernel= $global" ;;
	watch) word="--new --motd= $global" ;;
	restart) word="--force $global" ;;
	why) word="--kernel= --cert= $global" ;;
	approve) word="--all-pending --on-demand --permanent --rebuilds --vendor= --unseen --name= --kernel= --cert= --generation= $global" ;;
	baseline) word="--all --loaded --kernel= $global" ;;
	ban) word="--signer= --import= --remove --kernel= --generation= $global" ;;
	revoke) word="--keep-loaded --kernel= --generation= --vendor= --name= $global" ;;
	mode) word="--audit --enforce --allow-kexec --refuse-kexec --auto-close --stay-open $global" ;;
	verify) word="--log --log= --repair --generation= --policy-generation= $global" ;;
	list) word="--full $global" ;;
	rebuild) word="--no-close --close --force $global" ;;
	receipt) word="--check --verify --history --file --boot= --diff= --quote= --output= --attestation-key --attestation-key= --verify-quote= --nonce= --pcr= --learn= --expect= $global" ;;
	boot) word="--no-seal --run= $global" ;;
	key) word="--show --pin --export= --change-passphrase --rotate --key= --seal-anchor --unseal-anchor $global" ;;
	*) word=$global ;;
	esac
	case $verb:$cur in
	*:-* | :*) mapfile -t COMPREPLY < <(compgen -W "$word" -- "$cur") ;;
	why:* | approve:* | ban:*) mapfile -t COMPREPLY < <(compgen -W "$(_modgate_names)" -- "$cur"; compgen -f -- "$cur") ;;
	revoke:*) mapfile -t COMPREPLY < <(compgen -W "$(modgate list 2>/dev/null | awk 'NR > 1 { print $1 }')" -- "$cur"; compgen -f -- "$cur") ;;
	mode:*) mapfile -t COMPREPLY < <(compgen -W "system signed listed" -- "$cur") ;;
	baseline:*) mapfile -t COMPREPLY < <(compgen -W "$(_modgate_names)" -- "$cur") ;;
	diff:* | verify:*) mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
	esac
	case ${COMPREPLY[0]:-} in
	*=) compopt -o nospace ;;
	esac
}

complete -F _modgate modgate
