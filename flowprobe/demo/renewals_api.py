"""The API of renewals: what a month costs, paying for it, settling what was deferred, taking it back."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from flowprobe.demo.calendar import Month
from flowprobe.demo.charging import refusal
from flowprobe.demo.idempotency import IdempotencyKeys
from flowprobe.demo.payments import PaymentFailed, Payments
from flowprobe.demo.renewals import Renewal, Renewals, RenewalState
from flowprobe.demo.replies import ApiError, read_object
from flowprobe.demo.shelf import Shelf
from flowprobe.demo.sign_in import SignIn
from flowprobe.demo.state import Account, State
from flowprobe.demo.tracing import trace_of

__all__ = ["RenewalsApi"]

_LONGEST_REFERENCE: Final = 80
_STATUS: Final[Mapping[RenewalState, int]] = {"paid": 201, "deferred": 202, "declined": 402}


class RenewalsApi:
    """Renewing by the account's own users."""

    def __init__(self, state: State, sign_in: SignIn, payments: Payments, renewals: Renewals) -> None:
        self._sign_in = sign_in
        self._payments = payments
        self._renewals = renewals
        self._state = state
        self._shelf: Shelf[Renewal] = Shelf("renewal", state, sign_in)
        self._keys = IdempotencyKeys()

    def routes(self) -> list[Route]:
        return [
            Route("/v1/renewals/quote", self._quote),
            Route("/v1/renewals", self._create, methods=["POST"]),
            Route("/v1/renewals", self._list),
            Route("/v1/renewals/{id}", self._show),
            Route("/v1/renewals/{id}", self._delete, methods=["DELETE"]),
            Route("/v1/renewals/{id}/settle", self._settle, methods=["POST"]),
        ]

    async def _quote(self, request: Request) -> Response:
        account = self._sign_in.own_account(request)
        return JSONResponse(self._renewals.quote(account, _month(request.query_params.get("month"))).to_json())

    async def _list(self, request: Request) -> Response:
        account = self._sign_in.own_account(request)
        return JSONResponse({"items": [renewal.to_json() for renewal in self._shelf.of(account.id)]})

    async def _show(self, request: Request) -> Response:
        return JSONResponse(self._shelf.asked_for(request).to_json())

    async def _create(self, request: Request) -> Response:
        account, user = self._sign_in.own_account(request), self._sign_in.user(request)
        body = await read_object(request)
        month, reference = _month(body.get("month")), _reference(body.get("reference", ""))
        asked = [month.year, month.month, reference]

        async def renew() -> JSONResponse:
            return await self._renew(account, month, reference, trace_of(request))

        return await self._keys.once(request, user.id, asked, renew)

    async def _renew(
        self, account: Account, month: Month, reference: str, trace: Mapping[str, str]
    ) -> JSONResponse:
        quote = self._renewals.quote(account, month)
        renewal = Renewal.of(f"ren_{secrets.token_hex(8)}", account, reference, quote)
        self._shelf.put(renewal)
        with _busy(renewal):
            await self._renewals.renew(account, renewal, trace)
        return _reply(renewal, _STATUS[renewal.state])

    async def _settle(self, request: Request) -> Response:
        renewal = self._shelf.asked_for(request)
        with _busy(renewal):
            if renewal.state == "deferred":
                await self._renewals.settle(self._state.accounts[renewal.account], renewal, trace_of(request))
        return _reply(renewal, 200 if renewal.state == "paid" else _STATUS[renewal.state])

    async def _delete(self, request: Request) -> Response:
        renewal = self._shelf.asked_for(request)
        with _busy(renewal):
            await self._refund(renewal, trace_of(request))
        self._shelf.remove(renewal)
        return Response(status_code=204)

    async def _refund(self, renewal: Renewal, trace: Mapping[str, str]) -> None:
        """Give back what may have been charged: of what was deferred nobody knows."""
        if renewal.state == "declined" or renewal.amount == 0:
            return
        reference = renewal.charge.reference if renewal.charge else renewal.id
        try:
            await self._payments.refund(reference, trace)
        except PaymentFailed as failure:
            if not self._payments.policy.may_defer(failure):
                raise refusal(failure) from failure


def _reply(renewal: Renewal, status: int) -> JSONResponse:
    body = renewal.to_json()
    if renewal.state == "declined":
        body["error"] = {"code": "card_declined", "message": "the account's card cannot be charged"}
    return JSONResponse(body, status, {"Location": f"/v1/renewals/{renewal.id}"})


def _month(value: object) -> Month:
    month = Month.read(value) if isinstance(value, str) else None
    if month is None:
        raise ApiError(422, "invalid_month", "month must be a month of this century, such as 2027-02")
    return month


def _reference(value: object) -> str:
    if not isinstance(value, str) or len(value) > _LONGEST_REFERENCE:
        message = f"reference must be a text of at most {_LONGEST_REFERENCE} characters, or be left out"
        raise ApiError(422, "invalid_reference", message)
    return value


@contextmanager
def _busy(renewal: Renewal) -> Iterator[None]:
    """Keep a second request off a renewal while the provider is being asked about it."""
    if renewal.busy:
        raise ApiError(409, "in_progress", "another request for this renewal is still being worked on")
    renewal.busy = True
    try:
        yield
    finally:
        renewal.busy = False
