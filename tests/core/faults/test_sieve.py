"""A hundred faults are counted as if each had been looked at on its own."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from flowprobe.core.faults.matching import Seen, compiled
from flowprobe.core.faults.sieve import Passed, Sieve
from flowprobe.core.faults.status import Status
from flowprobe.core.scenario import Fault, Match, Position

NOWHERE = Position("x", 1, 1)
EDGES = ("payments", "mail")
METHODS = ("GET", "POST", "post")
PATHS = ("/v1/a", "/v1/b", "/v1/b?c=1", "/")

matches = st.builds(
    Match, method=st.lists(st.sampled_from(["GET", "POST"]), max_size=2).map(tuple),
    path=st.sampled_from([None, "/v1/*", "/v1/b", "/**"]), step=st.sampled_from([(), ("pay",)]))
calls = st.lists(st.builds(Seen, st.sampled_from(EDGES), st.sampled_from(METHODS), st.sampled_from(PATHS)), max_size=12)


@st.composite
def plans(draw: st.DrawFn) -> tuple[Fault, ...]:
    found = draw(st.lists(st.tuples(st.sampled_from(EDGES), matches), max_size=8))
    return tuple(Fault(f"{edge}[{number}]", edge, Status(503), NOWHERE, match)
                 for number, (edge, match) in enumerate(found))


@given(plans(), calls)
def test_a_fault_is_left_out_for_what_it_would_have_said_itself(faults: tuple[Fault, ...], seen: list[Seen]) -> None:
    sieve, passed, expected = Sieve(), Passed(), Counter[tuple[str, str]]()
    for call in seen:
        sifted = sieve.sift(faults, call)
        passed.together(sifted.others)
        said = {fault.id: compiled(fault.match)(call) for fault in faults if fault.edge == call.edge}
        assert {fault.id for fault in sifted.fitting} == {id for id, why in said.items() if why not in ("method", "path")}
        expected.update((id, why) for id, why in said.items() if why in ("method", "path"))
    assert dict(passed.counts) == dict(expected)


def test_what_is_passed_by_one_at_a_time_and_together_is_one_sum() -> None:
    passed, several = Passed(), (("a", "path"), ("b", "method"))
    for _ in range(3):
        passed.together(several)
    passed.one("a", "path")
    assert dict(passed.counts) == {("a", "path"): 4, ("b", "method"): 3}
    passed.together(several)
    assert dict(passed.counts) == {("a", "path"): 5, ("b", "method"): 4}


def test_paths_that_never_come_again_are_not_kept_for_ever() -> None:
    sieve, passed, only = Sieve(), Passed(), (Fault("f", "payments", Status(503), NOWHERE, Match(("GET",))),)
    for number in range(5_000):
        passed.together(sieve.sift(only, Seen("payments", "POST", f"/v1/charges/{number}")).others)
    assert dict(passed.counts) == {("f", "method"): 5_000}
    assert len(sieve._sifted) <= 1_024
    assert len(passed._together) <= 1_024


def test_one_reason_for_all_is_found_once() -> None:
    sieve, two = Sieve(), tuple(Fault(id, "payments", Status(503), NOWHERE) for id in ("a", "b"))
    assert sieve.all_for(two, "ambiguous") == (("a", "ambiguous"), ("b", "ambiguous"))
    assert sieve.all_for(two, "ambiguous") is sieve.all_for(two, "ambiguous")
