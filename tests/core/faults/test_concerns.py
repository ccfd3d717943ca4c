"""What of a plan concerns one trial is known before anything is sent."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from flowprobe.core.account import AccountField
from flowprobe.core.faults.concerns import concerning, ordinary
from flowprobe.core.faults.fault import Fault, FaultPlan, Match
from flowprobe.core.faults.latency import Latency
from flowprobe.core.scenario import Scenario
from flowprobe.core.steps import Use
from tests.scenes import HERE, a_scenario, a_step

INNER = (a_step("token", "POST /token"), a_step("check", "GET /check", role="boss"))
JOURNEY = replace(
    a_scenario(a_step("look", "GET /"), Use("login", HERE, "login.yaml", INNER, {}, roles={"user": None, "boss": "operator"}),
               a_step("approve", "POST /approve", role="operator"), a_step("peek", "GET /peek", role="guest"),
               personas={"admin": ("pro-eu",), "operator": ("staff",)}),
    account={"card": AccountField("valid", HERE), "seats": AccountField(3, HERE)})
BOUND = {"admin": "pro-eu", "operator": "staff"}


def left(match: Match, scenario: Scenario = JOURNEY, account: dict[str, Any] | None = None) -> Match | None:
    plan = FaultPlan("p", (Fault("f", "payments", Latency(1), HERE, match),))
    found = concerning(plan, scenario, BOUND, ordinary(scenario) if account is None else account)
    return found.faults[0].match if found.faults else None


@pytest.mark.parametrize(("match", "steps"), [
    (Match(persona=("admin",)), ("look", "login/token")),
    (Match(persona=("staff",)), ("login/check", "approve")),
    (Match(persona=("guest",)), ("peek",)),
    (Match(persona=("staff", "guest")), ("login/check", "approve", "peek")),
    (Match(persona=("operator",), step=("approve", "look")), ("approve",)),
    (Match(step=("login/token", "elsewhere")), ("login/token",)),
    (Match(step=("login",)), ("login/token", "login/check")),
])
def test_who_acts_is_told_by_the_steps(match: Match, steps: tuple[str, ...]) -> None:
    assert left(match) == Match(step=steps)


def test_a_persona_that_acts_in_every_step_needs_no_step_to_be_known() -> None:
    alone = a_scenario(a_step("look", "GET /"), a_step("buy", "POST /buy"))
    assert left(Match(("POST",), persona=("pro-eu",)), alone) == Match(("POST",))
    assert left(Match(step=("look", "buy")), alone) == Match(step=("look", "buy"))


@pytest.mark.parametrize("match", [
    Match(persona=("nobody",)), Match(step=("elsewhere",)), Match(persona=("admin",), step=("approve",)),
    Match(account={"card": "expired"}), Match(account={"card": "valid", "seats": {"$gt": 3}}),
    Match(account={"plan": "pro"}),
])
def test_what_concerns_nobody_is_left_out(match: Match) -> None:
    assert left(match) is None


def test_the_account_decides_by_the_state_of_the_trial() -> None:
    match = Match(account={"card": {"$in": ["expired", "missing"]}, "seats": {"$lt": 5}})
    assert left(match) is None
    assert left(match, account={"card": "expired", "seats": 3}) == Match()
    assert left(Match(account={"plan": {"$absent": True}})) == Match()


def test_what_says_nothing_of_the_trial_stays_as_it_is() -> None:
    plan = FaultPlan("p", (Fault("f", "payments", Latency(1), HERE, Match(("POST",), calls=(2,))),), HERE, "a bad day")
    assert concerning(plan, JOURNEY, BOUND, {}) == plan
