// SPDX-License-Identifier: GPL-2.0-only
/*
 * A quote as a file: JSON, each field of it once, none that is not known or is empty,
 * bytes in lower-case hex digits. Each is covered by what the TPM has signed, see
 * quote_data(), or held against it.
 */
#include <stdlib.h>
#include <string.h>
#include <tss2/tss2_tpm2_types.h>

#include "attest.h"
#include "base.h"
#include "crypto.h"

/* Which PCRs a quote is about, if modgate's is @pcr. */
__u32 quote_mask(unsigned int pcr)
{
	return BOOT_CHAIN | 1U << pcr;
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

/* As it is handed over. */
struct json_object *quote_json(const struct quote *quote)
{
	struct json_object *j = json_object_new_object();

	json_num(j, "version", QUOTE_VERSION);
	json_hex(j, "nonce", quote->nonce.bytes, quote->nonce.size);
	json_num(j, "pcr", quote->pcr);
	json_str(j, "bank", pcr_bank_name(quote->pcrs.algorithm));
	json_object_object_add(j, "pcrs", pcrs_json(&quote->pcrs, quote->pcrs.mask));
	json_hex(j, "attest", quote->attest, quote->attest_size);
	json_hex(j, "signature", quote->signature, quote->signature_size);
	json_str(j, "kernel", quote->kernel);
	json_str(j, "log", quote->log);
	json_str(j, "receipt", quote->receipt);
	return j;
}

static bool take_text(struct json_object *j, const char *key, char **to)
{
	const char *text = json_text(j, key);

	if (text)
		*to = xstrdup(text);
	return text;
}

/* The first field that is not as it should be, or NULL. */
static const char *take(struct quote *q, struct json_object *j)
{
	static const char *const known[] = {
		"version", "nonce", "pcr", "bank", "pcrs", "attest", "signature",
		"kernel", "log", "receipt",
	};

	if (!json_has_only(j, known, ARRAY_SIZE(known)))
		return "a field that this version does not know, or null";
	if (!json_bytes(j, "nonce", q->nonce.bytes, NONCE_MAX, &q->nonce.size))
		return "nonce";
	if (!json_small_number(j, "pcr", &q->pcr))
		return "pcr";
	if (!pcr_bank_take(j, &q->pcrs))
		return "bank";
	if (!pcrs_take(j, &q->pcrs))
		return "pcrs";
	if (!json_bytes(j, "attest", q->attest, sizeof(q->attest), &q->attest_size))
		return "attest";
	if (!json_bytes(j, "signature", q->signature, sizeof(q->signature),
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
	j = json_strict(data, size);
	free(data);
	if (!j)
		return fail(ST_CORRUPT,
			    "%s: not a quote: not one JSON object with each field once, or cut off",
			    path);
	if (!json_small_number(j, "version", &version)) {
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
