"""No try is made twice, and what came of each is kept."""

from __future__ import annotations

from dataclasses import replace

import pytest

from flowprobe.core.exploring.exploration import Progress, Reduced
from flowprobe.core.exploring.model import Break, Enough, Learned, Phase, Placed, Site, Try, Trying
from flowprobe.core.exploring.notebook import Notebook, Saturated
from flowprobe.core.faults.status import Status

FAULT = Placed(Site("payments", "POST /charges", "pay"), Status(500))


class Product:
    def __init__(self, *outcomes: Learned) -> None:
        self.outcomes, self.made = list(outcomes), 0

    def __call__(self, _tried: Try) -> Learned:
        self.made += 1
        return self.outcomes.pop(0) if len(self.outcomes) > 1 else self.outcomes[0]


def test_the_same_try_is_made_once_except_to_calibrate_and_to_confirm() -> None:
    product = Product(Learned("pass"))
    notebook = Notebook(product, {})
    phases: tuple[Phase, ...] = ("singles", "pairs", "shrink", "confirm", "confirm", "calibrate")
    for phase in phases:
        notebook.ask(Try({}, (FAULT,), phase))
    assert product.made == 4


def test_what_cannot_be_judged_is_tried_once_more() -> None:
    product = Product(Learned("inconclusive"), Learned("pass", signature="a"))
    notebook = Notebook(product, {})
    assert notebook.ask(Try({}, (FAULT,))).judged == "pass"
    product = Product(Learned("inconclusive", because="the proxy was gone"))
    notebook = Notebook(product, {})
    assert notebook.ask(Try({}, (FAULT,))).judged == "inconclusive"
    assert (product.made, len(notebook.signatures)) == (2, 0)


def test_it_is_told_before_and_after_each_try() -> None:
    heard: list[Progress] = []
    notebook = Notebook(Product(Learned("pass")), {}, told=heard.append)
    notebook.left = 5
    notebook.ask(Try({}, (FAULT,)))
    assert [(each.done, each.left, each.learned is not None) for each in heard] == [(0, 5, False), (1, 4, True)]


def test_so_many_tries_without_anything_new_are_enough() -> None:
    notebook = Notebook(Product(Learned("pass", signature="same")), {}, saturation=3)
    for number in range(9):
        notebook.ask(Try({"n": number}, (), "singles"))
    with pytest.raises(Saturated, match="the last 8 tries have shown nothing new"):
        notebook.ask(Try({"n": 9}, (), "states"))


def test_what_broke_and_was_not_looked_at_is_a_find_in_the_end() -> None:
    notebook = Notebook(Product(Learned("fail")), {})
    notebook.ask(Try({}, (FAULT,), "states"))
    assert not notebook.causes.found
    notebook.settle()
    assert len(notebook.causes.found) == 1


OTHER = Placed(Site("mail", "POST /send", "pay"), Status(500))
PAY = Break("pay", "status", "status")


@pytest.mark.parametrize(("enough", "case", "of"), [
    ((), (FAULT,), 3),  # there may be tries that are aimed at what was found
    (("shrink",), (FAULT, OTHER), 0),
    (("confirm",), (FAULT,), 0),
])
def test_what_the_search_ended_before_is_made_small_as_far_as_there_may_be_tries(
        enough: tuple[Phase, ...], case: tuple[Placed, ...], of: int) -> None:
    made: list[Phase] = []

    def trying(tried: Try) -> Learned:
        if tried.phase in ("pairs", *enough) and made:
            raise Enough("the budget is used up")
        made.append(tried.phase)
        return Learned("fail", (PAY,), fired=frozenset(range(len(tried.faults)))) if FAULT in tried.faults else Learned("pass")

    def reduce(first: Try, learned: Learned, ask: Trying) -> Reduced:
        for _ in range(3):
            ask(replace(first, phase="confirm"))
        return Reduced(first, learned, 3, 3)

    notebook = Notebook(trying, {}, reduce=reduce)
    with pytest.raises(Enough):
        notebook.take(Try({}, (FAULT, OTHER), "pairs"))
    assert not notebook.causes.found
    notebook.settle()
    (found,) = notebook.causes.found
    assert (found.case.faults, found.of, found.at) == (case, of, 1)
    assert set(made) <= {"pairs", "shrink", "confirm"}


def test_what_was_looked_into_is_not_made_small_once_more_in_the_end() -> None:
    asked: list[Try] = []

    def reduce(first: Try, learned: Learned, _ask: Trying) -> Reduced:
        asked.append(first)
        return Reduced(replace(first, faults=(OTHER,)), learned, 3, 3)

    notebook = Notebook(Product(Learned("fail", (PAY,), fired=frozenset({0}))), {}, reduce=reduce)
    notebook.take(Try({}, (FAULT,), "singles"))
    notebook.settle()
    assert len(asked) == 1
