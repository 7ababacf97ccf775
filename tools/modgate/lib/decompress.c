// SPDX-License-Identifier: GPL-2.0-only
/*
 * Module files as the kernel sees them: decompressed. What is compressed is
 * told by the content, not by the name.
 */
#include <lzma.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#include "module.h"

#define CHUNK 1048576U

/* What comes out, growing up to MODULE_MAX. */
struct output {
	__u8 *bytes;
	size_t used;
	size_t room;
};

static const char *make_room(struct output *out)
{
	__u8 *bigger;
	size_t room;

	if (out->room - out->used >= CHUNK)
		return NULL;
	if (out->used > MODULE_MAX)
		return "it is over 512 MiB when decompressed";
	room = out->room ? 2 * out->room : 4 * CHUNK;
	bigger = realloc(out->bytes, room);
	if (!bigger)
		return "there is not enough memory to decompress it";
	out->bytes = bigger;
	out->room = room;
	return NULL;
}

static const char *from_gzip(const __u8 *in, size_t size, struct output *out)
{
	z_stream z = { .next_in = (Bytef *)in, .avail_in = size };
	const char *problem = NULL;
	int err = Z_OK;

	if (inflateInit2(&z, 16 + MAX_WBITS) != Z_OK)
		return "zlib does not start";
	while (err != Z_STREAM_END && !problem) {
		problem = make_room(out);
		if (problem)
			break;
		z.next_out = out->bytes + out->used;
		z.avail_out = out->room - out->used;
		err = inflate(&z, Z_NO_FLUSH);
		out->used = out->room - z.avail_out;
		if (err == Z_BUF_ERROR || (err == Z_OK && !z.avail_in && z.avail_out))
			problem = "the gzip data are truncated";
		else if (err != Z_OK && err != Z_STREAM_END)
			problem = "the gzip data are corrupt";
	}
	if (!problem && z.avail_in)
		problem = "there is something behind the gzip data";
	inflateEnd(&z);
	return problem;
}

static const char *from_xz(const __u8 *in, size_t size, struct output *out)
{
	lzma_stream x = LZMA_STREAM_INIT;
	const char *problem = NULL;
	lzma_ret ret = LZMA_OK;

	if (lzma_stream_decoder(&x, 256U << 20, 0) != LZMA_OK)
		return "liblzma does not start";
	x.next_in = in;
	x.avail_in = size;
	while (ret != LZMA_STREAM_END && !problem) {
		problem = make_room(out);
		if (problem)
			break;
		x.next_out = out->bytes + out->used;
		x.avail_out = out->room - out->used;
		ret = lzma_code(&x, LZMA_FINISH);
		out->used = out->room - x.avail_out;
		if (ret == LZMA_BUF_ERROR)
			problem = "the xz data are truncated";
		else if (ret != LZMA_OK && ret != LZMA_STREAM_END)
			problem = "the xz data are corrupt";
	}
	if (!problem && x.avail_in)
		problem = "there is something behind the xz data";
	lzma_end(&x);
	return problem;
}

static const char *from_zstd(const __u8 *in, size_t size, struct output *out)
{
	ZSTD_inBuffer from = { .src = in, .size = size };
	ZSTD_DStream *stream = ZSTD_createDStream();
	const char *problem = NULL;
	size_t left = 1;

	if (!stream)
		return "libzstd does not start";
	while (left && !problem) {
		ZSTD_outBuffer to;

		problem = make_room(out);
		if (problem)
			break;
		to = (ZSTD_outBuffer) { .dst = out->bytes, .size = out->room,
					.pos = out->used };
		left = ZSTD_decompressStream(stream, &to, &from);
		out->used = to.pos;
		if (ZSTD_isError(left))
			problem = "the zstd data are corrupt";
		else if (left && from.pos == from.size && to.pos < to.size)
			problem = "the zstd data are truncated";
	}
	if (!problem && from.pos < from.size)
		problem = "there is something behind the zstd data";
	ZSTD_freeDStream(stream);
	return problem;
}

/**
 * decompress() - decompress a module file in memory, if it is compressed
 * @data: the file; replaced by what was in it
 * @size: of @data, in bytes
 * @problem: set to what is wrong, or NULL; then @data stays as it was
 *
 * Return: "gzip", "xz", "zstd", or NULL if it was not compressed.
 */
const char *decompress(void **data, size_t *size, const char **problem)
{
	static const struct {
		const char *name;
		const char *magic;
		size_t magic_size;
		const char *(*decompress)(const __u8 *in, size_t size,
					  struct output *out);
	} formats[] = {
		{ "gzip", "\x1f\x8b", 2, from_gzip },
		{ "xz", "\3757zXZ\0", 6, from_xz },
		{ "zstd", "\x28\xb5\x2f\xfd", 4, from_zstd },
	};
	struct output out = { 0 };
	size_t i;

	*problem = NULL;
	for (i = 0; i < ARRAY_SIZE(formats); i++)
		if (*size >= formats[i].magic_size &&
		    !memcmp(*data, formats[i].magic, formats[i].magic_size))
			break;
	if (i == ARRAY_SIZE(formats))
		return NULL;
	*problem = formats[i].decompress(*data, *size, &out);
	if (!*problem && out.used > MODULE_MAX)
		*problem = "it is over 512 MiB when decompressed";
	if (*problem) {
		free(out.bytes);
	} else {
		free(*data);
		*data = out.bytes;
		*size = out.used;
	}
	return formats[i].name;
}
