"""What invites and payments have in common when money is to move."""

from __future__ import annotations

from flowprobe.demo.payments import PaymentFailed
from flowprobe.demo.replies import ApiError
from flowprobe.demo.state import Account

__all__ = ["check_can_pay", "refusal"]


def check_can_pay(account: Account, what: str) -> None:
    """A 402 where the card of the account cannot be charged."""
    if account.card != "valid":
        message = f"the account's card is {account.card}; {what} must be paid for"
        raise ApiError(402, f"card_{account.card}", message)


def refusal(failure: PaymentFailed) -> ApiError:
    """What the client is told where the product gives up."""
    if failure.timed_out:
        return ApiError(504, "payments_timeout", "the payment provider did not answer in time")
    return ApiError(502, "payments_unavailable", "the payment provider does not work at the moment")
