from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowprobe.core.nights.model import Change, Drift, Shape
from flowprobe.core.nights.shapes import LEARNED, drifts, merged, shape_of

STATES = ("open", "shut")
JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
                    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
                    max_leaves=20)


def reply(**more: Any) -> dict[str, Any]:
    return {"id": "7f3c9a", "items": [{"state": "open", "price": 3.5}, {"state": "shut", "price": None}], **more}


def told(*replies: Any, learned: Any = None) -> list[tuple[str, Change, str]]:
    """What is said after so many ordinary nights and then these, as (night, change, path)."""
    usual = reply() if learned is None else learned
    nights = [usual] * LEARNED + list(replies)
    return [(each.since, each.change, each.path) for each in found(nights)]


def found(nights: list[Any]) -> tuple[Drift, ...]:
    return drifts([(f"{number:03}", shape_of("Search", "find", each)) for number, each in enumerate(nights)])


def test_a_shape_has_the_types_of_each_path_and_the_words_of_a_text() -> None:
    assert shape_of("s", "t", reply()).paths == {
        "$": ("object",), "$.id": ("string",), "$.items": ("array",), "$.items[*]": ("object",),
        "$.items[*].price": ("null", "number"), "$.items[*].state": ('"open"', '"shut"', "string")}


def test_where_customers_are_no_text_is_kept() -> None:
    assert not [seen for path in shape_of("s", "t", reply(name="Anna"), words=False).paths.values()
                for seen in path if seen.startswith('"')]


def test_keys_that_are_data_are_one() -> None:
    by_id = {f"acc_{number:03}": {"state": "open"} for number in range(4)}
    assert "$.by_id.*.state" in shape_of("s", "t", {"by_id": by_id}).paths
    assert "$.a@b.example" not in shape_of("s", "t", {"a@b.example": 1}).paths


def test_a_text_that_takes_many_forms_is_only_a_text() -> None:
    names = [{"name": f"name{chr(97 + number)}"} for number in range(9)]
    assert shape_of("s", "t", names).paths["$[*].name"] == ("string",)


def test_what_is_seen_in_a_night_is_one_shape_for_each_step() -> None:
    one, other = shape_of("s", "t", {"a": 1}), shape_of("s", "t", {"a": None, "b": "x"})
    whole, beside = merged([one, other, shape_of("s", "u", [])])
    assert whole.paths == {"$": ("object",), "$.a": ("null", "number"), "$.b": ('"x"', "string")}
    assert beside == Shape("s", "u", {"$": ("array",)})


def test_nothing_is_said_while_it_is_learned() -> None:
    assert found([reply(), reply(more=1), {}, reply(id=3)]) == ()


@pytest.mark.parametrize(("now", "change", "path"), [
    (reply(more={"deep": 1}), Change.APPEARED, "$.more"),
    ({"items": reply()["items"]}, Change.VANISHED, "$.id"),
    (reply(id=7), Change.TYPE, "$.id"),
    (reply(id=None), Change.TYPE, "$.id"),
    (reply(items=[{"state": "lost", "price": 1.0}]), Change.WORD, "$.items[*].state"),
    (reply(items={"a": 1}), Change.TYPE, "$.items"),
])
def test_a_change_is_told_once_with_its_first_night(now: Any, change: Change, path: str) -> None:
    assert told(now, now, now) == [("007", change, path)]


def test_the_difference_is_told_with_what_was_and_what_is() -> None:
    drift, = found([reply()] * LEARNED + [reply(items=[{"state": "lost", "price": 1.0}])])
    assert (drift.before, drift.now) == (('"open"', '"shut"'), ('"lost"', '"open"', '"shut"'))


def test_a_list_that_is_empty_says_nothing_of_its_items() -> None:
    assert told(reply(items=[]), reply()) == []


def test_a_list_that_has_its_first_items_is_learned() -> None:
    assert told(reply(), reply(items=[{"other": 1}]), learned=reply(items=[])) == []


def test_what_comes_and_goes_while_it_is_learned_may_do_so_later() -> None:
    nights = [reply(more=1), reply()] * 4
    assert found([*nights, reply(), reply(more=1)]) == ()


def test_a_text_that_was_new_each_night_is_no_word() -> None:
    learned = [{"name": name} for name in ("ada", "bob", "cyd", "dan", "eva", "fay", "gil")]
    assert found([*learned, {"name": "hal"}]) == ()


def test_what_vanished_and_came_back_is_told_twice() -> None:
    assert told({"items": []}, reply()) == [("007", Change.VANISHED, "$.id"), ("008", Change.APPEARED, "$.id")]


def test_a_person_may_have_it_learned_anew() -> None:
    shapes = [(f"{number:03}", shape_of("Search", "find", each)) for number, each in
              enumerate([reply()] * LEARNED + [reply(more=1)] * 9)]
    assert drifts(shapes, rebased={"Search find": "007"}) == ()


@given(JSON)
def test_any_json_has_a_shape_and_the_same_reply_never_drifts(value: Any) -> None:
    shape = shape_of("s", "t", value)
    assert merged([shape, shape]) == (shape,)
    assert found([value] * (LEARNED + 3)) == ()


def test_a_deep_or_a_wide_reply_is_looked_at_no_further_than_it_is_worth() -> None:
    deep: Any = 1
    for _ in range(500):
        deep = {"a": deep}
    assert len(shape_of("s", "t", deep).paths) < 20
    assert len(shape_of("s", "t", [{f"k{chr(97 + n % 26)}{'x' * (n // 26)}": n} for n in range(9_000)]).paths) < 2_001
