"""What the product says of itself, by the call that it belongs to."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from flowprobe.core.telemetry import LogLine, Span, by_call

CALL, OTHER = "0000000100000001d0c7042d0c7042d0", "0000000200000001d0c7042d0c7042d0"
SPAN = Span(CALL, "00f067aa0ba902b7", "", "GET /v1/search", "shop", "server", 10.0, 10.8, "error", "gave up")
LINE = LogLine(CALL, SPAN.span, 10.5, "WARN", "shop", "search-index is slow")


def test_spans_and_lines_stand_under_their_call_in_the_order_of_time() -> None:
    later = replace(SPAN, span="b7ad6b7169203331", parent=SPAN.span, started=10.1, ended=10.6)
    elsewhere = replace(LINE, trace=OTHER)
    assert by_call([LINE, elsewhere, later, SPAN]) == {CALL: (SPAN, later, LINE), OTHER: (elsewhere,)}


@given(st.permutations([SPAN, SPAN, replace(SPAN, said="as a store has it"), LINE, LINE]))
def test_what_came_twice_counts_once(said: list[Span | LogLine]) -> None:
    (found,) = by_call(said).values()
    assert [type(each) for each in found] == [Span, LogLine]


def test_a_span_that_ends_before_it_starts_took_no_time() -> None:
    assert (SPAN.seconds, replace(SPAN, ended=9.0).seconds) == (10.8 - 10.0, 0.0)
