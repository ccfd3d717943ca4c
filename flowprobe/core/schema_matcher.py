"""The matcher `$schema`: a JSON Schema with the files that it refers to, made one bundle in which nothing leads out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from flowprobe.core.json_schema import PARTS, Bundle, InvalidSchema, JsonSchema, Violation, draft_of, json_path
from flowprobe.core.jsonpath import MISSING
from flowprobe.core.openapi import Documents
from flowprobe.core.shapes import Mismatch, shown

__all__ = ["INLINE", "SchemaMatcher"]

INLINE = "$schema"
"""What a schema is called that stands in the scenario itself."""

_VERBATIM = ("enum", "const", "default", "examples")
_IDENTITIES = ("$id", "id", "$schema", "$anchor", "$dynamicAnchor")
_MOST = 20


class SchemaMatcher:
    """`files` by their path from the scenario's folder; `root` is the one that a value is held against. Raises
    InvalidSchema for a reference that leads nowhere or out."""

    def __init__(self, root: str, files: Mapping[str, Any]) -> None:
        self.root, self.files = root, files
        self._names = list(files)
        self._documents = Documents(root, files)
        parts = {str(number): self._inward(name, files[name], ()) for number, name in enumerate(self._names)}
        bundle = Bundle(parts, draft=draft_of(files[root]))
        self._schema = JsonSchema({"$ref": Bundle.reference(str(self._names.index(root)))}, bundle)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SchemaMatcher) and (self.root, self.files) == (other.root, other.files)

    def __hash__(self) -> int:
        return hash(self.root)

    def __repr__(self) -> str:
        return f"SchemaMatcher({self.root})"

    @property
    def described(self) -> str:
        return "a value as its JSON Schema says" if self.root == INLINE else f"a value as {self.root} says"

    def whole(self) -> Mapping[str, Any]:
        """All of its files as one schema: every reference leads to a place under its `parts`."""
        parts = {str(number): self._inward(name, self.files[name], (), base="")
                 for number, name in enumerate(self._names)}
        return {"$ref": Bundle.reference(str(self._names.index(self.root)), base=""), "parts": parts}

    def compile(self) -> None:
        """Raises InvalidSchema, which says where."""
        try:
            self._schema.compile()
        except InvalidSchema as invalid:
            raise InvalidSchema(f"{invalid.reason}, at {self._place(invalid.place)}") from invalid

    def mismatches(self, value: Any, path: str) -> Iterator[Mismatch]:
        """What is wrong with a value that stands at `path`, at most so many."""
        if value is MISSING:
            yield Mismatch(path, self.described, shown(value))
            return
        found = self._schema.violations(value)
        for each in found[:_MOST]:
            yield self._mismatch(each, path)
        if len(found) > _MOST:
            yield Mismatch(path, "nothing else", f"{len(found) - _MOST} more findings like these")

    def _mismatch(self, violation: Violation, path: str) -> Mismatch:
        where = path + json_path(violation.path).removeprefix("$")
        return Mismatch(where, violation.expected, violation.seen, self._place(violation.place))

    def _place(self, place: tuple[str, tuple[str, ...]]) -> str:
        number, pointer = place
        name = self._names[int(number)] if number else self.root
        return f"{name}#" + "".join(f"/{step.replace('~', '~0').replace('/', '~1')}" for step in pointer)

    def _inward(self, file: str, data: Any, pointer: tuple[str, ...], *, base: str = PARTS) -> Any:
        """A file's schema with references that stay in the bundle, and without the names that it is known by."""
        if isinstance(data, list):
            return [self._inward(file, item, (*pointer, str(index)), base=base) for index, item in enumerate(data)]
        if not isinstance(data, Mapping):
            return data
        found = {}
        for key, inner in data.items():
            if key in ("$ref", "$dynamicRef", "$recursiveRef") and isinstance(inner, str):
                found["$ref"] = self._reference(file, inner, (*pointer, key), base)
            elif key in _VERBATIM:
                found[key] = inner
            elif not (key in _IDENTITIES and isinstance(inner, str)):
                found[key] = self._inward(file, inner, (*pointer, key), base=base)
        return found

    def _reference(self, file: str, reference: str, pointer: tuple[str, ...], base: str) -> str:
        target = self._documents.target(file, reference)
        if target is None or target.file not in self._names:
            place = f"{file}#/{'/'.join(pointer)}"
            raise InvalidSchema(f"the reference {reference!r} at {place} leads nowhere, or out of the folder")
        return Bundle.reference(str(self._names.index(target.file)), target.pointer, base=base)
