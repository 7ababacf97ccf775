// SPDX-License-Identifier: GPL-2.0-only
/*
 * BPF programs: those that change the kernel are refused.
 */
#include <linux/bpf.h>
#include "bpf.h"
#include "compat.h"
#include "policy.h"
#include "refuse.h"

/**
 * modgate_bpf_load() - may a BPF program be loaded that has not been verified yet?
 * @prog: the program
 * @attr: of the system call
 *
 * A program of this kind changes what a function of the kernel returns, or keeps
 * it from being called: every security_*() among them, also under lockdown, and
 * so whether we, or anybody else, are asked. It is a change to the kernel that
 * nobody has approved. Programs of the kind LSM stay, since all they can do is
 * refuse; unless a part of one is replaced, which may return what it likes, or the
 * kernel lets them return more than an error.
 *
 * Return: 0; -EPERM.
 */
int modgate_bpf_load(const struct bpf_prog *prog, const union bpf_attr *attr)
{
	const struct bpf_prog *replaced = prog->aux->dst_prog;

	if (modgate_enforcing() == MODGATE_RECORD)
		return 0;
	/* Anybody may load these, and say any attach type, which means nothing then. */
	if (prog->type == BPF_PROG_TYPE_SOCKET_FILTER ||
	    prog->type == BPF_PROG_TYPE_CGROUP_SKB)
		return 0;
	if (attr->expected_attach_type == BPF_MODIFY_RETURN ||
	    modgate_bpf_returns_more(attr->expected_attach_type) ||
	    (replaced && replaced->type == BPF_PROG_TYPE_LSM))
		return modgate_refuse("bpf", MODGATE_REASON_BPF, NULL, NULL);
	return 0;
}

/**
 * modgate_bpf_prog() - may a BPF program be used that has been verified?
 * @prog: the program
 *
 * A probe that answers in place of a function (bpf_override_return()), or writes
 * registers, may say where the kernel goes on: behind any call. The kernel attaches
 * it to few functions, or to none of its own; but as a part of another probe, or
 * through a tail call, it gets there. Known when the program has been verified, and
 * before it has a descriptor.
 *
 * Return: 0; -EPERM.
 */
int modgate_bpf_prog(struct bpf_prog *prog)
{
	if (modgate_enforcing() == MODGATE_RECORD ||
	    !(prog->kprobe_override || modgate_bpf_writes_registers(prog)))
		return 0;
	return modgate_refuse("bpf", MODGATE_REASON_BPF, NULL, NULL);
}
