"""Plans that concern some of the personas of a run, and faults that concern none."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from flowprobe.errors import InvalidInput
from flowprobe.running.concerned import check_concerned, concerned_plans, trials_of, unconcerned
from flowprobe.running.preview import preview
from flowprobe.running.review import review
from flowprobe.running.selection import Chosen, Request, bindings, select

NOW = datetime(2026, 11, 23, 10, 30, tzinfo=UTC)
PROJECT = """\
flowprobe: 1
environments:
  local:
    target: http://127.0.0.1:9
    providers: {mail: {url: "https://mail.example"}}
    start: {command: [acme]}
personas: {pro-eu: {}, free-us: {}}
"""
JOURNEY = """\
flowprobe: 1
scenario: Two customers look
personas: {admin: [pro-eu, free-us]}
account: {card: {default: valid, sampled_from: [valid, expired]}}
workflow:
  - {step: look, call: GET /}
faults:
  everybody: {mail: {latency: 1s}}
  the-pro: {mail: [{latency: 1s, match: {persona: pro-eu}}, {status: 503, match: {persona: pro-eu}}]}
  the-broke: {mail: {latency: 1s, match: {account: {card: expired}}}}
"""
PROFILE = """\
flowprobe: 1
profile: storm
faults:
  mail:
    - {latency: 1s, match: {step: look}}
    - {latency: 1s, match: {step: pay}}
"""


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in (("flowprobe.yaml", PROJECT), ("a.yaml", JOURNEY), ("storm.yaml", PROFILE),
                       ("idle.yaml", PROFILE.replace("look", "pay").replace("storm", "idle"))):
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)


def chosen(faults: str | None = None) -> tuple[Chosen, ...]:
    return select(Request((Path("a.yaml"),), faults=faults)).chosen


def test_a_plan_makes_a_trial_where_it_concerns_somebody() -> None:
    (item,) = chosen()
    names = {binding["admin"]: [plan.name for plan in concerned_plans(item, binding)] for binding in bindings(item)}
    assert names == {"pro-eu": ["everybody", "the-pro"], "free-us": ["everybody"]}
    assert trials_of(item) == 5


def test_what_is_left_out_is_said_once() -> None:
    assert list(unconcerned(chosen())) == [
        "left out: the plan 'the-broke' for a.yaml with admin pro-eu: its `match` concerns nothing there",
        "left out: the plan 'the-pro' for a.yaml with admin free-us: its `match` concerns nothing there",
        "left out: the plan 'the-broke' for a.yaml with admin free-us: its `match` concerns nothing there",
        "a.yaml:10:21: no trial of this run can suffer this fault: look at `step`, `persona` and `account` in its `match`",
    ]


def test_a_fault_of_a_profile_that_no_scenario_has_the_step_for_is_a_warning() -> None:
    request = Request((Path("a.yaml"),), faults="storm.yaml")
    notes = review(request, select(request), NOW).notes
    assert notes == ("storm.yaml:6:7: no trial of this run can suffer this fault: look at `step`, `persona` and `account` "
                     "in its `match`",)


@pytest.mark.parametrize("faults", ["idle.yaml", "the-broke"])
def test_a_plan_that_was_asked_for_and_concerns_nobody_is_no_run(faults: str) -> None:
    request = Request((Path("a.yaml"),), faults=faults)
    with pytest.raises(InvalidInput, match="can fall on a call of this run"):
        review(request, select(request), NOW)
    with pytest.raises(InvalidInput):
        check_concerned(faults, chosen(faults))


def test_the_preview_shows_the_trials_that_there_will_be() -> None:
    request = Request((Path("a.yaml"),))
    shown = preview(request, select(request), NOW)
    assert [[trial.plan for trial in group.trials] for group in shown.groups] == [
        ["none", "everybody", "the-pro"], ["none", "everybody"]]
