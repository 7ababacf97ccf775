// SPDX-License-Identifier: GPL-2.0-only
/*
 * Durable files: when a function returns, a file is on disk, completely or not at all.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base.h"

/*
 * Is there data beyond @max? The file size cannot be relied on: kernel files report
 * zero, or whatever root has set.
 */
static bool is_longer(int fd, const struct stat *st, size_t max)
{
	char byte;

	return (uint64_t)st->st_size > max && pread(fd, &byte, 1, max) == 1;
}

/* Like file_read(), from the current position of an open file. */
int file_read_open(int fd, size_t max, void **data, size_t *size)
{
	size_t room = 4096, used = 0;
	struct stat st;
	char *buf;

	if (fstat(fd, &st))
		return -errno;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	if (is_longer(fd, &st, max))
		return -EFBIG;
	if (st.st_size && (uint64_t)st.st_size <= max)
		room = st.st_size + 1;
	buf = malloc(room);
	while (buf) {
		ssize_t n = read(fd, buf + used, room - used);
		char *bigger;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			free(buf);
			return -errno;
		}
		used += n;
		if (!n || used > max)
			break;
		if (used < room)
			continue;
		room *= 2;
		bigger = realloc(buf, room);
		if (!bigger)
			free(buf);
		buf = bigger;
	}
	if (!buf)
		return -ENOMEM;
	if (used > max) {
		free(buf);
		return -EFBIG;
	}
	if (used == room) {
		char *bigger = realloc(buf, room + 1);

		if (!bigger) {
			free(buf);
			return -ENOMEM;
		}
		buf = bigger;
	}
	buf[used] = '\0';
	*data = buf;
	*size = used;
	return 0;
}

/**
 * file_read() - read a whole file
 * @path: of a regular file, which may belong to the kernel
 * @max: maximum size accepted, in bytes
 * @data: the content, followed by a zero byte; the caller frees it
 * @size: of the content, in bytes
 *
 * Return: 0, -EINVAL if it is not a regular file, -EFBIG, or another errno.
 */
int file_read(const char *path, size_t max, void **data, size_t *size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	int err;

	if (fd < 0)
		return -errno;
	err = file_read_open(fd, max, data, size);
	close(fd);
	return err;
}

/* Write all of it at the current position. */
int file_write(int fd, const void *data, size_t size)
{
	const char *p = data;

	while (size) {
		ssize_t n = write(fd, p, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		p += n;
		size -= n;
	}
	return 0;
}

/* Make the directory entries durable. */
int dir_sync(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int err = 0;

	if (fd < 0)
		return -errno;
	if (fsync(fd))
		err = -errno;
	close(fd);
	return err;
}

static int write_temporary(const char *path, const void *data, size_t size,
			   mode_t mode)
{
	int fd, err;

	unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
		  0600);
	if (fd < 0)
		return -errno;
	err = file_write(fd, data, size);
	if (!err && fchmod(fd, mode))
		err = -errno;
	if (!err && fsync(fd))
		err = -errno;
	if (close(fd) && !err)
		err = -errno;
	return err;
}

/**
 * file_replace() - replace or create a file, durably
 * @dir: where
 * @name: of the file in @dir
 * @data: the content
 * @size: of @data, in bytes
 * @mode: permission bits
 *
 * The caller holds the lock. The temporary file has a fixed name, so that one left over
 * from a power cut gets reused.
 *
 * Return: 0 when it is on disk, or a negative errno.
 */
int file_replace(const char *dir, const char *name, const void *data,
		 size_t size, mode_t mode)
{
	char *temporary = fmt("%s/.%s.tmp", dir, name);
	char *path = fmt("%s/%s", dir, name);
	int err;

	err = write_temporary(temporary, data, size, mode);
	if (!err && rename(temporary, path))
		err = -errno;
	if (err)
		unlink(temporary);
	else
		err = dir_sync(dir);
	free(temporary);
	free(path);
	return err;
}

/* Move a file to another folder of the same file system, durably. */
int file_move(const char *from, const char *to_dir, const char *name)
{
	char *path = fmt("%s/%s", to_dir, name);
	char *from_dir = xstrdup(from);
	int err = 0;

	*strrchr(from_dir, '/') = '\0';
	if (rename(from, path))
		err = -errno;
	if (!err)
		err = dir_sync(to_dir);
	if (!err)
		err = dir_sync(from_dir);
	free(from_dir);
	free(path);
	return err;
}

/* Remove a file; it is no error if it does not exist. */
int file_remove(const char *path)
{
	return unlink(path) && errno != ENOENT ? -errno : 0;
}

/* Make a folder with these permissions, durably; it may exist already. */
int dir_make(const char *path, mode_t mode)
{
	char *parent = xstrdup(path);
	int err = 0;

	*strrchr(parent, '/') = '\0';
	if (!mkdir(path, mode)) {
		/* In spite of the umask. */
		if (chmod(path, mode))
			err = -errno;
		if (!err)
			err = dir_sync(*parent ? parent : "/");
	} else if (errno != EEXIST) {
		err = -errno;
	}
	free(parent);
	return err;
}

/* Make a folder below @root and its parents, likewise; @path begins with a slash. */
int dirs_make(const char *root, const char *path, mode_t mode)
{
	char *whole = fmt("%s%s/", root, path), *slash = whole + strlen(root);
	int err = 0;

	while (!err && (slash = strchr(slash + 1, '/'))) {
		*slash = '\0';
		err = dir_make(whole, mode);
		*slash = '/';
	}
	free(whole);
	return err;
}

/**
 * lock_take() - keep other tools out until this one exits
 * @path: of the lock file
 *
 * Return: a file descriptor, -EWOULDBLOCK if another one holds it, or another
 * negative errno.
 */
int lock_take(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	int err;

	if (fd < 0)
		return -errno;
	if (flock(fd, LOCK_EX | LOCK_NB)) {
		err = -errno;
		close(fd);
		return err;
	}
	return fd;
}
