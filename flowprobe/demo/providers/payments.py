"""A stand-in for a payment provider: it charges what it is told to, once for each Idempotency-Key."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Final, TypeAlias

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

__all__ = ["build_payments"]

_Json: TypeAlias = dict[str, object]

_FILTERS: Final = ("reference", "invitee", "payment")


def build_payments() -> Starlette:
    """The provider as an ASGI application, with books of its own."""
    desk = _Desk()
    return Starlette(
        routes=[
            Route("/health", _health),
            Route("/v1/charges", desk.charge, methods=["POST"]),
            Route("/v1/charges", desk.charges),
            Route("/v1/refunds", desk.refund, methods=["POST"]),
        ],
        exception_handlers={_Refused: _on_refused},
    )


@dataclass(frozen=True, slots=True)
class _Charge:
    """Money that was taken; the reference and the metadata are the merchant's own."""

    id: str
    amount: int
    currency: str
    reference: str
    metadata: _Json
    refunded: bool = False
    status: str = "succeeded"

    def to_json(self) -> _Json:
        return {"object": "charge", **asdict(self)}


class _Desk:
    """Takes requests, keeps the books, and gives the first reply again to a key that it knows."""

    def __init__(self) -> None:
        self._charges: list[_Charge] = []
        self._replies: dict[str, tuple[_Json, _Json]] = {}

    async def charge(self, request: Request) -> Response:
        return await self._once(request, self._charge)

    async def refund(self, request: Request) -> Response:
        return await self._once(request, self._refund)

    async def charges(self, request: Request) -> Response:
        """The charges with a reference, or for an invitee or a payment (metadata); all of them where none is named."""
        found = [charge.to_json() for charge in self._charges if _is_wanted(charge, request.query_params)]
        return _reply(200, {"object": "list", "data": found, "total": len(found)})

    async def _once(self, request: Request, act: Callable[[_Json], _Json]) -> Response:
        body = await _read(request)
        key = request.headers.get("idempotency-key")
        if key is None:
            return _reply(201, act(body))
        if key not in self._replies:
            self._replies[key] = body, act(body)
            return _reply(201, self._replies[key][1])
        first_body, reply = self._replies[key]
        if first_body != body:
            raise _Refused(409, "idempotency_key_reused", "this key came with other parameters before")
        return _reply(201, reply, {"Idempotent-Replayed": "true"})

    def _charge(self, body: _Json) -> _Json:
        if body.get("source") == "card_expired":
            raise _Refused(402, "card_error", "the card has expired")
        charge = _order(body)
        self._charges.append(charge)
        return charge.to_json()

    def _refund(self, body: _Json) -> _Json:
        """Give back all that is left of a reference, which may be nothing."""
        reference = body.get("reference")
        left = [charge for charge in self._charges if charge.reference == reference and not charge.refunded]
        for charge in left:
            self._charges[self._charges.index(charge)] = replace(charge, refunded=True)
        return {
            "object": "refund",
            "id": f"re_{secrets.token_hex(8)}",
            "reference": reference,
            "amount": sum(charge.amount for charge in left),
            "status": "succeeded",
        }


class _Refused(Exception):
    """The merchant's mistake."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


async def _on_refused(request: Request, error: Exception) -> Response:  # noqa: ARG001 - Starlette's signature
    assert isinstance(error, _Refused)
    return _reply(error.status, {"error": {"type": error.code, "message": error.message}})


async def _health(request: Request) -> Response:  # noqa: ARG001 - Starlette's signature
    return _reply(200, {"status": "ok"})


async def _read(request: Request) -> _Json:
    try:
        body = json.loads(await request.body())
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise _Refused(400, "invalid_request", "the body is not a JSON object")
    return body


def _order(body: _Json) -> _Charge:
    match body:
        case {"amount": int(amount), "currency": str(currency), "reference": str(reference)} if amount > 0:
            metadata = body.get("metadata")
            metadata = metadata if isinstance(metadata, dict) else {}
            return _Charge(f"ch_{secrets.token_hex(8)}", amount, currency, reference, metadata)
    raise _Refused(422, "invalid_request", "a charge needs an amount above 0, a currency and a reference")


def _is_wanted(charge: _Charge, wanted: Mapping[str, str]) -> bool:
    known = {**charge.metadata, "reference": charge.reference}
    return all(known.get(name) == wanted[name] for name in _FILTERS if name in wanted)


def _reply(status: int, body: _Json, headers: dict[str, str] | None = None) -> Response:
    request_id = {"Request-Id": f"req_{secrets.token_hex(8)}", "Cache-Control": "no-store"}
    return JSONResponse(body, status, request_id | (headers or {}))
