"""Of a fault plan that breaks, the smallest one that breaks the same: exactly, within the budget, honestly."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowprobe.core.cause import Cause
from flowprobe.core.distributions import Uniform
from flowprobe.core.exploring.delays import fineness
from flowprobe.core.exploring.model import Break, Enough, Learned, Reached, Site
from flowprobe.core.exploring.needed_faults import cause_of, effort, no_cause
from flowprobe.core.exploring.simpler import delay_of
from flowprobe.core.faults.fault import Fault, FaultPlan, Limit, Match, When
from flowprobe.core.faults.hang import Hang
from flowprobe.core.faults.latency import Latency
from flowprobe.core.faults.status import Status
from flowprobe.core.values import Position

PLACE = Position("plan.yaml", 1, 1)
PAID, OTHER = Break("pay", "status", "status", "saw 500"), Break("invite", "status", "status", "saw 502")


def fault(edge: str, kind: Latency | Status | Hang) -> Fault:
    return Fault(edge, edge, kind, PLACE, Match(path="/v1/**"), When(every=2), Limit(injections=3))


def waits(plan: FaultPlan, edge: str) -> float:
    return max((delay_of(each.kind) or 0.0 for each in plan.faults if each.edge == edge), default=0.0)


class Product:
    """Breaks `PAID` where `broken` says so; remembers the plans that it was asked."""

    def __init__(self, broken: Callable[[FaultPlan], bool], reached: Sequence[Reached] = ()) -> None:
        self.asked: list[FaultPlan] = []
        self._broken, self._reached = broken, tuple(reached)

    def __call__(self, plan: FaultPlan) -> Learned:
        self.asked.append(plan)
        return self.learned(plan)

    def learned(self, plan: FaultPlan) -> Learned:
        broke = self._broken(plan)
        return Learned("fail" if broke else "pass", (PAID,) if broke else (), self._reached)


def explained(product: Product, *faults: Fault, most: int = 60) -> Cause:
    plan = FaultPlan("evening", faults)
    return cause_of(plan, product.learned(plan), product, most=most)


@settings(max_examples=200)
@given(st.data())
def test_exactly_those_that_matter_are_needed_and_the_threshold_is_near(data: st.DataObject) -> None:
    edges = data.draw(st.lists(st.sampled_from("abcdef"), min_size=1, max_size=6, unique=True))
    matter = data.draw(st.sets(st.sampled_from(edges), min_size=1, max_size=2))
    threshold = data.draw(st.floats(0.02, 4.0))
    faults = [fault(edge, Latency(data.draw(st.floats(4.0, 30.0))) if data.draw(st.booleans()) else Status(503))
              for edge in edges]

    def broken(plan: FaultPlan) -> bool:
        kinds = {each.edge: each.kind for each in plan.faults}
        return all(isinstance(kind := kinds.get(edge), Status) or (kind is not None and waits(plan, edge) >= threshold)
                   for edge in matter)

    product = Product(broken)
    cause = explained(product, *faults)
    assert {part.edge for part in cause.needed} == matter
    assert {part.edge for part in cause.spare} == set(edges) - matter
    assert (cause.minimal, cause.k, cause.n, cause.trials) == (True, 3, 3, len(product.asked))
    for part in cause.needed:
        if part.kind == "latency":
            assert part.holds_s is not None
            assert part.breaks_s is not None
            assert part.holds_s < threshold <= part.breaks_s <= part.holds_s + fineness(part.holds_s)


def test_what_a_fault_says_beside_its_delay_stays_and_so_does_the_plans_name() -> None:
    product = Product(lambda plan: waits(plan, "search") >= 0.31)
    slow, other = fault("search", Latency(0.5, at="headers")), fault("payments", Latency(0.5))
    explained(product, slow, other)
    for plan in product.asked:
        assert plan.name == "evening"
        for each in plan.faults:
            asked = slow if each.edge == "search" else other
            assert replace(each, kind=asked.kind) == asked
            assert isinstance(each.kind, Latency)
            assert each.kind.at == asked.kind.at  # type: ignore[union-attr]


@settings(max_examples=50)
@given(st.integers(0, 30), st.floats(0.02, 4.0))
def test_the_budget_is_kept_and_what_it_did_not_suffice_for_is_said(most: int, threshold: float) -> None:
    product = Product(lambda plan: waits(plan, "search") >= threshold)
    cause = explained(product, fault("search", Latency(5.0)), fault("mail", Status(503)), most=most)
    assert len(product.asked) == cause.trials <= most
    assert cause.minimal or cause.ended
    assert "search" in {part.edge for part in cause.needed}
    for part in cause.needed:
        if part.edge == "search" and part.is_measured:
            assert part.holds_s < threshold <= part.breaks_s  # type: ignore[operator]


def test_nothing_is_said_to_be_minimal_that_was_not_tried() -> None:
    cause = explained(Product(lambda plan: bool(plan.faults)), fault("a", Status(500)), fault("b", Status(500)), most=2)
    assert (cause.minimal, len(cause.needed), cause.ended) == (False, 2, "2 trials were not enough")


def test_one_fault_without_a_delay_is_only_seen_again() -> None:
    cause = explained(Product(lambda plan: bool(plan.faults)), fault("a", Status(500)))
    assert (cause.minimal, cause.k, cause.n, cause.trials, cause.holds_without) == (True, 3, 3, 4, True)


def test_what_breaks_in_the_end_without_any_fault_is_not_put_down_to_one() -> None:
    """As a product does whose quota is used up: it breaks under whatever it is given."""
    cause = explained(Product(lambda _: True), fault("a", Status(500)), fault("b", Status(500)))
    assert (cause.k, cause.n, cause.holds_without, cause.sure) == (3, 3, False, "unknown")


def by_chance(*, fails: set[int], most: int = 30) -> tuple[Cause, list[int]]:
    """Breaks in these of its trials, whatever falls; with how many faults each was made."""
    made: list[int] = []

    def planning(plan: FaultPlan) -> Learned:
        made.append(len(plan.faults))
        return Learned("fail", (PAID,)) if len(made) in fails else Learned("pass")

    plan = FaultPlan("odd", (fault("a", Status(500)),))
    return cause_of(plan, Learned("fail", (PAID,)), planning, most=most), made


def test_what_wavered_is_tried_more_than_once_without_any_fault() -> None:
    cause, made = by_chance(fails={1, 3, 6})
    assert made == [1, 1, 1, 0, 0, 0]
    assert (cause.k, cause.n, cause.trials, cause.holds_without, cause.sure) == (2, 3, 6, False, "unknown")


@pytest.mark.parametrize(("most", "without"), [(4, 1), (5, 2), (6, 3), (9, 3)])
def test_what_wavered_takes_no_more_than_the_budget_and_is_not_sure(most: int, without: int) -> None:
    cause, made = by_chance(fails={1, 3}, most=most)
    assert made == [1, 1, 1, *[0] * without]
    assert (cause.holds_without, cause.sure) == (True, "unknown")


def test_without_a_trial_left_nobody_knows_whether_it_holds_without_a_fault() -> None:
    cause = explained(Product(lambda plan: bool(plan.faults)), fault("a", Status(500)), most=3)
    assert (cause.k, cause.holds_without, cause.sure) == (3, None, "likely")


def test_when_the_product_gave_up_is_looked_at_first() -> None:
    gave_up = Reached(Site("search", "GET /search"), None, 0.8, gave_up_s=0.8)
    product = Product(lambda plan: waits(plan, "search") >= 0.8, [gave_up])
    cause = explained(product, fault("search", Latency(5.0)))
    assert [waits(plan, "search") for plan in product.asked[:2]] == [0.816, 0.784]
    assert (cause.trials, cause.needed[0].breaks_s, cause.needed[0].holds_s) == (7, 0.8, 0.784)


def test_a_drawn_delay_becomes_a_fixed_one_where_that_breaks_too() -> None:
    cause = explained(Product(lambda plan: any(isinstance(each.kind, Latency) and not isinstance(each.kind.takes, float)
                                               for each in plan.faults) or waits(plan, "search") >= 0.31),
                      fault("search", Latency(Uniform(0.1, 1.0))))
    [part] = cause.needed
    assert part.holds_s is not None
    assert part.holds_s < 0.31 <= (part.breaks_s or 0)


def test_another_promise_that_breaks_is_not_the_same() -> None:
    def planning(plan: FaultPlan) -> Learned:
        return Learned("fail", (OTHER,)) if len(plan.faults) == 1 else Learned("fail", (PAID,))

    plan = FaultPlan("both", (fault("a", Status(500)), fault("b", Status(503))))
    cause = cause_of(plan, Learned("fail", (PAID, OTHER)), planning, most=30)
    assert ({part.edge for part in cause.needed}, cause.step, cause.broke) == ({"a", "b"}, "pay", "saw 500")


def test_what_does_not_break_again_is_not_confirmed() -> None:
    plan = FaultPlan("odd", (fault("a", Status(500)),))
    cause = cause_of(plan, Learned("fail", (PAID,)), lambda _: Learned("pass"), most=30)
    assert (cause.k, cause.n) == (0, 3)


@pytest.mark.parametrize("after", range(4))
def test_a_stop_leaves_the_best_so_far(after: int) -> None:
    product = Product(lambda plan: waits(plan, "search") >= 0.31)

    def planning(plan: FaultPlan) -> Learned:
        if len(product.asked) == after:
            raise Enough("the run was stopped")
        return product(plan)

    plan = FaultPlan("slow", (fault("search", Latency(0.5)), fault("mail", Status(503))))
    cause = cause_of(plan, product.learned(plan), planning, most=30)
    assert (cause.ended, cause.minimal, cause.n, cause.trials) == ("the run was stopped", False, 0, after)


def test_a_plan_with_more_faults_and_more_delays_takes_more_trials() -> None:
    down, late = fault("a", Status(500)), fault("b", Latency(Uniform(0.1, 1.0)))
    efforts = [effort(FaultPlan("p", faults)) for faults in ((down,), (down, down), (late,), (down, late))]
    assert efforts == sorted(set(efforts))


def test_a_hang_is_never_made_shorter_for_somebody_to_still_wait_at_its_end() -> None:
    waited = Learned("fail", (Break("pay", "never", "no-timeout", "still waited"),))
    plan = FaultPlan("evening", (fault("a", Hang(10.0)),))
    cause = cause_of(plan, waited, lambda tried: waited if waits(tried, "a") else Learned("pass"), most=60)
    assert [(part.described, part.breaks_s) for part in cause.needed] == [("hang 10s", None)]


def test_where_no_fault_fell_none_is_needed_and_nothing_is_tried() -> None:
    cause = no_cause(FaultPlan("odd", (fault("a", Status(500)),)), Learned("fail", (PAID, OTHER)))
    assert (cause.needed, [part.fault for part in cause.spare], cause.step, cause.trials) == ((), ["a"], "pay", 0)
