"""Secrets that are sent as they are: bearer tokens, user and password, API keys."""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import assert_never

from flowprobe.auth.signer import Fixed, Signer, with_headers
from flowprobe.auth.urls import with_parameter
from flowprobe.core.auth import ApiKey
from flowprobe.core.wire import Call

__all__ = ["api_key", "authorization", "basic_value"]


def authorization(value: str) -> Signer:
    """`Authorization: <value>` on every call."""
    return Fixed(lambda call: with_headers(call, {"authorization": value}))


def basic_value(user: str, password: str) -> str:
    """RFC 7617, in UTF-8: what stands after `Authorization:`."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def api_key(place: ApiKey, value: str) -> Signer:
    """The key where the file says; a step that says something else there itself is left alone."""
    def add(call: Call) -> Call:
        match place.place:
            case "header":
                return with_headers(call, {place.name: value})
            case "query":
                return replace(call, url=with_parameter(call.url, place.name, value))
            case "cookie":
                return replace(call, cookies={place.name: value, **call.cookies})
            case _:
                assert_never(place.place)
    return Fixed(add)
