"""A layout as text, in the style of the house: two blanks of indentation, `{a: 1, b: [x, y]}` up to a width, blocks
beyond it."""

from __future__ import annotations

from flowprobe.errors import FlowProbeError
from flowprobe.files.formatting.comments import Comment
from flowprobe.files.formatting.layout import Entry, Group, Layout, Value
from flowprobe.files.formatting.quoting import one_line, written
from flowprobe.files.nodes import Scalar

__all__ = ["WIDTH", "Unprintable", "printed"]

WIDTH = 100
_GAP = 2
_LONGEST_KEY = 1000  # YAML takes 1024, quotes and blanks included


class Unprintable(FlowProbeError):
    """A file that means something, and that we would not write without changing it."""


def printed(layout: Layout) -> str:
    """The whole text, with one line break at its end."""
    printing = _Printing(layout.text)
    root = layout.root
    if isinstance(root, Group) and not printing.stands_inline(root, 0):
        lines = printing.group(root, "")
    else:
        lines = [printing.inline(root) or "", *(root.foot if isinstance(root, Group) else [])]
    return "\n".join(_without_doubled_blanks([*layout.head, *lines])) + "\n"


def _without_doubled_blanks(lines: list[str]) -> list[str]:
    """Blank lines at the start and at the end go here too; those within a text are never a line of their own."""
    found: list[str] = []
    for line in lines:
        if line or (found and found[-1]):
            found.append(line)
    while found and not found[-1]:
        found.pop()
    return [part.rstrip("\0") for part in found]


class _Printing:
    def __init__(self, text: str) -> None:
        self.text = text

    # --- on one line ---

    def inline(self, value: Value) -> str | None:
        """A value between braces; None where it cannot stand on one line."""
        if isinstance(value, Scalar):
            return one_line(value, self.text, flow=True)
        if value.commented and value.entries:
            return None
        parts = [self._inline_entry(entry) for entry in value.entries]
        if any(part is None for part in parts):
            return None
        inside = ", ".join(part for part in parts if part is not None)
        return f"{{{inside}}}" if value.mapping else f"[{inside}]"

    def _inline_entry(self, entry: Entry) -> str | None:
        value = self.inline(entry.value)
        if value is None or entry.key is None:
            return value
        return f"{self._key(entry.key, flow=True)}: {value}"

    def stands_inline(self, group: Group, before: int) -> bool:
        """Whether a group stays between its braces, with so many characters before it."""
        if not group.flow and group.entries:
            return False
        line = self.inline(group)
        return line is not None and (before + len(line) <= WIDTH or not group.entries)

    # --- in blocks ---

    def group(self, group: Group, pad: str) -> list[str]:
        """The lines of a block."""
        lines: list[str] = []
        for entry in group.entries:
            above, own = self.entry(entry, pad)
            lines += ["", *above] if entry.blank else above
            lines += own
        return lines + _indented(group.foot, pad)

    def entry(self, entry: Entry, pad: str) -> tuple[list[str], list[str]]:
        """The lines above an entry, and its own."""
        above = _indented(entry.before, pad)
        key = f"{self._key(entry.key, flow=False)}:" if entry.key is not None else "-"
        value = entry.value
        if isinstance(value, Scalar):
            return above, self._scalar(entry, value, pad, key)
        if self.stands_inline(value, len(pad) + len(key) + 1):
            return above, [_beside(f"{pad}{key} {self.inline(value)}", entry.after)]
        if entry.key is not None:
            return above, [_beside(pad + key, entry.after), *self.group(value, f"{pad}  ")]
        return self._item(entry, value, pad, above)

    def _item(self, entry: Entry, value: Group, pad: str, above: list[str]) -> tuple[list[str], list[str]]:
        """A block behind a dash: its first entry stands beside the dash, and the comments of that one above it."""
        if entry.after is not None:
            above = [*above, pad + entry.after.text]
        first = value.entries[0]
        inner, own = self.entry(first, f"{pad}  ")
        rest = self.group(Group(value.mapping, False, value.entries[1:], value.foot), f"{pad}  ")
        above = [*above, *(pad + line.lstrip(" ") if line else "" for line in inner)]
        return above, [f"{pad}- {own[0][len(pad) + 2:]}", *own[1:], *rest]

    def _scalar(self, entry: Entry, value: Scalar, pad: str, key: str) -> list[str]:
        first, others = written(value, self.text, f"{pad}  ")
        line = f"{pad}{key} {first}" if first else pad + key
        others = [other or "\0" for other in others]  # a blank line within a text is not ours to take
        if others and self.text[value.start.index] not in "|>":
            others[-1] = _beside(others[-1], entry.after)
        else:
            line = _beside(line, entry.after)
        return [line, *others, *_indented(entry.below, f"{pad}  ")]

    def _key(self, key: Scalar, *, flow: bool) -> str:
        text = one_line(key, self.text, flow=flow)
        if text is None or len(text) > _LONGEST_KEY:
            raise Unprintable(f"line {key.start.line + 1} has a key that is too long, or has several lines")
        return text


def _indented(lines: list[str], pad: str) -> list[str]:
    return [pad + line if line else "" for line in lines]


def _beside(line: str, comment: Comment | None) -> str:
    """A line with the comment at its end: in its column where the author lined it up with others, else close by."""
    if comment is None:
        return line
    column = comment.column if comment.gap > _GAP else 0
    return f"{line}{' ' * max(_GAP, column - len(line))}{comment.text}"
