"""Makes its calls with requests, as it comes."""

from __future__ import annotations

import requests
from lines import Call, Seen, answer

_PIECE = 20
"""Bytes that are read at once: a read that fails loses what it had of them."""


def make(call: Call, seen: Seen) -> None:
    with requests.Session() as session:
        session.trust_env = False
        proxies = {"http": call["proxy"], "https": call["proxy"]} if call["proxy"] else {}
        with session.request(
            call["method"], call["url"], headers=call["headers"], data=call["body"], timeout=call["patience_s"],
            proxies=proxies, verify=call["ca"] or True, stream=True,
        ) as reply:
            seen.head(reply.status_code, reply.headers)
            content = b""
            for piece in reply.iter_content(_PIECE):
                content += piece
                seen.body(content)
            reply._content = content  # as `content` would have left it
            seen.reads(reply.json)


if __name__ == "__main__":
    answer(make)
