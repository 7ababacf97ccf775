# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash disable=SC2119
#
# cli.sh: what a verifier expects of the boot chain: --learn, --expect.

: "${here:?}"

# shellcheck source-path=SCRIPTDIR source=cli_quoted.sh
. "$here/cli_quoted.sh"

known=$work/expected.json
other_file=$work/other.json

# measures [PCR...]: firmware and loader measure what they always do, but for these PCRs.
measures() {
	local pcr arguments=()

	for pcr in 0 1 2 3 4 5 6 7 8 9 14; do
		arguments+=("$pcr:sha256=$(digest_of sha256 "$pcr" "$@"),sha384=$(digest_of sha384 "$pcr" "$@")")
	done
	tpm2_pcrextend "${arguments[@]}" >"$work/out" 2>"$work/err"
}

# digest_of HASH PCR [CHANGED...]
digest_of() {
	local text="what PCR $2 covers"

	[[ " ${*:3} " != *" $2 "* ]] || text+=", and something else"
	printf %s "$text" | "${1}sum" | cut -d' ' -f1
}

# boots [PCR...]: the machine starts, its kernel measures, and its TPM quotes.
boots() {
	restarted
	measures "$@"
	m receipt --quote="$nonce" --output="$quote"
	[ "$status" = 0 ]
	tap $? "a machine boots and quotes${*:+, of which is changed: $*}"
}

# changes PCR... NAME: in JSON, these PCRs have changed, and nothing else is wrong.
changes() {
	local name=${*: -1} list

	list=$(printf '"PCR %s, sha384",' "${@:1:$#-1}")
	json "[.checks[] | select(.good | not) | .what] == [${list%,}] and .good == false and
		(.[\"kernel-proven\"] | not) and .log == null" "$name"
}

tpm_start
key 384 sha384
cp "$work/ak.pem" "$pem"
with_modules

# The attack: a kernel that measures nothing, of another initramfs and command line; root
# extends the PCR by the log of an honest boot, with the TPM's counts of this one.
boots
verifies 0 "a boot that is trusted" "$quote" --learn="$known"
says "learnt: $known" "says what it has kept"
! grep -q "not proven" "$work/out"
tap $? "and who trusts this boot is not told that it is not proven"
boots 9
verifies 0 "a forged log, and nothing is expected" "$quote"
[[ $(sed -n 1p "$work/out") == "The kernel is not proven: "* ]]
tap $? "a forged log, and nothing is expected: the first line says that the kernel is not proven"
verifies 1 "a forged log is not what is expected" "$quote" --expect="$known"
says "PCR 9, sha384: has changed: initramfs and kernel command line" "says what has changed"
says "Nothing of what this quote says can be believed." "and that it proves nothing"
! grep -q "mg_one" "$work/out"
tap $? "nothing of the forged log is shown"

# What was learnt.
jq -e --arg name "$(xxd -p "$work/ak.name" | tr -d '\n')" --arg machine "$(sha384 "$work/pass")" \
	--argjson pcrs "$(values "sha384:$chain")" \
	'keys == ["attestation-key", "bank", "machine-name", "pcr", "pcrs", "version"] and .version == 1 and
	.["attestation-key"] == $name and .["machine-name"] == $machine and .pcr == 13 and
	.bank == "sha384" and (.pcrs | keys) == ($pcrs | keys) and (.pcrs | del(.["9"])) == ($pcrs | del(.["9"]))' \
	"$known" >/dev/null 2>"$work/err"
tap $? "it has key, machine, PCR, bank, and the boot chain's PCRs"
[ "$(wc -l <"$known")" -gt 15 ]
tap $? "and people can read it"

# The same again; then each PCR.
boots
verifies 0 "the same again" "$quote" --expect="$known"
says "boot chain: PCRs 0 to 9, 11, 14, sha384, are as expected" "says so"
! grep -q "not proven" "$work/out"
tap $? "the same again: the kernel is proven"
verifies 0 "the same again, as JSON" "$quote" --expect="$known" --json
json '.["kernel-proven"] and .["kernel-proof"] == "--expect" and .good' "the same again: proven in JSON"
json '(.pcrs | length) == 13 and .bank == "sha384"' "with the values"
verifies 0 "the same, and nothing is expected" "$quote" --json
json '(.["kernel-proven"] | not) and .good' "the same, and nothing is expected: not proven"
covers=([0]="the firmware's code" [1]="firmware's settings" [2]="option ROMs" [3]="settings of such drivers"
	[4]="boot loader, unified kernel image" [5]="partition table" [6]="maker" [7]="Secure Boot"
	[8]="GRUB's commands" [9]="initramfs and kernel command line" [14]="shim")
for pcr in "${!covers[@]}"; do
	boots "$pcr"
	verifies 1 "PCR $pcr has changed" "$quote" --expect="$known" --json
	changes "$pcr" "PCR $pcr has changed: it alone is named"
	json ".checks[] | select(.good | not) | .text | contains(\"${covers[$pcr]}\")" \
		"PCR $pcr has changed: with what it covers"
done
boots
printf x | tpm2_pcrevent -Q 11
m receipt --quote="$nonce" --output="$quote"
verifies 1 "PCR 11 has changed" "$quote" --expect="$known" --json
changes 11 "PCR 11 has changed: it alone is named"
boots 4 9 7
verifies 1 "three have changed" "$quote" --expect="$known" --json
changes 4 7 9 "three have changed: each is named"
verifies 0 "the change is trusted" "$quote" --learn="$other_file" --json
json '(.["kernel-proven"] | not) and .good' "the change is trusted: nothing proves it"
verifies 0 "the change is expected" "$quote" --expect="$other_file"
boots
verifies 1 "the change is gone" "$quote" --expect="$other_file" --json
changes 4 7 9 "the change is gone: each is named"

# A quote that is not good is neither learnt nor as expected.
rm "$other_file"
jq '.receipt |= sub("live"; "gone")' "$quote" >"$changed"
verifies 8 "a changed quote is not learnt" "$changed" --learn="$other_file"
jq '.pcrs["4"] |= sub("^.."; "00")' "$quote" >"$changed"
verifies 8 "a quote whose values the TPM has not signed is not learnt" "$changed" --learn="$other_file"
says "these values are not what the TPM has signed" "says so"
[ ! -e "$other_file" ]
tap $? "nothing was written"
verifies 8 "a quote whose values the TPM has not signed is not as expected" "$changed" \
	--expect="$known" --json
json '[.checks[] | select(.what == "boot chain")] == [] and (.["kernel-proven"] | not)' \
	"nothing is held against what it expects"
verifies 1 "a folder that is not there" "$quote" --learn="$work/nowhere/file"

# Firmware that measures nothing, or nothing but its separators: any kernel looks the same.
restarted
exits 0 "a quote without a boot chain" receipt --quote="$nonce" --output="$quote"
verifies 0 "without a boot chain, nothing is expected" "$quote"
verifies 1 "without a boot chain, it is not learnt" "$quote" --learn="$other_file"
says "boot chain: PCR 4 has nothing in it" "says why"
[ ! -e "$other_file" ]
tap $? "nothing was written"
# A file that somebody has made all the same.
jq -c '.pcrs |= map_values(gsub("."; "0"))' "$known" >"$other_file"
verifies 1 "without a boot chain, it is not expected" "$quote" --expect="$other_file" --json
json '[.checks[] | select(.good | not) | .what] == ["boot chain"] and (.["kernel-proven"] | not)' \
	"and it is this alone"
for pcr in 0 1 2 3 4 5 6 7; do
	printf '\0\0\0\0' | tpm2_pcrevent -Q "$pcr"
done
exits 0 "a quote with separators alone" receipt --quote="$nonce" --output="$quote"
rm "$other_file"
verifies 1 "separators alone are not learnt" "$quote" --learn="$other_file"
says "any kernel looks the same" "says why"
# As an older form of firmware does; and one that measures its boot device, and nothing else.
for text in '\xff\xff\xff\xff' 'the boot device'; do
	restarted
	printf '%b' "$text" | tpm2_pcrevent -Q 4
	exits 0 "a quote, PCR 4 alone: $text" receipt --quote="$nonce" --output="$quote"
	verifies 1 "PCR 4 alone is not learnt: $text" "$quote" --learn="$other_file"
	[ ! -e "$other_file" ]
	tap $? "nothing was written"
done
says "PCRs 8, 9 and 11 have nothing in them" "says what is missing"
for pcr in 8 9 11; do
	restarted
	printf x | tpm2_pcrevent -Q 4
	printf x | tpm2_pcrevent -Q "$pcr"
	exits 0 "a quote, PCR 4 and $pcr" receipt --quote="$nonce" --output="$quote"
	verifies 0 "PCR 4 and $pcr are learnt" "$quote" --learn="$other_file"
done

# Another machine, key, PCR, bank.
boots
jq '.["attestation-key"] |= sub(".$"; "f") | .["attestation-key"] |= sub("^000c"; "000b")' "$known" >"$other_file"
verifies 1 "another key" "$quote" --expect="$other_file" --json
json '[.checks[] | select(.good | not) | .text] | length == 1 and (.[0] | contains("another machine"))' \
	"another key: it is another machine"
jq --arg name "$(sha384 "$quote")" '.["machine-name"] = $name' "$known" >"$other_file"
verifies 1 "another machine" "$quote" --expect="$other_file" --json
json '[.checks[] | select(.good | not) | .text] | length == 1 and (.[0] | contains("machine-name="))' \
	"another machine: names it"
jq '.pcr = 12' "$known" >"$other_file"
verifies 1 "modgate in another PCR" "$quote" --expect="$other_file"
says "modgate in PCR 12; the quote has sha384 and 13" "says so"
jq '.bank = "sha256" | .pcrs |= map_values(.[:64])' "$known" >"$other_file"
verifies 1 "another bank" "$quote" --expect="$other_file"
says "is bank sha256" "says so"
sed -i 's/machine-name=[0-9a-f]*/machine-name=-/' "$log"
boots
verifies 0 "a machine without a name" "$quote" --learn="$other_file"
verifies 0 "a machine without a name is as expected" "$quote" --expect="$other_file"
verifies 1 "a machine without a name is not one with a name" "$quote" --expect="$known"

# Where modgate measures into a PCR that a loader uses on other machines.
with_modules
started
sed -i 's/^pcr=.*/pcr=14/' "$kernel/state"
while IFS= read -r text; do
	printf %s "$text" | tpm2_pcrevent -Q 14
done <"$log"
tpm2_pcrextend "4:sha384=$(sha384 "$work/pass")" "9:sha384=$(sha384 "$work/pass")"
exits 0 "a quote of PCR 14" receipt --quote="$nonce" --output="$quote"
verifies 0 "PCR 14 is modgate's: learnt" "$quote" --pcr=14 --learn="$other_file"
jq -e '(.pcrs | has("14") | not) and .pcr == 14' "$other_file" >/dev/null
tap $? "then it is not part of the boot chain"
verifies 0 "PCR 14 is modgate's: as expected" "$quote" --pcr=14 --expect="$other_file"

# What is no expectation.
with_modules
boots
verifies 0 "a good quote, and what is expected" "$quote" --expect="$known"
verifies 1 "no file to expect" "$quote" --expect="$work/nowhere"
says "--expect=$work/nowhere" "names it"
says "--learn" "and the remedy"
bad=
while read -r filter; do
	jq "$filter" "$known" >"$other_file" || bad+="jq:$filter "
	v "$quote" --expect="$other_file"
	[ "$status" = 8 ] && [ ! -s "$work/out" ] && grep -q -- "--expect=$other_file: not what --learn writes: .*; .*--learn" "$work/err" ||
		bad+="$filter "
done <<'END'
del(.version)
.version = 2
.version = "1"
.more = 1
del(.["attestation-key"])
.["attestation-key"] = ""
.["attestation-key"] = "none"
del(.["machine-name"])
.["machine-name"] = ""
.["machine-name"] = null
.["machine-name"] |= .[2:]
del(.pcr)
.pcr = 7
.pcr = 16
.pcr = 269
.pcr = "13"
.pcr = 14
del(.bank)
.bank = "sha1"
.bank = "sha256"
del(.pcrs)
.pcrs = {}
.pcrs = []
del(.pcrs["4"])
.pcrs["4"] = ""
.pcrs["4"] = null
.pcrs["4"] |= .[2:]
.pcrs["4"] |= . + "00"
.pcrs["4"] |= "x" + .[1:]
.pcrs["13"] = .pcrs["4"]
.pcrs["10"] = .pcrs["4"]
[.]
END
refused "what is no expectation: exit 8, with file, rule and remedy, before anything else"
for text in '' '{}' null '[]' 'x'; do
	printf %s "$text" >"$other_file"
	verifies 8 "no expectation: '$text'" "$quote" --expect="$other_file"
done
jq -c . "$known" | sed 's/"version":1/&,"version":1/' >"$other_file"
verifies 8 "a field twice" "$quote" --expect="$other_file"
jq -c . "$known" | sed 's/"pcrs":{/&"4":"00",/' >"$other_file"
verifies 8 "a PCR twice" "$quote" --expect="$other_file"
head -c 300 "$known" >"$other_file"
verifies 8 "cut off" "$quote" --expect="$other_file"
head -c 70000 /dev/zero >"$other_file"
verifies 1 "too large" "$quote" --expect="$other_file"
verifies 1 "a folder" "$quote" --expect="$work"

# The command line.
verifies 2 "--learn and --expect" "$quote" --learn="$other_file" --expect="$known"
exits 2 "--expect alone" receipt --expect="$known"
exits 2 "--learn alone" receipt --learn="$other_file"
exits 2 "--quote and --expect" receipt --quote="$nonce" --expect="$known"
exits 2 "--quote and --learn" receipt --quote="$nonce" --learn="$other_file"
exits 2 "--check and --expect" receipt --check --expect="$known"
