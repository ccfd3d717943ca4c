"""What stores know of the calls of trials that did not pass: asked for by their trace ids, with patience, and never at
the cost of a run."""

from __future__ import annotations

import base64
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from flowprobe.core.auth import ApiKey, Basic, Bearer
from flowprobe.core.evidence import TrialEvidence, fold
from flowprobe.core.reading import Access, FromCommand, FromFiles, FromJaeger, FromLoki, Source
from flowprobe.core.redact import Redactor
from flowprobe.core.scenario import Position, SecretRef
from flowprobe.core.telemetry import LogLine, Span, Telemetry
from flowprobe.core.tracing import call_id
from flowprobe.errors import InvalidInput
from flowprobe.running import reading
from flowprobe.running.reading import TRACES, Places, Reading
from flowprobe.secrets.references import Vault
from tests.journals import Journal, ended, replied, sent, started, step_ended
from tests.playing_stores import Stores, playing

HERE = Position("flowprobe.yaml", 3, 5)
TRIAL = "0123456789abcdef"
FIRST, SECOND = call_id(TRIAL, 1, 1), call_id(TRIAL, 2, 1)


@pytest.fixture
def stores() -> Iterator[Stores]:
    with playing() as found:
        yield found


def trial(number: int = 0) -> TrialEvidence:
    name = f"{number:016x}" if number else TRIAL
    journal = Journal()
    journal.runner(
        started(trial=name), sent("look", 1, trial=name), replied(1, trial=name), step_ended("look", trial=name),
        sent("pay", 2, trial=name), replied(2, 500, trial=name), step_ended("pay", "broken", trial=name),
        ended(trial=name))
    return fold(journal.lines).trials[0]


class Read:
    """A reading, and what it kept."""

    def __init__(self, folder: Path, *sources: Source, redactor: Redactor | None = None, **secrets: str) -> None:
        self.kept: list[Telemetry] = []
        self.redactor = redactor or Redactor()
        vault = Vault(self.redactor, folder=folder, environ=secrets)
        self.reading = Reading(sources, vault, Places(folder, time.time(), allow_exec=True))

    def keep(self, said: Sequence[Telemetry]) -> None:
        self.kept += said

    def settle(self, *trials: TrialEvidence, patience: float = 20.0,
               stopped: Callable[[], bool] = lambda: False) -> Read:
        for each in trials or (trial(),):
            self.reading.judged(each)
        self.reading.settle(self.keep, patience=patience, wait_for=threading.Event().wait, stopped=stopped)
        self.reading.close()
        return self

    @property
    def notes(self) -> list[str]:
        return list(self.reading.notes())


def span(trace: str, number: int = 1) -> dict[str, Any]:
    return {"traceID": trace.lstrip("0"), "spanID": f"a{number}", "operationName": "GET /pay", "startTime": 1_000_000,
            "duration": 500_000, "processID": "p1"}


def test_every_call_of_the_trial_is_asked_for_and_the_step_that_failed_first(stores: Stores, tmp_path: Path) -> None:
    stores.spans = lambda trace: (200, [span(trace)])
    read = Read(tmp_path, FromJaeger(Access(stores.url), HERE)).settle()
    assert {each.trace for each in read.kept} == {FIRST, SECOND}
    assert (len(read.kept), read.notes) == (2, []), "what comes again is the same"
    assert [target for target, _ in stores.asked[:2]] == [f"/api/traces/{SECOND}", f"/api/traces/{FIRST}"]


def test_a_store_that_lags_behind_is_asked_until_it_knows_everything(stores: Stores, tmp_path: Path) -> None:
    times: list[str] = []

    def later(trace: str) -> tuple[int, list[dict[str, Any]]]:
        times.append(trace)
        asked = times.count(trace)
        return (404, []) if asked < 2 else (200, [span(trace, number) for number in range(1, min(asked, 3) + 1)])

    stores.spans = later
    read = Read(tmp_path, FromJaeger(Access(stores.url), HERE)).settle()
    assert len(read.kept) == 6
    assert read.notes == []


def test_a_step_that_held_is_not_waited_for(stores: Stores, tmp_path: Path) -> None:
    stores.spans = lambda trace: (200, [span(trace)]) if trace == SECOND else (404, [])
    began = time.monotonic()
    read = Read(tmp_path, FromJaeger(Access(stores.url), HERE)).settle(patience=60)
    assert time.monotonic() - began < 30
    assert ({each.trace for each in read.kept}, read.notes) == ({SECOND}, [])


def test_a_store_that_knows_nothing_is_waited_for_as_long_as_was_said(stores: Stores, tmp_path: Path,
                                                                     monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "BUDGET_S", 0.5)
    began = time.monotonic()
    read = Read(tmp_path, FromJaeger(Access(stores.url), HERE)).settle(patience=1.0)
    assert time.monotonic() - began < 15
    assert len(stores.asked) >= 2
    assert read.notes == [f"Jaeger at {stores.url} knows nothing of the 2 calls that it was asked for: see that the "
                          "product sends there, and that it takes up the header `traceparent`"]


def test_where_every_trial_passed_nobody_is_asked(stores: Stores, tmp_path: Path) -> None:
    read = Read(tmp_path, FromJaeger(Access(stores.url), HERE))
    read.reading.settle(read.keep, patience=5.0, wait_for=threading.Event().wait, stopped=lambda: False)
    assert (stores.asked, read.notes) == ([], [])


def test_the_newest_trials_are_asked_for_where_there_are_many(stores: Stores, tmp_path: Path) -> None:
    stores.spans = lambda trace: (200, [span(trace)])
    read = Read(tmp_path, FromJaeger(Access(stores.url), HERE)).settle(*(trial(number) for number in range(1, 62)))
    assert {each.trace for each in read.kept} == {call_id(f"{number:016x}", 2, 1) for number in range(22, 62)}
    assert len(read.kept) == TRACES


def test_a_store_that_fails_is_a_sentence_and_the_others_are_read(stores: Stores, tmp_path: Path,
                                                                 monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "BUDGET_S", 0.5)
    stores.spans = lambda _trace: (500, [])
    stores.lines = lambda query: (200, [["2000000000", f"no luck: {query}"]])
    read = Read(tmp_path, FromJaeger(Access(stores.url), HERE),
                FromLoki(Access(stores.url), '{app="shop"} |= "${trace}"', HERE)).settle(patience=1.5)
    assert {each.text for each in read.kept if isinstance(each, LogLine)} == {
        f'no luck: {{app="shop"}} |= "{trace}"' for trace in (FIRST, SECOND)}
    (note,) = read.notes
    assert note.startswith(f"Jaeger at {stores.url} answers 500")


def test_files_and_commands_are_read_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "BUDGET_S", 0.5)
    command = (sys.executable, "-c", "import sys; print(sys.argv[1])", "paid ${trace}")
    read = Read(tmp_path, FromCommand(command, HERE), FromFiles("*.jsonl", HERE)).settle(patience=2.0)
    assert {each.text for each in read.kept if isinstance(each, LogLine)} == {f"paid {FIRST}", f"paid {SECOND}"}
    assert [note[:24] for note in read.notes] == ["no file is called *.json"]


def test_a_run_that_was_stopped_asks_nobody(stores: Stores, tmp_path: Path) -> None:
    Read(tmp_path, FromJaeger(Access(stores.url), HERE)).settle(stopped=lambda: True)
    assert stores.asked == []


def test_a_stop_ends_what_is_in_flight(stores: Stores, tmp_path: Path) -> None:
    asked, over = threading.Event(), threading.Event()

    def hang(_trace: str) -> tuple[int, list[dict[str, Any]]]:
        asked.set()
        over.wait(30)
        return 404, []

    stores.spans = hang
    began = time.monotonic()
    Read(tmp_path, FromJaeger(Access(stores.url), HERE)).settle(stopped=asked.is_set, patience=60)
    over.set()
    assert time.monotonic() - began < 15


def secret(name: str) -> SecretRef:
    return SecretRef("env", name, HERE)


@pytest.mark.parametrize(("auth", "header", "value"), [
    (Bearer(secret("TOKEN")), "authorization", "Bearer t0ken-s3cr3t"),
    (Basic("me", secret("TOKEN")), "authorization",
     f"Basic {base64.b64encode(b'me:t0ken-s3cr3t').decode()}"),
    (ApiKey("header", "X-Api-Key", secret("TOKEN")), "x-api-key", "t0ken-s3cr3t"),
])
def test_a_store_is_shown_what_it_wants_and_nobody_else_is(stores: Stores, tmp_path: Path, auth: Any, header: str,
                                                          value: str) -> None:
    stores.spans = lambda trace: (200, [span(trace)])
    read = Read(tmp_path, FromJaeger(Access(stores.url, {"X-Scope-OrgID": "acme"}, auth), HERE), TOKEN="t0ken-s3cr3t")
    read.settle()
    assert {(headers[header], headers["x-scope-orgid"]) for _, headers in stores.asked} == {(value, "acme")}
    assert "traceparent" not in stores.asked[0][1], "a store is not to trace the question among the answers"
    assert value.rpartition(" ")[2] not in read.redactor(f"it was {value}")


def test_a_secret_that_is_not_there_and_a_command_that_may_not_run_end_a_run_before_it_begins(tmp_path: Path) -> None:
    sources = (FromJaeger(Access("http://127.0.0.1:9", auth=Bearer(secret("TOKEN"))), HERE),
               FromCommand(("journalctl", "${trace}"), HERE))
    with pytest.raises(InvalidInput) as caught:
        Reading(sources, Vault(Redactor(), folder=tmp_path, environ={}), Places(tmp_path, 0.0))
    assert [problem.id for problem in caught.value.problems] == ["secret-unusable", "exec-not-allowed"]


def test_a_store_that_hangs_is_said_with_what_gives_it_more_time(stores: Stores, tmp_path: Path,
                                                                 monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "BUDGET_S", 0.3)
    over = threading.Event()

    def hang(_trace: str) -> tuple[int, list[dict[str, Any]]]:
        over.wait(30)
        return 404, []

    stores.spans = hang
    (note,) = Read(tmp_path, FromJaeger(Access(stores.url), HERE)).settle(patience=0.0).notes
    over.set()
    assert note == (f"Jaeger at {stores.url} cannot be asked: it did not answer before the time for it was over (`telemetry: "
                    "{wait: …}` of the environment gives more); see that it runs, and that its URL is right")


def test_a_bug_in_a_reader_costs_what_it_knows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_self: Any, _traces: Any) -> Any:
        raise KeyError("oops")

    monkeypatch.setattr("flowprobe.telemetry.otlp_file.OtlpFiles.read", broken)
    read = Read(tmp_path, FromFiles("*.jsonl", HERE)).settle()
    assert read.notes == ["the OTLP files *.jsonl could not be read: KeyError"]


def test_spans_are_spans(stores: Stores, tmp_path: Path) -> None:
    stores.spans = lambda trace: (200, [span(trace)])
    read = Read(tmp_path, FromJaeger(Access(stores.url), HERE)).settle()
    assert Span(FIRST, "00000000000000a1", "", "GET /pay", "shop", "internal", 1.0, 1.5) in read.kept
