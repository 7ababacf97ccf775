/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For cmd_recovery.c: who may sign lists.
 */
#ifndef _MODGATE_AUTHORITIES_H
#define _MODGATE_AUTHORITIES_H

#include "base.h"

#define AUTHORITIES_HELP \
	"  roles NAME ROLE[,ROLE...]       of approve, vendor, ban, exclusive\n" \
	"  required NAME yes|no            third-party modules wait for its list\n" \
	"  remove NAME\n" \
	"  add NAME CERTIFICATE GENERATION its lists count from GENERATION on\n"

enum status authorities_show(const struct options *o);
enum status authorities_change(const struct options *o, char *words);

#endif /* _MODGATE_AUTHORITIES_H */
