/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * BPF programs.
 */
#ifndef _MODGATE_BPF_H
#define _MODGATE_BPF_H

#include <linux/bpf.h>

int modgate_bpf_load(const struct bpf_prog *prog, const union bpf_attr *attr);
int modgate_bpf_prog(struct bpf_prog *prog);

#endif /* _MODGATE_BPF_H */
