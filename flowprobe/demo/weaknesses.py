"""The closed set of weaknesses that Acme Teams can be started with.

Each is a genuine code path: a time-out, a missing fallback, a blind retry. Nothing here or elsewhere
in the demo knows that faults are injected.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

__all__ = [
    "PAYMENTS_DOUBLE_CHARGE",
    "PAYMENTS_SHORT_TIMEOUT",
    "PAYMENTS_TRUSTS_200",
    "SCANNER_COUNTS_TWICE",
    "SCANNER_NO_FALLBACK",
    "SEARCH_NO_FALLBACK",
    "SEARCH_NO_TIMEOUT",
    "WEAKNESSES",
    "UnknownWeakness",
    "Weakness",
    "parse_weaknesses",
]

SEARCH_NO_FALLBACK: Final = "search-no-fallback"
SEARCH_NO_TIMEOUT: Final = "search-no-timeout"
PAYMENTS_SHORT_TIMEOUT: Final = "payments-short-timeout"
PAYMENTS_DOUBLE_CHARGE: Final = "payments-double-charge"
PAYMENTS_TRUSTS_200: Final = "payments-trusts-200"
SCANNER_NO_FALLBACK: Final = "scanner-no-fallback"
SCANNER_COUNTS_TWICE: Final = "scanner-counts-twice"


@dataclass(frozen=True, slots=True)
class Weakness:
    """One switch: what the product does wrong with it, and what it does without it."""

    name: str
    summary: str
    healthy: str


WEAKNESSES: Final[tuple[Weakness, ...]] = (
    Weakness(
        SEARCH_NO_FALLBACK,
        "When the search index fails or is not in time, the search tab fails with it: 502.",
        "The tab answers from a scan of its own database: 200, the same hits, source `database`.",
    ),
    Weakness(
        SEARCH_NO_TIMEOUT,
        "The search tab waits for the index as long as the index likes: a hang hangs the tab.",
        "The tab gives the index 150 ms.",
    ),
    Weakness(
        PAYMENTS_SHORT_TIMEOUT,
        "A payment call is given up after 300 ms, and a late answer is taken for a refusal: 504, no invite.",
        "Payments get 5 s; an invite whose payment is not known by then is kept, payment deferred: 202.",
    ),
    Weakness(
        PAYMENTS_DOUBLE_CHARGE,
        "The second attempt has a new reference and no Idempotency-Key, so a lost reply is paid twice; "
        "what fails twice fails the invite: 502.",
        "Both attempts bear the same Idempotency-Key within one deadline; what still fails is deferred: 202.",
    ),
    Weakness(
        PAYMENTS_TRUSTS_200,
        "Whatever comes with a 2xx or 3xx is read as a charge: a page of HTML crashes the call (500 with a "
        "stack trace) and leaves the unpaid invite behind.",
        "A reply that is not a charge in JSON is a failure of the provider: retried, then deferred: 202.",
    ),
    Weakness(
        SCANNER_NO_FALLBACK,
        "A file waits for the scanner's webhook alone: where the webhook or the order to scan is lost, the file "
        "stays as it is for good.",
        "Whoever looks at a file that has waited for 1 s makes the product ask the scanner itself.",
    ),
    Weakness(
        SCANNER_COUNTS_TWICE,
        "Every webhook is booked as one more scan: one that comes twice makes `scans` 2.",
        "A webhook for a file that has its verdict changes nothing: `scans` stays 1.",
    ),
)
_NAMES: Final = frozenset(weakness.name for weakness in WEAKNESSES)


class UnknownWeakness(ValueError):
    """A list of switches that this product cannot follow; the message lists those that it has."""


def parse_weaknesses(text: str) -> frozenset[str]:
    """The switches that are on: `all`, `none`, or names between commas."""
    names = frozenset(part.strip() for part in text.split(",")) - {""}
    if names == {"all"}:
        return _NAMES
    if names == {"none"}:
        return frozenset()
    if strange := sorted(names - _NAMES):
        raise UnknownWeakness(_refusal(strange))
    return names


def _refusal(strange: list[str]) -> str:
    known = ", ".join(weakness.name for weakness in WEAKNESSES)
    found = ", ".join(f"`{name}`" for name in strange)
    return f"{found} is no weakness; write `all` or `none` alone, or names out of: {known}"
