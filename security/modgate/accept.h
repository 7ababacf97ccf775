/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Documents written to load.
 */
#ifndef _MODGATE_ACCEPT_H
#define _MODGATE_ACCEPT_H

#include <linux/seq_file.h>
#include <linux/types.h>

int modgate_load(void *bytes, size_t size, bool *keep);
int modgate_load_refuse(int err, const char *rule);
void modgate_load_error_show(struct seq_file *m);

#endif /* _MODGATE_ACCEPT_H */
