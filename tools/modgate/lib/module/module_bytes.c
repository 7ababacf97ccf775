// SPDX-License-Identifier: GPL-2.0-only
/*
 * The bytes of a module file as the kernel sees them, in a sealed memory file: what is
 * digested is also what is inspected and copied.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base.h"
#include "child.h"
#include "module.h"
#include "reader.h"

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif
#define CHUNK 262144

/* Required where vm.memfd_noexec is 2; older kernels do not know the flag. */
static int memory_file(void)
{
	const unsigned int flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
	int fd = memfd_create("module", flags | MFD_NOEXEC_SEAL);

	return fd < 0 && errno == EINVAL ? memfd_create("module", flags) : fd;
}

/* Copy it as it is; -EFBIG if it exceeds @max bytes. */
static int copy(int from, int to, size_t max)
{
	char *buffer = malloc(CHUNK);
	size_t used = 0;
	int err = buffer ? 0 : -ENOMEM;

	while (!err) {
		ssize_t n = read(from, buffer, CHUNK);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			err = n < 0 ? -errno : 0;
			break;
		}
		used += n;
		err = used > max ? -EFBIG : file_write(to, buffer, n);
	}
	free(buffer);
	return err;
}

/* Seal it: from now on nobody can write to it. */
static int seal(struct module_bytes *b)
{
	struct stat st;
	void *data;

	if (fcntl(b->fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) ||
	    fstat(b->fd, &st))
		return -errno;
	if ((size_t)st.st_size > memory_share())
		return -EFBIG;
	b->size = st.st_size;
	if (!b->size) {
		b->data = (const __u8 *)"";
		return 0;
	}
	data = mmap(NULL, b->size, PROT_READ, MAP_PRIVATE, b->fd, 0);
	if (data == MAP_FAILED)
		return -errno;
	b->data = data;
	return 0;
}

static int fill(struct module_bytes *b, int file)
{
	char head[8];
	ssize_t n = pread(file, head, sizeof(head), 0);
	int err;

	if (n < 0)
		return -errno;
	b->compression = compression_of(head, n);
	if (!b->compression) {
		err = copy(file, b->fd, memory_share());
		return err ? err : seal(b);
	}
	b->problem = reader_decompress(file, b->fd);
	if (b->problem)
		return 0;
	err = seal(b);
	if (err)
		b->problem = fmt("what was decompressed cannot be had: %s", strerror(-err));
	return 0;
}

static bool is_file(int fd)
{
	struct stat st;

	return !fstat(fd, &st) && S_ISREG(st.st_mode);
}

/**
 * module_bytes_open() - read a module file, decompressed
 * @b: filled in; to be closed, also after an error
 * @path: of the file
 *
 * Return: 0, even if it cannot be decompressed, which problem then says; -EINVAL if it
 * is not a regular file, -EFBIG if it is larger than memory_share(), or another
 * negative errno.
 */
int module_bytes_open(struct module_bytes *b, const char *path)
{
	int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), err;

	memset(b, 0, sizeof(*b));
	b->fd = -1;
	if (file < 0)
		return -errno;
	err = is_file(file) ? 0 : -EINVAL;
	if (!err) {
		b->fd = memory_file();
		err = b->fd < 0 ? -errno : fill(b, file);
	}
	close(file);
	return err;
}

void module_bytes_close(struct module_bytes *b)
{
	if (b->size)
		munmap((void *)b->data, b->size);
	if (b->fd >= 0)
		close(b->fd);
	free(b->problem);
	memset(b, 0, sizeof(*b));
	b->fd = -1;
}
