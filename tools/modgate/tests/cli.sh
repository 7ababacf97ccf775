#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The tool from outside: in a folder as root, with plain files in place of the
# kernel's. usage: TOOL MKDOC WORKFOLDER [PART...]
# shellcheck disable=SC2034,SC1090
set -u

here=$(cd "$(dirname "$0")" && pwd)
tool=$(realpath "$1")
mkdoc=$(realpath "$2")
mkdir -p "$3"
work=$(realpath "$3")
count=0
failed=0
# Folders that the tests make are not to be complained of.
umask 022

# shellcheck source-path=SCRIPTDIR source=cli_lib.sh
. "$here/cli_lib.sh"
prepare
shift 3
[ $# -gt 0 ] || set -- init boot approve baseline rebuild vendor mldsa ban mode recovery why verdict doctor tamper hostile kernel states watch restart terminal keys pkcs11 freshness two log quote expect rotate crash freshness_crash rotate_crash
trap end_all EXIT
for part; do
	. "$here/cli_$part.sh"
done
echo "1..$count"
[ "$failed" = 0 ]
