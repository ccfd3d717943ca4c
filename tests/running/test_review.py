from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from flowprobe.errors import Refused
from flowprobe.running.review import Review, review
from flowprobe.running.selection import Request, select

pytestmark = pytest.mark.usefixtures("here")
TEN = datetime(2026, 11, 23, 10, 30, tzinfo=ZoneInfo("Europe/Berlin"))
NOON, SUNDAY = TEN.replace(hour=12), TEN.replace(day=22)


def reviewed(file: str = "journey.yaml", *, now: datetime = TEN, environment: str | None = "production", **more: Any) -> Review:
    request = Request((Path(file),), environment=environment, **more)
    return review(request, select(request), now)


def plans(found: Review) -> list[str]:
    return [plan.name for chosen in found.selection.chosen for plan in chosen.plans]


def test_what_an_environment_forbids_is_left_out_and_listed() -> None:
    found = reviewed()
    assert (found.refusals, plans(found)) == ((), ["slow"])
    assert found.notes == ("left out: journey.yaml:12:3: the plan 'slow-payments' faults payments, and 'production' allows "
                           "user: true, provider: false (`faults`, flowprobe.yaml:9:5)",)


def test_what_was_asked_for_by_name_is_refused() -> None:
    found = reviewed(faults="slow-payments")
    assert [refusal.rule for refusal in found.refusals] == ["faults"]
    with pytest.raises(Refused, match=r"journey.yaml:12:3: .*flowprobe.yaml:9:5"):
        found.enforce()


def test_the_numbers_are_those_of_every_trial_and_the_identity_probe() -> None:
    found = reviewed()
    assert (str(found.calls), str(found.writes)) == ("7 to 27", "4")
    assert str(reviewed(faults="none").calls) == "4 to 14"


def test_a_run_that_needs_more_than_its_budget_is_refused() -> None:
    project = Path("flowprobe.yaml")
    project.write_text(project.read_text().replace("calls: 40, writes: 8", "calls: 6, writes: 3"))
    assert [str(refusal).split(",")[0] for refusal in reviewed().refusals] == [
        "the run needs at least 7 calls", "the run needs at least 4 writes"]


def test_everything_that_is_refused_is_said_at_once_with_the_place_of_its_rule() -> None:
    found = reviewed("wipe.yaml")
    assert [(refusal.rule, str(refusal.place or "")) for refusal in found.refusals] == [
        ("personas", ""), ("allow", "wipe.yaml:5:24"), ("allow", "wipe.yaml:6:26")]
    with pytest.raises(Refused) as refused:
        found.enforce()
    assert str(refused.value).count("(`allow`, flowprobe.yaml:14:5)") == 2


def test_production_is_never_chosen_by_itself() -> None:
    project = Path("flowprobe.yaml")
    project.write_text(project.read_text().replace("default: staging", "default: production"))
    (refusal,) = reviewed(environment=None).refusals
    assert str(refusal) == ("'production' is production and is never chosen by itself: name it with --env "
                            "(`production`, flowprobe.yaml:9:5)")


@pytest.mark.parametrize(("now", "opens"), [
    (SUNDAY, "it opens Mon 2026-11-23 09:00 CET (`windows`, flowprobe.yaml:17:9)"),
    (TEN.replace(month=12), "it opens Tue 2027-01-05 09:00 CET (`freeze`, flowprobe.yaml:19:5)"),
])
def test_outside_its_time_a_run_is_told_when_to_come_again(now: datetime, opens: str) -> None:
    (refusal,) = reviewed(now=now).refusals
    assert str(refusal).endswith(opens)


def test_outside_the_time_of_faults_a_run_goes_without_them() -> None:
    found = reviewed(now=NOON)
    assert (found.refusals, plans(found)) == ((), [])
    assert "they open Tue 2026-11-24 10:00 CET" in " ".join(found.notes)
    assert [refusal.rule for refusal in reviewed(now=NOON, faults="slow").refusals] == ["windows"]


def test_faults_on_providers_need_a_product_that_we_start() -> None:
    (refusal,) = reviewed(environment="named").refusals
    assert (refusal.rule, "has no `start`" in refusal.found) == ("start", True)


def test_what_is_allowed_and_leaves_something_behind_is_worth_a_word() -> None:
    project, journey = Path("flowprobe.yaml"), Path("journey.yaml")
    project.write_text(project.read_text().replace("    identity: {call: GET /health, json: {environment: production}}\n", ""))
    journey.write_text(journey.read_text().replace("    cleanup: DELETE /v1/invites/${invite.id}\n", ""))
    identity, stays = reviewed().warnings
    assert "nothing proves that the target is 'production'" in identity
    assert stays == "journey.yaml:7:11: POST /v1/teams/${admin.team}/invites has no cleanup: what it makes stays"


def test_where_nothing_is_said_nothing_is_refused() -> None:
    found = reviewed("wipe.yaml", environment=None)
    assert (found.refusals, found.notes) == ((), ())
