"""Which steps can be left out alone, which take others with them, and what is left of the journey."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowprobe.core.exploring.leaving_out import Links, links_of, shortened
from flowprobe.core.scenario import Scenario, Under
from flowprobe.core.statements import Facts, Invariant, Probe, Shows
from flowprobe.core.steps import Each, Expect, Item, Parallel, Repeat, SignIn, Step, Use
from tests.scenes import HERE, a_scenario, a_step, text

MAKE = a_step("make", "POST /things", captures={"id": "$.id"}, cleanup="DELETE /things/${make.id}")
LOOK = a_step("look", "GET /things/${make.id}", captures={"state": "$.state"})
HOME = a_step("home", "GET /home")
FIRST = a_step("first", "GET /first", captures={"token": "$.token"})
SECOND = a_step("second", "GET /second")
LOGIN = Use("login", HERE, "login.yaml", (FIRST, SECOND), {"token": text("${first.token}")})


def links(*items: Item, **more: object) -> Links:
    return links_of(replace(a_scenario(), workflow=items, **more))  # type: ignore[arg-type]


def names(scenario: Scenario) -> list[str]:
    return [name for name, _ in scenario.steps()]


# --- what a step needs ----------------------------------------------------------------------------


@pytest.mark.parametrize("step", [
    a_step("look", "GET /things/${make.id}"),
    a_step("look", "GET /things", query={"id": text("${make.id}")}),
    a_step("look", "GET /things", headers={"X-Thing": text("${make.id}")}),
    a_step("look", "GET /things", expect=Expect(json={"ids": [text("${make.id}")]}, has_json=True)),
    a_step("look", "GET /things", check=Expect(headers={"X-Thing": text("${make.id}")})),
    a_step("look", "GET /things", when={"make.id": {"$absent": False}}),
    a_step("look", "GET /things", when={"admin.plan": text("${make.id}")}),
    a_step("look", "GET /things", repeat=Repeat({"make.id": 3}, 2, HERE)),
    a_step("look", "GET /things", each=Each("id", text("${make.id}"), HERE)),
    a_step("look", "POST /looks", cleanup="DELETE /looks/${make.id}"),
])
def test_a_step_needs_those_whose_captures_it_looks_up(step: Step) -> None:
    assert links(MAKE, HOME, step).needs == {"make": frozenset(), "home": frozenset(), "look": {"make"}}


def test_what_is_promised_of_a_step_under_a_fault_counts_too() -> None:
    under = Under("payments", {"home": Expect(json={"id": text("${make.id}")}, has_json=True)}, HERE)
    assert links(MAKE, HOME, under=(under,)).needs["home"] == {"make"}


def test_what_stands_around_a_step_is_needed_by_all_in_it() -> None:
    both = Parallel("both", HERE, ((HOME,), (SECOND,)), when={"make.id": {"$absent": False}})
    inner = Use("buy", HERE, "buy.yaml", (FIRST,), {}, inputs={"id": text("${look.state}")})
    found = links(MAKE, LOOK, both, inner)
    assert (found.needs["home"], found.needs["second"], found.needs["buy/first"]) == ({"make"}, {"make"}, {"look"})


def test_who_looks_up_what_a_used_scenario_gives_needs_what_it_is_made_of() -> None:
    found = links(LOGIN, a_step("home", "GET /home", headers={"X-Token": text("${login.token}")}))
    assert found.needs == {"login/first": frozenset(), "login/second": {"login/first"}, "home": {"login/first"}}


def test_a_name_inside_of_a_used_scenario_is_its_own() -> None:
    """`make` is a step of ours, and not of the one that is used."""
    used = Use("other", HERE, "other.yaml", (LOOK,), {})
    assert links(MAKE, used).needs["other/look"] == frozenset()


def test_who_acts_needs_to_be_signed_in() -> None:
    sign_in = a_step("sign-in", "POST /sessions", captures={"id": "$.id"}, cleanup="DELETE /sessions/${sign-in.id}",
                     signs_in=(SignIn("operator", {"X-Session": text("${sign-in.id}")}, HERE),))
    early, late, ours = a_step("early", "GET /a", role="operator"), a_step("late", "GET /b", role="operator"), HOME
    roles = {"admin": ("pro-eu",), "operator": ("staff",)}
    found = links(early, sign_in, late, ours, personas=roles)
    assert {name for name, needs in found.needs.items() if needs == {"sign-in"}} == {"late"}
    same = links(early, sign_in, late, ours, personas={**roles, "operator": ("pro-eu", "staff")})
    assert {name for name, needs in same.needs.items() if needs == {"sign-in"}} == {"late", "home"}


# --- nothing is left behind -----------------------------------------------------------------------


@pytest.mark.parametrize("undo", [
    a_step("undo", "DELETE /things/all"), a_step("undo", "POST /cancel", body=text("${make.id}")), a_step("undo", "PUT /things"),
])
def test_what_has_no_cleanup_keeps_the_step_that_may_undo_it(undo: Step) -> None:
    make = a_step("make", "PUT /things", captures={"id": "$.id"})
    assert "undo" in links(make, HOME, undo).needs["make"]
    assert links(replace(make, cleanup=undo.call), HOME, undo).needs["make"] == frozenset()
    assert links(undo, HOME, make).needs["make"] == frozenset()
    assert links(HOME, undo, given=(make,)).fixed == {"undo"}
    assert links(HOME, undo, given=(replace(make, cleanup=undo.call),)).fixed == frozenset()


def test_what_deletes_leaves_nothing_behind() -> None:
    one, other = a_step("one", "DELETE /things/1"), a_step("other", "DELETE /things/2")
    assert links(one, other).needs["one"] == frozenset()
    assert links(other, given=(one,)).fixed == frozenset()


def test_what_only_reads_undoes_nothing() -> None:
    make = a_step("make", "POST /things", captures={"id": "$.id"})
    assert links(make, LOOK).needs["make"] == frozenset()
    assert links(LOOK, given=(make,)).fixed == frozenset()


def test_what_probes_and_invariants_speak_of_always_stays() -> None:
    probe = Probe("things", a_step("probes.things", "GET /things/${make.id}"))
    shown = Invariant("always", "there", HERE, then=Facts(shows=(Shows("things", Expect(json=text("${look.state}"), has_json=True)),)))
    assert links(MAKE, LOOK, HOME, probes=(probe,)).fixed == {"make"}
    assert links(MAKE, LOOK, HOME, invariants=(shown,)).fixed == {"look"}
    assert links(MAKE, LOOK, HOME, invariants=(replace(shown, then=Facts(), when={"make.id": 3}),)).fixed == {"make"}
    assert links(MAKE, LOOK, HOME, invariants=(shown,)).with_needed(()) == {"look", "make"}


# --- how it is told -------------------------------------------------------------------------------


NESTED = replace(a_scenario(), workflow=(
    HOME, LOGIN, Parallel("both", HERE, ((MAKE,), (a_step("left", "GET /left"), a_step("right", "GET /right"))))))


@pytest.mark.parametrize(("kept", "told"), [
    (["home", "login/first", "login/second", "make", "left", "right"], ()),
    (["home"], ("login", "both")),
    (["login/first", "make"], ("home", "login/second", "left", "right")),
    ([], ("home", "login", "both")),
])
def test_what_goes_as_a_whole_is_told_by_one_name(kept: list[str], told: tuple[str, ...]) -> None:
    found = links_of(NESTED)
    assert found.left_out(kept) == told
    assert names(shortened(NESTED, told)) == kept


@given(st.sets(st.sampled_from([name for name, _ in NESTED.steps()])))
def test_whatever_is_kept_is_what_is_left(kept: set[str]) -> None:
    found = links_of(NESTED)
    assert names(shortened(NESTED, found.left_out(kept))) == [name for name in found.names if name in kept]


def test_an_empty_branch_goes_and_the_others_stay() -> None:
    (both,) = shortened(NESTED, ["home", "login", "left", "right"]).workflow
    assert isinstance(both, Parallel)
    assert both.branches == ((MAKE,),)


def test_the_journey_is_the_same_without_nothing() -> None:
    assert shortened(NESTED, ()) is NESTED


def test_what_cannot_be_left_out_alone_is_told_with_who_needs_it() -> None:
    found = replace(links(MAKE, LOOK, HOME, LOGIN), fixed=frozenset({"home"}))
    assert found.lacking(["look", "login"]) == {}
    assert found.lacking(["make", "home", "login/first", "gone"]) == {"make": "look", "home": "", "login/first": "login/second"}
    assert found.steps("login") == ("login/first", "login/second")
