"""Call × kind, and what became of it."""

from __future__ import annotations

import pytest

from flowprobe.core.exploring.catalogue import Offer
from flowprobe.core.exploring.cells import cells
from flowprobe.core.exploring.model import Break, Learned, Placed, Site, Try
from flowprobe.core.exploring.notebook import Notebook
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
    (cell,) = cells(notebook, (), {SITE: (Offer("status", (Status(500),)),)}, {}, ("out of budget", "x"))
    assert (cell.outcome, cell.because, cell.tries) == (outcome, because, 1)


def test_what_was_not_tried_says_why() -> None:
    offers = (Offer("status", (Status(500),)), Offer("tls", why_not="it speaks HTTP"))
    found = cells(Notebook(lambda _tried: Learned("pass"), {}), (), {SITE: offers}, {}, ("out of budget", "it was not come to"))
    assert [(cell.outcome, cell.because) for cell in found] == [
        ("out of budget", "it was not come to"), ("not applicable", "it speaks HTTP")]


def test_what_a_part_of_the_journey_stood_says_nothing_of_the_whole() -> None:
    fault = Placed(SITE, Status(500))
    notebook = Notebook(lambda _tried: Learned("pass", fired=FELL), {})
    notebook.ask(Try({"seats": 0}, (fault,), "shrink", ("search",)))
    offers = {SITE: (Offer("status", (Status(500),)),)}
    assert [cell.outcome for cell in cells(notebook, offers, {}, ("out of budget", "x"))] == ["out of budget"]
    notebook.ask(Try({"seats": 0}, (fault,), "shrink"))
    assert [cell.outcome for cell in cells(notebook, offers, {}, ("out of budget", "x"))] == ["tolerated"]
