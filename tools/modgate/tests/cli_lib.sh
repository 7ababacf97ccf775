# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# For the parts of cli.sh: results, a root folder, modules, a kernel of plain
# files.

: "${here:?}" "${tool:?}" "${work:?}"

# The exit status of the tool, which m() sets.
status=0
release=$(uname -r)
root=$work/root
kernel=$root/sys/kernel/security/modgate
# shellcheck disable=SC2034 # who sources this has it
etc=$root/etc/modgate

# tap GOOD NAME: one result line; GOOD is 0 if it is good.
tap() {
	count=$((count + 1))
	if [ "$1" = 0 ]; then
		echo "ok $count - $2"
	else
		echo "not ok $count - $2"
		sed 's/^/# /' "$work/out" "$work/err"
		failed=$((failed + 1))
	fi
}

# m ARGUMENTS: run the tool; its output is in $work/out and $work/err.
m() {
	"$tool" --root="$root" "$@" >"$work/out" 2>"$work/err" 3<"$work/pass"
	status=$?
}

# exits STATUS NAME ARGUMENTS: run the tool, which has to exit so.
exits() {
	local want=$1 name=$2

	shift 2
	m "$@"
	[ "$status" = "$want" ] || echo "exit $status, expected $want" >>"$work/err"
	[ "$status" = "$want" ]
	tap $? "$name: exit $want"
}

# says TEXT NAME: the last output has to contain this.
says() {
	grep -qF -- "$1" "$work/out" "$work/err"
	tap $? "$2"
}

# json FILTER NAME: jq has to find this true of the last output.
json() {
	[ -s "$work/out" ] && jq -e "$1" "$work/out" >/dev/null 2>>"$work/err"
	tap $? "$2"
}

# acts: has the last output anything in it that a terminal acts on?
acts() {
	cat "$work/out" "$work/err" |
		LC_ALL=C grep -qP '[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]'
}

# harmless NAME: it has nothing of that.
harmless() {
	! acts
	tap $? "$1"
}

# strict NAME: likewise, and it is JSON also for who takes nothing but UTF-8.
strict() {
	[ -s "$work/out" ] && jq -e . "$work/out" >/dev/null 2>>"$work/err" &&
		iconv -f UTF-8 -t UTF-8 "$work/out" >/dev/null 2>>"$work/err" && ! acts
	tap $? "$1"
}

sha384() {
	sha384sum "$1" | cut -d' ' -f1
}

# A root folder as init leaves it; made once, copied for each part.
fresh() {
	rm -rf "$root"
	cp -a "$work/template" "$root"
}

# make_module NAME [RELEASE [DEPENDS]]: a module without code, in $work.
make_module() {
	cat >"$work/$1.c" <<-END
	#define INFO(n, s) static const char n[] \\
		__attribute__((used, section(".modinfo"), aligned(1))) = s
	INFO(a, "license=GPL");
	INFO(b, "description=A module for tests");
	INFO(c, "version=1.0");
	INFO(d, "name=$1");
	INFO(e, "depends=${3:-}");
	INFO(f, "vermagic=${2:-$release} SMP mod_unload ");
	END
	cc -c -o "$work/$1.ko" "$work/$1.c"
}

# append_signature FILE MESSAGE: as sign-file does.
append_signature() {
	local size

	size=$(stat -c %s "$2")
	{
		cat "$2"
		# shellcheck disable=SC2059
		printf "\\0\\0\\2\\0\\0\\0\\0\\0$(printf '\\x%02x' \
			$((size >> 24)) $((size >> 16 & 255)) \
			$((size >> 8 & 255)) $((size & 255)))"
		echo '~Module signature appended~'
	} >>"$1"
}

# sign_module FILE KEY CERT [OPTIONS]: sign, and append the signature.
sign_module() {
	openssl cms -sign -binary -nocerts -outform DER -md sha512 \
		-signer "$3" -inkey "$2" -in "$1" -out "$1.p7s" "${@:4}" \
		2>/dev/null || return 1
	append_signature "$1" "$1.p7s"
}

# make_key NAME: an unencrypted key and its certificate, in $work.
make_key() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-384 -nodes \
		-keyout "$work/$1.key" -out "$work/$1.crt" -subj "/CN=test $1" \
		-days 3650 -sha384 2>/dev/null
}

# state KEY=VALUE...: what the kernel says, with these changes.
state() {
	local pair

	mkdir -p "$kernel"
	rm -f "$kernel/load"
	cat >"$kernel/state" <<-END
	state=sealed
	ended-by=seal
	boot-kind=normal
	provisioned=yes
	anchor=loaded
	policy=yes
	mode=listed
	enforcing=yes
	missing-lists=0
	freshness=none
	machine=none
	tpm=none
	pcr=-
	last=yes
	lockdown=yes
	force=-
	acpi-tables=refused
	kexec=refused
	anchor-digest=$("$tool" --root="$root" key --pin | cut -d= -f2)
	measured=0
	measure-errors=0
	pcr-changed=0
	system-keys=usable
	refused=0
	revoked=0
	error=-
	END
	for pair; do
		sed -i "s|^${pair%%=*}=.*|$pair|" "$kernel/state"
	done
	: >"$kernel/events"
	: >"$kernel/policy"
	: >"$kernel/lists"
	: >"$kernel/load"
	: >"$kernel/seal"
	: >"$kernel/revoke"
	: >"$kernel/close"
	echo "lines=0 lost=0 sha384=$(printf '%096d' 0)" >"$kernel/receipt"
	: >"$kernel/log"
}

# for_users: what the kernel shows to who is not root.
for_users() {
	sed -i -E '/^(anchor-digest|machine-name|measured|measure-errors|pcr-changed|system-keys|refused|revoked|error)=/d' \
		"$kernel/state"
	rm -f "$kernel"/{policy,lists,events,log}
}

# in_force POLICY LIST: the kernel has these documents in force.
in_force() {
	local owner generation

	owner=$("$tool" --root="$root" --json key | grep digest | tail -1 |
		cut -d'"' -f4)
	generation=${2##*-}
	generation=${generation%.list}
	cat >"$kernel/policy" <<-END
	mode=listed
	flags=-
	generation=1
	created=0
	digest=$(sha384 "$1")
	signer=-
	authorities=1
	END
	echo "name=owner authority=$owner roles=approve,vendor,ban required=yes" \
		"floor=1 loaded=yes generation=$generation created=0" \
		"digest=$(sha384 "$2") exclusive=no modules=0 vendors=0 bans=0" \
		>"$kernel/lists"
}

# event SEQ DIGEST NAME REASON [PATH]: the kernel has refused this.
event() {
	echo "seq=$1 time=10.000000 last=20.000000 count=2 op=module" \
		"verdict=deny reason=$4 digest=$2 name=$3 pid=77 uid=0" \
		"comm=modprobe path=${5:--}" >>"$kernel/events"
}

# until_true COMMAND...: within thirty seconds it succeeds.
until_true() {
	local n

	for ((n = 0; n < 300; n++)); do
		"$@" 2>/dev/null && return
		sleep 0.1
	done
	return 1
}

# end_all: what runs in the background, or is stopped there.
end_all() {
	local pids

	mapfile -t pids < <(jobs -p)
	[ ${#pids[@]} = 0 ] || kill -KILL "${pids[@]}" 2>/dev/null
}

# flip FILE OFFSET: change one bit.
flip() {
	local byte

	byte=$(od -An -tu1 -j"$2" -N1 "$1")
	# shellcheck disable=SC2059
	printf "\\x$(printf %02x $((byte ^ 1)))" |
		dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}

# sanitized: was the tool built with a sanitizer?
sanitized() {
	grep -q 'lib[a-z]*san' <(ldd "$tool") || grep -q __asan_init <(nm "$tool" 2>/dev/null)
}

# can_crash: a sanitizer does not go with being preloaded to crash.
can_crash() {
	! sanitized || return
	cc -shared -fPIC -O1 -Wall -D_GNU_SOURCE -o "$work/crash.so" "$here/crash.c"
	tap $? "crash.c builds"
}

prepare() {
	rm -rf "$work"
	mkdir -p "$root/etc" "$root/lib/modules/$release/updates"
	# Some machines have it so.
	chmod 700 "$root/lib/modules"
	printf 'correct horse\n' >"$work/pass"
	: >"$work/out"
	: >"$work/err"
	make_module mg_one
	make_module mg_two
	make_module mg_other 1.2.3-other
	make_key signer
	"$tool" --root="$root" init --passphrase-fd=3 >"$work/init" \
		2>"$work/err" 3<"$work/pass"
	tap $(($? != 6)) "init makes what the other tests need"
	cp -a "$root" "$work/template"
}
