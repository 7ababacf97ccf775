/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The room module: module files. Their bytes as the kernel sees them, their modinfo,
 * their signatures, and how to find them from user input or from refused loads. Uses
 * base, kernel and crypto.
 */
#ifndef _MODGATE_LIB_MODULE_H
#define _MODGATE_LIB_MODULE_H

#include "crypto.h"
#include "kernel.h"

#define NOTE_MAX 4096

/* decompress.c */
const char *compression_of(const void *head, size_t size);
const char *decompress(int from, int to);

/* How far a module's signature could be checked without the kernel. */
enum sig_state {
	SIG_NONE,		/* there is no signature */
	SIG_BROKEN,		/* the kernel will refuse it */
	SIG_UNVERIFIED,		/* well-formed; could not be checked here */
	SIG_VERIFIED,		/* verified with a given or found certificate */
};

/**
 * struct modsig - the signature appended to a module
 * @state: how good it is
 * @problem: what is broken, or why it could not be verified
 * @signer: common name of the issuer of the signer's certificate, or its key
 *	    identifier
 * @hash: digest algorithm
 * @id: how the kernel looks for the key, in hex
 * @size: of signature, trailer and marker together, in bytes
 * @held: which keyrings hold the key; none if @chained
 * @chained: it carries certificates, so it counts as nobody's
 * @waived: ML-DSA with signed attributes, which not every kernel accepts
 * @key_unknown: it could not be verified since OpenSSL does not know the algorithm
 * @cert: the certificate that verified it, in DER, or NULL
 * @cert_size: of @cert, in bytes
 */
struct modsig {
	enum sig_state state;
	char *problem;
	char *signer;
	char *hash;
	char *id;
	size_t size;
	enum known held[KEYRINGS];
	bool chained;
	bool waived;
	bool key_unknown;
	__u8 *cert;
	size_t cert_size;
};

/**
 * struct appended - the data appended to a module
 * @message: the PKCS#7 message; NULL if the module is not signed
 * @message_size: of @message, in bytes
 * @content_size: of the module without the appended data
 */
struct appended {
	const __u8 *message;
	size_t message_size;
	size_t content_size;
};

/**
 * struct file_bytes - contents of a certificate file
 * @data: the bytes
 * @size: of @data
 */
struct file_bytes {
	void *data;
	size_t size;
};

/* modsig_read.c: called in the reader's confined child */
void modsig_read(struct modsig *sig, const void *module, size_t size,
		 const struct file_bytes *certs, size_t n, int *verified_by);
bool modsig_verify(const void *module, size_t size, const struct cert *cert);

/* modsig_content.c */
const char *modsig_split(const void *module, size_t size, struct appended *a);
size_t modsig_content(const void *module, size_t size);
char *cert_key_id(const X509 *x509);
char *signer_key_id(const X509_NAME *issuer, const ASN1_INTEGER *serial);

/* modsig.c */
struct file_bytes *modsig_certs(const struct options *o, const char *cert_path, size_t *n);
void modsig_certs_free(struct file_bytes *certs, size_t n);
bool modsig_finish(struct modsig *sig, const struct options *o,
		   const struct file_bytes *verified_by);
void modsig_free(struct modsig *sig);
char *signing_key_on_disk(const struct options *o, size_t *n, struct cert *cert);
char *cert_key_on_disk(const struct options *o, const struct cert *cert);
bool modsig_by(const struct modsig *sig, const X509 *x509);
enum known modsig_system(const struct modsig *sig);
enum known modsig_known(const struct modsig *sig);
char *modsig_text(const struct modsig *sig);

/**
 * struct module - a module, from a file or known by its digest alone
 * @path: of the file, or NULL
 * @digest: SHA-384 of what the kernel loads
 * @content: SHA-384 of that without the appended signature; only with @path
 * @name: with "_", from the module itself or from the file name
 * @compression: "xz", "zstd", "gzip", or NULL
 * @problem: why it is not a module, or NULL
 * @unread: the reader child hung or crashed; only with @problem
 * @info: the module's modinfo, key and value
 * @sig: its signature
 * @event: the latest event about it, or NULL
 */
struct module {
	char *path;
	__u8 digest[MODGATE_DIGEST_SIZE];
	__u8 content[MODGATE_DIGEST_SIZE];
	char *name;
	const char *compression;
	char *problem;
	bool unread;
	struct record info;
	struct modsig sig;
	const struct record *event;
};

/* module.c */
enum status module_read(struct module *module, const struct options *o,
			const char *path, const char *cert_path);
enum status module_read_if(struct module *module, const struct options *o, const char *path,
			   bool (*wanted)(const struct module *module, const void *context),
			   const void *context);
bool module_runs(const struct options *o, const char *name, const char *path);
bool module_signed_by(const struct module *module, const struct cert *cert);
int module_digest(const char *path, __u8 digest[MODGATE_DIGEST_SIZE]);
void module_free(struct module *module);
const char *module_info(const struct module *module, const char *key);
char *module_release(const struct module *module);
bool module_for(const struct module *module, const char *release);
char *module_name_of(const char *path);
void module_json(struct json_object *o, const struct module *module);

/**
 * struct digest_line - a line of a file of digests
 * @digest: of a module
 * @name: of a module, or of a file, without folder and suffix; may be empty
 */
struct digest_line {
	__u8 digest[MODGATE_DIGEST_SIZE];
	char *name;
};

/* digests.c */
enum status digests_read(const char *path, struct digest_line **lines,
			 size_t *n);
void digests_free(struct digest_line *lines, size_t n);

/* lookup_index.c */
char *lookup_index(const char *dir, const char *name);

/* lookup.c */
bool target_is_path(const char *target);
char *lookup_name(const struct options *o, const char *release,
		  const char *name);
char *lookup_walk(const struct options *o, const char *release,
		  bool with_kernel,
		  bool (*found)(void *context, const char *path), void *context);
enum status lookup_target(struct module *module, const struct options *o,
			  const struct kernel *kernel, const char *release,
			  const char *target, const char *cert_path);

/**
 * struct pending - what was refused and could be approved
 * @number: its number: seq of its first line in events
 * @count: how often it was refused
 * @event: the latest line
 * @digest: of the module
 * @path: of a file with this digest, or NULL
 */
struct pending {
	unsigned long long number;
	unsigned long long count;
	const struct record *event;
	__u8 digest[MODGATE_DIGEST_SIZE];
	char *path;
};

/* pending.c */
struct pending *pending_find(const struct kernel *kernel, size_t *n);
void pending_resolve(struct pending *pending, size_t n,
		     const struct options *o, const char *release);
void pending_module(struct module *module, const struct options *o,
		    const struct pending *p);
void pending_free(struct pending *pending, size_t n);

/**
 * struct module_bytes - a module as the kernel sees it; immutable
 * @fd: of the memory file that holds it, or -1
 * @data: the bytes
 * @size: of @data
 * @compression: of the file that it comes from, or NULL
 * @problem: why there are none, or NULL
 */
struct module_bytes {
	int fd;
	const __u8 *data;
	size_t size;
	const char *compression;
	char *problem;
};

/* module_bytes.c */
int module_bytes_open(struct module_bytes *b, const char *path);
void module_bytes_close(struct module_bytes *b);

/* reader.c */
void reader_done(void);

#endif /* _MODGATE_LIB_MODULE_H */
