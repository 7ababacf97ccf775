#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# "modgate baseline" and "modgate mode": what the anchor key signs is in force after the
# restart and not before, with a TPM that counts the policies.

# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

prepare
machine() { guest --disk "$work/disk" --tpm "$work/tpm-state" --append "$pin modgate.freshness=tpm $*"; }
pin=
helpers=$admin_helpers

system_module modules/modgate_test_user.ko system.ko

# The transition: what is loaded and installed on a machine that has just got modgate.
machine <<'END'
cp system.ko $extra/modgate_test_user.ko
depmod 2>/dev/null
tool 6 init --passphrase-fd=3
modprobe modgate_test_two
tool 0 baseline
check "baseline shows a loaded module" "*modgate_test_two * loaded * pending *" "$said"
check "baseline shows an installed module" "*modgate_test_one * installed *not approved*" "$said"
check "baseline leaves system modules out" "!(*modgate_test_user*)" "$said"
tool 6 baseline --passphrase-fd=3 modgate_test_one
tell_pin
END
pin=$(told_pin)

machine <<'END'
tool 0 status
check "mode listed: an approved module loads" "$allowed" "$(load finit one.ko)"
tool 6 mode signed --passphrase-fd=3
tool 6 status
tool 0 why modgate_test_one
check "why says that the module will not load after the restart" "*not after a restart*restart*unsigned*" "$said"
check "a new mode changes nothing before the restart" "$allowed listed" "$(load finit one.ko) $(state mode)"
tool 0 mode
check "mode shows the mode in force and that after the restart" "*In force:*listed*After restart:*signed*" "$said"
END

# A recovery boot in between takes the policy and no lists, and is measured as one.
machine modgate.recovery <<'END'
tool 1 status
check "recovery boot: status says that no lists are in force" "*recovery*no lists*" "$said"
check "recovery boot: the policy is in force, and a third-party module is refused" "signed $(refused no-list)" \
	"$(state mode) $(load finit one.ko)"
tool 0 verify --log
check "recovery boot: it is measured as one" "seq=1 event=boot kind=recovery freshness=tpm machine=tpm *" \
	"$(head -n 1 $modgate/log)"
check "recovery boot: no list is in the log" 0 "$(grep -c event=list $modgate/log)"
END

machine <<'END'
tool 0 status
check "mode signed: a module signed by no key that the kernel knows is refused" "$(refused unsigned)" "$(load finit one.ko)"
tool 1 why modgate_test_one
tool 6 mode listed --audit --allow-kexec --passphrase-fd=3
check "kexec is refused until the restart" "result=EPERM *" "$(load kexec)"
END

machine <<'END'
check "flag audit: state shows it, and mode listed" "audit listed" "$(state enforcing) $(state mode)"
check "flag audit: an unapproved module loads, recorded" "$(recorded not-approved)" "$(load finit two.ko)"
check "flag allow-kexec: kexec is allowed" allowed "$(state kexec)"
tool 6 mode --enforce --refuse-kexec --passphrase-fd=3
tool 6 mode system --passphrase-fd=3
cp -a /etc/modgate/active /etc/modgate/kept
END

machine <<'END'
tool 0 status
check "mode system: an approved module is refused" "$(refused mode)" "$(load finit one.ko)"
tool 1 why modgate_test_one
check "why names the command that changes the mode" "*modgate mode listed*" "$said"
# The policy with the flag audit, put back.
rm -f /etc/modgate/active/local-* /etc/modgate/staged/local-*
cp /etc/modgate/kept/local-* /etc/modgate/active
tool 8 mode listed --passphrase-fd=3
END

machine <<'END'
tool 8 status
check "an older policy that was put back is not in force" "yes no" "$(state enforcing) $(state policy)"
check "a third-party module is refused with an older policy put back" "$(refused no-policy)" "$(load finit one.ko)"
END
finish
