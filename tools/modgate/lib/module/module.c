// SPDX-License-Identifier: GPL-2.0-only
/*
 * One module file: read once, decompressed, digested and inspected, all from the same
 * bytes.
 */
#include <ctype.h>
#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base.h"
#include "child.h"
#include "crypto.h"
#include "kernel.h"
#include "module.h"
#include "reader.h"

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

	/* These fields have the same offsets in both ELF classes. */
	if (size < sizeof(header))
		return "it is too short for an ELF file";
	memcpy(&header, data, sizeof(header));
	if (memcmp(header.e_ident, ELFMAG, SELFMAG))
		return "it is not an ELF file";
	if (header.e_type != ET_REL)
		return "it is an ELF file, but not a relocatable object";
	return NULL;
}

/* The name is printed and becomes part of file names. */
static bool is_good_name(const char *name)
{
	size_t size = strlen(name), i;

	for (i = 0; i < size && (isalnum((unsigned char)name[i]) || strchr("_-.", name[i])); i++)
		;
	return size && size < MODGATE_NAME_SIZE && *name != '.' && i == size;
}

/* Read modinfo and signature; or say why it is not a module. */
static char *ask(struct module *module, const struct options *o,
		 const struct module_bytes *b, const char *cert_path)
{
	struct file_bytes *certs;
	char *problem;
	int verified_by;
	size_t n;

	certs = modsig_certs(o, cert_path, &n);
	problem = reader_inspect(module, b, certs, n, &verified_by, &module->unread);
	if (!problem && module_info(module, "name") &&
	    !is_good_name(module_info(module, "name")))
		problem = xstrdup("its name= in .modinfo is no name of a module");
	if (!problem &&
	    !modsig_finish(&module->sig, o, verified_by < 0 ? NULL : &certs[verified_by]))
		problem = xstrdup("its signer's certificate was changed just now");
	modsig_certs_free(certs, n);
	return problem;
}

/* Compute what decides from the bytes, before anything parses them. */
static void digest(struct module *module, const struct module_bytes *b)
{
	size_t content = modsig_content(b->data, b->size);

	sha384(b->data, b->size, module->digest);
	memcpy(module->content, module->digest, sizeof(module->content));
	if (content != b->size)
		sha384(b->data, content, module->content);
}

static void inspect(struct module *module, const struct options *o,
		    const struct module_bytes *b, const char *cert_path)
{
	const char *problem;

	problem = check_elf(b->data, b->size);
	module->problem = problem ? xstrdup(problem) : ask(module, o, b, cert_path);
	if (module->problem) {
		record_free(&module->info);
		modsig_free(&module->sig);
	} else if (module_info(module, "name")) {
		free(module->name);
		module->name = xstrdup(module_info(module, "name"));
	}
}

/* Read the bytes and their digest. */
static enum status read_bytes(struct module *module, struct module_bytes *b, const char *path)
{
	int err;

	memset(module, 0, sizeof(*module));
	module->path = xstrdup(path);
	module->name = module_name_of(path);
	err = module_bytes_open(b, path);
	if (err == -EFBIG)
		return fail(ST_NO, "%s: over %zu MiB, too large for a module here",
			    path, memory_share() >> 20);
	if (err == -EINVAL)
		return fail(ST_NO, "%s: not a regular file", path);
	if (err)
		return fail_errno(err, "%s", path);
	module->compression = b->compression;
	if (b->problem) {
		module->problem = xstrdup(b->problem);
		module->unread = true;
	} else {
		digest(module, b);
	}
	return ST_OK;
}

/**
 * module_read() - read a module file
 * @module: filled in; to be freed, also after an error
 * @o: options
 * @path: of the file
 * @cert_path: a certificate that may have signed it, or NULL
 *
 * Return: ST_OK, even if the module itself has a problem, which is then in problem; or
 * a status after saying why the file cannot be read.
 */
enum status module_read(struct module *module, const struct options *o,
			const char *path, const char *cert_path)
{
	struct module_bytes b;
	enum status status = read_bytes(module, &b, path);

	if (!status && !module->problem)
		inspect(module, o, &b, cert_path);
	module_bytes_close(&b);
	reader_done();
	return status;
}

/**
 * module_read_if() - likewise, but inspect it only on request
 * @module: filled in; to be freed, also after an error
 * @o: options
 * @path: of the file
 * @wanted: called once the digests are known; if it returns false, only they are filled
 *    in
 * @context: for @wanted
 *
 * Return: as module_read().
 */
enum status module_read_if(struct module *module, const struct options *o, const char *path,
			   bool (*wanted)(const struct module *module, const void *context),
			   const void *context)
{
	struct module_bytes b;
	enum status status = read_bytes(module, &b, path);

	if (!status && !module->problem && wanted(module, context))
		inspect(module, o, &b, NULL);
	module_bytes_close(&b);
	reader_done();
	return status;
}

/**
 * module_signed_by() - is the signature of a module valid by this certificate?
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
	struct module_bytes b;
	bool good;

	if (!module->path)
		return false;
	good = !module_bytes_open(&b, module->path) && !b.problem;
	if (good) {
		sha384(b.data, b.size, digest);
		good = !memcmp(digest, module->digest, sizeof(digest)) &&
		       reader_verify(&b, cert);
	}
	module_bytes_close(&b);
	reader_done();
	return good;
}

/**
 * module_runs() - is the loaded module from this file?
 * @o: options
 * @name: of the module, as the kernel writes it
 * @path: of the file
 *
 * The file must contain the build ID note that the kernel shows.
 *
 * Return: true if so; false also if the kernel shows no note.
 */
bool module_runs(const struct options *o, const char *name, const char *path)
{
	char *notes = fmt("%s/sys/module/%s/notes/.note.gnu.build-id", o->root,
			  name);
	struct module_bytes b;
	bool same = false;
	size_t size;
	void *note;

	if (!file_read(notes, NOTE_MAX, &note, &size)) {
		same = size && !module_bytes_open(&b, path) && !b.problem &&
		       memmem(b.data, b.size, note, size);
		if (size)
			module_bytes_close(&b);
		free(note);
	}
	free(notes);
	return same;
}

/* Compute only the digest of the file's module; 0 or a negative errno. */
int module_digest(const char *path, __u8 digest[MODGATE_DIGEST_SIZE])
{
	struct module_bytes b;
	int err = module_bytes_open(&b, path);

	if (!err && b.problem)
		err = -EBADMSG;
	if (!err)
		sha384(b.data, b.size, digest);
	module_bytes_close(&b);
	return err;
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

/* The kernel release it was built for, which the caller frees; NULL if unknown. */
char *module_release(const struct module *module)
{
	const char *vermagic = module_info(module, "vermagic");

	if (!vermagic)
		return NULL;
	return fmt("%.*s", (int)strcspn(vermagic, " "), vermagic);
}

/*
 * Was it built for this kernel, according to its vermagic? If symbol versions are
 * checked, the kernel ignores the release.
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
