"""How long a run waits for what the product still has to say, and what it notes of it."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from flowprobe.core.evidence import TrialEvidence, fold
from flowprobe.core.telemetry import LogLine, ProductSide, Span, Telemetry
from flowprobe.core.tracing import call_id, span_id
from flowprobe.core.values import Position
from flowprobe.core.verdict import Blame, Kind, Verdict
from flowprobe.running.hearing import Hearing
from flowprobe.running.reading import Reading
from flowprobe.telemetry.otlp import request_of
from tests.journals import TRIAL, Journal, ended, replied, sent, started, step_ended

FAIL, PASS = Verdict(Kind.FAIL, Blame.PRODUCT, ()), Verdict(Kind.PASS, Blame.NONE, ())
FIRST, PAY = call_id(TRIAL, 1, 1), call_id(TRIAL, 2, 1)


class Rig:
    """A run whose clock goes on as it waits."""

    def __init__(self, folder: Path, reading: Reading | None = None) -> None:
        self.now = 100.0
        side = ProductSide(Position("flowprobe.yaml", 1, 1), ("127.0.0.1", 0), 5.0)
        self.hearing = Hearing(side, folder, str, reading=reading, clock=lambda: self.now)
        self.hearing.expect(TRIAL)
        self.hearing.start()
        self.say_at: dict[float, dict[str, object]] = {}

    def wait(self, seconds: float) -> None:
        self.now += seconds
        for at in [at for at in self.say_at if at <= self.now]:
            self.send(self.say_at.pop(at))

    def settle(self) -> float:
        """How long was waited."""
        before = self.now
        self.hearing.settle(self.wait, lambda: False)
        return self.now - before

    def send(self, data: dict[str, object]) -> None:
        path = "traces" if "resourceSpans" in data else "logs"
        request = urllib.request.Request(f"{self.hearing.url}/v1/{path}", json.dumps(data).encode(),
                                         {"content-type": "application/json"})
        with urllib.request.urlopen(request, timeout=10) as reply:
            assert reply.status == 200


def span(call: str) -> dict[str, object]:
    said: Telemetry = Span(call, "a" * 16, span_id(call), "work", "shop", "server", 1.0, 2.0)
    return request_of(said)


def trial() -> TrialEvidence:
    """Its second step broke."""
    journal = Journal().runner(started(), sent("first"), replied(), step_ended("first"), sent("pay", 2), replied(2),
                               step_ended("pay", "broken"), ended())
    return fold(journal.lines).trials[0]


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    made = Rig(tmp_path)
    yield made
    made.hearing.close()


def test_the_calls_of_the_journal_are_those_that_are_asked_for() -> None:
    assert [call.sent.call for call in trial().calls] == [FIRST, PAY]


def test_nothing_is_waited_for_where_all_passed(rig: Rig) -> None:
    rig.hearing.judged(trial(), PASS)
    assert rig.settle() == 0
    assert not list(rig.hearing.notes())


def test_the_wait_ends_when_the_work_of_the_broken_step_is_told_and_it_is_quiet(rig: Rig) -> None:
    rig.hearing.judged(trial(), FAIL)
    rig.say_at = {101.0: span(PAY)}
    assert 1.5 < rig.settle() < 1.7
    assert list(rig.hearing.of(TRIAL)) == [PAY]


def test_what_says_nothing_is_waited_for_until_its_time_is_over(rig: Rig) -> None:
    rig.hearing.judged(trial(), FAIL)
    assert 4.9 < rig.settle() < 5.2
    assert list(rig.hearing.notes()) == [f"the product said nothing of itself: nothing arrived at {rig.hearing.url}"]


def test_a_trial_that_broke_long_ago_has_had_its_time(rig: Rig) -> None:
    rig.hearing.judged(trial(), FAIL)
    rig.now += 60
    assert rig.settle() == 0


def test_a_stop_ends_the_wait(rig: Rig) -> None:
    rig.hearing.judged(trial(), FAIL)
    rig.hearing.settle(rig.wait, lambda: True)
    assert rig.now == 100.0


def test_a_product_that_does_not_take_up_our_trace_is_told_of(rig: Rig) -> None:
    rig.send(span("5b8efff798038103d269b633813fc60c"))
    [note] = rig.hearing.notes()
    assert note.startswith("none of the spans and log lines that the product sent (1) bears the trace id of a call")


def test_what_there_is_no_room_for_is_told_of(rig: Rig) -> None:
    for number in range(3):
        data = request_of(LogLine(PAY, "", float(number), "INFO", "shop", "x"))
        rig.send({"resourceLogs": [{"scopeLogs": [{"logRecords": data["resourceLogs"][0]["scopeLogs"][0]["logRecords"] * 400}]}]})
    assert list(rig.hearing.notes()) == ["200 spans and log lines of the product were not kept: there was no room for them"]


class OneFinds:
    """A reading whose store knows one span of the step that broke."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def judged(self, trial: TrialEvidence) -> None:
        self.told.append(trial.started.trial)

    def settle(self, keep: Any, **_: Any) -> None:
        keep([Span(PAY, "b" * 16, "a" * 16, "charge", "bank", "client", 1.1, 1.9),
              Span(PAY, "a" * 16, span_id(PAY), "work", "shop", "server", 1.0, 2.0)])

    def close(self) -> None:
        self.told.append("closed")

    def notes(self) -> Iterator[str]:
        yield "the store is slow"


def test_what_a_store_knows_joins_what_was_sent_and_counts_once(tmp_path: Path) -> None:
    finds = OneFinds()
    made = Rig(tmp_path, cast(Reading, finds))
    made.send(span(PAY))
    made.hearing.judged(trial(), FAIL)
    made.settle()
    assert [each.span for each in made.hearing.of(TRIAL)[PAY] if isinstance(each, Span)] == ["a" * 16, "b" * 16]
    assert "the store is slow" in list(made.hearing.notes())
    made.hearing.close()
    assert finds.told == [TRIAL, "closed"]
    assert {path.name for path in (tmp_path / "telemetry").iterdir()} == {"otlp.jsonl", "read.jsonl"}
