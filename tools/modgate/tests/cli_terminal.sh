# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# cli.sh: what is printed cannot act on a terminal. Names of files and modules,
# strings in modules, subjects of certificates, the kernel's lines, words on the
# command line and files from elsewhere hold everything that a terminal acts on. Each
# verb that the tool's own help names has a function here; both in a UTF-8 locale and in
# another one, as text and as JSON, nothing of that comes out, and no line is forged.

: "${etc:?}" "${here:?}" "${kernel:?}" "${release:?}" "${root:?}" "${tool:?}" "${work:?}"

updates=$root/lib/modules/$release/updates

# ESC [, C1 as a byte and as a character, CR, BS, BEL, OSC, right-to-left override and
# isolate, zero-width space, DEL, a byte that no character begins with, another line, a tab.
evil=$'\e[2J\x9b31m\xc2\x9b31m\r\b\a\e]0;t\a\xe2\x80\xae\xe2\x81\xa6\xe2\x80\x8b\x7f\xff\nFORGED \xe2\x9c\x93\t.'
forms=("" --json)
# As the kernel writes it, and as C does.
evil_kernel=$(printf %s "$evil" | od -An -v -tx1 | tr -d '\n' | sed 's/ /\\x/g')
evil_c=$(printf %s "$evil" | od -An -v -to1 | tr -d '\n' | sed 's/ /\\/g')

# tame FILE LOCALE: nothing in it acts on a terminal, and no line is forged.
tame() {
	if [ "$2" = C ]; then
		! LC_ALL=C grep -qP '[^\x0a\x20-\x7e]' "$1"
	else
		iconv -f UTF-8 -t UTF-8 "$1" >/dev/null 2>&1 &&
			! LC_ALL=C grep -qP '[\x00-\x09\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80[\x8b-\x8f\xa8-\xae]|\xe2\x81[\xa0-\xaf]' "$1"
	fi && ! grep -qa '^FORGED' "$1"
}

# looks NAME [WHERE]: the last output is tame; with WHERE, part of the escaped text is in it.
looks() {
	local good=0

	for file in "$work/out" "$work/err"; do
		tame "$file" "$locale" || good=1
	done
	if [ "${json:-}" ] && [ -s "$work/out" ]; then
		jq . "$work/out" >/dev/null 2>&1 || good=1
	fi
	if [ "${2:-}" ] && ! grep -qi '\\[xu0]*1b\[2J' "$work/out" "$work/err"; then
		echo "nothing of the text is in it" >>"$work/err"
		good=1
	fi
	[ $good = 0 ] || { cat -v "$work/out" >"$work/shown"; cp "$work/shown" "$work/out"; cat -v "$work/err" >"$work/shown"; cp "$work/shown" "$work/err"; }
	tap $good "$verb: $1, $locale${json:+, JSON}"
}

# tries NAME ARGUMENTS: on the same hostile machine each time. What is typed is in $work/typed.
tries() {
	local name=$1 locale json

	shift
	for locale in C.UTF-8 C; do
		for json in "${forms[@]}"; do
			rm -rf "$root"
			cp -a "$work/hostile" "$root"
			LC_ALL=$locale m ${json:+"$json"} "$@" <"$work/typed"
			looks "$name" ${shown:+yes}
		done
	done
}

# shows NAME ARGUMENTS: likewise, and the text is told, escaped.
shows() {
	local shown=yes

	tries "$@"
}

# evil_module NAME FILE: with all that in each of its strings.
evil_module() {
	local info

	for info in "license=GPL$evil_c" "description=$evil_c" "author=$evil_c" "version=$evil_c" \
		"name=$1" "depends=$evil_c" "vermagic=$release SMP mod_unload $3"; do
		printf 'static const char i%s[] __attribute__((used, section(".modinfo"), aligned(1))) = "%s";\n' \
			"${info%%=*}" "$info"
	done >"$work/evil.c"
	cc -c -o "$work/evil.o" "$work/evil.c" && mv "$work/evil.o" "$2"
}

hostile_machine() {
	fresh
	mkdir -p "$updates" "$root/proc/self" "$root/run" "$root/sys/module/module/parameters" "$root/var/lib/dkms" \
		"$root/var/lib/modgate/receipts" "$root/etc/modgate/active"
	evil_module evil_one "$updates/evil_one.ko" ""
	evil_module evil_two "$updates/evil$evil.ko" ""
	evil_module "$evil_c" "$updates/evil_three.ko" ""
	evil_module evil_four "$updates/evil_four.ko" "$evil_c"
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-384 -nodes -keyout "$work/evil.key" \
		-out "$work/evil.crt" -subj "/CN=$evil" -days 3650 2>/dev/null
	cp "$work/evil.crt" "$root/evil$evil.crt"
	cp "$updates/evil_one.ko" "$updates/evil_signed.ko"
	sign_module "$updates/evil_signed.ko" "$work/evil.key" "$work/evil.crt" -noattr
	rm -f "$updates"/*.p7s
	cp "$work/mg_one.ko" "$updates"
	"$tool" --root="$root" approve --passphrase-fd=3 mg_one >/dev/null 2>&1 3<"$work/pass"
	mv "$etc"/staged/* "$etc/active"
	state "error=list: $evil_kernel" "machine=$evil_kernel" refused=7
	in_force "$etc/active/local-1.policy" "$etc/active/owner-2.list"
	event 3 "$(sha384 "$updates/evil_one.ko")" "$evil_kernel" not-approved "/lib/modules/$release/updates/evil_one.ko"
	event 4 "$(sha384 "$updates/evil$evil.ko")" "evil_two" not-approved "/lib/modules/$release/updates/evil$evil_kernel.ko"
	event 5 "$(printf x | sha384sum | cut -d' ' -f1)" "$evil_kernel" "$evil_kernel" "$evil_kernel"
	sed -i "s/comm=modprobe/comm=$(printf %s "$evil_kernel" | sed 's/\\/\\\\/g')/" "$kernel/events"
	echo garbage >"$etc/active/evil$evil.list"
	echo garbage >"$etc/active/evil$evil.list.sig"
	mkdir -p "$etc/staged"
	echo garbage >"$etc/staged/evil$evil.policy"
	{
		echo "digest=$(printf y | sha384sum | cut -d' ' -f1) name=$evil_kernel reason=$evil_kernel authority=$evil_kernel flags=$evil_kernel state=$evil_kernel loads=1 time=$evil_kernel"
		echo "lines=1 lost=$evil_kernel sha384=$evil_kernel"
	} >"$kernel/receipt"
	printf 'seq=1 event=boot kind=%s freshness=none machine=%s machine-name=-\nseq=2 event=%s\n' \
		"$evil_kernel" "$evil_kernel" "$evil_kernel" >"$kernel/log"
	cp "$kernel/receipt" "$root/var/lib/modgate/receipts/evil$evil.receipt"
	cp "$kernel/receipt" "$root/var/lib/modgate/receipts/evil.receipt"
	cp "$work/evil.key" "$root/var/lib/dkms/mok.key"
	openssl x509 -in "$work/evil.crt" -outform DER -out "$root/var/lib/dkms/mok.pub"
	echo "22 1 8:2 / / rw shared:1 - $evil_kernel /dev/sda2 rw" >"$root/proc/self/mountinfo"
	printf '%s' "$evil" >"$root/sys/kernel/security/lsm"
	rm -rf "$work/hostile"
	cp -a "$root" "$work/hostile"
}

terminal_init() {
	tries "an argument" init "$evil"
	shows "a mode" init --mode="$evil"
	shows "a provider" init --key="$evil"
	mkdir -p "$work/new$evil/etc"
	LC_ALL=C.UTF-8 "$tool" --root="$work/new$evil" init --passphrase-fd=3 >"$work/out" 2>"$work/err" 3<"$work/pass"
	locale=C.UTF-8 json='' looks "a root folder" yes
	rm -rf "$work/new$evil"
}

terminal_status() {
	shows "the kernel's words, names of files" status
	rm -r "$work/hostile/sys"
	tries "no modgate" status
	mkdir -p "$work/hostile/sys/kernel/security"
	printf '%s' "$evil" >"$work/hostile/sys/kernel/security/lsm"
	shows "no modgate, but other modules" status
	shows "no modgate there" --securityfs="/nowhere$evil" status
}

terminal_pending() { shows "events" pending; }

# watched: what watch tells of what is there, until it is ended.
watched() {
	local watcher locale json motd=$work/motd$evil

	for locale in C.UTF-8 C; do
		for json in "" --json; do
			rm -rf "$root"
			cp -a "$work/hostile" "$root"
			LC_ALL=$locale "$tool" --root="$root" ${json:+"$json"} watch --motd="$motd" >"$work/out" 2>"$work/err" &
			watcher=$!
			until_true test -s "$motd"
			cat "$motd" >>"$work/err"
			kill $watcher
			wait $watcher
			looks "events, and the message" yes
		done
	done
}

terminal_watch() {
	watched
	shows "a file that cannot be" --securityfs="/nowhere$evil" watch
}

terminal_why() {
	shows "a module" why "$updates/evil_one.ko"
	shows "its path" why "$updates/evil$evil.ko"
	tries "its name" why "$updates/evil_three.ko"
	shows "its signer" why "$updates/evil_signed.ko"
	shows "an event" why 3
	shows "what is not there" why "$evil"
	tries "a certificate" why --cert="/nowhere$evil" "$updates/evil_signed.ko"
}

terminal_approve() {
	shows "a module" approve --passphrase-fd=3 "$updates/evil_one.ko"
	shows "its path" approve --passphrase-fd=3 "$updates/evil$evil.ko"
	tries "its name" approve --passphrase-fd=3 "$updates/evil_three.ko"
	shows "its vermagic" approve --passphrase-fd=3 "$updates/evil_four.ko"
	shows "its signer" approve --passphrase-fd=3 "$updates/evil_signed.ko"
	shows "its rebuilds" approve --passphrase-fd=3 --rebuilds "$updates/evil_signed.ko"
	shows "a vendor" approve --passphrase-fd=3 --vendor="$root/evil$evil.crt" --name='evil_*'
	shows "a pattern" approve --passphrase-fd=3 --vendor="$root/evil$evil.crt" --name="$evil"
	shows "what is not there" approve --passphrase-fd=3 "/nowhere$evil"
	shows "all of them" approve --passphrase-fd=3 --all-pending
}

terminal_baseline() {
	shows "what is there" baseline
	shows "what is not" baseline "$evil"
	shows "all" baseline --passphrase-fd=3 --all
	tries "a kernel" baseline --kernel="$evil"
}

terminal_revoke() {
	shows "what is not there" revoke "$evil"
	tries "a module" revoke --passphrase-fd=3 "$updates/evil_one.ko"
	shows "a vendor" revoke --vendor="/nowhere$evil"
}

terminal_ban() {
	shows "what is not there" ban "$evil"
	tries "a module" ban --passphrase-fd=3 "$updates/evil$evil.ko"
	shows "a file of bans" ban --file="/nowhere$evil"
	tries "a certificate" ban --passphrase-fd=3 --cert="$root/evil$evil.crt"
}

terminal_list() { tries "what is approved" list; }

terminal_diff() {
	tries "what a restart changes" diff
	shows "a file" diff "$etc/active/evil$evil.list" "$etc/active/owner-2.list"
	shows "what is not there" diff "/nowhere$evil" "/nowhere$evil"
}

terminal_restart() {
	tries "an argument" restart "$evil"
	tries "nothing to do" restart
}

terminal_boot() {
	sed -i 's/^state=.*/state=boot/' "$work/hostile/sys/kernel/security/modgate/state"
	shows "documents" --securityfs="$root/sys/kernel/security" boot
}

terminal_rebuild() { tries "what is approved" rebuild; }

terminal_receipt() {
	shows "the kernel's" receipt
	tries "the check" receipt --check
	tries "whether it is true" receipt --verify
	shows "those on file" receipt --history
	shows "one on file" receipt --boot="evil$evil"
	shows "none on file" receipt --boot="none$evil"
	echo "lines=0 lost=0 sha384=$(printf '%096d' 0)" >"$work/hostile/var/lib/modgate/receipts/empty.receipt"
	shows "the difference" receipt --diff=empty
	shows "a nonce" receipt --quote="$evil"
	shows "a file that is not there" receipt --verify-quote="/nowhere$evil" --nonce=00112233445566778899aabbccddeeff --attestation-key="/nowhere$evil"
	jq -n --arg e "$(printf %s "$evil" | iconv -c -f UTF-8 -t UTF-8)" '{version: $e, kernel: $e, ($e): $e}' >"$work/hostile/quote"
	openssl ec -in "$work/evil.key" -pubout -out "$work/hostile/key.pem" 2>/dev/null
	tries "a quote" receipt --verify-quote="$root/quote" --nonce=00112233445566778899aabbccddeeff --attestation-key="$root/key.pem"
}

terminal_verify() {
	shows "names of documents" verify
	shows "a log" verify --log="/nowhere$evil"
	tries "a log that is there" verify --log="$kernel/log"
}

terminal_doctor() { shows "the machine" doctor; }

terminal_mode() {
	shows "an argument" mode "$evil"
	tries "what is" mode
}

terminal_key() {
	cp "$work/hostile/etc/modgate/keys/owner.pem" "$work/owner.pem"
	cp "$work/evil.crt" "$work/hostile/etc/modgate/keys/owner.pem"
	shows "a subject" key
	cp "$work/owner.pem" "$work/hostile/etc/modgate/keys/owner.pem"
	shows "where to write to" key --export="$root/new$evil"
	shows "where not" key --export="/nowhere/$evil"
	shows "a provider" key --rotate --key="$evil" --passphrase-fd=3
}

terminal_recovery() {
	sed -i 's/^boot-kind=.*/boot-kind=recovery/; s/^state=.*/state=boot/; s/^policy=.*/policy=no/' \
		"$work/hostile/sys/kernel/security/modgate/state"
	cp "$work/evil.crt" "$work/hostile/etc/modgate/keys/owner.pem"
	printf '%s\n' 1 "${evil//$'\n'/}" 2 "${evil//$'\n'/}" x 2 listed "${evil//$'\n'/}" 3 "${evil//$'\n'/}" \
		3 "add ${evil//[$'\n\t']/} x 7" 3 "add x ${evil//[$'\n\t']/} 7" 3 "roles owner ${evil//[$'\n\t']/}" \
		5 "${evil//$'\n'/}" 7 "${evil//$'\n'/}" 9 >"$work/typed"
	forms=("")
	shows "the menu" --securityfs="$root/sys/kernel/security" --passphrase-fd=3 recovery
	forms=("" --json)
	: >"$work/typed"
	tries "an argument" recovery "$evil"
}

# scripts: what those of boot/ pass on, by a shell whose echo knows backslashes.
scripts() {
	local bin=$work/scripts boot=$here/../boot verb=scripts locale=C json='' text='\0033[2J \n&<b>'

	mkdir -p "$bin"
	printf '#!/bin/sh\ncat %q\nexit 1\n' "$work/said" >"$bin/modgate"
	# shellcheck disable=SC2016
	printf '#!/bin/sh\nread -r line <%q\nprintf "insmod /lib/%%s.ko \n" "$line"\n' "$work/said" >"$bin/modprobe"
	# shellcheck disable=SC2016
	printf '#!/bin/sh\nfor word; do printf "%%s\n" "$word"; done\n' >"$bin/notify-send"
	chmod +x "$bin"/*
	printf '%s\n' "$text" >"$work/said"
	# shellcheck disable=SC2016
	PATH=$bin:$PATH dash -c '. "$1"; modgate_boot /; modgate_files x; modgate_tame "$2"' x \
		"$boot/initramfs-tools/functions" "$evil" >"$work/out" 2>"$work/err"
	looks "of the initramfs"
	[ "$(grep -cF -- "${text%% *}" "$work/out")" = 2 ]
	tap $? "scripts: of the initramfs: say what the tool says"
	PATH=$bin:$PATH dash "$boot/desktop/notify" "$work/said" >"$work/out" 2>"$work/err"
	# As notify-send does with the body.
	printf '%b' "$(tail -n 1 "$work/out")" >"$work/body"
	[ "$(cat "$work/body")" = '\0033[2J \n&amp;&lt;b&gt;' ]
	tap $? "scripts: a notification says what the message says"
	PATH=$bin:$PATH dash "$boot/initramfs-tools/update" "/none$evil" >"$work/out" 2>"$work/err"
	mkdir -p "$work/other$evil/etc/initramfs-tools/conf.d"
	echo "MODGATE_EARLY=x" >"$work/other$evil/etc/initramfs-tools/conf.d/modgate"
	PATH=$bin:$PATH dash "$boot/initramfs-tools/update" "$work/other$evil" >>"$work/out" 2>>"$work/err"
	looks "that the initramfs has to be made anew"
	rm -rf "$work/other$evil"
	says "carries copies" "scripts: that is said"
}

# unshared COMMAND: with folders of its own in place of the machine's.
unshared() {
	# shellcheck disable=SC2016
	unshare -m sh -c 'mount -t tmpfs tmpfs /etc/modprobe.d && mount -t tmpfs tmpfs /var/lib && eval "$1"' \
		x "$1" >"$work/out" 2>"$work/err"
}

# libraries: what libkmod says of its configuration is not passed on.
libraries() {
	local verb=libraries locale=C json='' conf=$work/modprobe.conf

	if ! unshared true; then
		tap 0 "libraries: # SKIP needs root, and /etc/modprobe.d"
		return
	fi
	rm -rf "$root"
	cp -a "$work/machine" "$root"
	printf '%s x\n' "${evil%%$'\n'*}" >"$conf"
	unshared "cp $conf /etc/modprobe.d/x.conf; LC_ALL=C $tool --securityfs=$root/sys/kernel/security rebuild --no-close"
	looks "libkmod"
	says "collection for" "libraries: rebuild has asked libkmod"
}

: >"$work/typed"
hostile_machine
cp -a "$work/hostile" "$work/machine"
verb=modgate
shows "a verb" "$evil"
tries "an option" "--$evil"
tries "a short option" "-${evil:0:1}"
tries "another short option" $'-\x9b'
shows "an option's value" --passphrase-fd="$evil" status
while read -r verb; do
	rm -rf "$work/hostile"
	cp -a "$work/machine" "$work/hostile"
	: >"$work/typed"
	if ! declare -F "terminal_$verb" >/dev/null; then
		tap 1 "$verb: has its cases here"
		continue
	fi
	"terminal_$verb"
	tries "an option" "$verb" "--$evil"
done < <("$tool" --help | sed -n 's/^  \([a-z]*\)  *[A-Z].*/\1/p')
scripts
libraries
rm -rf "$work/hostile" "$work/machine"
