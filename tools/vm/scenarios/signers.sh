#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Whose module is it? Every signer, with every kind of entry, in every mode, with and
# without the flag audit. The table below has the expected verdicts.
#
# The machine and platform keyrings get their keys from firmware; the secondary
# keyring, which the kernel uses in the same way, stands for them here.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

prepare anchor owner vendor unknown

# A vendor whose certificate has expired: dates are not enforced.
openssl req -newkey rsa:3072 -nodes -subj "/CN=modgate test expired" \
	-keyout expired.key -out expired.csr 2>/dev/null
: >index.txt
printf '%s\n' '[ca]' default_ca=c '[c]' database=index.txt new_certs_dir=. rand_serial=yes \
	default_md=sha384 policy=p '[p]' commonName=supplied >ca.conf
openssl ca -config ca.conf -batch -selfsign -keyfile expired.key -in expired.csr -notext \
	-startdate 20200101000000Z -enddate 20210101000000Z -out expired.pem 2>/dev/null
# One whose certificate the vendor signed; the module's signature carries both.
printf 'basicConstraints=critical,CA:FALSE\n' >leaf.ext
openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=modgate test leaf" \
	-keyout leaf.key -out leaf.csr 2>/dev/null
openssl x509 -req -in leaf.csr -CA vendor.pem -CAkey vendor.key -set_serial 9 -days 3650 \
	-extfile leaf.ext -out leaf.pem 2>/dev/null
# One that the secondary keyring takes, since the kernel's own key signed it.
openssl req -newkey rsa:2048 -nodes -subj "/CN=modgate test secondary" \
	-keyout secondary.key -out secondary.csr 2>/dev/null
printf 'keyUsage=critical,digitalSignature\nauthorityKeyIdentifier=keyid\n' >secondary.ext
openssl x509 -inform DER -in "$tree/certs/signing_key.x509" -out system.pem
openssl x509 -req -in secondary.csr -CA system.pem -CAkey "$tree/certs/signing_key.pem" \
	-set_serial 7 -days 3650 -extfile secondary.ext -out secondary.pem 2>/dev/null
openssl x509 -in secondary.pem -outform DER -out secondary.der

# Two ML-DSA keys, which only 7.3 knows.
openssl=$("$vm" openssl)
for key in mldsa mldsa-banned; do
	"$openssl" req -x509 -newkey ML-DSA-65 -nodes -days 3650 -subj "/CN=modgate test $key" \
		-keyout $key.key -out $key.pem 2>/dev/null
done
mldsa=()
[ "$series" != 7.3 ] || mldsa=(mldsa mldsa-plain mldsa-tampered mldsa-plain-tampered mldsa-banned)

# append IN SIGNATURE OUT
append() {
	local size
	size=$(stat -c %s "$2")
	{
		cat "$1" "$2"
		# shellcheck disable=SC2059
		printf "\\0\\0\\2\\0\\0\\0\\0\\0$(printf '\\x%02x' $((size >> 24)) \
			$((size >> 16 & 255)) $((size >> 8 & 255)) $((size & 255)))"
		echo '~Module signature appended~'
	} >"$3"
}

# sign_chained SIGNER IN OUT [CERTIFICATE]: the signature carries the signer's certificate
# and that one.
sign_chained() {
	openssl cms -sign -binary -noattr -outform DER -md sha512 -signer "$1.pem" -inkey "$1.key" \
		${4:+-certfile "$4"} -in "$2" -out chained.p7s
	append "$2" chained.p7s "$3"
}

# sign_mldsa NAME IN OUT: with signed attributes, which OpenSSL 3.5 always makes, or, if
# NAME ends in "-plain", without.
sign_mldsa() {
	case $1 in
	*-plain)
		"$top/tools/modgate/tests/sign_mldsa.py" "$openssl" "${1%-plain}.key" "${1%-plain}.pem" \
			"$2" "$3"
		;;
	*)
		"$openssl" cms -sign -binary -nocerts -nosmimecap -outform DER -md sha512 \
			-signer "$1.pem" -inkey "$1.key" -in "$2" -out mldsa.p7s
		append "$2" mldsa.p7s "$3"
		;;
	esac
}

# sign_by SIGNER IN OUT
sign_by() {
	case $1 in
	none) cp "$2" "$3" ;;
	system) system_module "$2" "$3" ;;
	chained) sign_chained leaf "$2" "$3" vendor.pem ;;
	# Anybody can put a certificate into a signature.
	introduced) sign_chained secondary "$2" "$3" ;;
	tampered)
		sign "$2" vendor.key vendor.pem untampered.ko
		flip untampered.ko "$3"
		;;
	mldsa*-tampered)
		sign_mldsa "${1%-tampered}" "$2" untampered.ko
		flip untampered.ko "$3"
		;;
	mldsa*) sign_mldsa "$1" "$2" "$3" ;;
	*) sign "$2" "$1.key" "$1.pem" "$3" ;;
	esac
}

# A module for each cell, with a text of its own appended, so that all digests differ.
# Vendor rules match the name of one.ko.
signers=(system secondary vendor expired chained tampered unknown none introduced "${mldsa[@]}")
entries=(listed rule neither banned)
options=()
for signer in "${signers[@]}"; do
	for entry in "${entries[@]}"; do
		base=two.ko
		[ "$entry" != rule ] || base=one.ko
		{ cat $base; printf '%s %s' "$signer" "$entry"; } >plain.ko
		sign_by "$signer" plain.ko "$signer-$entry.ko"
		case $entry in
		listed) options+=(--module "$(digest "$signer-$entry.ko")") ;;
		banned)
			options+=(--module "$(digest "$signer-$entry.ko")")
			# A signer whose key is banned needs no other ban.
			[ "$signer" = mldsa-banned ] ||
				options+=(--ban "$(digest "$signer-$entry.ko")")
			;;
		esac
	done
done
rules=(--vendor "vendor.pem,0,modgate_test_o*" --vendor "expired.pem,0,modgate_test_one"
	--vendor "secondary.pem,0,*_one")
[ ${#mldsa[@]} = 0 ] || rules+=(--vendor "mldsa.pem,0,modgate_test_o*"
	--vendor "mldsa-banned.pem,0,modgate_test_o*" --ban-cert mldsa-banned.pem)
list list owner 1 "${options[@]}" "${rules[@]}"

for mode in system signed listed; do
	policy "policy-$mode-enforcing" 1 --mode $mode --authority "$owner_authority"
	policy "policy-$mode-audit" 1 --mode $mode --flags audit --authority "$owner_authority"
done

# The reason of each cell; signers in the order above.
cat >table <<'END'
mode	entry	system	secondary	vendor	expired	chained	tampered	unknown	none	introduced
system	listed	system	mode	mode	mode	mode	mode	mode	mode	mode
system	rule	system	mode	mode	mode	mode	mode	mode	mode	mode
system	neither	system	mode	mode	mode	mode	mode	mode	mode	mode
system	banned	banned	banned	banned	banned	banned	banned	banned	banned	banned
signed	listed	system	approved	approved	approved	unsigned	unsigned	unsigned	unsigned	unsigned
signed	rule	system	vendor	vendor	vendor	not-approved	not-approved	not-approved	not-approved	not-approved
signed	neither	system	not-approved	not-approved	not-approved	not-approved	not-approved	not-approved	not-approved	not-approved
signed	banned	banned	banned	banned	banned	banned	banned	banned	banned	banned
listed	listed	system	approved	approved	approved	approved	approved	approved	approved	approved
listed	rule	system	vendor	vendor	vendor	not-approved	not-approved	not-approved	not-approved	not-approved
listed	neither	system	not-approved	not-approved	not-approved	not-approved	not-approved	not-approved	not-approved	not-approved
listed	banned	banned	banned	banned	banned	banned	banned	banned	banned	banned
END
# ML-DSA is judged as other algorithms are.
[ ${#mldsa[@]} = 0 ] || {
	awk -F '\t' -v OFS='\t' -v names="${mldsa[*]}" '
		NR == 1 { gsub(" ", OFS, names); print $0, names; next }
		{ print $0, $5, $5, $8, $8, "banned" }' table >table.new
	mv table.new table
}

# For the guest: what "modgate why" prints for a module (reason and remedy), and what it
# should print.
helpers=$(cat <<'END'
why() { "$bin/modgate" why "./$1" | sed -n 's/^  \(reason\|remedy\) *//p' | paste -sd ' '; }
why_is() {
	local file=./$signer-$entry.ko commands=''
	[ $signer != mldsa-tampered ] || { echo "$1 install the module anew"; return; }
	case $1 in system|approved|vendor) echo "$1"; return ;; esac
	[ $flag = enforcing ] || { echo "$1"; return; }
	if [ $signer = mldsa-banned ]; then
		commands="modgate ban --remove --signer=$(openssl x509 -in $signer.pem -outform DER |
			sha384sum | cut -d ' ' -f 1); "
	elif [ $entry = banned ]; then
		commands="modgate ban --remove $file; "
	fi
	if [ $signer != system ]; then
		case $mode,$signer in
		system,*|signed,chained|signed,tampered|signed,unknown|signed,none|signed,introduced)
			commands+="modgate mode listed; " ;;
		esac
		case $entry,$signer in
		listed,*|banned,*|rule,secondary|rule,vendor|rule,expired|rule,mldsa*) ;;
		*) commands+="modgate approve $file; " ;;
		esac
	fi
	echo "$1 ${commands%; }, then restart"
}
END
)

for mode in system signed listed; do
	for flag in enforcing audit; do
		hand_over anchor.der "policy-$mode-$flag.bundle" list.bundle
		guest --no-boot --initramfs-extra initramfs --early early \
			--append "$(pin anchor)" < <(printf 'mode=%q flag=%q\n' $mode $flag; cat <<'END'
keyctl padd asymmetric '' %keyring:.secondary_trusted_keys <secondary.der >/dev/null
on_disk "policy-$mode-$flag" list
read -ra signers < <(head -n 1 table | cut -f 3-)
while read -r row entry reasons; do
	[ "$row" = $mode ] || continue
	i=0
	for reason in $reasons; do
		signer=${signers[i++]}
		case $reason in
		system|approved|vendor) want=$allowed ;;
		*) [ $flag = audit ] && want=$(recorded $reason) || want=$(refused $reason) ;;
		esac
		# Signed attributes show the change, so the kernel itself refuses the module.
		[ $signer != mldsa-tampered ] || want=${want/result=ok/result=EKEYREJECTED}
		check "mode $mode, $flag: signer $signer, entry $entry: $reason" "$want" "$(load finit $signer-$entry.ko)"
		# Without signed attributes, OpenSSL before 3.5 cannot tell.
		[ $signer != mldsa-plain-tampered ] || continue
		check "mode $mode, $flag: signer $signer, entry $entry: why gives reason and remedy" "$(why_is $reason)" "$(why $signer-$entry.ko)"
	done
done <table
END
			)
	done
done

# Module names, under lockdown: modgate vouches only for what an entry allows.
sign one.ko vendor.key vendor.pem vendor-one.ko
sign two.ko vendor.key vendor.pem vendor-two.ko
sign one.ko unknown.key unknown.pem unknown-one.ko
# rename IN OUT PLACES: another name of the same length, in modinfo, struct module or
# both.
rename() {
	cp "$1" "$2"
	grep -obaF modgate_test_one "$1" | cut -d : -f 1 | while read -r at; do
		case $(dd if="$1" bs=1 skip=$((at - 5)) count=5 status=none | tr -d '\0') in
		name=) [[ $3 != *modinfo* ]] || printf 'modgate_test_oxe' | dd of="$2" bs=1 seek="$at" conv=notrunc status=none ;;
		*) [[ $3 != *struct* ]] || printf 'modgate_test_oxe' | dd of="$2" bs=1 seek="$at" conv=notrunc status=none ;;
		esac
	done
}
rename one.ko lying-modinfo.ko modinfo
rename one.ko lying-struct.ko struct
rename one.ko renamed.ko modinfo,struct
# A relocation changes the end of the name after the hook has seen the module: the second
# one of struct module, meant for its exit function, now at name + 16 (the name is at
# offset 24), with an addend that makes a letter.
cp one.ko relocated.ko
at=$((16#$(readelf -SW one.ko |
	sed -n 's/.* \.rela\.gnu\.linkonce\.this_module *RELA *[0-9a-f]* \([0-9a-f]*\) .*/\1/p') + 24))
printf '\x28\0' | dd of=relocated.ko bs=1 seek=$at conv=notrunc status=none
printf 'A' | dd of=relocated.ko bs=1 seek=$((at + 16)) conv=notrunc status=none
for name in lying-modinfo lying-struct renamed relocated; do
	sign $name.ko vendor.key vendor.pem signed-$name.ko
done
cp vendor-two.ko modgate_test_one.ko
zstd -q vendor-one.ko
hand_over anchor.der policy-listed-enforcing.bundle list.bundle
guest --no-boot --initramfs-extra initramfs --early early \
	--append "$(pin anchor) lockdown=integrity" <<'END'
check "under lockdown a vendor's module loads" "$allowed" "$(load finit vendor-one.ko)"
check "under lockdown a vendor's module loads by init_module" "$allowed" "$(load init vendor-one.ko)"
check "under lockdown a vendor's module loads compressed" "$allowed" "$(load finit vendor-one.ko.zst 4)"
[ ! -e mldsa-rule.ko ] || check "under lockdown a vendor's module signed with ML-DSA loads" "$allowed" "$(load finit mldsa-rule.ko)"
check "a module of the right name by another signer is refused" "$(refused not-approved)" "$(load finit unknown-one.ko)"
check "a vendor's module whose name does not match is refused" "$(refused not-approved)" "$(load finit vendor-two.ko)"
check "a vendor's module is refused if only its file name matches" "$(refused not-approved)" "$(load finit modgate_test_one.ko)"
check "an unsigned build of a vendor's module is refused" "$(refused not-approved)" "$(load finit one.ko)"
check "a module whose modinfo contradicts struct module is refused" "$(refused not-approved)" "$(load finit signed-lying-modinfo.ko)"
check "a module whose struct module contradicts modinfo is refused" "$(refused not-approved)" "$(load finit signed-lying-struct.ko)"
check "a module whose name changes after the verdict is refused" "$(refused not-approved)" "$(load finit signed-relocated.ko)"
check "a vendor's module whose two names agree and match loads" "$allowed" "$(load finit signed-renamed.ko)"
END

# Valid signatures, but not over the module: over what the message itself contains, or
# over what only looks like a digest. The kernel asks its own key first; if there is a
# ban by certificate, the banned one.
strip --strip-debug two.ko -o genuine.ko
# embed KEY CERT OUT: of one.ko, with the signature of genuine.ko and genuine.ko in it.
embed() {
	openssl cms -sign -nodetach -binary -noattr -nocerts -outform DER -md sha512 -signer "$2" \
		-inkey "$1" -in genuine.ko -out embedded.p7s
	append one.ko embedded.p7s "$3"
}
embed vendor.key vendor.pem vendor-embedded.ko
embed "$tree/certs/signing_key.pem" system.pem system-embedded.ko
[ ${#mldsa[@]} = 0 ] || "$top/tools/modgate/tests/sign_mldsa.py" "$openssl" mldsa.key mldsa.pem \
	one.ko mldsa-forged.ko forged
# The successor of the banned key, under the same name; the signature has its certificate.
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-384 -nodes -days 3650 \
	-subj "/CN=modgate test unknown" -keyout successor.key -out successor.pem 2>/dev/null
sign_chained successor one.ko successor.ko
# A signature with a chain that leads to the banned signer.
openssl x509 -req -in leaf.csr -CA unknown.pem -CAkey unknown.key -set_serial 9 -days 3650 \
	-extfile leaf.ext -out below.pem 2>/dev/null
cp leaf.key below.key
sign_chained below two.ko below.ko unknown.pem
list list-ban owner 1 --ban-cert unknown.pem --module "$(digest successor.ko)" \
	--module "$(digest below.ko)" "${rules[@]}"
for name in list list-ban; do
	hand_over anchor.der policy-listed-enforcing.bundle $name.bundle
	guest --no-boot --initramfs-extra initramfs --early early --append "$(pin anchor)" \
		< <(printf 'list=%q\n' $name; cat <<'END'
for file in *-embedded.ko *-forged.ko; do
	[ -e "$file" ] || continue
	check "$file counts as unsigned, and is refused" "$(refused not-approved)" "$(load finit "$file")"
	# With this flag the kernel leaves its own check out: MODULE_INIT_IGNORE_MODVERSIONS.
	check "$file counts as unsigned if symbol versions are ignored, and is refused" "$(refused not-approved)" "$(load finit "$file" 1)"
done
[ $list = list ] || {
	check "an approved module whose signer has a banned signer's name loads" "$allowed" "$(load finit successor.ko)"
	check "an approved module whose chain leads to a banned signer is refused" "$(refused banned)" "$(load finit below.ko)"
}
END
		)
done

# The tool and ML-DSA, whether its OpenSSL knows it or not.
# shellcheck disable=SC2154
helpers=$admin_helpers
guest --disk "$work/disk" < <(printf 'series=%q\n' "$series"; cat <<'END'
tool 6 init --key=file --passphrase-fd=3
if [ $series = 6.12 ]; then
	tool 1 approve --vendor=mldsa.pem --passphrase-fd=3
	check "a kernel without ML-DSA: approve refuses the vendor" "*its key is ML-DSA-65; this kernel was built without CONFIG_CRYPTO_MLDSA*" "$said"
else
	tool 6 approve --vendor=mldsa.pem --name='modgate_test_o*' --passphrase-fd=3
	check "ML-DSA: approve shows the vendor" "*CN = modgate test mldsa*" "$said"
	tool '[16]' approve --rebuilds --cert=mldsa.pem --passphrase-fd=3 ./mldsa-neither.ko
	check "ML-DSA: approve --rebuilds works, or says why not" "@(*restart is needed*|*OpenSSL here does not know ML-DSA-65*--vendor=CERT*)" "$said"
	tool 6 approve --passphrase-fd=3 ./mldsa-listed.ko ./mldsa-plain-listed.ko
	check "ML-DSA: approve warns that not every kernel takes signed attributes" "*not every kernel takes that*" "$said"
	tool 1 approve --passphrase-fd=3 ./mldsa-tampered-listed.ko
	check "ML-DSA: approve refuses a module changed after signing" "*does not match the module*" "$said"
	tell_pin
fi
END
)
[ ${#mldsa[@]} = 0 ] || guest --disk "$work/disk" --append "$(told_pin) lockdown=integrity" <<'END'
check "ML-DSA: a vendor's module loads" "$allowed" "$(load finit mldsa-rule.ko)"
tool 0 why ./mldsa-rule.ko
check "ML-DSA: why names the vendor" "*vendor modgate test mldsa*" "$said"
for form in mldsa mldsa-plain; do
	check "ML-DSA: an approved module loads, signed by $form" "$allowed" "$(load finit $form-listed.ko)"
	tool 0 why ./$form-listed.ko
done
check "ML-DSA: a module by a signer without approval is refused" "$(refused not-approved)" "$(load finit mldsa-banned-rule.ko)"
tool 1 why ./mldsa-banned-rule.ko
END
finish
