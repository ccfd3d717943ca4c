"""Which faults fall on a call: deterministic, the same multiset at any interleaving."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flowprobe.core.decide import Counters, Injection, Seen, call_site, chosen, decide, draw, path_matches
from flowprobe.core.faults.actions import Answer, Sleep
from flowprobe.core.faults.body import Body
from flowprobe.core.faults.close import Close
from flowprobe.core.faults.hang import Hang
from flowprobe.core.faults.kinds import Kind
from flowprobe.core.faults.latency import Latency
from flowprobe.core.faults.reset import Reset
from flowprobe.core.faults.status import Status
from flowprobe.core.scenario import Fault, Limit, Match, Position, When

NOWHERE = Position("x", 1, 1)
CHARGE = Seen("payments", "POST", "/v1/charges", "pay")


SERVER_ERROR = Status(503)


def fault(kind: Kind = SERVER_ERROR, id: str = "f", edge: str = "payments", **parts: object) -> Fault:
    return Fault(id, edge, kind, NOWHERE, **parts)


def run(faults: list[Fault], calls: list[Seen], *, seed: int = 1, armed_s: float = 0.0) -> list[tuple[Injection, ...]]:
    counters = Counters()
    return [decide(faults, seen, counters, seed=seed, armed_s=armed_s) for seen in calls]


def ordinals(faults: list[Fault], count: int, **options: float) -> list[int]:
    fallen = run(faults, [CHARGE] * count, **options)
    return [injection.ordinal for injections in fallen for injection in injections]


# --- when ---


@pytest.mark.parametrize(("when", "expected"), [
    (When(), [1, 2, 3, 4, 5, 6, 7, 8]),
    (When(first=2), [1, 2]),
    (When(every=3), [3, 6]),
    (When(after=5), [6, 7, 8]),
    (When(after=1, every=2, first=2), [3, 5]),
    (When(probability=0.0), []),
])
def test_when_counts_from_the_first_matching_call(when: When, expected: list[int]) -> None:
    assert ordinals([fault(when=when)], 8) == expected


@settings(deadline=None)  # a busy machine is no failure
@given(st.builds(When, first=st.none() | st.integers(0, 9), every=st.integers(1, 9), after=st.integers(0, 9)))
def test_when_chooses_at_most_first_and_never_before_after(when: When) -> None:
    picked = [ordinal for ordinal in range(1, 200) if chosen(when, ordinal)]
    assert all(ordinal > when.after and (ordinal - when.after) % when.every == 0 for ordinal in picked)
    assert when.first is None or len(picked) <= when.first


def test_only_matching_calls_count() -> None:
    only = fault(match=Match("POST", "/v1/charges"), when=When(first=1))
    calls = [Seen("payments", "GET", "/v1/charges", "pay"), Seen("mail", "POST", "/v1/charges", "pay"), CHARGE, CHARGE]
    assert [len(fallen) for fallen in run([only], calls)] == [0, 0, 1, 0]


def test_each_step_and_each_site_counts_for_itself() -> None:
    other_step = Seen("payments", "POST", "/v1/charges", "bill")
    other_site = Seen("payments", "POST", "/v1/refunds", "pay")
    fallen = run([fault(when=When(first=1))], [CHARGE, other_step, other_site, CHARGE])
    assert [len(each) for each in fallen] == [1, 1, 1, 0]


# --- limit ---


def test_a_limit_of_injections_holds_over_all_sites() -> None:
    calls = [Seen("payments", "GET", f"/page-{letter}", "pay") for letter in "abcd"]
    assert [len(fallen) for fallen in run([fault(limit=Limit(injections=2))], calls)] == [1, 1, 0, 0]


@pytest.mark.parametrize(("armed_s", "falls"), [(0.0, True), (9.9, True), (10.0, False)])
def test_a_limit_of_seconds_counts_from_arming(armed_s: float, falls: bool) -> None:
    assert bool(ordinals([fault(limit=Limit(seconds=10))], 1, armed_s=armed_s)) is falls


# --- draws ---

SITES = st.sampled_from(["/v1/charges", "/v1/refunds", "/v1/charges/ch_123abc", "/v1/charges/ch_987zyx"])
CALLS = st.lists(st.builds(Seen, st.just("payments"), st.sampled_from(["GET", "POST"]), SITES,
                           st.sampled_from(["pay", "bill"])), max_size=40)
FAULTS = st.lists(
    st.builds(
        fault, st.sampled_from([Latency(0.5), Status(503), Reset(), Body("html")]), st.sampled_from("abc"),
        when=st.builds(When, probability=st.floats(0, 1), every=st.integers(1, 3), after=st.integers(0, 2)),
    ),
    max_size=3, unique_by=lambda f: f.id,
)


def multiset(fallen: list[tuple[Injection, ...]], calls: list[Seen]) -> Counter[tuple[str, str, str, int]]:
    return Counter(
        (injection.fault.id, seen.step, injection.site, injection.ordinal)
        for seen, injections in zip(calls, fallen, strict=True) for injection in injections
    )


@settings(deadline=None)  # a busy machine is no failure
@given(CALLS, FAULTS, st.integers(), st.randoms(use_true_random=False))
def test_the_same_seed_gives_the_same_multiset_at_any_interleaving(
    calls: list[Seen], faults: list[Fault], seed: int, random: object
) -> None:
    shuffled = list(calls)
    random.shuffle(shuffled)
    assert multiset(run(faults, calls, seed=seed), calls) == multiset(run(faults, shuffled, seed=seed), shuffled)


@settings(deadline=None)  # a busy machine is no failure
@given(st.integers(), st.lists(st.text() | st.integers(), max_size=4))
def test_a_draw_is_in_its_range_and_repeats(seed: int, about: list[object]) -> None:
    assert 0 <= draw(seed, *about) < 1
    assert draw(seed, *about) == draw(seed, *about)


def test_draws_of_different_faults_steps_sites_and_seeds_differ() -> None:
    assert len({draw(1, "a", "b"), draw(2, "a", "b"), draw(1, "ab", ""), draw(1, "b", "a")}) == 4


def test_a_probability_is_met_over_many_calls() -> None:
    hits = len(ordinals([fault(when=When(probability=0.3))], 4000))
    assert 1100 < hits < 1300


# --- several on one call ---


@settings(deadline=None)  # a busy machine is no failure
@given(st.permutations([Latency(1), Status(503), Reset(), Hang(3), Body("html"), Close("headers")]))
def test_they_happen_in_one_order_with_one_end(kinds: list[Kind]) -> None:
    faults = [fault(kind, f"f{number}") for number, kind in enumerate(kinds)]
    (fallen,) = run(faults, [CHARGE])
    enders = [kind for kind in kinds if isinstance(kind, Status | Reset | Hang | Close)]
    names = [type(injection.fault.kind).__name__ for injection in fallen]
    first = type(enders[0]).__name__
    order = ["Latency", "Body", "Close"] if first == "Close" else ["Latency", first, "Body"]
    assert names == order


def test_a_fault_that_another_one_ended_has_not_spent_its_limit() -> None:
    first, second = fault(id="a", limit=Limit(injections=1)), fault(id="b", limit=Limit(injections=1))
    fallen = run([first, second], [CHARGE] * 3)
    assert [[injection.fault.id for injection in each] for each in fallen] == [["a"], ["b"], []]


def test_an_injection_says_what_to_do() -> None:
    ((sleep, answer),) = run([fault(Status(429)), fault(Latency(0.5), "slow")], [CHARGE])
    assert (sleep.action, answer.action) == (Sleep(0.5), Answer(429, (), b""))


# --- call sites and paths ---


@pytest.mark.parametrize(("path", "site"), [
    ("/v1/charges", "/v1/charges"),
    ("/v1/charges/42?expand=1", "/v1/charges/*"),
    ("/v1/charges/ch_3Abc9z/refunds", "/v1/charges/*/refunds"),
    ("/teams/0b9c9f5e-7a3a-4a4e-9d0a-2b1f6c8d7e10/invites", "/teams/*/invites"),
    ("/objects/deadbeef01", "/objects/*"),
    ("/users/guest%2Ba@example.test", "/users/*"),
    ("/x/9f86d081884c7d659a2feaa0c55ad015-invite", "/x/*"),
    ("/v2/oauth2/token", "/v2/oauth2/token"),
    ("/api/v1.1/team-members", "/api/v1.1/team-members"),
    ("/inv_12", "/*"),
    ("/v1/customers/cus_WRevxdsHykoVBk", "/v1/customers/*"),
    ("/v1/list_subscriptions", "/v1/list_subscriptions"),
    ("/", "/"),
])
def test_a_site_has_no_ids_in_it(path: str, site: str) -> None:
    assert call_site("post", path) == f"POST {site}"


@settings(deadline=None)  # a busy machine is no failure
@given(st.text(st.characters(exclude_characters="?", exclude_categories=["Cs"])))
def test_a_site_is_its_own_site(path: str) -> None:
    once = call_site("GET", path).partition(" ")[2]
    assert call_site("GET", once) == f"GET {once}"


@settings(deadline=None)  # a busy machine is no failure
@given(st.uuids(), st.integers(0))
def test_every_uuid_number_and_token_is_an_id(uuid: object, number: int) -> None:
    for segment in (str(uuid), str(number), f"cus_{number}"):
        assert call_site("GET", f"/v1/{segment}") == "GET /v1/*"


@pytest.mark.parametrize(("template", "path", "fits"), [
    ("/v1/charges", "/v1/charges", True),
    ("/v1/charges", "/v1/charges?x=1", True),
    ("/v1/charges", "/v1/charges/", False),
    ("/v1/charges/*", "/v1/charges/ch_1", True),
    ("/v1/charges/*", "/v1/charges", False),
    ("/v1/charges/*", "/v1/charges/ch_1/refunds", False),
    ("/v1/**", "/v1/charges/ch_1/refunds", True),
    ("/v1/**", "/v1", True),
    ("/v1/**", "/v2/charges", False),
    ("/v1/**/refunds", "/v1/a/b/refunds", True),
    ("/**", "/", True),
    ("/", "/", True),
    ("/a.b", "/aXb", False),
])
def test_a_star_is_one_segment_and_two_are_any(template: str, path: str, fits: bool) -> None:
    assert path_matches(template, path) is fits


@pytest.mark.parametrize(("method", "fits"), [
    ("POST", True), ("post", True), (None, True), ("*", True), ("GET", False),
])
def test_methods_match_in_any_case(method: str | None, fits: bool) -> None:
    assert bool(run([fault(match=Match(method))], [CHARGE])[0]) is fits
