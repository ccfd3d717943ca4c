"""What the product says of itself under a call: counted, bounded, and told to people and machines."""

from __future__ import annotations

from dataclasses import replace

import pytest

from flowprobe.core.telemetry import LogLine, Span, Telemetry
from flowprobe.report.said import attributes_of, said_json, said_lines, saying_of

CALL = "1" * 32
ROOT = Span(CALL, "a" * 16, "f" * 16, "GET /pay", "shop", "server", 1000.0, 1000.5, attributes=(("http.route", "/pay"),))
CHILD = replace(ROOT, span="b" * 16, parent=ROOT.span, name="charge", kind="client", started=1000.1, ended=1000.4,
                status="error", said="timed out", attributes=())
LINE = LogLine(CALL, ROOT.span, 1000.4, "ERROR", "shop", "no\x1b[2Jbody")


def text(*said: Telemetry) -> list[str]:
    return ["".join(span.text for span in line) for line in said_lines(said)]


def test_spans_stand_under_each_other_and_lines_at_their_time() -> None:
    assert text(CHILD, LINE, ROOT) == [
        "the product says: 2 spans, 1 of them an error, 1 log line",
        "    ▪ GET /pay  shop · server · 500 ms",
        "      http.route=/pay",
        "      ▪ charge  shop · client · 300 ms  error: timed out",
        "    +400 ms ERROR no\\x1b[2Jbody",
    ]


@pytest.mark.parametrize(("said", "summary"), [
    ([ROOT], "1 span"), ([LINE, LINE], "2 log lines"), ([ROOT, CHILD], "2 spans, 1 of them an error"),
    ([CHILD, replace(CHILD, span="c" * 16)], "2 spans, 2 of them errors"),
])
def test_a_summary_counts_what_there_is(said: list[Telemetry], summary: str) -> None:
    assert saying_of(said).summary == summary


def test_lines_without_spans_are_told_from_the_first_one_on() -> None:
    assert text(LINE, replace(LINE, at=1000.6, severity=""))[1:] == [
        "    +0 ms ERROR no\\x1b[2Jbody", "    +200 ms log no\\x1b[2Jbody"]


def test_what_is_too_much_is_counted() -> None:
    many = [replace(ROOT, span=f"{number:016x}", started=float(number)) for number in range(1, 61)]
    lines = text(*many, *(replace(LINE, at=float(number)) for number in range(70)))
    assert lines[-1] == "    and 10 more spans and 20 more log lines"
    [found] = said_json({CALL: tuple(many)}) or []
    assert (len(found["spans"]), found["more"]) == (50, {"spans": 10, "lines": 0})


def test_a_span_is_told_to_machines_without_what_its_call_says_already() -> None:
    assert said_json({CALL: (ROOT, LINE)}) == [{
        "call": CALL, "more": {"spans": 0, "lines": 0},
        "spans": [{"span": "a" * 16, "parent": "f" * 16, "name": "GET /pay", "service": "shop", "kind": "server",
                   "started": 1000.0, "ended": 1000.5, "status": "unset", "said": "", "attributes": {"http.route": "/pay"}}],
        "lines": [{"span": "a" * 16, "at": 1000.4, "severity": "ERROR", "service": "shop", "text": LINE.text}]}]


def test_that_nobody_listened_is_another_thing_than_that_nothing_was_said() -> None:
    assert said_json(None) is None
    assert said_json({}) == []


def test_attributes_are_redacted_before_they_are_cut() -> None:
    span = replace(ROOT, attributes=(("long", "x" * 195 + "secret" + "y" * 50),))
    assert "sec" not in attributes_of(span, lambda text: text.replace("secret", "***"))
    assert len(attributes_of(span)) == 201
