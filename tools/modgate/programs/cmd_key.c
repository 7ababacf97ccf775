// SPDX-License-Identifier: GPL-2.0-only
/*
 * modgate key: show the keys, the pin for the kernel command line; export them;
 * change the passphrase; make a new owner key; seal the anchor key.
 */
#include <stdlib.h>
#include <string.h>

#include "base.h"
#include "change.h"
#include "crypto.h"
#include "document.h"
#include "export.h"
#include "keys.h"
#include "programs.h"
#include "rotate.h"
#include "seal.h"
#include "view.h"

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
		say("%s\n", text);
	}
	free(text);
	cert_free(&cert);
	return ST_OK;
}

static void key_show_one(const struct options *o, struct json_object *array,
			 const char *name, const char *provider,
			 const struct cert *cert)
{
	char *path = key_path(o, name, "pem"), *subject;
	char hex[HEX_SIZE];

	subject = cert_subject(cert->x509);
	digest_hex(hex, cert->digest);
	if (o->json) {
		struct json_object *j = json_object_new_object();

		json_str(j, "name", name);
		json_str(j, "provider", provider);
		json_str(j, "certificate", path);
		json_str(j, "subject", subject);
		json_str(j, "digest", hex);
		json_object_array_add(array, j);
	} else {
		say("%s\n  provider     %s\n", name, provider);
		say("  certificate  %s\n", path);
		say("  subject      %s\n  digest       %s\n", subject, hex);
	}
	free(subject);
	free(path);
}

static enum status key_show(const struct options *o)
{
	struct json_object *array = json_object_new_array();
	enum status status = ST_OK;
	struct cert cert;
	char *provider;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names) && !status; i++) {
		status = key_cert(o, names[i], &cert);
		if (status)
			break;
		status = key_where(o, names[i], &provider);
		if (!status)
			key_show_one(o, array, names[i], provider, &cert);
		free(provider);
		cert_free(&cert);
	}
	if (o->json && !status)
		json_out(array);
	else
		json_object_put(array);
	return status;
}

/* What to change: not what a token keeps. */
struct change {
	bool wanted[ARRAY_SIZE(names)];
	bool sealed[ARRAY_SIZE(names)];
	struct bio_st *file[ARRAY_SIZE(names)];
};

static enum status choose_keys(const struct options *o, struct change *change)
{
	bool any = false;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		char *where;
		enum status status = key_where(o, names[i], &where);

		if (status)
			return status;
		change->wanted[i] = !key_where_is_uri(where);
		change->sealed[i] = !strcmp(where, "sealed");
		any = any || change->wanted[i];
		free(where);
	}
	return any ? ST_OK :
	       fail(ST_NO,
		    "the keys are kept by a token: its own tool changes the PIN (for a PKCS#11 token 'pkcs11-tool --change-pin', for a key of the TPM 'tpm2_changeauth')");
}

static enum status try_old(const struct options *o, const struct change *change,
			   const char *old)
{
	enum status status = ST_OK;
	EVP_PKEY *key;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names) && !status; i++) {
		/* What is sealed may not be had now; its change wants the old one too. */
		if (!change->wanted[i] || change->sealed[i])
			continue;
		status = key_unlock(o, names[i], old, &key);
		EVP_PKEY_free(key);
	}
	return status;
}

static enum status replace_files(const struct options *o, struct change *change)
{
	enum status status = ST_OK;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names) && !status; i++) {
		if (!change->wanted[i])
			continue;
		status = key_replace(o, names[i], change->file[i]);
		if (status && i && change->wanted[0])
			warn("the %s key has the new passphrase, the %s key still the old one",
			     names[0], names[1]);
	}
	return status;
}

/* Both keys are made ready before either is written. */
static enum status change_keys(const struct options *o, struct change *change,
			       const char *old)
{
	enum status status = try_old(o, change, old);
	char *new = NULL;
	size_t i;

	if (!status) {
		new = passphrase_new(o, "the anchor key and the owner key");
		if (!new)
			status = ST_SECRET;
	}
	for (i = 0; i < ARRAY_SIZE(names) && !status; i++)
		if (change->wanted[i])
			status = key_change(o, names[i], old, new,
					    &change->file[i]);
	if (!status)
		status = replace_files(o, change);
	for (i = 0; i < ARRAY_SIZE(names); i++)
		BIO_free(change->file[i]);
	passphrase_free(new);
	return status;
}

/* A next key that is left over would keep the old passphrase. */
static enum status complete_rotation(const struct options *o)
{
	bool finished = false;
	enum status status;
	struct snapshot snapshot;

	if (!rotation_waits(o))
		return ST_OK;
	status = snapshot_read_settled(&snapshot, o);
	if (!status)
		status = snapshot_need(&snapshot, o);
	if (!status)
		status = rotation_complete(&snapshot, o, false, &finished);
	snapshot_free(&snapshot);
	return status;
}

static enum status key_change_passphrase(const struct options *o)
{
	struct change change = { 0 };
	enum status status = store_lock(o);
	char *old;
	size_t i;

	if (!status)
		status = complete_rotation(o);
	if (!status)
		status = choose_keys(o, &change);
	if (status)
		return status;
	old = passphrase_ask(o, "Passphrase of the anchor key and the owner key");
	if (!old)
		return ST_SECRET;
	status = change_keys(o, &change, old);
	passphrase_free(old);
	if (status || o->json)
		return status;
	say("The keys have a new passphrase; copies of the files keep the old one.\n");
	for (i = 0; i < ARRAY_SIZE(names); i++)
		if (!change.wanted[i])
			say("The PIN of the %s key is changed by its token's own tool.\n",
			    names[i]);
	return ST_OK;
}

static enum status key_run(int argc, char **argv, struct options *o)
{
	static const struct option options[] = {
		{ "pin", no_argument, NULL, 'p' },
		{ "show", no_argument, NULL, 's' },
		{ "change-passphrase", no_argument, NULL, 'c' },
		{ "rotate", no_argument, NULL, 'r' },
		{ "seal-anchor", no_argument, NULL, 'S' },
		{ "unseal-anchor", no_argument, NULL, 'U' },
		{ "export", required_argument, NULL, 'e' },
		{ "key", required_argument, NULL, 'k' },
		{ 0 }
	};
	const char *folder = NULL, *where = NULL;
	int c, what = 's', n = 0;

	while ((c = next_option(argc, argv, options, o)) != -1) {
		if (c == '?')
			return ST_USAGE;
		if (c == 'e')
			folder = optarg;
		if (c == 'k') {
			where = optarg;
			continue;
		}
		what = c;
		n++;
	}
	if (n > 1 || optind != argc)
		return usage("key takes one of its options, and no arguments");
	if (where && what != 'r')
		return usage("--key goes with --rotate");
	if (where && !key_where_valid(where))
		return usage("--key=%s: file, tpm, or the URI of a key", where);
	if (folder && !*folder)
		return usage("--export: which folder?");
	switch (what) {
	case 'p':
		return pin(o);
	case 'e':
		return export_run(o, folder);
	case 'c':
		return key_change_passphrase(o);
	case 'r':
		return rotate_run(o, where);
	case 'S':
		return seal_run(o);
	case 'U':
		return unseal_run(o);
	default:
		return key_show(o);
	}
}

const struct verb verb_key = {
	.name = "key",
	.summary = "Show or export the keys and the pin; change or seal them",
	.usage = "[--show | --pin | --export=DIR | --change-passphrase |\n"
		 "       --rotate [--key=file|tpm|URI] | --seal-anchor | --unseal-anchor]",
	.run = key_run,
};
