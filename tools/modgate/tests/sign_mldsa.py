#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Appends a signature to a module: ML-DSA-65 over the module itself, without
signed attributes. That is what the kernel wants, and OpenSSL 3 cannot make it.

usage: sign_mldsa.py OPENSSL KEY CERT MODULE OUT [forged]

Forged: signed attributes with a wrong digest, and the signature is not over
them, but over the SHA-512 of the module."""
import hashlib
import subprocess
import sys

SEQUENCE, SET, INTEGER, OCTETS, CONTENT = 0x30, 0x31, 0x02, 0x04, 0xA0
DATA = bytes.fromhex("06092a864886f70d010701")
SIGNED_DATA = bytes.fromhex("06092a864886f70d010702")
SHA512 = bytes.fromhex("0609608648016503040203")
MLDSA65 = bytes.fromhex("0609608648016503040312")


def der(tag, *parts):
    body = b"".join(parts)
    size = len(body)
    if size < 128:
        return bytes([tag, size]) + body
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 128 | len(length)]) + length + body


def element(data, at):
    """Where the content of the element there begins, and where it ends."""
    size, start = data[at + 1], at + 2
    if size & 128:
        end = start + (size & 127)
        size, start = int.from_bytes(data[start:end], "big"), end
    return start, start + size


def serial_and_issuer(cert):
    at = element(cert, element(cert, 0)[0])[0]
    serial = element(cert, at)[1]  # behind the version
    algorithm = element(cert, serial)[1]
    issuer = element(cert, algorithm)[1]
    return cert[serial:algorithm], cert[issuer : element(cert, issuer)[1]]


def wrong_attributes():
    content_type = bytes.fromhex("06092a864886f70d010903")
    digest = bytes.fromhex("06092a864886f70d010904")
    return der(
        CONTENT,
        der(SEQUENCE, content_type, der(SET, DATA)),
        der(SEQUENCE, digest, der(SET, der(OCTETS, bytes(64)))),
    )


def main(openssl, key, cert, module, out, forged=""):
    cert = subprocess.check_output([openssl, "x509", "-in", cert, "-outform", "DER"])
    with open(module, "rb") as f:
        data = f.read()
    with open(out, "wb") as f:
        f.write(hashlib.sha512(data).digest() if forged else data)
    signature = subprocess.check_output(
        [openssl, "pkeyutl", "-sign", "-rawin", "-inkey", key, "-in", out]
    )
    serial, issuer = serial_and_issuer(cert)
    version = der(INTEGER, b"\1")
    signer = der(
        SEQUENCE,
        version,
        der(SEQUENCE, issuer, serial),
        der(SEQUENCE, SHA512),
        wrong_attributes() if forged else b"",
        der(SEQUENCE, MLDSA65),
        der(OCTETS, signature),
    )
    signed = der(
        SEQUENCE,
        version,
        der(SET, der(SEQUENCE, SHA512)),
        der(SEQUENCE, DATA),
        der(SET, signer),
    )
    message = der(SEQUENCE, SIGNED_DATA, der(CONTENT, signed))
    with open(out, "wb") as f:
        f.write(data + message + b"\0\0\2\0\0\0\0\0" + len(message).to_bytes(4, "big"))
        f.write(b"~Module signature appended~\n")


main(*sys.argv[1:])
