#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# How much memory a command, or one of its children, takes at most, in kB; without what is
# in a memory file and not mapped, whose size confine_test.c sees to. usage: peak.sh OUTPUT
# COMMAND...
python3 - "$@" <<'PYTHON'
import resource, subprocess, sys
with open(sys.argv[1], "wb") as out:
    subprocess.run(sys.argv[2:], stdout=out, stderr=out, check=False)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
PYTHON
