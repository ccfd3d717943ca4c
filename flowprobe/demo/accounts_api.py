"""Accounts, plans, what is billed, and the hook that puts an account into a state for a test."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from flowprobe.demo.calendar import anniversary
from flowprobe.demo.replies import ApiError, read_object
from flowprobe.demo.sign_in import SignIn
from flowprobe.demo.state import CARDS, PLANS, Account, Card, Charge, Invite, Plan, State
from flowprobe.demo.terms import read_terms, terms_json
from flowprobe.demo.weaknesses import TERM_LEAP_DAY

__all__ = ["AccountsApi"]

_CURRENCY = "EUR"
_MOST_SEATS = 100_000
_LONGEST_COMPANY = 80
_SHORTEST_PASSWORD, _LONGEST_PASSWORD = 8, 200


class AccountsApi:
    """What a customer sees of the account and the bill."""

    def __init__(self, state: State, sign_in: SignIn, weaknesses: Collection[str]) -> None:
        self._state = state
        self._sign_in = sign_in
        self._knows_leap_days = TERM_LEAP_DAY not in weaknesses

    def routes(self) -> list[Route]:
        return [
            Route("/v1/accounts/{account}", self._show),
            Route("/v1/plans", self._plans),
            Route("/v1/billing/summary", self._summary),
            Route("/v1/billing/plan", self._change_plan, methods=["PUT"]),
            Route("/test/accounts/{account}", self._test_state),
            Route("/test/accounts/{account}", self._reset, methods=["PUT"]),
            Route("/test/users/{email}", self._set_password, methods=["PUT"]),
        ]

    async def _show(self, request: Request) -> Response:
        account = self._sign_in.account(request, self._state.accounts.get(request.path_params["account"]))
        ends = self._term_ends(account.terms.opened_on)
        return JSONResponse({**_account_json(account), "term_ends": ends.isoformat()})

    def _term_ends(self, opened_on: date) -> date:
        """A term is a year; an account that was opened on a leap day has a day to be found."""
        return anniversary(opened_on) if self._knows_leap_days else opened_on.replace(year=opened_on.year + 1)

    async def _plans(self, request: Request) -> Response:
        self._sign_in.user(request)
        plans = [
            {"id": plan.id, "name": plan.name, "seat_price": plan.seat_price, "currency": _CURRENCY}
            for plan in PLANS
        ]
        return JSONResponse({"items": plans})

    async def _summary(self, request: Request) -> Response:
        return JSONResponse(_summary_json(self._sign_in.own_account(request)))

    async def _change_plan(self, request: Request) -> Response:
        """Who invites does not decide what a seat costs: that is for the account's billing contact."""
        account = self._sign_in.own_account(request)
        if self._sign_in.user(request).role != "billing":
            raise ApiError(403, "forbidden", "only the billing contact may change the plan")
        account.plan = _plan((await read_object(request)).get("plan"))
        return JSONResponse(_summary_json(account))

    async def _test_state(self, request: Request) -> Response:
        return JSONResponse(_account_json(self._under_test(request)))

    async def _reset(self, request: Request) -> Response:
        account = self._under_test(request)
        body = await read_object(request)
        account.reset(
            seats=_seats(body.get("seats", account.bought_seats)),
            company=_company(body.get("company", account.company)),
            card=_card(body.get("card", account.card)),
            plan=_plan(body.get("plan", account.plan.id)),
            terms=read_terms(body),
        )
        return JSONResponse(_account_json(account))

    async def _set_password(self, request: Request) -> Response:
        self._check_staff(request)
        user = self._state.user_of(request.path_params["email"])
        if user is None:
            raise ApiError(404, "not_found", "there is no such user")
        self._state.passwords[user.email] = _password((await read_object(request)).get("password"))
        return JSONResponse({"id": user.id, "email": user.email})

    def _check_staff(self, request: Request) -> None:
        if not self._sign_in.user(request).is_staff:
            raise ApiError(403, "forbidden", "only staff may put an account into a test state, or look at it")

    def _under_test(self, request: Request) -> Account:
        self._check_staff(request)
        return self._sign_in.account(request, self._state.accounts.get(request.path_params["account"]))


def _account_json(account: Account) -> dict[str, object]:
    return {
        "id": account.id,
        "company": account.company,
        "plan": account.plan.id,
        "region": account.region,
        "team": account.team,
        "seats": account.seats,
        "card": account.card,
        **terms_json(account.terms),
    }


def _summary_json(account: Account) -> dict[str, object]:
    return {
        "account": account.id,
        "plan": account.plan.id,
        "seats": account.seats,
        "currency": _CURRENCY,
        "card": account.card,
        "charges": [_charge_json(invite, charge) for invite, charge in account.charges],
        "total": sum(charge.amount for _, charge in account.charges),
    }


def _charge_json(invite: Invite, charge: Charge) -> dict[str, object]:
    return {
        "id": charge.id,
        "reference": charge.reference,
        "amount": charge.amount,
        "currency": _CURRENCY,
        "invite": invite.id,
    }


def _seats(value: object) -> int:
    # bool is an int to Python, but not to whoever wrote `true` here.
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _MOST_SEATS:
        raise ApiError(
            422, "invalid_seats", f"seats is {value!r}; it must be a whole number from 0 to {_MOST_SEATS}"
        )
    return value


def _company(value: object) -> str:
    if not isinstance(value, str) or len(value) > _LONGEST_COMPANY:
        raise ApiError(
            422, "invalid_company", f"company must be a text of at most {_LONGEST_COMPANY} characters"
        )
    return value


def _card(value: object) -> Card:
    for card in CARDS:
        if value == card:
            return card
    raise ApiError(422, "invalid_card", f"card is {value!r}; it must be valid, expired or missing")


def _password(value: object) -> str:
    if not isinstance(value, str) or not _SHORTEST_PASSWORD <= len(value) <= _LONGEST_PASSWORD:
        message = f"password must have {_SHORTEST_PASSWORD} to {_LONGEST_PASSWORD} characters"
        raise ApiError(422, "invalid_password", message)
    return value


def _plan(value: object) -> Plan:
    for plan in PLANS:
        if value == plan.id:
            return plan
    raise ApiError(422, "invalid_plan", f"plan is {value!r}; it must be {' or '.join(plan.id for plan in PLANS)}")
