"""Whom we believe: the roots of the system and, where we are given one, the CA of our own proxy.

The variables SSL_CERT_FILE and SSL_CERT_DIR have no effect: what a run trusts is said in its files.
"""

from __future__ import annotations

import os
import ssl
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from flowprobe.errors import ToolFailed
from flowprobe.http.flight import Ended

__all__ = ["EVERYDAY", "ClientCertificate", "Trust", "bare_context", "trusting", "why_not_believed"]


@dataclass(frozen=True, slots=True)
class Trust:
    """Beside the roots of the system the PEM file `ca` is believed; with `verify` False, anybody."""

    verify: bool = True
    ca: Path | None = None


EVERYDAY = Trust()


@dataclass(frozen=True, slots=True)
class ClientCertificate:
    """What a persona shows of itself (mTLS), as PEM files. The key may stand in `cert`; `password` opens it."""

    cert: Path
    key: Path | None = None
    password: str | None = field(default=None, repr=False)


@lru_cache(maxsize=1)
def bare_context() -> ssl.SSLContext:
    """A context without a single root: cheap to make, and every handshake with it fails."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def trusting(
    ca: Path | None, tls: Trust = EVERYDAY, http2: bool = False, certificate: ClientCertificate | None = None
) -> ssl.SSLContext:
    """A context that trusts the system, the CA file `ca` of our proxy and what `tls` says; one for all clients that
    show no certificate.

    Raises `ToolFailed` when a CA file cannot be used, `Ended` for a client certificate that cannot.
    """
    extra = tuple((str(file), _version(file)) for file in (ca, tls.ca) if file is not None)
    if certificate is None:
        return _context(extra, tls.verify, http2)
    context = _make_context(extra, tls.verify, http2)
    _show(context, certificate)
    return context


def why_not_believed(ca: Path) -> str:
    """Why a CA file cannot be used, '' for one that can."""
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cafile=ca)
    except (OSError, ValueError) as exc:
        return _why(exc).replace(", or its password is wrong", "")
    return ""


def _version(file: Path) -> int:
    try:
        return file.stat().st_mtime_ns
    except OSError as exc:
        raise _unusable(file, exc) from exc


def _make_context(extra: tuple[tuple[str, int], ...], verify: bool, http2: bool) -> ssl.SSLContext:
    # `create_default_context` differs between the Python versions that we run on (strict flags since 3.13).
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.set_alpn_protocols(["h2", "http/1.1"] if http2 else ["http/1.1"])
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context
    _load_system_roots(context)
    for file, _ in extra:
        try:
            context.load_verify_locations(cafile=file)
        except (OSError, ssl.SSLError) as exc:
            raise _unusable(Path(file), exc) from exc
    return context


_context = lru_cache(maxsize=8)(_make_context)


def _show(context: ssl.SSLContext, certificate: ClientCertificate) -> None:
    # Without a password OpenSSL would ask the terminal for one.
    password = certificate.password or ""
    try:
        context.load_cert_chain(certificate.cert, certificate.key, lambda: password)
    except (OSError, ssl.SSLError, ValueError) as exc:
        raise Ended("connect", f"The client certificate of the persona, {certificate.cert}, cannot be used: "
                               f"{_why(exc)}.") from exc


def _why(exc: Exception) -> str:
    if isinstance(exc, ssl.SSLError):
        mismatch = exc.reason == "KEY_VALUES_MISMATCH"
        return "the key is not that of the certificate" if mismatch else "it is no PEM, or its password is wrong"
    return (exc.strerror or "it cannot be read").lower() if isinstance(exc, OSError) else "its password is not one"


def _unusable(file: Path, exc: Exception) -> ToolFailed:
    return ToolFailed(f"The CA file {file} cannot be used: {exc}")


def _load_system_roots(context: ssl.SSLContext) -> None:
    """From the hashed folder where there is one: it is read certificate by certificate, when needed."""
    paths = ssl.get_default_verify_paths()
    if _has_hashed_roots(paths.openssl_capath):
        context.load_verify_locations(capath=paths.openssl_capath)
    elif os.path.isfile(paths.openssl_cafile):
        context.load_verify_locations(cafile=paths.openssl_cafile)
    else:
        import certifi

        context.load_verify_locations(cafile=certifi.where())


def _has_hashed_roots(folder: str) -> bool:
    try:
        with os.scandir(folder) as entries:
            return any(entry.name.endswith(".0") for entry in entries)
    except OSError:
        return False
