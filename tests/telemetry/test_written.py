"""A line of a log, in the forms that programs write."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowprobe.core.telemetry import LogLine
from flowprobe.telemetry.written import log_line
from tests.telemetry.stores import TRACE


def said(text: str) -> LogLine:
    return log_line(text, TRACE, at=7.0)


@pytest.mark.parametrize(("text", "line"), [
    ('{"time": "1970-01-01T00:00:02Z", "level": "error", "msg": "no luck", "service": "shop", "trace_id": "x", '
     '"span_id": "a1", "seat": 3, "paid": false}',
     LogLine(TRACE, "00000000000000a1", 2.0, "error", "shop", "no luck seat=3 paid=false")),
    ('{"@timestamp": 2500, "message": "m"}', LogLine(TRACE, "", 2500.0, "", "", "m")),
    ('{"ts": 1700000000.5, "severity": "WARN"}', LogLine(TRACE, "", 1700000000.5, "WARN", "", "")),
    ('{"ts": 1700000000500}', LogLine(TRACE, "", 1700000000.5, "", "", "")),
    ('{"__REALTIME_TIMESTAMP": "1700000000500000", "PRIORITY": "3", "MESSAGE": "m", "SYSLOG_IDENTIFIER": "shop", '
     '"_PID": "1"}', LogLine(TRACE, "", 1700000000.5, "3", "shop", "m")),
    ('{"time": "soon", "msg": "m"}', LogLine(TRACE, "", 7.0, "", "", "m")),
    ("{not json", LogLine(TRACE, "", 7.0, "", "", "{not json")),
    ("1970-01-01 00:00:02,500 ERROR shop: no luck", LogLine(TRACE, "", 2.5, "ERROR", "", "shop: no luck")),
    ("[12] WARN: slow", LogLine(TRACE, "", 7.0, "WARN", "", "[12] WARN: slow")),
    ("1970-01-01T01:00:02.123456789+01:00 paid", LogLine(TRACE, "", 2.123456, "", "", "paid")),
    ("2024-99-99T00:00:00Z paid", LogLine(TRACE, "", 7.0, "", "", "2024-99-99T00:00:00Z paid")),
    ("plain", LogLine(TRACE, "", 7.0, "", "", "plain")),
])
def test_lines_as_programs_write_them(text: str, line: LogLine) -> None:
    assert said(text) == line


@given(st.text() | st.dictionaries(
    st.sampled_from(["time", "ts", "level", "msg", "span_id", "trace", "x"]),
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.integers())).map(json.dumps))
def test_every_line_says_something_at_some_time(text: Any) -> None:
    found = said(text)
    assert found.trace == TRACE
    assert 0 <= found.at < 10**10 or found.at < 0  # a date before 1970 is one
