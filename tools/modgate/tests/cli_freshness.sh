# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# cli.sh: freshness and machine binding, against a TPM 2.0 that this part starts
# (swtpm, on loopback) and ends.

: "${here:?}" "${kernel:?}"

# shellcheck source-path=SCRIPTDIR source=cli_tpm.sh
. "$here/cli_tpm.sh"

# put_back: the disk has the first list only.
put_back() {
	rm -f "$etc"/staged/owner-* "$etc"/active/owner-*
	cp "$work"/old/owner-* "$etc/staged"
}

pids=()
tpm_start
fresh_tpm
grep -q "Freshness: tpm, since the command line says so" "$work/init_tpm"
tap $? "init says that freshness is by TPM, and why"
for i in 0 1 2 3; do tpm2_nvreadpublic 0x0184d00$i; done >"$work/out" 2>"$work/err"
[ "$(grep -c 'value: 0x22040014' "$work/out")" = 4 ] && [ "$(grep -c 'size: 8' "$work/out")" = 4 ]
tap $? "init has made four counters with exactly these attributes"
tpm2_readpublic -c 0x81000001 -n "$work/name" >"$work/out" 2>"$work/err"
grep -q 'raw: 0x30472' "$work/out"
tap $? "the storage root key has the attributes of the TCG's template"
[ "$(machine_of "$etc"/staged/local-*.policy)" = "$(sha384 "$work/name")" ]
tap $? "the local policy names the machine by the Name of the storage root key"
exits 0 "verify after init" verify
says "counter 0x0184d002 agrees" "verify holds the list against its counter"
accepted owner
tap $? "the kernel would accept the first list"

approved
[ "$second" = "$((first + 1))" ] && [ "$(counter $accept)" = "$second" ] &&
	[ "$(counter $issue)" = "$second" ]
tap $? "approving counts issue and accept up by one"
exits 0 "verify after two approvals" verify
[ "$(machine_of "$etc"/staged/owner-*.list | tr -d 0)" = "" ]
tap $? "a list names no machine: the owner's key does"
printf 'wrong horse\n' >"$work/pass"
exits 4 "approve with a wrong passphrase" approve --on-demand --passphrase-fd=3 "$work/mg_one.ko"
printf 'correct horse\n' >"$work/pass"
[ "$(counter $issue)" = "$second" ]
tap $? "a wrong passphrase uses up no number"
exits 6 "revoke" revoke --passphrase-fd=3 mg_two
[ "$(counter $accept)" = "$((second + 1))" ]
tap $? "revoking counts up too"

# An old list, validly signed, is put back.
approved
put_back
accepted owner
tap $((! $?)) "the kernel would accept no list that was put back"
exits 8 "verify of a list that was put back" verify
says "rolled back: generation $first" "verify says: rolled back, and which it is"
says "is at $second" "verify says where the counter is"
exits 8 "approve on a list that was put back" approve --passphrase-fd=3 --on-demand "$work/mg_one.ko"
says "an older list was put back" "approve says so"
exits 8 "revoke on a list that was put back" revoke --passphrase-fd=3 mg_one
[ "$(counter $issue)" = "$second" ] && [ "$(newest owner)" = "$first" ]
tap $? "neither has signed anything"
exits 8 "repair without a generation" verify --repair --passphrase-fd=3
says "generation $first of 20" "repair shows generation and time"
says "module $(sha384 "$work/mg_one.ko") mg_one" "repair shows every entry"
says "modgate verify --repair --generation=$first" "repair shows the command"
[ "$(counter $issue)" = "$second" ] && [ "$(newest owner)" = "$first" ]
tap $? "repair without a generation changes nothing"
exits 8 "the same as JSON" --json verify --repair --passphrase-fd=3
json ".owner.generation == $first and .owner.entries[0].name == \"mg_one\" and (.restart_needed | not)" \
	"repair shows it as JSON too"
exits 1 "repair with a generation that is not there" verify --repair --generation="$second" --passphrase-fd=3
printf 'wrong horse\n' >"$work/pass"
exits 4 "repair with a wrong passphrase" verify --repair --generation="$first" --passphrase-fd=3
printf 'correct horse\n' >"$work/pass"
exits 6 "repair with its generation" verify --repair --generation="$first" --passphrase-fd=3
exits 0 "verify after the repair" verify
exits 0 "list after the repair" --json list
json "[.[].name] == [\"mg_one\"] and .[0].generation == $((second + 1))" \
	"repair has put back what it showed, under a new generation"
exits 0 "repair when all is well" verify --repair
says "Nothing to repair" "says that there is nothing to repair"
exits 2 "a generation without repair" verify --generation=1
approved
put_back
exits 6 "approve with an explicit generation" approve --generation="$first" \
	--on-demand --passphrase-fd=3 "$work/mg_two.ko"
says "module $(sha384 "$work/mg_one.ko") mg_one" "approve --generation shows every entry that it puts back"
approved
put_back
exits 8 "approve as JSON on what was put back" --json approve --passphrase-fd=3 --on-demand "$work/mg_one.ko"
exits 6 "approve --generation as JSON" --json approve --generation="$first" \
	--on-demand --passphrase-fd=3 "$work/mg_two.ko"
json '.base.entries[0].name == "mg_one"' "approve --generation shows the entries as JSON too"

# The local policy is put back.
approved
cp -a "$etc/staged" "$work/old_policy"
tpm2_nvincrement 0x0184d000 >/dev/null 2>&1
exits 8 "verify when the counter of the policy is ahead" verify
says "TPM: local policy: rolled back" "verify says that it is the local policy"
exits 8 "approve then" approve --passphrase-fd=3 --on-demand "$work/mg_one.ko"
says "an older local policy was put back" "approve says so"
exits 8 "repair of the policy without its generation" verify --repair --passphrase-fd=3
policy=$(newest local)
says "--policy-generation=$policy" "repair wants the policy's generation"
exits 6 "repair of the policy" verify --repair --policy-generation="$policy" --passphrase-fd=3
exits 0 "verify after that" verify
accepted local && accepted owner
tap $? "the kernel would accept policy and list"

# The counter itself.
approved
tpm2_nvundefine $accept >/dev/null 2>&1
exits 8 "verify without the counter" verify
says "counter 0x0184d002 is missing" "verify names the counter"
exits 8 "approve without the counter" approve --passphrase-fd=3 --on-demand "$work/mg_one.ko"
says "verify --repair" "approve names the remedy"
exits 8 "repair without the counter and a generation" verify --repair --passphrase-fd=3
has_index $accept
tap $((! $?)) "repair without a generation makes no counter"
tpm2_nvdefine $accept -C o -s 8 -a "nt=counter|authread|authwrite|no_da" >/dev/null 2>&1
exits 8 "verify of a counter made anew" verify
says "made anew" "verify says that it was made anew"
exits 8 "approve then" approve --passphrase-fd=3 --on-demand "$work/mg_one.ko"
tpm2_nvincrement $accept >/dev/null 2>&1
[ "$(counter $accept)" -gt "$second" ]
tap $? "a counter made anew starts above its last value"
exits 8 "verify after it was incremented" verify
says "rolled back" "to the TPM that is a roll-back"
exits 6 "repair" verify --repair --generation="$second" --passphrase-fd=3
exits 0 "verify after the repair" verify
accepted owner
tap $? "the kernel would accept the repaired list"

approved
tpm2_nvundefine $accept >/dev/null 2>&1
tpm2_nvdefine $accept -C o -s 8 -a "authread|authwrite|no_da" >/dev/null 2>&1
printf '\0\0\0\0\0\0\0\1' | tpm2_nvwrite $accept -i - >/dev/null 2>&1
put_back
exits 8 "verify of an ordinary index in its place" verify
says "counter 0x0184d002 was replaced" "verify says that it was replaced"
exits 8 "approve then" approve --passphrase-fd=3 --on-demand "$work/mg_one.ko"
says "index 0x0184d002 is not a counter of modgate" "approve names handle and rule"
says "tpm2_nvundefine 0x0184d002" "approve names the remedy"
exits 8 "repair does not remove what is not ours" verify --repair --generation="$first" --passphrase-fd=3
rm -rf "$etc"
exits 8 "init where somebody else's index is" init --freshness=tpm --passphrase-fd=3
says "index 0x0184d002 is not a counter of modgate" "init names handle and rule"
[ ! -e "$etc/keys/anchor.key" ]
tap $? "init has made no keys then"
tpm2_nvundefine $accept >/dev/null 2>&1
exits 6 "init after it was removed" init --freshness=tpm --passphrase-fd=3
exits 0 "verify after that" verify

approved
tpm2_nvundefine $accept >/dev/null 2>&1
tpm2_nvdefine $accept -C o -s 8 -p secret -a "nt=counter|authread|authwrite|no_da" >/dev/null 2>&1
tpm2_nvincrement $accept -P secret >/dev/null 2>&1
exits 8 "verify of a counter with a secret" verify
says "was replaced" "verify says that it was replaced"

approved
for ((i = 0; i < 80; i++)); do tpm2_nvincrement $issue; done >/dev/null 2>&1
exits 8 "approve after somebody has counted issue up" approve --passphrase-fd=3 --on-demand "$work/mg_one.ko"
says "too far ahead" "approve says what is wrong, before it takes a number"
accepted owner
tap $? "what was in force is still good"
exits 8 "repair without a generation" verify --repair
exits 6 "repair" verify --repair --generation="$(newest owner)" --passphrase-fd=3
[ "$(counter $accept)" = "$(newest owner)" ] && accepted owner
tap $? "the accept counter has followed"
tpm2_nvundefine $issue >/dev/null 2>&1
exits 8 "verify without the issue counter" verify
exits 8 "approve without the issue counter" approve --passphrase-fd=3 --permanent "$work/mg_one.ko"
before=$(newest owner)
exits 0 "repair" verify --repair
[ "$(newest owner)" = "$before" ] && [ "$(counter $issue)" -gt "$before" ]
tap $? "repair makes the counter, above its last value, and signs nothing"
exits 0 "verify after that" verify

# The whole TPM.
approved
tpm2_clear >/dev/null 2>&1
exits 8 "verify after TPM2_Clear" verify
says "no storage root key" "verify says that the TPM was cleared"
exits 8 "approve after TPM2_Clear" approve --passphrase-fd=3 --on-demand "$work/mg_one.ko"
exits 8 "repair with the list alone" verify --repair --generation="$second" --passphrase-fd=3
grep -q 0x81000001 <(tpm2_getcap handles-persistent 2>/dev/null)
tap $((! $?)) "which makes no storage root key"
exits 6 "repair with both generations" verify --repair --generation="$second" \
	--policy-generation="$(newest local)" --passphrase-fd=3
exits 0 "verify after that" verify
tpm2_readpublic -c 0x81000001 -n "$work/name" >/dev/null 2>&1
accepted owner && accepted local &&
	[ "$(machine_of "$etc"/staged/local-"$(newest local)".policy)" = "$(sha384 "$work/name")" ]
tap $? "policy and list are for the TPM as it is now"

approved
tpm2_evictcontrol -C o -c 0x81000001 >/dev/null 2>&1
tpm2_createprimary -C o -G ecc -u /dev/null -c "$work/other.ctx" >/dev/null 2>&1
tpm2_evictcontrol -C o -c "$work/other.ctx" 0x81000001 >/dev/null 2>&1
tpm2_flushcontext -t >/dev/null 2>&1
exits 8 "verify with another storage root key" verify
says "for another machine" "verify says that the policy is for another machine"
exits 8 "approve with another storage root key" approve --passphrase-fd=3 --on-demand "$work/mg_one.ko"

approved
MODGATE_TCTI=swtpm:host=127.0.0.1,port=1
exits 1 "approve without the TPM" approve --passphrase-fd=3 --on-demand "$work/mg_one.ko"
exits 1 "verify without the TPM" verify
says "cannot be asked" "verify says that it cannot be asked"
MODGATE_TCTI=$TPM2TOOLS_TCTI
[ "$(newest owner)" = "$second" ]
tap $? "nothing was signed without the TPM"

# Lockout: dictionary attacks are not what counters are protected from.
approved
tpm2_dictionarylockout -s -n 1 -t 1000 -l 1000 >/dev/null 2>&1
tpm2_nvdefine 0x01800100 -C o -s 8 -p secret -a "authread|authwrite" >/dev/null 2>&1
for i in 1 2 3; do tpm2_nvread 0x01800100 -P wrong; done >"$work/out" 2>&1
grep -q -i lockout "$work/out"
tap $? "the TPM is in lockout"
exits 6 "approve in lockout" approve --passphrase-fd=3 --on-demand "$work/mg_one.ko"
exits 0 "verify in lockout" verify
tpm2_dictionarylockout -c >/dev/null 2>&1

# The owner hierarchy has a secret, as some machines have it.
tpm_stop
tpm_start
tpm2_changeauth -c owner secret >/dev/null 2>&1
rm -rf "$etc"
exits 1 "init with a secret of the owner hierarchy" init --freshness=tpm --passphrase-fd=3
says "authorization value" "init says what is in the way"
[ ! -e "$etc/keys/anchor.key" ]
tap $? "and has made no keys"

# No room.
tpm_stop
tpm_start
for ((i = 0; i < 99; i++)); do
	tpm2_nvdefine $((0x01800200 + i)) -C o -s 2048 -a "ownerread|ownerwrite" || break
done >/dev/null 2>&1
for ((i = 0; i < 99; i++)); do
	tpm2_nvdefine $((0x01800300 + i)) -C o -s 8 -a "ownerread|ownerwrite" || break
done >/dev/null 2>&1
# Some room is kept for counters.
for ((i = 0; i < 99; i++)); do
	tpm2_nvdefine $((0x01800400 + i)) -C o -s 8 -a "nt=counter|ownerread|ownerwrite" || break
done >/dev/null 2>&1
exits 1 "init in a TPM without room" init --freshness=tpm --passphrase-fd=3
says "no room" "init says that there is no room"
[ ! -e "$etc/keys/anchor.key" ]
tap $? "and has made no keys"
for ((i = 0; i < 4; i++)); do tpm2_nvundefine $((0x01800400 + i)); done >/dev/null 2>&1
exits 6 "init after room was made" init --freshness=tpm --passphrase-fd=3
exits 0 "verify after that" verify
tpm_stop

# What init chooses.
tpm_start
rm -rf "$root/sys" "$etc"
exits 6 "init below another root" --json init --passphrase-fd=3
json '.freshness == "none" and .machine == "none"' "binds nothing: it may be for another machine"
exits 0 "verify then" verify
has_index $accept
tap $((! $?)) "freshness none touches no TPM"
state freshness=none
echo "machine=dmi" >>"$kernel/state"
sed -i '/^machine=none/d' "$kernel/state"
echo "machine-name=$(printf 'x' | sha384sum | cut -d' ' -f1)" >>"$kernel/state"
rm -rf "$etc"
exits 6 "init under a kernel with freshness none" --json init --passphrase-fd=3
json '.freshness == "none" and .machine == "dmi" and (.machine_name | length) == 96' \
	"takes the name that the kernel has for the machine"
exits 6 "approve then" approve --passphrase-fd=3 "$work/mg_one.ko"
has_index $accept
tap $((! $?)) "and touches no TPM"
state freshness=tpm
rm -rf "$etc"
exits 1 "init --freshness=none under a kernel that demands it" init --freshness=none --passphrase-fd=3
exits 6 "init under a kernel that demands freshness" --json init --passphrase-fd=3
json '.freshness == "tpm" and .freshness_because == "the kernel demands it"' "follows the kernel, and says so"
exits 2 "init with another freshness" init --freshness=maybe

# The TPM's memory is full; some keep room for counters.
fill_tpm() {
	local index=0x01810000 size

	for size in 2048 256 32 8; do
		while tpm2_nvdefine $index -C o -s $size -a "authread|authwrite" >"$work/out" 2>&1; do
			index=$((index + 1))
		done
	done
	while tpm2_nvdefine $index -C o -s 8 -a "nt=counter|authread|authwrite" >"$work/out" 2>&1; do
		index=$((index + 1))
	done
}
approved
fill_tpm
exits 6 "approve with the TPM full" approve --on-demand --passphrase-fd=3 "$work/mg_one.ko"
exits 0 "verify with the TPM full" verify
tpm_stop
tpm_start
fill_tpm
rm -rf "$etc"
exits 1 "init with the TPM full" init --freshness=tpm --passphrase-fd=3
says "no room in the TPM" "it says so"
says "tpm2_nvundefine" "it says what to do"
[ -z "$(find "$etc" -name '*.key' -o -name '*.list' -o -name '*.policy')" ]
tap $? "and has made neither keys nor documents"

# Disk, kernel and TPM in status.
fresh_tpm
m approve --passphrase-fd=3 "$work/mg_one.ko"
kernel_state() {
	state freshness=tpm machine=tpm
	echo "freshness-backend=tpm" >>"$kernel/state"
	tpm2_readpublic -c 0x81000001 -n "$work/name" >/dev/null 2>&1
	echo "machine-name=$(sha384 "$work/name")" >>"$kernel/state"
	in_force "$etc"/*/local-"$(newest local)".policy "$etc"/*/owner-"$(newest owner)".list
	sed -i "s/\$/ counter=$(newest owner)/" "$kernel/lists"
	echo "counter=$(newest local)" >>"$kernel/policy"
}
kernel_state
exits 0 "status when all is well" --json status
json '.counters[1].name == "owner" and .counters[1].accept == .counters[1].newest and .kernel["freshness-backend"] == "tpm"' \
	"status shows the counters as JSON"
exits 0 "verify against the kernel" verify
rm -rf "$work/old"
cp -a "$etc/staged" "$work/old"
m approve --passphrase-fd=3 --on-demand "$work/mg_one.ko"
rm -f "$etc"/staged/owner-*
exits 8 "status of a list that was put back" status
says "rolled back" "status says: rolled back"
fresh_tpm
kernel_state
sed -i 's/counter=[0-9]*$/counter=99/' "$kernel/lists"
exits 8 "verify when the kernel has seen a higher counter" verify
says "this is another TPM" "says that this is another TPM"
kernel_state
sed -i 's/^machine-name=.*/machine-name='"$(sha384 "$tool")"'/' "$kernel/state"
exits 8 "verify when the kernel has another name" verify
says "was exchanged since the kernel started" "says that the key was exchanged"
kernel_state
sed -i 's/^freshness-backend=.*/freshness-backend=missing/' "$kernel/state"
exits 1 "verify when the kernel has found no TPM" verify
exits 1 "status then" status
says "the kernel found no TPM" "status says that it found none"

# Switched on later: documents without numbers of the TPM.
fresh
state freshness=tpm
echo "freshness-backend=tpm" >>"$kernel/state"
exits 8 "verify of documents from before freshness" verify
says "names no machine" "says that the policy names no machine"
exits 8 "approve then" approve --passphrase-fd=3 "$work/mg_one.ko"
exits 8 "repair does not take them over" verify --repair --generation=1 --policy-generation=1 --passphrase-fd=3
says "new keys" "repair says that new keys are needed"

# Two at once.
approved
: >"$work/results"
for i in on-demand permanent; do
	{
		"$tool" --root="$root" approve --$i --passphrase-fd=3 \
			"$work/mg_one.ko" >"$work/out.$i" 2>"$work/err.$i" 3<"$work/pass"
		echo $? >>"$work/results"
	} &
	pids[${#pids[@]}]=$!
done
wait "${pids[@]}"
cat "$work"/err.* >"$work/err"
case $(sort "$work/results" | tr '\n' ' ') in
"1 6 ") grep -q "another modgate is changing" "$work/err" && [ "$(newest owner)" = "$((second + 1))" ] ;;
"6 6 ") [ "$(newest owner)" = "$((second + 2))" ] ;;	# one after the other
*) false ;;
esac
tap $? "of two approvals at once, one wins and the other says so"
exits 0 "verify after that" verify
fresh_tpm
before=$(counter $issue)
exec 9<>"$etc/.lock"
flock 9
exits 1 "approve while another one is at it" approve --passphrase-fd=3 "$work/mg_one.ko"
says "another modgate is changing" "says that another one is"
exits 1 "repair while another one is at it" verify --repair
exec 9>&-
[ "$(counter $issue)" = "$before" ]
tap $? "it has used up no number"
tpm_stop
