"""How a scalar is written: with quotes only where its text needs them, on the lines that the author gave it."""

from __future__ import annotations

import io
import re

from yaml.emitter import Emitter
from yaml.nodes import ScalarNode
from yaml.resolver import Resolver

from flowprobe.files.formatting.comments import is_block
from flowprobe.files.nodes import Scalar
from flowprobe.files.scalars import Kind, kind_of

__all__ = ["one_line", "written"]

_NUMBERLIKE = re.compile(r"[-+.0-9][-+.:0-9_a-fA-FoOxXtTzZ ]*")
"""What some reader of YAML might take for a number or a time."""

_BREAK = re.compile("[\n\x85\u2028\u2029]")
"""What YAML 1.1 takes for the end of a line."""


def one_line(node: Scalar, text: str, *, flow: bool) -> str | None:
    """A scalar as it stands on one line, between braces (`flow`) or not; None where it has several lines."""
    raw = text[node.start.index:node.end.index]
    if _BREAK.search(raw) or is_block(node, text):
        return None
    if node.plain:
        return raw
    if "${" not in node.value and _reads_as_text(node.value, flow=flow):
        return node.value
    plain_inside = node.value.isprintable() and not re.search(r'["\\]', node.value)
    return f'"{node.value}"' if plain_inside else raw


def _reads_as_text(value: str, *, flow: bool) -> bool:
    """Whether a text means the same without quotes, for us and for the other readers of YAML."""
    if not value or not value.isprintable() or _NUMBERLIKE.fullmatch(value):
        return False
    emitter = Emitter(io.StringIO(), allow_unicode=True)
    found = emitter.analyze_scalar(value)
    safe = found.allow_flow_plain if flow else found.allow_block_plain
    if not safe or found.multiline or kind_of(Scalar(value, True)) is not Kind.TEXT:
        return False
    tag: object = Resolver().resolve(ScalarNode, value, (True, False))  # type: ignore[no-untyped-call]  # the stubs'
    return tag == "tag:yaml.org,2002:str"


def written(node: Scalar, text: str, pad: str) -> tuple[str, list[str]]:
    """A scalar where no braces are: its first line, and the others with their indentation `pad`."""
    line = one_line(node, text, flow=False)
    if line is not None:
        return line, []
    raw = text[node.start.index:node.end.index]
    if is_block(node, text):
        return _block(node, raw, pad)
    first, *others = raw.split("\n")
    return _folded(first), [pad + kept if (kept := _folded(other.lstrip(" \t"))) else "" for other in others]


def _folded(line: str) -> str:
    """A line of text that goes on: blanks at its end mean nothing, but for one behind a backslash."""
    kept = line.rstrip(" \t")
    slashes = len(kept) - len(kept.rstrip("\\"))
    return f"{kept} " if slashes % 2 and kept != line else kept


def _block(node: Scalar, raw: str, pad: str) -> tuple[str, list[str]]:
    """The styles `|` and `>`. Their indentation is said only where the text itself starts with a blank."""
    opening, _, body = raw.partition("\n")
    said = opening.partition("#")[0].strip()
    lines = body.split("\n")
    depth, explicit = _depth(node, lines, said)
    ending = "-" if not node.value.endswith("\n") else "+" if "+" in said else ""
    ending = "+" if "+" in said and not node.value else ending
    inside = [line[depth:] for line in lines]
    if "+" in said:
        inside = inside[:-1] if body.endswith("\n") else inside
    else:
        while inside and not inside[-1]:  # a line of blanks is text where there are more of them than of indentation
            inside.pop()
    return f"{said[0]}{'2' if explicit else ''}{ending}", [pad + line if line else "" for line in inside]


def _depth(node: Scalar, lines: list[str], said: str) -> tuple[int, bool]:
    """How far the text is indented in the file, and whether that has to be said."""
    first = next((line for line in lines if line.strip(" ")), "")
    shown = len(first) - len(first.lstrip(" "))
    if not re.search(r"\d", said):
        return shown, False
    kept = node.value.lstrip("\n")
    own = len(kept) - len(kept.lstrip(" "))
    return shown - own, own > 0
