"""What Hypothesis has tried, against products that are functions: towards harm, the same for a seed, and out at once."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import strategies as st

from flowprobe.core.account import AccountField, Strategy
from flowprobe.core.exploring.model import Enough, Learned, Placed, Site, Try
from flowprobe.core.faults.hang import Hang
from flowprobe.core.faults.reset import Reset
from flowprobe.core.faults.status import Status
from flowprobe.core.values import Position
from flowprobe.errors import ToolFailed
from flowprobe.explore.driving import Memo, Space, drive
from tests.architecture.source import ROOT

HERE = Position("scenario.yaml", 1, 1)
CALLS = (Site("payments", "POST /v1/charges", "pay"), Site("mail", "POST /send", "invite"), Site("search", "GET /q", "x"))
PLACED = tuple(Placed(site, kind) for kind in (Status(503), Reset("request"), Hang(2.0)) for site in CALLS)
FIELDS = {
    "seats": AccountField(3, HERE, Strategy("integers", {"min": 0, "max": 1000})),
    "company": AccountField("Acme", HERE, Strategy("text", {"max": 80})),
    "card": AccountField("valid", HERE, Strategy("sampled_from", {"values": ("valid", "expired", "missing")})),
    "plan": AccountField("team", HERE),
}
SPACE = Space(FIELDS, PLACED)


def harmless(_: Try) -> Learned:
    return Learned("pass")


def harmful(each: Try) -> Learned:
    harm = each.state["seats"] / 100 + 3 * (each.state["card"] == "expired")
    harm += sum(2 for placed in each.faults if placed.site.edge == "payments")
    return Learned("fail" if harm > 12 else "pass", harm=harm)


def driven(product: Callable[[Try], Learned] = harmless, space: Space = SPACE, **options: Any) -> list[Try]:
    tries: list[Try] = []

    def trying(each: Try) -> Learned:
        tries.append(each)
        return product(each)

    drive(space, trying, **{"seed": 1, "examples": 100, **options})
    return tries


def mean_harm(tries: list[Try]) -> float:
    return sum(harmful(each).harm for each in tries) / len(tries)


def test_it_moves_towards_harm() -> None:
    blind = [mean_harm(driven(seed=seed)) for seed in range(6)]
    told = [mean_harm(driven(harmful, seed=seed)) for seed in range(6)]
    assert sum(told) > 1.25 * sum(blind)


def test_the_ordinary_account_without_a_fault_comes_first_and_nothing_is_tried_twice() -> None:
    tries = driven()
    assert tries[0] == Try({"seats": 3, "company": "Acme", "card": "valid", "plan": "team"}, (), "random")
    assert len({each.key for each in tries}) == len(tries) > 50


def test_states_and_faults_are_of_the_space() -> None:
    tries = driven(harmful)
    assert {len(each.faults) for each in tries} == {0, 1, 2, 3}
    assert {str(placed) for each in tries for placed in each.faults} == set(map(str, PLACED))
    assert {each.state["card"] for each in tries} == {"valid", "expired", "missing"}
    assert {each.state["plan"] for each in tries} == {"team"}
    assert {0, 1000} < {each.state["seats"] for each in tries}


def test_the_same_seed_gives_the_same_tries_and_another_one_others() -> None:
    one, again, other = (driven(harmful, seed=seed) for seed in (1, 1, 2))
    assert [each.key for each in one] == [each.key for each in again] != [each.key for each in other]


PRINTED = """
import hashlib
from tests.explore.test_driving import driven, harmful
print(hashlib.sha256(repr([each.key for each in driven(harmful)]).encode()).hexdigest())
"""


def test_the_same_seed_gives_the_same_tries_in_another_process() -> None:
    def said(before: str, hashing: str) -> str:
        env = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": hashing}
        return subprocess.run([sys.executable, "-c", before + PRINTED], env=env, cwd=ROOT, capture_output=True,
                              text=True, check=True).stdout
    assert said("", "1") == said("import flowprobe.running.run\n", "2") != ""


def test_what_was_learned_before_is_not_tried_again() -> None:
    memo: Memo = {}
    first = driven(harmful, memo=memo)
    assert set(memo) == {each.key for each in first}
    assert driven(harmful, memo=memo) == []


def test_constraints_hold_in_every_state() -> None:
    def allowed(state: Mapping[str, Any]) -> bool:
        return state["card"] != "missing" or state["seats"] == 0

    tries = driven(space=Space(FIELDS, PLACED, allowed), examples=300)
    assert all(allowed(each.state) for each in tries)
    assert any(each.state["card"] == "missing" for each in tries)


def test_where_no_state_may_be_nothing_is_tried() -> None:
    assert driven(space=Space(FIELDS, PLACED, lambda _: False)) == []


def test_odd_accounts_are_started_from() -> None:
    starts = ({"seats": 0, "plan": "none"}, {"company": "", "plan": "merged"})
    assert {each.state["plan"] for each in driven(space=Space(FIELDS, PLACED, starts=starts))} == {
        "team", "none", "merged"}


@pytest.mark.parametrize("space", [Space(), Space({"plan": FIELDS["plan"]})])
def test_where_nothing_varies_there_is_one_try(space: Space) -> None:
    assert len(driven(space=space)) == 1


@pytest.mark.parametrize("error", [Enough("budget"), KeyboardInterrupt(), SystemExit(3), RuntimeError("ours"),
                                   AssertionError("ours"), GeneratorExit()], ids=lambda error: type(error).__name__)
def test_what_a_try_raises_comes_out_at_once_and_is_not_tried_again(error: BaseException) -> None:
    tries = []

    def trying(each: Try) -> Learned:
        tries.append(each)
        if len(tries) == 20:
            raise error
        return harmful(each)

    with pytest.raises(type(error)) as raised:
        drive(SPACE, trying, seed=1, examples=100)
    assert raised.value is error
    assert len(tries) == 20
    assert len(driven(harmful)) > 50  # and it can be driven again


@st.composite
def broken(draw: st.DrawFn, error: BaseException) -> int:
    if draw(st.integers(0, 9)) > 3:
        raise error
    return 7


@pytest.mark.parametrize(("error", "raised"), [
    (ZeroDivisionError("in their code"), ToolFailed), (KeyboardInterrupt(), KeyboardInterrupt)],
    ids=lambda each: getattr(each, "__name__", None))
def test_a_strategy_in_python_that_fails_is_named_as_that(error: BaseException, raised: type[BaseException]) -> None:
    theirs = AccountField(1, HERE, Strategy("python", {"file": "a.py", "name": "seats"}))
    space = Space({"seats": theirs}, PLACED, python={"a.py:seats": broken(error)})
    with pytest.raises(raised, match="ZeroDivisionError: in their code" if raised is ToolFailed else None):
        driven(space=space)


def test_the_dice_of_others_are_left_as_they_were() -> None:
    before = random.getstate()
    with pytest.raises(Enough):
        driven(lambda _: (_ for _ in ()).throw(Enough("at once")))
    assert random.getstate() == before


def test_a_harm_that_is_no_number_moves_nothing() -> None:
    assert len(driven(lambda _: Learned("fail", harm=float("inf")))) > 50
