# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2154,SC2034
#
# cli.sh: quotes: receipt --quote, --attestation-key, --verify-quote. Whoever is
# root on the machine is played by tpm2_quote with the same key.

# shellcheck source-path=SCRIPTDIR source=cli_measured.sh
. "$here/cli_measured.sh"

nonce=000102030405060708090a0b0c0d0e0f
quote=$work/quote.json
changed=$work/changed.json
pem=$work/attestation.pem

# line NUMBER NAME TIME: a module that came up: what is hashed.
line() {
	printf 'number=%s time=%s.000001 digest=%s name=%s reason=approved authority=%s\n' \
		"$1" "$3" "$(sha384 "$work/$2.ko")" "$2" "$owner"
}

# with_modules [TIME]: a kernel in which two came up, and the receipt of it.
with_modules() {
	local first second hash

	machine measured=7 state=closed
	first=$(line 1 mg_one "${1:-3}")
	second=$(line 2 mg_two "${1:-3}")
	hash=$({ head -c 48 /dev/zero; printf %s "$first"; } | sha384sum | cut -d' ' -f1)
	hash=$({ xxd -r -p <<<"$hash"; printf %s "$second"; } | sha384sum | cut -d' ' -f1)
	cat >>"$log" <<-END
	seq=5 event=module $first
	seq=6 event=module $second
	seq=7 event=closed lines=2 sha384=$hash
	END
	cat >"$kernel/receipt" <<-END
	$first state=live loads=1 permanent=no
	$second state=gone loads=3 permanent=no
	lines=2 lost=0 sha384=$hash
	END
}

# v FILE [ARGUMENT...]: verify it as another machine would: without a TPM, without
# modgate, without privileges.
v() {
	MODGATE_TCTI=device:/dev/null setpriv --bounding-set=-all --inh-caps=-all \
		"$tool" --root=/nowhere receipt --verify-quote="$1" --nonce="$nonce" \
		--attestation-key="$pem" "${@:2}" >"$work/out" 2>"$work/err"
	status=$?
}

# verifies STATUS NAME FILE [ARGUMENT...]
verifies() {
	v "${@:3}"
	[ "$status" = "$1" ] || echo "exit $status, expected $1" >>"$work/err"
	[ "$status" = "$1" ]
	tap $? "$2: exit $1"
}

# only WHAT NAME: in JSON, this is what was found to be wrong, and nothing else.
only() {
	json "[.checks[] | select(.good | not) | .what] == [\"$1\"] and .good == false" \
		"$2: and it is $1 alone"
}

# refused NAME: each of the last files was; those that were not are in $bad.
refused() {
	[ -z "$bad" ] || echo "not refused: $bad" >>"$work/err"
	[ -z "$bad" ]
	tap $? "$1"
}

# data LOG RECEIPT: what the documentation says that the TPM signs.
data() {
	printf 'modgate quote 1\nnonce=%s\nkernel=%s\nlog=%s\nreceipt=%s\n' "$nonce" "$release" \
		"$(sha384 "$1")" "$(sha384 "$2")" | sha256sum | cut -d' ' -f1
}

# assemble LOG RECEIPT PCR BANK: a file, of the attest and signature in $work.
assemble() {
	jq -n --arg nonce "$nonce" --argjson pcr "$3" --arg bank "$4" --arg kernel "$release" \
		--arg attest "$(xxd -p "$work/attest" | tr -d '\n')" \
		--arg signature "$(xxd -p "$work/signature" | tr -d '\n')" \
		--rawfile log "$1" --rawfile receipt "$2" \
		'{version: 1, $nonce, $pcr, $bank, $attest, $signature, $kernel, $log, $receipt}' >"$changed"
}

# by_root COMMAND...: one of tpm2-tools, which leaves its keys in the TPM.
by_root() {
	local rc

	"$@" >"$work/out" 2>"$work/err"
	rc=$?
	tpm2_flushcontext -t 2>>"$work/err"
	return $rc
}

# forge [SELECTION] [PCR] [BANK] [DATA]: what root can have the TPM sign, with the
# log and the receipt that lie in $work.
forge() {
	rm -f "$changed"
	by_root tpm2_quote -Q -c "$work/ak.ctx" -g "$hash" -l "${1:-sha384:13}" -m "$work/attest" \
		-s "$work/signature" -f tss -q "${4:-$(data "$copy" "$work/receipt")}" || return
	assemble "$copy" "$work/receipt" "${2:-13}" "${3:-sha384}"
}

# key CURVE HASH: what tpm2-tools make of the template in the documentation.
key() {
	hash=$2
	by_root tpm2_createprimary -Q -C e -g "$2" -G "ecc$1:ecdsa-$2:null" -c "$work/ak.ctx" \
		-a 'fixedtpm|fixedparent|sensitivedataorigin|userwithauth|noda|restricted|sign' &&
		by_root tpm2_readpublic -Q -c "$work/ak.ctx" -f pem -o "$work/ak.pem" -n "$work/ak.name"
}

tpm_start
with_modules
restarted
cp "$kernel/receipt" "$work/receipt"
cp "$log" "$copy"

exits 0 "the attestation key" receipt --attestation-key
cp "$work/out" "$pem"
says "P-384, Name 000c" "says its curve and its Name"
says "tpm2_makecredential" "says how to check where it comes from"
openssl pkey -pubin -in "$pem" -noout 2>>"$work/err"
tap $? "OpenSSL reads it"
exits 0 "the attestation key as JSON" --json receipt --attestation-key
cp "$work/out" "$work/key.json"
[ "$(jq -r .pem "$work/key.json")" = "$(cat "$pem")" ]
tap $? "it is the same"
key 384 sha384
cmp -s "$pem" "$work/ak.pem"
tap $? "tpm2_createprimary makes the same key of the template"
[ "$(jq -r .name "$work/key.json")" = "$(xxd -p "$work/ak.name" | tr -d '\n')" ]
tap $? "with the same Name"

# Name and endorsement key prove where it is, as the documentation has it.
proves() {
	(
		cd "$work" && head -c 16 /dev/urandom >secret &&
			by_root tpm2_createek -G ecc -c ek.ctx -u ek.pub &&
			tpm2_makecredential -T none -u ek.pub -s secret -n "$1" -o credential &&
			tpm2_startauthsession --policy-session -S session.ctx &&
			tpm2_policysecret -Q -S session.ctx -c e &&
			by_root tpm2_activatecredential -Q -c ak.ctx -C ek.ctx -i credential -o answer \
				-P session:session.ctx
		rc=$?
		tpm2_flushcontext session.ctx
		[ $rc = 0 ] && cmp secret answer
	) >"$work/proof" 2>&1
}
name=$(jq -r .name "$work/key.json")
proves "$name"
tap $? "a credential for this Name: the TPM proves that it has the key"
! proves "${name%?}$(other "${name: -1}")"
tap $? "and does not for another Name"

exits 0 "a quote" receipt --quote="$nonce"
cp "$work/out" "$work/printed.json"
exits 0 "a quote into a file" receipt --quote="$nonce" --output="$quote"
[ ! -s "$work/out" ] && [ ! -s "$work/err" ]
tap $? "prints nothing"
made='del(.attest, .signature)'
cmp -s <(jq "$made" "$quote") <(jq "$made" "$work/printed.json")
tap $? "the file has what is printed"
jq -e --arg n "$nonce" --arg k "$release" --rawfile log "$log" --rawfile receipt "$kernel/receipt" \
	'keys == ["attest", "bank", "kernel", "log", "nonce", "pcr", "receipt", "signature", "version"] and
	.version == 1 and .nonce == $n and .pcr == 13 and .bank == "sha384" and .kernel == $k and
	.log == $log and .receipt == $receipt' "$quote" >/dev/null
tap $? "version, nonce, PCR, bank, kernel, log and receipt are what they should be"
verifies 0 "a good quote" "$quote"
says "PCR 13, sha384: the log makes what the TPM has signed" "says what was signed"
says "boot: normal, freshness none, machine by dmi: $(sha384 "$work/pass")" "says how it booted"
says "policy: generation 1, digest $(sed -n 's/^digest=//p' "$kernel/policy")" "says which policy"
says "list: generation 1, digest $(sed -n 's/.* digest=\([0-9a-f]*\) .*/\1/p' "$kernel/lists")" \
	"says which list"
says "sealed: state boot ended by seal" "says what ended state boot"
says "closed: after 2 module(s)" "says that it is closed"
says "since power-on: 2" "says how many modules"
says "mg_one (approved) $(sha384 "$work/mg_one.ko")" "says which module"
says "mg_two (approved) $(sha384 "$work/mg_two.ko")" "and which other one, although it is gone"
says "TPM: started " "says how often the TPM has started"
verifies 0 "a good quote, as JSON" "$quote" --json
json '.good and ([.checks[].good] | all) and (.checks | length) == 6' "every check is good"
json '[.module[].name] == ["mg_one", "mg_two"] and .boot[0].kind == "normal" and
	.list[0]["in-time"]' "and it has what was measured"
verifies 0 "PCR 13 is what is usual" "$quote" --pcr=13

# The program in the documentation, and tpm2-tools, say the same of it.
manual=$here/../../../Documentation/security/modgate.rst
sed -n '/^   field() {/,/sha256sum/p' "$manual" | sed "s:quote.json:$quote:" >"$work/program"
[ "$(bash "$work/program" 2>"$work/err")" = "$(data "$log" "$kernel/receipt")" ]
tap $? "the program in the documentation computes what the TPM has signed"
jq -r .attest "$quote" | xxd -r -p >"$work/attest"
jq -r .signature "$quote" | xxd -r -p >"$work/signature"
tpm2_checkquote -u "$pem" -m "$work/attest" -s "$work/signature" -g sha384 \
	-q "$(data "$log" "$kernel/receipt")" >"$work/out" 2>"$work/err"
tap $? "tpm2_checkquote takes signature and data"
forge
verifies 0 "a quote by tpm2_quote with the same key" "$changed"

# Each field of the file: another value, another type, none.
bad=
while IFS=: read -r field value; do
	jq ".$field = $value" "$quote" >"$changed"
	v "$changed"
	case $status in 1 | 4 | 8) ;; *) bad+="$field=$value " ;; esac
done <<END
version:2
version:0
version:"1"
nonce:"100102030405060708090a0b0c0d0e0f"
nonce:(.nonce + "00")
nonce:.nonce[2:]
nonce:(.nonce | ascii_upcase)
pcr:12
pcr:14
pcr:269
pcr:-1
pcr:"13"
pcr:13.5
bank:"sha256"
bank:"sha1"
bank:"SHA384"
bank:""
attest:.signature
attest:(.attest + "00")
attest:.attest[:-2]
attest:.attest[:-1]
attest:""
attest:(.attest * 20)
signature:.attest
signature:(.signature + "00")
signature:.signature[:-2]
signature:""
kernel:(.kernel + "x")
kernel:""
kernel:"\u0000"
log:""
log:(.log + "\n")
log:(.log + "x")
log:(.log + "\u0000")
log:(.log[:-1])
log:(.log * 2)
receipt:""
receipt:(.receipt + "\n")
receipt:(.receipt + .receipt)
receipt:(.receipt + "\u0000")
receipt:(.receipt[:-1])
more:1
Version:1
END
refused "another value of any field is refused"
bad=
for field in version nonce pcr bank attest signature kernel log receipt; do
	for filter in "del(.$field)" ".$field = null" ".$field = 1.5" ".$field = [.$field]" \
		".$field = {a: .$field}" ".$field = true"; do
		jq "$filter" "$quote" >"$changed"
		v "$changed"
		[ "$status" = 8 ] || bad+="$filter "
	done
done
refused "no field may be missing, or be of another type"

# Each byte that the TPM has made, or as many as CRASH_STRIDE says.
bytes=0 bad=
for field in attest signature; do
	hex=$(jq -r ".$field" "$quote")
	bytes=$((bytes + ${#hex} / 2))
	for ((i = 0; i < ${#hex}; i += 2 * ${CRASH_STRIDE:-1})); do
		byte=$(printf %02x $((16#${hex:i:2} ^ 1 << i % 8)))
		sed "s/$hex/${hex:0:i}$byte${hex:i+2}/" "$quote" >"$changed"
		v "$changed"
		[ "$status" = 4 ] || bad+="$field:$((i / 2)) "
	done
done
[ "$bytes" -gt 200 ]
tap $? "attest and signature have more than 200 bytes"
refused "one bit of any byte of attest or signature: exit 4"
verifies 4 "one bit of it" "$changed"
says "Nothing of what this quote says can be believed." "says what that means"

# It comes from another machine: what it has in it cannot act on a terminal here.
LC_ALL=C sed 's/"receipt":"number=1 /"receipt":"number=\xc2\x9b /' "$quote" >"$changed"
verifies 8 "a receipt with a control character" "$changed" --json
strict "what is found does not have it"
json '.checks[].text | select(contains("number=\u009b:"))' "but as JSON escapes it"

# change FILE LINE FIELD: with another last character of this field of this line.
change() {
	sed "$2s/\\(^\\| \\)$3\\( \\|\$\\)/\\1${3%?}$(other "${3: -1}")\\2/" "$1"
}

# finds WHAT: is the file refused, and this among what was found to be wrong?
finds() {
	v "$changed" --json
	[ "$status" = 8 ] && [ -s "$work/out" ] && jq -e ".checks[] | select(.what == \"$1\") | .good == false" \
		"$work/out" >/dev/null
}

# Each field of each record and of each line: by who is on the way, and by root,
# who has the TPM sign the changed one.
fields=0 bad=
# shellcheck disable=SC2094 # nothing in the loop writes to $file
for file in "$log" "$kernel/receipt"; do
	n=0
	while read -r text; do
		n=$((n + 1))
		for field in $text; do
			change "$file" $n "$field" >"$work/changed"
			! cmp -s "$file" "$work/changed" || bad+="same:$field "
			jq --rawfile text "$work/changed" ".$(basename "$file") = \$text" "$quote" >"$changed"
			finds nonce || bad+="$n:$field "
			[ "$file" = "$log" ] || continue
			cp "$work/changed" "$copy"
			forge
			finds "PCR 13, sha384" || bad+="signed:$n:$field "
			fields=$((fields + 1))
		done
	done <"$file"
done
[ "$fields" = 41 ]
tap $? "the log has 41 fields"
refused "another value of any field of log and receipt; signed by root: of the log"
cp "$log" "$copy"
bad=
for n in 1 2; do
	read -ra words < <(sed -n "${n}p" "$kernel/receipt")
	for field in "${words[@]}"; do
		case $field in state=* | loads=* | permanent=*) continue ;; esac
		change "$kernel/receipt" $n "$field" >"$work/receipt"
		forge
		v "$changed"
		[ "$status" = 8 ] || bad+="$n:$field "
	done
done
refused "a receipt that root has changed, and signed: it is not what was measured"
sed 1d "$kernel/receipt" >"$work/receipt"
forge
verifies 8 "a line of the receipt left out, and signed" "$changed"
sed 's/lost=0/lost=1/' "$kernel/receipt" >"$work/receipt"
forge
verifies 8 "modules without a line, which was not measured" "$changed" --json
says "it was not measured that a module has no line, the receipt says lost=1" "and it says so"
sed '$d' "$kernel/receipt" >"$work/receipt"
forge
verifies 8 "a receipt without an end, and signed" "$changed" --json
only receipt "a receipt without an end"
{ cat "$kernel/receipt"; tail -n 1 "$kernel/receipt"; } >"$work/receipt"
forge
verifies 8 "a receipt with two ends, and signed" "$changed" --json
only receipt "a receipt with two ends"
cp "$kernel/receipt" "$work/receipt"
forge
verifies 0 "what root has not changed is still good" "$changed"

# The file cut off, at any place, and noise.
size=$(stat -c %s "$quote")
bad=
for ((i = 0; i < size - 2; i += 41)); do
	head -c $i "$quote" >"$changed"
	v "$changed"
	[ "$status" = 8 ] || bad+="$i "
done
refused "cut off anywhere: exit 8"
bad=
for text in '' '[]' '{}' '{"version":1}' 'null' '1' '{"version":1}}' \
	'[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[['; do
	echo "$text" >"$changed"
	v "$changed"
	[ "$status" = 8 ] || bad+="$text "
done
cat "$quote" "$quote" >"$changed"
v "$changed"
[ "$status" = 8 ] || bad+="twice "
{ cat "$quote"; echo x; } >"$changed"
v "$changed"
[ "$status" = 8 ] || bad+="behind "
head -c 5000 /dev/urandom >"$changed"
v "$changed"
[ "$status" = 8 ] || bad+="noise "
refused "what is no quote: exit 8"
verifies 1 "no file" "$work/nowhere"
{ cat "$quote"; printf ' \n\n'; } >"$changed"
verifies 0 "blanks behind it" "$changed"
jq -c . "$quote" >"$changed"
verifies 0 "in one line" "$changed"

# Another nonce, another key.
asked=$nonce
nonce=ff0102030405060708090a0b0c0d0e0f
verifies 1 "another nonce" "$quote" --json
only nonce "another nonce"
jq ".nonce = \"$nonce\"" "$quote" >"$changed"
verifies 8 "another nonce, written into it" "$changed" --json
only nonce "another nonce, written into it"
nonce=$asked
forge sha384:13 13 sha384 "$nonce"
verifies 8 "the nonce alone was signed" "$changed" --json
only nonce "the nonce alone was signed"
pem=$work/stranger.pem
openssl ec -in "$work/signer.key" -pubout -out "$pem" 2>/dev/null
verifies 4 "another key" "$quote" --json
only signature "another key"
pem=$work/signer.crt
verifies 1 "a certificate is no key" "$quote"
says "--attestation-key' prints it" "says what it should be"
openssl genrsa 2048 2>/dev/null | openssl rsa -pubout -out "$work/rsa.pem" 2>/dev/null
pem=$work/rsa.pem
verifies 1 "RSA is no attestation key" "$quote"
pem=$work/nowhere
verifies 1 "no key" "$quote"
pem=$work/attestation.pem

# Another PCR: also one that can be reset, and then be made to have anything.
tpm2_pcrreset 23
while IFS= read -r text; do
	printf %s "$text" | tpm2_pcrevent -Q 23
done <"$log" >"$work/out" 2>"$work/err"
forge sha384:23 23
verifies 8 "a PCR that can be reset" "$changed" --json
only PCR "a PCR that can be reset"
forge sha384:23
verifies 8 "a PCR that can be reset, called 13" "$changed" --json
only PCR "a PCR that can be reset, called 13"
verifies 2 "a PCR that can be reset is not to be asked for" "$quote" --pcr=23
verifies 8 "another PCR is expected" "$quote" --pcr=14 --json
only PCR "another PCR is expected"
for selection in sha384:13,23 sha384:13+sha256:13 sha256:13+sha384:13 sha256:13 sha384:12; do
	forge $selection
	verifies 8 "PCRs $selection" "$changed" --json
	only PCR "PCRs $selection"
done
forge sha256:13 13 sha256
verifies 0 "SHA-256 is a bank as good as SHA-384" "$changed"

# What else a TPM signs, and what no TPM has signed.
by_root tpm2_gettime -c "$work/ak.ctx" -q "$(data "$log" "$kernel/receipt")" \
	--attestation "$work/attest" -o "$work/signature" -f tss -g sha384
tap $? "the TPM signs its time"
assemble "$log" "$kernel/receipt" 13 sha384
verifies 8 "the TPM's time is no quote" "$changed" --json
only quote "the TPM's time"
says "not a quote" "says that it is something else"
jq -r .attest "$quote" | xxd -r -p >"$work/attest"
software() {
	local der

	openssl dgst -sha384 -sign "$work/signer.key" -out "$work/der" "$work/attest"
	mapfile -t der < <(openssl asn1parse -inform DER -in "$work/der" | sed -n 's/.*INTEGER *://p')
	# Of 48 bytes each, whatever zeros are in front.
	printf '0018000c0030%96s0030%96s' "${der[0]}" "${der[1]}" | tr ' ' 0 | xxd -r -p >"$work/signature"
	assemble "$log" "$kernel/receipt" 13 sha384
}
pem=$work/stranger.pem
software
verifies 0 "who trusts a key in software believes what it signs" "$changed"
printf '\xfe' | dd of="$work/attest" conv=notrunc status=none
software
verifies 8 "what was not made inside a TPM" "$changed" --json
only quote "what was not made inside a TPM"
says "TPM_GENERATED" "says what it lacks"
printf '\xff' | dd of="$work/attest" conv=notrunc status=none
printf 'x' >>"$work/attest"
software
verifies 8 "something behind what a TPM would have made" "$changed" --json
only quote "something behind it"
pem=$work/attestation.pem

# TPM2_Clear changes nothing; a restart neither, but the nonce is another one then.
tpm2_clear >"$work/out" 2>"$work/err"
exits 0 "the attestation key after TPM2_Clear" receipt --attestation-key
cmp -s "$work/out" "$pem"
tap $? "it is the same"
with_modules 4
restarted
exits 0 "the attestation key after a restart" receipt --attestation-key
cmp -s "$work/out" "$pem"
tap $? "it is the same"
cp "$quote" "$work/before.json"
nonce=aa0102030405060708090a0b0c0d0e0f
exits 0 "a quote after the restart" receipt --quote="$nonce" --output="$quote"
verifies 0 "a quote after the restart" "$quote"
verifies 1 "a quote from before the restart" "$work/before.json" --json
only nonce "a quote from before the restart"
jq ".nonce = \"$nonce\"" "$work/before.json" >"$changed"
verifies 8 "a quote from before the restart, with the new nonce" "$changed"
jq -j .log "$work/before.json" >"$copy"
jq -j .receipt "$work/before.json" >"$work/receipt"
key 384 sha384
forge
verifies 8 "log and receipt from before the restart, signed anew" "$changed" --json
only "PCR 13, sha384" "log and receipt from before the restart, signed anew"
[ "$(v "$work/before.json" --json; jq .tpm "$work/out")" = null ]
tap $? "of a quote that is refused nothing is shown"

# The boot chain's PCRs, as the documentation has it: of the same boot.
by_root tpm2_quote -c "$work/ak.ctx" -g sha384 -q "$nonce" -m "$work/boot.attest" \
	-s "$work/boot.signature" -l sha384:0,1,2,3,4,5,6,7,8,9,11 -o "$work/boot.pcrs" &&
	tpm2_checkquote -Q -u "$pem" -g sha384 -q "$nonce" -m "$work/boot.attest" \
		-s "$work/boot.signature" -f "$work/boot.pcrs" 2>"$work/err"
tap $? "the PCRs of the boot chain are quoted with the same key"
resets=$(tpm2_print -t TPMS_ATTEST "$work/boot.attest" | sed -n 's/ *resetCount: //p')
verifies 0 "the quote of the same boot" "$quote"
says "TPM: started $resets time(s), suspended 0 time(s) since" "it has the same resetCount"

# A log that makes the PCR, and is not what the kernel would have written.
sed 's/^seq=7/seq=8/' "$kernel/log" >"$copy"
cp "$kernel/receipt" "$work/receipt"
tpm_stop
tpm_run
extend <"$copy"
key 384 sha384
forge
verifies 8 "a log with a gap, measured and signed" "$changed" --json
only "log: line 7" "a log with a gap"

# The kernel has measured that a module has no line.
echo "seq=8 event=lost lines=2" | cat "$kernel/log" - >"$copy"
restarted
tail -n 1 "$copy" | extend
key 384 sha384
forge
verifies 8 "a lost module that root denies" "$changed" --json
only log "a lost module that root denies"
says "it was measured that a module has no line, the receipt says lost=0" "and it says so"
sed -i 's/lost=0/lost=3/' "$work/receipt"
forge
verifies 1 "lost modules, as was measured" "$changed" --json
only receipt "lost modules"

# By hand, and where there is nothing to quote.
restarted
echo sysext | extend
exits 0 "a quote of what somebody else has extended" receipt --quote="$nonce" --output="$quote"
verifies 8 "somebody else has extended the PCR" "$quote" --json
only "PCR 13, sha384" "somebody else has extended the PCR"
restarted
exits 0 "a quote to be signed by another key" receipt --quote="$nonce" --output="$quote"
key 256 sha256
cp "$log" "$copy"
cp "$kernel/receipt" "$work/receipt"
forge
pem=$work/ak.pem
verifies 0 "a key on P-256" "$changed"
says "P-256, Name 000b" "says so"
[ "$(grep -o 'Name [0-9a-f]*' "$work/out")" = "Name $(xxd -p "$work/ak.name" | tr -d '\n')" ]
tap $? "with the Name that the TPM has for it"
pem=$work/attestation.pem
tpm2_pcrallocate sha1:all+sha256:all+sha384:none+sha512:none >/dev/null 2>&1
restarted
exits 0 "no bank for SHA-384" receipt --quote="$nonce" --output="$quote"
verifies 0 "no bank for SHA-384: SHA-256 is as good" "$quote" --json
json '[.checks[].what] | index("PCR 13, sha256")' "and it says so"
tpm2_pcrallocate sha1:all+sha256:none+sha384:none+sha512:none >/dev/null 2>&1
restarted
exits 1 "SHA-1 alone" receipt --quote="$nonce"
says "tpm2_pcrallocate" "names the remedy"
tpm2_pcrallocate sha1:all+sha256:all+sha384:all+sha512:all >/dev/null 2>&1
restarted
tpm2_changeauth -c endorsement secret
exits 1 "the endorsement hierarchy has a secret" receipt --quote="$nonce"
says "tpm2_changeauth -c endorsement" "names the remedy"
exits 1 "likewise for the key" receipt --attestation-key
tpm2_changeauth -c endorsement -p secret
exits 1 "a folder that is not there" receipt --quote="$nonce" --output="$work/nowhere/quote"
sed -i 's/^pcr=.*/pcr=-/' "$kernel/state"
exits 1 "no TPM in the kernel" receipt --quote="$nonce"
sed -i 's/^provisioned=.*/provisioned=no/' "$kernel/state"
exits 5 "not provisioned" receipt --quote="$nonce"
rm -r "$kernel"
exits 7 "no modgate in the kernel" receipt --quote="$nonce"
with_modules
rm "$kernel/receipt"
exits 1 "a kernel without a receipt" receipt --quote="$nonce"
tpm_stop
exits 1 "the TPM does not answer" receipt --quote="$nonce"

# The command line.
for text in "" 00 "${nonce}0" "${nonce}0g" "${nonce:2}" "$nonce$nonce$nonce"; do
	exits 2 "nonce '$text'" receipt --quote="$text"
done
exits 2 "--verify-quote without nonce" receipt --verify-quote="$quote" --attestation-key="$pem"
exits 2 "--verify-quote without key" receipt --verify-quote="$quote" --nonce="$nonce"
exits 2 "--verify-quote with a key nowhere" receipt --verify-quote="$quote" --nonce="$nonce" \
	--attestation-key
exits 2 "--nonce alone" receipt --nonce="$nonce"
exits 2 "--output alone" receipt --output="$quote"
exits 2 "--quote and --attestation-key" receipt --quote="$nonce" --attestation-key
exits 2 "--quote and --verify" receipt --quote="$nonce" --verify
exits 2 "--attestation-key with a word behind it" receipt --attestation-key "$pem"
says "--attestation-key=" "says how a file is named"
