"""The words in which the schemas of results are written: JSON Schema 2020-12, each key with its meaning."""

from __future__ import annotations

from typing import Any, TypeAlias

__all__ = ["Schema", "count", "list_of", "maybe", "object_of", "ref", "seconds", "text"]

Schema: TypeAlias = dict[str, Any]


def object_of(description: str = "", /, **keys: Schema) -> Schema:
    """An object with all of these keys; others may come beside them."""
    said = {"description": description} if description else {}
    return {"type": "object", **said, "required": list(keys), "properties": keys}


def list_of(items: Schema, description: str) -> Schema:
    """A list of such items."""
    return {"type": "array", "description": description, "items": items}


def ref(name: str, description: str = "") -> Schema:
    """What stands under `$defs`."""
    said = {"description": description} if description else {}
    return {"$ref": f"#/$defs/{name}", **said}


def text(description: str) -> Schema:
    """A text."""
    return {"type": "string", "description": description}


def count(description: str) -> Schema:
    """A whole number, from 0."""
    return {"type": "integer", "minimum": 0, "description": description}


def seconds(description: str) -> Schema:
    """A number, from 0."""
    return {"type": "number", "minimum": 0, "description": description}


def maybe(kind: str, description: str) -> Schema:
    """A value of this JSON type, or null."""
    return {"type": [kind, "null"], "description": description}
