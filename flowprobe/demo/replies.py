"""How the product answers: JSON, errors as `{"error": {"code", "message"}}`, and bodies that it can read."""

from __future__ import annotations

import asyncio
import json
import logging
import traceback
from collections.abc import Mapping

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

__all__ = [
    "ApiError",
    "CrashPage",
    "error_reply",
    "object_in",
    "on_api_error",
    "on_http_error",
    "read_bytes",
    "read_object",
]

_CODES = {404: "not_found", 405: "method_not_allowed"}
_log = logging.getLogger("acme_teams")


class ApiError(Exception):
    """A refusal that the client is told about."""

    def __init__(
        self, status: int, code: str, message: str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.headers = status, code, message, headers


def error_reply(
    status: int, code: str, message: str, headers: Mapping[str, str] | None = None
) -> JSONResponse:
    return JSONResponse({"error": {"code": code, "message": message}}, status, headers)


async def on_api_error(request: Request, error: Exception) -> Response:  # noqa: ARG001 - Starlette's signature
    assert isinstance(error, ApiError)
    return error_reply(error.status, error.code, error.message, error.headers)


async def on_http_error(request: Request, error: Exception) -> Response:
    """Starlette's own refusals (no such route, wrong method), in the words of this API."""
    assert isinstance(error, HTTPException)
    code = _CODES.get(error.status_code, "http_error")
    message = f"{request.method} {request.url.path}: {error.detail}"
    return error_reply(error.status_code, code, message, error.headers)


async def read_object(request: Request) -> dict[str, object]:
    """The JSON object in the body; anything else is the client's mistake."""
    return object_in(await request.body())


def object_in(content: bytes) -> dict[str, object]:
    """The JSON object in a body that was read before."""
    try:
        body = json.loads(content)
        # A lone surrogate can be read from JSON but never be sent on as UTF-8.
        json.dumps(body, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        raise ApiError(422, "invalid_body", "the body is not JSON in UTF-8") from None
    if not isinstance(body, dict):
        raise ApiError(422, "invalid_body", "the body is not a JSON object")
    return body


async def read_bytes(request: Request, most: int) -> bytes:
    """The body as it is; one that is larger than that is read no further, and none at all is a mistake."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > most:
            raise ApiError(413, "too_large", f"the body is larger than {most} bytes")
    if not body:
        raise ApiError(422, "invalid_body", "the body is empty")
    return bytes(body)


class CrashPage:
    """Turn what nobody caught into a 500; a product that leaves its debug page on shows the stack trace."""

    def __init__(self, app: ASGIApp, *, shows_traceback: bool) -> None:
        self._app = app
        self._shows_traceback = shows_traceback

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._app(scope, receive, send)
        except asyncio.CancelledError:
            if scope["type"] != "http":
                raise
            # Only a shutdown that has waited long enough cancels a request.
            await error_reply(503, "shutting_down", "the product is being stopped")(scope, receive, send)
        except Exception as error:
            if scope["type"] != "http":
                raise
            _log.error("%s %s crashed: %r", scope["method"], scope["path"], error)
            await self._page(error)(scope, receive, send)

    def _page(self, error: Exception) -> Response:
        if self._shows_traceback:
            text = "".join(traceback.format_exception(error))
            return PlainTextResponse(f"Internal Server Error\n\n{text}", 500)
        return error_reply(500, "internal", "something went wrong on our side")
