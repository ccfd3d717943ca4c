"""The closed set of weaknesses that Acme Teams can be started with.

Each is a genuine code path: a time-out, a missing fallback, a blind retry. Nothing here or elsewhere
in the demo knows that faults are injected. Those of the second half need an account in an odd state, most of them a
provider in trouble besides.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

__all__ = [
    "FALLBACK_CRASHES_SUSPENDED",
    "FALLBACK_READS_SINGLY",
    "INVITE_COUPON_TWICE",
    "INVITE_ZERO_SEATS",
    "OUTBOX_CUTS_SUBJECTS",
    "OUTBOX_IN_LATIN_1",
    "OUTBOX_NEEDS_A_PHONE",
    "PAYMENTS_DOUBLE_CHARGE",
    "PAYMENTS_SHORT_TIMEOUT",
    "PAYMENTS_TRUSTS_200",
    "RENEWAL_BILLS_NOTHING",
    "RENEWAL_HASTY_YES",
    "RENEWAL_IN_CENTS",
    "RENEWAL_PRICE_GAP",
    "RENEWAL_RETRIES_LATE",
    "SCANNER_COUNTS_TWICE",
    "SCANNER_NO_FALLBACK",
    "SEARCH_NO_FALLBACK",
    "SEARCH_NO_TIMEOUT",
    "SETTLING_FORGETS_CREDIT",
    "TERM_LEAP_DAY",
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
INVITE_ZERO_SEATS: Final = "invite-zero-seats"
INVITE_COUPON_TWICE: Final = "invite-coupon-twice"
RENEWAL_HASTY_YES: Final = "renewal-hasty-yes"
RENEWAL_IN_CENTS: Final = "renewal-in-cents"
RENEWAL_RETRIES_LATE: Final = "renewal-retries-late"
RENEWAL_BILLS_NOTHING: Final = "renewal-bills-nothing"
RENEWAL_PRICE_GAP: Final = "renewal-price-gap"
SETTLING_FORGETS_CREDIT: Final = "settling-forgets-credit"
OUTBOX_IN_LATIN_1: Final = "outbox-in-latin-1"
OUTBOX_CUTS_SUBJECTS: Final = "outbox-cuts-subjects"
OUTBOX_NEEDS_A_PHONE: Final = "outbox-needs-a-phone"
FALLBACK_CRASHES_SUSPENDED: Final = "fallback-crashes-suspended"
FALLBACK_READS_SINGLY: Final = "fallback-reads-singly"
TERM_LEAP_DAY: Final = "term-leap-day"


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
        "Payments get 800 ms; an invite whose payment is not known by then is kept, payment deferred: 202.",
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
    Weakness(
        INVITE_ZERO_SEATS,
        "An account with 0 bought seats is taken for one that is not set up yet: its payment is tried "
        "once, and an invite that it did not confirm is dropped: 502, perhaps charged.",
        "Seats are counted: the payment is tried twice, then deferred, and the invite stays: 202.",
    ),
    Weakness(
        INVITE_COUPON_TWICE,
        "The first attempt spends the account's coupon, and the second one is worked out without it: "
        "another amount, another key, and a lost reply is charged twice.",
        "The price is worked out once, for both attempts.",
    ),
    Weakness(
        RENEWAL_HASTY_YES,
        "Where payments takes longer than 250 ms, a renewal is paid (201): also for an expired card, "
        "which payments then declines.",
        "A renewal waits for 600 ms, and is paid when payments says so; else declined (402) or deferred "
        "(202).",
    ),
    Weakness(
        RENEWAL_IN_CENTS,
        "The total of a renewal that is deferred has two decimals in every currency: 54.00 for 5400 yen.",
        "Each currency has its own decimals.",
    ),
    Weakness(
        RENEWAL_RETRIES_LATE,
        "After a 429 of payments the billing day is counted from the first of the next month: the 31st of "
        "February is the 3rd of March.",
        "A day that the next month does not have is its last one, after any failure.",
    ),
    Weakness(
        RENEWAL_BILLS_NOTHING,
        "A renewal that costs nothing (no seats, or all of it credit) is charged all the same; payments "
        "refuses a charge of 0, and it stays deferred for good.",
        "What costs nothing is paid, and payments is not called.",
    ),
    Weakness(
        RENEWAL_PRICE_GAP,
        "The price list lacks Basic in KWD: quote and renewal crash (500).",
        "Each plan has a price in each currency.",
    ),
    Weakness(
        SETTLING_FORGETS_CREDIT,
        "Settling what was deferred charges the full price, without the account's credit.",
        "What is settled is what was quoted.",
    ),
    Weakness(
        OUTBOX_IN_LATIN_1,
        "A notice that mail did not take is kept in Latin-1: a company's name in other letters crashes "
        "the call (500), which has charged already.",
        "The outbox keeps UTF-8.",
    ),
    Weakness(
        OUTBOX_CUTS_SUBJECTS,
        "The subject of a notice that mail did not take is cut off after 64 characters.",
        "The outbox keeps the whole subject.",
    ),
    Weakness(
        OUTBOX_NEEDS_A_PHONE,
        "Where mail did not take a notice, the account's phone number is looked up: an account that has "
        "none crashes the call (500), which has charged already.",
        "A phone number is optional.",
    ),
    Weakness(
        FALLBACK_CRASHES_SUSPENDED,
        "The search in the own database has no limit for suspended accounts, and crashes: 500 with a "
        "stack trace.",
        "Each status of an account has its limit.",
    ),
    Weakness(
        FALLBACK_READS_SINGLY,
        "The search in the own database reads an account of more than 1000 documents one by one: a "
        "millisecond each.",
        "It reads a thousand at a time.",
    ),
    Weakness(
        TERM_LEAP_DAY,
        "An account that was opened on the 29th of February has no end of its term: 500.",
        "Its term ends on the 28th of February.",
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
