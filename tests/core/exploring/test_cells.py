"""Call × kind, and what became of it."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from flowprobe.core.exploring.catalogue import Offer
from flowprobe.core.exploring.cells import cells
from flowprobe.core.exploring.exploration import Flaky, Found
from flowprobe.core.exploring.model import Break, Learned, Placed, Site, Try
from flowprobe.core.exploring.notebook import Notebook
from flowprobe.core.faults.body import Body
from flowprobe.core.faults.reset import Reset
from flowprobe.core.faults.status import Status

SITE = Site("a", "POST /a", "s")
FELL = frozenset({0})


@pytest.mark.parametrize(("learned", "outcome", "because"), [
    (Learned("pass", fired=FELL), "tolerated", ""),
    (Learned("degraded", fired=FELL), "degraded", ""),
    (Learned("fail", (Break("s", "status", "status", "saw 500"),), fired=FELL), "broken", "saw 500"),
    (Learned("pass"), "unreachable", "the fault never fell: the call was not made"),
    (Learned("inconclusive", because="the proxy was gone"), "not exercised", "the proxy was gone"),
])
def test_an_outcome_is_said_with_its_reason(learned: Learned, outcome: str, because: str) -> None:
    notebook = Notebook(lambda _tried: learned, {})
    notebook.single(Placed(SITE, Status(500)), "singles")
    (cell,) = cells(notebook, (), (), {SITE: (Offer("status", (Status(500),)),)}, {}, ("out of budget", "x"))
    assert (cell.outcome, cell.because, cell.tries) == (outcome, because, 1)


def test_what_was_not_tried_says_why() -> None:
    offers = (Offer("status", (Status(500),)), Offer("tls", why_not="it speaks HTTP"))
    found = cells(Notebook(lambda _tried: Learned("pass"), {}), (), (), {SITE: offers}, {}, ("out of budget", "it was not come to"))
    assert [(cell.outcome, cell.because) for cell in found] == [
        ("out of budget", "it was not come to"), ("not applicable", "it speaks HTTP")]


def test_what_a_part_of_the_journey_stood_says_nothing_of_the_whole() -> None:
    fault = Placed(SITE, Status(500))
    notebook = Notebook(lambda _tried: Learned("pass", fired=FELL), {})
    notebook.ask(Try({"seats": 0}, (fault,), "shrink", ("search",)))
    offers = {SITE: (Offer("status", (Status(500),)),)}
    assert [cell.outcome for cell in cells(notebook, (), (), offers, {}, ("out of budget", "x"))] == ["out of budget"]
    notebook.ask(Try({"seats": 0}, (fault,), "shrink"))
    assert [cell.outcome for cell in cells(notebook, (), (), offers, {}, ("out of budget", "x"))] == ["tolerated"]


DOWN, SHUT, SPOILT = (Placed(SITE, kind) for kind in (Status(500), Reset("request"), Body("empty")))
BROKE = Break("s", "status", "status", "saw 500")


def judged(flaky: Sequence[Flaky], *found: Found) -> dict[str, tuple[str, str, str]]:
    """Where each of three kinds broke but the last; what was made small to another kind is told as that."""
    notebook = Notebook(lambda tried: Learned("pass" if tried.faults == (SPOILT,) else "fail", (BROKE,), fired=FELL), {})
    for fault in (DOWN, SHUT, SPOILT):
        notebook.single(fault, "singles")
    offers = tuple(Offer(fault.name, (fault.kind,)) for fault in (DOWN, SHUT, SPOILT))
    return {cell.kind: (cell.outcome, cell.because, cell.only)
            for cell in cells(notebook, found, flaky, {SITE: offers}, {}, ("out of budget", "x"))}


def test_what_breaks_now_and_then_is_neither_broken_nor_tolerated() -> None:
    words = "broke 5 of 7 times: saw 500"
    assert judged(()) == {"status": ("broken", "saw 500", ""), "reset": ("broken", "saw 500", ""), "body": ("tolerated", "", "")}
    by_status = judged([Flaky(Try({}, (DOWN,)), (BROKE,), 5, 7)])
    assert by_status == {"status": ("flaky", words, ""), "reset": ("flaky", words, ""), "body": ("tolerated", "", "")}
    made_small = judged([Flaky(Try({}, (DOWN,)), (BROKE,), 5, 7, Try({}, (SPOILT,)))])
    assert {outcome for outcome, _, _ in made_small.values()} == {"flaky"}
    odd = judged([Flaky(Try({"n": 0}, (SPOILT,)), (BROKE,), 5, 7)])
    assert (odd["status"][0], odd["body"]) == ("broken", ("flaky", words, "in the state n=0"))


def test_what_breaks_for_certain_as_well_stays_broken() -> None:
    tried = Try({}, (DOWN,))
    found = Found((BROKE,), tried, Learned("fail", (BROKE,)), tried, 1, 3, 3)
    outcomes = judged([Flaky(tried, (Break("t", "within", "within"),), 5, 7)], found)
    assert [outcome for outcome, _, _ in outcomes.values()] == ["broken", "broken", "tolerated"]
