"""Starting a process of the demo: what it is told, and what it says when it cannot start."""

from __future__ import annotations

import re
import socket
from pathlib import Path

import pytest
from starlette.routing import Route

from flowprobe.demo import product, weaknesses
from flowprobe.demo.app import build_product
from flowprobe.demo.providers import __main__ as providers
from flowprobe.demo.providers.mail import build_mail
from flowprobe.demo.providers.payments import build_payments
from flowprobe.demo.providers.scanner import build_scanner
from flowprobe.demo.providers.search import build_search
from flowprobe.demo.settings import Settings, SettingsError
from flowprobe.demo.weaknesses import WEAKNESSES

TOKENS = {"ACME_TOKEN_ADMIN": "a", "ACME_TOKEN_OPERATOR": "o"}
ROOT = Path(__file__).parents[2]
PORTS = {f"{name}_PORT" for name in ("PAYMENTS", "SEARCH", "SCANNER", "MAIL")}
CONSTANTS = {*PORTS, *vars(weaknesses)}
REFERENCE = (ROOT / "docs/reference/demo.md").read_text("utf-8")


def test_tokens_are_enough_to_start() -> None:
    settings = Settings.read(TOKENS)
    assert (settings.port, settings.payments_url) == (8000, "http://127.0.0.1:8001")
    assert settings.weaknesses == {weakness.name for weakness in WEAKNESSES}


def test_tokens_are_in_no_representation_of_the_settings() -> None:
    assert "secret" not in repr(
        Settings.read({
            "ACME_TOKEN_ADMIN": "secret-1", "ACME_TOKEN_OPERATOR": "secret-2", "ACME_TOKEN_BILLING": "secret-3",
            "ACME_TOKEN_ADMIN_US": "secret-4", "ACME_OAUTH_SECRET": "secret-5", "SCANNER_URL": "http://s",
            "SCANNER_SECRET": "secret-6",
        })
    )


def test_all_that_is_wrong_is_said_at_once() -> None:
    wrong = {"PORT": "http", "PAYMENTS_URL": "localhost:1", "ACME_WEAKNESSES": "search-slow",
             "SCANNER_URL": "http://s", "MAIL_URL": "mail", "PUBLIC_URL": "acme", "ACME_ACCESS_TOKEN_SECONDS": "0",
             "ACME_OAUTH_REDIRECT_URI": "acme:/back"}
    with pytest.raises(SettingsError) as caught:
        Settings.read(wrong)
    said = str(caught.value).splitlines()
    assert [line.split()[0].rstrip(":") for line in said] == [
        "ACME_TOKEN_ADMIN",
        "ACME_TOKEN_OPERATOR",
        "ACME_WEAKNESSES",
        "PAYMENTS_URL",
        "SCANNER_SECRET",
        "MAIL_URL",
        "PUBLIC_URL",
        "ACME_OAUTH_REDIRECT_URI",
        "ACME_ACCESS_TOKEN_SECONDS",
        "PORT",
    ]


def test_one_token_for_two_users_is_refused() -> None:
    with pytest.raises(SettingsError, match="two users need two"):
        Settings.read({"ACME_TOKEN_ADMIN": "same", "ACME_TOKEN_OPERATOR": "same"})
    with pytest.raises(SettingsError, match="ACME_TOKEN_OPERATOR and ACME_TOKEN_BILLING are the same"):
        Settings.read({**TOKENS, "ACME_TOKEN_BILLING": "o"})


@pytest.mark.parametrize("port", ["65536", "-1", "8o", "²"])
def test_a_port_that_cannot_be_is_refused(port: str) -> None:
    with pytest.raises(SettingsError, match="from 0"):
        Settings.read({**TOKENS, "PORT": port})


def test_a_product_without_tokens_exits_2_and_says_why(capsys: pytest.CaptureFixture[str]) -> None:
    assert product.main({}) == 2
    assert "acme-teams: ACME_TOKEN_ADMIN is not set" in capsys.readouterr().err


def test_an_unknown_weakness_exits_2_with_the_known_ones(capsys: pytest.CaptureFixture[str]) -> None:
    assert product.main({**TOKENS, "ACME_WEAKNESSES": "search-slow"}) == 2
    said = capsys.readouterr().err
    assert "`search-slow` is no weakness" in said
    assert all(weakness.name in said for weakness in WEAKNESSES)


@pytest.mark.parametrize("arguments", [[], ["fax"], ["payments", "payments"], ["search", "fax"]])
def test_a_provider_must_be_one_that_there_is(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert providers.main(arguments, {}) == 2
    assert "name providers, each once: payments, search, scanner, mail" in capsys.readouterr().err


def test_a_scanner_without_a_secret_exits_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert providers.main(["scanner"], {}) == 2
    assert "scanner: SCANNER_SECRET is not set" in capsys.readouterr().err


def test_providers_of_one_process_have_a_port_each(capsys: pytest.CaptureFixture[str]) -> None:
    assert providers.main(["payments", "mail"], {"PAYMENTS_PORT": "0", "MAIL_PORT": "x", "PORT": "y"}) == 2
    assert "mail: MAIL_PORT is `x`" in capsys.readouterr().err


def test_a_provider_with_a_wrong_port_exits_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert providers.main(["search"], {"PORT": "x"}) == 2
    assert "search: PORT is `x`" in capsys.readouterr().err


def test_a_port_that_is_taken_exits_1_and_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert providers.main(["payments"], {"PORT": str(port)}) == 1
    assert f"payments: cannot listen on 127.0.0.1:{port}" in capsys.readouterr().err


@pytest.mark.parametrize("weakness", WEAKNESSES, ids=lambda weakness: weakness.name)
def test_every_switch_is_in_the_reference_word_for_word(weakness: object) -> None:
    name, summary, healthy = (getattr(weakness, field) for field in ("name", "summary", "healthy"))
    assert f"| `{name}` | {summary} | {healthy} |" in REFERENCE


def test_the_variables_of_the_reference_are_those_that_are_read() -> None:
    code = "".join(path.read_text() for path in (ROOT / "flowprobe/demo").rglob("*.py"))
    read = set(re.findall(r'"((?:ACME|PAYMENTS|SEARCH|SCANNER|MAIL|PUBLIC)_[A-Z_]+)"', code)) - CONSTANTS
    table = REFERENCE.partition("## Environment variables")[2].partition("\n## ")[0]
    assert set(re.findall(r"^\| `([A-Z_]+)` \|", table, re.MULTILINE)) == {*read, "PORT", *PORTS}


APPS = (build_product(Settings.read(TOKENS)), build_payments(), build_search(), build_scanner("secret"), build_mail())


@pytest.mark.parametrize(
    ("method", "path"),
    [(method, route.path) for app in APPS for route in app.routes if isinstance(route, Route)
     for method in sorted((route.methods or set()) - {"HEAD"})],
)
def test_every_call_is_in_the_reference(method: str, path: str) -> None:
    said = {"/v1/uploads/{ticket}": "<url>", "/indexes/{index}/search": "/indexes/teams/search"}.get(path, path)
    assert re.search(rf"^\| `{method} {re.escape(said)}[`? ]", REFERENCE, re.MULTILINE)
