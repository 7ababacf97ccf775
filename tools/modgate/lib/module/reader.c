// SPDX-License-Identifier: GPL-2.0-only
/*
 * Asks the reader's child. Each answer is checked before it is used, and text in it may
 * contain any byte except NUL.
 */
#include <stdlib.h>
#include <string.h>

#include "base.h"
#include "child.h"
#include "crypto.h"
#include "kernel.h"
#include "module.h"
#include "reader.h"

/* Real modules have some hundreds at most, mostly aliases. */
#define INFO_MAX 65536U

static const struct child_kind kind = {
	.doing = "reading it",
	.confined = true,
	.seconds = 30,
	.begin = reader_begin,
	.answer = reader_answer,
};

static struct child child;

/* A file was read. */
void reader_done(void)
{
	child_done(&child);
}

static char *misbehaved(void)
{
	child_end(&child);
	return xstrdup("reading it gave no sense");
}

/**
 * reader_decompress() - decompress a file
 * @file: the file
 * @memory: file to write its contents to
 *
 * Return: NULL, or what is wrong with it, which the caller frees.
 */
char *reader_decompress(int file, int memory)
{
	const int files[] = { file, memory };
	struct message question = { 0 }, answer;
	char *problem;

	message_put_number(&question, READER_DECOMPRESS);
	problem = child_ask(&child, &kind, NULL, &question, files, 2, &answer);
	if (!problem) {
		problem = message_text(&answer);
		if (answer.bad) {
			free(problem);
			problem = misbehaved();
		}
	}
	message_free(&answer);
	message_free(&question);
	return problem;
}

static void take_info(struct record *info, struct message *answer)
{
	__u32 n = message_number(answer), i;

	if (n > INFO_MAX)
		answer->bad = true;
	for (i = 0; i < n && !answer->bad; i++) {
		char *key = message_text(answer), *value = message_text(answer);

		info->keys = xgrow(info->keys, info->n, sizeof(*info->keys));
		info->values = xgrow(info->values, info->n, sizeof(*info->values));
		info->keys[info->n] = key ? key : xstrdup("");
		info->values[info->n++] = value ? value : xstrdup("");
	}
}

/* The number of the verifying certificate must be in range. */
static void take_signature(struct modsig *sig, struct message *answer, size_t n_certs,
			   int *verified_by)
{
	__u32 state = message_number(answer), which;

	sig->size = message_number(answer);
	sig->problem = message_text(answer);
	sig->signer = message_text(answer);
	sig->hash = message_text(answer);
	sig->id = message_text(answer);
	sig->chained = message_number(answer);
	sig->waived = message_number(answer);
	sig->key_unknown = message_number(answer);
	which = message_number(answer);
	sig->state = state;
	*verified_by = state == SIG_VERIFIED ? (int)which : -1;
	if (state > SIG_VERIFIED || (state == SIG_VERIFIED && which >= n_certs) ||
	    (state != SIG_NONE && state != SIG_VERIFIED && !sig->problem))
		answer->bad = true;
}

/**
 * reader_inspect() - what a module says about itself
 * @module: its info and the part of its signature that modsig_read() fills in are set
 * @b: the module
 * @certs: candidates for the signer's certificate
 * @n_certs: their number
 * @verified_by: set to the number of the one that verifies its signature, or -1
 * @unread: set if the reason is that the child died or misbehaved
 *
 * Return: NULL, or why it is not a module, which the caller frees.
 */
char *reader_inspect(struct module *module, const struct module_bytes *b,
		     const struct file_bytes *certs, size_t n_certs, int *verified_by,
		     bool *unread)
{
	struct message question = { 0 }, answer;
	char *problem;
	size_t i;

	*verified_by = -1;
	message_put_number(&question, READER_INSPECT);
	message_put_number(&question, n_certs);
	for (i = 0; i < n_certs; i++)
		message_put_bytes(&question, certs[i].data, certs[i].size);
	problem = child_ask(&child, &kind, NULL, &question, &b->fd, 1, &answer);
	*unread = problem;
	if (!problem) {
		problem = message_text(&answer);
		if (!problem) {
			take_info(&module->info, &answer);
			take_signature(&module->sig, &answer, n_certs, verified_by);
		}
		if (answer.bad || answer.at != answer.size) {
			free(problem);
			problem = misbehaved();
			*unread = true;
		}
	}
	message_free(&answer);
	message_free(&question);
	return problem;
}

/**
 * reader_verify() - is the signature of a module valid by this certificate?
 * @b: the module
 * @cert: of the signer
 *
 * Return: true if so; false also if unknown.
 */
bool reader_verify(const struct module_bytes *b, const struct cert *cert)
{
	struct message question = { 0 }, answer;
	char *problem;
	bool good;

	message_put_number(&question, READER_VERIFY);
	message_put_bytes(&question, cert->der, cert->der_size);
	problem = child_ask(&child, &kind, NULL, &question, &b->fd, 1, &answer);
	good = !problem && message_number(&answer) == 1;
	free(problem);
	message_free(&answer);
	message_free(&question);
	return good;
}
