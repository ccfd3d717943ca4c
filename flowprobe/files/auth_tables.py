"""The tables of a persona's `auth` and `certificate`: exactly one kind, every secret by reference."""

from __future__ import annotations

from typing import Any

from flowprobe.core.auth import (
    ApiKey,
    Auth,
    Basic,
    Bearer,
    Certificate,
    ClientCredentials,
    Grant,
    Hmac,
    OAuth2,
    PasswordGrant,
    RefreshGrant,
    SigV4,
)
from flowprobe.core.fields import As, Choice, Field, ListOf, MapOf, OneOf, Record, Text
from flowprobe.files.specials import HEADER_NAME, SECRET, SECRET_FILE, SIGNED_PART, TOKEN_LINE

__all__ = ["AUTH", "BASIC", "BEARER", "CERTIFICATE", "HMAC"]

_PLAIN = Text()
_NO_COLON = Text(pattern="[^:]+", described="a user without a colon")
_KEY_NAME = Text(pattern=r"[\w.~-]+", described="one word")
_SIGNED = Text(pattern=r"(?:[^{}]|\{(?:signature|timestamp|id|body_digest)\})+",
               described="text with {signature}, {timestamp}, {id} or {body_digest} in it")
_USER = Field("user", _PLAIN, "Who signs in.", required=True, example="acme")
_PASSWORD = Field("password", SECRET, "The password, by reference.", required=True, example="env:ACME_PASSWORD")


def _api_key(*, value: Any, header: str = "", query: str = "", cookie: str = "") -> ApiKey:
    if header:
        return ApiKey("header", header, value)
    return ApiKey("query", query, value) if query else ApiKey("cookie", cookie, value)


def _grant(*, password: PasswordGrant | None = None, refresh_token: Any = None) -> Grant:
    return password or RefreshGrant(refresh_token)


def _client_credentials(_: str) -> Grant:
    return ClientCredentials()


def _the_one(**kinds: Auth) -> Auth:
    """The value of the only key that stands."""
    return next(iter(kinds.values()))


BASIC = Record("basic", Basic, (
    Field("user", _NO_COLON, "Who signs in.", required=True, example="acme"), _PASSWORD,
), "`Authorization: Basic …`.")

API_KEY = Record("api_key", _api_key, (
    Field("header", HEADER_NAME, "The header that takes the key.", example="X-Api-Key"),
    Field("query", _KEY_NAME, "The query parameter that takes the key.", example="api_key"),
    Field("cookie", _KEY_NAME, "The cookie that takes the key, beside those that the product sets.", example="session"),
    Field("value", SECRET, "The key, by reference.", required=True, example="env:ACME_KEY"),
), "A secret in a header, the query or a cookie.", exactly_one=("header", "query", "cookie"))

_GRANT = OneOf(
    scalar=As(Choice(("client_credentials",)), _client_credentials),
    mapping=Record("grant", _grant, (
        Field("password", Record("password grant", PasswordGrant, (_USER, _PASSWORD)),
              "A user and a password, handed to the token endpoint.",
              example="{user: acme, password: env:ACME_PASSWORD}"),
        Field("refresh_token", SECRET, "A refresh token, by reference.", attribute="refresh_token",
              example="env:ACME_REFRESH_TOKEN"),
    ), exactly_one=("password", "refresh_token")))

OAUTH2 = Record("oauth2", OAuth2, (
    Field("token", TOKEN_LINE, "Where a token is asked for: a target's path, or a whole URL.", required=True,
          example="POST auth:/oauth/token"),
    Field("grant", _GRANT, "`client_credentials` (where it is not said), or one with `password` or `refresh_token`.",
          example="client_credentials"),
    Field("client_id", _PLAIN, "The client.", required=True, example="acme-ci"),
    Field("client_secret", SECRET, "Its secret, by reference.", example="env:ACME_CLIENT_SECRET"),
    Field("client_in", Choice(("basic", "body")), "How the client names itself: HTTP Basic (where it is not said), or "
          "in the body.", example="basic"),
    Field("scope", ListOf(_PLAIN, or_one=True), "What the token is to be good for.", example="[seats.read]"),
    Field("extra", MapOf(_PLAIN, key=_KEY_NAME, noun="parameter"), "Further parameters of the request for a token.",
          example="{audience: https://api.acme.example}"),
), "A token that is asked for, kept, and renewed before it expires.")

HMAC = Record("signing scheme", Hmac, (
    Field("key", SECRET, "The key, by reference.", required=True, example="env:ACME_SIGNING_KEY"),
    Field("id", _PLAIN, "What the key is called there: `{id}`.", example="key_1"),
    Field("algorithm", Choice(("sha256", "sha512")), "sha256 where it is not said.", example="sha256"),
    Field("sign", ListOf(SIGNED_PART, minimum=1), "What is signed, in this order.", required=True,
          example="[timestamp, method, path, query, body_digest]"),
    Field("join", Text(blank=True, lines=True), "What stands between the parts; a line break where it is not said.",
          example='"."'),
    Field("encoding", Choice(("hex", "base64")), "How digests are written; hex where it is not said.", example="hex"),
    Field("headers", MapOf(_SIGNED, key=HEADER_NAME, minimum=1, noun="header"),
          "The headers that are added; one of them holds {signature}.", required=True,
          example='{X-Timestamp: "{timestamp}", X-Signature: "sha256={signature}"}'),
), "A keyed digest over parts of each call.")

SIGV4 = Record("sigv4", SigV4, (
    Field("access_key", SECRET, "The id of the access key, by reference.", required=True,
          example="env:AWS_ACCESS_KEY_ID"),
    Field("secret_key", SECRET, "The secret access key, by reference.", required=True,
          example="env:AWS_SECRET_ACCESS_KEY"),
    Field("session_token", SECRET, "The session token of temporary credentials, by reference.",
          example="env:AWS_SESSION_TOKEN"),
    Field("region", _PLAIN, "The region of the service.", required=True, example="eu-central-1"),
    Field("service", _PLAIN, "The service as it is called in signatures.", required=True, example="execute-api"),
), "AWS Signature Version 4.")

BEARER = As(SECRET, Bearer)
_KINDS = ("bearer", "basic", "api_key", "oauth2", "hmac", "sigv4")

AUTH = Record("auth", _the_one, (
    Field("bearer", BEARER,
          "The token, by reference: env:NAME, file:PATH, cmd:PROGRAM, or mint:NAME, which is made anew for each run "
          "and handed to a product that we start.", example="env:ACME_TOKEN"),
    Field("basic", BASIC, "A user and a password.", example="{user: acme, password: env:ACME_PASSWORD}"),
    Field("api_key", API_KEY, "A key.", example="{header: X-Api-Key, value: env:ACME_KEY}"),
    Field("oauth2", OAUTH2, "A token that is asked for.",
          example="{token: POST /oauth/token, client_id: acme-ci, client_secret: env:ACME_CLIENT_SECRET}"),
    Field("hmac", HMAC, "A signature with a key that both sides know.",
          example='{key: env:ACME_SIGNING_KEY, sign: [body], headers: {X-Signature: "sha256={signature}"}}'),
    Field("sigv4", SIGV4, "A signature as AWS wants it.",
          example="{access_key: env:AWS_ACCESS_KEY_ID, secret_key: env:AWS_SECRET_ACCESS_KEY, region: eu-central-1, "
          "service: execute-api}"),
), "How calls are authorised: exactly one kind.", exactly_one=_KINDS)

CERTIFICATE = Record("certificate", Certificate, (
    Field("cert", SECRET_FILE, "The certificate, and those above it, in PEM.", required=True,
          example="file:client.pem"),
    Field("key", SECRET_FILE, "Its private key in PEM, readable by its owner alone.", required=True,
          example="file:client.key"),
    Field("password", SECRET, "The password of the key, by reference.", example="env:ACME_KEY_PASSWORD"),
), "A client certificate (mutual TLS).")
