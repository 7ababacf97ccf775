# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# cli.sh: two tools at the same time. On one folder the lock keeps them apart:
# one wins, the other one says so, and no approval is lost. On two copies of it,
# with the same TPM, there is no such lock; no number is signed twice all the
# same. And the kernel, which does not wait for a tool.

: "${here:?}" "${status:?}"

# shellcheck source-path=SCRIPTDIR source=cli_measured.sh
. "$here/cli_measured.sh"

other=$work/other
# A short run has fewer rounds of each kind, and does not stop at each command.
rounds=20 stride=1
[ "${CRASH_STRIDE:-1}" = 1 ] || rounds=10 stride=4

# share_tpm: have the TPM serve both at a time.
share_tpm() {
	local try wait

	for ((try = 0; try < 20; try++)); do
		share_port=$((20000 + (RANDOM % 20000) * 2))
		"$here/tpm_share.py" $share_port "$tpm_port" >"$work/share.log" 2>&1 &
		share_pid=$!
		export MODGATE_TCTI=swtpm:host=127.0.0.1,port=$share_port
		for ((wait = 0; wait < 50; wait++)); do
			kill -0 "$share_pid" 2>/dev/null || break
			TPM2TOOLS_TCTI=$MODGATE_TCTI timeout 5 tpm2_getcap handles-persistent >/dev/null 2>&1 && return
			sleep 0.1
		done
		unshare_tpm
	done
	cp "$work/share.log" "$work/err"
	tap 1 "the TPM serves several programs"
}

unshare_tpm() {
	[ "$share_pid" ] || return
	kill "$share_pid" 2>/dev/null
	wait "$share_pid" 2>/dev/null
	share_pid=
}
share_pid=
trap 'end_all; unshare_tpm; tpm_stop' EXIT

# begin WHO ROOT ARGUMENTS: run the tool beside another one; WHO is 0 or 1.
begin() {
	local who=$1 where=$2

	shift 2
	"$tool" --root="$where" "$@" --passphrase-fd=3 >"$work/out.$who" 2>"$work/err.$who" 3< <(type_it) &
	runs[who]=$!
}

# type_it: the passphrase, as a person is slow who has to think of it.
type_it() {
	sleep 0.3
	cat "$work/pass"
}

# end WHO: wait for it; its exit status is in ${ended[WHO]}.
end() {
	wait "${runs[$1]}"
	ended[$1]=$?
}

# a_digest TEXT: of a module that nobody has seen.
a_digest() {
	sha384sum <<<"$1" | cut -d' ' -f1
}

# approve_it TEXT, revoke_it TEXT: arguments, in $arguments.
approve_it() {
	arguments=(approve --unseen --name="$1" "$(a_digest "$1")")
}

revoke_it() {
	arguments=(revoke "$(a_digest "$1")")
}

# listed ROOT: the names on the list there, sorted.
listed() {
	"$tool" --root="$1" --json list 2>/dev/null | jq -r '.[].name' | sort
}

# came_of WHO approve|revoke TEXT: if it was done, $work/expected follows; if not, it
# must have said why not.
came_of() {
	case ${ended[$1]} in
	6)
		if [ "$2" = approve ]; then
			echo "$3" >>"$work/expected"
		else
			sed -i "/^$3\$/d" "$work/expected"
		fi
		done_by=$((done_by + 1))
		;;
	1)
		grep -q "another modgate is changing" "$work/err.$1" || return
		refused=$((refused + 1))
		;;
	*) false ;;
	esac
}

# together NAME VERB TEXT VERB TEXT DELAY: both, the second so much later, or at the end
# of the first.
together() {
	local name=$1 done_by=0 arguments

	"$2_it" "$3"
	begin 0 "$root" "${arguments[@]}"
	if [ "$6" = end ]; then end 0; else sleep "$6"; fi
	"$4_it" "$5"
	begin 1 "$root" "${arguments[@]}"
	end 0
	end 1
	{
		echo "$name: exit ${ended[*]}"
		cat "$work"/err.[01]
		came_of 0 "$2" "$3" && came_of 1 "$4" "$5" && [ "$done_by" -gt 0 ] &&
			diff <(sort "$work/expected") <(listed "$root")
	} >>"$work/round" 2>&1 || bad=$((bad + 1))
}

# after ROUND: how long the second waits: a part of the time that one takes, in seconds,
# or, each fifth time, as long as it takes.
after() {
	local quarters=$(($1 % 5 * 2))

	[ $quarters -lt 8 ] || { echo end; return; }
	printf '%d.%03d' $((quarters * took / 4000)) $((quarters * took / 4 % 1000))
}

# same_folder NAME: many rounds of two on one folder, overlapping more or less.
same_folder() {
	local i bad=0 refused=0 began took arguments

	: >"$work/round"
	echo always >"$work/expected"
	approve_it always
	began=${EPOCHREALTIME/[.,]/}
	begin 0 "$root" "${arguments[@]}"
	end 0
	took=$(((${EPOCHREALTIME/[.,]/} - began) / 1000))
	for ((i = 0; i < rounds; i++)); do
		together "approve, approve $i" approve "left$i" approve "right$i" "$(after $i)"
	done
	cp "$work/round" "$work/out"
	[ "$bad" = 0 ] && [ "$refused" -gt 0 ] && [ "$refused" -lt "$rounds" ]
	tap $? "$1: approve and approve, $rounds times: one wins, the other was refused ($refused times) or comes after it"
	refused=0
	for ((i = 0; i < rounds; i++)); do
		together "approve, revoke $i" approve "more$i" revoke "$(sed -n '$p' "$work/expected")" "$(after $i)"
	done
	cp "$work/round" "$work/out"
	[ "$bad" = 0 ] && [ "$refused" -gt 0 ] && [ "$refused" -lt "$rounds" ]
	tap $? "$1: approve and revoke, $rounds times: likewise ($refused times)"
	exits 0 "$1: verify after that" verify
}

# stopped: wait until run 0 is stopped, or has ended.
stopped() {
	local state

	while state=$(cut -d' ' -f3 "/proc/${runs[0]}/stat" 2>/dev/null) && [ "$state" != Z ]; do
		[ "$state" != T ] || return 0
		sleep 0.01
	done
	return 1
}

# begin_stopping STEP EACH TEXT: run 0 approves, and stops before that command to
# the TPM; with EACH=1 also before each that follows.
begin_stopping() {
	approve_it "$3"
	STOP_AT=$1 STOP_EACH=$2 LD_PRELOAD=$work/crash.so \
		"$tool" --root="$root" "${arguments[@]}" --passphrase-fd=3 \
		>"$work/out.0" 2>"$work/err.0" 3<"$work/pass" &
	runs[0]=$!
}

# lists: every list of the owner in either folder.
lists() {
	find "$root/etc/modgate" "$other/etc/modgate" -name 'owner-*.list'
}

# keep_signed: what either has signed, by number and digest.
keep_signed() {
	local list

	lists | while read -r list; do
		echo "$(basename "$list" .list) $(sha384 "$list")"
	done >>"$work/signed"
}

# same_again: both folders become what the one with the newest list is.
same_again() {
	local newest

	newest=$(lists | sed 's:\(.*/owner-\)\([0-9]*\):\2 &:' | sort -n | sed -n '$s/[^ ]* //p')
	if [[ $newest = $root/* ]]; then
		rm -rf "$other"
		cp -a "$root" "$other"
	else
		rm -rf "$root"
		cp -a "$other" "$root"
	fi
}

# put_right: the newest list is dead because one raised the counter between the
# other one's reading and raising it. Only the lock prevents that. It said so, and
# a repair makes it good.
put_right() {
	grep -q "something else has raised it" "$work"/err.[01] &&
		m verify --repair --generation="$(newest owner)" --passphrase-fd=3 &&
		[ "$status" = 6 ] && accepted owner || return
	keep_signed
	rm -rf "$other"
	cp -a "$root" "$other"
	repaired=$((repaired + 1))
}

# either NAME: both ended well, or said why not; the kernel accepts the newest list.
either() {
	local who

	echo "$1: exit ${ended[*]}"
	cat "$work"/err.[01]
	for who in 0 1; do
		case ${ended[who]} in
		6) ;;
		1|8) [ -s "$work/err.$who" ] || return ;;
		*) return 1 ;;
		esac
	done
	keep_signed
	same_again
	accepted owner || put_right
}

twice_signed() {
	sort -u "$work/signed" | cut -d' ' -f1 | uniq -d
}

# One stops before a command to the TPM, the first, the next, and so on; the other one
# approves from beginning to end; then the one goes on.
stopped_at_each_command() {
	local step bad=0 tried=0 both=0 repaired=0

	: >"$work/round"
	: >"$work/signed"
	for ((step = 1; step < 400; step += stride)); do
		begin_stopping "$step" '' "stopped$step"
		stopped || break
		approve_it "passing$step"
		begin 1 "$other" "${arguments[@]}"
		end 1
		kill -CONT "${runs[0]}"
		end 0
		tried=$((tried + 1))
		[ "${ended[*]}" != "6 6" ] || both=$((both + 1))
		either "command $step" >>"$work/round" 2>&1 || bad=$((bad + 1))
	done
	end 0
	twice_signed >>"$work/round"
	cp "$work/round" "$work/out"
	[ "$bad" = 0 ] && [ "$both" -gt 0 ] && [ "$repaired" -lt 3 ] && [ "$step" -lt 400 ]
	tap $? "two folders: one stopped before $tried different commands: each is done or refused, the newest list is good"
	[ -s "$work/signed" ] && [ ! "$(twice_signed)" ]
	tap $? "and no number is signed twice"
}

side_by_side() {
	local i bad=0 repaired=0

	: >"$work/round"
	: >"$work/signed"
	for ((i = 0; i < rounds; i++)); do
		approve_it "leftmost$i"
		begin 0 "$root" "${arguments[@]}"
		approve_it "rightmost$i"
		begin 1 "$other" "${arguments[@]}"
		end 0
		end 1
		either "round $i" >>"$work/round" 2>&1 || bad=$((bad + 1))
	done
	twice_signed >>"$work/round"
	cp "$work/round" "$work/out"
	[ "$bad" = 0 ]
	tap $? "two folders: approved $rounds times side by side: each is done or refused, the newest list is good"
	[ -s "$work/signed" ] && [ ! "$(twice_signed)" ]
	tap $? "and no number is signed twice"
}

# Whenever the tool has counted, somebody else counts too, before it looks.
never_alone() {
	local seen now

	rm -rf "$work/before"
	cp -a "$etc" "$work/before"
	seen=$(counter $issue)
	begin_stopping 1 1 lonely
	while stopped; do
		now=$(counter $issue)
		if [ "$now" != "$seen" ]; then
			tpm2_nvincrement $issue >/dev/null 2>&1
			now=$((now + 1))
		fi
		seen=$now
		kill -CONT "${runs[0]}"
	done
	end 0
	cp "$work/out.0" "$work/out"
	cp "$work/err.0" "$work/err"
	[ "${ended[0]}" = 1 ] && grep -q "something else is counting 0x0184d003" "$work/err"
	tap $? "somebody else counts whenever the tool has: it refuses, and says so"
	diff -r "$etc" "$work/before" >>"$work/err" 2>&1 && accepted owner
	tap $? "nothing was changed, and what was in force is still good"
	approve_it afterwards
	exits 6 "approve when it is alone again" "${arguments[@]}" --passphrase-fd=3
}

# receipt_is LINE...: what the kernel has measured, and has in its log and receipt.
receipt_is() {
	local line hash n=0

	sed -i '5,$d' "$log"
	hash=$(printf '%096d' 0)
	for line; do
		n=$((n + 1))
		echo "seq=$((4 + n)) event=module $line" >>"$log"
		hash=$({ xxd -r -p <<<"$hash"; printf %s "$line"; } | sha384sum | cut -d ' ' -f 1)
		printf '%s state=live loads=1 permanent=no\n' "$line"
	done >"$kernel/receipt"
	echo "lines=$n lost=0 sha384=$hash" >>"$kernel/receipt"
	sed -i "s/^measured=.*/measured=$((4 + n))/" "$kernel/state"
}

# verify_receipt NAME STATUS LINE...: which becomes the receipt after the tool has read
# it, and before it reads the PCR.
verify_receipt() {
	local name=$1 want=$2

	shift 2
	STOP_AT=1 LD_PRELOAD=$work/crash.so "$tool" --root="$root" receipt --verify \
		>"$work/out" 2>"$work/err" &
	runs[0]=$!
	stopped
	tap $? "receipt --verify, $name: it is stopped"
	receipt_is "$@"
	kill -CONT "${runs[0]}"
	end 0
	[ "${ended[0]}" = "$want" ]
	tap $? "receipt --verify, $name: exit $want"
}

meanwhile() {
	local one two

	# shellcheck disable=SC2119 # its arguments are optional
	machine
	one="number=1 time=7.500000 digest=$(a_digest one) name=mg_one reason=approved authority=$owner"
	two="number=2 time=8.500000 digest=$(a_digest two) name=mg_two reason=approved authority=$owner"
	receipt_is "$one" "$two"
	restarted
	receipt_is "$one"
	verify_receipt "a module comes up meanwhile" 0 "$one" "$two"
	says "receipt: 2 line(s) make its running hash" "all was read anew"
	receipt_is "$one"
	verify_receipt "nothing comes up, and the PCR has another module" 8 "$one"
}

# In a short run, not under each compiler.
[ "${CRASH_STRIDE:-1}" = 1 ] || can_crash || return 0

fresh
rm -rf "$root/sys"
same_folder "one folder"
tpm_start
share_tpm
export TPM2TOOLS_TCTI=$MODGATE_TCTI
fresh
rm -rf "$etc" "$root/sys"
exits 6 "init with the shared TPM" init --freshness=tpm --passphrase-fd=3
same_folder "one folder, freshness by TPM"
accepted owner && [ "$(counter $accept)" = "$got" ]
tap $? "the kernel would accept the last list, and nothing older"
rm -rf "$other"
cp -a "$root" "$other"
side_by_side
if can_crash; then
	stopped_at_each_command
	never_alone
fi
unshare_tpm
! can_crash || meanwhile
tpm_stop
