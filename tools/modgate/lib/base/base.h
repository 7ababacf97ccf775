/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The room base: what every part of the tool uses. Exit statuses, errors, memory, text,
 * terminal output, JSON and durable replacement of files; child.h adds confined child
 * processes. Uses no other room.
 */
#ifndef _MODGATE_LIB_BASE_H
#define _MODGATE_LIB_BASE_H

#include <json-c/json.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include <linux/modgate.h>

#define MODGATE_TOOL_VERSION "1.0"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define HEX_SIZE (2 * MODGATE_DIGEST_SIZE + 1)

#define __printf(fmt, args) __attribute((format(printf, fmt, args)))
#define __noreturn __attribute((noreturn))
#define __maybe_unused __attribute((unused))

/* Exit statuses, as in the man page; functions return them too. */
enum status {
	ST_OK = 0,		/* yes, or done */
	ST_NO = 1,		/* no, and stderr says why */
	ST_USAGE = 2,
	ST_PRIVILEGE = 3,
	ST_SECRET = 4,		/* secret or signature wrong */
	ST_UNPROVISIONED = 5,
	ST_RESTART = 6,		/* done, restart needed */
	ST_NO_MODGATE = 7,	/* the kernel has no modgate */
	ST_CORRUPT = 8,		/* corrupt or rolled-back state */
};

/**
 * struct options - what every verb understands
 * @root: prefix of every path, "" or without a trailing slash
 * @securityfs: where securityfs is mounted, or NULL for the default
 * @json: print JSON
 * @passphrase_fd: where to read the passphrase, or -1 to ask for it
 */
struct options {
	const char *root;
	const char *securityfs;
	bool json;
	int passphrase_fd;
};

/**
 * struct checker - receives the findings of a check
 * @say: one finding; good if @status is ST_OK
 * @data: for @say
 * @counters: JSON array to add each TPM slot to, or NULL
 */
struct checker {
	void (*say)(void *data, const char *what, enum status status,
		    const char *text);
	void *data;
	struct json_object *counters;
};

/* text.c */
enum status fail(enum status status, const char *fmt, ...) __printf(2, 3);
enum status fail_errno(int err, const char *fmt, ...) __printf(2, 3);
void warn(const char *fmt, ...) __printf(1, 2);
void *xzalloc(size_t size);
void *xgrow(void *array, size_t n, size_t size);
char *xstrdup(const char *s);
char *fmt(const char *format, ...) __printf(1, 2);
char *vfmt(const char *format, va_list ap) __printf(1, 0);
void to_hex(char *hex, const void *bytes, size_t size);
const char *digest_hex(char hex[HEX_SIZE], const void *digest);
bool hex_parse(void *bytes, size_t max, size_t *size, const char *hex);
bool digest_parse(__u8 digest[MODGATE_DIGEST_SIZE], const char *hex);
bool number_parse(const char *s, unsigned long long *value);
bool is_digest(const char *s);
bool has_suffix(const char *s, const char *suffix);

/* say.c: the only way to print to the terminal */
void say(const char *format, ...) __printf(1, 2);
void say_error(const char *format, ...) __printf(1, 2);
char *say_text(const char *format, ...) __printf(1, 2);
void say_lines(const char *text);
void say_prompt(int fd, const char *prompt);
void say_mark(bool good);
void say_json(const char *json);
bool say_flush(void);
void __noreturn out_of_memory(void);

/* output.c */
const char *dash(const char *s);
void json_str(struct json_object *o, const char *key, const char *value);
void json_num(struct json_object *o, const char *key, uint64_t value);
void json_yes(struct json_object *o, const char *key, bool value);
void json_digest(struct json_object *o, const char *key, const void *digest);
void json_print(struct json_object *o, int flags);
void json_out(struct json_object *o);
char *time_text(uint64_t seconds);
const char *mode_name(__u32 mode);
__u32 mode_parse(const char *name);
char *flag_names(__u32 flags, const char *const *names);
void checker_say(const struct checker *checker, const char *what,
		 enum status status, const char *format, ...) __printf(4, 5);
extern const char *const policy_flag_names[];
extern const char *const module_flag_names[];
extern const char *const role_names[];

/* files.c: return 0 or a negative errno */
int file_read(const char *path, size_t max, void **data, size_t *size);
int file_read_open(int fd, size_t max, void **data, size_t *size);
int file_write(int fd, const void *data, size_t size);
int file_replace(const char *dir, const char *name, const void *data,
		 size_t size, mode_t mode);
int file_move(const char *from, const char *to_dir, const char *name);
int file_remove(const char *path);
int dir_make(const char *path, mode_t mode);
int dirs_make(const char *root, const char *path, mode_t mode);
int dir_sync(const char *path);
int lock_take(const char *path);

/* json_file.c */
#define JSON_VALUES_MAX 262144
#define JSON_DEPTH_MAX 8

struct json_object *json_take(const char *text, size_t size, int flags);
struct json_object *json_strict(const char *text, size_t size);
bool json_has_only(struct json_object *j, const char *const known[], size_t n);
const char *json_text(struct json_object *j, const char *key);
bool json_small_number(struct json_object *j, const char *key, unsigned int *number);
bool json_bytes(struct json_object *j, const char *key, __u8 *bytes, size_t max,
		size_t *size);
void json_hex(struct json_object *j, const char *key, const void *bytes, size_t size);

#endif /* _MODGATE_LIB_BASE_H */
