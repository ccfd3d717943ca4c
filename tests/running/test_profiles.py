"""Profiles by name and file, on the providers of an environment; what is wrong is said before anything is sent."""

from __future__ import annotations

from pathlib import Path

import pytest

from flowprobe.core.scenario import FaultPlan
from flowprobe.core.trial import promised_under
from flowprobe.errors import InvalidInput
from flowprobe.files.project import load_project
from flowprobe.running.profiles import profile, profile_for
from flowprobe.running.selection import Request, select

PROJECT = """\
flowprobe: 1
environments:
  none: {target: http://127.0.0.1:1}
  one:
    target: http://127.0.0.1:1
    providers: {stripe: {url: https://api.stripe.example}}
  two:
    target: http://127.0.0.1:1
    providers:
      stripe: {url: https://api.stripe.example, webhooks: target}
      postmark: {url: https://postmark.example}
personas: {}
"""
STORM = """\
flowprobe: 1
profile: storm
imitates: A bad hour
survives: Nothing is lost
faults: {faults}
"""


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "flowprobe.yaml").write_text(PROJECT)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def found(asked: str, environment: str = "two", *, faults: str = "{provider: {status: 503}}") -> FaultPlan:
    folder = Path("proxies/profiles")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "storm.yaml").write_text(STORM.format(faults=faults))
    return profile_for(asked, load_project(Path("flowprobe.yaml")).environments[environment], (), ("slow-mail",))


def edges(asked: str, environment: str = "two", *, faults: str = "{provider: {status: 503}}") -> list[str]:
    return [fault.edge for fault in found(asked, environment, faults=faults).faults]


def problem(asked: str, environment: str = "two", *, faults: str = "{provider: {status: 503}}") -> str:
    with pytest.raises(InvalidInput) as raised:
        found(asked, environment, faults=faults)
    return str(raised.value)


def test_a_profile_for_any_provider_falls_on_the_one_that_is_said() -> None:
    plan = found("storm@postmark")
    assert [fault.edge for fault in plan.faults] == ["postmark"]
    assert (plan.name, plan.asked) == ("storm@postmark", "storm@postmark")
    assert (plan.imitates, plan.survives) == ("A bad hour", "Nothing is lost")


def test_a_file_is_asked_for_again_as_it_was() -> None:
    plan = found("proxies/profiles/storm.yaml@stripe")
    assert (plan.name, plan.asked) == ("storm@stripe", "proxies/profiles/storm.yaml@stripe")


def test_the_only_provider_need_not_be_named() -> None:
    assert edges("storm", "one") == ["stripe"]
    assert edges("storm", "two", faults="{provider.webhooks: {latency: 1s}}") == ["stripe.webhooks"]


def test_one_of_several_has_to_be_named() -> None:
    assert "write" not in problem("storm")
    assert "has 'stripe' and 'postmark'" in problem("storm")
    assert "--faults storm@stripe" in problem("storm")


def test_a_profile_that_names_another_provider_says_how_to_use_it_here() -> None:
    faults = "{payments: {latency: 1s}}"
    assert "falls on the provider 'payments'" in problem("storm", faults=faults)
    assert "--faults storm@stripe" in problem("storm", faults=faults)
    assert edges("storm@stripe", faults=faults) == edges("storm@payments=stripe", faults=faults) == ["stripe"]


def test_several_providers_are_named_one_by_one() -> None:
    faults = "{payments: {latency: 1s}, mail: {status: 503}, user: {latency: 1s}}"
    assert edges("storm@payments=stripe,mail=postmark", faults=faults) == ["stripe", "postmark", "user"]
    assert "--faults storm@payments=stripe,mail=postmark" in problem("storm", faults=faults)
    assert "storm@payments=PROVIDER,mail=PROVIDER" in problem("storm@stripe", faults=faults)
    assert "would be the same one" in problem("storm@payments=stripe,mail=stripe", faults=faults)


def test_a_misspelt_provider_or_edge_gets_a_suggestion() -> None:
    assert "did you mean 'stripe'?" in problem("storm@stipe")
    assert "has no faults on 'pay'" in problem("storm@pay=stripe")


def test_webhooks_need_a_provider_that_sends_some() -> None:
    assert "'postmark' has no `webhooks`" in problem("storm@postmark", faults="{provider.webhooks: {latency: 1s}}")


def test_a_profile_of_the_user_edge_has_no_provider() -> None:
    faults = "{user: {latency: 1s}}"
    assert edges("storm", "none", faults=faults) == ["user"]
    assert "the user edge alone" in problem("storm@stripe", faults=faults)


def test_without_a_provider_that_is_said() -> None:
    assert "has none that will do" in problem("storm", "none")


def test_an_aim_that_cannot_be_read_says_how_to_write_one() -> None:
    assert "write storm@PROVIDER" in problem("storm@")


def test_an_unknown_profile_is_told_with_what_there_is() -> None:
    assert "did you mean 'storm'?" in problem("strom@stripe")
    assert "did you mean 'slow-mail'?" in problem("slowmail")


def test_a_scenario_promises_under_a_profile_by_its_name(here: Path) -> None:
    scenario = "flowprobe: 1\nscenario: A\npersonas: {a: a}\nworkflow:\n  - {step: look, call: GET /}\nunder: {%s: {look: {status: 202}}}\n"
    (here / "flowprobe.yaml").write_text(PROJECT.replace("{}", "{a: {}}"))
    (here / "a.yaml").write_text(scenario % "storm")
    found("storm", "one")
    selection = select(Request((here / "a.yaml",), environment="one", faults="storm@stripe"))
    (chosen,) = selection.chosen
    assert promised_under(chosen.scenario, chosen.plans[0])["look"][0] == "storm"
    (here / "a.yaml").write_text(scenario % "strom")
    with pytest.raises(InvalidInput, match="did you mean `storm`"):
        select(Request((here / "a.yaml",), environment="one", faults="storm@stripe"))


def test_those_that_ship_are_found_from_anywhere() -> None:
    assert profile("slow-payments").name == "slow-payments"
