"""Whatever is drawn is what the file says that the field may be, and JSON can carry it."""

from __future__ import annotations

import json
import re
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, Phase, find, given, settings
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample

from flowprobe.core.account import Strategy, misfit
from flowprobe.core.exploring.messy import EMAILS, TEXTS
from flowprobe.core.schema_matcher import SchemaMatcher
from flowprobe.errors import ToolFailed
from flowprobe.explore.strategies import python_name, strategy_of, zone_of

SEATS = Strategy("integers", {"min": 0, "max": 1000})
BERLIN = Strategy("times", {"min": "2026-01-01T00:00", "max": "2026-12-31T23:59:59", "zones": ("Europe/Berlin",)})
NODE = {"$ref": "#/$defs/node", "$defs": {"node": {
    "type": "object", "properties": {"name": {"type": "string"}, "in": {"$ref": "#/$defs/node"}},
    "required": ["name"], "additionalProperties": False}}}


def by_schema(schema: Any) -> Strategy:
    return Strategy("from_schema", {"schema": SchemaMatcher("root.json", {"root.json": schema})})


EACH = [
    SEATS, Strategy("integers"), Strategy("integers", {"min": 7, "max": 7}),
    Strategy("floats"), Strategy("floats", {"min": -1, "max": 0.3}), Strategy("floats", {"max": 10**17 + 1}),
    Strategy("decimals"), Strategy("decimals", {"min": 0, "max": 99.99, "places": 3}),
    Strategy("booleans"),
    Strategy("text"), Strategy("text", {"max": 3}), Strategy("text", {"min": 90, "max": 300}), Strategy("text", {"max": 0}),
    Strategy("text", {"min": 9_000, "max": 10_000}), Strategy("lists", {"of": SEATS, "min": 900, "max": 9_000}),
    Strategy("lists", {"of": SEATS, "min": 18, "max": 25}),
    Strategy("emails"),
    Strategy("dates"), Strategy("dates", {"min": "2024-02-29", "max": "2024-02-29"}),
    Strategy("sampled_from", {"values": ("valid", None, [1])}),
    Strategy("optional", {"of": SEATS}),
    Strategy("lists", {"of": SEATS}), Strategy("lists", {"of": SEATS, "min": 2, "max": 4, "unique": True}),
    Strategy("objects", {"fields": {"zip": Strategy("text", {"max": 5}), "more": Strategy("lists", {"of": SEATS})}}),
    by_schema(NODE), by_schema({"type": "string", "pattern": "^[A-Z]{2}[0-9]{2}$"}), by_schema(True),
    by_schema({"type": "array", "items": {"type": "number", "multipleOf": 0.5}, "minItems": 1, "uniqueItems": True}),
    by_schema({"oneOf": [{"type": "integer", "exclusiveMinimum": 3}, {"enum": ["none", None]}]}),
    by_schema({"type": "object", "required": ["kind"], "properties": {"kind": {"enum": ["card", "sepa"]}},
               "if": {"properties": {"kind": {"const": "card"}}}, "then": {"maxProperties": 1}}),
]
QUICK = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck),
                 phases=[Phase.generate], database=None)


@pytest.mark.parametrize("strategy", EACH, ids=lambda strategy: strategy.kind)
def test_what_is_drawn_is_of_the_field_and_can_be_sent(strategy: Strategy) -> None:
    @QUICK
    @given(strategy_of(strategy))
    def check(value: Any) -> None:
        assert misfit(value, strategy) == ""
        assert json.loads(json.dumps(value, allow_nan=False)) == value
        assert b"\\u0000" not in json.dumps(value).encode()
        json.dumps(value, ensure_ascii=False).encode()

    check()


@pytest.mark.parametrize(("strategy", "plainest"), [
    (SEATS, 0), (Strategy("floats"), 0.0), (Strategy("decimals"), "0.00"), (Strategy("booleans"), False),
    (Strategy("text"), ""), (Strategy("text", {"min": 2}), "aa"), (Strategy("emails"), EMAILS[0]),
    (Strategy("sampled_from", {"values": ("valid", "expired")}), "valid"), (Strategy("optional", {"of": SEATS}), None),
    (Strategy("lists", {"of": SEATS}), []), (Strategy("dates"), "2020-01-01"), (BERLIN, "2026-01-01T00:00:00+01:00"),
], ids=lambda case: getattr(case, "kind", None))
def test_the_plainest_value_comes_first(strategy: Strategy, plainest: Any) -> None:
    assert find(strategy_of(strategy), lambda _: True, settings=settings(database=None)) == plainest


@pytest.mark.parametrize(("strategy", "is_so"), [
    (Strategy("text"), lambda text: text in TEXTS and not text.isascii()),
    (Strategy("text", {"max": 5_000}), lambda text: len(text) == 5_000),
    (Strategy("lists", {"of": SEATS, "max": 5_000}), lambda items: len(items) > 4_000),
    (Strategy("emails"), lambda address: address not in EMAILS),
    (Strategy("emails"), lambda address: "+" in address),
    (Strategy("dates"), lambda day: day.endswith("-02-29")),
    (BERLIN, lambda moment: moment[:13] == "2026-03-29T03" and moment.endswith("+02:00")),
    (BERLIN, lambda moment: moment[:13] == "2026-10-25T02" and moment.endswith("+01:00")),
    (Strategy("decimals"), lambda amount: amount.endswith(".01")),
    (by_schema(NODE), lambda node: "in" in node),
], ids=lambda case: getattr(case, "kind", None))
def test_these_are_drawn_too(strategy: Strategy, is_so: Any) -> None:
    try:
        find(strategy_of(strategy), is_so, settings=settings(max_examples=2_000, database=None, derandomize=True,
                                                             suppress_health_check=list(HealthCheck)))
    except NoSuchExample:
        pytest.fail("it was never drawn")


def test_times_are_there_and_within_their_bounds() -> None:
    @QUICK
    @given(strategy_of(BERLIN))
    def check(text: str) -> None:
        moment = datetime.fromisoformat(text)
        assert moment.year == 2026
        assert moment.astimezone(ZoneInfo("Europe/Berlin")).isoformat() == text

    check()


@pytest.mark.parametrize("zones", [("UTC",), ("Pacific/Kiritimati", "Pacific/Niue")])
def test_times_at_the_ends_of_the_calendar_are_no_trouble(zones: tuple[str, ...]) -> None:
    strategy = Strategy("times", {"min": "0001-01-01T00:00", "max": "9999-12-31T23:59", "zones": zones})
    assert datetime.fromisoformat(find(strategy_of(strategy), lambda _: True, settings=settings(database=None)))


def test_dates_are_days() -> None:
    assert date.fromisoformat(find(strategy_of(Strategy("dates", {"max": "0005-01-01"})), lambda _: True))


def test_a_strategy_in_python_is_the_one_that_was_loaded() -> None:
    strategy = Strategy("python", {"file": "accounts.py", "name": "seats"})
    assert python_name(strategy) == "accounts.py:seats"
    made = strategy_of(Strategy("lists", {"of": strategy, "min": 1}), {"accounts.py:seats": st.just(7)})
    assert find(made, lambda _: True) == [7]
    with pytest.raises(ToolFailed, match=re.escape("accounts.py:seats was not loaded")):
        strategy_of(strategy)


@pytest.mark.parametrize("value", [float("nan"), date(2026, 1, 1), object()],
                         ids=lambda value: type(value).__name__)
def test_a_strategy_in_python_that_gives_what_cannot_be_sent_is_told_so(value: Any) -> None:
    strategy = Strategy("python", {"file": "accounts.py", "name": "seats"})
    with pytest.raises(ToolFailed, match="which JSON does not have: turn its values into"):
        find(strategy_of(strategy, {"accounts.py:seats": st.just(value)}), lambda _: True)


@pytest.mark.parametrize("name", ["Europe/Atlantis", "../etc/passwd", ""])
def test_a_time_zone_that_is_not_known_is_named(name: str) -> None:
    with pytest.raises(ToolFailed, match=f"there is no time zone '{name}' on this machine"):
        zone_of(name)


def test_thousands_of_different_items_are_left_to_the_boundaries() -> None:
    assert strategy_of(Strategy("lists", {"of": SEATS, "min": 500, "unique": True})).is_empty


def test_a_pattern_that_python_does_not_know_gives_nothing() -> None:
    assert strategy_of(by_schema({"type": "string", "pattern": r"^\p{Lu}$"})).is_empty
