import errno
import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from flowprobe.core.events import CallReplied, CallSent, CleanupPlanned, Event, StepEnded
from flowprobe.core.redact import REDACTED, Redactor
from flowprobe.journal.writer import JournalWriter
from flowprobe.ledger.file import Ledger, read_ledger
from flowprobe.running.recorder import Recorder

PLANNED = CleanupPlanned("t", "one", 1, "pro-eu", "DELETE /x")
SENT = CallSent("t", "one", "c", 1, "pro-eu", "GET", "http://acme.test/?key=s3cr3t-token", {})

SENT_BODY = replace(SENT, body="the request", headers={"X": "1"})


def test_a_cleanup_is_in_the_ledger_before_anybody_is_told(tmp_path: Path) -> None:
    seen: list[tuple[Event, int]] = []
    ledger = tmp_path / "ledger.jsonl"
    record = Recorder(JournalWriter(tmp_path / "j.jsonl", "runner"), Ledger(ledger),
                      lambda event: seen.append((event, len(read_ledger(ledger).events))))
    record(SENT)
    record(PLANNED)
    record.close()
    assert seen == [(SENT, 0), (PLANNED, 1)]


def test_nothing_passes_unredacted_into_the_journal(tmp_path: Path) -> None:
    for secrets, leaks in (([], True), (["s3cr3t-token"], False)):
        path = tmp_path / f"{len(secrets)}.jsonl"
        record = Recorder(JournalWriter(path, "runner", redact=Redactor(secrets)), Ledger(tmp_path / "l"), lambda _: None)
        record(SENT)
        record.close()
        assert ("s3cr3t-token" in path.read_text()) is leaks
        assert (REDACTED in json.loads(path.read_text())["url"]) is not leaks


def test_the_lines_of_a_trial_are_taken_once(tmp_path: Path) -> None:
    record = Recorder(JournalWriter(tmp_path / "j.jsonl", "runner"), Ledger(tmp_path / "l"), lambda _: None)
    record(SENT)
    assert [line.event for line in record.take()] == [SENT]
    assert record.take() == ()
    record.close()


def test_bodies_are_in_the_journal_and_not_in_memory(tmp_path: Path) -> None:
    path = tmp_path / "j.jsonl"
    seen: list[Event] = []
    record = Recorder(JournalWriter(path, "runner"), Ledger(tmp_path / "l"), seen.append)
    reply = CallReplied("c", 200, 1.0, 0.1, 0.2, (("X-Long", "header"),), "the body", 8)
    step = StepEnded("t", "one", "held", captured={"id": "the capture"})
    for event in (SENT_BODY, reply, step):
        record(event)
    assert seen == [SENT_BODY, reply, step]
    assert all(word in path.read_text() for word in ("the request", "the body", "X-Long", "the capture"))
    assert [line.event for line in record.take()] == [SENT, replace(reply, headers=(), body=""), replace(step, captured={})]
    record.close()


def test_the_body_of_an_error_is_kept_for_the_oracles(tmp_path: Path) -> None:
    record = Recorder(JournalWriter(tmp_path / "j.jsonl", "runner"), Ledger(tmp_path / "l"), lambda _: None)
    reply = CallReplied("c", 500, 1.0, 0.1, 0.2, (), "Traceback (most recent call last)", 33)
    record(reply)
    assert [line.event for line in record.take()] == [reply]
    record.close()


def test_a_full_disk_stops_the_walk_and_does_not_raise(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    record = Recorder(JournalWriter(tmp_path / "j.jsonl", "runner"), Ledger(tmp_path / "l"), lambda _: None)

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    record(PLANNED)
    monkeypatch.undo()
    assert "No space left on device" in record.broken
    assert [line.event for line in record.take()] == [PLANNED]
    record.close()
