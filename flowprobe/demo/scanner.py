"""The product's client of its virus scanner."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Mapping
from typing import Final, Literal, TypeAlias

import httpx

from flowprobe.demo.patience import asks_to_wait

__all__ = ["VERDICTS", "Scanner", "ScannerFailed", "Verdict"]

Verdict: TypeAlias = Literal["clean", "infected"]

VERDICTS: Final[tuple[Verdict, ...]] = ("clean", "infected")
_TIMEOUT_S: Final = 1.0
_BACKOFF_S: Final = 0.05


class ScannerFailed(Exception):
    """The scanner did not answer, not in time, or not with what it documents; `later`: it wants to be left alone."""

    def __init__(self, message: str, *, later: bool = False) -> None:
        super().__init__(message)
        self.later = later


class Scanner:
    """Orders scans, whose verdicts come back as webhooks, and asks for a verdict that did not come."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http

    async def order(self, file: str, content: bytes, callback: str, trace: Mapping[str, str]) -> None:
        """Have a file scanned, or raise ScannerFailed; to order a scan twice does no harm."""
        body = {"file": file, "callback": callback, "content": base64.b64encode(content).decode()}
        try:
            await self._order(body, trace)
        except ScannerFailed as failure:
            if failure.later:
                raise
            await asyncio.sleep(_BACKOFF_S)
            await self._order(body, trace)

    async def _order(self, body: Mapping[str, str], trace: Mapping[str, str]) -> None:
        response = await self._ask("POST", "/scan", {**trace, "Idempotency-Key": f"{body['file']}-scan"}, body)
        if response.status_code != 202:
            raise ScannerFailed(f"scanner answered {response.status_code}", later=asks_to_wait(response))

    async def verdict(self, file: str, trace: Mapping[str, str]) -> Verdict | None:
        """What the scanner has found; None where it does not know yet. Raises ScannerFailed."""
        response = await self._ask("GET", f"/scans/{file}", trace)
        if response.status_code != 200:
            raise ScannerFailed(f"scanner answered {response.status_code}")
        try:
            found = response.json()["verdict"]
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise ScannerFailed("scanner answered with something else than a verdict") from error
        return next((verdict for verdict in VERDICTS if verdict == found), None)

    async def _ask(
        self, method: str, path: str, headers: Mapping[str, str], body: Mapping[str, str] | None = None
    ) -> httpx.Response:
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                return await self._http.request(method, path, json=body, headers=dict(headers))
        except (TimeoutError, httpx.HTTPError) as error:
            raise ScannerFailed(f"scanner: {type(error).__name__}") from error
