#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Power cuts: the machine, and a disk that loses what was not flushed, are killed at
# random moments of boot, approve and revoke: 12 times or more on 7.3; with
# MODGATE_LONG, 250 times on each series. The TPM keeps what it has answered. After
# each cut the next boot has the old list or the new one in force, whole. (If the
# TPM's counter was raised and the list lost, the kernel would refuse both.)
#
# Each boot prints what is in force, then changes it: it revokes what is approved,
# and approves what is not. MODGATE_SEED repeats the moments of an earlier run, and
# MODGATE_KILLS sets the number of cuts.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

not_debugging
if [ "${MODGATE_LONG:-}" ]; then
	kills=250
elif [ "$series" = 7.3 ]; then
	kills=12
else
	skip "in check-long only"
fi
kills=${MODGATE_KILLS:-$kills}
seed=${MODGATE_SEED:-$((RANDOM * 32768 + RANDOM))}
RANDOM=$seed
# Digests next to one.ko's, so that a list is larger than a block; no file has them.
others=2000

prepare
openssl rand $((others * 48)) | od -An -v -tx1 -w48 | tr -d ' ' >others
mke2fs -q -t ext4 -F disk 64M >/dev/null

# Pauses without starting a process, since there are many pauses: nobody writes to this
# pipe, so a read always times out.
mkfifo never
exec 3<>never
pause() { ! read -rt 0.02 -u 3; }

# Serves the disk for one power-on; writes stay in memory until they are flushed.
serve() {
	rm -f socket
	nbdkit -f -U "$work/socket" --filter=cache file "$work/disk" cache=writeback &
	server=$!
	until [ -S socket ]; do
		kill -0 $server || exit 1
		pause
	done
}

# power_on [OPTION...]: starts a machine that runs the script on stdin. File said has
# its output, and file console its console log.
power_on() {
	rm -f pid
	: >said
	: >console
	serve
	{
		printf 'work=%q top=%q bin=%q tree=%q\n' "$work" "$top" "$bin" "$tree"
		cat "$scenarios/guest.sh" -
	} >script
	"$vm" run --kernel "$series" --tpm tpm --disk "nbd+unix:///?socket=$work/socket" \
		--pid "$work/pid" --console "$work/console" --timeout 300 "$@" -- bash "$work/script" >said 2>&1 &
	machine=$!
	until [ -s pid ]; do
		kill -0 $machine || { cat said; exit 1; }
		pause
	done
}

# Kills machine and disk at once. One may have ended by itself, and their exit status
# is no failure of this script. The TPM ends when it has nobody to serve.
cut_power() {
	kill -KILL "$(cat pid)" $server 2>/dev/null || true
	wait $machine $server 2>/dev/null || true
	machine='' server=''
}
machine='' server=''
trap '[ -z "$machine" ] || cut_power; rm -rf "$work"' EXIT

# until_line FILE TEXT: waits for TEXT; false if the machine ends first.
until_line() {
	local text
	while IFS= read -rd '' text <"$1" || [[ $text != *"$2"* ]]; do
		kill -0 $machine 2>/dev/null || return 1
		pause
	done
}

# A new machine. Its last action tests the disk: neither of the two writes is in the
# guest's memory any more, and only one was flushed.
power_on --append modgate.freshness=tpm <<END
PATH=$bin:\$PATH
exec 3<<<"a passphrase for tests"
modgate init --mode=listed --passphrase-fd=3 >/dev/null
modgate key --pin
exec 3<<<"a passphrase for tests"
modgate approve --passphrase-fd=3 --unseen \$(cat others) >/run/said
cd /var/lib/modgate
# The journal does not commit by itself meanwhile.
mount -o remount,commit=600 /var/lib/modgate
for file in flushed forgotten; do
	printf '%4096s' before >\$file
done
sync
direct="dd bs=4096 iflag=fullblock oflag=direct status=none"
printf '%4096s' after | \$direct of=flushed conv=notrunc,fsync
printf '%4096s' after | \$direct of=forgotten conv=notrunc
grep -o 'list generation [0-9]*' /run/said | sed 's/.* /approved: /'
sleep 280
END
until_line said "approved: " || { sed 's/^/# /' said; exit 1; }
cut_power
cp disk look
# Replays the journal; its status says that there was something to repair.
e2fsck -fy look >/dev/null 2>&1 || true
for file in flushed forgotten; do
	debugfs -R "cat /lib/$file" look 2>/dev/null | tr -d ' '
	echo
done >kept
check "after a power cut the disk has what was flushed, and only that" $'after\nbefore' "$(cat kept)"
append=(--append "$(sed -n '/^modgate.anchor=/p' said) modgate.freshness=tpm")
in_force=$(sed -n 's/^approved: //p' said)

# What each boot does, until it is killed.
one=$(digest one.ko)
cat >life <<END
PATH=$bin:\$PATH
one=$one
END
cat >>life <<'END'
exec 3<<<"a passphrase for tests"
lists=$(sed -n 's/.* loaded=\([a-z]*\) generation=\([0-9]*\) .* modules=\([0-9]*\) .*/\1 \2 \3/p' $modgate/lists)
result=$(load finit one.ko)
echo "in force: $(state policy) $lists $result"
END
cat >change <<'END'
verb=approve what=$work/one.ko
[[ $result != result=ok* ]] || verb=revoke what=$one
began=${EPOCHREALTIME/./}
echo "begin $verb"
modgate $verb --passphrase-fd=3 $what >/run/said 2>&1
echo "end $verb $? $(grep -o 'generation [0-9]*' /run/said | cut -d ' ' -f 2) $(((${EPOCHREALTIME/./} - began) / 1000))"
sed 's/^/# /' /run/said
sleep 280
END

# Milliseconds, as last seen, from power-on to the change, in "modgate boot", and in the
# change.
starting=6000 handing=1000 changing=3000
declare -A killed=([boot]=0 [approve]=0 [revoke]=0 [later]=0) found=([old]=0 [new]=0)
approved=0 pending='' promised='' bad=0

# between FROM TO: draws $moment, in milliseconds.
between() { moment=$(($1 + (RANDOM * 32768 + RANDOM) % ($2 - $1 + 1))); }

# A quarter of the moments each is anywhere in the boot, while it hands documents
# over, anywhere in the change, and in its second half, when the passphrase has been
# read and the disk is written. Every fifth change completes, and the power is cut
# right after it: so approve and revoke alternate, and the time of each is known.
draw() {
	file='' text=''
	[ $((n % 5)) -ne 1 ] || { file=said text="end " moment=0; return 0; }
	case $((RANDOM % 4)) in
	0) between 0 $starting ;;
	1) file=console text="modgate boot: begins"; between 0 $((handing * 5 / 4)) ;;
	2) file=said text="begin "; between 0 "$changing" ;;
	3) file=said text="begin "; between $((changing / 2)) $((changing * 5 / 4)) ;;
	esac
}

wrong() {
	bad=$((bad + 1))
	echo "# kill $n: $1"
	echo "# before it: generation $in_force, approved $approved; since then: ${pending:-nothing}, promised ${promised:-nothing}"
	sed 's/^/# said: /' said
	tail -n 20 console | sed 's/^/# console: /'
}

# Compares what is in force with what was done: the old list or the new one, but the new
# one if the tool said that it was done, and the old one if no change had begun.
judge() {
	local policy loaded generation modules result
	read -r policy loaded generation modules result _ < <(sed -n 's/^in force: //p' said) || return 0
	if [[ "$policy $loaded" != "yes yes" || ! "$modules $result" =~ ^($others result=EPERM|$((others + 1)) result=ok)$ ]]; then
		wrong "neither of the two lists is in force, whole"
		return 0
	elif [[ $generation = "$in_force" && $modules = $((others + approved)) && -z $promised ]]; then
		verdict="left generation $generation"
		[ -z "$pending" ] || found[old]=$((found[old] + 1))
	elif [[ $pending && $generation -gt $in_force && $modules = $((others + 1 - approved)) &&
		$generation = "${promised:-$generation}" ]]; then
		verdict="left the new generation $generation"
		found[new]=$((found[new] + 1))
	else
		wrong "another list is in force than the two that may be"
	fi
	in_force=$generation approved=$((modules - others)) pending='' promised=''
}

# Sets phase to how far the machine got. Everything before the change is boot.
where() {
	local verb status generation took
	phase=boot
	read -r _ verb < <(grep '^begin ' said) || return 0
	pending=$verb phase=$verb
	if ! read -r _ verb status generation took < <(grep '^end ' said); then
		# The change is slower than assumed.
		[ "$file" != said ] || [ "$moment" -le "$changing" ] || changing=$((moment * 5 / 4))
		return 0
	fi
	phase=later
	changing=$took
	case "$verb $status" in
	"approve 6"|"revoke 0") promised=$generation ;;
	*) wrong "the tool could not $verb" ;;
	esac
}

# Enough cuts, with at least one of each kind, up to ten times as many.
enough() {
	local seen
	cuts=$((killed[boot] + killed[approve] + killed[revoke]))
	[ $cuts -lt $((10 * kills)) ] || return 0
	for seen in "${killed[boot]}" "${killed[approve]}" "${killed[revoke]}" "${found[@]}"; do
		[ "$seen" -gt 0 ] || return 1
	done
	[ $cuts -ge "$kills" ]
}

n=0
until enough || [ $bad -ne 0 ]; do
	n=$((n + 1))
	draw
	power_on "${append[@]}" < <(cat life change)
	on=${EPOCHREALTIME/./}
	if [ -n "$file" ] && ! until_line "$file" "$text"; then
		wrong "the machine did not get to '$text'"
	fi
	[ "$text" != "begin " ] || starting=$(((${EPOCHREALTIME/./} - on) / 1000))
	sleep "$(printf '%d.%03d' $((moment / 1000)) $((moment % 1000)))"
	cut_power
	verdict='could not tell'
	judge
	where
	echo "# kill $n: in $phase; the one before: $verdict"
	killed[$phase]=$((killed[$phase] + 1))
	took=$(sed -n 's/.*modgate boot: [be].* at \([0-9]*\)\.\([0-9]*\) s.*/\1\20/p' console | tr '\n' ' ')
	[[ ! $took =~ ^([0-9]+)\ ([0-9]+)\ $ ]] || handing=$((10#${BASH_REMATCH[2]} - 10#${BASH_REMATCH[1]}))
done

# One more boot, without a power cut.
if [ $bad -eq 0 ]; then
	power_on "${append[@]}" < <(
		cat life
		echo 'modgate verify >/run/said 2>&1; echo "verify: $?"; sed "s/^/# /" /run/said'
	)
	status=0
	wait $machine || status=$?
	judge
	check "after a boot without a power cut verify finds nothing wrong" "*verify: 0*" "$(cat said)"
	kill $server
	wait $server 2>/dev/null || true
	machine='' server=''
fi
echo "# seed $seed; $cuts power cuts: ${killed[boot]} in boot, ${killed[approve]} in approve, ${killed[revoke]} in revoke" \
	"(and ${killed[later]} later); of those that could tell, ${found[old]} left the list of before, ${found[new]} the new one"
check "after each of $kills or more power cuts the old or new list is in force, whole" \
	"yes 0" "$([ $cuts -ge "$kills" ] && echo yes) $bad"
for phase in boot approve revoke; do
	check "some power cuts hit $phase" "[1-9]*" "${killed[$phase]}"
done
for which in old new; do
	check "some power cuts left the $which list in force" "[1-9]*" "${found[$which]}"
done
finish
