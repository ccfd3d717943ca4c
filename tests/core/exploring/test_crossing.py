"""Odd states, with faults."""

from __future__ import annotations

from flowprobe.core.exploring.searching import explore
from tests.core.exploring.fake_products import DEFAULT, Call, FakeProduct, Weakness, rows, shop

ONE = Call("a", "POST /a", "s")
ODD = Call("b", "POST /b", "s", within=lambda state: state["n"] == 2)


def test_each_state_is_tried_without_faults_before_it_is_tried_with_any() -> None:
    product = shop()
    explore(product, DEFAULT, rows())
    seen = set()
    for tried in product.made:
        key = repr(tried.state)
        assert not tried.faults or key in seen
        seen.add(key)


def test_a_call_that_only_an_odd_state_makes_has_every_fault_as_well() -> None:
    weak = Weakness("odd", ((ODD.site(), "refused"),))
    found = explore(FakeProduct((ONE, ODD), (weak,)), {"n": 1}, [{"n": 2}])
    assert {fault.site for each in found.found for fault in each.case.faults} == {ODD.site()}
    outcomes = {cell.kind: cell.outcome for cell in found.cells if cell.site == ODD.site()}
    assert (outcomes["body"], outcomes["status"], outcomes["duplicate"]) == ("degraded", "broken", "tolerated")


def test_a_state_that_breaks_without_faults_is_not_tried_with_any() -> None:
    product = FakeProduct((ONE,), (Weakness("state", (), lambda state: state["n"] == 2),))
    found = explore(product, {"n": 1}, [{"n": 2}])
    assert [tried.faults for tried in product.made if tried.state == {"n": 2}] == [()]
    assert (found.states.tried, found.states.broken, [each.case.faults for each in found.found]) == (1, 1, [()])
