"""A stand-in for a virus scanner: it takes a file at once, and sends its verdict by webhook."""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
import ssl
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from flowprobe.demo.background import Background
from flowprobe.demo.signatures import SIGNATURE, signature
from flowprobe.demo.tracing import trace_of

__all__ = ["EICAR", "build_scanner"]

# The text that every scanner takes for a virus, in two pieces, or this module would be taken for one.
EICAR: Final = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
_SCAN_S: Final = 0.02
_BACKOFFS_S: Final = (0.05, 0.1, 0.2, 0.4, 0.8)
_TIMEOUT_S: Final = 2.0


def build_scanner(secret: str, *, transport: httpx.AsyncBaseTransport | None = None) -> Starlette:
    """The scanner as an ASGI application; a transport stands in for the way back to its customers."""
    # Webhooks of a demo go over plain HTTP. A context that trusts nobody refuses the rest, and is made at once.
    nobody = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    http = httpx.AsyncClient(transport=transport, timeout=_TIMEOUT_S, trust_env=False, verify=nobody)
    scanner = _Scanner(secret, http)
    return Starlette(
        routes=[
            Route("/health", _health),
            Route("/scan", scanner.scan, methods=["POST"]),
            Route("/scans/{file}", scanner.show),
        ],
        lifespan=scanner.lifespan,
    )


@dataclass(frozen=True, slots=True)
class _Order:
    """A file to scan, and where to send what is found; the trace context that it came with goes back with that."""

    file: str
    callback: str
    content: bytes
    trace: Mapping[str, str]


class _Scanner:
    """Scans what it is told to as often as it is told, and sends a webhook for each scan."""

    def __init__(self, secret: str, http: httpx.AsyncClient) -> None:
        self._secret = secret
        self._http = http
        self._background = Background()
        self._verdicts: dict[str, str | None] = {}

    @asynccontextmanager
    async def lifespan(self, app: Starlette) -> AsyncIterator[None]:  # noqa: ARG002 - Starlette's signature
        async with self._http, self._background:
            yield

    async def scan(self, request: Request) -> Response:
        order = await _read(request)
        if order is None:
            return JSONResponse({"error": "a scan needs file, callback (a URL) and content (in base64)"}, 422)
        self._verdicts.setdefault(order.file, None)
        self._background.start(self._work(order))
        return JSONResponse({"file": order.file, "status": "accepted"}, 202)

    async def show(self, request: Request) -> Response:
        file = request.path_params["file"]
        if file not in self._verdicts:
            return JSONResponse({"error": "there is no scan of this file"}, 404)
        return JSONResponse({"file": file, "verdict": self._verdicts[file]})

    async def _work(self, order: _Order) -> None:
        await asyncio.sleep(_SCAN_S)
        verdict = "infected" if EICAR in order.content else "clean"
        self._verdicts[order.file] = verdict
        await self._tell(order, json.dumps({"file": order.file, "verdict": verdict}).encode())

    async def _tell(self, order: _Order, body: bytes) -> None:
        """Send the webhook until somebody has taken it, or refused it, or nothing has helped."""
        for backoff_s in (*_BACKOFFS_S, None):
            if await self._is_taken(f"{order.callback}/hooks/scan", body, order.trace) or backoff_s is None:
                return
            await asyncio.sleep(backoff_s)

    async def _is_taken(self, url: str, body: bytes, trace: Mapping[str, str]) -> bool:
        signed = signature(self._secret, body, int(time.time()))
        headers = {**trace, "Content-Type": "application/json", SIGNATURE: signed}
        try:
            reply = await self._http.post(url, content=body, headers=headers)
        except (httpx.HTTPError, httpx.InvalidURL):
            return False
        return reply.status_code < 500


async def _health(request: Request) -> Response:  # noqa: ARG001 - Starlette's signature
    return JSONResponse({"status": "ok"})


async def _read(request: Request) -> _Order | None:
    try:
        match json.loads(await request.body()):
            case {"file": str(file), "callback": str(callback), "content": str(content)} if "://" in callback:
                return _Order(file, callback.rstrip("/"), base64.b64decode(content, validate=True), trace_of(request))
    except (ValueError, RecursionError, binascii.Error):
        return None
    return None
