"""OAuth2: a token that is asked for when the first call needs it, kept for the run, and renewed before it expires:
once, for all threads that wait for it.

No socket is opened here: the token call goes out through the `send` that is given.
"""

from __future__ import annotations

import contextlib
import secrets
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from urllib.parse import quote_plus, urlsplit, urlunsplit

from flowprobe.auth.constant import basic_value
from flowprobe.auth.signer import SignInFailed, with_headers
from flowprobe.auth.token_reply import Granted, read_reply, token_form
from flowprobe.core.auth import OAuth2, PasswordGrant, RefreshGrant, grant_name
from flowprobe.core.events import SignedIn
from flowprobe.core.wire import Body, Call, NoReply, Outcome

__all__ = ["BUDGET_S", "MARGIN_S", "OAuthSigner", "Surroundings", "TokenSecrets"]

BUDGET_S = 10.0
"""What a token call may take as a whole."""
MARGIN_S = 30.0
"""A token is renewed so long before it expires; of a short-lived one in the last quarter of its life."""


@dataclass(frozen=True, slots=True)
class TokenSecrets:
    """`grant` is the password, or the refresh token that was given to us."""

    client: str | None = field(default=None, repr=False)
    grant: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a signer needs of the run: `url` tells where the token is, `send` makes the call, `conceal` is told each
    token before anybody sees it (ValueError: too short), `noted` each attempt, `clock` is that of the outcomes."""

    url: Callable[[], str]
    send: Callable[[Call], Outcome]
    conceal: Callable[[str], None]
    noted: Callable[[SignedIn], None]
    clock: Callable[[], float]


@dataclass(slots=True)
class _Token:
    """`until` is when it has to be renewed (None: when it is refused). `proven`: a call was not refused with it;
    `second`: it was asked for because the one before was refused."""

    value: str
    until: float | None
    second: bool
    proven: bool = False


class OAuthSigner:
    """The token of one persona. Thread-safe."""

    def __init__(self, auth: OAuth2, known: TokenSecrets, around: Surroundings, *, persona: str) -> None:
        self._auth, self._known, self._around, self._persona = auth, known, around, persona
        self._lock = threading.Lock()
        self._token: _Token | None = None
        self._flight: Future[_Token] | None = None
        self._refused = False
        self._refresh = known.grant if isinstance(auth.grant, RefreshGrant) else ""

    def sign(self, call: Call) -> Call:
        if any(name.lower() == "authorization" for name in call.headers):
            return call  # the step says itself who it is
        return with_headers(call, {"authorization": f"Bearer {self._current().value}"})

    def answered(self, call: Call, status: int) -> None:
        """After a 401 the next call gets a new token; the call itself is not sent again. A second token that is
        refused like the first stays: asking on would not help."""
        with self._lock:
            token = self._token
            if token is None or call.credentials.get("authorization") != f"Bearer {token.value}":
                return
            if status != 401:
                token.proven = True
            elif token.proven or not token.second:
                self._token, self._refused = None, True

    # --- one flight for all ---

    def _current(self) -> _Token:
        with self._lock:
            token = self._token
            if token is not None and (token.until is None or self._around.clock() < token.until):
                return token
            flight, mine = self._flight, self._flight is None
            if flight is None:
                flight = self._flight = Future()
        if mine:
            self._fly(flight)
        try:
            return flight.result()
        except SignInFailed as failed:
            raise SignInFailed(str(failed)) from None

    def _fly(self, flight: Future[_Token]) -> None:
        try:
            token = self._renewed()
        except BaseException as failed:
            self._land(None)
            flight.set_exception(failed)
        else:
            self._land(token)
            flight.set_result(token)

    def _land(self, token: _Token | None) -> None:
        with self._lock:
            self._token, self._flight = token, None

    # --- asking for a token ---

    def _renewed(self) -> _Token:
        """By the refresh token where there is one; where that is refused, as at first."""
        if self._refresh and isinstance(self._auth.grant, PasswordGrant):
            with contextlib.suppress(SignInFailed):
                return self._asked("refresh_token")
            self._refresh = ""
        return self._asked(grant_name(self._auth.grant))

    def _asked(self, grant: str) -> _Token:
        call = self._call(grant)
        outcome = self._around.send(call)
        where = _place(call.url)
        try:
            granted = self._granted(outcome)
        except SignInFailed as failed:
            self._note(grant, where, outcome, str(failed))
            raise SignInFailed(f"POST {where}: {failed}") from None
        self._note(grant, where, outcome)
        if grant != "client_credentials":
            self._refresh = granted.refresh_token or self._refresh
        token = _Token(granted.token, _until(granted, outcome.sent), self._refused)
        self._refused = False
        return token

    def _granted(self, outcome: Outcome) -> Granted:
        if isinstance(outcome, NoReply):
            raise SignInFailed(outcome.detail or outcome.reason)
        granted = read_reply(outcome.status, outcome.body)
        try:
            for secret in filter(None, (granted.token, granted.refresh_token, *granted.others)):
                self._around.conceal(secret)
        except ValueError:
            raise SignInFailed("a token is too short to be kept out of reports") from None
        return granted

    def _note(self, grant: str, where: str, outcome: Outcome, detail: str = "") -> None:
        self._around.noted(SignedIn(self._persona, grant, where, "failed" if detail else "signed-in", outcome.seconds,
                                    detail))

    def _call(self, grant: str) -> Call:
        headers = {"accept": "application/json"}
        parameters = {**self._auth.extra, **self._said(grant), "scope": " ".join(self._auth.scope)}
        if self._known.client is not None and self._auth.client_in == "basic":
            # RFC 6749, 2.3.1: both are form-encoded before they are joined
            value = basic_value(quote_plus(self._auth.client_id), quote_plus(self._known.client))
            self._around.conceal(value.removeprefix("Basic "))
            headers["authorization"] = value
        else:
            parameters |= {"client_id": self._auth.client_id, "client_secret": self._known.client or ""}
        body = Body(token_form(grant, parameters), "application/x-www-form-urlencoded")
        return Call(secrets.token_hex(16), "", "sign-in", self._persona, "POST", self._around.url(), headers, body,
                    budget=BUDGET_S)

    def _said(self, grant: str) -> dict[str, str]:
        if grant == "refresh_token":
            return {"refresh_token": self._refresh}
        if isinstance(self._auth.grant, PasswordGrant):
            return {"username": self._auth.grant.user, "password": self._known.grant}
        return {}


def _until(granted: Granted, sent: float) -> float | None:
    if granted.lifetime_s is None:
        return None
    return sent + granted.lifetime_s - min(MARGIN_S, granted.lifetime_s / 4)


def _place(url: str) -> str:
    """The URL as it may be shown: without query and user."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment=""))
