// SPDX-License-Identifier: GPL-2.0-only
/*
 * modgate key --export: what others may have of the keys: certificates, and the
 * pin for the kernel command line.
 */
#include <errno.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>

#include "base.h"
#include "crypto.h"
#include "export.h"
#include "keys.h"

#define EXPORTED_MAX 65536

/* One file. */
struct exported {
	const char *name;
	void *data;
	size_t size;
	bool there;		/* already, and the same */
};

enum { ANCHOR_PEM, ANCHOR_DER, OWNER_PEM, OWNER_DER, PIN, FILES };

struct export {
	const struct options *o;
	char *folder;
	char *pin;
	struct exported files[FILES];
};

static void *copy(const void *data, size_t size)
{
	void *to = xzalloc(size);

	memcpy(to, data, size);
	return to;
}

/* The certificate alone, whatever else is in the file that it was read from. */
static enum status take_cert(struct export *e, const char *name, int pem,
			     int der)
{
	BIO *bio = BIO_new(BIO_s_mem());
	enum status status;
	struct cert cert;
	char *text;

	status = key_cert(e->o, name, &cert);
	if (status) {
		BIO_free(bio);
		return status;
	}
	if (!bio || !PEM_write_bio_X509(bio, cert.x509)) {
		status = fail(ST_NO, "cannot write the certificate: %s",
			      crypto_error());
	} else {
		e->files[pem].size = BIO_get_mem_data(bio, &text);
		e->files[pem].data = copy(text, e->files[pem].size);
		e->files[der].size = cert.der_size;
		e->files[der].data = copy(cert.der, cert.der_size);
	}
	if (!status && der == ANCHOR_DER) {
		char hex[HEX_SIZE];

		e->pin = fmt("modgate.anchor=%s", digest_hex(hex, cert.digest));
		e->files[PIN].data = fmt("%s\n", e->pin);
		e->files[PIN].size = strlen(e->pin) + 1;
	}
	cert_free(&cert);
	BIO_free(bio);
	return status;
}

/* All of them, before any is written. */
static enum status compare(struct export *e)
{
	int i;

	for (i = 0; i < FILES; i++) {
		struct exported *f = &e->files[i];
		char *path = fmt("%s/%s", e->folder, f->name);
		void *data = NULL;
		size_t size;
		int err = file_read(path, EXPORTED_MAX, &data, &size);
		enum status status = ST_OK;

		f->there = !err && size == f->size && !memcmp(data, f->data, size);
		if (!f->there && (!err || err == -EFBIG || err == -EINVAL))
			status = fail(ST_NO,
				      "%s is there and says something else; nothing was written. Move it away, or export to another folder",
				      path);
		else if (!f->there && err != -ENOENT)
			status = fail_errno(err, "%s", path);
		free(data);
		free(path);
		if (status)
			return status;
	}
	return ST_OK;
}

static enum status export_write_all(const struct export *e)
{
	int i, err = dir_make(e->folder, 0755);

	if (err)
		return fail_errno(err, "%s", e->folder);
	for (i = 0; i < FILES; i++) {
		const struct exported *f = &e->files[i];

		if (f->there)
			continue;
		err = file_replace(e->folder, f->name, f->data, f->size, 0644);
		if (err)
			return fail_errno(err, "%s/%s", e->folder, f->name);
	}
	return ST_OK;
}

static void export_report(const struct export *e)
{
	struct json_object *j = json_object_new_object();
	struct json_object *files = json_object_new_array();
	int i;

	for (i = 0; i < FILES; i++) {
		struct json_object *file = json_object_new_object();
		char *path = fmt("%s/%s", e->folder, e->files[i].name);

		if (!e->o->json)
			say("%s%s\n", path,
			    e->files[i].there ? " (was there)" : "");
		json_str(file, "file", path);
		json_yes(file, "written", !e->files[i].there);
		json_object_array_add(files, file);
		free(path);
	}
	json_object_object_add(j, "files", files);
	json_str(j, "pin", e->pin);
	if (e->o->json)
		json_out(j);
	else
		json_object_put(j);
}

/**
 * export_run() - write certificates and pin for others
 * @o: options
 * @folder: where; made if its parent is there
 *
 * Return: ST_OK, or a status after saying why not.
 */
enum status export_run(const struct options *o, const char *folder)
{
	struct export e = {
		.o = o,
		/* A slash in it, and none behind it. */
		.folder = fmt("%s%s", strchr(folder, '/') ? "" : "./", folder),
		.files = {
			[ANCHOR_PEM] = { .name = "anchor.pem" },
			[ANCHOR_DER] = { .name = "anchor.der" },
			[OWNER_PEM] = { .name = "owner.pem" },
			[OWNER_DER] = { .name = "owner.der" },
			[PIN] = { .name = "pin.txt" },
		},
	};
	size_t size = strlen(e.folder);
	enum status status;
	int i;

	while (size > 1 && e.folder[size - 1] == '/')
		e.folder[--size] = '\0';
	status = take_cert(&e, KEY_ANCHOR, ANCHOR_PEM, ANCHOR_DER);
	if (!status)
		status = take_cert(&e, KEY_OWNER, OWNER_PEM, OWNER_DER);
	if (!status)
		status = compare(&e);
	if (!status)
		status = export_write_all(&e);
	if (!status)
		export_report(&e);
	for (i = 0; i < FILES; i++)
		free(e.files[i].data);
	free(e.folder);
	free(e.pin);
	return status;
}
