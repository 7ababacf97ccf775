/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Child processes that answer questions: forked without exec, and replaced when
 * they die. Reading a file that somebody else has written is done in one that is
 * confined: whatever the file makes of it, it can only answer, or die. The parent
 * takes no size and no text of an answer on trust.
 */
#ifndef _MODGATE_LIB_CHILD_H
#define _MODGATE_LIB_CHILD_H

#include "base.h"

/* Of a question, and of an answer; in bytes. */
#define MESSAGE_MAX 1048576U
#define CHILD_FILES_MAX 2

/**
 * struct message - a question or an answer, written or read from its start
 * @bytes: content
 * @size: of @bytes
 * @room: bytes that there is memory for
 * @at: what was read of it
 * @bad: it was read beyond its end, holds what it may not, or is over %MESSAGE_MAX
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
 * @doing: for people, as in "reading it took more than 30 s"
 * @confined: it gets no more than its limits, see confine.c
 * @reads: the context is a folder whose files it may open to read them
 * @seconds: of processor time that an answer may take; 0: no limit. A confined child
 *	     that sleeps gets four times as much of the clock's.
 * @begin: called once in the child, before it is confined; what it returns goes to
 *	   @answer. May be NULL.
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
 * struct child - a child process, or none as long as all is zero
 * @pid: of the process
 * @fd: socket to it
 * @stillborn: how many in a row were started and never ready to be asked; after three
 *	       no other one is started
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
/* The largest module of a distribution has some 30 MiB, decompressed. */
#define MEMORY_SHARE_MAX (512U << 20)	/* in bytes */

size_t memory_share(void);
void confine(const char *readable);

#endif /* _MODGATE_LIB_CHILD_H */
