"""The files of the collector's file exporter: by their pattern, from their end, whole lines alone."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from flowprobe.core.telemetry import LogLine, Span
from flowprobe.telemetry import otlp_file
from flowprobe.telemetry.otlp_file import OtlpFiles
from tests.telemetry.stores import OTHER, TRACE


def spans(trace: str = TRACE, name: str = "GET /pay") -> str:
    span = {"traceId": trace, "spanId": "eee19b7ec3c1b174", "name": name, "kind": 2,
            "startTimeUnixNano": "1000000000", "endTimeUnixNano": "2000000000"}
    return json.dumps({"resourceSpans": [{"resource": {}, "scopeSpans": [{"scope": {}, "spans": [span]}]}]})


def lines(trace: str = TRACE) -> str:
    line = {"traceId": trace, "timeUnixNano": "3000000000", "severityText": "INFO", "body": {"stringValue": "paid"}}
    return json.dumps({"resourceLogs": [{"resource": {}, "scopeLogs": [{"scope": {}, "logRecords": [line]}]}]})


SPAN = Span(TRACE, "eee19b7ec3c1b174", "", "GET /pay", "", "server", 1.0, 2.0)
LINE = LogLine(TRACE, "", 3.0, "INFO", "", "paid")


def read(folder: Path, pattern: str = "*.jsonl", *traces: str) -> Any:
    return OtlpFiles(pattern, folder=folder).read(traces or (TRACE,))


def test_spans_and_lines_from_the_files_of_a_folder(tmp_path: Path) -> None:
    (tmp_path / "traces").mkdir()
    (tmp_path / "traces" / "spans.jsonl").write_text(f"{spans(OTHER)}\n{spans()}\n")
    (tmp_path / "traces" / "lines.jsonl").write_text(f"{lines()}\n{lines(OTHER)}\n")
    (tmp_path / "traces" / "notes.txt").write_text("not of these\n")
    found = read(tmp_path, "traces/*.jsonl")
    assert (set(found.said), found.trouble) == ({SPAN, LINE}, "")


def test_a_last_line_that_is_not_whole_is_left_for_the_next_time(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(f"{spans()}\n{spans(name='later')[:-9]}")
    assert read(tmp_path).said == (SPAN,)


def test_lines_of_other_traces_are_never_parsed(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(b"\xff no json\n" + spans().encode() + b"\n")
    assert read(tmp_path).said == (SPAN,)


@pytest.mark.parametrize("line", ["{", f"[{'[' * 100_000}", "3", '{"resourceSpans": 3}'])
def test_what_is_no_otlp_is_told(tmp_path: Path, line: str) -> None:
    (tmp_path / "a.jsonl").write_text(f"{line} {TRACE}\n" if line != '{"resourceSpans": 3}'
                                      else f'{{"resourceSpans": 3, "of": "{TRACE}"}}\n')
    found = read(tmp_path)
    assert found.said == ()
    assert found.trouble.startswith(f"{tmp_path}/a.jsonl is not understood: ")
    assert found.trouble.endswith("`format: json`, without compression")


def test_a_pattern_that_no_file_fits_is_told(tmp_path: Path) -> None:
    assert read(tmp_path).trouble == (f"no file is called *.jsonl (from {tmp_path}): see the `path` of the collector's "
                                      "file exporter")


def test_what_would_never_end_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jsonl")
    assert read(tmp_path).trouble.startswith("no file is called")


def test_a_file_that_nobody_may_read_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.jsonl").write_text(f"{spans()}\n")

    def refused(*_: Any) -> Any:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refused)
    assert read(tmp_path).trouble == f"{tmp_path}/a.jsonl cannot be read: Permission denied"


def test_only_the_end_of_a_large_file_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(otlp_file, "END", len(spans()) + 10)
    (tmp_path / "a.jsonl").write_text(f"{spans(name='GET /old')}\n{spans()}\n")
    assert read(tmp_path).said == (SPAN,)


def test_the_files_that_were_written_last_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(otlp_file, "FILES", 1)
    for name, at in (("old", 1), ("new", 2)):
        (tmp_path / f"{name}.jsonl").write_text(f"{spans(name=name)}\n")
        os.utime(tmp_path / f"{name}.jsonl", (at, at))
    (found,) = read(tmp_path).said
    assert found.name == "new"


def test_folders_below_are_searched_where_the_pattern_says_so(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "c.jsonl").write_text(f"{spans()}\n")
    assert read(tmp_path, "**/*.jsonl").said == (SPAN,)
