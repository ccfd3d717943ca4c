"""Makes its calls with aiohttp, as it comes."""

from __future__ import annotations

import asyncio
import functools
import ssl

import aiohttp
from lines import Call, Seen, answer


@functools.cache
def _trust(ca: str) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=ca)


async def _make(call: Call, seen: Seen) -> None:
    patience = aiohttp.ClientTimeout(total=call["patience_s"])
    async with aiohttp.ClientSession(timeout=patience) as session, session.request(
        call["method"], call["url"], headers=call["headers"], data=call["body"], proxy=call["proxy"],
        ssl=_trust(call["ca"]) if call["ca"] else True,
    ) as reply:
        seen.head(reply.status, reply.headers)
        try:
            seen.body(await reply.read())
        finally:
            seen.length = seen.length or reply.content.total_bytes
        try:
            await reply.json()
        except Exception as error:
            seen.json = type(error).__name__


def make(call: Call, seen: Seen) -> None:
    asyncio.run(_make(call, seen))


if __name__ == "__main__":
    answer(make)
