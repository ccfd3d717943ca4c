"""Whether a value is one that a field may have, and in which words it is not."""

from __future__ import annotations

from typing import Any

import pytest

from flowprobe.core.account import Strategy, misfit
from flowprobe.core.schema_matcher import SchemaMatcher

SEATS = Strategy("integers", {"min": 0, "max": 9})
STREET = Strategy("objects", {"fields": {"zip": Strategy("text", {"max": 5}), "floor": SEATS}})


def by_schema(schema: Any, **files: Any) -> Strategy:
    return Strategy("from_schema", {"schema": SchemaMatcher("root.json", {"root.json": schema, **files})})


@pytest.mark.parametrize(("strategy", "value"), [
    (SEATS, 9),
    (Strategy("decimals", {"max": 9.99}), "9.99"),
    (Strategy("sampled_from", {"values": ([1, 2], {"a": None})}), [1, 2]),
    (Strategy("lists", {"of": SEATS, "max": 2, "unique": True}), [1, 2]),
    (Strategy("lists", {"of": SEATS}), []),
    (STREET, {"zip": "10115", "floor": 3}),
    (Strategy("optional", {"of": SEATS}), None),
    (Strategy("optional", {"of": SEATS}), 3),
    (by_schema({"type": "integer"}), 3),
    (Strategy("dates", {"min": "2024-01-01"}), "2024-02-29"),
    (Strategy("times", {"min": "2024-01-01T00:00"}), "2024-02-29T12:00:00.5+01:00"),
    (Strategy("times"), "2024-02-29T12:00Z"),
    (Strategy("python", {"file": "a.py", "name": "seats"}), object()),
    (Strategy("times", {"min": "2024-01-01T00:00", "max": "2028-12-31T23:59"}), "2028-12-31T23:59:00+01:00"),
])
def test_a_value_that_the_field_may_have(strategy: Strategy, value: Any) -> None:
    assert misfit(value, strategy) == ""


@pytest.mark.parametrize(("strategy", "value", "words"), [
    (SEATS, 10, "a whole number from 0 to 9"),
    (SEATS, True, "a whole number"),
    (Strategy("dates"), "2023-02-29", "a day, such as 2028-02-29"),
    (Strategy("dates"), "2024-02-29T12:00", "a day, such as 2028-02-29"),
    (Strategy("times"), "2024-02-29", "a time, such as 2028-02-29T12:00"),
    (Strategy("dates", {"min": "2024-01-01"}), "2023-02-28", "a day, such as 2028-02-29 within its bounds"),
    (Strategy("text", {"max": 2}), "abc", "a text within its bounds"),
    (Strategy("sampled_from", {"values": (1, "a")}), True, 'one of 1, "a"'),
    (Strategy("lists", {"of": SEATS}), 3, "a list"),
    (Strategy("lists", {"of": SEATS, "min": 1, "max": 2}), [], "a list with a length from 1 to 2"),
    (Strategy("lists", {"of": SEATS}), [1, 10], "a list of which each is a whole number from 0 to 9"),
    (Strategy("lists", {"of": SEATS, "unique": True}), [1, 1.0], "a list in which no two are the same"),
    (STREET, {"zip": "10115"}, "an object with zip, floor"),
    (STREET, {"zip": "101155", "floor": 3}, "an object whose `zip` is a text within its bounds"),
    (Strategy("optional", {"of": SEATS}), "3", "null, or a whole number"),
    (by_schema({"type": "integer"}), "3", "a whole number"),
    (by_schema({"properties": {"a": {"type": "null"}}}), {"a": 1}, "a value whose $.a is null"),
])
def test_a_value_that_it_may_not_have(strategy: Strategy, value: Any, words: str) -> None:
    assert misfit(value, strategy) == words


def test_the_schema_of_several_files_is_one_whose_references_stay_inside() -> None:
    schema = by_schema({"$ref": "inner.json#/$defs/a~b"}, **{"inner.json": {"$defs": {"a~b": {"const": 1}}}})
    whole = schema.options["schema"].whole()
    assert whole == {"$ref": "#/parts/0", "parts": {"0": {"$ref": "#/parts/1/$defs/a~0b"},
                                                    "1": {"$defs": {"a~b": {"const": 1}}}}}
