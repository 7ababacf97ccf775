// SPDX-License-Identifier: GPL-2.0-only
/*
 * Loading the collection, with functions in place of libkmod's that load nothing: what
 * the kernel answers, and what becomes of it.
 */
#include <errno.h>
#include <libkmod.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base.h"
#include "collection.h"
#include "tap.h"

#define NAME "mg_load"
#define PATH "/lib/modules/none/mg_load.ko.xz"

/* What the kernel is like, and what it was asked for; shared with who loads. */
static struct kernel_like {
	int answer;		/* to an insertion */
	bool live;		/* a module of this name is there after it */
	bool blacklisted;
	bool asked;
	char path[128];
	bool aborts;		/* libkmod does, over this module */
} *kernel;

struct kmod_ctx {
	int dummy;
};

struct kmod_module {
	int dummy;
};

struct kmod_config_iter {
	bool done;
};

static struct kmod_ctx the_ctx;
static struct kmod_module the_module;
static struct kmod_config_iter the_blacklist;

struct kmod_ctx *kmod_new(const char *dir __maybe_unused,
			  const char *const *config __maybe_unused)
{
	return &the_ctx;
}

struct kmod_ctx *kmod_unref(struct kmod_ctx *ctx __maybe_unused)
{
	return NULL;
}

void kmod_set_log_fn(struct kmod_ctx *ctx __maybe_unused,
		     void (*log)(void *data, int priority, const char *file, int line,
				 const char *fn, const char *format,
				 va_list args) __maybe_unused,
		     const void *data __maybe_unused)
{
}

int kmod_load_resources(struct kmod_ctx *ctx __maybe_unused)
{
	return 0;
}

struct kmod_config_iter *kmod_config_get_blacklists(const struct kmod_ctx *ctx __maybe_unused)
{
	the_blacklist.done = false;
	return kernel->blacklisted ? &the_blacklist : NULL;
}

struct kmod_config_iter *
kmod_config_get_install_commands(const struct kmod_ctx *ctx __maybe_unused)
{
	return NULL;
}

bool kmod_config_iter_next(struct kmod_config_iter *iter)
{
	bool more = !iter->done;

	iter->done = true;
	return more;
}

const char *kmod_config_iter_get_key(const struct kmod_config_iter *iter __maybe_unused)
{
	return NAME;
}

void kmod_config_iter_free_iter(struct kmod_config_iter *iter __maybe_unused)
{
}

int kmod_module_new_from_path(struct kmod_ctx *ctx __maybe_unused, const char *path,
			      struct kmod_module **module)
{
	snprintf(kernel->path, sizeof(kernel->path), "%s", path);
	*module = &the_module;
	return 0;
}

int kmod_module_new_from_name(struct kmod_ctx *ctx __maybe_unused,
			      const char *name __maybe_unused, struct kmod_module **module)
{
	*module = &the_module;
	return 0;
}

const char *kmod_module_get_options(const struct kmod_module *module __maybe_unused)
{
	return NULL;
}

int kmod_module_insert_module(struct kmod_module *module __maybe_unused,
			      unsigned int flags __maybe_unused,
			      const char *options __maybe_unused)
{
	if (kernel->aborts)
		abort();
	kernel->asked = true;
	return kernel->answer;
}

int kmod_module_get_initstate(const struct kmod_module *module __maybe_unused)
{
	if (kernel->asked && kernel->live)
		return KMOD_MODULE_LIVE;
	return -ENOENT;
}

struct kmod_module *kmod_module_unref(struct kmod_module *module __maybe_unused)
{
	return NULL;
}

/* A collection of one module without a copy, which failed so before, if at all. */
static void begin(struct collection *c, const char *reason, const char *detail)
{
	struct member *m = xzalloc(sizeof(*m));

	memset(c, 0, sizeof(*c));
	c->release = xstrdup("none");
	c->dir = xstrdup("/nonexistent");
	c->made_from = json_object_new_array();
	c->members = m;
	c->n = 1;
	m->name = xstrdup(NAME);
	m->path = xstrdup(PATH);
	m->depends = xstrdup("");
	m->allowed = xstrdup("approved");
	m->reason = xstrdup(reason ? reason : "approved");
	m->detail = detail ? xstrdup(detail) : NULL;
	m->left_out = reason;
	m->at_load = reason;
	kernel->asked = false;
}

static void load(struct collection *c)
{
	struct options o = { .root = "" };

	tap(!collection_load(c, &o), "the collection is loaded");
}

static void test_answers(void)
{
	struct collection c;

	begin(&c, NULL, NULL);
	kernel->live = true;
	load(&c);
	tap(!c.members[0].left_out && !c.changed, "it loads");
	tap(!strcmp(kernel->path, PATH), "without a copy, from its own path");
	collection_free(&c);

	begin(&c, NULL, NULL);
	kernel->answer = -EEXIST;
	load(&c);
	tap(!c.members[0].left_out, "another one was faster: it is loaded");
	collection_free(&c);

	begin(&c, NULL, NULL);
	kernel->live = false;
	load(&c);
	tap(c.members[0].left_out && !strcmp(c.members[0].reason, LEFT_INIT),
	    "its init function says EEXIST: it is left out");
	collection_free(&c);
}

static void test_changed(void)
{
	struct collection c;
	char *detail;

	begin(&c, NULL, NULL);
	kernel->answer = -EIO;
	load(&c);
	tap(c.changed, "it fails, and did not before: the manifest changes");
	detail = xstrdup(c.members[0].detail);
	collection_free(&c);

	begin(&c, LEFT_INIT, detail);
	load(&c);
	tap(!c.changed, "it fails as it did before: the manifest stays");
	collection_free(&c);

	begin(&c, LEFT_INIT, detail);
	kernel->answer = -ENODEV;
	load(&c);
	tap(c.changed, "it fails with another error: the manifest changes");
	collection_free(&c);

	begin(&c, LEFT_INIT, detail);
	kernel->blacklisted = true;
	load(&c);
	tap(c.changed && !strcmp(c.members[0].reason, LEFT_BLACKLIST),
	    "it fails for another reason: the manifest changes");
	collection_free(&c);

	begin(&c, LEFT_INIT, detail);
	kernel->blacklisted = false;
	kernel->answer = 0;
	load(&c);
	tap(c.changed && !c.members[0].left_out, "it loads again: the manifest changes");
	collection_free(&c);
	free(detail);
}

/* A module on which libkmod comes to its end, between two that load. */
static void test_abort(void)
{
	struct collection c;
	struct member *m;

	begin(&c, NULL, NULL);
	kernel->aborts = true;
	kernel->live = true;
	kernel->answer = 0;
	load(&c);
	m = &c.members[0];
	tap(m->left_out && !strcmp(m->reason, LEFT_UNREADABLE) &&
	    strstr(m->detail, "signal 6"), "libkmod aborts: it is left out, and why");
	kernel->aborts = false;
	load(&c);
	tap(!m->left_out, "and the next one loads");
	collection_free(&c);
}

int main(void)
{
	kernel = mmap(NULL, sizeof(*kernel), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (kernel == MAP_FAILED)
		return 1;
	test_answers();
	test_changed();
	test_abort();
	return tap_end();
}
