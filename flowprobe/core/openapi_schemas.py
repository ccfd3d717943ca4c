"""The schemas of an OpenAPI document as JSON Schema 2020-12: converted and compiled when one is first used, together
with those that it refers to and no others. References stay references, so a recursive document is no deeper than
any other.

Of OpenAPI 3.0: `nullable`, boolean `exclusiveMinimum` and `exclusiveMaximum`; what stands beside a `$ref`, and
keywords that 3.0 does not have, say nothing (OpenAPI 3.0.3, "Schema Object", "Reference Object"). A schema of 3.1 is
2020-12 already. In both: `format` of numbers, and who sends (`readOnly`, `writeOnly`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from flowprobe.core.json_schema import Bundle, InvalidSchema, JsonSchema, Place, Violation
from flowprobe.core.openapi import Documents, Part

__all__ = ["Judged", "Schemas", "Sender", "parts_of"]

Sender: TypeAlias = Literal["client", "product"]
_Key: TypeAlias = tuple[str, tuple[str, ...]]

_HERE = ("allOf", "anyOf", "oneOf")
_ONE = ("not", "if", "then", "else", "items", "additionalProperties", "contains", "propertyNames", "unevaluatedItems",
        "unevaluatedProperties")
_SEVERAL = ("prefixItems",)
_NAMED = ("properties", "patternProperties", "dependentSchemas", "$defs")
_WITHIN = frozenset({*_HERE, *_ONE, *_SEVERAL, *_NAMED})
"""The keywords that have schemas in them."""
_OLD = frozenset({
    "type", "enum", "format", "multipleOf", "maximum", "exclusiveMaximum", "minimum", "exclusiveMinimum", "maxLength",
    "minLength", "pattern", "maxItems", "minItems", "uniqueItems", "maxProperties", "minProperties", "required",
    "items", "properties", "additionalProperties", "allOf", "anyOf", "oneOf", "not",
})
"""The keywords of a schema of OpenAPI 3.0 that say what a value is like."""
_UNSAID = frozenset({"$id", "$anchor", "$dynamicAnchor", "$schema", "$dynamicRef", "$vocabulary", "$comment"})
_RANGES = {"int32": (-2**31, 2**31 - 1), "int64": (-2**63, 2**63 - 1)}
_KEPT = 64
"""How many bundles are kept: of schemas that refer to each other there is one, whatever is judged first."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A violation, and the part of the document that says otherwise, as `openapi.yaml#/components/…`."""

    violation: Violation
    document: str


class Schemas:
    """The schemas of one document. `old`: of OpenAPI 3.0."""

    def __init__(self, documents: Documents, *, old: bool) -> None:
        self.old = old
        self._documents = documents
        self._numbers: dict[_Key, str] = {}
        self._keys: list[_Key] = []
        self._compiled: dict[tuple[_Key, Sender], JsonSchema] = {}
        self._converted: dict[tuple[_Key, Sender], tuple[Any, frozenset[_Key]]] = {}
        self._bundles: list[tuple[Sender, frozenset[_Key], Bundle]] = []

    def judge(self, part: Part, value: Any, sender: Sender) -> tuple[Judged, ...]:
        """What is wrong with a value that `sender` sent. Raises InvalidSchema and BrokenReference, which say where in
        the document."""
        try:
            found = self._schema(part, sender).violations(value)
        except InvalidSchema as invalid:
            raise InvalidSchema(f"{self._shown(part, invalid.place)} is not a schema: {invalid.reason}") from invalid
        return tuple(Judged(each, self._shown(part, each.place)) for each in found)

    def types(self, part: Part, sender: Sender) -> frozenset[str]:
        """The types that a schema names itself; none where it leaves them to others. Raises BrokenReference."""
        data = self._convert(part.followed(), sender)[0]
        named = data.get("type") if isinstance(data, dict) else None
        return frozenset(each for each in (named if isinstance(named, list) else [named]) if isinstance(each, str))

    def _shown(self, part: Part, place: Place) -> str:
        """A place of the converted schema as one of the document, as far as the document has it."""
        number, pointer = place
        file, start = self._keys[int(number)] if number else (part.file, part.pointer)
        found = self._documents.at(file, start) or part
        for step in pointer:
            inner = found.member(step)
            found = inner if inner is not None else found
        return str(found)

    # --- compiling ---

    def _schema(self, part: Part, sender: Sender) -> JsonSchema:
        key = (part.file, part.pointer), sender
        if key not in self._compiled:
            data, needed = self._convert(part, sender)
            self._compiled[key] = JsonSchema(data, self._bundle(self._closure(needed, sender), sender))
        return self._compiled[key]

    def _closure(self, needed: frozenset[_Key], sender: Sender) -> frozenset[_Key]:
        """Every part that these refer to, themselves among them."""
        found: set[_Key] = set()
        waiting = list(needed)
        while waiting:
            key = waiting.pop()
            if key not in found:
                found.add(key)
                part = self._documents.at(*key)
                assert part is not None, "a reference is followed before it is noted"
                waiting += self._convert(part, sender)[1]
        return frozenset(found)

    def _bundle(self, keys: frozenset[_Key], sender: Sender) -> Bundle:
        """One that has these parts; schemas that refer to each other all have the same."""
        for known_sender, known, bundle in self._bundles:
            if known_sender == sender and keys <= known:
                return bundle
        bundle = Bundle({self._number(key): self._converted[key, sender][0] for key in sorted(keys)})
        self._bundles[_KEPT - 1:] = []
        self._bundles.insert(0, (sender, keys, bundle))
        return bundle

    # --- converting ---

    def _convert(self, part: Part, sender: Sender) -> tuple[Any, frozenset[_Key]]:
        """A part as JSON Schema, and the parts that it refers to."""
        key = (part.file, part.pointer), sender
        if key not in self._converted:
            conversion = _Conversion(self, sender)
            self._converted[key] = conversion.schema(part), frozenset(conversion.needed)
        return self._converted[key]

    def reference(self, part: Part) -> tuple[str, _Key]:
        """The `$ref` in a bundle to what a part refers to, and its place in the document. Raises BrokenReference."""
        target = part.target()
        key = target.file, target.pointer
        return Bundle.reference(self._number(key)), key

    def _number(self, key: _Key) -> str:
        if key not in self._numbers:
            self._numbers[key] = str(len(self._keys))
            self._keys.append(key)
        return self._numbers[key]


class _Conversion:
    """One part on its way to JSON Schema. `needed` grows with each reference."""

    def __init__(self, schemas: Schemas, sender: Sender) -> None:
        self._schemas = schemas
        self._hidden_by = "readOnly" if sender == "client" else "writeOnly"
        self.needed: set[_Key] = set()

    def schema(self, part: Part, hidden: frozenset[str] = frozenset()) -> Any:
        """`hidden` are properties that this sender does not send, as said by the schema around this one."""
        data = part.data
        if not isinstance(data, Mapping):
            return data
        old = self._schemas.old
        if isinstance(data.get("$ref"), str):
            reference, key = self._schemas.reference(part)
            self.needed.add(key)
            if old:
                return {"$ref": reference}
            return {**self._keywords(part, hidden), "$ref": reference}
        found = self._keywords(part, hidden)
        return _nullable(found) if old and data.get("nullable") is True else found

    def _keywords(self, part: Part, hidden: frozenset[str]) -> dict[str, Any]:
        if "properties" in part.data or "allOf" in part.data:
            hidden |= self._unsent(part)
        found = {}
        for key, said in part.data.items():
            if key != "$ref" and (key in _OLD if self._schemas.old else key not in _UNSAID):
                inner = part.member(key) if key in _WITHIN else None
                found[key] = said if inner is None else self._keyword(key, inner, hidden)
        if hidden and isinstance(found.get("required"), list):
            found["required"] = [name for name in found["required"] if name not in hidden]
        if self._schemas.old:
            _exclusive(found, "minimum", "exclusiveMinimum")
            _exclusive(found, "maximum", "exclusiveMaximum")
        _ranged(found)
        return found

    def _keyword(self, key: str, part: Part, hidden: frozenset[str]) -> Any:
        if key in _ONE:
            return self.schema(part)
        if key in _HERE and isinstance(part.data, list):
            return [self.schema(inner, hidden) for _, inner in part.items()]
        if key in _SEVERAL and isinstance(part.data, list):
            return [self.schema(inner) for _, inner in part.items()]
        if key in _NAMED and isinstance(part.data, Mapping):
            return {name: self.schema(inner) for name, inner in part.items()}
        return part.data

    def _unsent(self, part: Part) -> frozenset[str]:
        """The properties that this sender does not send: of the schema itself, and of what it is made of."""
        return frozenset(name for each in parts_of(part, ("allOf",)) for name, inner in _properties(each)
                         if _marked(inner, self._hidden_by))


def parts_of(part: Part, keys: tuple[str, ...] = _HERE) -> Iterator[Part]:
    """A schema, what it refers to, and what stands under `keys`, each once. Raises BrokenReference."""
    seen: set[_Key] = set()
    waiting = [part]
    while waiting:
        each = waiting.pop(0)
        if (each.file, each.pointer) in seen or not isinstance(each.data, Mapping):
            continue
        seen.add((each.file, each.pointer))
        yield each
        if each.reference is not None:
            waiting.append(each.target())
        for key in keys:
            several = each.member(key)
            waiting += [inner for _, inner in several.items()] if several else []


def _properties(part: Part) -> Iterator[tuple[str, Part]]:
    properties = part.member("properties")
    return properties.items() if properties else iter(())


def _marked(part: Part, word: str) -> bool:
    if part.reference is None:
        return isinstance(part.data, Mapping) and part.data.get(word) is True
    return any(each.data.get(word) is True for each in parts_of(part, ()))


# --- keywords -------------------------------------------------------------------------------------


def _nullable(found: dict[str, Any]) -> dict[str, Any]:
    """Null beside the `type` of the same schema, and nowhere else; what the other keywords say holds for null too, so
    that an `enum` has to list it (OpenAPI 3.0.3, "Schema Object", and the proposal that clarified `nullable`)."""
    kind = found.get("type")
    return {**found, "type": [kind, "null"]} if isinstance(kind, str) else found


def _exclusive(found: dict[str, Any], bound: str, exclusive: str) -> None:
    """`minimum: 5, exclusiveMinimum: true` is `exclusiveMinimum: 5`."""
    said = found.get(exclusive)
    if isinstance(said, bool):
        del found[exclusive]
        if said and bound in found:
            found[exclusive] = found.pop(bound)


def _ranged(found: dict[str, Any]) -> None:
    """The range of `int32` and `int64`, where the schema has no narrower one."""
    form = found.get("format")
    low, high = _RANGES.get(form, (None, None)) if isinstance(form, str) else (None, None)
    if low is None or high is None:
        return
    if not _number(found.get("minimum")) or found["minimum"] < low:
        found["minimum"] = low
    if not _number(found.get("maximum")) or found["maximum"] > high:
        found["maximum"] = high


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)

