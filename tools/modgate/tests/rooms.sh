#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The rooms of lib/ and the arrows between them, as the objects have them: a room uses
# another one if it calls one of its functions, reads its data or includes its header.
#
#	rooms.sh picture BUILD	print the picture
#	rooms.sh write BUILD	put it into README.md
#	rooms.sh arrows BUILD	fail if there is an arrow that the Makefile does not allow
#	rooms.sh check BUILD	all that must be true of the rooms, as KTAP
#
# BUILD is the folder of the objects.
set -euo pipefail
cd "$(dirname "$0")/.."

read -ra rooms < <(sed -n 's/^ROOMS[[:space:]]*:= *//p' Makefile)
read -ra shared < <(sed -n 's/^SHARED[[:space:]]*:= *//p' Makefile)

# The rooms that the Makefile allows to a room, in their order.
allowed() { sed -n "s/^$1_uses[[:space:]]*:= *//p" Makefile; }

# "ROOM OTHER", a line for each arrow that there is.
arrows() {
	local parts=(lib/*/*.c) kernels=("${shared[@]/#/$1/shared/}")

	parts=("${parts[@]/#/$1/}")
	{
		"${NM:-nm}" -A "${parts[@]/%.c/.o}" "${kernels[@]/%/.o}"
		grep -Ho 'lib/[a-z_/.]*\.h' "${parts[@]/%.c/.d}"
	} | awk -v folder="$1" '
		{ sub(/:/, " "); split(substr($1, length(folder) + 2), part, "/"); room = part[2] }
		$1 ~ /\.d$/          { n = split($2, header, "/"); uses[room, header[n - 1]]; next }
		$(NF - 1) == "U"     { wanted[room, $NF]; next }
		$(NF - 1) ~ /[A-Z]/  { owner[$NF] = room }
		END {
			for (pair in wanted) {
				split(pair, p, SUBSEP)
				if (p[2] in owner)
					uses[p[1], owner[p[2]]]
			}
			for (pair in uses) {
				split(pair, p, SUBSEP)
				if (p[1] != p[2])
					print p[1], p[2]
			}
		}' | sort
}

# The last room is on top. A column for each room that another one uses.
picture() {
	arrows "$1" | awk -v list="${rooms[*]}" '
		{ uses[$1, $2]; used[$2] }
		END {
			n = split(list, room)
			for (i = n; i > 0; i--) {
				line = sprintf("%-10s ->", room[i])
				for (j = n; j > 0; j--)
					if (room[j] in used)
						line = line sprintf(" %-" length(room[j]) "s",
								    ((room[i], room[j]) in uses) ? room[j] : ".")
				sub(/ +$/, "", line)
				print line
			}
		}'
}

# What README.md has between its fences.
drawn() { awk '/^```/ { inside = !inside; next } inside' README.md; }

write() {
	local new

	new=$(picture "$1")
	awk -v picture="$new" '
		/^```/ { inside = !inside; print; if (inside) print picture; next }
		!inside' README.md >README.md.new
	mv README.md.new README.md
}

# "a b" for each arrow that the Makefile allows.
may() {
	local room other

	for room in "${rooms[@]}"; do
		for other in $(allowed "$room"); do
			echo "$room $other"
		done
	done | sort
}

forbidden() { comm -23 <(arrows "$1") <(may) | sed 's/\(.*\) \(.*\)/lib\/\1 uses lib\/\2, and may not/'; }

unused() { comm -13 <(arrows "$1") <(may) | sed 's/\(.*\) \(.*\)/\1_uses has \2, which it does not use/'; }

# A room may use those before it.
upward() {
	local room other before=" "

	for room in "${rooms[@]}"; do
		for other in $(allowed "$room"); do
			[[ $before == *" $other "* ]] || echo "${room}_uses has $other, which is not before it"
		done
		before+="$room "
	done
}

# Its header says so in its first comment, in the order of the Makefile.
unsaid() {
	local room text want

	for room in "${rooms[@]}"; do
		text=$(awk 'NR > 2 && / \*\// { exit } NR > 2' "lib/$room/$room.h" | sed 's/^ \* *//' | tr '\n' ' ')
		want=$(allowed "$room" | sed 's/ /, /g; s/\(.*\), /\1 and /')
		[[ $text == "The room $room: "*"Uses ${want:-no other room}. " ]] ||
			echo "lib/$room/$room.h does not say: The room $room: ... Uses ${want:-no other room}."
	done
}

homeless() {
	local f

	for f in lib/* lib/*/*; do
		[[ " ${rooms[*]} " == *" $(cut -d/ -f2 <<<"$f") "* ]] || echo "$f is in no room"
	done
	for f in "${rooms[@]}"; do
		grep -q "^| $f |" README.md || echo "README.md has no line for $f"
	done
}

# must NAME COMMAND...: it prints nothing. Its status says no more: diff's is 1 if it prints.
must() {
	local complaints

	count=$((count + 1))
	complaints=$("${@:2}" 2>&1) || true
	if [ "$complaints" ]; then
		echo "not ok $count - $1"
		while read -r line; do echo "# $line"; done <<<"$complaints"
		failed=1
	else
		echo "ok $count - $1"
	fi
}

check() {
	count=0 failed=0
	must "no room uses another one that it may not use" forbidden "$1"
	must "a room may use no more than it uses" unused "$1"
	must "a room uses rooms before it: there is no circle" upward
	must "each room's header says what it may use" unsaid
	must "each file of lib/ is in a room, each room in the map" homeless
	must "the map's picture is current: 'make rooms' draws it anew" \
		diff <(drawn) <(picture "$1")
	echo "1..$count"
	return $failed
}

case $1 in
picture|write|check) "$1" "$2" ;;
arrows)
	complaints=$(forbidden "$2")
	[ ! "$complaints" ] || { echo "$complaints" >&2; exit 1; } ;;
*) exit 2 ;;
esac
