"""What is left out of pairs, and how it is counted."""

from __future__ import annotations

from flowprobe.core.exploring.model import Learned, Placed, Reached, Site
from flowprobe.core.exploring.notebook import Alone
from flowprobe.core.exploring.pruning import ALIKE, NEVER, NO_IMPACT, Reasons, combinable, pairs_of, partner
from flowprobe.core.faults.kinds import Kind
from flowprobe.core.faults.reset import Reset
from flowprobe.core.faults.status import Status

A, B, C = (Site("p", f"POST /{name}", "s") for name in "abc")


def alone(site: Site, kind: Kind, signature: str, *, fell: bool = True, reached: tuple[Site, ...] = (A, B, C)) -> Alone:
    return Alone(Placed(site, kind), Learned("pass", (), tuple(Reached(each, 200, 0.1) for each in reached),
                                             frozenset({0} if fell else ()), signature))


def test_each_reason_counts_the_pairs_that_it_takes() -> None:
    reasons = Reasons()
    some = [alone(A, Status(500), "a"), alone(A, Reset("request"), "a"), alone(B, Status(500), "usual"),
            alone(C, Status(500), "c"), alone(C, Reset("request"), "", fell=False)]
    left = combinable(some, frozenset({"usual"}), reasons, prune=True)
    counts = {each.reason: each.count for each in reasons.pruned}
    assert [each.fault.site for each in left.faults] == [A, C]
    assert counts == {NEVER: 3, NO_IMPACT: 3, ALIKE: 1}
    assert left.pairs == sum(counts.values()) + pairs_of(left.faults) == 8
    assert all(0 < len(each.examples) <= 3 for each in reasons.pruned)


def test_without_pruning_all_that_fell_is_left_and_nothing_is_counted() -> None:
    reasons = Reasons()
    some = [alone(A, Status(500), "usual"), alone(A, Reset("request"), "usual"), alone(B, Status(500), "", fell=False)]
    assert len(combinable(some, frozenset({"usual"}), reasons, prune=False).faults) == 2
    assert reasons.pruned == ()


def test_a_partner_is_called_under_the_other_fault() -> None:
    one, other = alone(A, Status(500), "a", reached=(A,)), alone(B, Status(500), "b")
    assert not partner(one, other)
    assert partner(other, alone(C, Status(500), "c"))
    assert partner(other, alone(Site(*(C.edge, C.call, C.step), 0), Status(500), "c"))
