from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowprobe.core.jsonpath import MISSING
from flowprobe.core.schema_matcher import SchemaMatcher
from flowprobe.core.shapes import MATCHERS, compare, describe

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5).filter(lambda k: "$" not in k), inner,
                                                               max_size=4),
    max_leaves=12,
)


@given(JSON)
def test_every_value_fits_itself(value: Any) -> None:
    assert compare(value, value, exactly=True) == ()


@given(JSON, JSON)
def test_comparing_never_raises(shape: Any, value: Any) -> None:
    assert isinstance(compare(shape, value), tuple)


@given(JSON, st.sampled_from(["$type", "$matches", "$lt", "$gt", "$contains", "$length", "$each"]), JSON)
def test_a_matcher_never_raises_whatever_the_reply_is(value: Any, name: str, other: Any) -> None:
    operand: Any = {"$type": "string", "$matches": "^a", "$lt": 3, "$gt": 3, "$length": 2}.get(name, other)
    assert isinstance(compare({name: operand}, value), tuple)


@pytest.mark.parametrize(("shape", "value"), [
    ({"$type": "integer"}, 3), ({"$type": "integer"}, 3.0), ({"$type": "number"}, 3.5), ({"$type": "null"}, None),
    ({"$in": [1, "a"]}, "a"), ({"$matches": "^inv_"}, "inv_1"), ({"$lt": 4}, 3), ({"$gt": 4}, 4.5),
    ({"$gt": 1, "$lt": 5}, 3), ({"$contains": "b"}, "abc"), ({"$contains": {"id": 2}}, [{"id": 1}, {"id": 2, "x": 1}]),
    ({"$length": 2}, [1, 2]), ({"$length": {"$gt": 1}}, "ab"), ({"$each": {"id": {"$type": "integer"}}}, [{"id": 1}]),
    ({"$absent": True}, MISSING), ({"$absent": False}, None), ({"$equals": {"$lt": 3}}, {"$lt": 3}),
    ({"$.items[*].id": [1, 2]}, {"items": [{"id": 1}, {"id": 2}]}), ({"$.a.b": 1}, {"a": {"b": 1}}),
    ({"a": 1}, {"a": 1, "b": 2}), ([1, {"a": 1}], [1, {"a": 1, "b": 2}]), (1, 1.0),
])
def test_a_shape_takes_what_it_describes(shape: Any, value: Any) -> None:
    assert compare(shape, value) == ()


@pytest.mark.parametrize(("shape", "value", "path"), [
    (1, True, "$"), (0, False, "$"), (1, "1", "$"), (None, False, "$"), ("a", "A", "$"),
    ({"$type": "integer"}, 3.5, "$"), ({"$type": "number"}, True, "$"), ({"$in": [1]}, True, "$"),
    ({"$lt": 4}, "3", "$"), ({"$lt": 4}, MISSING, "$"), ({"$absent": True}, None, "$"), ({"$absent": False}, MISSING, "$"),
    ({"$equals": {"a": 1}}, {"a": 1, "b": 2}, "$"), ({"$length": 2}, 2, "$"), ({"$each": 1}, {"a": 1}, "$"),
    ([1], [1, 2], "$"), ([1, 2], [1, 3], "$[1]"), ({"a": {"b": 1}}, {"a": {}}, "$.a.b"), ({"a": 1}, [1], "$"),
    ({"$.a.b": 1}, {"a": {}}, "$.a.b"), ({"o d": 1}, {}, "$['o d']"),
])
def test_a_mismatch_names_its_place(shape: Any, value: Any, path: str) -> None:
    assert [mismatch.path for mismatch in compare(shape, value)] == [path]


def test_all_mismatches_come_at_once() -> None:
    found = compare({"a": 1, "b": {"c": [1, 2]}, "d": {"$absent": True}}, {"a": 2, "b": {"c": [1, 3]}, "d": 0})
    assert [m.path for m in found] == ["$.a", "$.b.c[1]", "$.d"]


def test_exactly_refuses_further_properties_at_every_depth() -> None:
    found = compare({"a": {"b": 1}}, {"a": {"b": 1, "x": 2}, "y": 3}, exactly=True)
    assert {m.path for m in found} == {"$.a.x", "$.y"}


def test_every_matcher_can_be_put_into_words() -> None:
    operands: dict[str, Any] = {"$type": "string", "$in": [1], "$length": {"$gt": 1}, "$absent": True,
                                "$schema": SchemaMatcher("a.json", {"a.json": {}})}
    assert all("$" not in describe({name: operands.get(name, "x")}) for name in MATCHERS)
