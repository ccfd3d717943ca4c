"""The keys of each record in the order of its table; comments move with their key.

Free keys (roles, captures, headers) stay as the author has them: among them the order can mean something.
"""

from __future__ import annotations

from typing import assert_never

from flowprobe.core import fields as f
from flowprobe.files.formatting.layout import Entry, Group, Value

__all__ = ["put_in_order"]


def put_in_order(value: Value, shape: f.Shape) -> None:
    """Sort the entries of every record below a value that has this shape."""
    if not isinstance(value, Group):
        return
    match shape:
        case f.Record():
            _record(value, shape)
        case f.ListOf():
            for part in [entry.value for entry in value.entries] if not value.mapping else [value]:
                put_in_order(part, shape.item)
        case f.MapOf():
            for entry in value.entries:
                put_in_order(entry.value, shape.value)
        case f.OneOf():
            inner = shape.mapping if value.mapping else shape.sequence
            if inner is not None:
                put_in_order(value, inner)
        case f.As():
            put_in_order(value, shape.shape)
        case f.Later():
            put_in_order(value, shape.record())
        case (f.Text() | f.Name() | f.Integer() | f.Number() | f.Boolean() | f.Duration() | f.Size() | f.Rate()
              | f.Choice() | f.CallLine() | f.Json() | f.Special()):
            pass
        case _:
            assert_never(shape)


def _record(group: Group, record: f.Record) -> None:
    places = {field.key: place for place, field in enumerate(record.fields)}
    shapes = {field.key: field.shape for field in record.fields}
    for entry in group.entries:
        if entry.key is not None and entry.key.value in shapes:
            put_in_order(entry.value, shapes[entry.key.value])
    if record.rest is None and group.mapping:
        _sort(group.entries, places)


def _sort(entries: list[Entry], places: dict[str, int]) -> None:
    """Blank lines stay between the places that they stood between: they part blocks, whichever these are."""
    blank = [entry.blank for entry in entries]
    entries.sort(key=lambda entry: places.get(entry.key.value if entry.key else "", len(places)))
    for entry, above in zip(entries, blank, strict=True):
        entry.blank = above
