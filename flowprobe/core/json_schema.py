"""JSON Schema, judged by jsonschema-rs, which is imported only when a schema is first used.

Nothing is ever fetched: a reference leads to a part of the bundle beside the schema, or is refused. All parts stand
in one resource, for references that go round between several resources make the library compile without end.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import unquote

from flowprobe.core.shapes import shown

if TYPE_CHECKING:
    from jsonschema_rs import Registry, ValidationError, Validator

__all__ = ["PARTS", "Bundle", "InvalidSchema", "JsonSchema", "Place", "Violation", "draft_of",
           "json_path"]

Place: TypeAlias = tuple[str, tuple[str, ...]]
"""A part of the bundle ('' for the schema itself) and the JSON pointer in it."""

PARTS, _ROOT = "flowprobe:///parts", "flowprobe:///schema"
_MOST = 1000
_PLAIN = re.compile(r"[A-Za-z_]\w*")
_DRAFTS = {"draft-04": "Draft4", "draft-06": "Draft6", "draft-07": "Draft7", "2019-09": "Draft201909"}


@dataclass(frozen=True)
class InvalidSchema(ValueError):
    """A schema that says nothing: `place` is where it is wrong."""

    reason: str
    place: Place = ("", ())

    def __str__(self) -> str:
        return self.reason


@dataclass(frozen=True, slots=True)
class Violation:
    """`path` leads to the value, `place` to the keyword; `expected` and `seen` are short texts. `keyword` is what
    the schema wanted there (`required`, `type`)."""

    path: tuple[str | int, ...]
    expected: str
    seen: str
    place: Place
    keyword: str = ""


class Bundle:
    """The parts that schemas refer to, by `Bundle.reference(name)`. Each is a schema, or a document of schemas."""

    def __init__(self, parts: Mapping[str, Any], *, draft: str = "Draft202012") -> None:
        self.parts = parts
        self.draft = draft

    @staticmethod
    def reference(name: str, pointer: Sequence[str] = (), *, base: str = PARTS) -> str:
        """The `$ref` that leads to a part, or to a place in it; with a `base` of '' from within one document that has
        them as its `parts`."""
        return f"{base}#/parts/{name}" + "".join(f"/{_escaped(step)}" for step in pointer)

    @cached_property
    def registry(self) -> Registry:
        import jsonschema_rs

        resources = [(PARTS, {"parts": dict(self.parts)})]
        return jsonschema_rs.Registry(resources, draft=getattr(jsonschema_rs, self.draft), retriever=_refuse)

    def __getstate__(self) -> dict[str, Any]:
        return {"parts": self.parts, "draft": self.draft}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Bundle) and self.__getstate__() == other.__getstate__()

    def __hash__(self) -> int:
        return hash(tuple(self.parts))


class JsonSchema:
    """One schema, compiled when it is first used. It pickles as the data that it was made of."""

    def __init__(self, schema: Any, bundle: Bundle | None = None) -> None:
        self.schema = schema
        self.bundle = bundle or Bundle({})

    def __repr__(self) -> str:
        return f"JsonSchema({shown(self.schema)})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, JsonSchema) and self.__getstate__() == other.__getstate__()

    def __hash__(self) -> int:
        return hash(shown(self.schema))

    def __getstate__(self) -> dict[str, Any]:
        return {"schema": self.schema, "bundle": self.bundle}

    @cached_property
    def _validator(self) -> Validator:
        import jsonschema_rs

        make: type[Validator] = getattr(jsonschema_rs, f"{self.bundle.draft}Validator")
        try:
            return make(self.schema, base_uri=_ROOT, registry=self.bundle.registry, retriever=_refuse,
                        validate_formats=True, formats={"byte": _is_base64})
        except jsonschema_rs.ValidationError as error:
            raise self._invalid(error) from error
        except (ValueError, TypeError, RecursionError) as error:
            raise InvalidSchema(_first_line(str(error))) from error

    def _invalid(self, error: ValidationError) -> InvalidSchema:
        path = tuple(str(step) for step in error.instance_path)
        reason = _first_line(error.message)
        if path[:1] == ("parts",) and path[1:2] and path[1] in self.bundle.parts:
            return InvalidSchema(reason, (path[1], path[2:]))
        return InvalidSchema(reason, ("", path))

    def compile(self) -> None:
        """Raises InvalidSchema."""
        assert self._validator is not None, "compiled by being asked for"

    def violations(self, value: Any) -> tuple[Violation, ...]:
        """Every place in which a JSON value is not as the schema says, at most some thousand. Raises InvalidSchema."""
        validator = self._validator
        try:
            if validator.is_valid(value):
                return ()
            errors = list(islice(validator.iter_errors(value), _MOST))
        except UnicodeEncodeError:
            return (Violation((), "Unicode text", "half of a surrogate pair", ("", ())),)
        except (ValueError, TypeError, RecursionError) as error:
            return (Violation((), "a value that can be judged", _first_line(str(error)), ("", ())),)
        return tuple(violation for error in errors for violation in _violations(error, value))


def draft_of(schema: Any) -> str:
    """The draft that a schema names in `$schema`; 2020-12 where it names none."""
    named = schema.get("$schema") if isinstance(schema, Mapping) else None
    return next((draft for word, draft in _DRAFTS.items() if isinstance(named, str) and word in named), "Draft202012")


def json_path(path: Sequence[str | int]) -> str:
    """A path as JSONPath: `$.items[0]['odd name']`."""
    return "$" + "".join(_step(step) for step in path)


def _step(step: str | int) -> str:
    if isinstance(step, int):
        return f"[{step}]"
    return f".{step}" if _PLAIN.fullmatch(step) else f"[{step!r}]"


def _refuse(uri: str) -> Any:
    raise ValueError(f"{uri} is not fetched")


def _is_base64(text: str) -> bool:
    try:
        base64.b64decode(text, validate=True)
    except ValueError:
        return False
    return True


def _escaped(step: str) -> str:
    return step.replace("~", "~0").replace("/", "~1").replace("%", "%25").replace("#", "%23").replace("?", "%3F")


def _first_line(text: str) -> str:
    line = text.partition("\n")[0]
    return line if len(line) <= 200 else line[:200] + "…"


# --- what the library found, in words -------------------------------------------------------------


def _violations(error: ValidationError, value: Any) -> Iterator[Violation]:
    """Usually one; of properties that should not be there, one each."""
    kind: Any = error.kind
    path, place = tuple(error.instance_path), _place(error)
    found = _at(value, path)
    match type(kind).__name__:
        case "Required":
            yield Violation((*path, kind.property), "a required property", "nothing there", place, "required")
        case "FalseSchema" if place[1][-1:] == ("additionalProperties",) and isinstance(found, Mapping):
            for name in found:
                yield Violation((*path, name), "no such property", shown(found[name]), place, "additionalProperties")
        case "AdditionalProperties" | "UnevaluatedProperties":
            for name in kind.unexpected:
                yield Violation((*path, name), "no such property", shown(_at(found, (name,))), place, kind.name)
        case name:
            yield Violation(path, _expected(name, kind, error, value), _seen(name, found), place, kind.name)


def _place(error: ValidationError) -> Place:
    location = error.absolute_keyword_location or "#" + "".join(f"/{step}" for step in error.schema_path)
    resource, _, fragment = location.partition("#")
    steps = tuple(unquote(step).replace("~1", "/").replace("~0", "~") for step in fragment.split("/")[1:])
    return (steps[1], steps[2:]) if resource == PARTS and len(steps) > 1 else ("", steps)


def _at(value: Any, path: Sequence[str | int]) -> Any:
    for step in path:
        try:
            value = value[step]
        except (KeyError, IndexError, TypeError):
            return None
    return value


def _seen(name: str, value: Any) -> str:
    if name in ("MinItems", "MaxItems") and isinstance(value, list):
        return f"an array of {len(value)}"
    if name in ("MinProperties", "MaxProperties") and isinstance(value, Mapping):
        return f"an object of {len(value)}"
    if name in ("MinLength", "MaxLength") and isinstance(value, str):
        return f"{len(value)} characters: {shown(value)}"
    return shown(value)


def _expected(name: str, kind: Any, error: ValidationError, value: Any) -> str:
    match name:
        case "AnyOf" | "OneOfNotValid":
            return _alternatives(kind.context, error, value)
        case "PropertyNames":
            inner = kind.error
            return f"property names that are {_expected(type(inner.kind).__name__, inner.kind, inner, value)}"
        case _:
            said = _WORDS.get(name)
            return said(kind) if said else _PHRASES.get(name) or _first_line(error.message)


def _alternatives(branches: Sequence[Sequence[ValidationError]], error: ValidationError, value: Any) -> str:
    """What none of several schemas takes: by their types where only those differ, else with the nearest one."""
    here = tuple(error.instance_path)
    alone = [branch[0] for branch in branches if len(branch) == 1 and tuple(branch[0].instance_path) == here]
    if len(alone) == len(branches) and all(type(each.kind).__name__ in _SIMPLE for each in alone):
        return " or ".join(dict.fromkeys(_expected(type(e.kind).__name__, e.kind, e, value) for e in alone))
    near = [(number, branch) for number, branch in enumerate(branches, 1) if not _rules_out(branch, here)]
    said = f"what one of {len(branches)} alternatives says"
    if len(near) != 1:
        return said
    number, branch = near[0]
    first = next(_violations(branch[0], value))
    return f"{said}; number {number} wants {json_path(first.path)} to be {first.expected}"


def _rules_out(branch: Sequence[ValidationError], here: tuple[str | int, ...]) -> bool:
    """A wrong type, or another value of what tells alternatives apart (`kind: card`)."""
    return any((tuple(each.instance_path) == here and type(each.kind).__name__ == "Type")
               or (type(each.kind).__name__ in ("Constant", "Enum") and len(each.instance_path) <= len(here) + 1)
               for each in branch)


def _type_word(name: str) -> str:
    words = {"string": "text", "integer": "a whole number", "number": "a number", "boolean": "true or false",
             "object": "an object", "array": "an array", "null": "null"}
    return words.get(name, name)


def _bound(word: str) -> Callable[[Any], str]:
    return lambda kind: f"{word} {shown(kind.limit)}{_INT_LIMITS.get(kind.limit, '')}"


def _count(word: str, one: str, several: str) -> Callable[[Any], str]:
    return lambda kind: f"{word} {kind.limit} {one if kind.limit == 1 else several}"


_INT_LIMITS: Mapping[Any, str] = {-2**31: " (int32)", 2**31 - 1: " (int32)", -2**63: " (int64)", 2**63 - 1: " (int64)"}
_SIMPLE = ("Type", "Constant", "Enum", "Format")
_WORDS: Mapping[str, Callable[[Any], str]] = {
    "Type": lambda kind: " or ".join(_type_word(name) for name in sorted(kind.types, key="null".__eq__)),
    "Enum": lambda kind: ("one of " if len(kind.options) > 1 else "") + ", ".join(shown(o) for o in kind.options),
    "Constant": lambda kind: shown(kind.expected_value),
    "Format": lambda kind: f"text in the format {kind.format}",
    "Pattern": lambda kind: f"text that matches {kind.pattern!r}",
    "Minimum": _bound("at least"), "Maximum": _bound("at most"),
    "ExclusiveMinimum": _bound("more than"), "ExclusiveMaximum": _bound("less than"),
    "MultipleOf": lambda kind: f"a multiple of {shown(kind.multiple_of)}",
    "MinLength": _count("at least", "character", "characters"),
    "MaxLength": _count("at most", "character", "characters"),
    "MinItems": _count("at least", "item", "items"), "MaxItems": _count("at most", "item", "items"),
    "MinProperties": _count("at least", "property", "properties"),
    "MaxProperties": _count("at most", "property", "properties"),
    "OneOfMultipleValid": lambda kind: f"what exactly one of {len(kind.context)} alternatives says, and several do",
}
_PHRASES: Mapping[str, str] = {
    "UniqueItems": "items of which no two are the same",
    "Contains": "an array with an item like the one described",
    "FalseSchema": "nothing here",
    "AdditionalItems": "no further items", "UnevaluatedItems": "no further items",
    "Not": "anything but what `not` describes",
    "BacktrackLimitExceeded": "text that the pattern can be held against in time",
}
