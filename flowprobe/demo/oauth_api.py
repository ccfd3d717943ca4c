"""The OAuth 2 endpoints: authorize, token and userinfo."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeAlias
from urllib.parse import quote, unquote_plus, urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from flowprobe.demo.forms import InvalidForm, read_form, single
from flowprobe.demo.login_api import LoginApi
from flowprobe.demo.oauth import SCOPE, Client, Grants, OAuthError, Tokens
from flowprobe.demo.replies import ApiError
from flowprobe.demo.sign_in import SignIn

__all__ = ["OAuthApi"]

_CHALLENGE: Final = re.compile(r"[A-Za-z0-9_-]{43}")
_VERIFIER: Final = re.compile(r"[A-Za-z0-9._~-]{43,128}")
_NO_STORE: Final = {"Cache-Control": "no-store", "Pragma": "no-cache"}

_Form: TypeAlias = Mapping[str, str]


class OAuthApi:
    """Grants of users, and of clients that act for themselves."""

    def __init__(self, clients: Sequence[Client], grants: Grants, sign_in: SignIn, login: LoginApi) -> None:
        self._clients = {client.id: client for client in clients}
        self._grants = grants
        self._sign_in = sign_in
        self._login = login
        self._ways: dict[str, Callable[[Client, _Form], Tokens]] = {
            "authorization_code": self._by_code,
            "client_credentials": self._by_itself,
            "password": self._by_password,
            "refresh_token": self._by_refresh_token,
        }

    def routes(self) -> list[Route]:
        return [
            Route("/oauth/authorize", self._authorize),
            Route("/oauth/token", self._token, methods=["POST"]),
            Route("/oauth/userinfo", self._userinfo),
        ]

    async def _authorize(self, request: Request) -> Response:
        """Back to the client with a code; where client or address are not known, nobody is sent anywhere."""
        asked = dict(request.query_params)
        client = self._clients.get(asked.get("client_id", ""))
        uri = asked.get("redirect_uri", "")
        if client is None or not client.may_return_to(uri):
            raise ApiError(400, "invalid_request", "client_id is not known, or redirect_uri is not registered for it")
        state = {"state": asked["state"]} if "state" in asked else {}
        try:
            challenge = _challenge(single(request.query_params.multi_items()))
        except (OAuthError, InvalidForm) as error:
            code = error.code if isinstance(error, OAuthError) else "invalid_request"
            return _back(uri, {"error": code, "error_description": str(error), **state})
        user = self._login.user(request)
        if user is None:
            return RedirectResponse(f"/login?next={quote(f'{request.url.path}?{request.url.query}', safe='')}", 302)
        return _back(uri, {"code": self._grants.code(client, user, uri, challenge), **state})

    async def _token(self, request: Request) -> Response:
        try:
            form = await read_form(request)
            tokens = self._grant(self._client(request, form), form)
        except InvalidForm as error:
            return _refused(OAuthError("invalid_request", str(error)))
        except OAuthError as error:
            return _refused(error)
        return JSONResponse(tokens.to_json(), headers=_NO_STORE)

    def _grant(self, client: Client, form: _Form) -> Tokens:
        way = self._ways.get(_field(form, "grant_type"))
        if way is None:
            raise OAuthError("unsupported_grant_type", f"grant_type must be one of {', '.join(self._ways)}")
        _check_scope(form)
        return way(client, form)

    def _client(self, request: Request, form: _Form) -> Client:
        """The client that has shown who it is: by HTTP Basic, or by fields of the form."""
        name, secret = _basic(request.headers.get("authorization"), form)
        client = self._clients.get(name)
        if client is None or not client.has_secret(secret):
            raise OAuthError("invalid_client", "no client has this id and secret", 401)
        return client

    def _by_code(self, client: Client, form: _Form) -> Tokens:
        code, uri, verifier = (_field(form, name) for name in ("code", "redirect_uri", "code_verifier"))
        if not _VERIFIER.fullmatch(verifier):
            raise OAuthError("invalid_request", "code_verifier must be 43 to 128 letters, digits, or any of -._~")
        return self._grants.redeem(client, code, uri, verifier)

    def _by_itself(self, client: Client, form: _Form) -> Tokens:  # noqa: ARG002 - one shape for all
        if client.acts_as is None:
            raise OAuthError("unauthorized_client", "a client without a secret cannot act for itself")
        return self._grants.grant(client, client.acts_as, refreshes=False)

    def _by_password(self, client: Client, form: _Form) -> Tokens:
        try:
            user = self._sign_in.user_with_password(_field(form, "username"), _field(form, "password"))
        except ApiError as error:
            raise OAuthError("invalid_grant", error.message) from None
        return self._grants.grant(client, user, refreshes=True)

    def _by_refresh_token(self, client: Client, form: _Form) -> Tokens:
        return self._grants.renew(client, _field(form, "refresh_token"))

    async def _userinfo(self, request: Request) -> Response:
        user = self._sign_in.user(request)
        body = {"sub": user.id, "email": user.email, "name": user.name, "role": user.role, "account": user.account}
        return JSONResponse(body, headers=_NO_STORE)


def _challenge(asked: _Form) -> str:
    """The PKCE challenge of a request that has all that it needs; `plain` is not secure, and not offered."""
    if _field(asked, "response_type") != "code":
        raise OAuthError("unsupported_response_type", "response_type must be code")
    _check_scope(asked)
    challenge = _field(asked, "code_challenge")
    if asked.get("code_challenge_method") != "S256" or not _CHALLENGE.fullmatch(challenge):
        raise OAuthError("invalid_request", "code_challenge must be a SHA-256 in base64url, its method S256")
    return challenge


def _check_scope(form: _Form) -> None:
    if form.get("scope", SCOPE) != SCOPE:
        raise OAuthError("invalid_scope", f"the only scope is {SCOPE}")


def _field(form: _Form, name: str) -> str:
    if name not in form:
        raise OAuthError("invalid_request", f"{name} is missing")
    return form[name]


def _basic(authorization: str | None, form: _Form) -> tuple[str, str | None]:
    """Name and secret of the client; RFC 6749, section 2.3.1, has both form-encoded within Basic."""
    if authorization is None:
        return form.get("client_id", ""), form.get("client_secret")
    if "client_secret" in form:
        raise OAuthError("invalid_request", "the client's secret came in two ways")
    scheme, _, encoded = authorization.partition(" ")
    try:
        name, colon, secret = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        colon = ""
    if scheme.lower() != "basic" or not colon:
        raise OAuthError("invalid_client", "send the client's id and secret as HTTP Basic, or as fields", 401)
    return unquote_plus(name), unquote_plus(secret)


def _back(uri: str, fields: Mapping[str, str]) -> Response:
    joint = "&" if urlsplit(uri).query else "?"
    return RedirectResponse(f"{uri}{joint}{urlencode(fields)}", 302, _NO_STORE)


def _refused(error: OAuthError) -> Response:
    headers = {**_NO_STORE, "WWW-Authenticate": 'Basic realm="acme-teams"'} if error.status == 401 else _NO_STORE
    return JSONResponse({"error": error.code, "error_description": error.description}, error.status, headers)
