"""How the calls of a persona are authorised: what the file says, with every secret by reference. Plain data; who
resolves and signs is elsewhere (`flowprobe.secrets`, `flowprobe.auth`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Literal, TypeAlias, assert_never

from flowprobe.core.plain import Plain, plain
from flowprobe.core.scenario import CallTemplate, SecretRef

__all__ = [
    "SIGNED_PARTS",
    "ApiKey",
    "Auth",
    "Basic",
    "Bearer",
    "Certificate",
    "ClientCredentials",
    "Grant",
    "Hmac",
    "OAuth2",
    "PasswordGrant",
    "RefreshGrant",
    "SigV4",
    "grant_name",
    "references",
]

SIGNED_PARTS = ("timestamp", "method", "host", "path", "query", "body", "body_digest", "id")
"""What an HMAC may be made over, besides `header:NAME`."""


@plain
class Bearer(Plain):
    """`Authorization: Bearer <secret>`."""

    token: SecretRef


@plain
class Basic(Plain):
    """`Authorization: Basic <user:password in base64>` (RFC 7617)."""

    user: str
    password: SecretRef


@plain
class ApiKey(Plain):
    """The secret as the header, the query parameter or the cookie `name`."""

    place: Literal["header", "query", "cookie"]
    name: str
    value: SecretRef


@plain
class ClientCredentials(Plain):
    """RFC 6749, 4.4: the client acts for itself."""


@plain
class PasswordGrant(Plain):
    """RFC 6749, 4.3."""

    user: str
    password: SecretRef


@plain
class RefreshGrant(Plain):
    """RFC 6749, 6, from a refresh token that was given to us."""

    token: SecretRef


Grant: TypeAlias = ClientCredentials | PasswordGrant | RefreshGrant


@plain
class OAuth2(Plain):
    """A token that is asked for at `token` (a target's path, or a whole URL). `client_in` says how the client names
    itself: HTTP Basic, or in the body; `extra` goes into the body (`audience`, `resource`)."""

    token: CallTemplate
    client_id: str
    grant: Grant = field(default_factory=ClientCredentials)
    client_secret: SecretRef | None = None
    client_in: Literal["basic", "body"] = "basic"
    scope: tuple[str, ...] = ()
    extra: Mapping[str, str] = field(default_factory=dict)


@plain
class Hmac(Plain):
    """A keyed digest over the parts `sign` in this order, joined by `join`. `headers` are those that are added, with
    `{signature}`, `{timestamp}`, `{id}` and `{body_digest}` in them. See docs/reference/environment.md."""

    key: SecretRef
    sign: tuple[str, ...]
    headers: Mapping[str, str]
    id: str = ""
    algorithm: Literal["sha256", "sha512"] = "sha256"
    encoding: Literal["hex", "base64"] = "hex"
    join: str = "\n"


@plain
class SigV4(Plain):
    """AWS Signature Version 4."""

    access_key: SecretRef
    secret_key: SecretRef
    region: str
    service: str
    session_token: SecretRef | None = None


Auth: TypeAlias = Bearer | Basic | ApiKey | OAuth2 | Hmac | SigV4


@plain
class Certificate(Plain):
    """What the persona's client shows in a TLS handshake: PEM files, and the password of the key."""

    cert: SecretRef
    key: SecretRef
    password: SecretRef | None = None


def grant_name(grant: Grant) -> str:
    """`grant_type` as RFC 6749 writes it."""
    match grant:
        case ClientCredentials():
            return "client_credentials"
        case PasswordGrant():
            return "password"
        case RefreshGrant():
            return "refresh_token"


def references(auth: Auth) -> tuple[SecretRef, ...]:
    """Every secret that signing needs."""
    found: tuple[SecretRef | None, ...]
    match auth:
        case Bearer(token=reference) | Basic(password=reference) | ApiKey(value=reference) | Hmac(key=reference):
            found = (reference,)
        case SigV4():
            found = (auth.access_key, auth.secret_key, auth.session_token)
        case OAuth2(grant=PasswordGrant(password=of_grant) | RefreshGrant(token=of_grant)):
            found = (of_grant, auth.client_secret)
        case OAuth2():
            found = (auth.client_secret,)
        case _:
            assert_never(auth)
    return tuple(reference for reference in found if reference is not None)
