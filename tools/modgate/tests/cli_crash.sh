# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# cli.sh: killed at every step. tests/crash.c says what a step is.

: "${etc:?}" "${root:?}" "${status:?}" "${tool:?}" "${work:?}"

# crash SETUP CHECK ARGUMENTS: run the tool, killed at step 1, 2, ...
# until it gets through; CHECK has to hold after each. With CRASH_STRIDE only at
# every n-th step.
crash() {
	local setup=$1 check=$2 step bad=0 tried=0

	shift 2
	for ((step = 1; step < 200; step += ${CRASH_STRIDE:-1})); do
		"$setup"
		# The shell shall not report that it was killed.
		{ CRASH_AT=$step LD_PRELOAD=$work/crash.so m "$@"; } 2>/dev/null
		[ "$status" = 137 ] || break
		tried=$((tried + 1))
		if ! "$check" "$step" >"$work/check" 2>&1; then
			bad=$((bad + 1))
			cat "$work/check" >>"$work/crashes"
		fi
	done
	cp "$work/crashes" "$work/out"
	[ "$bad" = 0 ] && [ "$tried" -gt 1 ] && [[ $status = [06] ]]
	tap $? "$*: killed at $tried steps, each time all is well"
}

# The newest valid list on disk has to be one of these generations.
newest_is() {
	local got

	got=$("$tool" --root="$root" --json list | jq -r '[.[].generation] | max')
	case " $* " in
	*" $got "*) ;;
	*)
		echo "newest list is $got, expected one of $*"
		find "$etc" -type f
		return 1
		;;
	esac
}

# can_go_on: the next approval works, and then all is in order.
can_go_on() {
	m approve --passphrase-fd=3 --on-demand "$work/mg_one.ko"
	[ "$status" = 6 ] || { cat "$work/err"; return 1; }
	"$tool" --root="$root" verify || return 1
	! find "$etc" -name '*.tmp' | grep .
}

setup_init() {
	fresh
	rm -rf "$etc"
}

check_init() {
	m init --passphrase-fd=3
	# It may have been done but for showing the pin.
	[ "$status" = 6 ] || [ ! -e "$etc/keys/.init" ] || return 1
	"$tool" --root="$root" verify
}

setup_approve() {
	rm -rf "$root"
	cp -a "$work/one" "$root"
}

check_approve() {
	newest_is 2 3 && can_go_on
}

# The flag audit is set or not, and in either case the list is good.
check_mode() {
	local policies

	"$tool" --root="$root" verify || return 1
	policies=$(find "$etc" -name 'local-*.policy' -exec od -An -tu4 -j136 -N8 {} ';' | sort | tr -s ' \n' ' ')
	case $policies in " 4 3 " | " 4 3 5 3 ") ;; *) echo "policies: $policies"; return 1 ;; esac
	newest_is 2 && can_go_on
}

setup_boot() {
	setup_approve
	m approve --passphrase-fd=3 "$work/mg_two.ko"
	state state=boot
}

check_boot() {
	newest_is 3 && can_go_on
}

setup_passphrase() {
	setup_approve
	printf 'correct horse\nbattery staple\n' >"$work/pass"
}

# Each key opens with the one or the other.
check_passphrase() {
	local key pass good

	for key in anchor owner; do
		good=0
		for pass in "correct horse" "battery staple"; do
			openssl pkey -in "$etc/keys/$key.key" -noout \
				-passin "pass:$pass" 2>/dev/null && good=1
		done
		[ "$good" = 1 ] || return 1
	done
}

: >"$work/crashes"
if can_crash; then
	fresh
	m approve --passphrase-fd=3 "$work/mg_one.ko"
	mv "$etc"/staged/* "$etc/active"
	cp -a "$root" "$work/one"

	crash setup_approve check_approve approve --passphrase-fd=3 "$work/mg_two.ko"
	crash setup_approve check_approve ban --passphrase-fd=3 "$work/mg_two.ko"
	crash setup_approve check_mode mode --audit --passphrase-fd=3
	crash setup_boot check_boot \
		--securityfs="$root/sys/kernel/security" boot --run="$root/run"
	crash setup_passphrase check_passphrase key --change-passphrase \
		--passphrase-fd=3
	printf 'correct horse\n' >"$work/pass"
	crash setup_init check_init init --passphrase-fd=3
fi
