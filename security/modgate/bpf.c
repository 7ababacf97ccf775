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
 * modgate_bpf_load() - may a BPF program go to the verifier?
 * @prog: the program
 * @attr: of the system call
 *
 * A program of type fmod_ret changes what a kernel function returns, or skips the call.
 * That works on every security_*() hook, even under lockdown, so it can bypass modgate
 * and any other LSM. It is a change to the kernel that nobody has approved. LSM
 * programs are allowed, since all they can do is refuse. Exceptions are a program that
 * replaces part of an LSM program, since it may return anything, and hooks where the
 * kernel lets LSM programs return more than an error.
 *
 * Return: 0; -EPERM.
 */
int modgate_bpf_load(const struct bpf_prog *prog, const union bpf_attr *attr)
{
	const struct bpf_prog *replaced = prog->aux->dst_prog;

	if (modgate_enforcing() == MODGATE_RECORD)
		return 0;
	/* Any user may load these, with any attach type: it has no meaning for them. */
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
 * modgate_bpf_prog() - may a verified BPF program be used?
 * @prog: the program
 *
 * A probe that answers in place of a function (bpf_override_return()), or writes
 * registers, can redirect execution past any call. The kernel attaches such a probe to
 * few functions, or to none of its own; but as part of another probe, or through a tail
 * call, it gets there anyway. Checked here because the verifier finds it out, and
 * before the program has a descriptor.
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
