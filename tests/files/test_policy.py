"""What an environment allows, as it is read."""

from __future__ import annotations

from datetime import UTC, date
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from flowprobe.core.clues import Customer, ExclusiveWindow, OwnListener, ProxyUser
from flowprobe.core.policy import least_evidence
from flowprobe.core.rules import Budget, FaultRule, Rate
from flowprobe.core.scenario import Environment
from flowprobe.files.project import load_project
from tests.files.samples import GOOD

HEAD = "flowprobe: 1\nenvironments:\n  e:\n    target: http://127.0.0.1:0\n"


@pytest.fixture(scope="module")
def production() -> Environment:
    return load_project(GOOD / "flowprobe.yaml").environments["production"]


def read(*lines: str) -> Environment:
    text = HEAD + "".join(f"    {line}\n" for line in lines) + "personas: {pro-eu: {account: acc_1}}\n"
    return load_project(Path("flowprobe.yaml"), text=text).environments["e"]


def test_calls_are_read_with_methods_target_and_place(production: Environment) -> None:
    first, second, third = production.allow or ()
    assert (first.methods, first.target, first.path) == (("GET",), None, "/v1/**")
    assert (second.methods, second.target, str(second)) == (("POST", "PUT"), "auth", "POST,PUT auth:/v1/teams/*/invites")
    assert (third.methods, str(third)) == ((), "* /sandbox/**")
    assert (second.position.line - first.position.line, second.position.column > first.position.column) == (0, True)


def test_identity_is_an_answer(production: Environment) -> None:
    identity = production.identity
    assert identity is not None
    assert (identity.call.method, identity.call.target, identity.call.path) == ("GET", "auth", "/health")
    assert (identity.status, identity.has_json, identity.headers) == ((200, 204), True, {"x-environment": "production"})


def test_faults_and_budget(production: Environment) -> None:
    assert production.faults == FaultRule(user=False, provider=("payments",))
    assert production.budget == Budget(2000, 20, Rate(5, 1, "5/s"), 600)
    assert production.given == "check"


def test_windows_and_freezes_are_in_their_zone(production: Environment) -> None:
    office, night = production.windows
    assert (office.days, office.begin, office.end, office.zone) == ((0, 1, 2, 4), 540, 1020, ZoneInfo("America/New_York"))
    assert (night.days, night.faults, night.zone) == (tuple(range(7)), True, ZoneInfo("Europe/Berlin"))
    first, second = production.freeze
    assert (first.first, first.last) == (date(2026, 12, 20), date(2027, 1, 4))
    assert (second.first, second.last, second.zone) == (date(2027, 5, 1), date(2027, 5, 1), ZoneInfo("Europe/Berlin"))


def test_the_place_of_each_part_is_known(production: Environment) -> None:
    lines = (GOOD / "flowprobe.yaml").read_text().splitlines()
    for part in ("production", "identity", "allow", "faults", "budget", "windows", "freeze"):
        assert lines[production.places[part].line - 1].strip().startswith(f"{part}:")


def test_what_is_not_said_is_left_to_the_policy() -> None:
    bare = read()
    assert (bare.allow, bare.faults, bare.budget, bare.identity, bare.given) == (None, None, None, None, None)
    assert read("production: true", "faults: {user: true}").faults == FaultRule(True, False)
    assert read("faults: {user: false}").faults == FaultRule(False, True)


def test_one_line_stands_for_a_list() -> None:
    found = read("allow: GET /v1", "freeze: 2026-12-24", "windows: {days: fri-mon, from: 00:00, to: 24:00}")
    assert (len(found.allow or ()), found.freeze[0].zone, found.windows[0].days) == (1, UTC, (0, 4, 5, 6))


@pytest.mark.parametrize(("rate", "per_second"), [("5/s", 5.0), ("30/m", 0.5), ("0.5/s", 0.5), ("3600/h", 1.0)])
def test_rates(rate: str, per_second: float) -> None:
    budget = read(f"budget: {{rate: {rate}}}").budget
    assert budget is not None
    assert budget.rate is not None
    assert budget.rate.per_second == per_second


def test_an_empty_list_of_calls_allows_none() -> None:
    assert read("allow: []").allow == ()


def test_the_least_evidence_has_a_default_that_the_environment_tells() -> None:
    started = "start: {command: [acme]}"
    declared = "providers: {mail: {url: https://m.example, attribute: [{customer: account}, {window: 2s}]}}"
    assert least_evidence(read()) == "learned"
    assert least_evidence(read(started)) == "window"
    assert least_evidence(read("production: true", started, declared)) == "trial-id"
    assert least_evidence(read(declared)) == "window"
    assert least_evidence(read(started, "faults: {attribution: trace}")) == "trace"


def test_how_a_providers_calls_are_known_is_read() -> None:
    clues = ["listener", "{proxy_user: canary}", "{window: 2s}", "{customer: account}", "{customer: account, query: q}",
             "{customer: account, header: X-A}", "{customer: account, in: host}"]
    provider = f"{{url: https://m.example, edge: forward, attribute: [{', '.join(clues)}]}}"
    assert read(f"providers: {{mail: {provider}}}").providers["mail"].attribute == (
        OwnListener(), ProxyUser("canary"), ExclusiveWindow(2.0), Customer("header", "account", "Authorization"),
        Customer("query", "account", "q"), Customer("header", "account", "X-A"), Customer("host", "account"))
