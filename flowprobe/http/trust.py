"""Whom we believe: the roots of the system and, where we are given one, the CA of our own proxy.

The variables SSL_CERT_FILE and SSL_CERT_DIR have no effect: what a run trusts is said in its files.
"""

from __future__ import annotations

import os
import ssl
from functools import lru_cache
from pathlib import Path

from flowprobe.errors import ToolFailed

__all__ = ["bare_context", "trusting"]


@lru_cache(maxsize=1)
def bare_context() -> ssl.SSLContext:
    """A context without a single root: cheap to make, and every handshake with it fails."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def trusting(ca: Path | None) -> ssl.SSLContext:
    """The one context of all clients that trust the system and the CA file `ca` (PEM).

    Raises `ToolFailed` when the file cannot be used.
    """
    if ca is None:
        return _context("", 0)
    try:
        return _context(str(ca), ca.stat().st_mtime_ns)
    except (OSError, ssl.SSLError) as exc:
        raise ToolFailed(f"The CA file of our proxy, {ca}, cannot be used: {exc}") from exc


@lru_cache(maxsize=8)
def _context(ca: str, _version: int) -> ssl.SSLContext:
    # `create_default_context` differs between the Python versions that we run on (strict flags since 3.13).
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.set_alpn_protocols(["http/1.1"])
    _load_system_roots(context)
    if ca:
        context.load_verify_locations(cafile=ca)
    return context


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
