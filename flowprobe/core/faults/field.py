"""`field: {path: $.user.email, drop: true}`: the reply is whole, and one thing in it is not what it was."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flowprobe.core import fields as table
from flowprobe.core.faults.actions import Action
from flowprobe.core.faults.edits import HOW
from flowprobe.core.faults.spoiling import Edit
from flowprobe.core.plain import Plain, plain

__all__ = ["FIELD", "Field"]


@plain
class Field(Plain):
    """Change whatever stands at the JSONPath `path` of the reply: `how` is drop, null, retype, unknown_enum, or set
    (to `value`)."""

    path: str
    how: str
    value: object = None

    def action(self) -> Action:
        return Edit(self.path, self.how, self.value)

    def describe(self) -> str:
        words = {"drop": "dropped", "null": "null", "retype": "of another type", "unknown_enum": "an unknown value"}
        return f"field {self.path} {words.get(self.how, 'set')}"


def _field(*, path: str, **changed: object) -> Field:
    ((how, value),) = changed.items()
    return Field(path, how, value if how == "set" else None)


def _parts(field: Field) -> dict[str, object]:
    return {"path": field.path, field.how: field.value if field.how == "set" else True}


def _has_a_place(values: Mapping[str, Any]) -> table.Wrong | None:
    """The check that what is taken out stands in something: the whole document does not."""
    if values.get("path") != "$" or "drop" not in values:
        return None
    return table.Wrong("drop", "not-beside", {"key": "drop", "other": "path: $", "instead":
                                              "write `body: empty`, or the path of something in the document"})


FIELD = table.Field("field", table.Record("field fault", _field, (
    table.Field("path", table.JSON_PATH, "What to change: a JSONPath into the body of the reply.", required=True,
                example="$.user.email"),
    table.Field("drop", table.TRUE, "Take it out.", example="true"),
    table.Field("null", table.TRUE, "Make it null.", example="true"),
    table.Field("retype", table.TRUE, "Make it the same thing of another type.", example="true"),
    table.Field("unknown_enum", table.TRUE, "Make it a value that no list of values has.", example="true"),
    table.Field("set", table.Json(templated=False), "Make it this value.", example="''"),
), exactly_one=HOW, verify=_has_a_place, parts=_parts), "Let the provider answer, and change one thing in its JSON.",
    example="{path: $.user.email, drop: true}")
