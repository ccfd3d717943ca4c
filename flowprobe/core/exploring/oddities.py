"""Accounts as real ones get: odd. The catalogue says which fields make an oddity, by their names, and what they then
are; it is offered where the scenario has such a field, and the field may be that."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from flowprobe.core.account import AccountField, ChosenOddity, Constraint, Oddity, misfit
from flowprobe.core.exploring.constraints import violation
from flowprobe.core.faults.concerns import ordinary
from flowprobe.core.plain import Plain, plain
from flowprobe.core.scenario import Scenario
from flowprobe.core.shapes import equal, shown

__all__ = ["CATALOGUE", "Known", "Sets", "oddities_of", "why_not"]


@plain
class Sets(Plain):
    """One field of an oddity: `names` are what scenarios call it, `values` what it is then: the first that the field
    may be."""

    names: tuple[str, ...]
    values: tuple[Any, ...]


@plain
class Known(Plain):
    """An oddity of the catalogue; every one of `sets` has to fit. `what` is a sentence about it."""

    what: str
    sets: tuple[Sets, ...]


def oddities_of(scenario: Scenario) -> tuple[Oddity, ...]:
    """The odd accounts of a scenario as whole states, in the order of its list, else in that of the catalogue; one that
    is no other than the ordinary account is left out."""
    found = (Oddity(name, {**ordinary(scenario), **values}) for name, values in _offered(scenario))
    usual = ordinary(scenario)
    return tuple(oddity for oddity in found
                 if not equal(oddity.state, usual) and _broken(oddity.state, scenario) is None)


def why_not(scenario: Scenario, chosen: ChosenOddity) -> str:
    """Why a listed oddity makes no state of this account, in words; '' where it does. Its name is in the catalogue, or
    its fields are in the account."""
    if chosen.values is None:
        values = _values(CATALOGUE[chosen.name], scenario.account)
        if isinstance(values, str):
            return values
    else:
        values = chosen.values
        for name, value in values.items():
            strategy = scenario.account[name].strategy
            if strategy is not None and (wanted := misfit(value, strategy)):
                return f"`{name}` cannot be {shown(value)}, but only {wanted}"
    broken = _broken({**ordinary(scenario), **values}, scenario)
    return f"the constraint on line {broken.position.line} would not hold" if broken else ""


def _offered(scenario: Scenario) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if scenario.oddities is None:
        for name, known in CATALOGUE.items():
            values = _values(known, scenario.account)
            if not isinstance(values, str):
                yield name, values
        return
    for chosen in scenario.oddities:
        listed = _values(CATALOGUE[chosen.name], scenario.account) if chosen.values is None else chosen.values
        if not isinstance(listed, str):
            yield chosen.name, listed


def _values(known: Known, account: Mapping[str, AccountField]) -> Mapping[str, Any] | str:
    """The fields that make the oddity, or why they cannot."""
    found: dict[str, Any] = {}
    for sets in known.sets:
        fields = [name for name in account if _plain(name) in sets.names and name not in found]
        if not fields:
            return f"it needs a field such as {', '.join(f'`{name}`' for name in sets.names[:3])}"
        fitting = next(((name, value) for name in fields for value in sets.values if _may(account[name], value)), None)
        if fitting is None and all(account[name].strategy is None for name in fields):
            return f"nothing says what else `{fields[0]}` may be"
        if fitting is None:
            return f"`{fields[0]}` may not be {' or '.join(shown(value) for value in sets.values[:3])}"
        found[fitting[0]] = fitting[1]
    return found


def _may(field: AccountField, value: Any) -> bool:
    """Whether a field may be that, as far as it can be told without running anybody's code."""
    return field.strategy is not None and field.strategy.kind != "python" and not misfit(value, field.strategy)


def _plain(name: str) -> str:
    """`seatCount`, `seat-count` and `SEAT_COUNT` as one word."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).replace("-", "_").lower()


def _broken(state: Mapping[str, Any], scenario: Scenario) -> Constraint | None:
    return next((constraint for constraint in scenario.constraints if violation(constraint, state)), None)


# --- the catalogue --------------------------------------------------------------------------------

_SEATS = ("seats", "licenses", "licences", "quantity", "seat_count", "max_users", "paid_seats")
_USED = ("used", "used_seats", "seats_used", "members", "users", "member_count", "user_count")
_CARD = ("card", "card_state", "card_status", "payment_method", "payment_state", "payment_status")
_EXPIRY = ("card_expires", "card_expiry", "card_expires_at", "expiry", "expires", "expires_at")
_STATE = ("state", "status", "account_state", "account_status", "subscription", "subscription_state",
          "subscription_status", "billing", "billing_state", "billing_status")
_UNPAID = ("unpaid", "unpaid_invoices", "open_invoices", "overdue", "overdue_invoices", "failed_payments")
_PLAN = ("plan", "tier", "edition", "package")
_TRIAL_END = ("trial_ends", "trial_end", "trial_ends_at", "trial_until", "trial_expires")
_BALANCE = ("balance", "credit", "credits", "wallet", "prepaid", "account_balance")
_PRICE = ("price", "amount", "total", "unit_price", "fee")
_DISCOUNT = ("discount", "discount_percent", "percent_off", "coupon_percent")
_NAME = ("name", "company", "company_name", "organisation", "organization", "display_name", "team", "team_name",
         "customer", "customer_name", "full_name")
_EMAIL = ("email", "contact", "billing_email", "contact_email", "owner_email")
_SINCE = ("since", "created", "created_at", "signed_up", "signed_up_at", "member_since", "started", "started_at",
          "birthday", "birth_date", "date_of_birth")
_RENEWAL = ("renewed", "renewed_at", "renews", "renews_at", "renewal", "next_billing", "next_invoice", "billed_at",
            "period_end", "current_period_end")
_COUNTRY = ("country", "country_code", "billing_country")
_TAX = ("vat", "vat_id", "vat_number", "tax_id", "tax_number")
_LISTS = ("items", "cart", "lines", "products", "line_items")
_ROLES = ("roles", "permissions", "scopes", "grants", "role")

CATALOGUE: Mapping[str, Known] = {
    # seats and members
    "zero-seats": Known("A plan without a single seat.", (Sets(_SEATS, (0,)),)),
    "one-seat": Known("An account for one.", (Sets(_SEATS, (1,)),)),
    "very-many-seats": Known("More seats than anybody has tried.",
                             (Sets(_SEATS, (2_147_483_647, 1_000_000, 100_000, 10_000, 1_000)),)),
    "every-seat-taken": Known("Not one more can be invited.", (Sets(_SEATS, (3,)), Sets(_USED, (3,)))),
    "more-members-than-seats": Known("Left over from before a downgrade.", (Sets(_SEATS, (1,)), Sets(_USED, (5, 2)))),
    "nobody-in-it": Known("An account whose last member has gone.", (Sets(_USED, (0,)),)),
    # paying
    "expired-card": Known("A card that has expired.", (Sets(_CARD, ("expired", "card_expired", "EXPIRED")),)),
    "card-expired-long-ago": Known("A date of expiry in the past.", (
        Sets(_EXPIRY, ("2020-01-31", "2020-01-31T00:00", "2020-01", "01/20")),)),
    "no-card": Known("Nothing to charge.", (Sets(_CARD, ("missing", "none", "no_card", None, "")),)),
    "declined-card": Known("A card that the bank declines.", (
        Sets(_CARD, ("declined", "card_declined", "refused", "insufficient_funds", "failed")),)),
    "past-due": Known("The last invoice was not paid.", (
        Sets(_STATE, ("past_due", "past-due", "overdue", "unpaid", "PAST_DUE")),)),
    "unpaid-invoices": Known("Invoices that nobody has paid.", (Sets(_UNPAID, (2, 1, True)),)),
    "owes-us": Known("A balance below nothing.", (Sets(_BALANCE, (-1, -0.01, "-0.01", "-1")),)),
    "used-up-credit": Known("A balance of nothing at all.", (Sets(_BALANCE, (0, "0.00", "0")),)),
    "free-of-charge": Known("A price of nothing, which some providers refuse to charge.",
                            (Sets(_PRICE, (0, "0.00", "0")),)),
    "one-cent": Known("A price below what a provider will charge.", (Sets(_PRICE, (0.01, "0.01", 1)),)),
    "everything-off": Known("A discount of the whole price.", (Sets(_DISCOUNT, (100, "100", "100.00")),)),
    "currency-without-cents": Known("A currency that has no hundredths.", (
        Sets(("currency", "billing_currency"), ("JPY", "jpy", "KRW")),)),
    "currency-in-thousandths": Known("A currency that has three places.", (
        Sets(("currency", "billing_currency"), ("KWD", "kwd", "BHD")),)),
    "another-currency": Known("The account pays in what the price list is not in.", (
        Sets(("currency", "billing_currency"), ("CHF", "USD", "GBP", "chf", "usd")),)),
    # its life
    "cancelled": Known("Cancelled, and still there.", (
        Sets(_STATE, ("cancelled", "canceled", "closed", "CANCELLED")),)),
    "suspended": Known("Suspended by somebody in support.", (
        Sets(_STATE, ("suspended", "frozen", "blocked", "locked", "disabled")),)),
    "half-signed-up": Known("Somebody left in the middle of signing up.", (
        Sets(_STATE, ("incomplete", "pending", "new", "onboarding")),)),
    "still-on-trial": Known("A trial that nobody has ended.", (
        Sets(("trial", "on_trial", "is_trial", "trialing", "plan", "tier"), (True, "trial", "trialing")),)),
    "trial-long-over": Known("A trial whose end has passed.", (Sets(_TRIAL_END, ("2020-01-31", "2020-01-31T00:00")),)),
    "downgraded": Known("On the smallest plan, with what a larger one left.", (
        Sets(_PLAN, ("free", "basic", "starter", "hobby")),)),
    "a-plan-of-old": Known("A plan that is sold no longer.", (
        Sets(_PLAN, ("legacy", "grandfathered", "classic", "deprecated")),)),
    "merged-twice": Known("Two accounts were merged into it, one after the other.", (
        Sets(("merges", "merged", "merge_count", "merged_accounts", "merged_from"), (2, True)),)),
    "imported": Known("Brought over from the system before.", (
        Sets(("imported", "migrated", "source", "origin"), (True, "import", "imported", "migration")),)),
    "without-its-owner": Known("Whoever owned it has left.", (
        Sets(("owner", "owner_id", "admin"), (None, "deleted", "missing", "none")),)),
    # names and addresses
    "no-name": Known("A name that is empty.", (Sets(_NAME, ("", None)),)),
    "very-long-name": Known("A name that fills its column.", (
        Sets(_NAME, tuple("W" * size for size in (255, 120, 100, 80, 64, 50, 40))),)),
    "one-letter-name": Known("A name of one letter.", (Sets(_NAME, ("X",)),)),
    "name-with-marks": Known("A name with the characters that break queries and pages.", (
        Sets(_NAME, ("O'Brien & Sons <Ltd>", "O'Brien")),)),
    "name-in-another-script": Known("A name outside of Latin.", (Sets(_NAME, ("株式会社アクメ",)),)),
    "name-from-right-to-left": Known("A name that is written from right to left.", (Sets(_NAME, ("شركة أكمي",)),)),
    "name-with-an-emoji": Known("A name with one sign of several code points.", (
        Sets(_NAME, ("Acme \U0001f469\u200d\U0001f467", "\U0001f469\u200d\U0001f467")),)),
    "name-between-spaces": Known("A name that was pasted.", (Sets(_NAME, ("  Acme  ",)),)),
    "called-null": Known("A name that some code takes for none.", (Sets(_NAME, ("Null", "null")),)),
    "name-like-a-formula": Known("A name that a spreadsheet would compute.", (Sets(_NAME, ("=1+1",)),)),
    "address-with-a-plus": Known("A tagged address.", (Sets(_EMAIL, ("ann+billing@example.test",)),)),
    "address-in-capitals": Known("The same person twice, for who compares by the letter.",
                                 (Sets(_EMAIL, ("Ann.Smith@EXAMPLE.test",)),)),
    "very-long-address": Known("The longest local part that there may be.", (
        Sets(_EMAIL, (f"{'a' * 64}@example.test",)),)),
    "no-address": Known("Nobody to write to.", (Sets(_EMAIL, (None, "")),)),
    "unconfirmed-address": Known("The address was never confirmed.", (
        Sets(("verified", "confirmed", "email_verified", "email_confirmed"), (False, "unverified", "pending")),)),
    # times and places
    "since-a-leap-day": Known("Its day comes every four years.", (Sets(_SINCE, ("2024-02-29", "2024-02-29T12:00")),)),
    "from-the-beginning-of-time": Known("Where a date was not known, and zero was written.", (
        Sets(_SINCE, ("1970-01-01", "1970-01-01T00:00")),)),
    "renewed-in-the-hour-that-was-not": Known("A time that the clocks left out.", (
        Sets(_RENEWAL, ("2024-03-31T02:30", "2024-03-31")),)),
    "renewed-on-the-31st": Known("A day that most months have not.", (
        Sets(_RENEWAL, ("2024-01-31", "2024-01-31T12:00", 31)),)),
    "never-ends": Known("Renewed in a far year.", (Sets(_RENEWAL, ("2999-12-31", "2999-12-31T23:59")),)),
    "country-of-its-own-rules": Known("Taxed as no neighbour is.", (Sets(_COUNTRY, ("CH", "NO", "ch", "no")),)),
    "no-tax-number": Known("A company without a tax number.", (Sets(_TAX, (None, "")),)),
    "turkish-letters": Known("Where the capital of i is not I.", (
        Sets(("locale", "language", "lang"), ("tr-TR", "tr_TR", "tr")),)),
    "twelve-hours-ahead": Known("Where it is tomorrow already.", (
        Sets(("zone", "timezone", "time_zone", "tz"), ("Pacific/Kiritimati", "Pacific/Auckland")),)),
    # what it holds
    "empty-cart": Known("Nothing to pay for.", (Sets(_LISTS, ([], 0)),)),
    "may-do-nothing": Known("A member without a single right.", (Sets(_ROLES, ([], "none", "guest", None)),)),
}
