"""How long the product waits, found without a grid."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowprobe.core.exploring.exploration import Exploration, Patience
from flowprobe.core.exploring.searching import Terms, explore
from flowprobe.core.faults.latency import Latency
from tests.core.exploring.fake_products import Call, FakeProduct, Weakness

SLOW = Call("payments", "POST /charges", "pay", timeout_s=3.0)
ENDLESS = Call("payments", "POST /charges", "pay", timeout_s=None)


def explored(product: FakeProduct) -> Exploration:
    return explore(product, {}, terms=Terms(cap_s=10.0))


def patience(call: Call, breaks_after: float | None = None) -> Patience:
    weak = () if breaks_after is None else (Weakness("late", ((call.site(), ""),), slower_than=breaks_after),)
    (found,) = explored(FakeProduct((call,), weak)).patience
    return found


def test_a_hang_tells_when_the_product_gives_up() -> None:
    assert patience(SLOW).gives_up_s == 3.0
    assert patience(SLOW).breaks_s is None


def test_a_product_that_waits_for_ever_is_said_so() -> None:
    found = patience(ENDLESS)
    assert (found.gives_up_s, found.waited_s) == (None, 10.0)


@given(st.floats(0.1, 2.7))
def test_the_shortest_delay_that_breaks_is_told_to_five_percent(limit: float) -> None:
    found = patience(SLOW, limit)
    breaks_at = limit - SLOW.seconds
    assert found.breaks_s is not None
    assert found.holds_s is not None
    assert found.holds_s <= breaks_at <= found.breaks_s
    assert found.breaks_s - found.holds_s <= max(0.01, 0.05 * found.breaks_s)


def test_just_below_and_just_above_are_tried_and_nothing_in_between_where_both_hold() -> None:
    product = FakeProduct((SLOW,))
    explored(product)
    delays = sorted({each.kind.takes for tried in product.made for each in tried.faults if isinstance(each.kind, Latency)})
    assert delays == pytest.approx([0.5, 2.8, 3.15])
