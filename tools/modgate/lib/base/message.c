// SPDX-License-Identifier: GPL-2.0-only
/*
 * Questions to a child process and its answers: 32-bit numbers and size-prefixed byte
 * strings, in native byte order. Nothing in them is trusted: reading a missing or
 * oversized item marks the message as bad.
 */
#include <stdlib.h>
#include <string.h>

#include "base.h"
#include "child.h"

static void put(struct message *m, const void *bytes, size_t size)
{
	if (m->bad || size > MESSAGE_MAX - m->size) {
		m->bad = true;
		return;
	}
	while (m->room - m->size < size) {
		m->room = m->room ? 2 * m->room : 4096;
		m->bytes = realloc(m->bytes, m->room);
		if (!m->bytes)
			exit(fail(ST_NO, "out of memory"));
	}
	if (size)
		memcpy(m->bytes + m->size, bytes, size);
	m->size += size;
}

void message_put_number(struct message *m, __u32 number)
{
	put(m, &number, sizeof(number));
}

void message_put_bytes(struct message *m, const void *bytes, size_t size)
{
	message_put_number(m, size > MESSAGE_MAX ? MESSAGE_MAX : size);
	put(m, bytes, size);
}

/* NULL is written as "", and read as NULL. */
void message_put_text(struct message *m, const char *text)
{
	message_put_bytes(m, text, text ? strlen(text) : 0);
}

static const __u8 *take(struct message *m, size_t size)
{
	const __u8 *bytes = m->bytes + m->at;

	if (m->bad || size > m->size - m->at) {
		m->bad = true;
		return NULL;
	}
	m->at += size;
	return bytes;
}

/* 0 if the message is bad. */
__u32 message_number(struct message *m)
{
	const __u8 *bytes = take(m, sizeof(__u32));
	__u32 number = 0;

	if (bytes)
		memcpy(&number, bytes, sizeof(number));
	return number;
}

/* Points into the message; NULL and size 0 if it is bad. */
const void *message_bytes(struct message *m, size_t *size)
{
	const void *bytes;

	*size = message_number(m);
	bytes = take(m, *size);
	if (!bytes)
		*size = 0;
	return bytes;
}

/* The caller frees it; NULL if it is empty or the message is bad. */
char *message_text(struct message *m)
{
	size_t size;
	const void *bytes = message_bytes(m, &size);

	if (!size)
		return NULL;
	if (memchr(bytes, 0, size)) {
		m->bad = true;
		return NULL;
	}
	return fmt("%.*s", (int)size, (const char *)bytes);
}

void message_free(struct message *m)
{
	free(m->bytes);
	memset(m, 0, sizeof(*m));
}
