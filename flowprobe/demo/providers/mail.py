"""A stand-in for a provider of mail: it takes what it is given, and shows it to whoever asks."""

from __future__ import annotations

import json
import secrets

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

__all__ = ["build_mail"]


def build_mail() -> Starlette:
    """The provider as an ASGI application, with an outbox of its own."""
    outbox = _Outbox()
    return Starlette(
        routes=[
            Route("/health", _health),
            Route("/send", outbox.send, methods=["POST"]),
            Route("/messages", outbox.messages),
        ]
    )


class _Outbox:
    """Every mail that was taken, in its order; a key that is known was taken before."""

    def __init__(self) -> None:
        self._messages: list[dict[str, str]] = []
        self._taken: dict[str, str] = {}

    async def send(self, request: Request) -> Response:
        key = request.headers.get("idempotency-key")
        if key in self._taken:
            return JSONResponse({"id": self._taken[key], "status": "accepted"}, 202)
        match await _read(request):
            case {"to": str(to), "subject": str(subject), "text": str(text)} if "@" in to:
                message = {"id": f"msg_{secrets.token_hex(8)}", "to": to, "subject": subject, "text": text}
                self._messages.append(message)
                if key is not None:
                    self._taken[key] = message["id"]
                return JSONResponse({"id": message["id"], "status": "accepted"}, 202)
        return JSONResponse({"error": "a mail needs to (an address), subject and text"}, 422)

    async def messages(self, request: Request) -> Response:
        """The mails to one address; all of them where none is named."""
        to = request.query_params.get("to")
        return JSONResponse({"items": [each for each in self._messages if to in (None, each["to"])]})


async def _health(request: Request) -> Response:  # noqa: ARG001 - Starlette's signature
    return JSONResponse({"status": "ok"})


async def _read(request: Request) -> object:
    try:
        return json.loads(await request.body())
    except (ValueError, RecursionError):
        return None
