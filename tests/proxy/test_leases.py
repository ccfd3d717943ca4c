"""Leases, with the clock in our hands."""

from __future__ import annotations

import pytest

from flowprobe.core.scenario import FaultPlan
from flowprobe.proxy.leases import Lease, LeaseRefused, Leases


class Watched:
    """Leases whose endings are noted."""

    def __init__(self) -> None:
        self.endings: list[tuple[str, str]] = []
        self.leases = Leases(lambda lease, reason: self.endings.append((lease.id, reason)))

    def hold(self, id: str, trial: str, now: float = 0.0, *, ttl_s: float = 10.0, ceiling_s: float = 300.0,
             probing: bool = False) -> int:
        lease = Lease(id, trial, FaultPlan("p", ()), 1, ttl_s, ceiling_s, {}, armed_at=now, renewed_at=now,
                      probing=probing)
        return self.leases.apply(lease)


@pytest.fixture
def watched() -> Watched:
    return Watched()


def test_a_lease_holds_until_its_time_is_over_swept_or_not(watched: Watched) -> None:
    watched.hold("l", "a")
    assert watched.leases.of_trial("a", 9.9)
    assert watched.leases.of_trial("a", 10.0) is None
    assert watched.endings == [("l", "expired")]


def test_a_renewed_lease_goes_on_until_its_ceiling(watched: Watched) -> None:
    watched.hold("l", "a", ceiling_s=25)
    for now in (8.0, 16.0, 24.0):
        watched.leases.renew(["l", "unknown"], now)
        assert watched.leases.of_trial("a", now)
    watched.leases.sweep(25.0)
    assert watched.endings == [("l", "ceiling")]


def test_what_is_over_cannot_be_renewed(watched: Watched) -> None:
    watched.hold("l", "a")
    watched.leases.renew(["l"], 10.0)
    assert watched.endings == [("l", "expired")]


def test_ending_is_told_once_and_every_change_has_a_version(watched: Watched) -> None:
    assert [watched.hold("l", "a"), watched.hold("m", "b"), watched.hold("l", "a")] == [1, 2, 3]
    watched.leases.end("l", "released", 1.0)
    watched.leases.end("l", "released", 1.0)
    watched.leases.end_all("lost", 2.0)
    assert watched.endings == [("l", "released"), ("m", "lost")]
    assert watched.leases.version == 5


def test_probing_holds_for_as_long_as_some_lease_that_probes(watched: Watched) -> None:
    leases, seen = watched.leases, []
    watched.hold("other", "b")
    seen.append(leases.probing)
    watched.hold("l", "a", probing=True)
    watched.hold("m", "c", probing=True)
    seen.append(leases.probing)
    leases.end("l", "released", 1.0)
    seen.append(leases.probing)
    leases.sweep(10.0)
    seen.append(leases.probing)
    assert seen == [False, True, True, False]
    assert leases.probed == {"a", "c"}, "what a probe sent may still be under way"


def test_a_probe_is_forgotten_with_its_trial(watched: Watched) -> None:
    watched.hold("l", "probe", probing=True)
    watched.leases.end("l", "released", 1.0)
    for number in range(100):
        watched.hold("l", f"{number}")
        watched.leases.end("l", "released", 1.0)
    assert watched.leases.probed == set()


def test_one_trial_has_one_lease(watched: Watched) -> None:
    watched.hold("l", "a")
    with pytest.raises(LeaseRefused, match="held by the lease l"):
        watched.hold("m", "a")


def test_an_ended_trial_is_known_but_not_faulted(watched: Watched) -> None:
    watched.hold("l", "a")
    watched.leases.end("l", "released", 1.0)
    assert watched.leases.trials == ("a",)
    assert watched.leases.of_trial("a", 1.0) is None


def test_the_oldest_ended_trials_are_forgotten_and_the_held_ones_never(watched: Watched) -> None:
    watched.hold("keep", "kept")
    for number in range(200):
        watched.hold("l", f"{number}")
        watched.leases.end("l", "released", 0.0)
    assert "kept" in watched.leases.trials
    assert "199" in watched.leases.trials
    assert len(watched.leases.trials) <= 65


def test_the_product_works_for_one_trial_until_that_is_drained(watched: Watched) -> None:
    leases = watched.leases
    assert leases.sole(0.0) is None
    watched.hold("l", "a")
    assert leases.sole(0.0) == "a"
    leases.end("l", "released", 1.0)
    assert leases.sole(2.0) == "a"  # late calls
    watched.hold("m", "b", 2.0)
    assert leases.sole(2.0) is None
    leases.settle("a")
    assert leases.sole(2.0) == "b"
    leases.settle("b")
    assert leases.sole(2.0) == "b"  # it is still held


def test_a_trial_that_nobody_drained_lingers_for_a_while_only(watched: Watched) -> None:
    watched.hold("l", "a")
    watched.leases.end("l", "released", 1.0)
    assert [watched.leases.sole(now) for now in (10.9, 11.1)] == ["a", None]
