# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2119
#
# cli.sh: quotes: receipt --quote, --attestation-key, --verify-quote. What is expected
# of the boot chain is in cli_expect.sh.

: "${here:?}"

# shellcheck source-path=SCRIPTDIR source=cli_quoted.sh
. "$here/cli_quoted.sh"

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
	--argjson pcrs "$(values "sha384:$chain,13")" \
	'keys == ["attest", "bank", "kernel", "log", "nonce", "pcr", "pcrs", "receipt", "signature", "version"] and
	.pcrs == $pcrs and (.pcrs | length) == 13 and
	.version == 1 and .nonce == $n and .pcr == 13 and .bank == "sha384" and .kernel == $k and
	.log == $log and .receipt == $receipt' "$quote" >/dev/null
tap $? "version, nonce, PCR, bank, PCRs, kernel, log and receipt are what they should be"
verifies 0 "a good quote" "$quote"
says "PCR 13, sha384: the log makes what the TPM has signed" "says what was signed"
says "PCRs: the TPM has signed 0 to 9, 11, 13, 14, sha384, in one act" "says which PCRs were"
[[ $(sed -n 1p "$work/out") == "The kernel is not proven: "* && $(sed -n 2p "$work/out") == *"--expect="* ]]
tap $? "the first line says that the kernel is not proven, the second one what helps"
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
json '(.["kernel-proven"] | not) and (.["kernel-proof"] | contains("not proven"))' \
	"the kernel is not proven"
json '.good and ([.checks[].good] | all) and (.checks | length) == 8' "every check is good"
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
sed -n "/^   jq -r '.pcrs/,/sha384sum/p" "$manual" | sed "s:quote.json:$quote:" >"$work/program"
signed=$(tpm2_print -t TPMS_ATTEST "$work/attest" | sed -n 's/^ *pcrDigest: *//p')
[ "$signed" ] && [ "$(bash "$work/program" 2>"$work/err")" = "$signed  -" ]
tap $? "the other one computes the digest of the PCRs that the TPM has signed"
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
pcrs:{}
pcrs:(.pcrs + {"12": .pcrs["13"]})
pcrs:(.pcrs + {"24": .pcrs["13"]})
pcrs:(.pcrs + {"013": .pcrs["13"]})
pcrs:(.pcrs + {"x": .pcrs["13"]})
pcrs:(.pcrs | del(.["0"]))
pcrs:(.pcrs + {"4": .pcrs["13"]})
pcrs:(.pcrs + {"4": 4})
pcrs:(.pcrs + {"4": null})
pcrs:(.pcrs + {"4": ""})
pcrs:(.pcrs + {"4": (.pcrs["4"] + "00")})
pcrs:(.pcrs + {"4": .pcrs["4"][2:]})
pcrs:(.pcrs + {"13": (.pcrs["13"] | ascii_upcase)})
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
for field in version nonce pcr bank pcrs attest signature kernel log receipt; do
	for filter in "del(.$field)" ".$field = null" ".$field = 1.5" ".$field = [.$field]" \
		".$field = {a: .$field}" ".$field = true"; do
		jq "$filter" "$quote" >"$changed"
		v "$changed"
		[ "$status" = 8 ] || bad+="$filter "
	done
done
refused "no field may be missing, or be of another type"
bad=
for field in version nonce pcr bank pcrs attest signature kernel log receipt; do
	value=$(jq -c ".$field" "$quote")
	jq -c . "$quote" | sed "s/}\$/,\"$field\":/" | tr -d '\n' >"$changed"
	printf '%s}\n' "$value" >>"$changed"
	jq -e . "$changed" >/dev/null || bad+="json:$field "
	v "$changed"
	[ "$status" = 8 ] || bad+="$field "
done
refused "no field may be there twice, with the same value either"
jq -c . "$quote" | sed 's/"pcrs":{/&"4":"00",/' >"$changed"
verifies 8 "a PCR twice" "$changed"
for field in kernel log receipt; do
	jq ".$field = \"\"" "$quote" >"$changed"
	verifies 8 "empty: $field" "$changed"
	says "damaged: $field" "empty: $field: names it"
done

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
[ "$fields" = 43 ]
tap $? "the log has 43 fields"
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
forge "sha384:$chain,13" 13 sha384 "$nonce"
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
forge "sha384:$chain,23" 23
verifies 8 "a PCR that can be reset" "$changed" --json
only PCRs "a PCR that can be reset"
forge "sha384:$chain,23"
verifies 8 "a PCR that can be reset, called 13" "$changed" --json
only PCRs "a PCR that can be reset, called 13"
verifies 2 "a PCR that can be reset is not to be asked for" "$quote" --pcr=23
verifies 8 "another PCR is expected" "$quote" --pcr=14 --json
only PCRs "another PCR is expected"
# PCR 12 has the same log, but is not modgate's.
while IFS= read -r text; do
	printf %s "$text" | tpm2_pcrevent -Q 12
done <"$log" >"$work/out" 2>"$work/err"
for selection in sha384:13 "sha384:$chain,13,23" "sha384:$chain,13+sha256:13" \
	"sha256:13+sha384:$chain,13" "sha256:$chain,13" "sha384:$chain,12" \
	"sha384:$chain,12,13" "sha384:${chain#0,},13" "sha384:${chain%,14},13"; do
	forge "$selection"
	verifies 8 "PCRs $selection" "$changed" --json
	only PCRs "PCRs $selection"
done
# Both agree with each other, and not with what is wanted.
forge "sha384:${chain/,4,/,},13"
jq 'del(.pcrs["4"])' "$changed" >"$work/less" && mv "$work/less" "$changed"
verifies 8 "a quote without PCR 4" "$changed" --json
only PCRs "a quote without PCR 4"
forge "sha384:$chain,12,13"
jq --argjson value "$(values sha384:12)" '.pcrs += $value' "$changed" >"$work/less" && mv "$work/less" "$changed"
verifies 8 "a quote with PCR 12" "$changed" --json
only PCRs "a quote with PCR 12"
forge "sha256:$chain,13" 13 sha256
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
json '[.checks[] | select(.good | not) | .what] == ["PCR 13, sha384", "boot"]' \
	"it is neither in the PCR nor of this boot"
[ "$(v "$work/before.json" --json; jq .tpm "$work/out")" = null ]
tap $? "of a quote that is refused nothing is shown"

# The TPM's counts.
resets=$(tpm2_readclock | sed -n 's/^ *reset_count: *//p')
verifies 0 "the quote of this boot" "$quote"
says "TPM: started $resets time(s), suspended 0 time(s) since" "it has the TPM's resetCount"
says "boot: the log is of this start of the TPM (resetCount $resets)" "and the log's is the same"
json_of() { v "$quote" --json && jq -e "$1" "$work/out" >/dev/null; }
json_of ".tpm.resets == $resets and .tpm.restarts == 0 and .tpm.safe != null"
tap $? "in JSON as well"
cp "$log" "$copy"
cp "$kernel/receipt" "$work/receipt"
# counted NAME STATUS COUNTS: a log with these, measured and signed.
counted() {
	sed -i "1s/reset-count=.*/$3/" "$copy"
	tpm_stop
	tpm_run
	resets=$((resets + 1))
	extend <"$copy"
	key 384 sha384
	forge
	verifies "$2" "$1" "$changed" --json
}
counted "the log of the boot before" 8 "reset-count=$resets restart-count=0"
only boot "the log of the boot before"
says "reset-count=$((resets - 1)), the TPM $resets: it was reset since" "says what that means"
counted "the log of a boot to come" 8 "reset-count=$((resets + 2)) restart-count=0"
only boot "the log of a boot to come"
counted "the right count" 0 "reset-count=$((resets + 1)) restart-count=0"
counted "more restarts than the TPM has had" 8 "reset-count=$((resets + 1)) restart-count=1"
only boot "more restarts than the TPM has had"
counted "no number" 8 "reset-count=x restart-count=0"
only boot "no number"
counted "counts that the kernel could not read" 0 "reset-count=- restart-count=-"
says "not checkable by the TPM's resetCount" "says so"
counted "no counts" 8 "more=1"
says "event boot without reset-count=" "names what is missing"
says "event boot without restart-count=" "and the other one"
cp "$log" "$copy"
counted "before it is suspended" 0 "reset-count=$((resets + 1)) restart-count=0"
tpm2_shutdown && tpm_suspended
forge
verifies 0 "suspended and resumed" "$changed"
says "boot: suspended and resumed 1 time(s) since then" "it is told"
says "suspended 1 time(s) since" "behind TPM: as well"

# The kernel noticed that the PCR had something else.
{
	cat "$log"
	echo "seq=8 event=pcr-changed bank=sha384 value=$(sha384 "$work/pass")"
} >"$copy"
started
sed -i "1s/reset-count=.*/$(counts)/" "$copy"
extend <"$copy"
key 384 sha384
forge
verifies 8 "the PCR had changed" "$changed" --json
only log "the PCR had changed"
says "line 8: the kernel found $(sha384 "$work/pass") in bank sha384 of its PCR" "says what was in it"

# Allowed, and never came up: without a name, if the file has none.
with_modules
sed -i 's/ name=mg_two / name=- /' "$log" "$kernel/receipt"
hash=$({ head -c 48 /dev/zero; sed -n '1s/ state=.*//p' "$kernel/receipt" | tr -d '\n'; } | sha384sum)
hash=$({ xxd -r -p <<<"${hash%% *}"; sed -n '2s/ state=.*//p' "$kernel/receipt" | tr -d '\n'; } | sha384sum)
sed -i "s/sha384=.*/sha384=${hash%% *}/; s/state=gone loads=3/state=judged loads=0/" "$kernel/receipt"
sed -i "s/\(event=closed.* sha384=\).*/\1${hash%% *}/" "$log"
restarted
exits 0 "receipt, judged" receipt
[[ $(sed -n 3p "$work/out") == "-  "*" judged "*" 0 "* ]]
tap $? "receipt, judged: has the line, without a name"
exits 0 "receipt --verify, judged" receipt --verify
exits 1 "receipt --check, judged" receipt --check
says "Third-party modules since power-on: 2: mg_one - (allowed, did not come up)" "it does not pass for none"
exits 0 "receipt --json, judged" --json receipt
json '.modules[1].state == "judged" and .modules[1].loads == "0" and .modules[1].name == null' \
	"it is in JSON"
exits 0 "receipt --file, judged" --json receipt --file
exits 0 "receipt --history, judged" receipt --history
says "2 module(s)" "receipt --history, judged: counts it"
exits 0 "a quote, judged" receipt --quote="$nonce" --output="$quote"
verifies 0 "a quote, judged" "$quote"
says "- (approved) $(sha384 "$work/mg_two.ko"); allowed, and never came up" "a quote, judged: says so"
with_modules
restarted

# A log that makes the PCR, and is not what the kernel would have written.
started
sed 's/^seq=7/seq=8/' "$kernel/log" >"$copy"
cp "$kernel/receipt" "$work/receipt"
extend <"$copy"
key 384 sha384
forge
verifies 8 "a log with a gap, measured and signed" "$changed" --json
only "log: line 7" "a log with a gap"

# The kernel has measured that a module has no line.
restarted
echo "seq=8 event=lost lines=2" | cat "$kernel/log" - >"$copy"
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
says "it found no TPM 2.0 when it started" "no TPM in the kernel: says why"
sed -i 's/^tpm=.*/tpm=late/' "$kernel/state"
exits 1 "a TPM that came late" receipt --quote="$nonce"
says "came after the kernel had chosen" "a TPM that came late: says why"
sed -i 's/^tpm=.*/tpm=refused/' "$kernel/state"
exits 1 "a TPM that was refused" receipt --quote="$nonce"
says "is virtual, being upgraded" "a TPM that was refused: says why"
sed -i '/^measured=/d' "$kernel/state"
exits 3 "not as root" receipt --quote="$nonce"
says "try as root" "not as root: says so"
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
