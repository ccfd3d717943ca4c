"""Tries that broke, by their cause."""

from __future__ import annotations

import pytest

from flowprobe.core.exploring.causes import Causes
from flowprobe.core.exploring.exploration import Reduced
from flowprobe.core.exploring.model import Break, Enough, Learned, Placed, Site, Try
from flowprobe.core.faults.body import Body
from flowprobe.core.faults.hang import Hang
from flowprobe.core.faults.reset import Reset
from flowprobe.core.faults.status import Status

PAY = Site("payments", "POST /charges", "pay")
BROKE = Learned("fail", (Break("pay", "status", "status", "saw 500"),), fired=frozenset({0}))
DEFAULT = {"seats": 5, "plan": "team"}


def ask(_tried: Try) -> Learned:
    return BROKE


def test_kinds_of_one_family_at_one_call_that_break_the_same_are_one_cause() -> None:
    causes = Causes(DEFAULT, None)
    for number, kind in enumerate((Status(500), Reset("request"), Body("html"))):
        tried = Try(DEFAULT, (Placed(PAY, kind),))
        if causes.unexplained(tried, BROKE) is not None:
            causes.add(tried, BROKE, number, ask)
    assert [(each.case.faults[0].name, len(each.also)) for each in causes.found] == [("status", 1), ("body", 0)]


def test_a_cause_is_reduced_once_and_explains_what_has_it_in_it() -> None:
    asked = []

    def reduce(tried: Try, learned: Learned, _ask: object) -> Reduced:
        asked.append(tried)
        return Reduced(Try({**DEFAULT, "seats": 0}, tried.faults, "shrink"), learned, 3, 3)

    causes = Causes(DEFAULT, reduce)
    causes.add(Try({"seats": 0, "plan": "free"}, (Placed(PAY, Status(500)),)), BROKE, 7, ask)
    assert causes.unexplained(Try({"seats": 0, "plan": "pro"}, (Placed(PAY, Status(503)),)), BROKE) is None
    (found,) = causes.found
    assert (len(asked), found.at, found.confirmed, found.case.state["plan"], len(found.also)) == (1, 7, 3, "team", 1)
    assert causes.expects({"seats": 0, "plan": "any"}, Placed(PAY, Status(404)))
    assert not causes.expects({"seats": 1, "plan": "any"}, Placed(PAY, Status(404)))


def test_what_does_not_break_each_time_is_flaky_and_no_find() -> None:
    causes = Causes(DEFAULT, lambda tried, learned, _ask: Reduced(tried, learned, 1, 3))
    causes.add(Try(DEFAULT, (Placed(PAY, Status(500)),)), BROKE, 1, ask)
    assert (causes.found, [(each.broke, each.of) for each in causes.flaky]) == ((), [(1, 3)])


def test_what_broke_is_kept_when_there_is_no_time_to_reduce_it() -> None:
    def reduce(_tried: Try, _learned: Learned, _ask: object) -> Reduced:
        raise Enough("the budget is used up")

    causes = Causes(DEFAULT, reduce)
    tried = Try(DEFAULT, (Placed(PAY, Status(500)),))
    with pytest.raises(Enough):
        causes.add(tried, BROKE, 1, ask)
    assert [each.case for each in causes.found] == [tried]


def test_only_what_no_known_cause_explains_is_left() -> None:
    causes = Causes(DEFAULT, None)
    pay = Placed(PAY, Status(500))
    causes.add(Try(DEFAULT, (pay,)), BROKE, 1, ask)
    both = Learned("fail", (*BROKE.breaks, Break("bill", "within", "within")), fired=frozenset({0, 1}))
    other = Placed(Site("tax", "GET /rates", "bill"), Status(500))
    left = causes.unexplained(Try(DEFAULT, (pay, other)), both)
    assert left is not None
    assert [broke.step for broke in left.breaks] == ["bill"]
    assert causes.culprits(Try(DEFAULT, (pay, other))) == (pay,)
    assert causes.unexplained(Try(DEFAULT, (other,)), BROKE) == BROKE


def test_a_value_that_reducing_has_changed_is_explained_as_well() -> None:
    causes = Causes(DEFAULT, lambda tried, learned, _ask: Reduced(Try({**DEFAULT, "seats": 6}, tried.faults), learned))
    pay = (Placed(PAY, Status(500)),)
    causes.add(Try({"seats": 9_000, "plan": "free"}, pay), BROKE, 1, ask)
    assert causes.unexplained(Try({"seats": 9_000, "plan": "pro"}, pay), BROKE) is None
    assert causes.unexplained(Try({"seats": 6, "plan": "pro"}, pay), BROKE) is None
    assert causes.unexplained(Try({"seats": 7, "plan": "pro"}, pay), BROKE) == BROKE


def test_that_somebody_still_waited_at_the_end_of_a_shorter_hang_is_not_what_was_found() -> None:
    def saw(words: str) -> Learned:
        return Learned("fail", (*BROKE.breaks, Break("pay", "never", "no-timeout", f"still waited after {words}")))

    causes = Causes(DEFAULT, lambda tried, _learned, _ask: Reduced(tried, saw("310ms"), 3, 3))
    causes.add(Try(DEFAULT, (Placed(PAY, Hang(10.0)),)), saw("10s"), 1, ask)
    assert [each.breaks for each in causes.found] == [BROKE.breaks]
