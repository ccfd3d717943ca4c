"""Renewals: what an account pays for a month, when, and what becomes of it. Six weaknesses live here."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, Literal, TypeAlias

from flowprobe.demo.background import Background
from flowprobe.demo.calendar import Month
from flowprobe.demo.money import DECIMALS, SEAT_PRICES, written
from flowprobe.demo.outbox import Delivery, Notice, Outbox
from flowprobe.demo.payments import Order, PaymentFailed, Payments
from flowprobe.demo.state import Account, Charge, Currency
from flowprobe.demo.weaknesses import (
    RENEWAL_BILLS_NOTHING,
    RENEWAL_HASTY_YES,
    RENEWAL_IN_CENTS,
    RENEWAL_PRICE_GAP,
    RENEWAL_RETRIES_LATE,
    SETTLING_FORGETS_CREDIT,
)

__all__ = ["Quote", "Renewal", "Renewals"]

RenewalState: TypeAlias = Literal["pending", "paid", "deferred", "declined"]

_PATIENCE_S: Final = 0.6
_HASTY_S: Final = 0.25
_DECLINED: Final = 402
_TOO_MANY: Final = 429


@dataclass(frozen=True, slots=True)
class Quote:
    """What a renewal is going to be: `amount` is `gross` less the account's credit, in minor units; where it cannot be
    settled on the day it is due, it is tried again on `retry_on`."""

    month: Month
    amount: int
    gross: int
    currency: Currency
    due_on: date
    retry_on: date
    subject: str

    @property
    def total(self) -> str:
        return written(self.amount, DECIMALS[self.currency])

    def to_json(self) -> dict[str, object]:
        return {
            "amount": self.amount,
            "currency": self.currency,
            "total": self.total,
            "due_on": self.due_on.isoformat(),
            "retry_on": self.retry_on.isoformat(),
            "subject": self.subject,
        }


@dataclass(slots=True)
class Renewal:
    """One month of an account; `deferred` is what payments did not confirm, and may have charged."""

    id: str
    account: str
    reference: str
    quote: Quote
    amount: int
    total: str
    retry_on: date
    state: RenewalState = "pending"
    charge: Charge | None = None
    delivery: Delivery | None = None
    busy: bool = False

    @classmethod
    def of(cls, id: str, account: Account, reference: str, quote: Quote) -> Renewal:
        return cls(id, account.id, reference, quote, quote.amount, quote.total, quote.retry_on)

    def to_json(self) -> dict[str, object]:
        return {
            **self.quote.to_json(),
            "id": self.id,
            "reference": self.reference,
            "state": self.state,
            "amount": self.amount,
            "total": self.total,
            "retry_on": self.retry_on.isoformat(),
            "receipt": self.delivery.to_json() if self.delivery else None,
        }


class Renewals:
    """Charges for a month in one attempt: what is not confirmed is settled later, under the same key."""

    def __init__(
        self, payments: Payments, outbox: Outbox | None, background: Background, weaknesses: Collection[str]
    ) -> None:
        self._payments = payments
        self._outbox = outbox
        self._background = background
        self._weaknesses = weaknesses
        self._prices = dict(SEAT_PRICES)
        if RENEWAL_PRICE_GAP in weaknesses:
            del self._prices["basic", "KWD"]

    def quote(self, account: Account, month: Month) -> Quote:
        terms = account.terms
        gross = account.seats * self._prices[account.plan.id, terms.currency]
        return Quote(
            month,
            max(0, gross - terms.credit),
            gross,
            terms.currency,
            month.day(terms.billing_day),
            month.next().day(terms.billing_day),
            f"{account.company} renews in {month.year}-{month.month:02}",
        )

    async def renew(self, account: Account, renewal: Renewal, trace: Mapping[str, str]) -> None:
        """Charge, and tell the account of what came of it."""
        if renewal.amount == 0 and RENEWAL_BILLS_NOTHING not in self._weaknesses:
            renewal.state = "paid"
        elif account.card == "missing":
            renewal.state = "declined"
        elif RENEWAL_HASTY_YES in self._weaknesses:
            await self._charge_hastily(account, renewal, trace)
        else:
            await self._charge(account, renewal, trace)
        await self._tell(account, renewal, trace)

    async def settle(self, account: Account, renewal: Renewal, trace: Mapping[str, str]) -> None:
        """Charge again what was deferred: whether the first charge was made or not, there is one."""
        if SETTLING_FORGETS_CREDIT in self._weaknesses:
            renewal.amount = renewal.quote.gross
        await self._charge(account, renewal, trace)

    async def _charge(self, account: Account, renewal: Renewal, trace: Mapping[str, str]) -> None:
        month = f"{renewal.quote.month.year}-{renewal.quote.month.month:02}"
        whose = {"account": account.id, "renewal": renewal.id}
        order = Order(
            renewal.id, renewal.amount, f"Renewal {month}", whose, renewal.quote.currency, f"card_{account.card}"
        )
        try:
            renewal.charge = await self._payments.charge_once(order, trace, within_s=_PATIENCE_S)
        except PaymentFailed as failure:
            self._not_confirmed(account, renewal, failure)
            return
        renewal.state = "paid"

    async def _charge_hastily(self, account: Account, renewal: Renewal, trace: Mapping[str, str]) -> None:
        """Payments has always said yes in the end: who waits for longer than this is told so."""
        charging = self._background.start(self._charge(account, renewal, trace))
        done, _ = await asyncio.wait({charging}, timeout=_HASTY_S)
        if done:
            charging.result()
        else:
            renewal.state = "paid"

    def _not_confirmed(self, account: Account, renewal: Renewal, failure: PaymentFailed) -> None:
        if renewal.state == "paid":
            return  # whoever was told so in haste is not told otherwise
        if failure.status == _DECLINED:
            renewal.state = "declined"
            return
        renewal.state = "deferred"
        if failure.status == _TOO_MANY and RENEWAL_RETRIES_LATE in self._weaknesses:
            # The billing day, counted from the first: beyond the end of a short month it is a day of the next one.
            renewal.retry_on = renewal.quote.month.next().day(1) + timedelta(days=account.terms.billing_day - 1)
        if RENEWAL_IN_CENTS in self._weaknesses:
            renewal.total = written(renewal.amount, 2)

    async def _tell(self, account: Account, renewal: Renewal, trace: Mapping[str, str]) -> None:
        if self._outbox is None or not account.terms.receipts:
            return
        text = f"{renewal.total} {renewal.quote.currency}, {renewal.state}: {renewal.id}"
        notice = Notice(f"{renewal.id}-receipt", account.terms.contact, renewal.quote.subject, text)
        renewal.delivery = await self._outbox.deliver(notice, account.terms, trace)
