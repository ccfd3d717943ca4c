"""The boundary values of a field: few, of the field, never the usual one, the same each time."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import pytest

from flowprobe.core.account import AccountField, Strategy, misfit
from flowprobe.core.exploring.values import MOST, boundaries, domains
from flowprobe.core.schema_matcher import SchemaMatcher
from flowprobe.core.values import Position

SEATS = Strategy("integers", {"min": 0, "max": 1000})
CITY = Strategy("text", {"min": 1, "max": 5})


def by_schema(schema: Any) -> Strategy:
    return Strategy("from_schema", {"schema": SchemaMatcher("root.json", {"root.json": schema})})


CASES: list[tuple[Strategy, Any, list[Any]]] = [
    (SEATS, 3, [0, 1000, 1, 999]),
    (SEATS, 0, [1000, 1, 999]),
    (Strategy("integers"), 3, [-1, 2**31, 0, 1, 1 - 2**31, 2**31 - 1, 2**53 + 1, -(2**31) - 1]),
    (Strategy("integers", {"min": 5, "max": 5}), 5, []),
    (Strategy("floats", {"min": 0, "max": 1}), 0.5, [0, 1, 0.1 + 0.2, 1e-9]),
    (Strategy("decimals", {"min": 0, "max": 99.99, "places": 2}), "9.99", ["0.00", "99.99", "0.01", "99.98", "1.00"]),
    (Strategy("decimals", {"min": 0.5, "max": 2, "places": 0}), "1", ["2"]),
    (Strategy("decimals", {"max": -5, "places": 1}), "-5.5", ["-1000000000.0", "-5.0", "-999999999.9", "-5.1"]),
    (Strategy("booleans"), True, [False]),
    (CITY, "Acme", ["x", "xxxxx", "Ω", "null", " ", "xx", "xxxx"]),
    (Strategy("dates"), "2026-05-05",
     ["2020-01-01", "2039-12-31", "2028-02-29", "2026-01-31", "2025-12-31", "2026-03-01"]),
    (Strategy("dates", {"min": "2024-02-27", "max": "2024-02-29"}), "2024-02-28", ["2024-02-27", "2024-02-29"]),
    (Strategy("sampled_from", {"values": tuple(range(20))}), 3, [each for each in range(20) if each != 3]),
    (Strategy("optional", {"of": SEATS}), 3, [None, 0, 1000, 1, 999]),
    (Strategy("lists", {"of": Strategy("booleans"), "max": 3}), [], [[False], [False, True, False], [False, True], [True]]),
    (Strategy("lists", {"of": SEATS, "min": 1, "max": 6, "unique": True}), [1],
     [[1, 0, 1000, 999, 2, 3], [1, 0], [1, 0, 1000, 999, 2], [0], [1000], [999], [2], [3]]),
    (Strategy("objects", {"fields": {"city": CITY, "floor": SEATS}}), {"city": "Rome", "floor": 1},
     [{"city": "x", "floor": 1}, {"city": "Rome", "floor": 0}, {"city": "xxxxx", "floor": 1},
      {"city": "Rome", "floor": 1000}, {"city": "Ω", "floor": 1}, {"city": "null", "floor": 1},
      {"city": " ", "floor": 1}, {"city": "xx", "floor": 1}]),
    (by_schema({"enum": ["a", None]}), "a", [None]),
    (by_schema({"type": "object", "properties": {"a": {"type": "integer", "minimum": 1, "maximum": 2}},
                "required": ["a"], "not": {"required": ["b"]}}), {"a": 1}, [{"a": 2}]),
    (Strategy("python", {"file": "a.py", "name": "seats"}), 3, []),
]


@pytest.mark.parametrize(("strategy", "default", "expected"), CASES, ids=lambda case: getattr(case, "kind", None))
def test_the_boundaries_of_a_field(strategy: Strategy, default: Any, expected: list[Any]) -> None:
    assert list(boundaries(strategy, default)) == expected


@pytest.mark.parametrize("strategy", [
    *(case[0] for case in CASES), Strategy("text"), Strategy("emails"), Strategy("floats"), Strategy("decimals"),
    Strategy("times", {"zones": ("UTC", "Europe/Berlin")}), Strategy("lists", {"of": Strategy("text")}),
    Strategy("lists", {"of": Strategy("emails"), "unique": True}),
    Strategy("lists", {"of": SEATS, "min": 3, "max": 4}), Strategy("lists", {"of": SEATS, "max": 0}),
    Strategy("lists", {"of": Strategy("booleans"), "min": 1, "max": 9, "unique": True}),
], ids=lambda strategy: strategy.kind)
@pytest.mark.parametrize("default", [None, 1, "Acme"])
def test_boundaries_are_few_and_of_the_field_and_none_is_the_usual_one(strategy: Strategy, default: Any) -> None:
    found = boundaries(strategy, default, zone=ZoneInfo)
    assert all(misfit(value, strategy) == "" for value in found)
    assert len(found) <= MOST or strategy.kind == "sampled_from"
    assert not [value for value in found if value is default or (value == default and type(value) is type(default))]
    assert found == boundaries(strategy, default, zone=ZoneInfo)


def test_texts_begin_with_nothing_and_the_longest_and_go_on_to_the_messy_ones() -> None:
    found = boundaries(Strategy("text", {"max": 80}), "Acme")
    assert found[:5] == ("", "x" * 80, "O'Brien", "Ω", " Acme ")


def test_times_have_the_hour_that_is_missing_and_the_one_that_is_there_twice() -> None:
    found = boundaries(Strategy("times", {"zones": ("Europe/Berlin",)}), "2026-05-05T12:00", zone=ZoneInfo)
    assert {"2026-03-29T01:59:59+01:00", "2026-03-29T03:00:00+02:00"} <= set(found)
    assert {"2026-10-25T02:59:59+02:00", "2026-10-25T02:00:00+01:00"} <= set(found)
    assert "2028-02-29T23:59:59+01:00" in found


def test_the_longest_list_has_all_of_its_items_also_where_none_may_be_there_twice() -> None:
    most = Strategy("lists", {"of": Strategy("integers"), "max": 5_000, "unique": True})
    assert {len(set(items)) for items in boundaries(most, [])} >= {5_000, 4_999, 1}


def test_without_zones_times_are_universal() -> None:
    assert all(value.endswith("+00:00") for value in boundaries(Strategy("times"), "2026-05-05T12:00"))


def test_the_values_of_a_whole_account_begin_with_its_defaults() -> None:
    here = Position("scenario.yaml", 1, 1)
    account = {"seats": AccountField(3, here, SEATS), "plan": AccountField("team", here)}
    assert domains(account) == {"seats": (3, 0, 1000, 1, 999), "plan": ("team",)}
    assert domains(account, most=2) == {"seats": (3, 0, 1000), "plan": ("team",)}
