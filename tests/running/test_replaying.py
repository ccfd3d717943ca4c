"""What of a case is not there any more is said at its place in the case, before anything is sent."""

from __future__ import annotations

from pathlib import Path

import pytest

from flowprobe.errors import InvalidInput
from flowprobe.files.cases import load_case, load_cases
from flowprobe.running.replaying import prepare
from flowprobe.running.selection import Request

PROJECT = """\
flowprobe: 1
environments:
  local:
    target: http://127.0.0.1:9
    start: [{command: [true], ready: GET /health}]
    providers: {payments: {url: "https://pay.example", upstream: "http://127.0.0.1:9", edge: reverse}}
personas: {ann: {account: a1}, bob: {account: a2}}
"""
SCENARIO = """\
flowprobe: 1
scenario: Paying
personas: {admin: ann}
workflow:
  - step: pay
    call: GET /pay
    expect: {status: 200}
"""
CASE = """\
flowprobe: 1
case: pay-status
scenario: paying.yaml
personas: {admin: ann}
environment: local
broke: {step: pay, kind: status, where: status}
faults: {payments: {status: 503}}
"""


@pytest.mark.parametrize(("old", "new", "place", "said"), [
    ("admin: ann", "admin: bob", "4:19", "the scenario has no persona `bob` for the role `admin`"),
    ("faults: {payments:", "faults: {payment:", "7:10", "no provider is called `payment` in the environment `local`"),
    ("environment: local", "environment: locl", "5:14", "no environment is called `locl`"),
])
def test_what_a_case_names_and_is_not_there_any_more(tmp_path: Path, old: str, new: str, place: str, said: str) -> None:
    for name, text in {"flowprobe": PROJECT, "paying": SCENARIO, "case": CASE.replace(old, new)}.items():
        (tmp_path / f"{name}.yaml").write_text(text)
    path = tmp_path / "case.yaml"
    with pytest.raises(InvalidInput) as caught:
        prepare([load_case(path)], Request((path,)))
    assert [(problem.place, problem.found) for problem in caught.value.problems] == [(f"{path}:{place}", said)]


def test_the_environment_that_is_asked_for_stands_in_for_that_of_the_case(tmp_path: Path) -> None:
    for name, text in {"flowprobe": PROJECT, "paying": SCENARIO, "case": CASE.replace("local", "gone")}.items():
        (tmp_path / f"{name}.yaml").write_text(text)
    path = tmp_path / "case.yaml"
    (prepared,) = prepare([load_case(path)], Request((path,), environment="local"))
    assert prepared.review.selection.environment.name == "local"
    assert prepared.review.selection.chosen[0].bind == {"admin": "ann"}


@pytest.mark.parametrize(("seeds", "seed"), [((7,), 7), ((7, 7), 7), ((7, 8), None)])
def test_a_run_of_cases_has_the_seed_that_all_of_them_have(tmp_path: Path, seeds: tuple[int, ...], seed: int | None) -> None:
    texts = {f"case-{number}": f"{CASE}seed: {seed}\n" for number, seed in enumerate(seeds)}
    for name, text in {"flowprobe": PROJECT, "paying": SCENARIO, **texts}.items():
        (tmp_path / f"{name}.yaml").write_text(text)
    paths = tuple(tmp_path / f"{name}.yaml" for name in texts)
    (prepared,) = prepare(load_cases(paths), Request(paths))
    assert prepared.request.seed == seed
