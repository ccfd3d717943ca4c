"""Of several faults, those that it takes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from flowprobe.core.exploring.model import Break, Learned, Placed, Site, Try
from flowprobe.core.exploring.narrowing import narrowed
from flowprobe.core.faults.status import Status

FAULTS = tuple(Placed(Site("p", f"POST /{number}", f"step{number}"), Status(500)) for number in range(8))


class Product:
    """Breaks where all of these fall; in the step of the last one, unless told otherwise."""

    def __init__(self, needed: set[int], step: str = "somewhere") -> None:
        self.needed, self.step, self.tries = {FAULTS[number].site for number in needed}, step, 0

    def __call__(self, tried: Try) -> Learned:
        self.tries += 1
        fired = frozenset(range(len(tried.faults)))
        if self.needed <= {fault.site for fault in tried.faults}:
            return Learned("fail", (Break(self.step, "status", "status"),), fired=fired)
        return Learned("pass", fired=fired)


@given(st.sets(st.integers(0, 7), min_size=1))
def test_what_is_left_is_exactly_what_it_takes(needed: set[int]) -> None:
    product = Product(needed)
    first = Try({}, FAULTS, "pairs")
    smaller, learned = narrowed(first, product(first), product)
    assert {fault.site for fault in smaller.faults} == product.needed
    assert learned.broke


def test_the_fault_on_the_step_that_broke_is_asked_first() -> None:
    product = Product({5}, "step5")
    first = Try({}, FAULTS, "states")
    smaller, _ = narrowed(first, product(first), product)
    assert (smaller.faults, product.tries) == ((FAULTS[5],), 2)


def test_a_fault_that_never_fell_is_no_cause() -> None:
    def product(tried: Try) -> Learned:
        fired = {number for number, fault in enumerate(tried.faults) if fault == FAULTS[0]}
        return Learned("fail" if fired else "pass", (Break("x", "status", "status"),) if fired else (),
                       fired=frozenset(fired))

    first = Try({}, FAULTS[:3], "states")
    assert narrowed(first, product(first), product)[0].faults == FAULTS[:1]


def test_another_promise_that_breaks_is_not_followed() -> None:
    def product(tried: Try) -> Learned:
        words = [fault.site.step for fault in tried.faults] if len(tried.faults) < 3 else ["all"]
        return Learned("fail", tuple(Break(word, "status", "status") for word in words), fired=frozenset(range(len(words))))

    first = Try({}, FAULTS[:3], "pairs")
    learned = Learned("fail", (Break("all", "status", "status"),), fired=frozenset({0, 1, 2}))
    assert narrowed(first, learned, product) == (first, learned)
