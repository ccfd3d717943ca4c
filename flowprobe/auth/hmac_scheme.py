"""HMAC over parts of a call. The scheme is data (`core.auth.Hmac`); docs/reference/environment.md describes it, with an
example that is recomputed by a test."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import SplitResult, urlunsplit

from flowprobe.auth.signer import Fixed, Signer, with_headers
from flowprobe.auth.urls import sent_parts
from flowprobe.core.auth import Hmac
from flowprobe.core.wire import Call

__all__ = ["hmac_signer"]

_PLACE = re.compile(r"\{(signature|timestamp|id|body_digest)\}")


def hmac_signer(scheme: Hmac, key: str, *, clock: Callable[[], float]) -> Signer:
    """`clock` gives seconds since 1970."""
    def add(call: Call) -> Call:
        parts = sent_parts(call.url)
        call = replace(call, url=urlunsplit(parts))
        words = {"id": scheme.id, "timestamp": str(int(clock())),
                 "body_digest": _written(scheme, hashlib.new(scheme.algorithm, call.body.content).digest())}
        message = scheme.join.encode().join(_part(name, call, parts, words) for name in scheme.sign)
        words["signature"] = _written(scheme, hmac.digest(key.encode(), message, scheme.algorithm))
        headers = {name: _PLACE.sub(lambda found: words[found[1]], text) for name, text in scheme.headers.items()}
        return with_headers(call, headers)
    return Fixed(add)


def _part(name: str, call: Call, parts: SplitResult, words: dict[str, str]) -> bytes:
    match name:
        case "body":
            return call.body.content
        case "method":
            return call.method.encode()
        case "host":
            return parts.netloc.rpartition("@")[2].lower().encode()
        case "path" | "query":
            return str(getattr(parts, name)).encode()
        case _ if name.startswith("header:"):
            return _header(call, name.removeprefix("header:")).encode()
    return words[name].encode()


def _header(call: Call, name: str) -> str:
    """As it is sent; '' where it is not."""
    found = next((value for key, value in call.headers.items() if key.lower() == name.lower()), None)
    if found is None:
        return call.body.media_type if name.lower() == "content-type" else ""
    return found.strip(" \t")


def _written(scheme: Hmac, digest: bytes) -> str:
    return digest.hex() if scheme.encoding == "hex" else base64.b64encode(digest).decode()
