"""A certificate of its own for a control socket that other machines can reach: believed by its fingerprint."""

from __future__ import annotations

import datetime
import os
import ssl
from hashlib import sha256
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from flowprobe.errors import ToolFailed

__all__ = ["fingerprint_of", "make_certificate", "server_context"]

_DAYS = 30


def make_certificate(folder: Path) -> tuple[Path, Path]:
    """Write a certificate and its key into a private folder; returns the two files."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "flowprobe proxy control")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=_DAYS)).sign(key, SHA256())
    )
    cert_file, key_file = folder / "control-cert.pem", folder / "control-key.pem"
    cert_file.write_bytes(certificate.public_bytes(Encoding.PEM))
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    with open(os.open(key_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(private)
    return cert_file, key_file


def server_context(cert: Path, key: Path) -> ssl.SSLContext:
    """Raises ToolFailed where the two files are none."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(cert, key)
    except OSError as error:  # ssl.SSLError is one
        why = error.strerror or error
        raise ToolFailed(f"the certificate {cert} and its key {key} cannot be used: {why}") from error
    return context


def fingerprint_of(cert: Path) -> str:
    """The SHA-256 of the first certificate in a PEM file, in hex."""
    pem = cert.read_text()
    end = "-----END CERTIFICATE-----"
    first = pem[pem.index("-----BEGIN CERTIFICATE-----") : pem.index(end) + len(end)]
    return sha256(ssl.PEM_cert_to_DER_cert(first)).hexdigest()
