"""The product's client of its payment provider: three of its weaknesses live here."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any, Final, TypeAlias

import httpx

from flowprobe.demo.patience import asks_to_wait
from flowprobe.demo.state import Charge
from flowprobe.demo.weaknesses import PAYMENTS_DOUBLE_CHARGE, PAYMENTS_SHORT_TIMEOUT, PAYMENTS_TRUSTS_200

__all__ = ["Order", "PaymentFailed", "Payments", "PaymentsPolicy"]

_CHARGES: Final = "/v1/charges"
_REFUNDS: Final = "/v1/refunds"
_BACKOFF_S: Final = 0.05
_PATIENT_S: Final = 0.8
_HASTY_S: Final = 0.3

_Fields: TypeAlias = dict[str, object]


class PaymentFailed(Exception):
    """The provider did not confirm; whether money has moved is not known. `status` is what it answered, if
    it did; with `later` it asked not to be called again at once."""

    def __init__(
        self, message: str, *, timed_out: bool = False, status: int | None = None, later: bool = False
    ) -> None:
        super().__init__(message)
        self.timed_out, self.status, self.later = timed_out, status, later


@dataclass(frozen=True, slots=True)
class PaymentsPolicy:
    """How the product treats its payment provider."""

    attempt_timeout_s: float
    late_is_refused: bool
    same_key: bool
    checks_replies: bool

    @classmethod
    def under(cls, weaknesses: Collection[str]) -> PaymentsPolicy:
        """The policy that these switches leave."""
        hasty = PAYMENTS_SHORT_TIMEOUT in weaknesses
        return cls(
            attempt_timeout_s=_HASTY_S if hasty else _PATIENT_S,
            late_is_refused=hasty,
            same_key=PAYMENTS_DOUBLE_CHARGE not in weaknesses,
            checks_replies=PAYMENTS_TRUSTS_200 not in weaknesses,
        )

    @property
    def deadline_s(self) -> float | None:
        """The time for all attempts together; a blind retry knows only its own attempt."""
        return _PATIENT_S if self.same_key else None

    def may_defer(self, failure: PaymentFailed) -> bool:
        """Whether to settle later: only under a key by which the payment can be found again."""
        return self.same_key and not (self.late_is_refused and failure.timed_out)


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be paid for, in minor units; the reference names it for good. `source` is the card to charge, where
    payments is to judge it."""

    reference: str
    amount: int
    description: str
    metadata: Mapping[str, str]
    currency: str = "EUR"
    source: str | None = None

    def fields(self) -> _Fields:
        fields: _Fields = {
            "amount": self.amount,
            "currency": self.currency,
            "description": self.description,
            "metadata": dict(self.metadata),
        }
        return fields if self.source is None else {**fields, "source": self.source}


class Payments:
    """Charges and refunds at the provider."""

    def __init__(self, http: httpx.AsyncClient, policy: PaymentsPolicy) -> None:
        self._http = http
        self.policy = policy

    async def charge(self, orders: Sequence[Order], trace: Mapping[str, str]) -> Charge:
        """Charge in as many attempts as there are orders, each of which should be the same, or raise PaymentFailed."""
        post, reply = await self._send([_charge(order, trace) for order in orders])
        return Charge(reply["id"], post.reference, post.amount)

    async def charge_once(self, order: Order, trace: Mapping[str, str], *, within_s: float) -> Charge:
        """Charge in one attempt, which ends in time, or raise PaymentFailed."""
        async with _in_time(within_s):
            post, reply = await self._attempt(_charge(order, trace))
        return Charge(reply["id"], post.reference, post.amount)

    async def refund(self, reference: str, trace: Mapping[str, str]) -> None:
        """Give back whatever was charged under a reference in two attempts, or raise PaymentFailed."""
        post = _Post(_REFUNDS, reference, f"{reference}-refund", {}, trace)
        await self._send([post, post])

    async def _send(self, posts: Sequence[_Post]) -> tuple[_Post, Any]:
        *tries, last = posts
        async with _in_time(self.policy.deadline_s):
            for post in tries:
                try:
                    return await self._attempt(post)
                except PaymentFailed as failure:
                    if failure.later and self.policy.same_key:
                        raise
                    await asyncio.sleep(_BACKOFF_S)
            return await self._attempt(last)

    async def _attempt(self, post: _Post) -> tuple[_Post, Any]:
        if not self.policy.same_key:
            post = post.as_a_new_one()
        try:
            async with _in_time(self.policy.attempt_timeout_s):
                response = await self._http.post(post.path, json=post.json(), headers=post.headers())
        except httpx.HTTPError as error:
            raise PaymentFailed(f"payments: {type(error).__name__}") from error
        return post, self._read(response)

    def _read(self, response: httpx.Response) -> Any:
        if response.status_code >= 400:
            said = f"payments answered {response.status_code}"
            raise PaymentFailed(said, status=response.status_code, later=asks_to_wait(response))
        if not self.policy.checks_replies:
            return response.json()
        return _checked(response)


@dataclass(frozen=True, slots=True)
class _Post:
    """One request to the provider; with a key it can be sent again without a second effect."""

    path: str
    reference: str
    key: str | None
    fields: _Fields
    trace: Mapping[str, str]
    amount: int = 0

    def as_a_new_one(self) -> _Post:
        """The same wish without a key; a charge gets another name too, and so is charged anew."""
        if self.path != _CHARGES:
            return replace(self, key=None)
        return replace(self, reference=f"{self.reference}-{secrets.token_hex(4)}", key=None)

    def json(self) -> _Fields:
        return {"reference": self.reference, **self.fields}

    def headers(self) -> dict[str, str]:
        return {**self.trace, **({"Idempotency-Key": self.key} if self.key else {})}


def _charge(order: Order, trace: Mapping[str, str]) -> _Post:
    return _Post(_CHARGES, order.reference, f"{order.reference}-charge", order.fields(), trace, order.amount)


def _checked(response: httpx.Response) -> Any:
    """The reply, if it is what the provider documents; a 200 alone says nothing."""
    kind = response.headers.get("content-type", "")
    if not response.is_success or not kind.startswith("application/json"):
        raise PaymentFailed(f"payments answered {response.status_code} with `{kind}`, not with JSON")
    try:
        reply = response.json()
    except (ValueError, RecursionError) as error:
        raise PaymentFailed("payments answered with broken JSON") from error
    match reply:
        case {"id": str(), "status": "succeeded"}:
            return reply
    raise PaymentFailed("payments answered with JSON that is no payment")


@asynccontextmanager
async def _in_time(seconds: float | None) -> AsyncIterator[None]:
    """Bound what is inside from its first to its last byte; a time-out is a failure of the provider."""
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError as error:
        raise PaymentFailed(f"payments: no answer in {seconds} s", timed_out=True) from error
