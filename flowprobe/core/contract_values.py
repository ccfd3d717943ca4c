"""What both sides of a call have in common when they are held against a document: text that stands for a value, media
types, and the record of what does not fit."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from flowprobe.core.json_schema import InvalidSchema, json_path
from flowprobe.core.openapi import BrokenReference, Operation, Part
from flowprobe.core.openapi_schemas import Judged, Schemas, Sender

__all__ = ["Broken", "broken_text", "broken_value", "guarded", "is_json", "media_part", "media_type"]

_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_LONGEST_NUMBER = 400
_SEPARATORS = {"spaceDelimited": " ", "pipeDelimited": "|"}


@dataclass(frozen=True, slots=True)
class Broken:
    """One thing that the document does not allow; `document` is the place that says so."""

    where: str
    expected: str
    seen: str
    document: str


def guarded(found: Iterator[Broken], operation: Operation) -> Iterator[Broken]:
    """What is found until the document itself turns out to be wrong, and then that."""
    try:
        yield from found
    except BrokenReference as broken:
        yield Broken("document", "a reference that leads somewhere", repr(broken.reference), broken.place)
    except InvalidSchema as invalid:
        yield Broken("document", "a schema that can be judged by", str(invalid), str(operation.part))
    except RecursionError:
        yield Broken("document", "a schema that can be judged by", "one that is nested too deep", str(operation.part))


def broken_value(found: Iterable[Judged], where: str = "") -> Iterator[Broken]:
    """What is wrong with a JSON value, each with its path; `where` says whose value it is."""
    for each in found:
        path = json_path(each.violation.path)
        yield Broken(f"{where} {path}".strip(), each.violation.expected, each.violation.seen, each.document)


# --- text that stands for a value -----------------------------------------------------------------


def broken_text(schemas: Schemas, part: Part, texts: Sequence[str], sender: Sender, where: str) -> Iterator[Broken]:
    """A parameter or header, `part`, whose value came as text. Objects have too many spellings: they are not
    judged. Raises BrokenReference and InvalidSchema."""
    schema = part.get("schema")
    if schema is None:
        return
    types = schemas.types(schema, sender)
    if "object" in types:
        return
    if "array" in types:
        tries: list[Any] = [_items(schemas, part, schema, texts, sender)]
    else:
        tries = _readings(texts[-1], types)
    found = min((schemas.judge(schema, value, sender) for value in tries), key=len)
    for each in found:
        inside = json_path(each.violation.path).removeprefix("$")
        yield Broken(f"{where}{inside}", each.violation.expected, each.violation.seen, each.document)


def _items(schemas: Schemas, part: Part, schema: Part, texts: Sequence[str], sender: Sender) -> list[Any]:
    items = schema.get("items")
    types = schemas.types(items, sender) if items is not None else frozenset[str]()
    style = part.data.get("style", "form" if part.data.get("in") == "query" else "simple")
    separated = texts
    if not (part.data.get("in") == "query" and part.data.get("explode", style == "form")):
        separated = [one for text in texts for one in text.split(_SEPARATORS.get(style, ","))]
    return [_readings(text.strip(), types)[0] for text in separated]


def _readings(text: str, types: frozenset[str]) -> list[Any]:
    """The values that a text may stand for, the most likely first."""
    found: list[Any] = []
    if _NUMBER.fullmatch(text) and len(text) <= _LONGEST_NUMBER and (not types or types & {"integer", "number"}):
        found.append(int(text) if text.lstrip("-").isdigit() else float(text))
    if text in ("true", "false") and (not types or "boolean" in types):
        found.append(text == "true")
    if not found or not types or "string" in types:
        found.append(text)
    return found


# --- media types ----------------------------------------------------------------------------------


def media_type(header: str) -> str:
    """`application/json` of `Application/JSON; charset=utf-8`."""
    return header.partition(";")[0].strip().lower()


def is_json(kind: str) -> bool:
    return kind.endswith(("/json", "+json"))


def media_part(content: Part, header: str) -> Part | None:
    """What `content` says of a media type: with its parameters, without them, or of its kind."""
    kind = media_type(header)
    known = {_canonical(key): part for key, part in content.items()}
    bare = {media_type(key): part for key, part in content.items()}
    major = f"{kind.partition('/')[0]}/*"
    return known.get(_canonical(header)) or bare.get(kind) or bare.get(major) or bare.get("*/*")


def _canonical(header: str) -> str:
    first, *rest = header.lower().split(";")
    return ";".join([first.strip(), *sorted(parameter.strip().replace('"', "") for parameter in rest)])
