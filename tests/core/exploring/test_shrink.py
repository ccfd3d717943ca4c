"""Of a try that breaks, the smallest one that breaks the same: exactly, in few tries, and the best so far at any
time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowprobe.core.exploring.model import Break, Learned, Placed, Reached, Site, Try
from flowprobe.core.exploring.shrink import Shrunk, Threshold, shrink
from flowprobe.core.exploring.simpler import simplest_of_all
from flowprobe.core.faults.hang import Hang
from flowprobe.core.faults.kinds import Kind
from flowprobe.core.faults.latency import Latency
from flowprobe.core.faults.reset import Reset
from flowprobe.core.faults.status import Status
from tests.core.exploring.products import CHARGE, PAID, SEND, Product, has

DOWN = Placed(CHARGE, Status(500))
MUTE = Placed(SEND, Reset("request"))
DEFAULTS = {f"field{number}": 3 for number in range(10)}


def shrunk(product: Product, first: Try, **options: Any) -> Shrunk:
    options = {"defaults": DEFAULTS, **options}
    return shrink(first, product.learned(first), product, **options)


# --- known answers --------------------------------------------------------------------------------


def slow(attempt: Try, site: Site) -> float:
    """How long a call waits, in seconds."""
    return max((float(placed.kind.takes) for placed in attempt.faults  # type: ignore[arg-type]
                if placed.site == site and isinstance(placed.kind, Latency)), default=0.0)


NUMBERS = st.one_of(st.integers(4, 1000), st.sampled_from([0, 1, 2**31, -1]))


@settings(max_examples=300)
@given(st.data())
def test_the_smallest_case_is_exact_and_found_within_a_hundred_tries(data: st.DataObject) -> None:
    state = {name: data.draw(NUMBERS) for name in DEFAULTS}
    matter = data.draw(st.sets(st.sampled_from(list(DEFAULTS)), max_size=3))
    limits = {name: data.draw(st.integers(4, state[name])) if 4 <= state[name] <= 1000 else state[name]
              for name in matter}
    wanted = data.draw(st.lists(st.sampled_from([DOWN, MUTE]), max_size=2))
    threshold = data.draw(st.none() | st.floats(0.02, 25.0))
    late = Placed(SEND, Latency(data.draw(st.floats(25.0, 60.0))))
    if not (matter or wanted or threshold):
        return

    def broken(attempt: Try) -> bool:
        return (all(attempt.state[name] >= limit if limit >= 4 and limit < 2**31 else attempt.state[name] == limit
                    for name, limit in limits.items())
                and all(has(attempt, placed) for placed in wanted)
                and (threshold is None or slow(attempt, SEND) >= threshold))

    product = Product(broken)
    found = shrunk(product, Try(state, (DOWN, MUTE, late)))
    assert found.minimal
    assert found.smallest.state == {**DEFAULTS, **limits}
    assert [placed for placed in found.smallest.faults if placed.name != "latency"] == [
        placed for placed in (DOWN, MUTE) if placed in wanted]
    if threshold is None:
        assert slow(found.smallest, SEND) == 0.0
    else:
        assert threshold <= slow(found.smallest, SEND) <= threshold + max(0.01, 0.05 * threshold) + 1e-9
        (told,) = found.thresholds
        assert told.holds_s < threshold <= told.breaks_s == slow(found.smallest, SEND)
    assert found.tries == len(product.asked) <= 100


@given(st.sets(st.integers(1, 8)))
def test_of_many_faults_those_that_are_needed_stay(wanted: set[int]) -> None:
    every = [Placed(replace(CHARGE, ordinal=number), Status(500)) for number in range(1, 9)]
    needed = tuple(placed for placed in every if placed.site.ordinal in wanted)
    product = Product(lambda attempt: all(has(attempt, placed) for placed in needed))
    assert shrunk(product, Try(DEFAULTS, tuple(every))).smallest.faults == needed


def test_of_a_few_faults_the_smallest_subset_is_found_where_one_by_one_would_stick() -> None:
    """Either one alone breaks it, and so do all three; two of them do not."""
    late = Placed(SEND, Latency(2.0))
    found = shrunk(Product(lambda attempt: attempt.faults == (MUTE,) or len(attempt.faults) == 3),
                   Try(DEFAULTS, (DOWN, MUTE, late)))
    assert found.smallest.faults == (MUTE,)


def test_no_experiment_is_made_twice() -> None:
    product = Product(lambda attempt: has(attempt, DOWN) and attempt.state["field3"] > 40)
    shrunk(product, Try({**DEFAULTS, "field3": 900, "field7": 0}, (DOWN, MUTE)))
    keys = [attempt.key for attempt in product.asked]
    assert len(keys) == len(set(keys))
    assert {attempt.phase for attempt in product.asked} == {"shrink"}


# --- kinds and calls ------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "breaking", "smallest"), [
    (Status(429), (Status(503), Status(429)), Status(503)),
    (Status(503), (Status(500), Status(503)), Status(500)),
    (Status(429), (Status(429),), Status(429)),
])
def test_a_simpler_kind_that_breaks_the_same_is_taken(kind: Kind, breaking: tuple[Kind, ...], smallest: Kind) -> None:
    product = Product(lambda attempt: any(placed.kind in breaking for placed in attempt.faults))
    assert shrunk(product, Try(DEFAULTS, (Placed(CHARGE, kind),))).smallest.faults == (Placed(CHARGE, smallest),)


def test_silence_is_not_exchanged_for_a_refusal() -> None:
    product = Product(lambda attempt: any(isinstance(placed.kind, Hang | Status) for placed in attempt.faults))
    assert shrunk(product, Try(DEFAULTS, (Placed(CHARGE, Hang(30.0)),))).smallest.faults[0].name == "hang"


def test_who_asks_for_the_simplest_of_all_kinds_gets_it() -> None:
    found = shrunk(Product(lambda attempt: bool(attempt.faults)), Try(DEFAULTS, (Placed(CHARGE, Hang(30.0)),)),
                   simpler=simplest_of_all)
    assert found.smallest.faults == (DOWN,)


def test_the_one_call_of_many_that_matters_is_told() -> None:
    every, second = replace(CHARGE, ordinal=0), replace(CHARGE, ordinal=2)
    reached = (Reached(CHARGE, 200, 0.1), Reached(second, 500, 0.1), Reached(SEND, 200, 0.1))
    found = shrunk(Product(lambda attempt: any(placed.site in (every, second) for placed in attempt.faults),
                           reached=reached), Try(DEFAULTS, (Placed(every, Status(500)),)))
    assert found.smallest.faults == (Placed(second, Status(500)),)


def test_where_every_call_is_needed_every_call_is_meant() -> None:
    every = replace(CHARGE, ordinal=0)
    reached = (Reached(every, 500, 0.1), Reached(every, 500, 0.1))
    product = Product(lambda attempt: any(placed.site == every for placed in attempt.faults), reached=reached)
    assert shrunk(product, Try(DEFAULTS, (Placed(every, Status(500)),))).smallest.faults[0].site == every
    assert [attempt.faults[0].site.ordinal for attempt in product.asked if attempt.faults] == [1, 2]


def test_when_the_product_gave_up_says_where_to_look() -> None:
    product = Product(lambda attempt: slow(attempt, CHARGE) >= 3.0, reached=(Reached(CHARGE, None, 3.0, gave_up_s=3.0),))
    found = shrunk(product, Try(DEFAULTS, (Placed(CHARGE, Latency(30.0)),)))
    assert found.thresholds == (Threshold(0, 3.06, 2.999),)
    assert found.tries <= 4


# --- what cannot be told, and ends ----------------------------------------------------------------


def test_another_broken_promise_is_not_the_same_one() -> None:
    other = Break("invite", "status", "status")

    def trying(attempt: Try) -> Learned:
        return Learned("fail", (PAID,) if DOWN in attempt.faults else (other,))

    first = Try({}, (DOWN, MUTE))
    assert shrink(first, trying(first), trying, defaults={}).smallest.faults == (DOWN,)
    assert shrink(first, trying(first), trying, defaults={}, any_break=True).smallest.faults == ()


def test_an_inconclusive_try_is_made_once_more_and_then_breaks_nothing() -> None:
    seen: list[Try] = []

    def trying(attempt: Try) -> Learned:
        seen.append(attempt)
        if attempt.faults == (MUTE,):
            return Learned("inconclusive")
        first = [each.faults for each in seen].count(attempt.faults) == 1
        return Learned("inconclusive") if first else Learned("fail" if DOWN in attempt.faults else "pass", (PAID,))

    found = shrink(Try({}, (DOWN, MUTE)), Learned("fail", (PAID,)), trying, defaults={})
    assert found.smallest.faults == (DOWN,)
    assert [each.faults for each in seen] == [(), (), (DOWN,), (DOWN,)]


def test_a_state_that_the_product_refuses_breaks_nothing() -> None:
    def trying(attempt: Try) -> Learned:
        return Learned("refused" if attempt.state["seats"] == 3 else "fail", (PAID,))

    found = shrink(Try({"seats": 0}), Learned("fail", (PAID,)), trying, defaults={"seats": 3})
    assert found.smallest.state == {"seats": 2}


def test_no_field_is_given_a_value_that_it_may_not_have() -> None:
    def allowed(state: Mapping[str, Any]) -> bool:
        return state["card"] in ("valid", "expired")

    product = Product(lambda attempt: attempt.state["card"] != "valid")
    found = shrunk(product, Try({"card": "expired"}), defaults={"card": "valid"}, allowed=allowed)
    assert (found.smallest.state, len(product.asked)) == ({"card": "expired"}, 1)


@given(st.integers(0, 20))
def test_the_best_so_far_is_kept_when_there_is_enough(enough: int) -> None:
    def broken(attempt: Try) -> bool:
        return has(attempt, DOWN) and attempt.state["field3"] > 40 and slow(attempt, SEND) > 1.5

    first = Try({**DEFAULTS, "field3": 900, "field7": 0}, (DOWN, MUTE, Placed(SEND, Latency(30.0))))
    product = Product(broken, enough=enough)
    found = shrunk(product, first)
    assert (found.minimal, found.ended, found.tries) == (False, "the budget of 20 tries is used up", enough + 1)
    assert broken(found.smallest)
    assert found.learned.broke


def test_a_bound_on_the_tries_is_said() -> None:
    product = Product(lambda attempt: slow(attempt, SEND) > 1.5)
    found = shrunk(product, Try(DEFAULTS, (Placed(SEND, Latency(30.0)),)), most=4)
    assert (found.minimal, found.ended, len(product.asked)) == (False, "4 tries were not enough", 4)


def test_what_depends_on_each_other_is_looked_at_again() -> None:
    """Only once the seats are few the second fault is not needed any more."""
    def broken(attempt: Try) -> bool:
        seats: int = attempt.state["seats"]
        return has(attempt, DOWN) and (seats >= 10 and (seats < 20 or has(attempt, MUTE)))

    found = shrunk(Product(broken), Try({"seats": 500}, (DOWN, MUTE)), defaults={"seats": 3})
    assert (found.smallest.faults, dict(found.smallest.state)) == ((DOWN,), {"seats": 10})


def test_a_state_alone_may_break_it() -> None:
    state: Mapping[str, Any] = {"seats": 0, "name": "Zoë"}
    found = shrunk(Product(lambda attempt: attempt.state["seats"] == 0), Try(state, (DOWN, MUTE)),
                   defaults={"seats": 3, "name": "Ann"})
    assert (found.smallest.state, found.smallest.faults) == ({"seats": 0, "name": "Ann"}, ())
