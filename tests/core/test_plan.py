import pickle
from dataclasses import replace
from itertools import count

from flowprobe.core.account import AccountField
from flowprobe.core.faults.concerns import concerning
from flowprobe.core.faults.fault import Match
from flowprobe.core.faults.latency import Latency
from flowprobe.core.plan import Setting, expand, trial_of
from tests.scenes import ADMIN, BASE, HERE, NOW, a_plan, a_scenario, a_step

SETTING = Setting({"pro-eu": ADMIN, "pro-us": ADMIN, "staff": ADMIN}, {"api": BASE}, 7, {})


def ids() -> object:
    numbers = count(1)
    return lambda: f"{next(numbers):016x}"


def test_each_binding_has_its_twin_first_and_then_its_plans() -> None:
    scenario = a_scenario(a_step("one", "GET /"), personas={"admin": ("pro-eu", "pro-us"), "operator": ("staff",)})
    plans = (a_plan("slow", mail=Latency(1)), a_plan("slower", mail=Latency(2)))
    groups = expand(scenario, plans, SETTING, only={}, now=NOW, new_id=ids())  # type: ignore[arg-type]
    assert [[trial.plan.name for trial in group.trials] for group in groups] == [["none", "slow", "slower"]] * 2
    assert len({trial.id for group in groups for trial in group.trials}) == 6


def test_only_the_wanted_binding_is_kept() -> None:
    scenario = a_scenario(a_step("one", "GET /"), personas={"admin": ("pro-eu", "pro-us")})
    assert len(expand(scenario, (), SETTING, only={"admin": "pro-us"}, now=NOW, new_id=ids())) == 1  # type: ignore[arg-type]


def test_a_trial_is_plain_data_that_can_be_sent_elsewhere() -> None:
    scenario = a_scenario(a_step("one", "GET /x/${admin.team}"))
    trial = expand(scenario, (a_plan("slow", mail=Latency(1)),), SETTING, only={}, now=NOW, new_id=ids())[0].faulted[0]  # type: ignore[arg-type]
    assert pickle.loads(pickle.dumps(trial)) == trial


def test_a_trial_can_begin_from_any_state_and_has_the_faults_of_that_state() -> None:
    plan = a_plan("slow", mail=Latency(1))
    plan = replace(plan, faults=(replace(plan.faults[0], match=Match(account={"card": "expired"})),))
    scenario = replace(a_scenario(a_step("one", "GET /")), account={"card": AccountField("valid", HERE)})
    binding = {"admin": "pro-eu"}
    odd, usual = (trial_of(scenario, binding, concerning(plan, scenario, binding, state), SETTING, now=NOW, id="1", account=state)
                  for state in ({"card": "expired"}, {"card": "valid"}))
    assert (odd.account, [fault.edge for fault in odd.plan.faults]) == ({"card": "expired"}, ["mail"])
    assert usual.plan.faults == ()
