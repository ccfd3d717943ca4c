"""What was learned comes back from a line as it was."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowprobe.core.exploring.kept import from_row, to_row
from flowprobe.core.exploring.model import Break, Learned, Placed, Reached, Site, Try
from flowprobe.core.faults.reset import Reset
from flowprobe.core.faults.status import Status

words = st.text(max_size=8)
numbers = st.floats(0, 1e6)
sites = st.builds(Site, words, words, words, st.integers(0, 9))
lessons = st.builds(
    Learned, st.sampled_from(["pass", "degraded", "fail", "refused", "inconclusive"]),
    st.lists(st.builds(Break, words, words, words, words), max_size=3).map(tuple),
    st.lists(st.builds(Reached, sites, st.none() | st.integers(100, 599), numbers, st.booleans(), st.booleans(),
                       st.integers(0, 99), words, st.none() | numbers), max_size=3).map(tuple),
    st.frozensets(st.integers(0, 5)), words, numbers, numbers, st.integers(0, 99), words, words)
tries = st.builds(Try, st.dictionaries(words, st.none() | st.booleans() | st.integers() | words, max_size=3),
                  st.lists(st.builds(Placed, sites, st.sampled_from([Status(503), Reset("request")])), max_size=2).map(tuple),
                  st.just("shrink"), st.lists(words, max_size=2, unique=True).map(tuple))


@given(tries, lessons)
def test_a_line_is_read_as_it_was_written(made: Try, found: Learned) -> None:
    key, back = from_row(json.loads(json.dumps(to_row(made, found))))
    assert (key, back) == (made.key, found)
    assert [each.sentence for each in back.breaks] == [each.sentence for each in found.breaks]


@pytest.mark.parametrize("row", [{}, {"key": ["a", []]}, {"key": "x", "learned": {}}, {"key": ["a", []], "learned": {"odd": 1}}])
def test_a_line_of_something_else_is_refused(row: dict[str, object]) -> None:
    with pytest.raises((KeyError, TypeError, ValueError)):
        from_row(row)


def test_a_line_of_an_earlier_version_has_all_of_the_steps() -> None:
    made = Try({"seats": 0})
    row = to_row(made, Learned("pass"))
    assert "without" not in row
    assert from_row(row)[0] == made.key
