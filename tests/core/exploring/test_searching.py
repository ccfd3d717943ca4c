"""The whole search, against products that are functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from flowprobe.core.exploring.catalogue import family
from flowprobe.core.exploring.exploration import Exploration, Ground, Progress
from flowprobe.core.exploring.model import Break, Enough, Learned, Placed, Try, Trying
from flowprobe.core.exploring.searching import Terms, explore
from flowprobe.core.faults.kinds import kind_name
from tests.core.exploring.fake_products import (
    CHARGE,
    DEFAULT,
    PLANTED,
    SHOP,
    Call,
    FakeProduct,
    Weakness,
    reset_fields,
    rows,
    shop,
)
from tests.core.exploring.random_products import DEFAULT as PLAIN
from tests.core.exploring.random_products import STATES, products

QUICKLY = (Phase.explicit, Phase.generate)
"""An example is a thousand tries and more: to make a smaller one takes minutes."""
ONE = Call("payments", "POST /charges", "pay")


def broken(found: Exploration) -> set[str]:
    return {broke.where for each in found.found for broke in each.breaks}


@pytest.fixture(scope="module")
def found() -> Exploration:
    return explore(shop(), DEFAULT, rows(), reduce=reset_fields)


def test_every_weakness_is_found_and_each_case_breaks_it_alone(found: Exploration) -> None:
    assert broken(found) == {each.name for each in PLANTED}
    product = shop()
    for each in found.found:
        assert set(each.breaks) <= set(product(each.case).breaks)


def test_one_cause_is_one_find(found: Exploration) -> None:
    odd = [(each.breaks[0].where, *(family(fault.kind) for fault in each.case.faults))
           for each in found.found if each.case.state != DEFAULT]
    assert len(odd) == len(set(odd)) >= 8
    assert all((each.confirmed, each.of) == (1, 1) for each in found.found)


def test_a_mended_product_has_nothing_reported_of_it() -> None:
    mended = explore(shop(mended=True), DEFAULT, rows())
    assert (mended.found, mended.flaky, mended.ended) == ((), (), "whole")
    assert not [cell for cell in mended.cells if cell.outcome == "broken"]


@given(products())
@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck), phases=QUICKLY)
def test_pruning_loses_nothing(make: Callable[[], FakeProduct]) -> None:
    whole = explore(make(), PLAIN, STATES, terms=Terms(prune=False))
    pruned = explore(make(), PLAIN, STATES)
    assert broken(whole) <= broken(pruned)


@given(products(), st.integers(0, 9))
@settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck), phases=QUICKLY)
def test_the_same_seed_makes_the_same_tries(make: Callable[[], FakeProduct], seed: int) -> None:
    one, other = make(), make()
    assert explore(one, PLAIN, STATES, terms=Terms(seed=seed)) == explore(other, PLAIN, STATES, terms=Terms(seed=seed))
    assert one.made == other.made


@given(products(), st.integers(0, 400))
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck), phases=QUICKLY)
def test_whenever_it_is_enough_all_that_was_learned_is_there(make: Callable[[], FakeProduct], budget: int) -> None:
    product = make()
    product.budget = budget
    result = explore(product, PLAIN, STATES)
    assert result.tries == len(product.made) <= budget
    assert result.ended in ("whole", "stopped")
    assert broken(result) == set(product.first_seen)
    if result.ended == "stopped":
        assert result.because == f"the budget of {budget} tries is used up"


def test_no_try_is_made_twice_except_without_faults() -> None:
    product = shop()
    explore(product, DEFAULT, rows())
    keys = [tried.key for tried in product.made if tried.faults]
    assert len(keys) == len(set(keys))


def test_a_state_that_is_refused_is_tried_once_and_counted() -> None:
    product = shop()
    result = explore(product, DEFAULT, rows())
    refused = [tried for tried in product.made if product.refuses(tried.state)]
    assert result.states.refused == len(refused) > 0
    assert not any(tried.faults for tried in refused)


def test_states_are_taken_one_by_one() -> None:
    taken = []

    def states() -> Any:
        for state in rows():
            taken.append(state)
            yield state

    explore(shop(budget=100), DEFAULT, states())
    assert len(taken) < len(rows())


def test_only_states_place_no_fault_and_only_faults_take_no_state() -> None:
    states, faults = shop(), shop()
    explore(states, DEFAULT, rows(), terms=Terms(only="states"))
    explore(faults, DEFAULT, rows(), terms=Terms(only="faults"))
    assert not any(tried.faults for tried in states.made)
    assert all(tried.state == DEFAULT for tried in faults.made)


def test_a_journey_that_breaks_without_faults_is_nothing_to_compare_with() -> None:
    result = explore(FakeProduct(SHOP, (Weakness("always"),)), DEFAULT, rows())
    assert (result.ended, result.because) == ("no baseline", "without any fault the journey was no pass, 3 of 3 times: always")
    assert (result.tries, result.found, result.cells) == (3, (), ())


def test_what_the_environment_cannot_do_is_not_applicable_and_says_why() -> None:
    def cannot(fault: Placed) -> str:
        return "a reset needs an edge of ours" if fault.name == "reset" else ""

    product = FakeProduct((ONE,))
    result = explore(product, {}, cannot=cannot)
    assert not [tried for tried in product.made for each in tried.faults if kind_name(each.kind) == "reset"]
    (cell,) = [cell for cell in result.cells if cell.kind == "reset"]
    assert (cell.outcome, cell.because) == ("not applicable", "a reset needs an edge of ours")


def test_after_so_many_tries_without_anything_new_it_ends() -> None:
    product = FakeProduct((ONE,))
    result = explore(product, {}, ({"n": number} for number in range(500)), terms=Terms(saturation=20))
    assert result.ended == "saturated"
    assert result.tries < 100


def test_it_says_what_it_tries_and_what_is_left() -> None:
    heard: list[Progress] = []
    explore(shop(budget=40), DEFAULT, rows(), told=heard.append)
    singles = [each for each in heard if each.phase == "singles" and each.learned is not None]
    assert heard[0].phase == "calibrate"
    assert [each.left for each in singles] == list(range(singles[0].left or 0, singles[-1].left - 1 if singles[-1].left else 0, -1))
    assert [each.done for each in heard if each.learned is not None] == list(range(1, 41))
    assert heard[-1].found > 0


def test_a_random_search_comes_last_and_what_it_breaks_is_found() -> None:
    def dice(trying: Trying, ground: Ground) -> None:
        assert ground.default == {"n": 1}
        assert [state["n"] for state in ground.states] == [1, 2]
        learned = trying(Try({"n": 77}, ground.faults[:3], "random"))
        assert learned.broke

    weak = Weakness("only seventy-seven", ((ONE.site(), "refused"),), lambda state: state["n"] == 77)
    result = explore(FakeProduct((ONE,), (weak,)), {"n": 1}, [{"n": 2}], random=dice)
    assert [(each.case.state, len(each.case.faults)) for each in result.found] == [({"n": 77}, 1)]


def test_a_find_is_kept_where_reducing_it_was_enough() -> None:
    def reduce(_tried: Try, _learned: Learned, _ask: Trying) -> Any:
        raise Enough("somebody stopped it")

    result = explore(shop(), DEFAULT, rows(), reduce=reduce)
    assert (result.ended, result.because, len(result.found)) == ("stopped", "somebody stopped it", 1)


def test_what_is_flaky_is_no_find() -> None:
    times: dict[object, int] = {}

    def product(tried: Try) -> Learned:
        times[tried.key] = times.get(tried.key, 0) + 1
        learned = FakeProduct((ONE,), (Weakness("once", ((ONE.site(), "refused"),)),))(tried)
        return learned if times[tried.key] == 1 else Learned("pass", fired=learned.fired)

    result = explore(product, {}, reduce=reset_fields)
    assert not result.found
    assert {(each.breaks, each.broke, each.of) for each in result.flaky} == {((Break("pay", "planted", "once"),), 1, 2)}


def test_calls_that_only_a_fault_brings_out_are_taken_up_under_it(found: Exploration) -> None:
    retry = CHARGE.site(2)
    (parent,) = found.revealed[retry]
    assert parent.site == CHARGE.site()
    cells: Mapping[str, str] = {cell.kind: cell.outcome for cell in found.cells if cell.site == retry and cell.within}
    assert cells["status"] == "degraded"


def test_why_pairs_were_left_out_is_counted_with_examples(found: Exploration) -> None:
    reasons = {each.reason.partition(":")[0]: each for each in found.pruned}
    assert {"no impact", "equivalent", "already covered"} <= set(reasons)
    assert all(each.count >= len(each.examples) > 0 for each in found.pruned)


def test_coverage_has_every_call_with_every_kind_once(found: Exploration) -> None:
    places = [(cell.site, cell.kind) for cell in found.cells]
    assert len(places) == len(set(places))
    assert {cell.outcome for cell in found.cells} <= {
        "broken", "degraded", "tolerated", "unreachable", "not applicable", "not exercised"}
    assert all(cell.because for cell in found.cells if cell.outcome in ("not applicable", "not exercised", "broken"))


def test_what_was_not_come_to_is_out_of_budget() -> None:
    result = explore(shop(budget=30), DEFAULT, rows())
    assert [cell for cell in result.cells if cell.outcome == "out of budget"]


def test_a_break_that_needs_an_odd_state_says_so_in_its_cell(found: Exploration) -> None:
    (cell,) = [cell for cell in found.cells if cell.kind == "duplicate" and cell.site.edge == "mail" and not cell.within]
    assert (cell.outcome, cell.only) == ("broken", "in the state age=0")
