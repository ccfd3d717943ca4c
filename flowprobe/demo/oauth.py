"""OAuth 2: who may ask for tokens, and what has been granted (RFC 6749, RFC 7636)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from flowprobe.demo.state import User

__all__ = ["SCOPE", "Client", "Grants", "OAuthError", "Tokens", "challenge_of"]

SCOPE: Final = "teams"
_CODE_S: Final = 60.0
_REFRESH_S: Final = 86_400.0
_LOOPBACK: Final = ("127.0.0.1", "::1", "localhost")


class OAuthError(Exception):
    """A refusal in the words of RFC 6749, section 5.2."""

    def __init__(self, code: str, description: str, status: int = 400) -> None:
        super().__init__(description)
        self.code, self.description, self.status = code, description, status


@dataclass(frozen=True, slots=True)
class Client:
    """A program that asks for tokens. One without a secret is public; `acts_as` is whom it is itself."""

    id: str
    redirect_uri: str
    secret: str | None = field(default=None, repr=False)
    acts_as: User | None = None

    def has_secret(self, secret: str | None) -> bool:
        return hmac.compare_digest((self.secret or "").encode(), (secret or "").encode())

    def may_return_to(self, uri: str) -> bool:
        """The address that is registered; on loopback any port will do (RFC 8252, section 7.3)."""
        return uri == self.redirect_uri or _without_port(uri) == _without_port(self.redirect_uri)


@dataclass(slots=True)
class _Grant:
    """What a user has allowed a client once; all tokens that come of it end with it."""

    client: str
    user: User
    is_revoked: bool = False


@dataclass(slots=True)
class _Code:
    """An authorization code, and what has to be shown to redeem it."""

    grant: _Grant
    redirect_uri: str
    challenge: str
    expires: float
    is_used: bool = False


@dataclass(slots=True)
class _Refresh:
    """A refresh token: it is used once, and gives way to the next."""

    grant: _Grant
    expires: float
    is_used: bool = False


@dataclass(frozen=True, slots=True)
class Tokens:
    """The reply of a token endpoint."""

    access_token: str = field(repr=False)
    expires_in: int
    refresh_token: str | None = field(default=None, repr=False)

    def to_json(self) -> dict[str, object]:
        body = {"access_token": self.access_token, "token_type": "Bearer", "expires_in": self.expires_in}
        return {**body, "scope": SCOPE} | ({"refresh_token": self.refresh_token} if self.refresh_token else {})


class Grants:
    """All codes and tokens that were given out. What is used twice has been stolen, and ends its grant."""

    def __init__(self, clock: Callable[[], float], *, access_s: int) -> None:
        self._clock = clock
        self._access_s = access_s
        self._codes: dict[str, _Code] = {}
        self._refreshes: dict[str, _Refresh] = {}
        self._accesses: dict[str, tuple[_Grant, float]] = {}

    def code(self, client: Client, user: User, redirect_uri: str, challenge: str) -> str:
        """A code for a user who has signed in."""
        code = secrets.token_urlsafe(32)
        self._codes[code] = _Code(_Grant(client.id, user), redirect_uri, challenge, self._clock() + _CODE_S)
        return code

    def redeem(self, client: Client, code: str, redirect_uri: str, verifier: str) -> Tokens:
        """The tokens for a code, which is used up whatever comes of it."""
        found = self._codes.get(code)
        if found is None or found.grant.client != client.id:
            raise OAuthError("invalid_grant", "the code is not known, or is another client's")
        self._use(found, "code")
        if found.redirect_uri != redirect_uri:
            raise OAuthError("invalid_grant", "redirect_uri is not the one that the code was asked for with")
        if not hmac.compare_digest(challenge_of(verifier), found.challenge):
            raise OAuthError("invalid_grant", "code_verifier does not fit the code_challenge")
        return self._tokens(found.grant)

    def renew(self, client: Client, refresh_token: str) -> Tokens:
        """The next tokens for a refresh token, which is used up."""
        found = self._refreshes.get(refresh_token)
        if found is None or found.grant.client != client.id:
            raise OAuthError("invalid_grant", "the refresh token is not known, or is another client's")
        self._use(found, "refresh token")
        return self._tokens(found.grant)

    def grant(self, client: Client, user: User, *, refreshes: bool) -> Tokens:
        """Tokens for a user who has shown who that is; a program that acts for itself has none to refresh."""
        return self._tokens(_Grant(client.id, user), refreshes=refreshes)

    def user(self, access_token: str) -> User | None:
        """Whom an access token stands for; None for one that is not, or no longer, valid."""
        grant, expires = self._accesses.get(access_token, (None, 0.0))
        if grant is None or grant.is_revoked or expires <= self._clock():
            return None
        return grant.user

    def _use(self, token: _Code | _Refresh, name: str) -> None:
        if token.is_used:
            token.grant.is_revoked = True
            raise OAuthError("invalid_grant", f"the {name} was used before; all that came of it is revoked")
        token.is_used = True
        if token.grant.is_revoked or token.expires <= self._clock():
            raise OAuthError("invalid_grant", f"the {name} has expired or was revoked")

    def _tokens(self, grant: _Grant, *, refreshes: bool = True) -> Tokens:
        access, refresh = (secrets.token_urlsafe(32) for _ in range(2))
        self._accesses[access] = grant, self._clock() + self._access_s
        if refreshes:
            self._refreshes[refresh] = _Refresh(grant, self._clock() + _REFRESH_S)
        return Tokens(access, self._access_s, refresh if refreshes else None)


def challenge_of(verifier: str) -> str:
    """The S256 challenge of a verifier (RFC 7636, section 4.2)."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")


def _without_port(uri: str) -> tuple[str, ...] | str:
    try:
        parts = urlsplit(uri)
    except ValueError:
        return uri
    if parts.scheme != "http" or parts.hostname not in _LOOPBACK or "@" in uri or parts.fragment:
        return uri
    return parts.hostname, parts.path, parts.query
