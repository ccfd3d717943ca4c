"""Odd accounts: which a scenario has, and why it has not the others."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from flowprobe.core.account import AccountField, ChosenOddity, Constraint, Oddity, Strategy
from flowprobe.core.exploring.oddities import CATALOGUE, oddities_of, why_not
from flowprobe.core.scenario import Scenario
from tests.scenes import HERE, a_scenario, a_step

SEATS = AccountField(3, HERE, Strategy("integers", {"min": 0, "max": 1000}))
CARD = AccountField("valid", HERE, Strategy("sampled_from", {"values": ("valid", "expired")}))


def scene(*chosen: ChosenOddity, constraints: tuple[Constraint, ...] = (), **account: AccountField) -> Scenario:
    return replace(a_scenario(a_step("one", "GET /")), account=account, constraints=constraints, oddities=chosen or None)


def named(name: str, **values: Any) -> ChosenOddity:
    return ChosenOddity(name, HERE, values or None)


def test_every_oddity_of_the_catalogue_that_fits_is_a_whole_state() -> None:
    found = oddities_of(scene(seats=SEATS, card=CARD))
    assert found == (Oddity("zero-seats", {"seats": 0, "card": "valid"}), Oddity("one-seat", {"seats": 1, "card": "valid"}),
                     Oddity("very-many-seats", {"seats": 1000, "card": "valid"}),
                     Oddity("expired-card", {"seats": 3, "card": "expired"}))


def test_a_field_is_known_however_its_name_is_spelled() -> None:
    assert oddities_of(scene(named("zero-seats"), seatCount=SEATS)) == (Oddity("zero-seats", {"seatCount": 0}),)
    assert oddities_of(scene(named("zero-seats"), **{"SEAT-COUNT": SEATS}))


def test_a_list_is_all_that_is_tried_in_its_order_with_those_of_its_own() -> None:
    listed = scene(named("expired-card"), named("merged", seats=2, card="expired"), seats=SEATS, card=CARD)
    assert [(oddity.name, oddity.state) for oddity in oddities_of(listed)] == [
        ("expired-card", {"seats": 3, "card": "expired"}), ("merged", {"seats": 2, "card": "expired"})]


def test_one_of_its_own_may_set_a_field_that_nothing_varies() -> None:
    chosen = named("odd", plan="legacy")
    scenario = scene(chosen, plan=AccountField("pro", HERE))
    assert why_not(scenario, chosen) == ""
    assert oddities_of(scenario) == (Oddity("odd", {"plan": "legacy"}),)


def test_what_breaks_a_constraint_or_is_ordinary_is_left_out() -> None:
    some = Constraint({"account.seats": {"$gt": 0}}, HERE)
    account = {"seats": replace(SEATS, default=1)}
    assert [oddity.name for oddity in oddities_of(scene(constraints=(some,), **account))] == ["very-many-seats"]


@pytest.mark.parametrize(("chosen", "why"), [
    (named("zero-seats"), "`seats` may not be 0"),
    (named("no-name"), "it needs a field such as `name`, `company`, `company_name`"),
    (named("few", seats=0), "`seats` cannot be 0, but only a whole number from 1 to 9"),
    (named("one-seat"), "the constraint on line 3 would not hold"),
    (named("downgraded"), "nothing says what else `plan` may be"),
    (named("more-members-than-seats"), "it needs a field such as `used`, `used_seats`, `seats_used`"),
])
def test_why_a_listed_one_makes_no_state(chosen: ChosenOddity, why: str) -> None:
    seats = AccountField(3, HERE, Strategy("integers", {"min": 1, "max": 9}))
    several = Constraint({"account.seats": {"$gt": 1}}, HERE)
    scenario = scene(chosen, seats=seats, plan=AccountField("pro", HERE), constraints=(several,))
    assert (why_not(scenario, chosen), oddities_of(scenario)) == (why, ())


def test_nothing_is_said_of_a_field_that_only_code_knows_or_that_nothing_varies() -> None:
    code = AccountField(3, HERE, Strategy("python", {"file": "a.py", "name": "seats"}))
    assert oddities_of(scene(seats=code, licenses=AccountField(3, HERE))) == ()


def test_the_catalogue_is_large_and_each_of_it_can_happen() -> None:
    assert len(CATALOGUE) >= 25
    for name, known in CATALOGUE.items():
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name)
        assert known.what.endswith(".")
        fields = {}
        for sets in known.sets:
            assert all(re.fullmatch("[a-z][a-z0-9_]*", word) for word in sets.names)
            field = next(word for word in sets.names if word not in fields)
            fields[field] = AccountField("usual", HERE, Strategy("sampled_from", {"values": ("usual", *sets.values)}))
        assert why_not(scene(named(name), **fields), named(name)) == ""
        assert len(oddities_of(scene(named(name), **fields))) == 1
