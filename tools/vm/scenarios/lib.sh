# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Sourced by every scenario, on the host of the guests: test keys, documents and
# modules, and guests that run a script. Prints TAP.
#
# A scenario's argument is the kernel series (default 7.3). It runs in a scratch folder
# that the guest sees as well.

set -euo pipefail
shopt -s inherit_errexit

scenarios=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
top=$(cd "$scenarios/../../.." && pwd)
vm=$top/tools/vm/vm
mkdoc=$top/tools/modgate/tests/mkdoc
# The tool built with a cheap passphrase hash.
bin=$top/tools/modgate/build/quick
export MODGATE_TOOL=$bin/modgate
series=${1:-7.3}
flock "$top/tools/modgate" make -s -C "$top/tools/modgate" all tests build/quick/modgate >&2
tree=$("$vm" path --kernel "$series")
cache=${MODGATE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/modgate}
mkdir -p "$cache/scenarios"
work=$(readlink -f "$(mktemp -d "$cache/scenarios/XXXXXX")")
tpm_pid=
trap '[ -z "$tpm_pid" ] || kill "$tpm_pid" 2>/dev/null; rm -rf "$work"' EXIT
# unix(7): a socket's path has at most 107 bytes.
[ ${#work} -lt 98 ] || { echo "$work: too long a path for a socket; set MODGATE_CACHE" >&2; exit 1; }
cd "$work"

# Counters of tests and of boots. They are files, since checks also run in subshells.
echo 0 >count
echo 0 >boots

skip() {
	echo "ok 1 # SKIP $1"
	exit 0
}

# Skips a test in which a debugging kernel, five times as slow, would find nothing new.
not_debugging() {
	[ "${MODGATE_VARIANT:-default}" = default ] || skip "not for variant $MODGATE_VARIANT"
}

# For tests of the tool, or of what is the same in both series.
any_kernel() {
	not_debugging
	[ "$series" = 7.3 ] || [ "${MODGATE_LONG:-}" ] || skip "in check-long only"
}

# next COUNTER: raises it and prints it.
next() {
	local n
	n=$(($(cat "$work/$1") + 1))
	echo "$n" | tee "$work/$1"
}

# check NAME EXPECTED ACTUAL: EXPECTED is a pattern.
check() {
	local n
	n=$(next count)
	echo "$1" >>"$work/names"
	# shellcheck disable=SC2053
	if [[ $3 == $2 ]]; then
		echo "ok $n - $1"
	else
		echo "not ok $n - $1"
		echo "# expected: $2"
		echo "# got:      ${3//$'\n'/$'\n'# }"
	fi
}

# Runs the script on stdin in a guest, with the helpers of guest.sh and of
# $helpers. Arguments go to "vm run", or to the verb of vm that $guest names. Its checks
# are numbered with the others, and named by the boot. The guest must end with status
# $ends (default 0).
guest() {
	local status=0 boot line
	boot=$(next boots)
	{
		printf 'work=%q top=%q bin=%q tree=%q\n' "$work" "$top" "$bin" "$tree"
		cat "$scenarios/guest.sh"
		echo "${helpers:-}"
		cat
		echo 'echo "# the end of the script"'
	} >"$work/script"
	"$vm" "${guest:-run}" --kernel "$series" "$@" -- bash "$work/script" >"$work/output" 2>&1 || status=$?
	# tools/vm/check looks there for complaints of the kernel.
	if [ -n "${MODGATE_CONSOLES:-}" ] && [ -s "$work/console" ]; then
		cat "$work/console" >>"$MODGATE_CONSOLES/console.log"
	fi
	while IFS= read -r line; do
		if [[ $line =~ ^(not\ )?ok\ -\  ]]; then
			line=${line/ok - /ok $(next count) - boot $boot: }
			echo "${line#*ok * - }" >>"$work/names"
		fi
		printf '%s\n' "$line"
	done <"$work/output"
	[ "$status" -eq "${ends:-0}" ] || check "boot $boot: the guest ends with the expected status" "${ends:-0}" "$status"
	[ "$status" -ne 0 ] || grep -qx '# the end of the script' "$work/output" ||
		check "boot $boot: the guest's script runs to its end" yes no
}

# Starts a person who does the steps on stdin (see person.py) at the console of the next
# machine, which is started with --serial "$work/serial".
person_comes() {
	cat >steps
	"$scenarios/person.py" "$work/serial" <steps >screen &
	person=$!
}

# person_goes NAME: after the machine has ended.
person_goes() {
	local seen=0
	wait "$person" || seen=$?
	rm -f "$work/serial"
	check "$1: the person sees what is expected" 0 "$seen"
	[ $seen -eq 0 ] || tail -n 40 screen | tr -d '\0\r' | sed 's/^/# /'
}

# person NAME STATUS OPTION...: a person who does the steps on stdin at the console of a
# guest, which must end with STATUS.
person() {
	local name=$1 want=$2 status=0
	shift 2
	person_comes
	"$vm" "${guest:-run}" --kernel "$series" --serial "$work/serial" --timeout 600 "$@" -- true \
		>"$work/output" 2>&1 || status=$?
	person_goes "$name"
	check "$name: the machine ends with status $want" "$want" "$status"
}

# Ends a scenario. Every test must have a name of its own.
finish() {
	check "each test name is given once" "" "$(sort "$work/names" | uniq -d)"
	echo "1..$(cat "$work/count")"
}

digest() { sha384sum "$1" | cut -d ' ' -f 1; }

# A signing key and certificate NAME.key, NAME.pem, NAME.der.
make_key() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-384 -nodes -days 3650 \
		-subj "/CN=modgate test $1" -keyout "$1.key" -out "$1.pem" 2>/dev/null
	openssl x509 -in "$1.pem" -outform DER -out "$1.der"
}

# pin NAME: what pins certificate NAME, for the kernel's command line.
pin() { echo "modgate.anchor=$(openssl x509 -in "$1.pem" -outform DER | sha384sum | cut -d ' ' -f 1)"; }

# policy FILE GENERATION [OPTION...]: signed by the anchor; bundle FILE.bundle.
policy() {
	local file=$1 generation=$2
	shift 2
	"$mkdoc" policy --key anchor.key --cert anchor.pem --generation "$generation" "$@" \
		--out "$file" --bundle "$file.bundle"
}

# list FILE SIGNER GENERATION [OPTION...]
list() {
	local file=$1 signer=$2 generation=$3
	shift 3
	"$mkdoc" list --key "$signer.key" --cert "$signer.pem" --generation "$generation" "$@" \
		--out "$file" --bundle "$file.bundle"
}

# shellcheck disable=SC2034
owner_authority=owner,owner.pem,approve+vendor+ban,required,1,0,1

# build_modules DIR [VARIABLE=VALUE...]: builds against the kernel's tree, locked so that
# no other checkout rebuilds it meanwhile. Results are cached by everything that goes in:
# the tree's stamp has the checksums of its configuration and symbols.
build_modules() {
	local dir=$1 kept
	shift
	{
		flock -s 6
		kept=$cache/modules/$({
			echo "${tree##*/} $*"
			cat "$tree/.modgate-stamp"
			(cd "$dir" && find . -type f -exec sha256sum {} + | LC_ALL=C sort)
		} | sha256sum | cut -c 1-24)
		if touch -c "$kept" && [ -d "$kept" ]; then
			cp -r "$kept/." "$dir"
			return
		fi
		make -s -C "$tree" M="$work/$dir" "$@" modules >build.log 2>&1 ||
			{ cat build.log >&2; return 1; }
	} 6<"$tree.lock"
	mkdir -p "$cache/modules"
	# Another run may remove them at the same time.
	find "$cache/modules" -mindepth 1 -maxdepth 1 -mtime +7 -exec rm -rf {} + 2>/dev/null || :
	cp -r "$dir" "$kept.$$"
	# Another run may have been faster.
	mv -T "$kept.$$" "$kept" 2>/dev/null || rm -r "$kept.$$"
}

# Builds the third-party test modules; one.ko and two.ko are copies of two of them.
make_modules() {
	cp -r "$top/selftests/modgate/test_modules" modules
	build_modules modules CONFIG_MODULE_SIG_ALL=
	cp modules/modgate_test_one.ko one.ko
	cp modules/modgate_test_two.ko two.ko
}

# sign MODULE KEY CERT OUT: signs as the kernel's build does.
sign() {
	"$tree/scripts/sign-file" sha512 "$2" "$3" "$1" "$4"
}

# system_module IN OUT: signs with the key that is built into the kernel.
system_module() {
	sign "$1" "$tree/certs/signing_key.pem" "$tree/certs/signing_key.x509" "$2"
}

# respell IN OUT: encodes the signature differently, with a trailing byte that the
# kernel's parser ignores.
respell() {
	perl -e 'undef $/; $_ = <>; $size = unpack "N", substr $_, -32, 4;
		substr($_, -40, 12) = "\0" . substr($_, -40, 8) . pack("N", $size + 1); print' "$1" >"$2"
}

# flip IN OUT: changes one bit, inside the text that modinfo shows.
flip() {
	local at
	at=$(grep -obaF -m 1 'Test module' "$1" | sed -n 1p | cut -d : -f 1)
	cp "$1" "$2"
	printf 'U' | dd of="$2" bs=1 seek="$at" conv=notrunc status=none
}

# Builds load_module and load_document, for the guest and, in initramfs/, for its
# initramfs, which must run nothing of the real root.
build_programs() {
	local program
	mkdir -p initramfs/bin
	for program in load_module load_document; do
		gcc -static -O2 -Wall -I"$top/include/uapi" -o "$program" \
			"$top/selftests/modgate/$program.c"
		cp "$program" initramfs/bin/
	done
}

# put_programs DIR PROGRAM...: copies programs of this machine, with their libraries, for an
# initramfs.
put_programs() {
	local dir=$1 program file
	shift
	for program; do
		program=$(type -P "$program")
		for file in "$program" $(ldd "$program" | grep -o '/[^ ]*'); do
			cp -L --parents "$file" "$dir"
		done
	done
}

# prepare KEY...: test modules, the programs that load them, and keys.
prepare() {
	local key
	make_modules
	build_programs
	for key; do
		make_key "$key"
	done
}

# hand_over FILE...: ./early for an initramfs that hands these to the kernel.
hand_over() { printf 'cd /root%s\nload_document %s\n' "$work" "$*" >early; }

# told_pin: what tell_pin told in the guest, for the kernel's command line.
told_pin() { sed -n 's/^PIN //p' output; }

# reap PID: ends a program of ours that may have ended by itself. Its status means
# nothing: it was killed here, or other tests check what it did.
reap() {
	kill "$1" 2>/dev/null || :
	wait "$1" 2>/dev/null || :
}

# tpm DIR COMMAND...: runs COMMAND with the TPM in DIR switched on, while no machine is.
#
# The status of a TPM means nothing, since it was ended here or found its port taken;
# that of COMMAND counts.
tpm() {
	local dir=$1 port status=0 try pid
	shift
	mkdir -p "$dir"
	for ((try = 0; try < 20; try++)); do
		port=$((20000 + (RANDOM % 20000) * 2))
		swtpm socket --tpm2 --tpmstate dir="$dir" --flags not-need-init,startup-clear \
			--server type=tcp,port=$port,bindaddr=127.0.0.1 \
			--ctrl type=tcp,port=$((port + 1)),bindaddr=127.0.0.1 >tpm.log 2>&1 &
		pid=$!
		tpm_pid=$pid
		export TPM2TOOLS_TCTI=swtpm:host=127.0.0.1,port=$port
		for _ in $(seq 50); do
			kill -0 $pid 2>/dev/null || break
			# Another TPM may answer, on a port that was taken.
			! timeout 5 tpm2_getcap handles-persistent >/dev/null 2>&1 || ! kill -0 $pid 2>/dev/null || break 2
			sleep 0.05
		done
		reap $pid
	done
	# In "... || status=$?" the command would go on after a failure.
	set +e
	(set -e; "$@") >tpm.log 2>&1
	status=$?
	set -e
	reap $pid
	tpm_pid=
	[ $status -eq 0 ] || cat tpm.log >&2
	return $status
}

# The tool in the guest.
# shellcheck disable=SC2034
tool_helpers=$(cat <<'END'
# again COMMAND: prints how often the command ran, from the second time on.
declare -A times
again() {
	[ ${times[$1]} = 1 ] || echo " (${times[$1]})"
}

# tool STATUS ARGUMENT...: runs the tool, which must exit with STATUS; output in $said
secret() { exec 3<<<"a passphrase for tests"; }
secret
tool() {
	local want=$1 status=0
	shift
	secret
	said=$(modgate "$@" 2>&1) || status=$?
	times[$*]=$((${times[$*]:-0} + 1))
	check "modgate $*: exit status $want$(again "$*")" "$want" "$status"
	[[ $status == $want ]] || printf '%s\n' "$said" | sed 's/^/# /'
}
# tell_pin: to the host, which has it from told_pin.
tell_pin() {
	tool 0 key --pin
	echo "PIN $said"
}
END
)

# What an admin has in the guest: the tool, and the installed test modules.
# shellcheck disable=SC2034
admin_helpers=$(cat <<'END'
PATH=$bin:$PATH
extra=/lib/modules/$(uname -r)/updates
mkdir -p $extra
touch ${extra%/updates}/modules.{order,builtin,builtin.modinfo}
cp one.ko $extra/modgate_test_one.ko
cp two.ko $extra/modgate_test_two.ko
depmod 2>/dev/null
END
)$'\n'$tool_helpers
