"""The operand of `$schema`: a JSON Schema where it stands, or the path of its file from the scenario's folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from flowprobe.core.json_schema import InvalidSchema
from flowprobe.core.schema_matcher import INLINE, SchemaMatcher
from flowprobe.errors import InvalidInput
from flowprobe.files.context import BAD, Context
from flowprobe.files.documents import MAX_SCHEMA, local_name, read_documents, referred_documents
from flowprobe.files.nodes import Node, Scalar
from flowprobe.files.scalars import Kind, kind_of

__all__ = ["schema_matcher"]


def schema_matcher(node: Node, operand: Any, context: Context) -> Any:
    """The matcher, compiled; or BAD where the schema is none."""
    folder = Path(context.file).parent
    in_file = isinstance(node, Scalar) and kind_of(node) is Kind.TEXT
    try:
        if in_file:
            name = local_name("", operand)
            if name is None or not (folder / name).is_file():
                reason = "it leads out of the scenario's folder" if name is None else f"there is no file {operand}"
                return context.report("bad-schema", node, reason=reason, instead="name a file beside the scenario")
            files = {f"{Path(name).parent / each}": data
                     for each, data in read_documents(folder / name, limit=MAX_SCHEMA).items()}
        else:
            name, files = INLINE, {INLINE: operand, **referred_documents(folder, operand)}
        matcher = SchemaMatcher(name, files)
        matcher.compile()
    except InvalidInput as invalid:
        context.problems += invalid.problems  # with the line of that file
        return BAD
    except InvalidSchema as invalid:
        return context.report("bad-schema", node, reason=invalid.reason)
    return matcher
