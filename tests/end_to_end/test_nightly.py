"""`flowprobe nightly`: once a night however often it is called, with a memory that nothing makes forget."""

from __future__ import annotations

import json
import os
import signal
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from flowprobe.core.nights.model import State
from flowprobe.history import open_history
from tests.end_to_end.conftest import Place, Result, wait_for
from tests.http.servers import OK, always, serving

GREEN = "  - step: ask\n    call: GET /echo\n"
RED = "  - step: ask\n    call: GET /refuse\n"
FLAKY = "  - step: ask\n    call: GET /flaky/1\n"
SLOW = "  - step: dawdle\n    call: GET /sleep?0.2\n"
HANGS = "  - step: dawdle\n    call: GET /sleep?30\n"
MAKES = """\
  - step: make
    call: POST /things
    capture: {id: $.id}
    cleanup: DELETE /things/${make.id}
"""
NIGHTLY = "    nightly: {samples: 2, attempts: {over: 1s}, controls: {health: GET /health}, scenarios: journeys}\n"


class Nights:
    """A project whose environments have nights."""

    def __init__(self, place: Place) -> None:
        self.place = place
        (place.folder / "journeys").mkdir()
        self.says(NIGHTLY)

    def says(self, table: str) -> None:
        """Every environment says this too."""
        self.place.project()
        file = self.place.folder / "flowprobe.yaml"
        file.write_text(file.read_text().replace("    target: http", f"{table}    target: http"))

    def journey(self, steps: str, *, name: str = "one", more: str = "") -> None:
        title = f"flowprobe: 1\nscenario: {name}\npersonas: {{admin: pro-eu}}\nworkflow:\n{steps}{more}"
        (self.place.folder / "journeys" / f"{name}.yaml").write_text(title)

    def night(self, *words: str, **environ: str) -> Result:
        return self.place.flowprobe("nightly", "--env", "bare", "--json", *words, **environ)

    def runs(self) -> list[Path]:
        return sorted((self.place.folder / ".flowprobe" / "runs").glob("*"))

    def states(self) -> list[tuple[str, str]]:
        history = open_history(str(self.place.folder / ".flowprobe" / "history.db"))
        found = [(night.name, str(night.state)) for night in history.nights("bare")]
        history.close()
        return found


@pytest.fixture
def nights(place: Place) -> Nights:
    return Nights(place)


def journeys(result: Result) -> dict[str, dict[str, Any]]:
    return {each["scenario"]: each for each in result.json["journeys"]}


def today() -> str:
    return f"{datetime.now(UTC):%Y-%m-%d}"


def test_a_night_is_made_once_and_told_again(nights: Nights) -> None:
    nights.journey(GREEN)
    first = nights.night()
    assert (first.code, first.json["state"], first.json["verdict"]) == (0, "ended", "pass"), first.err
    assert first.json["night"] == today()
    assert journeys(first)["one"]["tries"] == 2

    again = nights.night()
    assert (again.code, again.json["night"], again.json["folder"]) == (0, today(), "")
    assert "nothing was sent" in again.err
    assert len(nights.runs()) == 1

    another = nights.night("--again")
    assert (another.code, another.json["night"]) == (0, f"{today()}.2")
    assert len(nights.runs()) == 2
    assert (nights.place.folder / ".flowprobe" / "nights" / "bare.html").exists()


def test_the_result_of_a_night_that_failed_is_the_same_when_it_is_told_again(nights: Nights) -> None:
    nights.journey(GREEN)
    nights.journey(RED, name="two")
    first = nights.night()
    assert first.code == 1, first.err
    two = journeys(first)["two"]
    assert [each["number"] for each in two["attempts"]] == [1, 2, 3]
    assert (two["outcome"], two["confirmed"], journeys(first)["one"]["outcome"]) == ("fail", True, "pass")
    alert, = first.json["alerts"]
    assert (alert["severity"], alert["blame"], alert["journeys"]) == ("page", "product", ["two (admin=pro-eu)"])
    assert "nobody is told: bare names no `alerts`" in first.json["notes"]
    assert nights.night().code == 1


def test_a_product_that_fails_once_and_recovers_is_degraded_and_no_failure(nights: Nights) -> None:
    nights.journey(FLAKY)
    night = nights.night()
    one = journeys(night)["one"]
    assert (night.code, night.json["verdict"], one["outcome"]) == (0, "degraded", "recovered"), night.err
    assert [each["verdict"] for each in one["attempts"]] == ["fail", "pass"]
    assert night.json["alerts"] == []
    assert "recovered: it broke, and passed at attempt 2" in night.err
    suite = ElementTree.parse(nights.place.folder / night.json["folder"] / "junit.xml").getroot()[0]
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("2", "0", "0")
    assert "attempt 1 broke, and attempt 2 passed in the same night\n" in (suite.findtext("testcase/system-out") or "")
    assert "answered 503" in (suite.findtext("testcase/system-out") or "")


def test_further_samples_are_not_told_one_by_one(nights: Nights) -> None:
    nights.journey(GREEN)
    night = nights.night("--samples", "4")
    result = json.loads((nights.place.folder / night.json["folder"] / "result.json").read_text())
    assert (journeys(night)["one"]["tries"], len(result["trials"])) == (4, 1)
    repeats = [each for each in nights.place.events() if each["event"] == "TrialStarted" and each["repeats"]]
    assert len(repeats) == 3


def test_a_product_that_is_not_there_is_the_environments_and_no_pass(nights: Nights) -> None:
    nights.journey(GREEN)
    night = nights.place.flowprobe("nightly", "--env", "nowhere", "--json")
    one = journeys(night)["one"]
    assert (night.code, night.json["verdict"], one["blame"]) == (3, "inconclusive", "environment"), night.err
    assert len(one["attempts"]) == 3


def test_a_night_that_was_killed_goes_on_where_it_was(nights: Nights) -> None:
    nights.journey(RED, name="a-red")
    nights.journey(HANGS, name="b-hangs")
    process = nights.place.start("nightly", "--env", "bare", "--json")
    nights.place.wait_for_event("CallSent", step="dawdle")
    os.kill(process.pid, signal.SIGKILL)
    nights.place.finish(process)
    assert nights.states() == [(today(), "running")]
    nights.journey(SLOW, name="b-hangs")

    night = nights.night()
    assert night.code == 1, night.err
    assert "was cut off (its process ended without a word) and goes on" in night.err
    assert [each["number"] for each in journeys(night)["a-red"]["attempts"]] == [1, 2, 3]
    started = [each["scenario"] for each in nights.place.events() if each["event"] == "TrialStarted"]
    assert started.count("a-red") == 2
    assert nights.states() == [(today(), "ended")]


def test_a_night_that_nobody_resumed_is_marked_when_the_next_begins(nights: Nights) -> None:
    nights.journey(GREEN)
    place = str(nights.place.folder / ".flowprobe" / "history.db")
    nights.night()
    history = open_history(place)
    night, = history.nights("bare")
    yesterday = f"{datetime.now(UTC) - timedelta(days=1):%Y-%m-%d}"
    history.keep_night(replace(night, name=yesterday, state=State.RUNNING, began=night.began - 86400, ended=None))
    history.close()
    nights.night("--again")
    assert (yesterday, "cut off") in nights.states()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_night_and_cleans_up(nights: Nights, number: signal.Signals) -> None:
    nights.journey(MAKES + HANGS)
    process = nights.place.start("nightly", "--env", "bare", "--json")
    nights.place.wait_for_event("CallSent", step="dawdle")
    process.send_signal(number)
    night = nights.place.finish(process)
    assert (night.code, night.json["state"], night.json["because"]) == (130, "cut off", number.name), night.err
    assert f"? night {today()}: cut off" in night.err
    assert f"cut off: {number.name}; 0 of 1 journeys made" in night.err
    assert [each["outcome"] for each in nights.place.events() if each["event"] == "CleanupEnded"] == ["gone"]


def test_two_nights_never_overlap(nights: Nights) -> None:
    nights.journey(HANGS)
    process = nights.place.start("nightly", "--env", "bare")
    nights.place.wait_for_event("CallSent", step="dawdle")
    second = nights.night()
    assert second.code == 5
    assert f"another night is on 'bare', and its nights are made one at a time: pid {process.pid}" in second.err
    assert len(nights.runs()) == 1
    process.send_signal(signal.SIGINT)
    nights.place.finish(process)


def test_a_freeze_is_kept_as_a_night_that_was_refused(nights: Nights) -> None:
    nights.says(NIGHTLY + f"    freeze: {today()}..{datetime.now(UTC) + timedelta(days=1):%Y-%m-%d}\n")
    nights.journey(GREEN)
    night = nights.night()
    assert night.code == 5
    assert "is closed now" in night.err
    assert (nights.states(), nights.runs()) == ([(today(), "refused")], [])
    nights.says(NIGHTLY)
    assert nights.night().json["state"] == "ended"


def test_a_budget_takes_samples_and_not_journeys(nights: Nights) -> None:
    nights.says(NIGHTLY + "    budget: {calls: 9}\n")
    nights.journey(GREEN, name="one")
    nights.journey(GREEN, name="two")
    night = nights.night("--samples", "20")
    assert (night.code, sorted(journeys(night))) == (0, ["one", "two"]), night.err
    assert night.json["calls"] <= 9
    assert any("further samples were taken: the environment's budget of 9 calls" in note for note in night.json["notes"])


def test_what_controls_take_is_remembered_beside_the_journeys(nights: Nights) -> None:
    nights.journey(GREEN)
    nights.night("--samples", "4")
    history = open_history(str(nights.place.folder / ".flowprobe" / "history.db"))
    seconds = {(series.kind, series.name): len(found[0][1]) for series, found in history.samples("bare", last=1).items()}
    history.close()
    assert seconds == {("step", "ask"): 4, ("control", "health"): 3}


def test_a_journey_that_waits_for_its_attempts_lets_the_others_go_on(nights: Nights) -> None:
    nights.says(NIGHTLY.replace("1s", "3s"))
    nights.journey(RED, name="a-red")
    nights.journey(GREEN, name="b-green")
    night = nights.night()
    first, _, third = (datetime.fromisoformat(each["at"]) for each in journeys(night)["a-red"]["attempts"])
    assert (third - first).total_seconds() >= 2.0
    order = [each["scenario"] for each in nights.place.events() if each["event"] == "TrialStarted"]
    assert order[:2] == ["a-red", "b-green"]
    assert order[-1] == "a-red"


def test_the_place_of_the_history_can_be_named(nights: Nights) -> None:
    nights.journey(GREEN)
    there = nights.place.folder / "elsewhere.db"
    nights.night(FLOWPROBE_HISTORY=str(there))
    wait_for(there.exists, "the history")
    assert not (nights.place.folder / ".flowprobe" / "history.db").exists()


def test_a_night_is_told_to_other_machines_and_what_it_would_have_cost_stands_on_its_page(nights: Nights) -> None:
    nights.says(NIGHTLY.replace("samples: 2", "samples: 2, prices: [{name: Monitors of Acme, amount: 12, currency: USD}]"))
    nights.journey(GREEN)
    night = nights.night("--otlp", "metrics.json", "--html", "nights.html")
    assert night.code == 0, night.err
    metrics = json.loads((nights.place.folder / "metrics.json").read_text())["resourceMetrics"][0]["scopeMetrics"][0]["metrics"]
    assert "flowprobe.night_calls" in {each["name"] for each in metrics}, metrics
    assert "Monitors of Acme" in (nights.place.folder / "nights.html").read_text()
    refused = nights.night("--again", "--otlp", "localhost:4318")
    assert (refused.code, "write http://localhost:4318 for a collector" in refused.err) == (2, True)
    unheard = nights.night("--again", "--otlp", "http://127.0.0.1:9")
    assert unheard.code == 0
    assert "warning: the collector http://127.0.0.1:9/v1/metrics does not have all metrics of this night" in unheard.err


def test_a_heartbeat_that_is_not_heard_is_told(nights: Nights) -> None:
    nights.says(NIGHTLY + "    alerts: [{heartbeat: file:beat}]\n")
    (nights.place.folder / "beat").write_text("http://127.0.0.1:9/")
    (nights.place.folder / "beat").chmod(0o600)
    nights.journey(GREEN)
    night = nights.night()
    assert (night.code, night.json["verdict"]) == (3, "pass"), night.err
    assert "did not hear that the night was made: " in night.err


def test_what_was_not_made_in_a_night_that_ended_is_made_in_it(nights: Nights) -> None:
    for name in ("j1", "j2", "j3"):
        nights.journey(GREEN, name=name)
    early = nights.night("journeys/j1.yaml", "--samples", "3")
    assert (early.code, list(journeys(early))) == (0, ["j1"]), early.err

    late = nights.night()
    assert late.code == 0, late.err
    assert f"the night {today()} has ended; 2 journeys were not made in it and are made now" in late.err
    assert {name: each["tries"] for name, each in journeys(late).items()} == {"j1": 3, "j2": 2, "j3": 2}
    assert late.json["calls"] > early.json["calls"]
    assert [each["scenario"] for each in nights.place.events() if each["event"] == "TrialStarted"].count("j1") == 0
    assert nights.states() == [(today(), "ended")]

    again = nights.night()
    assert (again.code, again.json["folder"], len(nights.runs())) == (0, "", 2)
    assert again.json["journeys"] == late.json["journeys"]


def test_a_refusal_of_what_is_missing_leaves_the_night_as_it_ended(nights: Nights) -> None:
    nights.journey(GREEN, name="j1")
    nights.night()
    nights.journey(GREEN, name="j2")
    nights.says(NIGHTLY + f"    freeze: {today()}..{datetime.now(UTC) + timedelta(days=1):%Y-%m-%d}\n")
    assert (nights.night().code, nights.states()) == (5, [(today(), "ended")])
    nights.says(NIGHTLY)
    assert sorted(journeys(nights.night())) == ["j1", "j2"]


def test_a_night_that_is_told_again_writes_what_its_history_can_tell(nights: Nights) -> None:
    nights.journey(GREEN)
    names = {"--ctrf": "c.json", "--prometheus": "p.prom", "--html": "n.html", "--otlp": "o.json", "--junit": "j.xml"}
    asked = [word for pair in names.items() for word in pair]
    nights.night()
    again = nights.night(*asked)
    assert (again.code, again.json["folder"]) == (0, ""), again.err
    assert "warning: j.xml is not written: nothing was sent" in again.err
    written = {name for name in names.values() if (nights.place.folder / name).exists()}
    assert written == {"c.json", "p.prom", "n.html", "o.json"}
    assert 'flowprobe_journey_green{environment="bare",scenario="one"' in (nights.place.folder / "p.prom").read_text()


def test_the_heartbeat_comes_after_the_alerts(nights: Nights) -> None:
    with serving(always(OK)) as server:
        nights.says(NIGHTLY + f"    alerts: [{{heartbeat: file:beat}}, {{webhook: '{server.url('/alert')}'}}]\n")
        (nights.place.folder / "beat").write_text(server.url("/beat"))
        (nights.place.folder / "beat").chmod(0o600)
        nights.journey(RED)
        night = nights.night()
        assert night.code == 1, night.err
        assert [request.split()[1] for request in server.requests] == [b"/alert", b"/beat"]
