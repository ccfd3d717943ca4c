"""Of a try that breaks, the smallest one that breaks the same: exactly, in few tries, and the best so far at any
time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowprobe.core.exploring.leaving_out import Links
from flowprobe.core.exploring.model import Break, Learned, Placed, Reached, Site, Try
from flowprobe.core.exploring.shrink import Shrunk, Threshold, shrink
from flowprobe.core.exploring.simpler import delay_of, simplest_of_all
from flowprobe.core.faults.hang import Hang
from flowprobe.core.faults.kinds import Kind
from flowprobe.core.faults.latency import Latency
from flowprobe.core.faults.lost_reply import LostReply
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


# --- steps ----------------------------------------------------------------------------------------

STEPS = tuple(f"step{number}" for number in range(8))
ALL = frozenset(STEPS)


def kept_of(links: Links, attempt: Try) -> frozenset[str]:
    return ALL - {step for name in attempt.without for step in links.steps(name)}


class Walked:
    """A product that breaks a promise of `broke` where `needed` steps are walked before it, and also, be it an ordinary
    night, where a step is walked and one that it depends on is not. It has ten fields, of which `matter` do."""

    def __init__(self, links: Links, broke: Break, needed: frozenset[str], depends: frozenset[tuple[str, str]],
                 matter: Mapping[str, Any]) -> None:
        self.links, self.broke, self.needed, self.depends, self.matter = links, broke, needed, depends, matter
        self.asked: list[Try] = []

    def __call__(self, attempt: Try) -> Learned:
        self.asked.append(attempt)
        return self.learned(attempt)

    def learned(self, attempt: Try) -> Learned:
        kept = kept_of(self.links, attempt)
        due = all(attempt.state[name] == value for name, value in self.matter.items()) and has(attempt, DOWN)
        if not self.is_sound(kept) or (self.needed <= kept and due):
            return Learned("fail", (self.broke,))
        return Learned("pass")

    def is_sound(self, kept: frozenset[str]) -> bool:
        return all(needed in kept for step, needed in self.depends if step in kept)


def pairs(data: st.DataObject) -> frozenset[tuple[str, str]]:
    """Each a step, and one before it."""
    numbers = data.draw(st.sets(st.tuples(st.integers(0, 7), st.integers(0, 7)), max_size=4))
    return frozenset((STEPS[max(pair)], STEPS[min(pair)]) for pair in numbers if pair[0] != pair[1])


@settings(max_examples=300)
@given(st.data())
def test_no_step_is_left_that_could_be_left_out_alone(data: st.DataObject) -> None:
    needs = pairs(data)
    fixed = data.draw(st.frozensets(st.sampled_from(STEPS), max_size=1))
    wholes = {"whole": STEPS[2:5]} if data.draw(st.booleans()) else {}
    links = Links(STEPS, {name: frozenset(other for step, other in needs if step == name) for name in STEPS}, fixed, wholes)
    broke = data.draw(st.sampled_from([PAID, Break("", "always", "x"), *(Break(name, "status", "status") for name in STEPS)]))
    matter = dict.fromkeys(data.draw(st.sets(st.sampled_from(list(DEFAULTS)), max_size=3)), 0)
    product = Walked(links, broke, data.draw(st.frozensets(st.sampled_from(STEPS), max_size=3)), pairs(data), matter)

    found = shrunk(product, Try(dict.fromkeys(DEFAULTS, 0), (DOWN, MUTE)), links=links)  # type: ignore[arg-type]

    kept = kept_of(links, found.smallest)
    assert found.minimal
    assert product.learned(found.smallest).breaks == (broke,)
    assert (found.smallest.state, found.smallest.faults) == ({**DEFAULTS, **matter}, (DOWN,))
    least = {*product.needed, *links.steps(broke.step)}
    for _ in STEPS:
        least = {*links.with_needed(least), *(needed for step, needed in product.depends if step in least)}
    assert kept == least
    assert found.smallest.without == links.left_out(kept)
    assert len(product.asked) <= 100


LINKS = Links(STEPS, dict.fromkeys(STEPS, frozenset()))


def walked(broke: Break = PAID, needed: frozenset[str] = frozenset(),
           depends: frozenset[tuple[str, str]] = frozenset()) -> Walked:
    return Walked(LINKS, broke, needed, depends, {})


def test_all_that_nothing_needs_goes_at_once_and_is_walked_once_on_an_ordinary_night() -> None:
    product = walked(Break("step3", "status", "status"))
    found = shrunk(product, Try(DEFAULTS, (DOWN,)), links=LINKS)  # type: ignore[arg-type]
    rest = tuple(name for name in STEPS if name != "step3")
    assert [attempt.without for attempt in product.asked[:2]] == [rest, rest]
    assert [attempt.faults for attempt in product.asked[:2]] == [(DOWN,), ()]
    assert found.smallest.without == rest


def test_what_comes_after_the_step_that_broke_goes_before_the_others_are_looked_at() -> None:
    product = walked(Break("step3", "status", "status"), frozenset({"step0", "step1", "step2"}))
    shrunk(product, Try(DEFAULTS, (DOWN,)), links=LINKS)  # type: ignore[arg-type]
    assert product.asked[1].without == STEPS[4:]


def test_a_journey_that_breaks_because_a_step_is_missing_is_no_smaller_case() -> None:
    """Without the first step the second breaks on any night, at the same place."""
    product = walked(Break("step1", "status", "status"), depends=frozenset({("step1", "step0")}))
    found = shrunk(product, Try(DEFAULTS, (DOWN,)), links=LINKS)  # type: ignore[arg-type]
    assert (kept_of(LINKS, found.smallest), found.smallest.faults) == ({"step0", "step1"}, (DOWN,))


def test_a_step_in_which_a_fault_falls_stays() -> None:
    links = Links(("invite", "pay", "search"), {})
    found = shrunk(Product(lambda attempt: has(attempt, DOWN) and has(attempt, MUTE)), Try(DEFAULTS, (DOWN, MUTE)), links=links)
    assert found.smallest.without == ("search",)


def test_nothing_is_left_out_of_the_best_so_far_that_nobody_has_tried_on_an_ordinary_night() -> None:
    product = walked(Break("step3", "status", "status"))
    found = shrunk(product, Try(DEFAULTS, (DOWN,)), links=LINKS, most=1)  # type: ignore[arg-type]
    assert (found.smallest.without, found.ended) == ((), "1 tries were not enough")


@pytest.mark.parametrize("kind", [Hang(10.0), LostReply("hang", 10.0)])
def test_a_hang_is_never_made_shorter_for_somebody_to_still_wait_at_its_end(kind: Kind) -> None:
    waited = Break("pay", "never", "no-timeout", "no-timeout: still waited for payments after 10s")

    def product(attempt: Try) -> Learned:
        held = any(isinstance(placed.kind, Hang | LostReply) and delay_of(placed.kind) for placed in attempt.faults)
        return Learned("fail" if held else "pass", (waited,) if held else ())

    first = Try({}, (Placed(CHARGE, kind),))
    result = shrink(first, product(first), product, defaults={})
    assert (result.smallest.faults, result.thresholds, result.minimal) == ((Placed(CHARGE, kind),), (), True)
