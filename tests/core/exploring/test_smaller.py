"""The smallest value that breaks is found exactly, and with few questions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowprobe.core.exploring.smaller import least, nearer, needed, singly_needed


class Asked:
    """A question, counted."""

    def __init__(self, breaks: Callable[[Any], bool]) -> None:
        self.times, self._breaks = 0, breaks

    def __call__(self, value: Any) -> bool:
        self.times += 1
        return self._breaks(value)


SOME = st.integers(0, 12).flatmap(lambda size: st.tuples(st.just(size), st.sets(st.integers(0, max(size - 1, 0)))))


@given(SOME)
def test_what_is_needed_stays_in_its_order_and_nothing_else(some: tuple[int, set[int]]) -> None:
    size, wanted = some
    wanted = {index for index in wanted if index < size}
    for search in (needed, singly_needed):
        assert search(range(size), lambda kept: wanted <= set(kept)) == sorted(wanted)


def test_one_needed_of_ten_takes_a_handful_of_questions() -> None:
    asked = Asked(lambda kept: 6 in kept)
    assert needed(range(10), asked) == [6]
    assert asked.times <= 6


@given(st.integers(1, 65_536), st.data())
def test_the_least_number_is_exact(most: int, data: st.DataObject) -> None:
    threshold = data.draw(st.integers(1, most))
    asked = Asked(lambda number: number >= threshold)
    assert least(most, asked) == threshold
    assert asked.times <= 22


def test_of_very_large_numbers_a_part_in_65_536_is_enough() -> None:
    asked = Asked(lambda number: number >= 3 * 10**15)
    assert 3 * 10**15 <= least(2**62, asked) <= 3 * 10**15 * (1 + 2**-15)
    assert asked.times <= 30


def test_the_very_number_that_was_found_takes_one_question() -> None:
    asked = Asked(lambda number: number == 2**31)
    assert (least(2**31, asked), asked.times) == (2**31, 1)


def is_over(limit: Any) -> Callable[[Any], bool]:
    return lambda value: value >= limit


@pytest.mark.parametrize(("value", "default", "breaks", "smallest"), [
    (900, 3, is_over(517), 517),
    (-40, 3, lambda value: value < 0, -1),
    (0, 3, lambda value: value == 0, 0),
    (9.75, 1.0, is_over(4.5), 4.5),
    (9.75, 1, is_over(4), 4.0),
    ("99.99", "9.00", lambda value: float(value) >= 20.5, "20.50"),
    ("99.99", "9", lambda value: float(value) >= 20, "20.00"),
    ("2031-05-17", "2026-01-01", lambda value: value >= "2028-02-29", "2028-02-29"),
    ("2028-02-29", "2026-01-01", lambda value: value.endswith("02-29"), "2028-02-29"),
    ("Zoë O'Brien", "Ann", lambda value: "'" in value, "'"),
    ("x" * 80, "Ann", lambda value: len(value) > 64, "a" * 65),
    ("expired", None, lambda value: value != "", "a"),
    (["a", "b", "c", "d"], [], lambda value: "c" in value, ["c"]),
    (("a", "b"), (), lambda value: len(value) > 1, ("a", "b")),
    ({"a": 9, "b": 2}, {"a": 1, "b": 1}, lambda value: value["a"] > 4, {"a": 5, "b": 1}),
    ({"a": 1, "more": [1, 2]}, {"a": 1}, lambda value: 2 in value.get("more", ()), {"a": 1, "more": [2]}),
    ({}, {"a": 1}, lambda value: "a" not in value, {}),
    ({"card": {"year": 2019, "name": "B"}}, {"card": {"year": 2030, "name": "A"}},
     lambda value: value["card"]["year"] < 2026, {"card": {"year": 2025, "name": "A"}}),
    (True, False, lambda value: value, True),
    (None, 3, lambda value: value is None, None),
    (float("inf"), 1.0, lambda value: value > 5, float("inf")),
    ({"a": True}, {"a": 1}, lambda value: value["a"] is True, {"a": True}),
])
def test_a_value_is_brought_near(value: Any, default: Any, breaks: Callable[[Any], bool], smallest: Any) -> None:
    found = nearer(value, default, breaks)
    assert (found, type(found)) == (smallest, type(smallest))
    assert nearer(found, default, breaks, again=True) == found


@given(st.dictionaries(st.sampled_from("abcdefghij"), st.integers(-1000, 1000)), st.data())
def test_a_conjunction_over_fields_is_found_exactly(state: dict[str, int], data: st.DataObject) -> None:
    defaults = dict.fromkeys(state, 0)
    limits = {key: data.draw(st.integers(1, abs(value))) for key, value in state.items()
              if value and data.draw(st.booleans())}
    smallest = {key: (limits.get(key, 0) if value > 0 else -limits.get(key, 0)) for key, value in state.items()}

    def breaks(found: dict[str, int]) -> bool:
        return all(abs(found[key]) >= limit and (found[key] > 0) == (state[key] > 0) for key, limit in limits.items())

    assert not limits or nearer(state, defaults, breaks) == smallest
