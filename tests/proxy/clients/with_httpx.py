"""Makes its calls with httpx, as it comes."""

from __future__ import annotations

import functools
import ssl

import httpx
from lines import Call, Seen, answer


@functools.cache
def _trust(ca: str) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=ca)


def make(call: Call, seen: Seen) -> None:
    verify = _trust(call["ca"]) if call["ca"] else False
    with (
        httpx.Client(proxy=call["proxy"], verify=verify, timeout=call["patience_s"], trust_env=False) as client,
        client.stream(call["method"], call["url"], headers=call["headers"], content=call["body"]) as reply,
    ):
        seen.head(reply.status_code, reply.headers)
        try:
            seen.body(reply.read())
        finally:
            seen.length = seen.length or reply.num_bytes_downloaded
        seen.reads(reply.json)


if __name__ == "__main__":
    answer(make)
