/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The log of what the kernel has measured, held against kernel and TPM.
 */
#ifndef _MODGATE_MEASURE_LOG_H
#define _MODGATE_MEASURE_LOG_H

#include <openssl/evp.h>

#include "freshness.h"
#include "kernel.h"

#define LOG_MAX (16U << 20)	/* in bytes; the kernel has 16,384 modules in it at most */

/**
 * struct entry - a line of the log
 * @bytes: what was hashed, not ended by a zero
 * @size: of @bytes, without the newline
 * @record: the same, taken apart; empty if it is not a record
 * @event: inside @record, or ""
 */
struct entry {
	const char *bytes;
	size_t size;
	struct record record;
	const char *event;
};

/**
 * struct log - what is looked at
 * @kernel: what it is held against, NULL if it comes from elsewhere
 * @out: takes the findings
 * @text: the log as read, ended by a zero
 * @size: of @text, in bytes
 * @entries: its lines
 * @n: their number
 * @end: index of the record "sealed", @n if there is none
 * @good: nothing was found to be wrong with its form
 */
struct log {
	const struct kernel *kernel;
	const struct checker *out;
	const char *text;
	size_t size;
	struct entry *entries;
	size_t n;
	size_t end;
	bool good;
};

/* measure_log.c */
enum status measure_need(const struct kernel *kernel);
enum status measure_log_check(const struct kernel *kernel, const char *file,
			      const struct checker *checker);
void measure_log_form(struct log *log);
void measure_log_free(struct log *log);

/* measure_pcr.c */
void pcr_extend(const EVP_MD *bank_md, const EVP_MD *line_md, const char *line,
		size_t length, __u8 *value);
void measure_replay(const struct log *log, const EVP_MD *bank_md,
		    const EVP_MD *line_md, __u8 *value);
void measure_pcr_check(const struct log *log);

/* measure_recovery.c */
enum status measure_recovery(const struct options *o, unsigned int *pcr,
			     struct pcr_bank *expected);

#endif /* _MODGATE_MEASURE_LOG_H */
