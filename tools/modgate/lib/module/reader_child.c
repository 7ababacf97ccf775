// SPDX-License-Identifier: GPL-2.0-only
/*
 * The reader's child: decompresses, and runs libkmod and OpenSSL on possibly malicious
 * bytes. It gets everything it needs from the machine before it is confined. Its
 * answers deserve no more trust than the file itself.
 */
#include <libkmod.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base.h"
#include "child.h"
#include "crypto.h"
#include "module.h"
#include "reader.h"

#define CERTS_MAX 8

static void quiet(void *data __maybe_unused, int priority __maybe_unused,
		  const char *file __maybe_unused, int line __maybe_unused,
		  const char *fn __maybe_unused, const char *format __maybe_unused,
		  va_list args __maybe_unused)
{
}

/*
 * OpenSSL gets its own context, without the system's configuration, which may name
 * providers that talk to other processes.
 */
void *reader_begin(const char *context __maybe_unused)
{
	static const char *const no_config[] = { NULL };
	struct kmod_ctx *ctx = kmod_new(NULL, no_config);

	OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
	OSSL_LIB_CTX_set0_default(OSSL_LIB_CTX_new());
	if (ctx)
		kmod_set_log_fn(ctx, quiet, NULL);
	return ctx;
}

/* A module in memory. */
struct image {
	const void *data;
	size_t size;
};

static bool map(struct image *image, int fd)
{
	struct stat st;
	void *data;

	if (fstat(fd, &st) || !st.st_size)
		return false;
	data = mmap(NULL, st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (data == MAP_FAILED)
		return false;
	image->data = data;
	image->size = st.st_size;
	return true;
}

static size_t count_info(struct kmod_list *list)
{
	struct kmod_list *entry;
	size_t n = 0;

	kmod_list_foreach(entry, list)
		n++;
	return n;
}

static void put_info(struct message *answer, struct kmod_list *list)
{
	struct kmod_list *entry;

	message_put_number(answer, count_info(list));
	kmod_list_foreach(entry, list) {
		message_put_text(answer, kmod_module_info_get_key(entry));
		message_put_text(answer, kmod_module_info_get_value(entry));
	}
}

/* Its problem, if any, then each key and value. */
static bool read_info(struct kmod_ctx *ctx, int fd, struct message *answer)
{
	struct kmod_list *list = NULL;
	struct kmod_module *mod = NULL;
	char *path = fmt("/proc/self/fd/%d", fd);
	bool good;

	good = ctx && !kmod_module_new_from_path(ctx, path, &mod) &&
	       kmod_module_get_info(mod, &list) > 0;
	message_put_text(answer, good ? NULL : "libkmod cannot read its .modinfo section");
	if (good)
		put_info(answer, list);
	if (answer->bad) {
		message_free(answer);
		message_put_text(answer, "its .modinfo section is over 1 MiB");
		good = false;
	}
	kmod_module_info_free_list(list);
	kmod_module_unref(mod);
	free(path);
	return good;
}

static void put_signature(struct message *answer, const struct modsig *sig,
			  int verified_by)
{
	message_put_number(answer, sig->state);
	message_put_number(answer, sig->size);
	message_put_text(answer, sig->problem);
	message_put_text(answer, sig->signer);
	message_put_text(answer, sig->hash);
	message_put_text(answer, sig->id);
	message_put_number(answer, sig->chained);
	message_put_number(answer, sig->waived);
	message_put_number(answer, sig->key_unknown);
	message_put_number(answer, verified_by);
}

static void inspect(struct kmod_ctx *ctx, struct message *question, int fd,
		    struct message *answer)
{
	struct file_bytes certs[CERTS_MAX];
	struct image image;
	struct modsig sig = { 0 };
	size_t n = message_number(question), i;
	int verified_by;

	if (n > CERTS_MAX)
		n = CERTS_MAX;
	for (i = 0; i < n; i++)
		certs[i].data = (void *)message_bytes(question, &certs[i].size);
	if (!map(&image, fd)) {
		message_put_text(answer, "it cannot be read");
		return;
	}
	if (read_info(ctx, fd, answer)) {
		modsig_read(&sig, image.data, image.size, certs, n, &verified_by);
		put_signature(answer, &sig, verified_by);
		modsig_free(&sig);
	}
	munmap((void *)image.data, image.size);
}

static bool verify(struct message *question, int fd)
{
	struct image image;
	struct cert cert;
	const void *der;
	bool good;
	size_t size;

	der = message_bytes(question, &size);
	if (!der || cert_parse(der, size, &cert))
		return false;
	good = map(&image, fd);
	if (good) {
		good = modsig_verify(image.data, image.size, &cert);
		munmap((void *)image.data, image.size);
	}
	cert_free(&cert);
	return good;
}

void reader_answer(void *state, struct message *question, const int *files,
		   struct message *answer)
{
	switch (message_number(question)) {
	case READER_DECOMPRESS:
		message_put_text(answer, decompress(files[0], files[1]));
		break;
	case READER_INSPECT:
		inspect(state, question, files[0], answer);
		break;
	case READER_VERIFY:
		message_put_number(answer, verify(question, files[0]));
		break;
	}
}
