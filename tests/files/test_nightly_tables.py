"""The table `nightly`, read from a file as a user writes it."""

from __future__ import annotations

from datetime import UTC
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from flowprobe.core.nights.cost import Price
from flowprobe.core.nights.settings import Attempting
from flowprobe.core.scenario import Environment
from flowprobe.errors import InvalidInput, Problem
from flowprobe.files.project import load_project

WHOLE = """\
      scenarios: [journeys, login.yaml]
      samples: 5
      attempts: {max: 2, over: 5m}
      controls: {health: GET /health, elsewhere: "GET https://example.com/"}
      history: postgresql://nights.example/flowprobe
      keep: 730
      by: "07:00"
      whoami: /v1/me?short=1
      prices: [{name: Monitors of Acme, amount: 12, currency: USD}, {name: Runs of Acme, amount: 0.5, currency: EUR, per: 1, unit: journey}]
"""


def environment(folder: Path, nightly: str, *more: str) -> Environment:
    lines = ["flowprobe: 1", "environments:", "  staging:", "    target: http://127.0.0.1:8000", *more]
    text = "\n".join(lines) + "\n" + (f"    nightly:\n{nightly}" if nightly else "")
    file = folder / "flowprobe.yaml"
    file.write_text(text)
    return load_project(file).environments["staging"]


def problems(folder: Path, nightly: str) -> tuple[Problem, ...]:
    with pytest.raises(InvalidInput) as invalid:
        environment(folder, nightly)
    return invalid.value.problems


def test_everything_that_a_night_can_say_is_read(tmp_path: Path) -> None:
    said = environment(tmp_path, WHOLE).nightly
    assert said is not None
    assert (said.scenarios, said.samples, said.attempts) == (("journeys", "login.yaml"), 5, Attempting(2, 300.0))
    assert {name: f"{call.method} {call.path}" for name, call in said.controls.items()} == {
        "health": "GET /health", "elsewhere": "GET https://example.com/"}
    assert (said.history, said.keep, said.by) == ("postgresql://nights.example/flowprobe", 730, 420)
    assert said.whoami == "/v1/me?short=1"
    assert said.prices == (Price("Monitors of Acme", 12, "USD"), Price("Runs of Acme", 0.5, "EUR", 1, "journey"))


def test_what_is_not_said_has_a_default(tmp_path: Path) -> None:
    said = environment(tmp_path, "      scenarios: journeys\n").nightly
    assert said is not None
    assert (said.samples, said.attempts, said.history, said.keep, said.by) == (20, Attempting(3, 900.0), "", None, None)
    assert environment(tmp_path, "").nightly is None


def test_nights_go_by_the_zone_of_the_environment(tmp_path: Path) -> None:
    assert environment(tmp_path, "", "    zone: Europe/Berlin").zone == ZoneInfo("Europe/Berlin")
    assert environment(tmp_path, "").zone == UTC


@pytest.mark.parametrize(("line", "found"), [
    ("controls: {health: POST /health}", "what is only measured changes nothing"),
    ("controls: {health: GET auth:/health}", "no target is called `auth`"),
    ("controls: {health: \"GET /health/${target.port}\"}", "`controls`"),
    ("history: postgresql://me:secret@db/nights", "without its password"),
    ("keep: 3", "30"),
    ('by: "25:00"', "a time of day"),
    ("attempts: {max: 0}", "1"),
    ("samples: 0", "1"),
    ("sample: 3", "samples"),
    ("whoami: v1/me", "a path that begins with /"),
    ("prices: [{name: Acme, amount: 3, currency: dollars}]", "three letters"),
    ("prices: [{name: Acme, currency: USD}]", "the key `amount`"),
    ("prices: [{name: Acme, amount: 3, currency: USD, unit: calls}]", "`call`"),
])
def test_what_cannot_be_meant_is_said_with_its_place(tmp_path: Path, line: str, found: str) -> None:
    problem, = problems(tmp_path, f"      {line}\n")
    assert found in f"{problem.found} {problem.instead}"
    assert problem.line == 6
    assert "secret" not in f"{problem.found} {problem.instead}"
