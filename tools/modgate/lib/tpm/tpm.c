// SPDX-License-Identifier: GPL-2.0-only
/*
 * The TPM 2.0, through ESYS of tpm2-tss: the storage root key, whose Name is the
 * machine's, and NV counters (TPM 2.0 Library, Part 3, chapter 31). Counters have an
 * empty authorization value; the session that authorizes their use is salted with the
 * storage root key, so that nobody on the bus can impersonate the TPM.
 */
#include <endian.h>
#include <stdlib.h>
#include <string.h>
#include <tss2/tss2_rc.h>
#include <tss2/tss2_tctildr.h>
#include <unistd.h>

#include "base.h"
#include "crypto.h"
#include "esys.h"
#include "tpm.h"

#define ANY_DEVICE "/dev/tpmrm0"	/* if sysfs does not tell */
#define TCTI_DEVICE "device:"
#define RATE_SECONDS 30		/* for a TPM that limits writes to its memory */

/*
 * The storage root key of the TCG (TPM v2.0 Provisioning Guidance, 7.5.1): the
 * template L-2 of the EK Credential Profile, but without a policy, usable with
 * its empty authorization value, and without dictionary-attack protection.
 */
static const TPM2B_PUBLIC srk_template = {
	.publicArea = {
		.type = TPM2_ALG_ECC,
		.nameAlg = TPM2_ALG_SHA256,
		.objectAttributes = TPMA_OBJECT_FIXEDTPM |
				    TPMA_OBJECT_FIXEDPARENT |
				    TPMA_OBJECT_SENSITIVEDATAORIGIN |
				    TPMA_OBJECT_USERWITHAUTH |
				    TPMA_OBJECT_NODA |
				    TPMA_OBJECT_RESTRICTED |
				    TPMA_OBJECT_DECRYPT,
		.parameters.eccDetail = {
			.symmetric = {
				.algorithm = TPM2_ALG_AES,
				.keyBits.aes = 128,
				.mode.aes = TPM2_ALG_CFB,
			},
			.scheme.scheme = TPM2_ALG_NULL,
			.curveID = TPM2_ECC_NIST_P256,
			.kdf.scheme = TPM2_ALG_NULL,
		},
		.unique.ecc = { .x.size = 32, .y.size = 32 },
	},
};

/* The TPM's response code without the handle, parameter or session number (Part 2, 6.6). */
TSS2_RC tpm_code(TSS2_RC rc)
{
	return rc <= 0xffff && (rc & TPM2_RC_FMT1) ? rc & 0xbf : rc;
}

bool tpm_secret_wrong(TSS2_RC rc)
{
	return tpm_code(rc) == TPM2_RC_AUTH_FAIL || tpm_code(rc) == TPM2_RC_BAD_AUTH;
}

/* The TPM of the running machine: --root does not apply. */
static const char *default_where(void)
{
	static char where[64];
	char *device;

	if (!*where) {
		device = tpm_device("");
		snprintf(where, sizeof(where), TCTI_DEVICE "%s",
			 device ? device : ANY_DEVICE);
		free(device);
	}
	return where;
}

/* TCTI configuration string of tpm2-tss. */
const char *tpm_where(void)
{
	const char *tcti = getenv("MODGATE_TCTI");

	return tcti && *tcti ? tcti : default_where();
}

/* The device, or NULL if the user configured another transport. */
static const char *device(void)
{
	const char *where = tpm_where();

	return where == default_where() ? where + strlen(TCTI_DEVICE) : NULL;
}

/* Report a response code of the TPM or of a layer below ESYS. */
enum status tpm_fail(TSS2_RC rc, const char *what)
{
	return fail(ST_NO, "TPM: %s: %s (0x%x)", what, Tss2_RC_Decode(rc), rc);
}

/* Does this machine seem to have a TPM 2.0? Does not open it. */
bool tpm_present(void)
{
	return !device() || !access(device(), F_OK);
}

static enum status connect_tpm(struct tpm *tpm)
{
	TSS2_RC rc;

	/* Silence tpm2-tss on standard error: the tool reports these errors itself. */
	setenv("TSS2_LOG", "all+none", 0);
	rc = Tss2_TctiLdr_Initialize(tpm_where(), &tpm->tcti);
	if (!rc)
		rc = Esys_Initialize(&tpm->esys, tpm->tcti, NULL);
	if (!rc)
		return ST_OK;
	if (!tpm_present())
		return fail(ST_NO,
			    "TPM: %s is missing: this machine has no TPM 2.0, or its driver is not loaded",
			    device());
	return fail(device() && access(device(), R_OK | W_OK) ?
		    ST_PRIVILEGE : ST_NO,
		    "TPM: %s cannot be opened: %s (0x%x); it wants root, and nobody else may hold it",
		    tpm_where(), Tss2_RC_Decode(rc), rc);
}

/* Find the storage root key; its absence is no error. */
static enum status find_srk(struct tpm *tpm)
{
	TPM2B_NAME *name;
	TSS2_RC rc;

	rc = Esys_TR_FromTPMPublic(tpm->esys, MODGATE_SRK_HANDLE, ESYS_TR_NONE,
				   ESYS_TR_NONE, ESYS_TR_NONE, &tpm->srk);
	if (rc) {
		tpm->srk = ESYS_TR_NONE;
		return tpm_code(rc) == TPM2_RC_HANDLE ? ST_OK :
		       tpm_fail(rc, "storage root key 0x81000001");
	}
	rc = Esys_TR_GetName(tpm->esys, tpm->srk, &name);
	if (rc)
		return tpm_fail(rc, "storage root key 0x81000001");
	sha384(name->name, name->size, tpm->name);
	Esys_Free(name);
	return ST_OK;
}

static enum status start_session(struct tpm *tpm)
{
	static const TPMT_SYM_DEF none = { .algorithm = TPM2_ALG_NULL };
	TSS2_RC rc;

	rc = Esys_StartAuthSession(tpm->esys, tpm->srk, ESYS_TR_NONE,
				   ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
				   NULL, TPM2_SE_HMAC, &none, TPM2_ALG_SHA256,
				   &tpm->session);
	if (!rc)
		rc = Esys_TRSess_SetAttributes(tpm->esys, tpm->session,
					       TPMA_SESSION_CONTINUESESSION,
					       0xff);
	return rc ? tpm_fail(rc, "session, salted with the storage root key 0x81000001") :
		    ST_OK;
}

static enum status open_parts(struct tpm *tpm, enum status (*srk)(struct tpm *))
{
	enum status status = connect_tpm(tpm);

	if (!status)
		status = find_srk(tpm);
	if (!status && srk && tpm->srk == ESYS_TR_NONE)
		status = srk(tpm);
	return status ? status : start_session(tpm);
}

static enum status open_tpm(struct tpm **out, enum status (*srk)(struct tpm *))
{
	struct tpm *tpm = xzalloc(sizeof(*tpm));
	enum status status;

	tpm->srk = ESYS_TR_NONE;
	tpm->session = ESYS_TR_NONE;
	status = open_parts(tpm, srk);
	if (status) {
		tpm_close(tpm);
		tpm = NULL;
	}
	*out = tpm;
	return status;
}

/**
 * tpm_open() - open the TPM, which environment variable MODGATE_TCTI may name
 * @tpm: the caller closes it; NULL after an error
 *
 * Return: ST_OK, or a status after saying why not.
 */
enum status tpm_open(struct tpm **tpm)
{
	return open_tpm(tpm, NULL);
}

static enum status owner_failed(TSS2_RC rc, const char *what)
{
	if (tpm_secret_wrong(rc))
		return fail(ST_NO,
			    "TPM: %s: the owner hierarchy has an authorization value; take it away for this (tpm2_changeauth -c owner)",
			    what);
	if (rc == TPM2_RC_NV_SPACE)
		return fail(ST_NO,
			    "TPM: %s: there is no room in the TPM; remove indices that are of no use (tpm2_getcap handles-nv-index, tpm2_nvundefine)",
			    what);
	return tpm_fail(rc, what);
}

static enum status make_srk(struct tpm *tpm)
{
	const TPM2B_SENSITIVE_CREATE sensitive = { 0 };
	const TPML_PCR_SELECTION pcrs = { 0 };
	const TPM2B_DATA outside = { 0 };
	ESYS_TR primary, srk;
	TSS2_RC rc;

	rc = Esys_CreatePrimary(tpm->esys, ESYS_TR_RH_OWNER, ESYS_TR_PASSWORD,
				ESYS_TR_NONE, ESYS_TR_NONE, &sensitive,
				&srk_template, &outside, &pcrs, &primary, NULL,
				NULL, NULL, NULL);
	if (!rc) {
		rc = Esys_EvictControl(tpm->esys, ESYS_TR_RH_OWNER, primary,
				       ESYS_TR_PASSWORD, ESYS_TR_NONE,
				       ESYS_TR_NONE, MODGATE_SRK_HANDLE, &srk);
		Esys_FlushContext(tpm->esys, primary);
	}
	return rc ? owner_failed(rc, "storage root key 0x81000001 cannot be made") :
		    find_srk(tpm);
}

/* Likewise, and make the storage root key if there is none. */
enum status tpm_open_to_change(struct tpm **tpm)
{
	return open_tpm(tpm, make_srk);
}

void tpm_close(struct tpm *tpm)
{
	if (!tpm)
		return;
	if (tpm->session != ESYS_TR_NONE)
		Esys_FlushContext(tpm->esys, tpm->session);
	if (tpm->esys)
		Esys_Finalize(&tpm->esys);
	if (tpm->tcti)
		Tss2_TctiLdr_Finalize(&tpm->tcti);
	free(tpm);
}

/* The machine's name, from its storage root key; false if it has none. */
bool tpm_name(const struct tpm *tpm, __u8 name[MODGATE_DIGEST_SIZE])
{
	if (tpm->srk == ESYS_TR_NONE)
		return false;
	memcpy(name, tpm->name, MODGATE_DIGEST_SIZE);
	return true;
}

/* Is this one of our counters, whatever its state? */
static bool is_ours(const TPMS_NV_PUBLIC *nv)
{
	return nv->nameAlg == TPM2_ALG_SHA256 &&
	       (nv->attributes & ~MODGATE_NV_STATE) == MODGATE_NV_ATTRIBUTES &&
	       !nv->authPolicy.size && nv->dataSize == sizeof(__u64);
}

static TSS2_RC read_value(struct tpm *tpm, ESYS_TR nv, __u64 *value)
{
	TPM2B_MAX_NV_BUFFER *data;
	TSS2_RC rc;

	rc = Esys_NV_Read(tpm->esys, nv, nv, tpm->session, ESYS_TR_NONE,
			  ESYS_TR_NONE, sizeof(*value), 0, &data);
	if (rc)
		return rc;
	if (data->size == sizeof(*value))
		memcpy(value, data->buffer, sizeof(*value));
	else
		rc = TPM2_RC_SIZE;
	*value = be64toh(*value);
	Esys_Free(data);
	return rc;
}

static TSS2_RC examine(struct tpm *tpm, ESYS_TR nv, enum counter_state *state,
		       __u64 *value)
{
	TPM2B_NV_PUBLIC *public;
	TSS2_RC rc;

	rc = Esys_NV_ReadPublic(tpm->esys, nv, ESYS_TR_NONE, ESYS_TR_NONE,
				ESYS_TR_NONE, &public, NULL);
	if (rc)
		return rc;
	*state = COUNTER_GOOD;
	if (!is_ours(&public->nvPublic))
		*state = COUNTER_FOREIGN;
	else if (!(public->nvPublic.attributes & TPMA_NV_WRITTEN))
		*state = COUNTER_UNWRITTEN;
	else
		rc = read_value(tpm, nv, value);
	Esys_Free(public);
	/* It looks like ours, but has a non-empty authorization value. */
	if (tpm_secret_wrong(rc)) {
		*state = COUNTER_FOREIGN;
		rc = 0;
	}
	return rc;
}

static enum status counter_failed(TSS2_RC rc, __u32 handle, const char *what,
				  enum status (*failed)(TSS2_RC rc,
							const char *what))
{
	char *text = fmt("counter 0x%08x %s", handle, what);
	enum status status = failed(rc, text);

	free(text);
	return status;
}

/**
 * counter_read() - read a counter
 * @tpm: as opened
 * @handle: MODGATE_NV_ACCEPT() or MODGATE_NV_ISSUE()
 * @state: what is there
 * @value: its value if it is good, else zero
 *
 * Return: ST_OK if the TPM has answered.
 */
enum status counter_read(struct tpm *tpm, __u32 handle,
			 enum counter_state *state, __u64 *value)
{
	ESYS_TR nv;
	TSS2_RC rc;

	*value = 0;
	*state = COUNTER_MISSING;
	rc = Esys_TR_FromTPMPublic(tpm->esys, handle, ESYS_TR_NONE,
				   ESYS_TR_NONE, ESYS_TR_NONE, &nv);
	if (tpm_code(rc) == TPM2_RC_HANDLE)
		return ST_OK;
	if (!rc) {
		rc = examine(tpm, nv, state, value);
		Esys_TR_Close(tpm->esys, &nv);
	}
	return rc ? counter_failed(rc, handle, "cannot be read", tpm_fail) : ST_OK;
}

/* A chip that limits NV writes wants a retry later. */
static TSS2_RC increment(struct tpm *tpm, ESYS_TR nv)
{
	int seconds;
	TSS2_RC rc;

	for (seconds = 0; seconds < RATE_SECONDS; seconds++) {
		rc = Esys_NV_Increment(tpm->esys, nv, nv, tpm->session,
				       ESYS_TR_NONE, ESYS_TR_NONE);
		if (rc != TPM2_RC_NV_RATE)
			break;
		sleep(1);
	}
	return rc;
}

/**
 * counter_increment() - add one to a counter
 * @tpm: as opened
 * @handle: of a counter that is good, or unwritten
 * @value: the new value
 *
 * Return: ST_OK once the increment is done and persistent.
 */
enum status counter_increment(struct tpm *tpm, __u32 handle, __u64 *value)
{
	ESYS_TR nv;
	TSS2_RC rc;

	rc = Esys_TR_FromTPMPublic(tpm->esys, handle, ESYS_TR_NONE,
				   ESYS_TR_NONE, ESYS_TR_NONE, &nv);
	if (!rc) {
		rc = increment(tpm, nv);
		if (!rc)
			rc = read_value(tpm, nv, value);
		Esys_TR_Close(tpm->esys, &nv);
	}
	return rc ? counter_failed(rc, handle, "cannot be incremented", tpm_fail) :
		    ST_OK;
}

/* Make a counter; its first value will exceed that of every counter the TPM ever had. */
enum status counter_define(struct tpm *tpm, __u32 handle)
{
	const TPM2B_NV_PUBLIC public = {
		.nvPublic = {
			.nvIndex = handle,
			.nameAlg = TPM2_ALG_SHA256,
			.attributes = MODGATE_NV_ATTRIBUTES,
			.dataSize = sizeof(__u64),
		},
	};
	const TPM2B_AUTH none = { 0 };
	ESYS_TR nv;
	TSS2_RC rc;

	rc = Esys_NV_DefineSpace(tpm->esys, ESYS_TR_RH_OWNER, ESYS_TR_PASSWORD,
				 ESYS_TR_NONE, ESYS_TR_NONE, &none, &public,
				 &nv);
	if (!rc)
		Esys_TR_Close(tpm->esys, &nv);
	return rc ? counter_failed(rc, handle, "cannot be made", owner_failed) :
		    ST_OK;
}

/* Remove one of our counters, to recreate it with a higher value. */
enum status counter_undefine(struct tpm *tpm, __u32 handle)
{
	ESYS_TR nv;
	TSS2_RC rc;

	rc = Esys_TR_FromTPMPublic(tpm->esys, handle, ESYS_TR_NONE,
				   ESYS_TR_NONE, ESYS_TR_NONE, &nv);
	if (!rc)
		rc = Esys_NV_UndefineSpace(tpm->esys, ESYS_TR_RH_OWNER, nv,
					   ESYS_TR_PASSWORD, ESYS_TR_NONE,
					   ESYS_TR_NONE);
	return rc ? counter_failed(rc, handle, "cannot be removed", owner_failed) :
		    ST_OK;
}
