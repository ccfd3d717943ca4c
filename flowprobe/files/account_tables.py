"""The table of the account state: each field's value on an ordinary night, and what else it may be."""

from __future__ import annotations

from typing import Any

from flowprobe.core.account import AccountField, Strategy
from flowprobe.core.fields import As, Boolean, Entry, Field, Integer, Json, Later, ListOf, MapOf, Number, Record, Text
from flowprobe.core.values import Position
from flowprobe.files.specials import CODE, CONSTRAINT, JSON_SCHEMA, ODDITY, TRUE

__all__ = ["ACCOUNT", "CONSTRAINTS", "ODDITIES", "STRATEGIES"]

_DAY = Text(pattern=r"\d{4}-\d\d-\d\d", described="a day, such as 2028-02-29")
_INSTANT = Text(pattern=r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?", described="a time without its zone")
_ZONE = Text(pattern=r"[A-Za-z0-9_+/-]+", described="the name of a time zone")


def _strategy(kind: str, doc: str, *fields: Field, example: str, noun: str = "") -> Field:
    record = Record(noun or kind, lambda **options: Strategy(kind, options), fields, doc)
    return Field(kind, record, doc, example=example)


def _between(shape: Any, low: str, high: str) -> tuple[Field, Field]:
    return (Field("min", shape, "The least.", example=low), Field("max", shape, "The most.", example=high))


_INNER = Later(lambda: STRATEGY)
STRATEGIES: tuple[Field, ...] = (
    _strategy("integers", "Whole numbers.", *_between(Integer(), "0", "1000"), example="{min: 0, max: 1000}"),
    _strategy("floats", "Numbers with a fraction.", *_between(Number(), "0", "1"), example="{min: 0, max: 1}"),
    _strategy("decimals", "Exact amounts, written as text.", *_between(Number(), "0", "99.99"),
              Field("places", Integer(minimum=0, maximum=18), "Digits after the point.", example="2"),
              example="{min: 0, max: 99.99, places: 2}"),
    Field("booleans", As(TRUE, lambda _: Strategy("booleans")), "True and false.", example="true"),
    _strategy("text", "Texts as people and other systems write them.",
              *_between(Integer(minimum=0, maximum=10_000), "0", "80"), example="{max: 80}"),
    Field("emails", As(TRUE, lambda _: Strategy("emails")), "Addresses, the odd ones too.", example="true"),
    _strategy("dates", "Days, leap days too.", *_between(_DAY, "2024-01-01", "2028-12-31"),
              example="{min: 2024-01-01}"),
    _strategy("times", "Instants in time zones.", *_between(_INSTANT, "2024-01-01T00:00", "2028-12-31T23:59"),
              Field("zones", ListOf(_ZONE, or_one=True, minimum=1), "The zones; UTC where it is not said.",
                    example="[UTC, Europe/Berlin]"), example="{zones: [UTC, Europe/Berlin]}"),
    Field("sampled_from", As(ListOf(Json(templated=False, looked_up=True), minimum=1),
                             lambda values: Strategy("sampled_from", {"values": values})),
          "One of these values.", example="[valid, expired, missing]"),
    _strategy("lists", "Lists of what `of` says.",
              Field("of", _INNER, "What each item may be.", required=True, example="{integers: {min: 0}}"),
              *_between(Integer(minimum=0, maximum=10_000), "0", "10"),
              Field("unique", Boolean(), "Whether no two items are the same.", example="true"),
              example="{of: {integers: {min: 0}}, max: 10}", noun="list"),
    Field("objects", As(MapOf(_INNER, key=Text(), noun="field", minimum=1),
                        lambda fields: Strategy("objects", {"fields": fields})),
          "Objects: field -> what it may be.", example="{zip: {text: {max: 10}}, city: {text: {max: 80}}}"),
    Field("optional", As(_INNER, lambda inner: Strategy("optional", {"of": inner})), "Null, or what is said here.",
          example="{text: {max: 80}}"),
    Field("from_schema", As(JSON_SCHEMA, lambda schema: Strategy("from_schema", {"schema": schema})),
          "What a JSON Schema says: one that stands here, or the path of its file from the folder of the scenario on.",
          example="{type: integer, minimum: 0}"),
    Field("python", As(CODE, lambda options: Strategy("python", options)),
          "A strategy of Hypothesis in a file beside the scenario, `FILE.py:NAME`; it is run only with `--allow-exec`.",
          example="strategies.py:companies"),
)
STRATEGY: Record = Record("strategy", lambda **one: next(iter(one.values())), STRATEGIES, "What a value may be.",
                          exactly_one=tuple(field.key for field in STRATEGIES))


def _field(*, position: Position, default: Any, **strategy: Strategy) -> AccountField:
    return AccountField(default, position, next(iter(strategy.values()), None))


def _fields(entries: tuple[Entry, ...]) -> dict[str, AccountField]:
    return {entry.key: entry.value for entry in entries}


CONSTRAINTS = ListOf(CONSTRAINT, minimum=1)
ODDITIES = As(ListOf(ODDITY), lambda listed: tuple(one for several in listed for one in several))
ACCOUNT = As(MapOf(Record("field of the account", _field, (
    Field("default", Json(templated=False, looked_up=True), "The value on an ordinary night.", required=True,
          example="3"),
    *STRATEGIES,
), "One field of the account's state: its ordinary value, and what else it may be.", positioned=True,
    at_most_one=tuple(field.key for field in STRATEGIES)), noun="field", entries=True), _fields)
