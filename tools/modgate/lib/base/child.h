/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Child processes that answer questions: forked without exec, and replaced when they
 * die. Untrusted files are read in a confined child: even if a file takes it over, the
 * child can only answer or die. The parent trusts no size and no text in an answer.
 */
#ifndef _MODGATE_LIB_CHILD_H
#define _MODGATE_LIB_CHILD_H

#include "base.h"

/* Maximum size of a question or an answer, in bytes. */
#define MESSAGE_MAX 1048576U
#define CHILD_FILES_MAX 2

/**
 * struct message - a question or an answer, written and read sequentially
 * @bytes: content
 * @size: of @bytes
 * @room: allocated size, in bytes
 * @at: read position
 * @bad: it was read beyond its end, is malformed, or exceeds %MESSAGE_MAX
 */
struct message {
	__u8 *bytes;
	size_t size;
	size_t room;
	size_t at;
	bool bad;
};

/* message.c */
void message_put_number(struct message *m, __u32 number);
void message_put_bytes(struct message *m, const void *bytes, size_t size);
void message_put_text(struct message *m, const char *text);
__u32 message_number(struct message *m);
const void *message_bytes(struct message *m, size_t *size);
char *message_text(struct message *m);
void message_free(struct message *m);

/**
 * struct child_kind - what a child is for
 * @doing: for messages, as in "reading it took more than 30 s"
 * @confined: the child is confined, see confine.c
 * @reads: the context is a folder whose files the child may open for reading
 * @seconds: CPU time limit per answer; 0: no limit. For a confined child there is also
 *    a limit of four times as much wall-clock time.
 * @begin: called once in the child, before it is confined; its result is passed to
 *    @answer. May be NULL.
 * @answer: called in the child for each question
 */
struct child_kind {
	const char *doing;
	bool confined;
	bool reads;
	unsigned int seconds;
	void *(*begin)(const char *context);
	void (*answer)(void *state, struct message *question, const int *files,
		       struct message *answer);
};

/**
 * struct child - a child process; all zero means none
 * @pid: of the process
 * @fd: socket to it
 * @stillborn: number of successive children that never became ready; after three no
 *    more are started
 */
struct child {
	pid_t pid;
	int fd;
	unsigned int stillborn;
};

/* child.c */
char *child_ask(struct child *child, const struct child_kind *kind,
		const char *context, const struct message *question,
		const int *files, size_t n_files, struct message *answer);
void child_end(struct child *child);
void child_keep(bool keep);
void child_done(struct child *child);

/* confine.c */
/* The largest module in distributions is about 30 MiB, decompressed. */
#define MEMORY_SHARE_MAX (512U << 20)	/* in bytes */

size_t memory_share(void);
void confine(const char *readable);

#endif /* _MODGATE_LIB_CHILD_H */
