// SPDX-License-Identifier: GPL-2.0-only
/*
 * A quote verified, on whatever machine: the TPM's signature, that it is an answer
 * to this nonce, that it is about modgate's PCR and the boot chain's, that it is of the
 * boot that the log is of, and that log and receipt are what was measured. Without a
 * TPM and without modgate in the kernel.
 */
#include <openssl/ecdsa.h>
#include <stdlib.h>
#include <string.h>
#include <tss2/tss2_mu.h>

#include "attest.h"
#include "base.h"
#include "crypto.h"
#include "kernel.h"
#include "receipt.h"
#include "tpm.h"

/**
 * struct check - what is looked at
 * @quote: as read
 * @out: takes the findings
 * @attest: what was signed, taken apart
 */
struct check {
	const struct quote *quote;
	const struct checker *out;
	TPMS_ATTEST attest;
};

/* The TPM's signature in DER; its size, or 0. To be freed by OpenSSL. */
static int signature_der(const struct quote *q, __u16 hash, unsigned char **der)
{
	ECDSA_SIG *ecdsa = ECDSA_SIG_new();
	TPMT_SIGNATURE signature;
	BIGNUM *r = NULL, *s = NULL;
	size_t at = 0;
	int size = 0;

	*der = NULL;
	if (Tss2_MU_TPMT_SIGNATURE_Unmarshal(q->signature, q->signature_size, &at,
					     &signature) ||
	    at != q->signature_size || signature.sigAlg != TPM2_ALG_ECDSA ||
	    signature.signature.ecdsa.hash != hash) {
		ECDSA_SIG_free(ecdsa);
		return 0;
	}
	r = BN_bin2bn(signature.signature.ecdsa.signatureR.buffer,
		      signature.signature.ecdsa.signatureR.size, NULL);
	s = BN_bin2bn(signature.signature.ecdsa.signatureS.buffer,
		      signature.signature.ecdsa.signatureS.size, NULL);
	if (ecdsa && r && s && ECDSA_SIG_set0(ecdsa, r, s)) {
		size = i2d_ECDSA_SIG(ecdsa, der);
	} else {
		BN_free(r);
		BN_free(s);
	}
	ECDSA_SIG_free(ecdsa);
	return size > 0 ? size : 0;
}

/* The hash that the key signs with, by its template. */
static const EVP_MD *key_md(const struct attestation_key *key)
{
	return key->curve == TPM2_ECC_NIST_P384 ? EVP_sha384() : EVP_sha256();
}

static bool is_signed(const struct quote *q, const struct attestation_key *key)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	unsigned char *der;
	int size = signature_der(q, key->curve == TPM2_ECC_NIST_P384 ?
				 TPM2_ALG_SHA384 : TPM2_ALG_SHA256, &der);
	bool good = ctx && size &&
		    EVP_DigestVerifyInit(ctx, NULL, key_md(key), NULL, key->key) == 1 &&
		    EVP_DigestVerify(ctx, der, size, q->attest, q->attest_size) == 1;

	crypto_error();
	OPENSSL_free(der);
	EVP_MD_CTX_free(ctx);
	return good;
}

static void check_signature(struct check *c, const struct attestation_key *key)
{
	char *name = attestation_key_name(key);

	if (is_signed(c->quote, key))
		checker_say(c->out, "signature", ST_OK, "by the attestation key, %s, Name %s",
			    attestation_key_curve(key), name);
	else
		checker_say(c->out, "signature", ST_SECRET,
			    "is not one by this attestation key (%s, Name %s) over the quote: another machine, or something was changed",
			    attestation_key_curve(key), name);
	free(name);
}

/* Is it a quote, that a TPM has made by itself? */
static bool check_attest(struct check *c)
{
	const struct quote *q = c->quote;
	size_t at = 0;

	if (Tss2_MU_TPMS_ATTEST_Unmarshal(q->attest, q->attest_size, &at, &c->attest) ||
	    at != q->attest_size) {
		checker_say(c->out, "quote", ST_CORRUPT,
			    "attest is not a TPMS_ATTEST, as TPMs sign them");
	} else if (c->attest.magic != TPM2_GENERATED_VALUE) {
		checker_say(c->out, "quote", ST_CORRUPT,
			    "begins with 0x%08x, what a TPM has made with TPM_GENERATED",
			    c->attest.magic);
	} else if (c->attest.type != TPM2_ST_ATTEST_QUOTE) {
		checker_say(c->out, "quote", ST_CORRUPT,
			    "type 0x%04x: something else that a TPM attests, not a quote",
			    c->attest.type);
	} else {
		return true;
	}
	return false;
}

/* Is it an answer to this nonce, with this log, this receipt? */
static void check_nonce(struct check *c, const struct nonce *nonce)
{
	const TPM2B_DATA *extra = &c->attest.extraData;
	__u8 data[QUOTE_DATA_SIZE];

	if (nonce->size != c->quote->nonce.size ||
	    memcmp(nonce->bytes, c->quote->nonce.bytes, nonce->size)) {
		checker_say(c->out, "nonce", ST_NO,
			    "it answers another one: an older quote, or one for somebody else");
		return;
	}
	quote_data(c->quote, data);
	if (extra->size == sizeof(data) && !memcmp(extra->buffer, data, sizeof(data)))
		checker_say(c->out, "nonce", ST_OK,
			    "what was signed has it, with kernel release, log and receipt");
	else
		checker_say(c->out, "nonce", ST_CORRUPT,
			    "what was signed does not have it with this kernel release, log and receipt: one of them was changed, or the nonce of an older quote");
}

/* Does it have these PCRs, and no other? */
static bool selects(const TPMS_PCR_SELECTION *s, __u32 mask)
{
	unsigned int i;

	if (s->sizeofSelect < PCRS / 8 || s->sizeofSelect > sizeof(s->pcrSelect))
		return false;
	for (i = 0; i < s->sizeofSelect; i++)
		if (s->pcrSelect[i] != (i < PCRS / 8 ? mask >> 8 * i & 0xff : 0))
			return false;
	return true;
}

/* Is it about the PCRs that it should be about? One that can be reset proves nothing. */
static bool check_selection(struct check *c, unsigned int pcr)
{
	const TPML_PCR_SELECTION *all = &c->attest.attested.quote.pcrSelect;
	const TPMS_PCR_SELECTION *s = all->pcrSelections;
	const struct pcr_set *set = &c->quote->pcrs;
	char *numbers = pcr_numbers(quote_mask(pcr));
	bool good = false;

	if (c->quote->pcr != pcr)
		checker_say(c->out, "PCRs", ST_CORRUPT,
			    "the quote is about PCR %u, expected is %u, where the kernel of that machine measures (--pcr)",
			    c->quote->pcr, pcr);
	else if (set->mask != quote_mask(pcr) || all->count != 1 ||
		 s->hash != set->algorithm || !selects(s, set->mask))
		checker_say(c->out, "PCRs", ST_CORRUPT,
			    "the TPM has signed other PCRs, or another bank, than PCRs %s, %s, or the file has others",
			    numbers, pcr_bank_name(set->algorithm));
	else
		good = true;
	free(numbers);
	return good;
}

/* Are the values those that the TPM has signed? */
static bool check_values(struct check *c, const struct attestation_key *key)
{
	const TPM2B_DIGEST *signed_digest = &c->attest.attested.quote.pcrDigest;
	const struct pcr_set *set = &c->quote->pcrs;
	__u8 values[PCRS * PCR_SIZE_MAX], digest[EVP_MAX_MD_SIZE];
	char *numbers = pcr_numbers(set->mask);
	unsigned int pcr, size = 0;
	size_t all = 0;
	bool good;

	for (pcr = 0; pcr < PCRS; pcr++)
		if (set->mask & 1U << pcr) {
			memcpy(values + all, set->values[pcr], set->size);
			all += set->size;
		}
	good = EVP_Digest(values, all, digest, &size, key_md(key), NULL) &&
	       signed_digest->size == size && !memcmp(signed_digest->buffer, digest, size);
	checker_say(c->out, "PCRs", good ? ST_OK : ST_CORRUPT, good ?
		    "the TPM has signed %s, %s, in one act" :
		    "%s, %s: these values are not what the TPM has signed",
		    numbers, pcr_bank_name(set->algorithm));
	free(numbers);
	return good;
}

/* Does the log make what modgate's PCR has? */
static void check_log(struct check *c, const struct log *log)
{
	const struct pcr_set *set = &c->quote->pcrs;
	const char *name = pcr_bank_name(set->algorithm);
	const EVP_MD *md = EVP_get_digestbyname(name);
	char *what = fmt("PCR %u, %s", c->quote->pcr, name);
	char hex[2 * EVP_MAX_MD_SIZE + 1];
	__u8 value[EVP_MAX_MD_SIZE];

	measure_replay(log, md, md, value);
	to_hex(hex, value, set->size);
	if (!memcmp(value, set->values[c->quote->pcr], set->size))
		checker_say(c->out, what, ST_OK, "the log makes what the TPM has signed: %s", hex);
	else
		checker_say(c->out, what, ST_CORRUPT,
			    "the log makes %s, which is not what the TPM has signed: the log was changed, or somebody else has measured into this PCR",
			    hex);
	free(what);
}

/* Has the TPM been suspended since? Then what was measured is still there. */
static void check_restarts(struct check *c, const struct record *boot)
{
	const __u32 now = c->attest.clockInfo.restartCount;
	unsigned long long then;

	if (!number_parse(record_get(boot, "restart-count"), &then))
		return;
	if (then > now)
		checker_say(c->out, "boot", ST_CORRUPT,
			    "the log says restart-count=%llu, the TPM %u: it is not this TPM's, or was changed",
			    then, now);
	else if (then < now)
		checker_say(c->out, "boot", ST_OK,
			    "suspended and resumed %llu time(s) since then (restartCount)",
			    now - then);
}

/*
 * Is the log of the boot that the TPM is in? It signs its counts as they are only with a
 * key of the endorsement hierarchy, as ours is (Part 3, 18.1).
 */
static void check_boot(struct check *c, const struct log *log)
{
	const __u32 now = c->attest.clockInfo.resetCount;
	const struct record *boot = log->n ? &log->entries[0].record : NULL;
	const char *text = boot ? record_get(boot, "reset-count") : NULL;
	unsigned long long then;

	if (!boot)
		return;
	if (!text) {
		checker_say(c->out, "boot", ST_OK,
			    "not checkable by the TPM's resetCount: the log has none, since the kernel could not read it");
	} else if (!number_parse(text, &then)) {
		checker_say(c->out, "boot", ST_CORRUPT, "reset-count=%s is not a number", text);
	} else if (then != now) {
		checker_say(c->out, "boot", ST_CORRUPT,
			    "the log says reset-count=%llu, the TPM %u: it was reset since, or the log is of another boot",
			    then, now);
	} else {
		checker_say(c->out, "boot", ST_OK,
			    "the log is of this start of the TPM (resetCount %u)", now);
		check_restarts(c, boot);
	}
}

static void check_receipt(struct check *c, struct receipt *receipt)
{
	if (receipt_parse(receipt, "receipt", c->quote->receipt))
		checker_say(c->out, "receipt", ST_CORRUPT,
			    "not a receipt, or cut off: it does not end with lines=");
	else
		receipt_check_log(receipt, c->quote->log, c->out);
}

/**
 * quote_check() - verify a quote
 * @quote: as read
 * @key: the attestation key of the machine, which the caller trusts
 * @nonce: that was given to the machine
 * @pcr: where its kernel measures
 * @checker: takes the findings
 * @quoted: filled in; to be freed
 */
void quote_check(const struct quote *quote, const struct attestation_key *key,
		 const struct nonce *nonce, unsigned int pcr,
		 const struct checker *checker, struct quoted *quoted)
{
	struct check c = { .quote = quote, .out = checker };

	/* It writes to standard error what is said here in other words. */
	setenv("TSS2_LOG", "all+none", 0);
	memset(quoted, 0, sizeof(*quoted));
	quoted->log.out = checker;
	quoted->log.text = quote->log;
	quoted->log.size = strlen(quote->log);
	check_signature(&c, key);
	measure_log_form(&quoted->log);
	if (check_attest(&c)) {
		quoted->clock = c.attest.clockInfo;
		check_nonce(&c, nonce);
		quoted->signed_pcrs = check_selection(&c, pcr) && check_values(&c, key);
		if (quoted->signed_pcrs)
			check_log(&c, &quoted->log);
		check_boot(&c, &quoted->log);
	}
	check_receipt(&c, &quoted->receipt);
}

void quoted_free(struct quoted *quoted)
{
	measure_log_free(&quoted->log);
	receipt_free(&quoted->receipt);
}
