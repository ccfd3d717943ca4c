import json
from dataclasses import replace
from pathlib import Path

import pytest

from flowprobe.errors import InvalidInput
from flowprobe.running.selection import Request, Selection, select

PROJECT = """\
flowprobe: 1
default: two
environments:
  one: {target: http://127.0.0.1:1}
  two:
    target: http://127.0.0.1:1
    providers: {mail: {url: https://mail.example}}
personas:
  pro-eu: {plan: pro}
  pro-us: {plan: pro}
"""
SCENARIO = """\
flowprobe: 1
scenario: {name}
tags: [{tag}]
personas: {{admin: [pro-eu, pro-us]}}
workflow:
  - {{step: look, call: GET /}}
faults:
  {plan}: {{mail: {{latency: 1s}}}}
"""


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "flowprobe.yaml").write_text(PROJECT)
    (tmp_path / "a.yaml").write_text(SCENARIO.format(name="A", tag="nightly", plan="slow"))
    (tmp_path / "b.yaml").write_text(SCENARIO.format(name="B", tag="weekly", plan="slower"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def chosen(**wanted: object) -> list[tuple[str, tuple[str, ...]]]:
    return plans(select(Request((Path(),), **wanted)))  # type: ignore[arg-type]


def plans(selection: Selection) -> list[tuple[str, tuple[str, ...]]]:
    return [(item.scenario.name, tuple(plan.name for plan in item.plans)) for item in selection.chosen]


def problem(**wanted: object) -> str:
    with pytest.raises(InvalidInput) as raised:
        chosen(**wanted)
    return str(raised.value)


def test_every_plan_of_every_scenario_is_the_default() -> None:
    assert chosen() == [("A", ("slow",)), ("B", ("slower",))]


def test_none_is_the_unfaulted_trial_alone() -> None:
    assert chosen(faults="none") == [("A", ()), ("B", ())]


def test_a_plan_is_taken_from_the_scenarios_that_have_it_and_the_others_are_noted() -> None:
    selection = select(Request((Path(),), faults="slow"))
    assert plans(selection) == [("A", ("slow",))]
    assert "b.yaml" in selection.notes[0]


def test_a_profile_is_for_all_of_them(here: Path) -> None:
    profiles = here / "proxies" / "profiles"
    profiles.mkdir(parents=True)
    (profiles / "storm.yaml").write_text("flowprobe: 1\nprofile: storm\nimitates: x\nfaults: {mail: {status: 503}}\n")
    assert chosen(faults="storm") == chosen(faults=str(profiles / "storm.yaml")) == [("A", ("storm",)), ("B", ("storm",))]


def test_a_profile_for_an_edge_that_is_not_there_is_refused(here: Path) -> None:
    (here / "other.yaml.txt").touch()
    (here / "storm.yaml").write_text("flowprobe: 1\nprofile: storm\nimitates: x\nfaults: {fax: {status: 503}}\n")
    assert "'fax'" in problem(faults="storm.yaml").replace("`", "'")


def test_an_unknown_plan_gets_a_suggestion() -> None:
    assert "did you mean 'slow'" in problem(faults="slwo")


def test_tags_choose() -> None:
    assert chosen(tags=("weekly",)) == [("B", ("slower",))]
    assert "there is: nightly, weekly" in problem(tags=("hourly",))


def test_an_unknown_environment_gets_a_suggestion() -> None:
    assert "did you mean 'two'" in problem(environment="tow")


def test_an_environment_without_the_provider_is_a_problem_with_a_place() -> None:
    assert "a.yaml:8:" in problem(environment="one")


def test_an_unknown_binding_gets_a_suggestion() -> None:
    assert "did you mean 'pro-eu'" in problem(bind={"admin": "pro-euu"})


def test_without_a_project_it_says_what_is_missing(here: Path) -> None:
    (here / "flowprobe.yaml").unlink()
    assert "no flowprobe.yaml" in problem()


def failed(here: Path, *trials: tuple[str, str, str]) -> None:
    latest = here / ".flowprobe" / "latest"
    latest.mkdir(parents=True)
    (latest / "result.json").write_text(json.dumps({"trials": [
        {"file": file, "personas": {"admin": persona}, "plan": plan, "verdict": verdict}
        for file, persona, plan in trials for verdict in ("fail",)]}))


def test_what_failed_last_time_is_run_again_for_its_binding_alone(here: Path) -> None:
    failed(here, ("a.yaml", "pro-us", "slow"))
    selection = select(Request((Path(),), last_failed=True))
    assert plans(selection) == [("A", ("slow",))]
    assert selection.chosen[0].bind == {"admin": "pro-us"}


def test_a_twin_that_failed_brings_its_plans_back(here: Path) -> None:
    failed(here, ("b.yaml", "pro-eu", "none"))
    assert chosen(last_failed=True) == [("B", ("slower",))]


def test_without_an_earlier_run_nothing_can_have_failed() -> None:
    assert "no earlier run" in problem(last_failed=True)


def test_the_variables_that_are_looked_up_are_read_and_no_others(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = SCENARIO.format(name="A", tag="nightly", plan="slow")
    (here / "a.yaml").write_text(text.replace("call: GET /}", "call: 'GET /${env.ACME_COUPON}'}"))
    monkeypatch.setenv("ACME_COUPON", "SPRING")
    assert select(Request((here / "a.yaml",))).variables == {"ACME_COUPON": "SPRING"}


@pytest.mark.parametrize(("value", "secret"), [("t0k3n-12", True), ("SPRING", False), ("127.0.0.1", False), ("http://127.0.0.1/", False)])
def test_a_variable_of_eight_characters_or_more_is_a_secret_unless_a_url_of_the_environment_says_it(
        here: Path, monkeypatch: pytest.MonkeyPatch, value: str, secret: bool) -> None:
    text = SCENARIO.format(name="A", tag="nightly", plan="slow")
    (here / "a.yaml").write_text(text.replace("call: GET /}", "call: 'GET /${env.ACME_COUPON}'}"))
    monkeypatch.setenv("ACME_COUPON", value)
    selection = select(Request((here / "a.yaml",)))
    targets = {"target": "http://127.0.0.1:8000"}
    assert replace(selection, environment=replace(selection.environment, targets=targets)).concealed == ((value,) if secret else ())


def test_a_variable_that_is_not_set_is_a_problem_with_its_place(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = SCENARIO.format(name="A", tag="nightly", plan="slow")
    (here / "a.yaml").write_text(text.replace("call: GET /}", "call: 'GET /${env.ACME_COUPON}'}"))
    monkeypatch.delenv("ACME_COUPON", raising=False)
    message = problem()
    assert "ACME_COUPON is not set" in message
    assert "a.yaml:6:" in message
