# SPDX-License-Identifier: GPL-2.0-only
#
# fish completion for modgate(8).

function __modgate_modules
    find /lib/modules/(uname -r) -name '*.ko*' -printf '%f\n' 2>/dev/null | sed 's/\.ko.*//'
end

function __modgate_verb
    set -l verbs init status pending watch why approve baseline revoke ban list diff restart boot verify doctor mode key recovery
    if test (count $argv) -eq 0
        not __fish_seen_subcommand_from $verbs
    else
        __fish_seen_subcommand_from $argv
    end
end

complete -c modgate -f
complete -c modgate -l root -r -a '(__fish_complete_directories)' -d 'Operate on the files below a folder'
complete -c modgate -l securityfs -r -a '(__fish_complete_directories)' -d 'Where securityfs is mounted'
complete -c modgate -l json -d 'Print JSON'
complete -c modgate -l passphrase-fd -x -d 'Read the passphrase from a file descriptor'
complete -c modgate -l help -d 'Show help'
complete -c modgate -l version -d 'Show the version'

complete -c modgate -n __modgate_verb -a init -d 'Make the keys, a local policy and an empty list'
complete -c modgate -n __modgate_verb -a status -d 'Show at a glance what holds and what does not'
complete -c modgate -n __modgate_verb -a pending -d 'Show what was refused and could be approved'
complete -c modgate -n __modgate_verb -a watch -d 'Show what is refused as it happens'
complete -c modgate -n __modgate_verb -a why -d 'Say whether a module would load'
complete -c modgate -n __modgate_verb -a approve -d 'Put modules on the list of the owner'
complete -c modgate -n __modgate_verb -a baseline -d 'Show the third-party modules of this machine; approve them at once'
complete -c modgate -n __modgate_verb -a revoke -d 'Refuse modules from now on'
complete -c modgate -n __modgate_verb -a ban -d 'Refuse modules and signers, whoever approves them'
complete -c modgate -n __modgate_verb -a list -d 'Show what is approved'
complete -c modgate -n __modgate_verb -a diff -d 'Show what a restart would change'
complete -c modgate -n __modgate_verb -a restart -d 'Say what a restart changes, and restart'
complete -c modgate -n __modgate_verb -a boot -d 'Hand the documents to the kernel, then seal'
complete -c modgate -n __modgate_verb -a verify -d 'Check the documents on disk'
complete -c modgate -n __modgate_verb -a doctor -d 'Check what the promise of modgate rests on'
complete -c modgate -n __modgate_verb -a mode -d 'Show or change what the local policy asks of a module'
complete -c modgate -n __modgate_verb -a key -d 'Show or export the keys and the pin; change or seal them'
complete -c modgate -n __modgate_verb -a recovery -d 'In a recovery boot: change mode, authorities and keys'

complete -c modgate -n '__modgate_verb init' -l mode -x -a 'system signed listed' -d 'Mode of the local policy'
complete -c modgate -n '__modgate_verb init' -l key -x -a 'file tpm' -d 'Where the owner key is kept'
complete -c modgate -n '__modgate_verb init' -l anchor-key -x -a 'file tpm' -d 'Where the anchor key is kept'
complete -c modgate -n '__modgate_verb init' -l freshness -x -a 'tpm none' -d 'What numbers the documents'
complete -c modgate -n '__modgate_verb init' -l audit -d 'Refuse nothing, record'
complete -c modgate -n '__modgate_verb init' -l allow-kexec -d 'Do not refuse kexec'
complete -c modgate -n '__modgate_verb why approve baseline ban' -a '(__modgate_modules)'
complete -c modgate -n '__modgate_verb why approve diff verify revoke ban' -F
complete -c modgate -n '__modgate_verb pending why approve baseline revoke ban' -l kernel -x -a '(ls /lib/modules 2>/dev/null)' -d 'Release of the kernel'
complete -c modgate -n '__modgate_verb why approve' -l cert -r -F -d 'Certificate of the signer'
complete -c modgate -n '__modgate_verb approve' -l all-pending -d 'Whatever can be approved'
complete -c modgate -n '__modgate_verb approve' -l on-demand -d 'Also after the gate is closed'
complete -c modgate -n '__modgate_verb approve' -l permanent -d 'May not be unloaded'
complete -c modgate -n '__modgate_verb approve' -l rebuilds -d 'Its name and signer, not this build alone'
complete -c modgate -n '__modgate_verb approve revoke' -l vendor -r -F -d 'Certificate of a vendor'
complete -c modgate -n '__modgate_verb approve' -l unseen -d 'A digest without a file'
complete -c modgate -n '__modgate_verb approve revoke' -l name -x -d 'Names of the modules of a vendor, or of what is unseen'
complete -c modgate -n '__modgate_verb approve revoke ban' -l generation -x -d 'List to start from'
complete -c modgate -n '__modgate_verb revoke' -l keep-loaded -d 'Do not unload anything'
complete -c modgate -n '__modgate_verb baseline' -l all -d 'Everything that can be approved'
complete -c modgate -n '__modgate_verb baseline' -l loaded -d 'What is loaded'
complete -c modgate -n '__modgate_verb ban' -l signer -r -F -d 'Certificate of a signer'
complete -c modgate -n '__modgate_verb ban' -l import -r -F -d 'File of digests'
complete -c modgate -n '__modgate_verb ban' -l remove -d 'Take bans off the list'
complete -c modgate -n '__modgate_verb mode' -x -a 'system signed listed'
complete -c modgate -n '__modgate_verb mode' -l audit -d 'Refuse nothing, record'
complete -c modgate -n '__modgate_verb mode' -l enforce -d 'Refuse what is not approved'
complete -c modgate -n '__modgate_verb mode' -l allow-kexec -d 'Do not refuse kexec'
complete -c modgate -n '__modgate_verb mode' -l refuse-kexec -d 'Refuse kexec'
complete -c modgate -n '__modgate_verb verify' -l log -d 'Check what was measured'
complete -c modgate -n '__modgate_verb verify' -l repair -d 'Sign anew what the counters left behind'
complete -c modgate -n '__modgate_verb verify' -l generation -x -d 'List to put back'
complete -c modgate -n '__modgate_verb verify' -l policy-generation -x -d 'Local policy to put back'
complete -c modgate -n '__modgate_verb watch' -l new -d 'Leave out what was refused before'
complete -c modgate -n '__modgate_verb watch' -l motd -r -F -d 'Keep a message at login'
complete -c modgate -n '__modgate_verb restart' -l force -d 'Also if nothing waits for it'
complete -c modgate -n '__modgate_verb list' -l full -d 'Digests in full'
complete -c modgate -n '__modgate_verb boot' -l no-seal -d 'Leave sealing out'
complete -c modgate -n '__modgate_verb key' -l show -d 'Show the keys'
complete -c modgate -n '__modgate_verb key' -l pin -d 'Print the pin'
complete -c modgate -n '__modgate_verb key' -l export -r -a '(__fish_complete_directories)' -d 'Write certificates and pin'
complete -c modgate -n '__modgate_verb key' -l rotate -d 'Make a new owner key'
complete -c modgate -n '__modgate_verb key' -l seal-anchor -d 'Have the TPM keep the anchor key for recovery boots'
complete -c modgate -n '__modgate_verb key' -l unseal-anchor -d 'Keep the anchor key in a file again'
complete -c modgate -n '__modgate_verb key' -l key -x -a 'file tpm' -d 'Where the new owner key is kept'
complete -c modgate -n '__modgate_verb key' -l change-passphrase -d 'Change the passphrase'
complete -c modgate -n '__modgate_verb revoke' -a "(modgate list 2>/dev/null | awk 'NR > 1 { print \$1 }')"
