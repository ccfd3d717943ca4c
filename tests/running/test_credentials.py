"""Personas of a file, signed in: as their calls leave."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from flowprobe.core.events import SignedIn
from flowprobe.core.redact import REDACTED, Redactor
from flowprobe.core.scenario import CallTemplate
from flowprobe.core.wire import Call, NoReply, Outcome, Reply
from flowprobe.errors import InvalidInput
from flowprobe.files.project import load_project
from flowprobe.running.credentials import Credentials, Line
from flowprobe.secrets.references import Vault

SECRETS = {name: f"{name.lower()}-s3cr3t" for name in ("TOKEN", "PASSWORD", "KEY", "CLIENT", "REFRESH", "SIGNING", "ACCESS", "OTHER")}
PROJECT = """\
flowprobe: 1
environments: {{local: {{target: http://acme.test}}}}
personas: {{admin: {persona}}}
"""


class Product:
    """Answers token calls with a token, and everything else with `status`."""

    def __init__(self) -> None:
        self.sent: list[Call] = []
        self.noted: list[SignedIn] = []
        self.status = 200
        self.token_status = 200

    def send(self, call: Call) -> Outcome:
        self.sent.append(call)
        asked = call.url.endswith("/token")
        body = json.dumps({"access_token": f"tok-{len(self.sent)}-abcdef", "error": "invalid_client"} if asked else {}).encode()
        if asked and self.token_status == 200:
            body = body.replace(b'"error"', b'"note"')
        return Reply(call.id, self.token_status if asked else self.status, (), body, 1.0, 1.0, 1.0)

    def locate(self, call: CallTemplate) -> str:
        return f"http://acme.test{call.path}"


@pytest.fixture
def product() -> Product:
    return Product()


def signed(product: Product, tmp_path: Path, persona: str, **secrets: str) -> tuple[Any, Redactor, Credentials]:
    redactor = Redactor()
    personas = load_project(tmp_path / "flowprobe.yaml", text=PROJECT.format(persona=persona)).personas
    vault = Vault(redactor, folder=tmp_path, environ={**SECRETS, **secrets})
    credentials = Credentials(personas.values(), vault, Line(product.locate, product.send, product.noted.append))
    return credentials.signed(product.send), redactor, credentials


def call(persona: str = "admin") -> Call:
    return Call("1" * 32, "t", "look", persona, "GET", "http://acme.test/v1/seats")


@pytest.mark.parametrize(("auth", "sent"), [
    ("bearer: env:TOKEN", "Bearer token-s3cr3t"),
    ("basic: {user: acme, password: env:PASSWORD}", "Basic " + base64.b64encode(b"acme:password-s3cr3t").decode()),
    ("oauth2: {token: POST /token, client_id: ci, client_secret: env:CLIENT}", "Bearer tok-1-abcdef"),
    ("oauth2: {token: POST /token, client_id: ci, grant: {password: {user: a, password: env:PASSWORD}}}", "Bearer tok-1-abcdef"),
    ("oauth2: {token: POST /token, client_id: ci, grant: {refresh_token: env:REFRESH}}", "Bearer tok-1-abcdef"),
])
def test_every_kind_of_authorization_leaves_and_is_redacted(product: Product, tmp_path: Path, auth: str, sent: str) -> None:
    send, redact, _ = signed(product, tmp_path, f"{{auth: {{{auth}}}}}")
    assert send(call()).status == 200
    assert product.sent[-1].credentials["authorization"] == sent
    scheme, _, value = sent.partition(" ")
    assert redact(sent) == f"{scheme} {REDACTED}"
    assert value not in redact(json.dumps({"echo": sent}))


def test_keys_and_signatures_leave(product: Product, tmp_path: Path) -> None:
    signed(product, tmp_path, "{auth: {api_key: {header: X-Key, value: env:KEY}}}")[0](call())
    signed(product, tmp_path, "{auth: {api_key: {query: key, value: env:KEY}}}")[0](call())
    signed(product, tmp_path, "{auth: {api_key: {cookie: key, value: env:KEY}}}")[0](call())
    signed(product, tmp_path, '{auth: {hmac: {key: env:SIGNING, sign: [path], headers: {X-S: "{signature}"}}}}')[0](call())
    signed(product, tmp_path, "{auth: {sigv4: {access_key: env:ACCESS, secret_key: env:OTHER, region: eu, service: s}}}")[0](call())
    header, query, cookie, hashed, aws = product.sent
    assert (header.credentials["X-Key"], query.url, cookie.cookies) == ("key-s3cr3t", "http://acme.test/v1/seats?key=key-s3cr3t", {"key": "key-s3cr3t"})
    assert len(hashed.credentials["X-S"]) == 64
    assert "Credential=access-s3cr3t/" in aws.credentials["Authorization"]


def test_whoever_has_no_auth_and_whoever_is_not_known_sends_as_it_is(product: Product, tmp_path: Path) -> None:
    send, _, _ = signed(product, tmp_path, "{plan: pro}")
    send(call())
    send(call("somebody"))
    assert product.sent == [call(), call("somebody")]


def test_a_sign_in_that_fails_keeps_the_call_from_leaving(product: Product, tmp_path: Path) -> None:
    product.token_status = 401
    send, _, _ = signed(product, tmp_path, "{auth: {oauth2: {token: POST /token, client_id: ci, client_secret: env:CLIENT}}}")
    outcome = send(call())
    assert isinstance(outcome, NoReply)
    assert (outcome.reason, outcome.detail) == ("auth", "POST http://acme.test/token: it answered 401 (invalid_client)")
    assert [each.url for each in product.sent] == ["http://acme.test/token"]
    assert [(note.persona, note.outcome) for note in product.noted] == [("admin", "failed")]


def test_after_a_401_the_next_call_has_a_new_token_and_no_call_is_sent_twice(product: Product, tmp_path: Path) -> None:
    send, _, _ = signed(product, tmp_path, "{auth: {oauth2: {token: POST /token, client_id: ci, client_secret: env:CLIENT}}}")
    product.status = 401
    assert send(call()).status == 401
    product.status = 200
    send(call())
    assert [each.url.rpartition("/")[2] for each in product.sent] == ["token", "seats", "token", "seats"]
    assert product.sent[-1].credentials["authorization"] == "Bearer tok-3-abcdef"


POOL = """{auth: {bearer: env:TOKEN}, certificate: {cert: file:c.pem, key: file:c.key, password: env:KEY}, accounts: [
  {account: acc_1}, {account: acc_2, auth: {bearer: env:OTHER}}]}"""


def test_each_account_of_a_pool_signs_as_itself(product: Product, tmp_path: Path) -> None:
    for name in ("c.pem", "c.key"):
        (tmp_path / name).write_text("x")
        (tmp_path / name).chmod(0o600)
    send, _, credentials = signed(product, tmp_path, POOL)
    send(call("admin/acc_1"))
    send(call("admin/acc_2"))
    assert [each.credentials["authorization"] for each in product.sent] == ["Bearer token-s3cr3t", "Bearer other-s3cr3t"]
    pair = credentials.key_pairs["admin/acc_2"]
    assert (pair.cert, pair.key, pair.password) == (tmp_path / "c.pem", tmp_path / "c.key", "key-s3cr3t")


def test_every_secret_that_cannot_be_used_is_said_before_anything_is_sent(product: Product, tmp_path: Path) -> None:
    persona = "{auth: {bearer: env:MISSING_ONE}, accounts: [{account: a}, {account: b, auth: {bearer: file:none}}]}"
    with pytest.raises(InvalidInput) as raised:
        signed(product, tmp_path, persona)
    assert [problem.id for problem in raised.value.problems] == ["secret-unusable", "secret-unusable"]
    assert not product.sent
