// SPDX-License-Identifier: GPL-2.0-only
/*
 * modgate key: show the keys, the pin for the kernel command line; export them;
 * change the passphrase; make a new owner key.
 */
#include <stdlib.h>
#include <string.h>

#include "export.h"
#include "programs.h"
#include "rotate.h"
#include "rotation.h"

static const char *const names[] = { KEY_ANCHOR, KEY_OWNER };

static enum status pin(const struct options *o)
{
	char hex[HEX_SIZE], *text;
	struct cert cert;
	enum status status = key_cert(o, KEY_ANCHOR, &cert);

	if (status)
		return status;
	text = fmt("modgate.anchor=%s", digest_hex(hex, cert.digest));
	if (o->json) {
		struct json_object *j = json_object_new_object();

		json_str(j, "pin", text);
		json_out(j);
	} else {
		puts(text);
	}
	free(text);
	cert_free(&cert);
	return ST_OK;
}

static void show_one(const struct options *o, struct json_object *array,
		     const char *name, const struct cert *cert)
{
	char *path = key_path(o, name, "pem"), *subject;
	char hex[HEX_SIZE];

	subject = cert_subject(cert->x509);
	digest_hex(hex, cert->digest);
	if (o->json) {
		struct json_object *j = json_object_new_object();

		json_str(j, "name", name);
		json_str(j, "provider", "file");
		json_str(j, "certificate", path);
		json_str(j, "subject", subject);
		json_str(j, "digest", hex);
		json_object_array_add(array, j);
	} else {
		printf("%s\n  provider     file\n", name);
		printf("  certificate  %s\n", path);
		printf("  subject      %s\n  digest       %s\n", subject, hex);
	}
	free(subject);
	free(path);
}

static enum status show(const struct options *o)
{
	struct json_object *array = json_object_new_array();
	enum status status = ST_OK;
	struct cert cert;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names) && !status; i++) {
		status = key_cert(o, names[i], &cert);
		if (!status) {
			show_one(o, array, names[i], &cert);
			cert_free(&cert);
		}
	}
	if (o->json && !status)
		json_out(array);
	else
		json_object_put(array);
	return status;
}

/* Both keys are opened before either is written. */
static enum status reencrypt(const struct options *o, const char *old)
{
	struct opened {
		EVP_PKEY *key;
	} keys[ARRAY_SIZE(names)] = { 0 };
	enum status status = ST_OK;
	char *new = NULL;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names) && !status; i++)
		status = key_unlock(o, names[i], old, &keys[i].key);
	if (!status) {
		new = passphrase_new(o, "the anchor key and the owner key");
		if (!new)
			status = ST_SECRET;
	}
	for (i = 0; i < ARRAY_SIZE(names) && !status; i++) {
		status = key_encrypt(o, names[i], keys[i].key, new);
		if (status && i)
			warn("the %s key has the new passphrase, the %s key still the old one",
			     names[0], names[1]);
	}
	for (i = 0; i < ARRAY_SIZE(names); i++)
		EVP_PKEY_free(keys[i].key);
	passphrase_free(new);
	return status;
}

/* A next key that is left over would keep the old passphrase. */
static enum status complete_rotation(const struct options *o)
{
	bool finished = false;
	enum status status;
	struct world world;

	if (!rotation_waits(o))
		return ST_OK;
	status = world_read_settled(&world, o);
	if (!status)
		status = world_need(&world, o);
	if (!status)
		status = rotation_complete(&world, o, false, &finished);
	world_free(&world);
	return status;
}

static enum status change_passphrase(const struct options *o)
{
	enum status status = store_lock(o);
	char *old;

	if (!status)
		status = complete_rotation(o);
	if (status)
		return status;
	old = passphrase_ask(o, "Passphrase of the anchor key and the owner key");
	if (!old)
		return ST_SECRET;
	status = reencrypt(o, old);
	passphrase_free(old);
	if (!status && !o->json)
		puts("The keys have a new passphrase; copies of the files keep the old one.");
	return status;
}

static enum status run(int argc, char **argv, struct options *o)
{
	static const struct option options[] = {
		{ "pin", no_argument, NULL, 'p' },
		{ "show", no_argument, NULL, 's' },
		{ "change-passphrase", no_argument, NULL, 'c' },
		{ "rotate", no_argument, NULL, 'r' },
		{ "export", required_argument, NULL, 'e' },
		{ 0 }
	};
	const char *folder = NULL;
	int c, what = 's', n = 0;

	while ((c = next_option(argc, argv, options, o)) != -1) {
		if (c == '?')
			return ST_USAGE;
		if (c == 'e')
			folder = optarg;
		what = c;
		n++;
	}
	if (n > 1 || optind != argc)
		return usage("key takes one of its options, and no arguments");
	if (folder && !*folder)
		return usage("--export: which folder?");
	switch (what) {
	case 'p':
		return pin(o);
	case 'e':
		return export_run(o, folder);
	case 'c':
		return change_passphrase(o);
	case 'r':
		return rotate_run(o);
	default:
		return show(o);
	}
}

const struct verb verb_key = {
	.name = "key",
	.summary = "Show or export the keys and the pin; change the passphrase or the owner key",
	.usage = "[--show | --pin | --export=DIR | --change-passphrase | --rotate]",
	.run = run,
};
