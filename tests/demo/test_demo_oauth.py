"""OAuth 2 of the product: the four grants, signing in with a browser, and what is refused."""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from flowprobe.demo.oauth import Client, challenge_of

ADMIN_MAIL, BILLING_MAIL = "admin@acme.example", "billing@acme.example"
CALLBACK = "http://127.0.0.1:49152/callback"
VERIFIER = "v" * 43
ASKED = {
    "response_type": "code", "client_id": "acme-web", "redirect_uri": CALLBACK, "state": "s 1",
    "code_challenge": challenge_of(VERIFIER), "code_challenge_method": "S256",
}


def token(acme: Any, secret: str | None = None, **fields: str) -> httpx.Response:
    """Ask for tokens: as the public client, or with a secret as the one that can keep it."""
    client = {"client_id": "acme-web"} if secret is None else {"client_id": "acme-service", "client_secret": secret}
    return acme.call("POST", "/oauth/token", token=None, data={**client, **fields})  # type: ignore[no-any-return]


def by_password(acme: Any, password: str) -> Any:
    return token(acme, grant_type="password", username=ADMIN_MAIL, password=password).json()


def refused(reply: httpx.Response) -> tuple[int, str]:
    assert reply.headers["cache-control"] == "no-store"
    assert set(reply.json()) == {"error", "error_description"}
    return reply.status_code, reply.json()["error"]


def log_in(acme: Any, password: str, **fields: str) -> httpx.Response:
    form = {"user": ADMIN_MAIL, "password": password, **fields}
    return acme.call("POST", "/login", token=None, data=form)  # type: ignore[no-any-return]


def authorize(acme: Any, **changed: str) -> httpx.Response:
    return acme.call("GET", "/oauth/authorize", token=None, params={**ASKED, **changed})  # type: ignore[no-any-return]


def sent_back(reply: httpx.Response) -> dict[str, str]:
    assert reply.status_code == 302
    assert reply.headers["location"].startswith(CALLBACK + "?")
    return {name: values[0] for name, values in parse_qs(urlsplit(reply.headers["location"]).query).items()}


@pytest.fixture
def code(acme: Any, tokens: dict[str, str]) -> str:
    """A code for the admin, who has signed in with a browser."""
    assert log_in(acme, tokens["admin"]).status_code == 204
    return sent_back(authorize(acme))["code"]


def redeem(acme: Any, code: str, **changed: str) -> httpx.Response:
    fields = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, "code_verifier": VERIFIER}
    return token(acme, **{**fields, **changed})


def whoami(acme: Any, access_token: str) -> httpx.Response:
    return acme.call("GET", "/oauth/userinfo", token=access_token)  # type: ignore[no-any-return]


# --- grants -----------------------------------------------------------------------------------------


def test_a_password_gives_tokens_that_the_api_accepts(acme: Any, tokens: dict[str, str]) -> None:
    body = by_password(acme, tokens["admin"])
    assert (body["token_type"], body["expires_in"], body["scope"]) == ("Bearer", 300, "teams")
    assert acme.call("GET", "/v1/me", token=body["access_token"]).json()["email"] == ADMIN_MAIL
    assert acme.invite(token=body["access_token"]).reply.status_code == 201


def test_userinfo_is_about_the_user_of_the_token(acme: Any, tokens: dict[str, str]) -> None:
    assert whoami(acme, by_password(acme, tokens["admin"])["access_token"]).json() == {
        "sub": "usr_admin", "email": ADMIN_MAIL, "name": "Ada Admin", "role": "admin", "account": "acc_eu_pro",
    }


def test_a_client_with_a_secret_acts_for_itself_and_has_nothing_to_refresh(acme: Any, client_secret: str) -> None:
    body = token(acme, client_secret, grant_type="client_credentials").json()
    assert "refresh_token" not in body
    assert whoami(acme, body["access_token"]).json()["sub"] == "usr_service"


def test_a_client_may_show_its_secret_as_http_basic(acme: Any, client_secret: str) -> None:
    basic = base64.b64encode(f"acme-service:{client_secret}".encode()).decode()
    reply = acme.call("POST", "/oauth/token", token=None, headers={"Authorization": f"Basic {basic}"},
                      data={"grant_type": "client_credentials"})
    assert reply.status_code == 200
    assert reply.headers["cache-control"] == "no-store"


def test_a_public_client_cannot_act_for_itself(acme: Any) -> None:
    assert refused(token(acme, grant_type="client_credentials")) == (400, "unauthorized_client")


def test_an_empty_secret_is_not_the_secret(acme: Any) -> None:
    assert refused(token(acme, "", grant_type="client_credentials")) == (401, "invalid_client")


@pytest.mark.parametrize("authorization", ["Basic YWNtZS1zZXJ2aWNlOng=", "Basic ?", "Bearer x"])
def test_a_wrong_client_is_refused_with_a_challenge(acme: Any, authorization: str) -> None:
    reply = acme.call("POST", "/oauth/token", token=None, headers={"Authorization": authorization},
                      data={"grant_type": "client_credentials"})
    assert refused(reply) == (401, "invalid_client")
    assert reply.headers["www-authenticate"].startswith("Basic ")


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, "invalid_request"),
        ({"grant_type": "implicit"}, "unsupported_grant_type"),
        ({"grant_type": "password", "username": ADMIN_MAIL}, "invalid_request"),
        ({"grant_type": "password", "username": ADMIN_MAIL, "password": "wrong"}, "invalid_grant"),
        ({"grant_type": "password", "username": ADMIN_MAIL, "password": "x", "scope": "root"}, "invalid_scope"),
        ({"grant_type": "refresh_token", "refresh_token": "made up"}, "invalid_grant"),
        ({"grant_type": "authorization_code", "code": "c", "redirect_uri": CALLBACK}, "invalid_request"),
        ({"grant_type": "authorization_code", "code": "c", "redirect_uri": CALLBACK, "code_verifier": "short"},
         "invalid_request"),
    ],
)
def test_a_wrong_request_for_tokens_is_refused_as_the_rfc_says(
    acme: Any, fields: dict[str, str], expected: str
) -> None:
    assert refused(token(acme, **fields)) == (400, expected)


@pytest.mark.parametrize(
    ("content", "kind"),
    [(b"client_id=a&client_id=b", "application/x-www-form-urlencoded"), (b"{}", "application/json"),
     (b"client_id=%ff", "application/x-www-form-urlencoded"), (b"\xff", "application/x-www-form-urlencoded")],
)
def test_what_is_no_form_is_an_invalid_request(acme: Any, content: bytes, kind: str) -> None:
    reply = acme.call("POST", "/oauth/token", token=None, content=content, headers={"Content-Type": kind})
    assert refused(reply) == (400, "invalid_request")


def test_a_secret_that_comes_in_two_ways_is_an_invalid_request(acme: Any, client_secret: str) -> None:
    reply = acme.call("POST", "/oauth/token", token=None, headers={"Authorization": "Basic YTpi"},
                      data={"grant_type": "client_credentials", "client_secret": client_secret})
    assert refused(reply) == (400, "invalid_request")


# --- the life of a token ----------------------------------------------------------------------------


def test_an_access_token_expires(acme: Any, tokens: dict[str, str]) -> None:
    access = by_password(acme, tokens["admin"])["access_token"]
    acme.passes(299)
    assert whoami(acme, access).status_code == 200
    acme.passes(1)
    reply = whoami(acme, access)
    assert (reply.status_code, reply.headers["www-authenticate"]) == (401, 'Bearer error="invalid_token"')


def test_a_refresh_token_gives_the_next_tokens(acme: Any, tokens: dict[str, str]) -> None:
    first = by_password(acme, tokens["admin"])
    acme.passes(301)
    second = token(acme, grant_type="refresh_token", refresh_token=first["refresh_token"]).json()
    assert second["refresh_token"] != first["refresh_token"]
    assert whoami(acme, second["access_token"]).json()["sub"] == "usr_admin"


def test_a_refresh_token_that_is_used_twice_ends_all_that_came_of_it(acme: Any, tokens: dict[str, str]) -> None:
    first = by_password(acme, tokens["admin"])
    refresh = {"grant_type": "refresh_token", "refresh_token": first["refresh_token"]}
    second = token(acme, **refresh).json()
    assert refused(token(acme, **refresh)) == (400, "invalid_grant")
    assert whoami(acme, second["access_token"]).status_code == 401
    later = token(acme, grant_type="refresh_token", refresh_token=second["refresh_token"])
    assert refused(later) == (400, "invalid_grant")


def test_a_refresh_token_expires_and_is_of_one_client(acme: Any, tokens: dict[str, str], client_secret: str) -> None:
    refresh = {"grant_type": "refresh_token", "refresh_token": by_password(acme, tokens["admin"])["refresh_token"]}
    assert refused(token(acme, client_secret, **refresh)) == (400, "invalid_grant")
    acme.passes(86_401)
    assert refused(token(acme, **refresh)) == (400, "invalid_grant")


# --- codes ------------------------------------------------------------------------------------------


def test_a_code_and_its_verifier_give_tokens(acme: Any, code: str) -> None:
    body = redeem(acme, code).json()
    assert whoami(acme, body["access_token"]).json()["email"] == ADMIN_MAIL
    assert body["refresh_token"]


def test_the_challenge_is_that_of_the_rfc() -> None:
    challenge = challenge_of("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")
    assert challenge == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


@pytest.mark.parametrize("changed", [{"code_verifier": "w" * 43}, {"redirect_uri": "http://127.0.0.1/callback"}])
def test_a_code_needs_its_verifier_and_its_address_and_has_one_try(
    acme: Any, code: str, changed: dict[str, str]
) -> None:
    assert refused(redeem(acme, code, **changed)) == (400, "invalid_grant")
    assert refused(redeem(acme, code)) == (400, "invalid_grant")


def test_a_code_that_is_used_twice_ends_all_that_came_of_it(acme: Any, code: str) -> None:
    access = redeem(acme, code).json()["access_token"]
    assert refused(redeem(acme, code)) == (400, "invalid_grant")
    assert whoami(acme, access).status_code == 401


def test_a_code_is_short_lived(acme: Any, code: str) -> None:
    acme.passes(60)
    assert refused(redeem(acme, code)) == (400, "invalid_grant")


def test_a_code_of_another_client_is_refused_and_still_good(acme: Any, code: str, client_secret: str) -> None:
    fields = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, "code_verifier": VERIFIER}
    assert refused(token(acme, client_secret, **fields)) == (400, "invalid_grant")
    assert redeem(acme, code).status_code == 200


def test_the_state_comes_back_with_the_code(acme: Any, tokens: dict[str, str]) -> None:
    log_in(acme, tokens["admin"])
    assert sent_back(authorize(acme))["state"] == "s 1"


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"scope": "root"}, "invalid_scope"),
    ],
)
def test_a_client_is_told_what_was_wrong(acme: Any, changed: dict[str, str], error: str) -> None:
    back = sent_back(authorize(acme, **changed))
    assert (back["error"], back["state"]) == (error, "s 1")


@pytest.mark.parametrize(
    "changed", [{"client_id": "evil"}, {"redirect_uri": "http://evil.example/callback"}, {"redirect_uri": ""}])
def test_nobody_is_sent_to_an_address_that_is_not_registered(acme: Any, changed: dict[str, str]) -> None:
    reply = authorize(acme, **changed)
    assert (reply.status_code, reply.json()["error"]["code"]) == (400, "invalid_request")


@pytest.mark.parametrize(
    ("uri", "allowed"),
    [
        ("http://127.0.0.1/callback", True),
        ("http://127.0.0.1:8000/callback", True),
        ("http://localhost:8000/callback", False),
        ("http://127.0.0.1/other", False),
        ("https://127.0.0.1/callback", False),
        ("http://x@127.0.0.1/callback", False),
        ("http://:x@127.0.0.1/callback", False),
        ("http://127.0.0.1/callback#x", False),
        ("http://[/callback", False),
    ],
)
def test_on_loopback_the_port_may_differ_and_nothing_else(uri: str, allowed: bool) -> None:
    assert Client("acme-web", "http://127.0.0.1/callback").may_return_to(uri) is allowed


# --- signing in with a browser ----------------------------------------------------------------------


def test_whoever_has_not_signed_in_is_sent_to_the_form_and_back(acme: Any, tokens: dict[str, str]) -> None:
    to_form = authorize(acme)
    assert to_form.status_code == 302
    form = acme.call("GET", to_form.headers["location"], token=None)
    assert form.headers["content-type"].startswith("text/html")
    (onwards,) = parse_qs(urlsplit(to_form.headers["location"]).query)["next"]
    back = log_in(acme, tokens["admin"], next=onwards)
    assert (back.status_code, back.headers["location"]) == (303, onwards)
    assert sent_back(acme.call("GET", onwards, token=None))["code"]


def test_the_form_escapes_what_the_link_says(acme: Any) -> None:
    page = acme.call("GET", "/login", token=None, params={"next": '"><script>'}).text
    assert "<script>" not in page


@pytest.mark.parametrize("onwards", ["https://evil.example/", "//evil.example", "/\\evil.example", ""])
def test_the_form_leads_to_no_page_but_ours(acme: Any, tokens: dict[str, str], onwards: str) -> None:
    reply = log_in(acme, tokens["admin"], next=onwards)
    assert (reply.status_code, reply.headers.get("location")) == (204, None)


def test_the_cookie_is_not_for_scripts_and_works_over_plain_http(acme: Any, tokens: dict[str, str]) -> None:
    cookie = log_in(acme, tokens["admin"]).headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Secure" not in cookie


def test_a_wrong_password_signs_nobody_in(acme: Any) -> None:
    reply = log_in(acme, "wrong")
    assert (reply.status_code, reply.json()["error"]["code"]) == (401, "invalid_credentials")
    assert "set-cookie" not in reply.headers


def test_a_login_that_is_no_form_is_refused(acme: Any) -> None:
    reply = acme.call("POST", "/login", token=None, json={"user": ADMIN_MAIL})
    assert (reply.status_code, reply.json()["error"]["code"]) == (422, "invalid_form")


def test_a_session_ends_with_its_hour_or_with_a_logout(acme: Any, tokens: dict[str, str]) -> None:
    log_in(acme, tokens["admin"])
    acme.passes(3601)
    assert authorize(acme).headers["location"].startswith("/login?")
    log_in(acme, tokens["admin"])
    assert acme.call("POST", "/logout", token=None).status_code == 204
    assert authorize(acme).headers["location"].startswith("/login?")
