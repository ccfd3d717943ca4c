"""What every reader has in common: how a store that fails is told, and JSON that nobody vouches for."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowprobe.core.telemetry import LogLine
from flowprobe.core.wire import Outcome
from flowprobe.telemetry.reading import (
    LONGEST,
    MOST,
    Found,
    by_trace,
    epoch,
    hex_id,
    items,
    parsed,
    printable,
    reply_of,
    text_of,
)
from tests.telemetry.stores import GARBAGE, HOSTILE, no_reply, reply

LINE = LogLine("t", "", 1.0, "", "", "x")
NAME = "Jaeger at http://j"


def test_a_good_reply_gives_its_body() -> None:
    assert reply_of(NAME, reply(b"{}")) == (b"{}", "")


def test_a_trace_that_a_store_does_not_know_is_no_trouble() -> None:
    assert reply_of(NAME, reply(b"trace not found", 404)) == (b"", "")


@pytest.mark.parametrize(("outcome", "said"), [
    (no_reply(), "Jaeger at http://j cannot be asked: There was no connection; see that it runs, and that its URL is "
                 "right"),
    (reply(b"", 401), "Jaeger at http://j refuses us (401): see `auth` and `headers` of this reader"),
    (reply(b"", 403), "Jaeger at http://j refuses us (403): see `auth` and `headers` of this reader"),
    (reply(b"", 302), "Jaeger at http://j sends us elsewhere (302): name the URL of its API, not one that leads to it"),
    (reply(b'{"errors": "disk \x1b[31m full"}\n', 500),
     'Jaeger at http://j answers 500: {"errors": "disk \N{REPLACEMENT CHARACTER}[31m full"}'),
    (reply(b"", 503), "Jaeger at http://j answers 503"),
    (reply(b"x", truncated=True), "Jaeger at http://j answers more than can be read; narrow what is asked for"),
])
def test_a_store_that_fails_is_told_in_one_sentence(outcome: Outcome, said: str) -> None:
    assert reply_of(NAME, outcome) == (b"", said)


def test_what_a_store_says_of_its_failure_is_cut_short() -> None:
    assert len(reply_of(NAME, reply(b"x" * 100_000, 500))[1]) < 250


def test_the_first_trouble_ends_the_reading_and_keeps_what_was_found() -> None:
    answers = {"a": Found((LINE,)), "b": Found((LINE,), "broken"), "c": Found((LINE,))}
    assert by_trace(("a", "b", "c"), answers.__getitem__) == Found((LINE, LINE), "broken")


def test_so_much_is_taken_of_one_trace() -> None:
    assert len(by_trace(("a",), lambda _: Found((LINE,) * (MOST + 1))).said) == MOST


@pytest.mark.parametrize("body", GARBAGE)
def test_what_is_no_object_is_a_value_error(body: bytes) -> None:
    with pytest.raises(ValueError, match="its reply is no JSON"):
        parsed(body)


def test_what_is_no_object_in_a_list_is_passed_over() -> None:
    assert [list(items(value)) for value in ([{"a": 1}, 2, None, []], {"a": 1}, None, "x")] == [[{"a": 1}], [], [], []]


@pytest.mark.parametrize(("value", "text"), [
    (None, ""), ("x", "x"), (True, "true"), (7, "7"), (0.5, "0.5"), ([1, "ä"], '[1, "ä"]'), ({"a": None}, '{"a": null}'),
    ("x" * 10_000, "x" * LONGEST)])
def test_values_become_text(value: Any, text: str) -> None:
    assert text_of(value) == text


@given(st.integers(0, 2**128 - 1))
def test_an_id_gets_its_leading_zeros_back(number: int) -> None:
    assert hex_id(f"{number:x}", 32) == hex_id(f"{number:032X}", 32) == f"{number:032x}"


@pytest.mark.parametrize("value", ["", None, 12, "xyz", "0" * 33, "-1", "0x1", "１"])
def test_what_is_no_id_is_empty(value: Any) -> None:
    assert hex_id(value, 32) == ""


def test_times_of_every_spelling() -> None:
    assert [epoch(value, per_second=1000) for value in (1500, "1500", 1500.0)] == [1.5, 1.5, 1.5]


@pytest.mark.parametrize("value", [math.nan, math.inf, -1, 10**400, "9" * 5000, "soon", None, True, [], "1.5"])
def test_what_is_no_time_is_a_value_error(value: Any) -> None:
    with pytest.raises(ValueError, match="a time in its reply is none"):
        epoch(value, per_second=1)


def test_nothing_that_a_terminal_obeys_is_shown() -> None:
    assert not set("\x1b\x00\u202e") & set(printable(HOSTILE))
