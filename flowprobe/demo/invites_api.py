"""Invites: each holds a seat, and each seat is paid for at the payment provider."""

from __future__ import annotations

import re
import secrets
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from flowprobe.demo.charging import check_can_pay, refusal
from flowprobe.demo.idempotency import IdempotencyKeys
from flowprobe.demo.mail import Mail
from flowprobe.demo.payments import Order, PaymentFailed, Payments
from flowprobe.demo.replies import ApiError, read_object
from flowprobe.demo.sign_in import SignIn
from flowprobe.demo.state import Account, Invite, State
from flowprobe.demo.tracing import trace_of
from flowprobe.demo.weaknesses import INVITE_COUPON_TWICE, INVITE_ZERO_SEATS

__all__ = ["InvitesApi"]

_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]+\.[^@\s.]+")
_ROLES = ("member", "admin")


class InvitesApi:
    """Inviting, listing and taking back."""

    def __init__(
        self, state: State, sign_in: SignIn, payments: Payments, mail: Mail | None, weaknesses: Collection[str]
    ) -> None:
        self._state = state
        self._sign_in = sign_in
        self._payments = payments
        self._mail = mail
        self._drops_zero_seats = INVITE_ZERO_SEATS in weaknesses
        self._spends_coupon_first = INVITE_COUPON_TWICE in weaknesses
        self._keys = IdempotencyKeys()

    def routes(self) -> list[Route]:
        return [
            Route("/v1/teams/{team}/invites", self._create, methods=["POST"]),
            Route("/v1/teams/{team}/invites", self._list),
            Route("/v1/invites/{invite}", self._show),
            Route("/v1/invites/{invite}", self._delete, methods=["DELETE"]),
        ]

    async def _list(self, request: Request) -> Response:
        account = self._team(request)
        return JSONResponse({"items": [_json(account, invite) for invite in account.invites.values()]})

    async def _show(self, request: Request) -> Response:
        return JSONResponse(_json(*self._invite(request)))

    async def _create(self, request: Request) -> Response:
        account, user = self._team(request), self._sign_in.user(request)
        if user.role == "billing":
            raise ApiError(403, "forbidden", "the billing contact may not invite; ask an admin of the account")
        wish = _Wish.read(await read_object(request))
        asked = (request.url.path, wish.email, wish.role)
        return await self._keys.once(
            request, user.id, asked, lambda: self._hold_seat(account, wish, trace_of(request))
        )

    async def _hold_seat(self, account: Account, wish: _Wish, trace: Mapping[str, str]) -> JSONResponse:
        check_can_pay(account, "a seat")
        _check_not_suspended(account)
        _check_not_invited(account, wish.email)
        invite = Invite(f"inv_{secrets.token_hex(8)}", wish.email, wish.role)
        account.invites[invite.id] = invite
        with _busy(invite):
            status = await self._pay(account, invite, trace)
        await self._tell(account, invite, trace)
        return JSONResponse(_receipt(invite), status, {"Location": f"/v1/invites/{invite.id}"})

    async def _pay(self, account: Account, invite: Invite, trace: Mapping[str, str]) -> int:
        """Pay for a seat that is held already; what is raised here and not caught leaves it held."""
        orders = self._orders(account, invite)
        account.terms = replace(account.terms, coupon=None)
        # 0 seats are a number of seats; `if not` takes them for an account that nobody has set up yet.
        is_nobody = self._drops_zero_seats and not account.bought_seats
        try:
            invite.charge = await self._payments.charge(orders[:1] if is_nobody else orders, trace)
        except PaymentFailed as failure:
            if is_nobody or not self._payments.policy.may_defer(failure):
                account.invites.pop(invite.id, None)
                raise refusal(failure) from failure
            invite.payment = "deferred"
            return 202
        invite.payment = "paid"
        return 201

    def _orders(self, account: Account, invite: Invite) -> list[Order]:
        """One order for each attempt. With a coupon the seat costs a tenth less, in both of them."""
        full, coupon = account.plan.seat_price, account.terms.coupon
        first = full * 9 // 10 if coupon else full
        if self._spends_coupon_first:
            # The coupon is spent by the first attempt; the second one is worked out anew, and is another order.
            return [_order(account, invite, amount, f"{invite.id}-{amount}") for amount in (first, full)]
        return [_order(account, invite, first, invite.id)] * 2

    async def _tell(self, account: Account, invite: Invite, trace: Mapping[str, str]) -> None:
        """Mail to who is invited; an invite that nobody was told about is still an invite."""
        if self._mail is not None:
            subject = f"{account.company} invites you"
            text = f"Your seat is waiting: {invite.id}. Questions? {account.terms.contact}"
            invite.mailed = await self._mail.send(invite.email, subject, text, trace) == "taken"

    async def _delete(self, request: Request) -> Response:
        account, invite = self._invite(request)
        if invite.busy:
            raise ApiError(409, "in_progress", "a payment for this invite is on its way; try again")
        with _busy(invite):
            await self._refund(invite, trace_of(request))
        account.invites.pop(invite.id, None)
        return Response(status_code=204)

    async def _refund(self, invite: Invite, trace: Mapping[str, str]) -> None:
        reference = invite.charge.reference if invite.charge else invite.id
        try:
            await self._payments.refund(reference, trace)
        except PaymentFailed as failure:
            if not self._payments.policy.may_defer(failure):
                raise refusal(failure) from failure

    def _team(self, request: Request) -> Account:
        return self._sign_in.account(request, self._state.account_of_team(request.path_params["team"]))

    def _invite(self, request: Request) -> tuple[Account, Invite]:
        self._sign_in.user(request)
        found = self._state.invite(request.path_params["invite"])
        if found is None:
            raise ApiError(404, "not_found", "there is no such invite")
        return self._sign_in.account(request, found[0]), found[1]


@dataclass(frozen=True, slots=True)
class _Wish:
    """Who is to be invited, and as what."""

    email: str
    role: str

    @classmethod
    def read(cls, body: Mapping[str, object]) -> _Wish:
        email, role = body.get("email"), body.get("role", "member")
        if not isinstance(email, str) or len(email) > 254 or not _EMAIL.fullmatch(email):
            raise ApiError(422, "invalid_email", "email must be an address, such as ada@example.test")
        if role not in _ROLES:
            raise ApiError(422, "invalid_role", f"role must be one of {', '.join(_ROLES)}")
        return cls(email, str(role))


@contextmanager
def _busy(invite: Invite) -> Iterator[None]:
    """Keep a second request off an invite whose payment is on its way."""
    invite.busy = True
    try:
        yield
    finally:
        invite.busy = False


def _order(account: Account, invite: Invite, amount: int, reference: str) -> Order:
    whose = {"account": account.id, "invitee": invite.email}
    return Order(reference, amount, f"One more seat, for {invite.email}", whose)


def _check_not_suspended(account: Account) -> None:
    if account.terms.status == "suspended":
        raise ApiError(403, "account_suspended", "a suspended account may look, and not invite")


def _check_not_invited(account: Account, email: str) -> None:
    if any(invite.email == email for invite in account.invites.values()):
        raise ApiError(409, "already_invited", f"{email} has an invite already")


def _receipt(invite: Invite) -> dict[str, str]:
    receipt = {"id": invite.id, "state": "pending", "email": invite.email, "role": invite.role}
    return receipt | ({"payment": "deferred"} if invite.payment == "deferred" else {})


def _json(account: Account, invite: Invite) -> dict[str, str]:
    known = {**_receipt(invite), "team": account.team, "payment": invite.payment}
    return known if invite.mailed is None else {**known, "mail": "sent" if invite.mailed else "unsent"}
