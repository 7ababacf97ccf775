#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# make check: build and test with gcc and clang, plain and under sanitizers, and
# fuzz for half a minute. LONG=1: kill the tool at every step, not at some, test
# everything under each compiler, look for leaks each time that the tool ends, and
# fuzz for 20 minutes each.
set -u
cd "$(dirname "$0")/.." || exit 2

log=build/check.log
mkdir -p build
# A library cannot be preloaded from every folder, and a path is not shown as it
# is if a shell would not take it so.
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
sanitize="-O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all \
-fno-omit-frame-pointer -DMODGATE_DUMPABLE"
# A good part of the time would go into passphrases.
cheap="-DSCRYPT_N=1024 -DSCRYPT_P=1"
export UBSAN_OPTIONS=print_stacktrace=1
leaks=1
if [ ! "${LONG:-}" ]; then
	export CRASH_STRIDE=7
	# That is half of what the tool takes; the library's own tests do it anyhow.
	leaks=0
fi

# result STATUS NAME: one line, and the log if it is bad.
result() {
	if [ "$1" = 0 ]; then
		echo "ok - $2"
	else
		echo "not ok - $2"
		tail -40 "$log" | sed 's/^/# /'
	fi
}

# part NAME COMMAND...: its result lines, under this name; it has to come to its
# plan.
part() {
	local name=$1

	shift
	"$@" >"$log" 2>"$log.err"
	sed -n -E "s/^(not ok|ok) [0-9]+ - /\\1 - $name: /p; /^#/p" "$log"
	grep -q '^1\.\.' "$log" && return
	cat "$log.err" >>"$log"
	result 1 "$name: comes to its end"
}

# variant NAME CC CFLAGS [PART...]: build and test one, or those parts of the tool.
variant() {
	local b=build/$1

	make -s B="$b" TOOL="$b/modgate" MKDOC="$b/mkdoc" CC="$2" CFLAGS="$3 $cheap" \
		"$b/modgate" "$b/mkdoc" "$b/document_test" "$b/load_test" "$b/device_test" \
		"$b/confine_test" "$b/verdict_test" "$b/fuzz_files" >"$log" 2>&1
	result $? "$1: builds without a warning"
	part "$1" "$b/document_test"
	part "$1: load" "$b/load_test"
	part "$1: device" "$b/device_test"
	part "$1: confined" "$b/confine_test"
	part "$1" "$b/verdict_test"
	ASAN_OPTIONS=detect_leaks=$leaks \
		part "$1" tests/cli.sh "$b/modgate" "$b/mkdoc" "$scratch/$1" "${@:4}"
}

# fuzz WHICH SECONDS NAME [FILES]
fuzz() {
	make -s "fuzz-$1" SECONDS="$2" FILES="${4:-0}" >"$log" 2>&1
	result $? "fuzz: $3, $(sed -n 's/^Done \([0-9]*\) runs.*/\1/p' "$log") runs"
}

all() {
	variant clang-sanitizers clang "$sanitize"
	part rooms tests/rooms.sh check build/clang-sanitizers
	if [ "${LONG:-}" ]; then
		variant plain-gcc gcc "-O2 -g"
		variant plain-clang clang "-O2 -g"
		variant gcc-sanitizers gcc "$sanitize"
	else
		# A sanitizer goes neither with being preloaded to crash nor with
		# how a token's library, or another OpenSSL, is loaded.
		variant plain-gcc gcc "-O2 -g" two why mldsa hostile crash freshness_crash rotate_crash pkcs11
		make -s B=build/clang TOOL=build/clang/modgate CC=clang \
			build/clang/modgate >"$log" 2>&1
		result $? "clang: builds without a warning"
		make -s B=build/gcc-sanitizers MKDOC=build/gcc-sanitizers/mkdoc \
			CC=gcc CFLAGS="$sanitize" \
			build/gcc-sanitizers/document_test >"$log" 2>&1
		result $? "gcc-sanitizers: builds without a warning"
		part gcc-sanitizers build/gcc-sanitizers/document_test
	fi
	if [ "${LONG:-}" ]; then
		fuzz document 1200 "parser and builder"
		fuzz name 1200 "the name of a module"
		fuzz files 0 "module files" 100000
	else
		fuzz document 20 "parser and builder"
		fuzz name 5 "the name of a module"
		fuzz files 0 "module files" 3000
	fi
}

{ all && echo end; } | awk '
	$0 == "end"  { whole = 1; next }
	/^ok - /     { sub(/^ok/, "ok " ++n) }
	/^not ok - / { sub(/^not ok/, "not ok " ++n); bad++ }
	{ print; fflush() }
	END { print "1.." n; exit bad || !whole }'
