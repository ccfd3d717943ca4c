"""A case is written as a person would write it, and read again it is the same case, whatever the state holds."""

from __future__ import annotations

import ast
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowprobe.core.exploring.case import Case, CaseThreshold, Found, numbered
from flowprobe.core.exploring.confirming import Confirmed
from flowprobe.core.exploring.model import Break, Placed, Site
from flowprobe.core.exploring.plans import plan_of
from flowprobe.core.faults.hang import Hang
from flowprobe.core.faults.latency import Latency
from flowprobe.core.faults.refuse import Refuse
from flowprobe.core.faults.status import Status
from flowprobe.core.values import Position
from flowprobe.errors import InvalidInput, ToolFailed
from flowprobe.files.case_writing import case_text, refuse_folder, to_pytest, write_case
from flowprobe.files.cases import load_case
from flowprobe.files.formatting.text import formatted
from tests.files.samples import GOOD

CHARGE, SEND = Site("payments", "POST /v1/charges/*", "pay"), Site("mail", "POST /send", "", 2)
FAULTS = numbered(plan_of((Placed(CHARGE, Latency(3.06)), Placed(SEND, Status(503)), Placed(CHARGE, Hang(2.0))), "").faults)
CASE = Case(
    "checkout-pay-payments-latency", "journey.yaml", {"admin": "pro-eu"}, Break("pay", "status", "status", "saw 500"),
    {"plan": "pro", "seats": 0}, ("seats",), FAULTS, (CaseThreshold("payments", 3.06, 2.94),), Confirmed(3, 3), "local", 7,
    Found("2026-11-22T19:00:00Z", "0.1.0", 37))


def bare(case: Case) -> Case:
    """Without the places in its file."""
    return replace(case, faults=tuple(replace(fault, position=Position("", 0, 0)) for fault in case.faults))


def again(case: Case) -> Case:
    return load_case(GOOD / "any.yaml", text=case_text(case))


def test_it_is_written_as_a_person_would_write_it() -> None:
    assert case_text(CASE, defaults={"plan": "pro", "seats": 3}) == """\
# pay: saw 500
# because of: seats 0 and latency 3.06s on payments and hang 2s on payments and status 503 on mail
# again: flowprobe replay checkout-pay-payments-latency.yaml --env local
flowprobe: 1
case: checkout-pay-payments-latency
scenario: journey.yaml
personas: {admin: pro-eu}
environment: local
seed: 7

broke: {step: pay, kind: status, where: status, sentence: saw 500}

state:
  plan: pro
  seats: 0  # ordinarily 3
differs: [seats]

faults:
  payments:
    - {latency: 3.06s, match: {method: POST, path: /v1/charges/*, step: pay, call: 1}}
    - {hang: 2s, match: {method: POST, path: /v1/charges/*, step: pay, call: 1}}
  mail: {status: 503, match: {method: POST, path: /send, call: 2}}

thresholds: [{fault: payments, breaks: 3.06s, holds: 2.94s}]

confirmed: {broke: 3, of: 3}
found: {at: "2026-11-22T19:00:00Z", by: "0.1.0", tries: 37}
"""


def test_the_steps_that_it_does_not_take_are_told() -> None:
    lines = case_text(replace(CASE, without=("search", "login/token"))).splitlines()
    assert lines[2] == "# left out: search, login/token"
    assert "without: [search, login/token]" in lines


def test_fmt_leaves_it_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "journey.yaml").touch()
    path = write_case(CASE, tmp_path)
    assert formatted(path, path.read_text()) == path.read_text()


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30) | st.sampled_from(
    ["", "null", "true", "1.0", "0x1f", "2024-02-29", "12:30", "${admin.team}", "a: b", "# c", "- d", "é\n", "\t", "\x85",
     "\u2028", "\ufeff", "\x00\x07", "'\"\\", "Z͑ͫ̓ͪ̂ͫ̽͏", "💥", "{", "*a", "&a", "!t", "%"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-2**63, 2**63) | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3), max_leaves=8)


@given(st.dictionaries(st.from_regex(r"[A-Za-z][A-Za-z0-9_-]{0,8}", fullmatch=True), VALUES, max_size=4), TEXTS)
def test_whatever_the_state_holds_is_read_again(state: dict[str, Any], sentence: str) -> None:
    case = replace(CASE, state=state, differs=tuple(state)[:1], broke=Break("pay", "status", "$.a", sentence))
    found = again(case)
    assert bare(found) == bare(case)
    assert (repr(dict(found.state)), found.broke.sentence) == (repr(state), sentence)


@pytest.mark.parametrize("case", [
    CASE,
    replace(CASE, faults=(), thresholds=(), state={}, differs=(), confirmed=None, found=Found(), environment="", seed=0),
    replace(CASE, faults=numbered(plan_of((Placed(CHARGE, Refuse()),), "").faults), thresholds=()),
    replace(CASE, broke=Break("", "never", "a charge without an order\nof ours", "saw 1"), confirmed=Confirmed(1, 3, 1, 2, "x")),
    replace(CASE, found=Found(best_so_far=True)),
    replace(CASE, without=("search", "login/token")),
])
def test_every_part_is_read_again(case: Case) -> None:
    found = again(case)
    assert bare(found) == bare(case)
    assert (found.broke.sentence, [fault.id for fault in found.faults]) == (
        case.broke.sentence, [fault.id for fault in case.faults])


# --- files ----------------------------------------------------------------------------------------


def test_the_same_experiment_is_written_over_and_another_one_gets_a_number(tmp_path: Path) -> None:
    folder = tmp_path / "cases"
    folder.mkdir()
    (folder / "journey.yaml").touch()
    first = write_case(CASE, folder)
    assert write_case(replace(CASE, confirmed=Confirmed(2, 3)), folder) == first
    assert load_case(first).confirmed == Confirmed(2, 3)
    other = write_case(replace(CASE, state={"seats": 1}), folder)
    assert other == folder / "checkout-pay-payments-latency-2.yaml"
    assert load_case(other).name == other.stem


def test_the_command_that_tries_it_again_says_where_it_lies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my cases").mkdir()
    (tmp_path / "my cases" / "journey.yaml").touch()
    text = write_case(CASE, Path("my cases")).read_text()
    assert f"# again: flowprobe replay 'my cases/{CASE.name}.yaml' --env local\n" in text


def test_a_find_that_could_be_smaller_gives_way_to_what_it_became(tmp_path: Path) -> None:
    (tmp_path / "journey.yaml").touch()
    early = replace(CASE, state={"plan": "pro", "seats": 700}, found=replace(CASE.found, best_so_far=True))
    first = write_case(early, tmp_path)
    assert write_case(CASE, tmp_path) == first
    assert load_case(first).state["seats"] == 0
    assert write_case(early, tmp_path) != first


def test_what_is_there_and_no_case_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "journey.yaml").touch()
    mine = tmp_path / f"{CASE.name}.yaml"
    mine.write_text("mine: true\n")
    assert write_case(CASE, tmp_path).name == f"{CASE.name}-2.yaml"
    assert mine.read_text() == "mine: true\n"


@pytest.mark.parametrize("state", [{"a": float("nan")}, {"a": "\ud800"}])
def test_what_yaml_cannot_hold_is_said(tmp_path: Path, state: dict[str, Any]) -> None:
    (tmp_path / "journey.yaml").touch()
    with pytest.raises(ToolFailed, match="cannot be written"):
        write_case(replace(CASE, state=state), tmp_path)
    assert not (tmp_path / f"{CASE.name}.yaml").exists()


def test_half_a_surrogate_pair_in_what_a_product_said_is_spelt_out(tmp_path: Path) -> None:
    (tmp_path / "journey.yaml").touch()
    broke = Break("pay", "json", '$["\ud83d"]', "wanted an id, saw \ud83d")
    first = write_case(replace(CASE, broke=broke), tmp_path)
    kept = load_case(first).broke
    assert (kept.where, kept.sentence) == (r'$["\ud83d"]', r"wanted an id, saw \ud83d")
    assert write_case(replace(CASE, broke=broke), tmp_path) == first


@pytest.mark.parametrize("name", ["a-file", "a-file/below", "x" * 300])
def test_a_folder_for_cases_that_can_be_none_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "a-file").touch()
    with pytest.raises(InvalidInput, match="no case can be written into") as caught:
        refuse_folder(tmp_path / name, of="--cases")
    assert [problem.file for problem in caught.value.problems] == ["--cases"]


def test_a_folder_for_cases_that_is_not_there_yet_is_not_made_before_there_is_a_case(tmp_path: Path) -> None:
    refuse_folder(tmp_path / "nights" / "cases", of="--cases")
    refuse_folder(tmp_path, of="--cases")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ToolFailed, match="cannot write into"):
        write_case(CASE, tmp_path / "file" / "cases")


# --- pytest ---------------------------------------------------------------------------------------


def test_the_test_is_python_that_reads_well() -> None:
    text = to_pytest(replace(CASE, broke=Break("pay", "status", "status", 'saw """\\ 500')))
    ast.parse(text)
    assert "def test_checkout_pay_payments_latency() -> None:" in text
    assert max(map(len, text.splitlines())) <= 120


@pytest.mark.parametrize(("code", "outcome"), [(0, "1 passed"), (1, "still broken"), (3, "cannot tell")])
def test_the_test_passes_only_where_the_replay_says_mended(code: int, outcome: str) -> None:
    """With a `flowprobe` in the place of ours that ends with this exit code."""
    said = {0: "mended", 1: "still broken", 3: "cannot tell"}[code]
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "flowprobe.py").write_text(
            f"import sys\nassert sys.argv[1] == 'replay' and sys.argv[3:] == ['--env', 'local']\nprint({said!r})\nsys.exit({code})\n")
        Path(folder, "test_case.py").write_text(to_pytest(CASE))
        done = subprocess.run([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_case.py"], cwd=folder,
                              env={"PYTHONPATH": folder, "PYTHONDONTWRITEBYTECODE": "1"}, capture_output=True, text=True, check=False)
    assert (done.returncode == 0) == (code == 0)
    assert outcome in done.stdout
