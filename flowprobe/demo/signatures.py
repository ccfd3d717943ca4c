"""Signed webhooks: who has sent a body, and when. The sender and the receiver share a secret."""

from __future__ import annotations

import hashlib
import hmac
import re

__all__ = ["SIGNATURE", "is_signed", "signature"]

SIGNATURE = "Scanner-Signature"
_FORM = re.compile(r"t=([0-9]{1,12}),v1=([0-9a-f]{64})")
_OLDEST_S = 300


def signature(secret: str, body: bytes, at: int) -> str:
    """The header for a body that is sent at a time (seconds since 1970): `t=<time>,v1=<HMAC-SHA256 in hex>`."""
    digest = hmac.new(secret.encode(), b"%d." % at + body, hashlib.sha256)
    return f"t={at},v1={digest.hexdigest()}"


def is_signed(secret: str, body: bytes, header: str, now: float) -> bool:
    """Whether the header is of that secret and body, and not so old that somebody may have kept it."""
    form = _FORM.fullmatch(header)
    if form is None or abs(now - int(form[1])) > _OLDEST_S:
        return False
    return hmac.compare_digest(header, signature(secret, body, int(form[1])))
