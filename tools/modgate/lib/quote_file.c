// SPDX-License-Identifier: GPL-2.0-only
/*
 * A quote as a file: JSON, each field of it once, none that is not known, bytes in
 * lower-case hex digits. Each is covered by what the TPM has signed, see
 * quote_data(), or held against it.
 */
#include <stdlib.h>
#include <string.h>
#include <tss2/tss2_tpm2_types.h>

#include "quote.h"
#include "trust.h"

static const struct {
	__u16 algorithm;
	const char *name;
} banks[] = {
	{ TPM2_ALG_SHA384, "sha384" },
	{ TPM2_ALG_SHA256, "sha256" },
};

/* NULL if it is none that is good for a quote. */
const char *quote_bank_name(__u16 bank)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(banks); i++)
		if (banks[i].algorithm == bank)
			return banks[i].name;
	return NULL;
}

/* Hex digits for as many bytes as a nonce may have? */
bool nonce_parse(struct nonce *nonce, const char *hex)
{
	return hex_parse(nonce->bytes, NONCE_MAX, &nonce->size, hex) &&
	       nonce->size >= NONCE_MIN;
}

/**
 * quote_data() - what the TPM takes into what it signs
 * @quote: with nonce, kernel, log and receipt
 * @data: filled in: SHA-256 of a text that has all of these
 *
 * More than the nonce, so that nobody on the way can change what the PCR does not
 * tell, such as the state of a module in the receipt.
 */
void quote_data(const struct quote *quote, __u8 data[QUOTE_DATA_SIZE])
{
	char nonce[2 * NONCE_MAX + 1], log_hex[HEX_SIZE], receipt_hex[HEX_SIZE];
	__u8 log[MODGATE_DIGEST_SIZE], receipt[MODGATE_DIGEST_SIZE];
	char *text;

	to_hex(nonce, quote->nonce.bytes, quote->nonce.size);
	sha384(quote->log, strlen(quote->log), log);
	sha384(quote->receipt, strlen(quote->receipt), receipt);
	text = fmt("modgate quote %d\nnonce=%s\nkernel=%s\nlog=%s\nreceipt=%s\n",
		   QUOTE_VERSION, nonce, quote->kernel, digest_hex(log_hex, log),
		   digest_hex(receipt_hex, receipt));
	if (!EVP_Digest(text, strlen(text), data, NULL, EVP_sha256(), NULL))
		exit(fail(ST_NO, "SHA-256: %s", crypto_error()));
	free(text);
}

static void json_hex(struct json_object *j, const char *key, const void *bytes,
		     size_t size)
{
	char *hex = xzalloc(2 * size + 1);

	to_hex(hex, bytes, size);
	json_str(j, key, hex);
	free(hex);
}

/* As it is handed over. */
struct json_object *quote_json(const struct quote *quote)
{
	struct json_object *j = json_object_new_object();

	json_num(j, "version", QUOTE_VERSION);
	json_hex(j, "nonce", quote->nonce.bytes, quote->nonce.size);
	json_num(j, "pcr", quote->pcr);
	json_str(j, "bank", quote_bank_name(quote->bank));
	json_hex(j, "attest", quote->attest, quote->attest_size);
	json_hex(j, "signature", quote->signature, quote->signature_size);
	json_str(j, "kernel", quote->kernel);
	json_str(j, "log", quote->log);
	json_str(j, "receipt", quote->receipt);
	return j;
}

/* The text of a field, NULL if it is not there, no text, or has a zero byte. */
static const char *text_of(struct json_object *j, const char *key)
{
	struct json_object *value = json_object_object_get(j, key);
	const char *text;

	if (!json_object_is_type(value, json_type_string))
		return NULL;
	text = json_object_get_string(value);
	return strlen(text) == (size_t)json_object_get_string_len(value) ? text : NULL;
}

static bool number_is(struct json_object *j, const char *key, unsigned int *number)
{
	struct json_object *value = json_object_object_get(j, key);
	long long n;

	if (!json_object_is_type(value, json_type_int))
		return false;
	n = json_object_get_int64(value);
	*number = n;
	return n >= 0 && n <= 0xffff;
}

/* Only the digits that json_hex() writes. */
static bool take_bytes(struct json_object *j, const char *key, __u8 *bytes,
		       size_t max, size_t *size)
{
	const char *text = text_of(j, key);

	return text && !text[strspn(text, "0123456789abcdef")] &&
	       hex_parse(bytes, max, size, text);
}

static bool take_text(struct json_object *j, const char *key, char **to)
{
	const char *text = text_of(j, key);

	if (text)
		*to = xstrdup(text);
	return text;
}

static bool take_bank(struct json_object *j, __u16 *bank)
{
	const char *text = text_of(j, "bank");
	size_t i;

	for (i = 0; text && i < ARRAY_SIZE(banks); i++)
		if (!strcmp(banks[i].name, text)) {
			*bank = banks[i].algorithm;
			return true;
		}
	return false;
}

/* The first field that is not as it should be, or NULL. */
static const char *take(struct quote *q, struct json_object *j)
{
	static const char *const known[] = {
		"version", "nonce", "pcr", "bank", "attest", "signature",
		"kernel", "log", "receipt",
	};
	size_t i;

	json_object_object_foreach(j, key, value) {
		for (i = 0; i < ARRAY_SIZE(known) && strcmp(known[i], key); i++)
			;
		if (i == ARRAY_SIZE(known) || !value)
			return "a field that this version does not know, or null";
	}
	if (!take_bytes(j, "nonce", q->nonce.bytes, NONCE_MAX, &q->nonce.size))
		return "nonce";
	if (!number_is(j, "pcr", &q->pcr))
		return "pcr";
	if (!take_bank(j, &q->bank))
		return "bank";
	if (!take_bytes(j, "attest", q->attest, sizeof(q->attest), &q->attest_size))
		return "attest";
	if (!take_bytes(j, "signature", q->signature, sizeof(q->signature),
			&q->signature_size))
		return "signature";
	if (!take_text(j, "kernel", &q->kernel))
		return "kernel";
	if (!take_text(j, "log", &q->log))
		return "log";
	if (!take_text(j, "receipt", &q->receipt))
		return "receipt";
	return NULL;
}

static struct json_object *parse(const char *text, size_t size)
{
	struct json_tokener *tokener = json_tokener_new();
	struct json_object *j;

	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT |
			       JSON_TOKENER_VALIDATE_UTF8);
	j = json_tokener_parse_ex(tokener, text, size);
	if (json_tokener_get_error(tokener) != json_tokener_success ||
	    text[json_tokener_get_parse_end(tokener) +
		 strspn(text + json_tokener_get_parse_end(tokener), " \t\r\n")] ||
	    strlen(text) != size || !json_object_is_type(j, json_type_object)) {
		json_object_put(j);
		j = NULL;
	}
	json_tokener_free(tokener);
	return j;
}

/**
 * quote_read() - read a quote from a file
 * @quote: filled in; to be freed, also after an error
 * @path: of the file
 *
 * Return: ST_OK, ST_CORRUPT if it is none, or another status, after saying so.
 */
enum status quote_read(struct quote *quote, const char *path)
{
	enum status status = ST_OK;
	struct json_object *j;
	unsigned int version;
	const char *bad;
	size_t size;
	void *data;
	int err;

	memset(quote, 0, sizeof(*quote));
	err = file_read(path, QUOTE_FILE_MAX, &data, &size);
	if (err)
		return fail_errno(err, "%s", path);
	j = parse(data, size);
	free(data);
	if (!j)
		return fail(ST_CORRUPT, "%s: not a quote: not one JSON object, or cut off",
			    path);
	if (!number_is(j, "version", &version)) {
		status = fail(ST_CORRUPT, "%s: not a quote: without a version", path);
	} else if (version != QUOTE_VERSION) {
		status = fail(ST_CORRUPT, "%s: version %u of a quote; this tool knows %d",
			      path, version, QUOTE_VERSION);
	} else {
		bad = take(quote, j);
		if (bad)
			status = fail(ST_CORRUPT, "%s: damaged: %s", path, bad);
	}
	json_object_put(j);
	return status;
}

void quote_free(struct quote *quote)
{
	free(quote->kernel);
	free(quote->log);
	free(quote->receipt);
	memset(quote, 0, sizeof(*quote));
}
