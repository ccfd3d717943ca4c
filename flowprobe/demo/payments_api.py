"""One-off payments: each Idempotency-Key is charged exactly once, however often it comes."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from flowprobe.demo.charging import check_can_pay, refusal
from flowprobe.demo.payments import Order, PaymentFailed, Payments
from flowprobe.demo.replies import ApiError, read_object
from flowprobe.demo.shelf import Shelf
from flowprobe.demo.sign_in import SignIn
from flowprobe.demo.state import Account, Charge, State
from flowprobe.demo.tracing import trace_of

__all__ = ["PaymentsApi"]

_State: TypeAlias = Literal["pending", "succeeded", "refunding", "refunded"]
_MOST_CENTS: Final = 1_000_000
_LONGEST_TEXT: Final = 200
_LONGEST_KEY: Final = 200


@dataclass(slots=True)
class _Payment:
    """One payment; `pending` where the provider has not confirmed, `busy` while it is being asked."""

    id: str
    account: str
    key: tuple[str, str]
    amount: int
    description: str
    state: _State = "pending"
    charge: Charge | None = None
    busy: bool = False

    def is_for(self, wish: _Wish) -> bool:
        return (self.amount, self.description) == (wish.amount, wish.description)

    def order(self) -> Order:
        return Order(self.id, self.amount, self.description, {"account": self.account, "payment": self.id})

    def to_json(self) -> dict[str, object]:
        return {
            "id": self.id,
            "state": self.state,
            "amount": self.amount,
            "currency": "EUR",
            "description": self.description,
            "charge": self.charge.id if self.charge else None,
        }


class PaymentsApi:
    """Paying, looking, giving back."""

    def __init__(self, state: State, sign_in: SignIn, payments: Payments) -> None:
        self._sign_in = sign_in
        self._payments = payments
        self._shelf: Shelf[_Payment] = Shelf("payment", state, sign_in)

    def routes(self) -> list[Route]:
        return [
            Route("/v1/payments", self._create, methods=["POST"]),
            Route("/v1/payments", self._list),
            Route("/v1/payments/{id}", self._show),
            Route("/v1/payments/{id}/refund", self._refund, methods=["POST"]),
        ]

    async def _list(self, request: Request) -> Response:
        account = self._sign_in.own_account(request)
        return JSONResponse({"items": [payment.to_json() for payment in self._shelf.of(account.id)]})

    async def _show(self, request: Request) -> Response:
        return JSONResponse(self._shelf.asked_for(request).to_json())

    async def _create(self, request: Request) -> Response:
        account = self._sign_in.own_account(request)
        wish = _Wish.read(await read_object(request))
        key = self._sign_in.user(request).id, _key(request)
        payment = next((each for each in self._shelf.of(account.id) if each.key == key), None)
        if payment is None:
            payment = self._begin(account, key, wish)
        elif not payment.is_for(wish):
            raise ApiError(422, "idempotency_key_reused", "this Idempotency-Key came with another body before")
        if payment.state == "pending":
            await self._settle(payment, trace_of(request))
        status = 202 if payment.state == "pending" else 201
        return JSONResponse(payment.to_json(), status, {"Location": f"/v1/payments/{payment.id}"})

    def _begin(self, account: Account, key: tuple[str, str], wish: _Wish) -> _Payment:
        check_can_pay(account, "a payment")
        payment = _Payment(f"pay_{secrets.token_hex(8)}", account.id, key, wish.amount, wish.description)
        self._shelf.put(payment)
        return payment

    async def _settle(self, payment: _Payment, trace: Mapping[str, str]) -> None:
        """Charge, or charge again: the provider knows the payment by its id, and takes the money once."""
        with _busy(payment):
            try:
                payment.charge = await self._payments.charge([payment.order()] * 2, trace)
            except PaymentFailed as failure:
                if self._payments.policy.may_defer(failure):
                    return
                self._shelf.remove(payment)
                raise refusal(failure) from failure
            payment.state = "succeeded"

    async def _refund(self, request: Request) -> Response:
        payment = self._shelf.asked_for(request)
        if payment.state != "refunded":
            await self._give_back(payment, trace_of(request))
        return JSONResponse(payment.to_json(), 202 if payment.state == "refunding" else 200)

    async def _give_back(self, payment: _Payment, trace: Mapping[str, str]) -> None:
        with _busy(payment):
            try:
                await self._payments.refund(payment.charge.reference if payment.charge else payment.id, trace)
            except PaymentFailed as failure:
                if not self._payments.policy.may_defer(failure):
                    raise refusal(failure) from failure
                payment.state = "refunding"
                return
            payment.state = "refunded"


@dataclass(frozen=True, slots=True)
class _Wish:
    """How much is to be paid, in cents, and what for."""

    amount: int
    description: str

    @classmethod
    def read(cls, body: Mapping[str, object]) -> _Wish:
        amount, description = body.get("amount"), body.get("description", "")
        # bool is an int to Python, but not to whoever wrote `true` here.
        if isinstance(amount, bool) or not isinstance(amount, int) or not 1 <= amount <= _MOST_CENTS:
            raise ApiError(422, "invalid_amount", f"amount must be a whole number of cents from 1 to {_MOST_CENTS}")
        if not isinstance(description, str) or len(description) > _LONGEST_TEXT:
            message = f"description must be a text of at most {_LONGEST_TEXT} characters"
            raise ApiError(422, "invalid_description", message)
        if body.get("currency", "EUR") != "EUR":
            raise ApiError(422, "invalid_currency", "the only currency is EUR")
        return cls(amount, description)


def _key(request: Request) -> str:
    key = request.headers.get("idempotency-key", "")
    if not 1 <= len(key) <= _LONGEST_KEY:
        message = f"send an Idempotency-Key of at most {_LONGEST_KEY} characters, a new one for each payment"
        raise ApiError(422, "missing_idempotency_key", message)
    return key


@contextmanager
def _busy(payment: _Payment) -> Iterator[None]:
    """Keep a second request off a payment while the provider is being asked about it."""
    if payment.busy:
        raise ApiError(409, "in_progress", "another request for this payment is still being worked on")
    payment.busy = True
    try:
        yield
    finally:
        payment.busy = False
