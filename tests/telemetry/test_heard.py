"""What was heard of a product: of the calls of the run alone, redacted, bounded, and read back trial by trial."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from flowprobe.core.redact import Redactor
from flowprobe.core.telemetry import LogLine, Span
from flowprobe.core.tracing import call_id, span_id
from flowprobe.telemetry.heard import MOST_OF_A_CALL, Heard, said_in

TRIAL, OTHER = "00000000000000aa", "00000000000000bb"
CALL, NEXT = call_id(TRIAL, 1, 1), call_id(TRIAL, 2, 1)
SPAN = Span(CALL, "00000000000000c1", span_id(CALL), "GET /pay", "shop", "server", 1000.0, 1000.5, "error", "no",
            (("a", "b"),))
LINE = LogLine(CALL, SPAN.span, 1000.25, "INFO", "shop", "paid")


def heard(folder: Path, *secrets: str) -> Heard:
    found = Heard(folder / "telemetry" / "otlp.jsonl", Redactor(secrets))
    found.expect(TRIAL)
    return found


def test_what_was_said_comes_back_under_its_call_in_the_order_of_time(tmp_path: Path) -> None:
    found = heard(tmp_path)
    later = replace(SPAN, span="00000000000000c2", parent=SPAN.span, started=1000.1)
    found.take([LINE, later, replace(LINE, trace=NEXT)])
    found.take([SPAN])
    assert found.of(TRIAL) == {CALL: (SPAN, later, LINE), NEXT: (replace(LINE, trace=NEXT),)}
    assert said_in(tmp_path / "telemetry", TRIAL) == found.of(TRIAL)
    assert found.of(OTHER) == {} == said_in(tmp_path / "nowhere", TRIAL)


def test_what_is_of_no_call_of_the_run_is_counted_and_dropped(tmp_path: Path) -> None:
    found = heard(tmp_path)
    found.take([replace(LINE, trace=""), replace(LINE, trace=call_id(OTHER, 1, 1)), LINE])
    assert (found.kept, found.strange, found.dropped) == (1, 2, 0)
    assert OTHER not in (tmp_path / "telemetry" / "otlp.jsonl").read_text()


def test_a_call_that_says_too_much_is_kept_up_to_a_bound(tmp_path: Path) -> None:
    found = heard(tmp_path)
    found.take(replace(LINE, at=float(number)) for number in range(MOST_OF_A_CALL + 7))
    found.take([replace(LINE, trace=NEXT)])
    assert (found.kept, found.dropped) == (MOST_OF_A_CALL + 1, 7)


def test_what_was_sent_twice_is_told_once(tmp_path: Path) -> None:
    found = heard(tmp_path)
    found.take([SPAN])
    found.take([SPAN])
    assert found.of(TRIAL) == {CALL: (SPAN,)}


def test_a_call_is_whole_when_the_work_that_it_began_is_told(tmp_path: Path) -> None:
    found = heard(tmp_path)
    found.take([replace(SPAN, span="00000000000000c2", parent=SPAN.span), LINE])
    assert not found.is_whole([CALL])
    found.take([SPAN])
    assert found.is_whole([CALL])
    assert not found.is_whole([CALL, NEXT])


SECRET = 'c4n4ry/"s3cr3t"'


def test_no_secret_is_written_whatever_text_it_stands_in(tmp_path: Path) -> None:
    found = heard(tmp_path, SECRET)
    shown = f"<{SECRET}>"
    found.take([replace(SPAN, name=shown, service=shown, said=shown, attributes=((shown, shown), ("url", shown))),
                replace(LINE, severity=shown, service=shown, text=shown)])
    written = (tmp_path / "telemetry" / "otlp.jsonl").read_text()
    assert "s3cr3t" not in written
    assert len([json.loads(line) for line in written.splitlines()]) == 2
    assert "s3cr3t" not in repr(found.of(TRIAL))


@pytest.mark.parametrize("before", range(7_990, 8_002, 3))
def test_no_half_of_a_secret_is_written_where_a_text_is_cut(tmp_path: Path, before: int) -> None:
    found = heard(tmp_path, SECRET)
    found.take([replace(LINE, text="x" * before + SECRET + "y" * 9_000)])
    [(line,)] = found.of(TRIAL).values()
    assert isinstance(line, LogLine)
    assert "c4n" not in line.text
    assert len(line.text) < 8_100


def test_a_secret_that_is_learned_later_is_taken_out_of_the_file_again(tmp_path: Path) -> None:
    redactor = Redactor()
    found = Heard(tmp_path / "otlp.jsonl", redactor)
    found.expect(TRIAL)
    other = replace(LINE, at=1001.0, text="é\ud800")
    found.take([replace(LINE, text=f"as {SECRET}"), other])
    before = (tmp_path / "otlp.jsonl").read_text()
    redactor.register(SECRET)
    found.seal()
    after = (tmp_path / "otlp.jsonl").read_text()
    assert "s3cr3t" in before
    assert "s3cr3t" not in after
    assert found.of(TRIAL) == said_in(tmp_path, TRIAL) == {CALL: (replace(LINE, text="as «redacted»"), other)}
    found.seal()
    assert (tmp_path / "otlp.jsonl").read_text() == after


def test_a_file_that_cannot_be_written_loses_what_was_said_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "telemetry").write_text("in the way")
    found = heard(tmp_path)
    found.take([SPAN])
    assert (found.kept, found.dropped, found.of(TRIAL)) == (0, 1, {})


def test_the_file_is_its_owners_alone_and_a_damaged_line_is_passed_over(tmp_path: Path) -> None:
    found = heard(tmp_path)
    found.take([SPAN])
    path = tmp_path / "telemetry" / "otlp.jsonl"
    assert os.stat(path).st_mode & 0o777 == 0o600
    with path.open("ab") as file:
        file.write(b'{"resourceSpans": "' + TRIAL.encode() + b'\n{"torn": "' + TRIAL.encode())
    assert said_in(path.parent, TRIAL) == {CALL: (SPAN,)}
