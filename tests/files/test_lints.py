"""Warnings: what they are about, and what they are not about. Their wording is in `wrong/lint-*.err`."""

from __future__ import annotations

from pathlib import Path

import pytest

from flowprobe.errors import InvalidInput
from flowprobe.files.lints import lint
from flowprobe.files.scenarios import load_scenario, read_scenario, scenario_files

ROOT = Path(__file__).parents[2]
HEAD = "flowprobe: 1\nscenario: A\npersonas: {admin: pro-eu}\nworkflow:\n"
FIRST = "  - {step: one, call: GET /one, capture: {id: $.id}}\n"


def found(text: str, *, path: Path = Path("a.yaml"), writes_need_cleanup: bool = False) -> list[str]:
    _, root, context = read_scenario(path, text=text)
    return [problem.id for problem in lint(root, context, writes_need_cleanup=writes_need_cleanup)]


@pytest.mark.parametrize("use", [
    "  - {step: two, call: \"GET /${one.id}\"}\n",
    "  - {step: two, call: GET /two, when: {one.id: 1}}\n",
    "  - {step: two, call: GET /two, query: {id: \"${one.id + 1}\"}}\n",
    "  - {step: two, call: GET /two, poll: {until: {json: {id: \"${one.id}\"}}, for: 1s}}\n",
    "  - {step: two, call: GET /two, check: {json: {id: {$in: [\"${one.id}\"]}}}}\n",
    "under: {a: {one: {json: {id: \"${one.id}\"}}}}\n",
])
def test_a_look_up_anywhere_is_a_use(use: str) -> None:
    step, under = (use, "") if use.startswith("  -") else ("  - {step: two, call: GET /two}\n", use)
    if under:
        under = under.replace("one: {json", "two: {json")
    assert found(HEAD + FIRST + step + under) == []
    assert found(HEAD + FIRST) == ["unused-capture"]


def test_the_steps_own_cleanup_is_a_use() -> None:
    assert found(HEAD + FIRST.replace("capture:", "cleanup: \"DELETE /${one.id}\", capture:")) == []


def test_a_secret_capture_is_used_by_being_secret() -> None:
    assert found(HEAD + FIRST.replace("$.id", "{json: $.id, secret: true}")) == []
    assert found(HEAD + FIRST.replace("$.id", "{json: $.id, secret: false}")) == ["unused-capture"]


def test_the_first_role_acts_where_a_step_names_none() -> None:
    assert found(HEAD + "  - {step: one, call: GET /one}\n") == []
    assert found(HEAD.replace("}", ", other: staff}") + "  - {step: one, call: GET /one, as: other}\n") == ["unused-role"]


def test_writes_are_free_where_nothing_stays() -> None:
    text = HEAD + "  - {step: one, call: POST /one}\n"
    assert found(text) == []
    assert found(text, writes_need_cleanup=True) == ["write-without-cleanup"]


def test_a_poll_without_a_bound_is_a_mistake() -> None:
    with pytest.raises(InvalidInput, match="a poll needs the key `for`"):
        load_scenario(Path("a.yaml"), text=HEAD + "  - {step: one, call: GET /one, poll: {until: {status: 200}}}\n")


@pytest.mark.parametrize("path", scenario_files([ROOT / "scenarios"]),
                         ids=lambda path: path.name)
def test_what_we_ship_is_without_warnings(path: Path) -> None:
    assert found(path.read_text(), path=path) == []


def test_a_role_that_probes_acts_and_what_a_probe_looks_up_is_used() -> None:
    two = HEAD.replace("{admin: pro-eu}", "{admin: pro-eu, operator: staff}") + FIRST
    assert sorted(found(two)) == ["unused-capture", "unused-role"]
    assert found(two + 'probes: {it: {call: "GET /${one.id}", as: operator}}\n') == []
