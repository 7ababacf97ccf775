# SPDX-License-Identifier: GPL-2.0-only
#
# Counts the leaf tests in a log: prints "passed failed skipped". Lines may be
# indented like KTAP subtests, by spaces or by "# ", and may have the time stamps
# of a kernel log. A parent test counts only if it failed and none of its subtests
# did.

{
	sub(/\r$/, "")
	sub(/^\[ *[0-9]+\.[0-9]+\] /, "")
	if (!match($0, /^( |# )*(not )?ok [0-9]+/))
		next
	line = $0
	depth = match(line, /[no]/)
	is_ok = substr(line, depth) ~ /^ok/
	is_skip = line ~ /# SKIP/

	if (depth < last) {	# the parent of what came before
		below = 0
		for (d in bad)
			if (d + 0 > depth) {
				below += bad[d]
				delete bad[d]
			}
		if (!is_ok && !below) {
			failed++
			bad[depth]++
		} else {
			bad[depth] += below
		}
	} else if (is_skip) {
		skipped++
	} else if (is_ok) {
		passed++
	} else {
		failed++
		bad[depth]++
	}
	last = depth
}
END { print passed + 0, failed + 0, skipped + 0 }
