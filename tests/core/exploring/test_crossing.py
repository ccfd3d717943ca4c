"""Odd states, with faults."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from flowprobe.core.exploring.exploration import Reduced
from flowprobe.core.exploring.model import Learned, Try
from flowprobe.core.exploring.searching import explore
from tests.core.exploring.fake_products import DEFAULT, VALUES, Call, FakeProduct, Weakness, rows, shop


def reset(tried: Try, learned: Learned, ask: Callable[[Try], Learned]) -> Reduced:
    """Each field as usual that is not needed."""
    best = tried
    for name in tried.state:
        plainer = replace(best, state={**best.state, name: 1}, phase="shrink")
        if set(learned.breaks) <= set(ask(plainer).breaks):
            best = plainer
    return Reduced(best, learned, 1, 1)


ONE = Call("a", "POST /a", "s")
ODD = Call("b", "POST /b", "s", within=lambda state: state["n"] == 2)


def test_each_state_is_tried_without_faults_before_it_is_tried_with_any_also_as_part_of_a_more_odd_one() -> None:
    product = shop()
    explore(product, DEFAULT, rows(), fields=VALUES)
    plain: list[set[tuple[str, object]]] = []
    for tried in product.made:
        odd = {item for item in tried.state.items() if item not in DEFAULT.items()}
        assert not tried.faults or not odd or any(odd <= each for each in plain)
        if not tried.faults:
            plain.append(odd)


def test_what_is_known_to_break_a_state_is_put_back_so_that_the_rest_of_it_is_seen() -> None:
    weak = (Weakness("n", (), lambda state: state["n"] == 2), Weakness("m", ((ONE.site(), "lost"),), lambda state: state["m"] == 2))
    product = FakeProduct((ONE,), weak)
    found = explore(product, {"n": 1, "m": 1}, [{"n": 2, "m": 2}, {"n": 2, "m": 1}], reduce=reset)
    assert {each.breaks[0].where: each.case.state for each in found.found} == {
        "n": {"n": 2, "m": 1}, "m": {"n": 1, "m": 2}}


def test_states_are_made_up_of_what_the_fields_may_be() -> None:
    weak = Weakness("both", ((ONE.site(), "refused"),), lambda state: state["n"] == 3)
    found = explore(FakeProduct((ONE,), (weak,)), {"n": 1, "m": 1}, fields={"n": (1, 2, 3), "m": (1, 2)}, reduce=reset)
    assert {each.case.state["n"] for each in found.found} == {3}
    assert not explore(FakeProduct((ONE,), (weak,)), {"n": 1, "m": 1}, fields={"n": (1, 2, 3), "m": (1, 2)},
                       allowed=lambda state: state["n"] < 3).found


def test_a_call_that_only_an_odd_state_makes_has_every_fault_as_well() -> None:
    weak = Weakness("odd", ((ODD.site(), "refused"),))
    found = explore(FakeProduct((ONE, ODD), (weak,)), {"n": 1}, [{"n": 2}])
    assert {fault.site for each in found.found for fault in each.case.faults} == {ODD.site()}
    outcomes = {cell.kind: cell.outcome for cell in found.cells if cell.site == ODD.site()}
    assert (outcomes["body"], outcomes["status"], outcomes["duplicate"]) == ("degraded", "broken", "tolerated")


def test_a_state_that_cannot_be_judged_is_said_with_the_reason_and_covers_nothing() -> None:
    def product(tried: Try) -> Learned:
        if tried.state["n"] == 1:
            return FakeProduct((ONE,))(tried)
        return Learned("inconclusive", because=f"given: saw 50{min(2, tried.state['n'] - 2)}")

    found = explore(product, {"n": 1}, [{"n": number} for number in (2, 3, 4, 5)], paired=lambda met: (len(met), 5))
    states = found.states
    assert (states.tried, states.pairs, states.of_pairs) == (0, 0, 5)
    assert (states.unjudged, states.because) == (4, ("given: saw 502", "given: saw 500", "given: saw 501"))
    assert found.is_in_doubt
    assert not explore(lambda _tried: Learned("inconclusive"), {"n": 1}).states.unjudged
    assert not explore(FakeProduct((ONE,)), {"n": 1}, [{"n": 2}]).is_in_doubt


def test_a_state_that_breaks_without_faults_is_not_tried_with_any() -> None:
    product = FakeProduct((ONE,), (Weakness("state", (), lambda state: state["n"] == 2),))
    found = explore(product, {"n": 1}, [{"n": 2}])
    assert [tried.faults for tried in product.made if tried.state == {"n": 2}] == [()]
    assert (found.states.tried, found.states.broken, [each.case.faults for each in found.found]) == (1, 1, [()])


def test_a_state_that_is_made_up_more_than_once_is_counted_once() -> None:
    product = FakeProduct((ONE,), refuses=lambda state: state["n"] == 2)
    found = explore(product, {"n": 1}, [{"n": 2}], fields={"n": (1, 2)})
    assert (found.states.tried, found.states.refused) == (1, 1)
    assert [tried.state["n"] for tried in product.made].count(2) == 1
