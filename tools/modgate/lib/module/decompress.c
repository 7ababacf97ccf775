// SPDX-License-Identifier: GPL-2.0-only
/*
 * Decompresses module files as the kernel does, piece by piece, from one file into
 * another. The content tells the compression, not the name. Called in the reader's
 * confined child.
 */
#include <errno.h>
#include <lzma.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "base.h"
#include "child.h"
#include "module.h"

#define CHUNK 262144U
#define XZ_MEMORY (256U << 20)		/* in bytes */

#define TOO_LITTLE "there is not enough memory to decompress it"

/**
 * struct flow - data on its way from file to file
 * @from: file descriptor
 * @in: input buffer
 * @size: of @in, in bytes
 * @end: end of input reached
 * @to: file descriptor
 * @out: output buffer
 * @total: bytes that were written
 */
struct flow {
	int from;
	__u8 in[CHUNK];
	size_t size;
	bool end;
	int to;
	__u8 out[CHUNK];
	size_t total;
};

static const char *too_large(void)
{
	static char text[64];

	snprintf(text, sizeof(text), "it is over %zu MiB when decompressed",
		 memory_share() >> 20);
	return text;
}

/* Read more input; none at the end. */
static const char *refill(struct flow *f)
{
	ssize_t n;

	do {
		n = read(f->from, f->in, CHUNK);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return "it cannot be read";
	f->size = n;
	f->end = !n;
	return NULL;
}

static const char *flush(struct flow *f, size_t size)
{
	const __u8 *p = f->out;

	f->total += size;
	if (f->total > memory_share())
		return too_large();
	while (size) {
		ssize_t n = write(f->to, p, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EFBIG ? too_large() : TOO_LITTLE;
		p += n;
		size -= n;
	}
	return NULL;
}

static const char *from_gzip(struct flow *f)
{
	z_stream z = { 0 };
	const char *problem = NULL;
	int err = Z_OK;

	if (inflateInit2(&z, 16 + MAX_WBITS) != Z_OK)
		return "zlib does not start";
	while (err != Z_STREAM_END && !problem) {
		if (!z.avail_in) {
			problem = refill(f);
			z.next_in = f->in;
			z.avail_in = f->size;
		}
		if (!problem && f->end)
			problem = "the gzip data are truncated";
		if (problem)
			break;
		z.next_out = f->out;
		z.avail_out = CHUNK;
		err = inflate(&z, Z_NO_FLUSH);
		if (err != Z_OK && err != Z_STREAM_END && err != Z_BUF_ERROR)
			problem = "the gzip data are corrupt";
		else
			problem = flush(f, CHUNK - z.avail_out);
	}
	if (!problem && !z.avail_in)
		problem = refill(f);
	if (!problem && (z.avail_in || !f->end))
		problem = "there is something behind the gzip data";
	inflateEnd(&z);
	return problem;
}

static const char *from_xz(struct flow *f)
{
	const size_t share = memory_share();
	lzma_stream x = LZMA_STREAM_INIT;
	const char *problem = NULL;
	lzma_ret ret = LZMA_OK;

	if (lzma_stream_decoder(&x, share < XZ_MEMORY ? share : XZ_MEMORY, 0) != LZMA_OK)
		return "liblzma does not start";
	while (ret != LZMA_STREAM_END && !problem) {
		if (!x.avail_in) {
			problem = refill(f);
			x.next_in = f->in;
			x.avail_in = f->size;
		}
		if (problem)
			break;
		x.next_out = f->out;
		x.avail_out = CHUNK;
		ret = lzma_code(&x, f->end ? LZMA_FINISH : LZMA_RUN);
		if (ret == LZMA_BUF_ERROR)
			problem = "the xz data are truncated";
		else if (ret == LZMA_MEMLIMIT_ERROR || ret == LZMA_MEM_ERROR)
			problem = TOO_LITTLE;
		else if (ret != LZMA_OK && ret != LZMA_STREAM_END)
			problem = "the xz data are corrupt";
		else
			problem = flush(f, CHUNK - x.avail_out);
	}
	if (!problem && !x.avail_in)
		problem = refill(f);
	if (!problem && (x.avail_in || !f->end))
		problem = "there is something behind the xz data";
	lzma_end(&x);
	return problem;
}

static const char *from_zstd(struct flow *f)
{
	ZSTD_DStream *stream = ZSTD_createDStream();
	ZSTD_inBuffer from = { .src = f->in };
	const char *problem = NULL;
	bool full = false;
	size_t left = 1;

	if (!stream)
		return "libzstd does not start";
	while (left && !problem) {
		ZSTD_outBuffer to = { .dst = f->out, .size = CHUNK };

		if (from.pos == from.size && !full) {
			problem = refill(f);
			from.size = f->size;
			from.pos = 0;
			if (!problem && f->end)
				problem = "the zstd data are truncated";
		}
		if (problem)
			break;
		left = ZSTD_decompressStream(stream, &to, &from);
		full = to.pos == to.size;
		if (ZSTD_isError(left))
			problem = ZSTD_getErrorCode(left) == ZSTD_error_memory_allocation ?
				  TOO_LITTLE : "the zstd data are corrupt";
		else
			problem = flush(f, to.pos);
	}
	if (!problem && from.pos == from.size)
		problem = refill(f);
	if (!problem && (from.pos < from.size || !f->end))
		problem = "there is something behind the zstd data";
	ZSTD_freeDStream(stream);
	return problem;
}

static const struct format {
	const char *name;
	const char *magic;
	size_t magic_size;
	const char *(*decompress)(struct flow *f);
} formats[] = {
	{ "gzip", "\x1f\x8b", 2, from_gzip },
	{ "xz", "\3757zXZ\0", 6, from_xz },
	{ "zstd", "\x28\xb5\x2f\xfd", 4, from_zstd },
};

static const struct format *format_of(const void *head, size_t size)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(formats); i++)
		if (size >= formats[i].magic_size &&
		    !memcmp(head, formats[i].magic, formats[i].magic_size))
			return &formats[i];
	return NULL;
}

/**
 * compression_of() - how is a file compressed?
 * @head: its first bytes
 * @size: of @head; 8 are enough
 *
 * Return: "gzip", "xz", "zstd", or NULL if uncompressed.
 */
const char *compression_of(const void *head, size_t size)
{
	const struct format *format = format_of(head, size);

	return format ? format->name : NULL;
}

/**
 * decompress() - decompress a compressed file
 * @from: file descriptor
 * @to: likewise, of an empty file
 *
 * Return: NULL, or what is wrong with it.
 */
const char *decompress(int from, int to)
{
	struct flow *f = calloc(1, sizeof(*f));
	const struct format *format;
	const char *problem;
	char head[8];
	ssize_t n = pread(from, head, sizeof(head), 0);

	if (!f)
		return TOO_LITTLE;
	f->from = from;
	f->to = to;
	format = format_of(head, n < 0 ? 0 : n);
	problem = format ? format->decompress(f) : "it is not compressed";
	free(f);
	return problem;
}
