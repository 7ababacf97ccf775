// SPDX-License-Identifier: GPL-2.0-only
/*
 * One module file: read once, decompressed, digested, and asked by libkmod what
 * it says about itself, all from the same bytes.
 */
#include <ctype.h>
#include <elf.h>
#include <errno.h>
#include <libkmod.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "module.h"

/* "snd-foo.ko.xz" is module "snd_foo"; to be freed. */
char *module_name_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *name = xstrdup(slash ? slash + 1 : path);
	char *p = strstr(name, ".ko");

	if (p)
		*p = '\0';
	for (p = name; *p; p++)
		if (*p == '-')
			*p = '_';
	return name;
}

static const char *check_elf(const void *data, size_t size)
{
	Elf64_Ehdr header;

	/* Both classes have these fields in the same places. */
	if (size < sizeof(header))
		return "it is too short for an ELF file";
	memcpy(&header, data, sizeof(header));
	if (memcmp(header.e_ident, ELFMAG, SELFMAG))
		return "it is not an ELF file";
	if (header.e_type != ET_REL)
		return "it is an ELF file, but not a relocatable object";
	return NULL;
}

/* A file that libkmod can open and that nobody can change in between. */
static int memory_file(const void *data, size_t size)
{
	int fd = memfd_create("module", MFD_CLOEXEC);
	const char *p = data;

	while (fd >= 0 && size) {
		ssize_t n = write(fd, p, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			close(fd);
			return -1;
		}
		p += n;
		size -= n;
	}
	return fd;
}

static void take_info(struct record *info, struct kmod_list *list)
{
	struct kmod_list *entry;

	kmod_list_foreach(entry, list) {
		const char *key = kmod_module_info_get_key(entry);

		info->keys = xgrow(info->keys, info->n, sizeof(*info->keys));
		info->values = xgrow(info->values, info->n,
				     sizeof(*info->values));
		info->keys[info->n] = xstrdup(key);
		info->values[info->n++] =
			xstrdup(kmod_module_info_get_value(entry));
	}
}

static void quiet(void *data __maybe_unused, int priority __maybe_unused,
		  const char *file __maybe_unused, int line __maybe_unused,
		  const char *fn __maybe_unused, const char *format __maybe_unused,
		  va_list args __maybe_unused)
{
}

static const char *read_info(struct module *module, const void *data,
			     size_t size)
{
	static const char *const no_config[] = { NULL };
	struct kmod_ctx *ctx = kmod_new(NULL, no_config);
	struct kmod_list *list = NULL;
	struct kmod_module *mod = NULL;
	const char *problem = "libkmod cannot read its .modinfo section";
	int fd = memory_file(data, size);
	char *path = fmt("/proc/self/fd/%d", fd);

	if (ctx)
		kmod_set_log_fn(ctx, quiet, NULL);
	if (ctx && fd >= 0 && !kmod_module_new_from_path(ctx, path, &mod) &&
	    kmod_module_get_info(mod, &list) > 0) {
		take_info(&module->info, list);
		problem = NULL;
	}
	kmod_module_info_free_list(list);
	kmod_module_unref(mod);
	kmod_unref(ctx);
	if (fd >= 0)
		close(fd);
	free(path);
	return problem;
}

/* It is printed, and becomes part of the names of files. */
static bool is_good_name(const char *name)
{
	size_t size = strlen(name), i;

	for (i = 0; i < size && (isalnum((unsigned char)name[i]) || strchr("_-.", name[i])); i++)
		;
	return size && size < MODGATE_NAME_SIZE && *name != '.' && i == size;
}

static void inspect(struct module *module, const struct options *o, void *data,
		    size_t size, const char *cert_path)
{
	size_t content = modsig_content(data, size);
	const char *problem;

	sha384(data, size, module->digest);
	memcpy(module->content, module->digest, sizeof(module->content));
	if (content != size)
		sha384(data, content, module->content);
	problem = check_elf(data, size);
	if (!problem)
		problem = read_info(module, data, size);
	if (!problem && module_info(module, "name") &&
	    !is_good_name(module_info(module, "name")))
		problem = "its name= in .modinfo is no name of a module";
	if (problem) {
		module->problem = xstrdup(problem);
		return;
	}
	modsig_read(&module->sig, o, data, size, cert_path);
	if (module_info(module, "name")) {
		free(module->name);
		module->name = xstrdup(module_info(module, "name"));
	}
}

/**
 * module_read() - read a module file
 * @module: filled in; to be freed, also after an error
 * @o: options
 * @path: of the file
 * @cert_path: a certificate that may have signed it, or NULL
 *
 * Return: ST_OK, also if something is wrong with the module itself, which
 * stands in problem; or a status after saying why the file cannot be read.
 */
enum status module_read(struct module *module, const struct options *o,
			const char *path, const char *cert_path)
{
	const char *problem;
	size_t size;
	void *data;
	int err;

	memset(module, 0, sizeof(*module));
	module->path = xstrdup(path);
	module->name = module_name_of(path);
	err = file_read(path, MODULE_MAX, &data, &size);
	if (err == -EFBIG)
		return fail(ST_NO, "%s: over 512 MiB, too large for a module",
			    path);
	if (err == -EINVAL)
		return fail(ST_NO, "%s: not a regular file", path);
	if (err)
		return fail_errno(err, "%s", path);
	module->compression = decompress(&data, &size, &problem);
	if (problem)
		module->problem = xstrdup(problem);
	else
		inspect(module, o, data, size, cert_path);
	free(data);
	return ST_OK;
}

/**
 * module_signed_by() - is the signature of a module right by this certificate?
 * @module: whose signature names the certificate
 * @cert: of the signer
 *
 * Reads the file again.
 *
 * Return: true if so.
 */
bool module_signed_by(const struct module *module, const struct cert *cert)
{
	__u8 digest[MODGATE_DIGEST_SIZE];
	const char *problem;
	bool good = false;
	size_t size;
	void *data;

	if (!module->path || file_read(module->path, MODULE_MAX, &data, &size))
		return false;
	decompress(&data, &size, &problem);
	if (!problem) {
		sha384(data, size, digest);
		good = !memcmp(digest, module->digest, sizeof(digest)) &&
		       modsig_verify(data, size, cert);
	}
	free(data);
	return good;
}

/**
 * module_runs() - is it this file that is loaded?
 * @o: options
 * @name: of the module, as the kernel writes it
 * @path: of the file
 *
 * The note with the build ID that the kernel shows has to be in the file.
 *
 * Return: true if so; false also if the kernel shows none.
 */
bool module_runs(const struct options *o, const char *name, const char *path)
{
	char *notes = fmt("%s/sys/module/%s/notes/.note.gnu.build-id", o->root,
			  name);
	void *note = NULL, *data = NULL;
	size_t note_size = 0, size = 0;
	const char *problem = "";
	bool same;

	if (!file_read(notes, NOTE_MAX, &note, &note_size) && note_size &&
	    !file_read(path, MODULE_MAX, &data, &size))
		decompress(&data, &size, &problem);
	same = !problem && memmem(data, size, note, note_size);
	free(data);
	free(note);
	free(notes);
	return same;
}

/* Only the digest of what is in the file; 0 or a negative errno. */
int module_digest(const char *path, __u8 digest[MODGATE_DIGEST_SIZE])
{
	const char *problem;
	size_t size;
	void *data;
	int err = file_read(path, MODULE_MAX, &data, &size);

	if (err)
		return err;
	decompress(&data, &size, &problem);
	if (!problem)
		sha384(data, size, digest);
	free(data);
	return problem ? -EBADMSG : 0;
}

void module_free(struct module *module)
{
	free(module->path);
	free(module->name);
	free(module->problem);
	record_free(&module->info);
	modsig_free(&module->sig);
	memset(module, 0, sizeof(*module));
}

/* A field of modinfo, NULL if it is missing or empty. */
const char *module_info(const struct module *module, const char *key)
{
	const char *value = record_get(&module->info, key);

	return value && *value ? value : NULL;
}

/* The kernel release it was built for; to be freed, NULL if it says none. */
char *module_release(const struct module *module)
{
	const char *vermagic = module_info(module, "vermagic");

	if (!vermagic)
		return NULL;
	return fmt("%.*s", (int)strcspn(vermagic, " "), vermagic);
}

/*
 * Was it built for this kernel, as far as its vermagic tells? If versions of symbols
 * are checked, the kernel does not look at the release.
 */
bool module_for(const struct module *module, const char *release)
{
	const char *vermagic = module_info(module, "vermagic");
	size_t length = strlen(release);

	return !vermagic || strstr(vermagic, " modversions ") ||
	       (!strncmp(vermagic, release, length) &&
		(!vermagic[length] || vermagic[length] == ' '));
}

static const char *sig_word(enum sig_state state)
{
	switch (state) {
	case SIG_NONE:
		return "none";
	case SIG_BROKEN:
		return "broken";
	case SIG_VERIFIED:
		return "verified";
	default:
		return "unverified";
	}
}

void module_json(struct json_object *o, const struct module *module)
{
	static const char *const fields[] = {
		"version", "description", "author", "license", "vermagic",
		"depends",
	};
	struct json_object *sig = json_object_new_object();
	size_t i;

	json_str(o, "name", module->name);
	json_digest(o, "digest", module->digest);
	json_str(o, "path", module->path);
	json_str(o, "compression", module->compression);
	for (i = 0; i < ARRAY_SIZE(fields); i++)
		json_str(o, fields[i], module_info(module, fields[i]));
	json_str(sig, "state", sig_word(module->sig.state));
	json_str(sig, "signer", module->sig.signer);
	json_str(sig, "hash", module->sig.hash);
	json_str(sig, "problem", module->sig.problem);
	for (i = 0; i < KEYRINGS; i++)
		if (module->sig.held[i] == KNOWN_YES)
			break;
	json_str(sig, "keyring", i < KEYRINGS ? keyring_name(i) : NULL);
	json_object_object_add(o, "signature", sig);
}
