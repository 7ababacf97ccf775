# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# cli.sh: what was measured: verify --log.

: "${here:?}"

# shellcheck source-path=SCRIPTDIR source=cli_measured.sh
. "$here/cli_measured.sh"

# banks GOOD: in JSON, each bank of the TPM matches, or none does.
all_banks='[.[] | select(.what | test("^PCR 13, sha(1|256|384|512)$")) | .good]'
banks() {
	json "$all_banks == [$1, $1, $1, $1]" "$2"
}

# bad NAME TEXT: the copy does not match, in no bank; and the tool says so.
bad() {
	exits 8 "$1" --json verify --log="$copy"
	banks false "$1: no bank matches"
	[ -z "${2:-}" ] || says "$2" "$1: says: $2"
}

tpm_start
machine
restarted
exits 0 "verify --log" verify --log
says "4 record(s)" "says how many records there are"
says "documents in force are those in the log" "says that it tells what is in force"
exits 0 "verify --log as JSON" --json verify --log
banks true "every bank matches"
json "[.[] | select(.good | not)] == []" "and nothing is wrong"
[ "$(jq -r '.[] | select(.what == "PCR 13, sha256").text' "$work/out" | grep -o '[0-9a-f]\{64\}')" = \
	"$(tpm2_pcrread sha256:13 2>/dev/null | sed -n 's/.*0x//p' | tr A-F a-f)" ]
tap $? "the value is what the TPM has"
exits 0 "verify --log of a copy" verify --log="$copy"
rm -r "$etc"
exits 0 "verify --log without documents on disk" verify --log
machine

# The program in the documentation.
manual=$here/../../../Documentation/security/modgate.rst
# shellcheck disable=SC2016 # the program's own $
sed -n '/^   pcr=\$(printf/,/^   echo/p' "$manual" >"$work/program" 2>"$work/err"
sed -i "s:/sys/kernel/security/modgate/log:$log:" "$work/program"
bash "$work/program" >"$work/out" 2>>"$work/err"
[ "$(cat "$work/out")" = "$(tpm2_pcrread sha256:13 2>/dev/null | sed -n 's/.*0x//p' | tr A-F a-f)" ]
tap $? "the program in the documentation computes the PCR"

# One field changed, in turn each of each record, by its last character.
for n in 1 2 3 4; do
	read -ra words < <(sed -n "${n}p" "$log")
	for field in "${words[@]}"; do
		last=${field: -1}
		changed=${field%?}$(other "$last")
		sed "${n}s/\\(^\\| \\)$field\\( \\|\$\\)/\\1$changed\\2/" "$log" >"$copy"
		if cmp -s "$log" "$copy"; then
			tap 1 "line $n: ${field%%=*} can be changed"
		fi
		bad "line $n, another ${field%%=*}"
	done
done
exits 8 "for people" verify --log="$copy"
says "PCR 13, sha1: has " "names the bank"
says "$(tpm2_pcrread sha256:13 2>/dev/null | sed -n 's/.*0x//p' | tr A-F a-f), the log makes " "names both values"
says "systemd-stub" "names another user of the PCR as a cause"
says "measure-errors=0" "names dropped records as a cause"

# Whole records.
sed 2d "$log" >"$copy"
bad "a record removed" "seq=3, expected seq=2"
sed 4d "$log" >"$copy"
bad "the last record removed" "the log has no record of it"
sed 1d "$log" >"$copy"
bad "the boot removed" "the first record has to be event=boot"
sed '2{h;d};3G' "$log" >"$copy"
bad "two records swapped" "seq=3, expected seq=2"
{ cat "$log"; sed -n '3s/seq=3/seq=5/p' "$log"; } >"$copy"
bad "a record added at the end" "has measured 4 record(s), the log has 5"
sed '3{p;s/seq=3/seq=4/}; 4s/seq=4/seq=5/' "$log" >"$copy"
bad "a record added and numbered" "has measured 4 record(s), the log has 5"
sed 3p "$log" >"$copy"
bad "a record twice" "log: line 4"
: >"$copy"
bad "empty" "is empty"
cat "$log" "$log" >"$copy"
bad "a second boot in it" "a second boot"

# Whatever else may stand in a file.
sed '2s/$/ /' "$log" >"$copy"
bad "a blank at the end of a line"
sed 's/$/\r/' "$log" >"$copy"
bad "another end of line" "log: line 1"
sed '3s/digest=/digest=\o033[2J/' "$log" >"$copy"
bad "what a terminal would act on" "log: line 3"
tr ' ' '\0' <"$log" >"$copy"
bad "zero bytes" "log: line 1"
head -c 3000 /dev/urandom >"$copy"
bad "noise" "log: line 1"
head -c -1 "$log" >"$copy"
exits 8 "without a final newline" verify --log="$copy"
says "log: line 4: has no newline at its end" "says which line is cut off"
head -c 300 "$log" >"$copy"
bad "cut off" "has no newline at its end"
for size in 767 768 100000; do
	sed "3s/\$/ x=$(head -c 100000 /dev/zero | tr '\0' y)/" "$log" |
		cut -c "-$size" >"$copy"
	bad "a line of $size bytes"
	grep -q "log: line 3.*" "$work/out"
	[ $? = $((size < 768)) ]
	tap $? "a line of $size bytes: is too long only from 768 on"
done
says "has 100000 bytes" "names the line and its size"
sed 's/event=list/event=other/' "$log" >"$copy"
bad "an event of another version" "event other is not known"
for n in 1 2 3 4; do
	cut -d' ' -f -2 "$log" | sed -n "${n}p" >"$work/record"
	sed "${n}s/.*/$(cat "$work/record")/" "$log" >"$copy"
	bad "line $n without its keys" "log: line $n"
done
echo "no log at all" >"$copy"
bad "no records" "does not begin with seq=NUMBER event=WORD"
truncate -s 17M "$copy"
exits 1 "a log of 17 MiB" verify --log="$copy"
exits 1 "a log that is not there" verify --log="$work/nowhere"
exits 1 "a folder" verify --log="$work"

# Somebody else and the PCR.
tpm2_pcrextend 13:sha256="$(sha256sum "$work/pass" | cut -d' ' -f1)" >/dev/null 2>&1
exits 8 "one bank extended by somebody else" --json verify --log
json '[.[] | select(.good | not) | .what] == ["PCR 13, sha256", "PCR 13"]' \
	"exactly this bank does not match"
echo "sysext" | extend
exits 8 "all banks extended by somebody else" --json verify --log
banks false "no bank matches"
tpm_stop
tpm_run
echo "sysext" | extend
extend <"$log"
exits 8 "extended by somebody else before" --json verify --log
banks false "no bank matches"
tpm_stop
tpm_run
exits 8 "nothing measured" verify --log
says "nothing was measured into it since the TPM started" "says so"
extend < <(head -n 3 "$log")
sed -i 's/^measure-errors=.*/measure-errors=1/' "$kernel/state"
exits 8 "a record that the TPM did not take" verify --log
says "the TPM did not take a record (measure-errors=1)" "names it as a cause"
restarted
sed -i 's/^measured=.*/measured=3/' "$kernel/state"
exits 1 "the TPM has taken one less, and the kernel counts an error" --json verify --log
json '[.[] | select(.good | not) | .what] == ["kernel"]' "and that is all"
sed -i 's/^measured=.*/measured=2/' "$kernel/state"
exits 8 "the TPM has taken two less, and the kernel counts one error" verify --log
sed -i 's/^measured=.*/measured=4/' "$kernel/state"
exits 1 "the PCR matches, but the kernel counts an error" --json verify --log
banks true "every bank matches"
says "measure-errors=1: so many records" "says that there was an error"
sed -i 's/^pcr=.*/pcr=14/' "$kernel/state"
exits 8 "the kernel says another PCR" verify --log
says "PCR 14, sha384: has 0" "it is the one that is read"
sed -i 's/^pcr=.*/pcr=99/' "$kernel/state"
exits 1 "a PCR that the TPM does not have" verify --log
says "has no bank that could be checked" "says so"

# The kernel found something else in the PCR than it had left there.
machine measured=5
echo "seq=5 event=pcr-changed bank=sha256 value=$(sha256sum "$log" | cut -d' ' -f1)" >>"$log"
value=$(sed -n 's/.*value=//p' "$log")
restarted
exits 8 "the kernel found the PCR changed" --json verify --log
banks true "the kernel found the PCR changed: also where the log makes it"
json '[.[] | select(.good | not) | .what] == ["log"]' "it is this alone"
says "line 5: the kernel found $value in bank sha256 of its PCR" "says what was in it"
exits 8 "receipt --verify: the kernel found the PCR changed" receipt --verify
says "line 5: the kernel found $value in bank sha256 of its PCR" "says so, too"
machine pcr-changed=2
restarted
exits 8 "the kernel counts changes of the PCR" verify --log
says "pcr-changed=2" "says how many"

# Made by the kernel without the hash of a bank: SHA-384, cut or padded.
machine
tpm_stop
tpm_run
while read -r line; do
	h=$(printf %s "$line" | sha384sum | cut -d' ' -f1)
	tpm2_pcrextend 13:sha1="${h:0:40},sha256=$(printf %s "$line" | sha256sum | cut -d' ' -f1),sha384=$h,sha512=$h$(printf %032d 0)"
done <"$log" >"$work/out" 2>"$work/err"
exits 0 "banks whose hash the kernel does not know" --json verify --log
json '[.[] | select(.text | test("by SHA-384")) | .what] == ["PCR 13, sha1", "PCR 13, sha512"]' \
	"says for which ones it is SHA-384"

# Banks that are off.
tpm2_pcrallocate sha1:none+sha256:all+sha384:none+sha512:none >/dev/null 2>&1
restarted
exits 0 "only one bank on" --json verify --log
json '[.[] | select(.what | startswith("PCR")) | .what] == ["PCR 13, sha256"]' "it alone is checked"
sed '3s/counter=0/counter=1/' "$log" >"$copy"
exits 8 "changed, and only one bank on" verify --log="$copy"
says "PCR 13, sha256" "names this bank"
tpm2_pcrallocate sha1:all+sha256:all+sha384:all+sha512:all >/dev/null 2>&1

# A log that makes the PCR, and is not what the kernel would have written.
forged() {
	exits 8 "the PCR agrees, $1" --json verify --log
	banks true "the PCR agrees, $1: every bank matches"
	says "$2" "the PCR agrees, $1: says: $2"
}
machine
sed -i '3s/seq=3/seq=4/; 4s/seq=4/seq=5/' "$log"
restarted
forged "a gap" "line 3"
machine measured=5
sed -i '4{p;s/seq=4/seq=5/}' "$log"
restarted
forged "sealed twice" "state boot ended before, in line 4"
machine
sed -i '4s/by=seal/by=exec/' "$log"
restarted
forged "sealed by something else" "what ended state boot is seal in the kernel's state"
machine
sed -i '1s/freshness=none/freshness=tpm/' "$log"
restarted
forged "freshness tpm" "line 1: freshness is none in the kernel's state"
machine measured=3
sed -i 4d "$log"
restarted
forged "not sealed" "the log has no record of it"
sed -i 's/^state=.*/state=boot/; s/^ended-by=.*/ended-by=-/' "$kernel/state"
exits 0 "not sealed, in state boot" verify --log
machine state=boot ended-by=-
restarted
forged "sealed in state boot" "is in state boot, the log says that it ended"

# The documents.
machine
sed -i "s/^digest=.*/digest=$(sha384 "$work/pass")/" "$kernel/policy"
forged "another local policy in force" "local policy: in force, and not in the log"
machine
sed -i "s/ digest=[0-9a-f]*/ digest=$(sha384 "$work/pass")/" "$kernel/lists"
forged "another list in force" "list of owner: in force, and not in the log"
machine
sed -i 's/event=list/event=policy/' "$log"
restarted
forged "a list measured as a policy" "list of owner: in force, and not in the log"
machine measured=5
sed -i "3{p;s/seq=3/seq=4/}; 4s/seq=4/seq=5/" "$log"
sed -i "3s/digest=[0-9a-f]*/digest=$(sha384 "$work/pass")/" "$log"
restarted
forged "a document in the log, in time, and not in force" "line 3: this list was measured, and is not in force"
machine measured=5
# shellcheck disable=SC2094 # the line that is added is not the third
sed -n '3s/seq=3/seq=5/p' "$log" | sed "s/digest=[0-9a-f]*/digest=$(sha384 "$work/pass")/" >>"$log"
restarted
forged "a document after sealed" "line 5: this list was measured, and is not in force"
machine
{ sed 3d "$log" | sed 's/seq=4/seq=3/'; sed -n '3s/seq=3/seq=4/p' "$log"; } >"$copy"
cp "$copy" "$log"
restarted
forged "a document in force that came after sealed" "list of owner: in force, and not in the log before state boot ended"
machine
sed -i 's/loaded=yes.*/loaded=no/' "$kernel/lists"
restarted
forged "a document right before sealed, and not in force" "line 3: this list was measured, and is not in force"
machine measured=2 policy=no
sed -i '2,3d; s/seq=4/seq=2/' "$log"
: >"$kernel/policy"
sed -i 's/loaded=yes.*/loaded=no/' "$kernel/lists"
restarted
exits 0 "no documents" verify --log

# Nothing to verify, or not by this.
machine
restarted
rm "$kernel/policy"
exits 8 "what is in force is not there" verify --log
: >"$kernel/policy"
chmod 0 "$kernel/policy"
setpriv --bounding-set=-all --inh-caps=-all "$tool" --root="$root" verify --log >"$work/out" 2>"$work/err"
[ $? = 3 ]
tap $? "what is in force may not be read: exit 3"
machine provisioned=no pcr=- measured=0
: >"$log"
exits 5 "not provisioned" verify --log
says "modgate key --pin" "names the remedy"
machine pcr=-
exits 1 "the kernel holds no TPM" verify --log
sed -i 's/^measured=.*/measured=0/' "$kernel/state"
exits 1 "the kernel holds no TPM, which has taken no record" --json verify --log
json '[.[] | select(.good | not) | .what] == ["TPM"]' "and that is all"
says "the log can only be believed" "says what that means"
sed -i '3s/seq=3/seq=7/' "$log"
exits 8 "no TPM, and a log without its form" verify --log
sed -i '3s/seq=7/seq=3/; s/event=list/event=policy/' "$log"
exits 8 "no TPM, and a log that the kernel contradicts" verify --log
machine
tpm_stop
exits 1 "the TPM does not answer" verify --log
says "cannot be asked, so the log can only be believed" "says what that means"
sed -i '/^measured=/d' "$kernel/state"
exits 3 "a kernel that tells root only" verify --log
sed -i '/^pcr=/d' "$kernel/state"
exits 1 "a kernel that does not measure" verify --log
rm -r "$kernel"
exits 7 "verify --log without modgate" verify --log
exits 2 "--log with a word behind it" verify --log "$copy"
says "--log=" "says how a file is named"
exits 2 "--log and --repair" verify --log --repair
