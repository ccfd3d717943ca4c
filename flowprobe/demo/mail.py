"""The product's client of whoever sends its mail."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final, Literal, TypeAlias

import httpx

from flowprobe.demo.patience import asks_to_wait

__all__ = ["Mail", "Taken"]

Taken: TypeAlias = Literal["taken", "not-taken", "later"]

_TIMEOUT_S: Final = 0.5


class Mail:
    """Sends a mail in one attempt. Whoever makes a second one needs a key, or it might be a second mail."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http

    async def send(
        self, to: str, subject: str, text: str, trace: Mapping[str, str], *, key: str | None = None
    ) -> Taken:
        """Whether the provider has taken the mail; `later` where it wants to be left alone first."""
        body = {"to": to, "subject": subject, "text": text}
        headers = {**trace, **({"Idempotency-Key": key} if key else {})}
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                response = await self._http.post("/send", json=body, headers=headers)
        except (TimeoutError, httpx.HTTPError):
            return "not-taken"
        if response.status_code == 202:
            return "taken"
        return "later" if asks_to_wait(response) else "not-taken"
