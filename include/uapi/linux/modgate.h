/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * modgate: the documents that say which third-party kernel modules may load.
 *
 * A document is a flat little-endian file with a detached signature beside it. Given
 * content has exactly one encoding:
 *
 *	header | authorities | modules | vendors | bans | data
 *
 * Sections follow each other without gaps, in this order. An empty section has the
 * offset where it would start. Entries are in strictly ascending order of their digest
 * (vendors: of digest, then pattern). The data section holds the certificates in the
 * order in which the entries refer to them, each padded with zero bytes to a multiple
 * of 8. Reserved fields, padding and the unused end of a name are zero. A reader
 * rejects anything else.
 *
 * The signature covers the SHA-384 of the whole document, which is also the document's
 * name. It is ECDSA P-384 (DER, as in X9.62), RSA-3072 or RSA-4096 (PKCS#1 v1.5), so
 * "openssl dgst -sha384 -verify" can check it.
 *
 * See Documentation/security/modgate.rst.
 */
#ifndef _UAPI_LINUX_MODGATE_H
#define _UAPI_LINUX_MODGATE_H

#include <linux/types.h>

#define MODGATE_MAGIC		"MODGATE\n"	/* 8 bytes, no NUL */
#define MODGATE_VERSION		1

/* Sizes are in bytes, limits are inclusive. */
#define MODGATE_DIGEST_SIZE	48		/* SHA-384 */
#define MODGATE_NAME_SIZE	64		/* at least one NUL at the end */
#define MODGATE_CERT_MAX	16384		/* one DER certificate */
#define MODGATE_SIGNATURE_MAX	1024
#define MODGATE_DOCUMENT_MAX	(128U << 20)
#define MODGATE_ENTRIES_MAX	1048576U	/* modules, vendors and bans together */
#define MODGATE_AUTHORITIES_MAX	16U
#define MODGATE_VENDORS_MAX	256U
#define MODGATE_SLOT_MAX	255U		/* slot 0 is the anchor's */

/* modgate_header.type */
#define MODGATE_LOCAL_POLICY	1	/* signed by the anchor key */
#define MODGATE_APPROVED_LIST	2	/* signed by an authority's key */

/* modgate_header.mode, of a local policy; 0 in an approved list */
#define MODGATE_MODE_SYSTEM	1	/* system modules only */
#define MODGATE_MODE_SIGNED	2	/* approved, and signed by a known key */
#define MODGATE_MODE_LISTED	3	/* approved */

/* modgate_header.flags of a local policy */
#define MODGATE_POLICY_AUDIT		0x1	/* record refusals, refuse nothing */
#define MODGATE_POLICY_ALLOW_KEXEC	0x2	/* do not refuse kexec */
#define MODGATE_POLICY_AUTO_CLOSE	0x4	/* close the gate after the rebuild */
#define MODGATE_POLICY_FLAGS		0x7

/* modgate_header.flags of an approved list */
#define MODGATE_LIST_EXCLUSIVE		0x1	/* other lists' approvals are off */
#define MODGATE_LIST_FLAGS		0x1

/* Sections, in the order of the file. */
#define MODGATE_SECTION_AUTHORITIES	0	/* local policy only */
#define MODGATE_SECTION_MODULES		1	/* approved list only */
#define MODGATE_SECTION_VENDORS		2	/* approved list only */
#define MODGATE_SECTION_BANS		3	/* approved list only */
#define MODGATE_SECTION_DATA		4	/* certificates */
#define MODGATE_SECTIONS		5

/**
 * struct modgate_section - one row of the section table
 * @offset: where it starts, in bytes from the start of the document
 * @count: number of entries; for the data section, its size in bytes
 */
struct modgate_section {
	__le32 offset;
	__le32 count;
};

/**
 * struct modgate_header - the start of every document
 * @magic: %MODGATE_MAGIC
 * @version: %MODGATE_VERSION
 * @type: %MODGATE_LOCAL_POLICY or %MODGATE_APPROVED_LIST
 * @size: of the whole document, in bytes
 * @generation: from 1; a signer never signs the same generation twice
 * @created: seconds since 1970-01-01 UTC, for people
 * @machine: name of the machine that this document is for, or zero for any
 * @signer: SHA-384 of the signer's DER certificate
 * @flags: MODGATE_POLICY_* or MODGATE_LIST_*
 * @mode: MODGATE_MODE_* in a local policy, else zero
 * @sections: the section table
 */
struct modgate_header {
	__u8   magic[8];
	__le32 version;
	__le32 type;
	__le64 size;
	__le64 generation;
	__le64 created;
	__u8   machine[MODGATE_DIGEST_SIZE];
	__u8   signer[MODGATE_DIGEST_SIZE];
	__le32 flags;
	__le32 mode;
	struct modgate_section sections[MODGATE_SECTIONS];
};

/* modgate_authority.roles */
#define MODGATE_ROLE_APPROVE	0x1	/* its list may approve modules */
#define MODGATE_ROLE_VENDOR	0x2	/* its list may approve vendors */
#define MODGATE_ROLE_BAN	0x4	/* its list may ban */
#define MODGATE_ROLE_EXCLUSIVE	0x8	/* its list may be exclusive */
#define MODGATE_ROLES		0xf

/* modgate_authority.flags */
#define MODGATE_AUTHORITY_REQUIRED	0x1	/* no third-party modules without its list */
#define MODGATE_AUTHORITY_FLAGS		0x1

/**
 * struct modgate_authority - who may sign an approved list
 * @digest: SHA-384 of the certificate
 * @roles: MODGATE_ROLE_*, at least one
 * @flags: MODGATE_AUTHORITY_*; the roles ban and exclusive need required
 * @slot: of its counters, from 1, unique
 * @reserved: zero
 * @cert_offset: of the DER certificate, in bytes from the start of the data
 * @cert_size: of the DER certificate, in bytes, without padding
 * @base: added to a generation before it is compared with the counter
 * @floor: smallest generation that is accepted
 * @name: for people: [A-Za-z0-9_.+-], not empty
 */
struct modgate_authority {
	__u8   digest[MODGATE_DIGEST_SIZE];
	__le32 roles;
	__le32 flags;
	__le32 slot;
	__le32 reserved;
	__le32 cert_offset;
	__le32 cert_size;
	__le64 base;
	__le64 floor;
	__u8   name[MODGATE_NAME_SIZE];
};

/* modgate_module.flags */
#define MODGATE_MODULE_ON_DEMAND	0x1	/* may load after the gate is closed */
#define MODGATE_MODULE_PERMANENT	0x2	/* may not be unloaded */
#define MODGATE_MODULE_FLAGS		0x3

/**
 * struct modgate_module - an approved module
 * @digest: SHA-384 of the module as the kernel loads it: decompressed, with its
 *    appended signature
 * @flags: MODGATE_MODULE_*
 * @reserved: zero
 * @name: for people: [A-Za-z0-9_.+-], may be empty
 */
struct modgate_module {
	__u8   digest[MODGATE_DIGEST_SIZE];
	__le32 flags;
	__le32 reserved;
	__u8   name[MODGATE_NAME_SIZE];
};

#define MODGATE_VENDOR_FLAGS		0x3	/* as for modules */

/**
 * struct modgate_vendor - an approved signer of modules
 * @digest: SHA-384 of the certificate
 * @flags: MODGATE_MODULE_*, for every module of this vendor
 * @reserved: zero
 * @cert_offset: as in struct modgate_authority
 * @cert_size: as in struct modgate_authority
 * @pattern: of module names: the characters of a name and *?[]; not empty
 */
struct modgate_vendor {
	__u8   digest[MODGATE_DIGEST_SIZE];
	__le32 flags;
	__le32 reserved;
	__le32 cert_offset;
	__le32 cert_size;
	__u8   pattern[MODGATE_NAME_SIZE];
};

/* modgate_ban.kind */
#define MODGATE_BAN_DIGEST	1	/* of a module */
#define MODGATE_BAN_CERT	2	/* of a certificate: everything its key signed */

/**
 * struct modgate_ban - what must not load
 * @digest: SHA-384 of the module, with or without its appended signature; or of the
 *    certificate
 * @kind: MODGATE_BAN_DIGEST or MODGATE_BAN_CERT
 * @reserved: zero
 * @cert_offset: as in struct modgate_authority; zero for a digest
 * @cert_size: as in struct modgate_authority; zero for a digest
 * @name: for people: [A-Za-z0-9_.+-], may be empty
 */
struct modgate_ban {
	__u8   digest[MODGATE_DIGEST_SIZE];
	__le32 kind;
	__le32 reserved;
	__le32 cert_offset;
	__le32 cert_size;
	__u8   name[MODGATE_NAME_SIZE];
};

/*
 * The input of securityfs modgate/load, in exactly one write(2): either the anchor's
 * DER certificate, or a bundle:
 *
 *	struct modgate_bundle | document | signature
 */
#define MODGATE_BUNDLE_MAGIC	"MODGATEB"	/* 8 bytes, no NUL */

/**
 * struct modgate_bundle - precedes a document and its signature
 * @magic: %MODGATE_BUNDLE_MAGIC
 * @version: %MODGATE_VERSION
 * @signature_size: in bytes, 1 to %MODGATE_SIGNATURE_MAX
 * @document_size: in bytes, up to %MODGATE_DOCUMENT_MAX
 */
struct modgate_bundle {
	__u8   magic[8];
	__le32 version;
	__le32 signature_size;
	__le64 document_size;
};

/*
 * Freshness counters: TPM 2.0 NV indices in the owner's range, two per slot. Slot 0
 * belongs to the anchor, 1 to %MODGATE_SLOT_MAX to the authorities. The tool creates
 * both with exactly this public area: name algorithm SHA-256, %MODGATE_NV_ATTRIBUTES,
 * no policy, 8 bytes, empty authorization value. For the attributes see TPM 2.0 Library
 * Part 2, 13.4 (TPMA_NV).
 */
#define MODGATE_NV_ACCEPT(slot)	(0x0184d000U + 2 * (slot))
#define MODGATE_NV_ISSUE(slot)	(0x0184d001U + 2 * (slot))
#define MODGATE_NV_ATTRIBUTES	0x02040014U	/* COUNTER, AUTHWRITE, AUTHREAD, NO_DA */
#define MODGATE_NV_STATE	0x30000800U	/* READLOCKED, WRITTEN, WRITELOCKED: not compared */
#define MODGATE_SRK_HANDLE	0x81000001U	/* TCG: storage root key */
#define MODGATE_STEPS_MAX	64U		/* a document's maximum lead over its counter */

/*
 * Reasons for a verdict, in the order in which they are checked. securityfs, audit
 * records and the tool use the same words.
 */
#define MODGATE_REASON_REVOKED		"revoked"
#define MODGATE_REASON_BANNED		"banned"
#define MODGATE_REASON_SYSTEM		"system"
#define MODGATE_REASON_NOT_SEALED	"not-sealed"
#define MODGATE_REASON_NO_POLICY	"no-policy"
#define MODGATE_REASON_NO_LIST		"no-list"
#define MODGATE_REASON_MODE		"mode"
#define MODGATE_REASON_CLOSED		"closed"
#define MODGATE_REASON_UNSIGNED		"unsigned"
#define MODGATE_REASON_APPROVED		"approved"
#define MODGATE_REASON_VENDOR		"vendor"
#define MODGATE_REASON_NOT_APPROVED	"not-approved"
#define MODGATE_REASON_KEXEC		"kexec"
#define MODGATE_REASON_BPF		"bpf"
#define MODGATE_REASON_ERROR		"error"

#endif /* _UAPI_LINUX_MODGATE_H */
