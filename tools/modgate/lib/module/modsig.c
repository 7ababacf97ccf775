// SPDX-License-Identifier: GPL-2.0-only
/*
 * The signature appended to a module: which certificate may have made it, where this
 * machine has that, whether the kernel's keyrings hold its key, and how to describe it.
 * The kernel has the last word.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base.h"
#include "crypto.h"
#include "kernel.h"
#include "module.h"

/*
 * Where certificates and private keys are with which a machine signs its own modules;
 * the last ones belong to the kernel and are stored with its modules.
 */
static const struct signing {
	const char *cert;
	const char *key;
} usual[] = {
	{ "/var/lib/dkms/mok.pub", "/var/lib/dkms/mok.key" },
	{ "/var/lib/shim-signed/mok/MOK.der", "/var/lib/shim-signed/mok/MOK.priv" },
	{ "build/certs/signing_key.x509", "build/certs/signing_key.pem" },
};

static char *usual_path(const struct options *o, const char *path)
{
	char *release, *full;

	if (*path == '/')
		return fmt("%s%s", o->root, path);
	release = kernel_release();
	full = fmt("%s/lib/modules/%s/%s", o->root, release, path);
	free(release);
	return full;
}

/* One after the other; NULL at the end. */
static char *usual_cert(const struct options *o, size_t n)
{
	return n < ARRAY_SIZE(usual) ? usual_path(o, usual[n].cert) : NULL;
}

/**
 * signing_key_on_disk() - find the keys with which a machine signs its own modules
 * @o: options
 * @n: 0 at first; counts on
 * @cert: filled in; to be freed
 *
 * Return: path of the next private key next to its certificate, which the caller frees;
 * or NULL at the end.
 */
char *signing_key_on_disk(const struct options *o, size_t *n, struct cert *cert)
{
	while (*n < ARRAY_SIZE(usual)) {
		char *path = usual_path(o, usual[*n].cert);
		char *key = usual_path(o, usual[(*n)++].key);
		bool there = !access(key, F_OK) && !cert_read(path, cert);

		free(path);
		if (there)
			return key;
		free(key);
	}
	return NULL;
}

/**
 * cert_key_on_disk() - is the private key stored next to a certificate?
 * @o: options
 * @cert: the certificate
 *
 * Return: its path, which the caller frees, if the machine signs its own modules with
 * it; or NULL.
 */
char *cert_key_on_disk(const struct options *o, const struct cert *cert)
{
	struct cert usual;
	size_t n = 0;
	char *key;

	while ((key = signing_key_on_disk(o, &n, &usual))) {
		bool same = !memcmp(usual.digest, cert->digest,
				    MODGATE_DIGEST_SIZE);

		cert_free(&usual);
		if (same)
			return key;
		free(key);
	}
	return NULL;
}

/* Is the signature well-formed, and does it name this certificate? */
bool modsig_by(const struct modsig *sig, const X509 *x509)
{
	char *id = NULL;
	bool same;

	if (sig->state != SIG_NONE && sig->state != SIG_BROKEN && sig->id)
		id = cert_key_id(x509);
	same = id && !strcmp(id, sig->id);
	free(id);
	return same;
}

static void add_cert(struct file_bytes **certs, size_t *n, const char *path)
{
	struct file_bytes file;

	if (file_read(path, CERT_FILE_MAX, &file.data, &file.size))
		return;
	*certs = xgrow(*certs, *n, sizeof(file));
	(*certs)[(*n)++] = file;
}

/**
 * modsig_certs() - collect certificates that this machine's modules may be signed with
 * @o: options
 * @cert_path: one more, which comes first; or NULL
 * @n: set to their number
 *
 * Return: the contents of their files; the caller frees them.
 */
struct file_bytes *modsig_certs(const struct options *o, const char *cert_path, size_t *n)
{
	struct file_bytes *certs = NULL;
	char *path;
	size_t i;

	*n = 0;
	if (cert_path)
		add_cert(&certs, n, cert_path);
	for (i = 0; (path = usual_cert(o, i)); i++) {
		add_cert(&certs, n, path);
		free(path);
	}
	return certs;
}

void modsig_certs_free(struct file_bytes *certs, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		free(certs[i].data);
	free(certs);
}

/**
 * modsig_finish() - add what the module's bytes alone do not tell
 * @sig: as modsig_read() has filled it in
 * @o: options
 * @verified_by: the certificate that verified it, or NULL
 *
 * Return: true, or false if @verified_by is no certificate.
 */
bool modsig_finish(struct modsig *sig, const struct options *o,
		   const struct file_bytes *verified_by)
{
	struct cert cert;
	int i;

	/*
	 * Chains are not followed, so a signature that carries certificates matches none of
	 * these.
	 */
	for (i = 0; sig->size && i < KEYRINGS; i++)
		sig->held[i] = sig->chained ? KNOWN_NO : keyring_holds(o, i, sig->id);
	if (!verified_by)
		return true;
	if (cert_take(verified_by->data, verified_by->size, &cert))
		return false;
	sig->cert = cert.der;
	sig->cert_size = cert.der_size;
	cert.der = NULL;
	cert_free(&cert);
	return true;
}

void modsig_free(struct modsig *sig)
{
	free(sig->problem);
	free(sig->signer);
	free(sig->hash);
	free(sig->id);
	OPENSSL_free(sig->cert);
	memset(sig, 0, sizeof(*sig));
}

/* Is it signed by a key built into the kernel? */
enum known modsig_system(const struct modsig *sig)
{
	if (sig->state == SIG_NONE || sig->state == SIG_BROKEN)
		return KNOWN_NO;
	return sig->held[KEYRING_BUILTIN];
}

/* Is it signed by any key that the kernel accepts for modules? */
enum known modsig_known(const struct modsig *sig)
{
	enum known answer = KNOWN_NO;
	int i;

	if (sig->state == SIG_NONE || sig->state == SIG_BROKEN)
		return KNOWN_NO;
	for (i = 0; i < KEYRINGS; i++) {
		if (sig->held[i] == KNOWN_YES)
			return KNOWN_YES;
		if (sig->held[i] == KNOWN_UNKNOWN)
			answer = KNOWN_UNKNOWN;
	}
	return answer;
}

/* One line for display; the caller frees it. */
char *modsig_text(const struct modsig *sig)
{
	const char *where = "its key is in no keyring of the kernel";
	int i;

	if (sig->state == SIG_NONE)
		return xstrdup("not signed");
	if (sig->state == SIG_BROKEN)
		return fmt("broken signature%s%s: %s", sig->signer ? " by " : "",
			   sig->signer ? sig->signer : "", sig->problem);
	for (i = 0; i < KEYRINGS; i++) {
		if (sig->held[i] == KNOWN_YES) {
			where = keyring_name(i);
			break;
		}
		if (sig->held[i] == KNOWN_UNKNOWN)
			where = "keyrings not readable here";
	}
	if (sig->chained)
		where = "with certificates in it, so it is nobody's";
	return fmt("%s (%s; %s; %s%s%s)", dash(sig->signer), dash(sig->hash),
		   where, sig->state == SIG_VERIFIED ? "verified" :
						       "not verifiable here",
		   sig->key_unknown ? ": " : "",
		   sig->key_unknown ? sig->problem : "");
}
