// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mutated module files through all that approve, why, baseline and rebuild do with
 * one, with libkmod, OpenSSL and the decompressors behind it, in the reader's real
 * child. Deterministic: the same seed, the same files. Usage:
 *
 *	fuzz_files [--seed=N] [--runs=N] [--from=N] [--write] ROOT FOLDER CERT MODULE...
 *
 * ROOT is as init leaves it, with CERT as a vendor. Writes to FOLDER, prints each
 * outcome with its number, and ends with 1 if one has no reason, or if the child was
 * ended by a sanitizer; the file stays in FOLDER then. With --write all of them stay,
 * and nothing looks at them.
 */
#include <elf.h>
#include <getopt.h>
#include <lzma.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include "base.h"
#include "child.h"
#include "crypto.h"
#include "module.h"
#include "view.h"

#define FILE_MAX 1048576U
#define OUTCOMES_MAX 256
#define TRAILER 40		/* of a signature, with its marker */

struct bytes {
	__u8 *data;
	size_t size;
};

/* How often a file had this outcome. */
struct outcome {
	char *text;
	unsigned long long n;
};

struct fuzz {
	struct options o;
	struct snapshot snapshot;
	struct cert cert;
	const char *cert_path;
	char *path;
	struct bytes *seeds;
	size_t n_seeds;
	struct outcome outcomes[OUTCOMES_MAX];
	size_t n_outcomes;
};

/* xorshift64*, by S. Vigna: the same everywhere. */
static __u64 state;

static __u64 chance(void)
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return state * 0x2545f4914f6cdd1dULL;
}

static size_t below(size_t n)
{
	return n ? chance() % n : 0;
}

/* Where something stands on which others rely. */
static size_t place(const struct bytes *b)
{
	Elf64_Ehdr head;
	size_t sections;

	memcpy(&head, b->data, sizeof(head));
	sections = head.e_shnum * sizeof(Elf64_Shdr);
	switch (below(8)) {
	case 0:
	case 1:
		return below(sizeof(head));
	case 2:
	case 3:
	case 4:
		if (head.e_shoff < b->size && sections)
			return head.e_shoff + below(sections);
		return below(b->size);
	case 5:
		return b->size - 1 - below(b->size > TRAILER ? TRAILER : b->size);
	case 6:
		return b->size - 1 - below(b->size < 1024 ? b->size : 1024);
	default:
		return below(b->size);
	}
}

static __u64 value(const struct bytes *b)
{
	static const __u64 values[] = {
		0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0xffff, 0x7fffffff, 0x80000000,
		0xffffffff, 0x7fffffffffffffffULL, 0xffffffffffffffffULL,
	};

	switch (below(4)) {
	case 0:
		return values[below(ARRAY_SIZE(values))];
	case 1:
		return b->size - below(65);
	case 2:
		return below(b->size);
	default:
		return chance();
	}
}

static void change(struct bytes *b)
{
	static const size_t sizes[] = { 1, 2, 4, 8 };
	size_t size = sizes[below(ARRAY_SIZE(sizes))], at = place(b);
	__u64 v = value(b);

	if (at < b->size && size <= b->size - at)
		memcpy(b->data + at, &v, size);
}

/* The same bytes twice, or none of them. */
static void move(struct bytes *b)
{
	size_t from = below(b->size), to = below(b->size), size = below(256);

	if (size > b->size - from)
		size = b->size - from;
	if (size > b->size - to)
		size = b->size - to;
	memmove(b->data + to, b->data + from, size);
}

static void mutate(struct bytes *b)
{
	static const int counts[] = { 1, 1, 2, 3, 8 };
	int n = counts[below(ARRAY_SIZE(counts))];

	while (n--)
		if (below(16))
			change(b);
		else
			move(b);
	if (!below(12))
		b->size = 1 + below(b->size);
}

static size_t gzip(const struct bytes *in, __u8 *out)
{
	z_stream z = { .next_in = in->data, .avail_in = in->size,
		       .next_out = out, .avail_out = 2 * FILE_MAX };

	if (deflateInit2(&z, 1, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY) != Z_OK)
		return 0;
	deflate(&z, Z_FINISH);
	deflateEnd(&z);
	return z.total_out;
}

static size_t xz(const struct bytes *in, __u8 *out)
{
	size_t size = 0;

	return lzma_easy_buffer_encode(0, LZMA_CHECK_CRC32, NULL, in->data, in->size, out,
				       &size, 2 * FILE_MAX) == LZMA_OK ? size : 0;
}

/* Into a container, which may be mutated as well: then mostly near its start or end. */
static void pack(struct bytes *b)
{
	__u8 *out = xzalloc(2 * FILE_MAX);
	size_t kind = below(3), size;
	int n;

	if (kind == 0)
		size = gzip(b, out);
	else if (kind == 1)
		size = xz(b, out);
	else
		size = ZSTD_compress(out, 2 * FILE_MAX, b->data, b->size, 1);
	free(b->data);
	b->data = out;
	b->size = size;
	for (n = below(2) ? 0 : 1 + below(3); n && size; n--) {
		size_t near = size < 32 ? size : 32, at = below(size);

		if (below(2))
			at = below(2) ? below(near) : size - 1 - below(near);
		out[at] = chance();
	}
	if (!below(16) && size)
		b->size = below(size);
}

static struct bytes make(const struct fuzz *f)
{
	const struct bytes *seed = &f->seeds[below(f->n_seeds)];
	struct bytes b = { .data = xzalloc(seed->size + 1), .size = seed->size };

	memcpy(b.data, seed->data, seed->size);
	if (below(64))
		mutate(&b);
	if (!below(5))
		pack(&b);
	return b;
}

static void put(const struct fuzz *f, const struct bytes *b)
{
	FILE *file = fopen(f->path, "w");

	if (!file || fwrite(b->data, 1, b->size, file) != b->size || fclose(file)) {
		perror(f->path);
		exit(1);
	}
}

static void count(struct fuzz *f, const char *text)
{
	size_t i;

	for (i = 0; i < f->n_outcomes && strcmp(f->outcomes[i].text, text); i++)
		;
	if (i == OUTCOMES_MAX)
		i = OUTCOMES_MAX - 1;
	if (i == f->n_outcomes) {
		f->outcomes[i].text = xstrdup(text);
		f->n_outcomes++;
	}
	f->outcomes[i].n++;
}

/* What approve, why and baseline make of it. */
static void judge(const struct fuzz *f, const struct module *m)
{
	struct json_object *j = json_object_new_object();
	struct verdict v;
	char *text;

	verdict_make(&v, &f->snapshot, m, NOW);
	verdict_free(&v);
	approval_needless(&f->snapshot, m);
	free(approval_obstacle(&f->snapshot, &f->o, m, true));
	free(kernel_refusal(&f->snapshot, &f->o, m));
	free(modsig_text(&m->sig));
	free(module_release(m));
	if (m->sig.state == SIG_VERIFIED)
		module_signed_by(m, &f->cert);
	module_json(j, m);
	text = xstrdup(json_object_to_json_string(j));
	free(text);
	json_object_put(j);
}

/* A file that is whole, or has its reason not to be. */
static bool look(struct fuzz *f)
{
	__u8 digest[MODGATE_DIGEST_SIZE];
	struct module m;
	bool good = true;

	if (module_read(&m, &f->o, f->path, f->cert_path)) {
		count(f, "status");
		module_free(&m);
		return false;
	}
	if (m.problem) {
		count(f, m.problem);
		/* That is how a sanitizer ends a process, which has no limit of memory then. */
		good = *m.problem && !strstr(m.problem, " of memory") &&
		       !strstr(m.problem, "no sense") && !m.info.n;
	} else {
		char *text = fmt("read; signature %d: %s", m.sig.state, dash(m.sig.problem));

		count(f, text);
		free(text);
		good = !module_digest(f->path, digest) &&
		       !memcmp(digest, m.digest, sizeof(digest));
	}
	judge(f, &m);
	module_free(&m);
	return good;
}

static void read_seeds(struct fuzz *f, int n, char **paths)
{
	f->seeds = xzalloc(n * sizeof(*f->seeds));
	for (; n > 0; n--, paths++) {
		void *data;
		size_t size;

		if (file_read(*paths, FILE_MAX, &data, &size) || size < sizeof(Elf64_Ehdr)) {
			fprintf(stderr, "%s: cannot be read\n", *paths);
			exit(1);
		}
		f->seeds[f->n_seeds].data = data;
		f->seeds[f->n_seeds++].size = size;
	}
}

static long memory_of(int who)
{
	struct rusage usage;

	getrusage(who, &usage);
	return usage.ru_maxrss / 1024;
}

static void report(const struct fuzz *f, unsigned long long runs, double seconds)
{
	size_t i;

	for (i = 0; i < f->n_outcomes; i++)
		printf("%9llu %s\n", f->outcomes[i].n, f->outcomes[i].text);
	printf("Done %llu runs in %.0f s; at most %ld MiB here, %ld MiB in a child\n", runs,
	       seconds, memory_of(RUSAGE_SELF), memory_of(RUSAGE_CHILDREN));
}

static void finish(struct fuzz *f)
{
	size_t i;

	child_keep(false);
	reader_done();
	for (i = 0; i < f->n_outcomes; i++)
		free(f->outcomes[i].text);
	for (i = 0; i < f->n_seeds; i++)
		free(f->seeds[i].data);
	free(f->seeds);
	free(f->path);
	cert_free(&f->cert);
	snapshot_free(&f->snapshot);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "seed", required_argument, NULL, 's' },
		{ "runs", required_argument, NULL, 'r' },
		{ "from", required_argument, NULL, 'f' },
		{ "write", no_argument, NULL, 'w' },
		{ 0 }
	};
	struct fuzz f = { .o.passphrase_fd = -1 };
	unsigned long long seed = 1, runs = 3000, from = 0, i;
	double begun = now();
	bool write_only = false;
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		unsigned long long *number = c == 's' ? &seed : c == 'r' ? &runs : &from;

		if (c == 'w')
			write_only = true;
		else if (c == '?' || !number_parse(optarg, number))
			return 2;
	}
	if (argc - optind < 4)
		return 2;
	f.o.root = argv[optind];
	f.path = fmt("%s/mutated-%llu.ko", argv[optind + 1], seed);
	f.cert_path = argv[optind + 2];
	if (cert_read(f.cert_path, &f.cert) || snapshot_read(&f.snapshot, &f.o) ||
	    snapshot_need(&f.snapshot, &f.o))
		return 2;
	read_seeds(&f, argc - optind - 3, argv + optind + 3);
	printf("seed %llu, runs %llu to %llu\n", seed, from, from + runs);
	for (i = from; i < from + runs; i++) {
		struct bytes b;

		/* Each run has a state of its own, so that one can be repeated. */
		state = (seed << 32 ^ (i + 1)) * 0x9e3779b97f4a7c15ULL | 1;
		b = make(&f);
		if (write_only) {
			free(f.path);
			f.path = fmt("%s/mutated-%llu.ko", argv[optind + 1], i);
		}
		put(&f, &b);
		free(b.data);
		if (write_only)
			continue;
		child_keep(i % 100);
		if (!look(&f)) {
			report(&f, i - from + 1, now() - begun);
			fprintf(stderr, "run %llu of seed %llu: %s\n", i, seed, f.path);
			return 1;
		}
	}
	if (!write_only) {
		report(&f, runs, now() - begun);
		unlink(f.path);
	}
	finish(&f);
	return 0;
}
