"""What Acme Teams remembers: users, accounts, invites and charges, in memory, gone with the process."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Final, Literal, TypeAlias

__all__ = [
    "CARDS",
    "PLANS",
    "Account",
    "Card",
    "Charge",
    "Currency",
    "Invite",
    "Plan",
    "Role",
    "State",
    "Status",
    "Terms",
    "User",
    "seeded",
]

Card: TypeAlias = Literal["valid", "expired", "missing"]
Payment: TypeAlias = Literal["unknown", "paid", "deferred"]
Status: TypeAlias = Literal["active", "trial", "suspended"]
Currency: TypeAlias = Literal["EUR", "JPY", "KWD"]
Role: TypeAlias = Literal["admin", "billing", "operator"]

CARDS: Final[tuple[Card, ...]] = ("valid", "expired", "missing")


@dataclass(frozen=True, slots=True)
class Plan:
    """What an account can subscribe to; money is in cents."""

    id: str
    name: str
    seat_price: int


PLANS: Final[tuple[Plan, ...]] = (Plan("basic", "Basic", 600), Plan("pro", "Pro", 1200))


@dataclass(frozen=True, slots=True)
class User:
    """Someone who can sign in; staff belong to no account and may act on all.

    Without a token nobody signs in as this user: it is what a client of our own acts as.
    """

    id: str
    email: str
    name: str
    role: Role
    token: str | None = field(repr=False)
    account: str | None

    @property
    def is_staff(self) -> bool:
        return self.account is None


@dataclass(frozen=True, slots=True)
class Charge:
    """What the product believes it has charged for a seat."""

    id: str
    reference: str
    amount: int


@dataclass(slots=True)
class Invite:
    """One seat that is held for someone; `busy` while a payment for it is on its way.

    `mailed` says whether the mail has gone out; None where the product has nobody to send mail.
    """

    id: str
    email: str
    role: str
    payment: Payment = "unknown"
    charge: Charge | None = None
    mailed: bool | None = None
    busy: bool = False


@dataclass(frozen=True, slots=True)
class Terms:
    """What there is to an account besides seats, plan and card: `credit` is in minor units of the currency, `coupon` is
    for its next seat, `documents` are those that it has beyond the ones that can be found."""

    status: Status = "active"
    currency: Currency = "EUR"
    credit: int = 0
    coupon: str | None = None
    billing_day: int = 1
    opened_on: date = date(2025, 3, 1)
    contact: str = "office@acme.example"
    phone: str | None = "+49 30 901820"
    receipts: bool = True
    documents: int = 0


@dataclass(slots=True)
class Account:
    """A customer with one team."""

    id: str
    company: str
    plan: Plan
    region: str
    team: str
    bought_seats: int
    card: Card = "valid"
    terms: Terms = Terms()
    invites: dict[str, Invite] = field(default_factory=dict)

    @property
    def seats(self) -> int:
        return self.bought_seats + len(self.invites)

    @property
    def charges(self) -> list[tuple[Invite, Charge]]:
        return [(invite, invite.charge) for invite in self.invites.values() if invite.charge]

    def reset(self, *, seats: int, company: str, card: Card, plan: Plan, terms: Terms) -> None:
        """Put the account into a state that a test asks for; invites and charges are forgotten."""
        self.bought_seats, self.company, self.card, self.plan, self.terms = seats, company, card, plan, terms
        self.invites.clear()


@dataclass(frozen=True, slots=True)
class State:
    """All that the product remembers. `passwords` (by e-mail) are those that a test has set."""

    users: tuple[User, ...]
    accounts: dict[str, Account]
    passwords: dict[str, str] = field(default_factory=dict, repr=False)

    def user_with(self, token: str) -> User | None:
        return next((user for user in self.users if user.token == token), None)

    def user_of(self, email: str) -> User | None:
        return next((user for user in self.users if user.email == email), None)

    def account_of_team(self, team: str) -> Account | None:
        return next((account for account in self.accounts.values() if account.team == team), None)

    def invite(self, invite_id: str) -> tuple[Account, Invite] | None:
        for account in self.accounts.values():
            if found := account.invites.get(invite_id):
                return account, found
        return None


def seeded(
    *, token_admin: str, token_operator: str, token_billing: str | None = None, token_admin_us: str | None = None
) -> State:
    """The state that every process starts with; a user whose token is not given is not there."""
    basic, pro = PLANS
    accounts = (
        Account("acc_eu_pro", "Acme", pro, "eu", "team_eu", bought_seats=3),
        Account("acc_us_basic", "Globex", basic, "us", "team_us", bought_seats=12),
    )
    users = (
        User("usr_admin", "admin@acme.example", "Ada Admin", "admin", token_admin, "acc_eu_pro"),
        User("usr_operator", "operator@acme-teams.example", "Otto Operator", "operator", token_operator, None),
        User("usr_billing", "billing@acme.example", "Bea Billing", "billing", token_billing, "acc_eu_pro"),
        User("usr_admin_us", "admin@globex.example", "Gus Admin", "admin", token_admin_us, "acc_us_basic"),
    )
    return State(tuple(user for user in users if user.token), {account.id: account for account in accounts})
