/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The room kernel: information from the kernel. modgate's files in securityfs, its
 * events, and other kernel state that affects modules: keyrings, lockdown,
 * configuration. Uses table and base.
 */
#ifndef _MODGATE_LIB_KERNEL_H
#define _MODGATE_LIB_KERNEL_H

#include "base.h"

struct kmod_ctx;

/**
 * struct record - key=value pairs as the kernel prints them, decoded
 * @keys: the keys
 * @values: the value of each
 * @n: their number
 */
struct record {
	char **keys;
	char **values;
	size_t n;
};

/**
 * struct kernel - the kernel's files, read once
 * @dir: where they are
 * @present: the kernel has modgate, and its files could be read as far as permissions
 *    allow
 * @problem: what is wrong with a file of modgate; NULL if nothing is
 * @state: contents of file state
 * @privileged: the files that only root may read were read, so the fields below are
 *    valid
 * @policy: contents of file policy; no pairs if none is in force
 * @lists: lines of file lists
 * @n_lists: their number
 * @events: lines of file events
 * @n_events: their number
 */
struct kernel {
	char *dir;
	bool present;
	char *problem;
	struct record state;
	bool privileged;
	struct record policy;
	struct record *lists;
	size_t n_lists;
	struct record *events;
	size_t n_events;
};

/* securityfs.c */
const char *record_get(const struct record *record, const char *key);
bool record_has(const struct record *record, const char *key);
bool record_is(const struct record *record, const char *key, const char *value);
unsigned long long record_number(const struct record *record, const char *key);
bool record_digest(const struct record *record, const char *key,
		   __u8 digest[MODGATE_DIGEST_SIZE]);
void record_parse(struct record *record, const char *text, char separator);
struct json_object *record_json(const struct record *record);
void record_free(struct record *record);
void kernel_read(struct kernel *kernel, const struct options *o);
void kernel_read_state(struct kernel *kernel, const struct options *o);
bool kernel_in_recovery(const struct kernel *kernel);
bool kernel_forces(const struct kernel *kernel, const char *what);
bool policy_closes(const struct kernel *kernel);
enum status kernel_missing(const struct kernel *kernel);
enum status kernel_need_events(const struct kernel *kernel);
void kernel_free(struct kernel *kernel);
int kernel_write(const struct kernel *kernel, const char *file,
		 const void *data, size_t size);
int kernel_revoke(const struct kernel *kernel, const __u8 *digest);
const struct record *kernel_list(const struct kernel *kernel,
				 const __u8 *authority);
char *kernel_error(const struct kernel *kernel);

/* events.c */
char *event_clock(const struct record *event, const char *key);
void event_json(struct json_object *j, const struct record *event);
bool event_is_pending(const struct record *event);
const struct record *event_for(const struct kernel *kernel,
			       const __u8 *digest);
char *event_path(const struct record *event, const struct options *o);

/* What "modgate boot" leaves in /run of the initramfs, as key=value: "recovery=yes". */
#define MARK_FOLDER "modgate"
#define MARK_FILE "initramfs"

/* system.c */
bool sig_enforced(const struct options *o);
bool locked_down(const struct options *o);
bool module_is_loaded(const struct options *o, const char *name);
struct kmod_ctx *kmod_start(void);
char *module_unload(const char *name);
char *kernel_release(void);
bool release_known(const struct options *o, const char *release);

enum known {
	KNOWN_NO,
	KNOWN_YES,
	KNOWN_UNKNOWN,		/* not permitted to ask */
};

/* kernel_config.c */
enum known kernel_config(const struct options *o, const char *option);

/* keyring.c: which of the kernel's keyrings has a signer's key */
enum keyring {
	KEYRING_BUILTIN,
	KEYRING_SECONDARY,
	KEYRING_MACHINE,
	KEYRING_PLATFORM,
	KEYRINGS,
};

const char *keyring_name(enum keyring which);
enum known keyring_takes(const struct options *o, const void *der, size_t size);
enum known keyring_holds(const struct options *o, enum keyring which,
			 const char *id);
int keyring_keys(const struct options *o, enum keyring which, __s32 **keys, size_t *n);

/* machine_key.c */
int machine_key_add(const char *path);

#endif /* _MODGATE_LIB_KERNEL_H */
