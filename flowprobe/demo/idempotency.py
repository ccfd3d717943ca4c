"""Idempotency keys of the product's own API: one key, one effect, the same reply again."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import JSONResponse

from flowprobe.demo.replies import ApiError

__all__ = ["IdempotencyKeys"]


class IdempotencyKeys:
    """Replies that were given under a key; `None` while the first request is still being worked on."""

    def __init__(self) -> None:
        self._replies: dict[tuple[str, str], tuple[str, JSONResponse | None]] = {}

    async def once(
        self, request: Request, user: str, body: object, act: Callable[[], Awaitable[JSONResponse]]
    ) -> JSONResponse:
        """Act unless this user's key has been seen; what fails leaves the key free for another try."""
        key = request.headers.get("idempotency-key")
        if key is None:
            return await act()
        if seen := self._replies.get((user, key)):
            return _replayed(*seen, json.dumps(body, sort_keys=True))
        return await self._first((user, key), json.dumps(body, sort_keys=True), act)

    async def _first(
        self, key: tuple[str, str], body: str, act: Callable[[], Awaitable[JSONResponse]]
    ) -> JSONResponse:
        self._replies[key] = body, None
        try:
            reply = await act()
        except BaseException:
            del self._replies[key]
            raise
        self._replies[key] = body, reply
        return reply


def _replayed(first_body: str, reply: JSONResponse | None, body: str) -> JSONResponse:
    if first_body != body:
        raise ApiError(422, "idempotency_key_reused", "this Idempotency-Key came with another body before")
    if reply is None:
        raise ApiError(
            409, "in_progress", "the first request with this Idempotency-Key is still being worked on"
        )
    return reply
