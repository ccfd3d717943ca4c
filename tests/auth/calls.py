"""A call to sign, and references that nobody resolves."""

from __future__ import annotations

from typing import Any

from flowprobe.core.scenario import SecretRef
from flowprobe.core.wire import Body, Call
from tests.scenes import HERE, TRIAL

REFERENCE = SecretRef("env", "SECRET", HERE)


def a_call(method: str = "GET", url: str = "http://acme.test/v1/seats", *, body: bytes = b"", media_type: str = "",
           headers: dict[str, str] | None = None, **more: Any) -> Call:
    return Call("1" * 32, TRIAL, "look", "pro-eu", method, url, headers or {}, Body(body, media_type), **more)
