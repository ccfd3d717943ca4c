"""Certificates that are wrong in one way, and right in every other, so that a client refuses them for that alone."""

from __future__ import annotations

import datetime
import ipaddress
from functools import lru_cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from flowprobe.proxy.mitm import Shown

__all__ = ["Forger"]

_DAY = datetime.timedelta(days=1)
_ELSEWHERE = "somebody-else.invalid"
_MAY_SIGN = x509.KeyUsage(False, False, False, False, False, True, True, False, False)


class Forger:
    """Makes them for one authority, each once. `authority` is its certificate (PEM) and its key."""

    def __init__(self, authority: tuple[bytes, Any]) -> None:
        pem, self._ca_key = authority
        self._ca = x509.load_pem_x509_certificate(pem)
        self._key = ec.generate_private_key(ec.SECP256R1())
        self.make = lru_cache(maxsize=256)(self._make)

    def _make(self, wrong: str, host: str) -> Shown:
        """`wrong` is expired, wrong_host or unknown_ca."""
        ca, ca_key = self._stranger() if wrong == "unknown_ca" else (self._ca, self._ca_key)
        name = _ELSEWHERE if wrong == "wrong_host" else host
        until = datetime.timedelta(days=-1) if wrong == "expired" else 30 * _DAY
        leaf = _builder(x509.Name([]), ca.subject, self._key, until)
        leaf = leaf.add_extension(x509.SubjectAlternativeName([_named(name)]), critical=True)
        issuer = ca.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
        leaf = leaf.add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(issuer), False)
        leaf = leaf.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False)
        return Shown(leaf.sign(ca_key, hashes.SHA256()), self._key, signed=wrong != "unknown_ca")

    def _stranger(self) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
        """An authority that nobody has heard of."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "An authority that nobody knows")])
        ca = _builder(name, name, key, 30 * _DAY).add_extension(x509.BasicConstraints(True, None), True)
        ca = ca.add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
        return ca.add_extension(_MAY_SIGN, True).sign(key, hashes.SHA256()), key


def _builder(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey,
             until: datetime.timedelta) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(now - 60 * _DAY).not_valid_after(now + until)
    )


def _named(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)
