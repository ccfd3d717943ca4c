"""`h2`: one stream, or the connection after it."""

from __future__ import annotations

import pytest
from h2.errors import ErrorCodes

from flowprobe.core.faults.h2 import H2, GoAway
from flowprobe.core.faults.kinds import action_of, before_calls, describe
from flowprobe.core.faults.stages import Stage
from flowprobe.core.faults.streams import CODES, Farewell, ResetStream
from flowprobe.errors import InvalidInput
from tests.core.faults.reading import kind_of


def test_the_codes_are_those_of_the_standard() -> None:
    assert dict(CODES) == {code.name: code.value for code in ErrorCodes}


@pytest.mark.parametrize(("text", "kind", "words", "action"), [
    ("h2: {rst_stream: REFUSED_STREAM}", H2("REFUSED_STREAM"), "h2 rst_stream REFUSED_STREAM", ResetStream(7)),
    ("h2: {rst_stream: NO_ERROR}", H2("NO_ERROR"), "h2 rst_stream NO_ERROR", ResetStream(0)),
    ("h2: {goaway: {after: 3}}", H2(GoAway(3)), "h2 goaway after 3", Farewell(3)),
])
def test_a_fault_of_streams_is_read_told_and_done(text: str, kind: H2, words: str, action: object) -> None:
    assert kind_of(text) == kind
    assert (describe(kind), action_of(kind)) == (words, action)
    assert not before_calls(kind)


@pytest.mark.parametrize("text", [
    "h2: {rst_stream: refused}", "h2: {goaway: {after: 0}}", "h2: {goaway: {}}", "h2: {}", "h2: REFUSED_STREAM",
    "h2: {rst_stream: CANCEL, goaway: {after: 1}}",
])
def test_anything_else_is_a_problem(text: str) -> None:
    with pytest.raises(InvalidInput):
        kind_of(text)


def test_a_stream_ends_in_place_of_the_call_and_a_connection_after_it() -> None:
    assert (ResetStream(7).stage, ResetStream(7).ends) == (Stage.INSTEAD, True)
    assert (Farewell(1).stage, Farewell(1).ends) == (Stage.CUT, False)
