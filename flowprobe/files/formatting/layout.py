"""A file as it will be printed: its nodes with the comments that belong to each of them.

What a comment belongs to: on the line of a value, to that value; on a line of its own, to what comes next, or, where
it is indented like the lines above it and deeper than the line below, to the end of what stands above.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import inf
from typing import TypeAlias

from flowprobe.files.formatting.comments import Comment, blank_lines, find_comments, is_block, scalars
from flowprobe.files.nodes import Mapping, Node, Scalar, Sequence

__all__ = ["Entry", "Group", "Layout", "Value", "arrange", "kept_comments"]


@dataclass(slots=True)
class Entry:
    """A pair of a mapping, or (without `key`) an item of a list.

    `before` and `below` are lines of comments, "" for a blank one: above it, and where the value would stand that it
    does not have. `blank`: a blank line stands above all of it. `after` stands at the end of its line.
    """

    key: Scalar | None
    value: Value
    before: list[str] = field(default_factory=list)
    below: list[str] = field(default_factory=list)
    blank: bool = False
    after: Comment | None = None


@dataclass(slots=True)
class Group:
    """A mapping or a list; `foot` are lines of comments behind its last entry. `flow`: in braces or brackets;
    `commented`: with comments between them, which braces on one line cannot hold."""

    mapping: bool
    flow: bool
    entries: list[Entry] = field(default_factory=list)
    foot: list[str] = field(default_factory=list)
    commented: bool = False


Value: TypeAlias = Scalar | Group


@dataclass(slots=True)
class Layout:
    """`head` are the comments above the first key: they stay there, whichever key comes first."""

    text: str
    head: list[str]
    root: Value


def arrange(text: str, root: Node) -> Layout:
    """The layout of a text without carriage returns, and of what it was composed to."""
    return _Arranging(text, root).layout(root)


def kept_comments(layout: Layout) -> Iterator[str]:
    """Every comment, in the order in which it is printed."""
    yield from filter(None, layout.head)
    yield from _comments(layout.root)


def _comments(value: Value) -> Iterator[str]:
    if isinstance(value, Group):
        for entry in value.entries:
            yield from filter(None, entry.before)
            yield from (entry.after.text,) if entry.after else ()
            yield from filter(None, entry.below)
            yield from _comments(entry.value)
        yield from filter(None, value.foot)


class _Arranging:
    """Goes through the nodes in the order of the file, and takes each comment where its place is reached."""

    def __init__(self, text: str, root: Node) -> None:
        self.text = text
        self.comments = deque(find_comments(text, root))
        self.blank = blank_lines(text, scalars(root))

    def layout(self, root: Node) -> Layout:
        whole = Entry(None, Scalar("", True, root.begins, root.begins))
        head = self._lines(self._taken(root.start.index))
        self._fill(whole, root, column=-1, limit=inf, flow=False)
        rest = self._lines(self._taken(inf))
        if isinstance(whole.value, Group):
            whole.value.foot += rest
            rest = []
        beside = [whole.after.text] if whole.after else []
        return Layout(self.text, [*head, *whole.before, *rest, *beside], whole.value)

    # --- taking comments ---

    def _taken(self, until: float) -> list[Comment]:
        found = []
        while self.comments and self.comments[0].index < until:
            found.append(self.comments.popleft())
        return found

    def _lines(self, comments: list[Comment]) -> list[str]:
        """Comments as lines of their own, with the blank lines above them."""
        found: list[str] = []
        for comment in comments:
            found += ["", comment.text] if comment.own and comment.line - 1 in self.blank else [comment.text]
        return found

    def _beside(self, line: int, limit: float) -> Comment | None:
        """The comment at the end of a line, if that is the next one."""
        near = self.comments and not self.comments[0].own and self.comments[0].line == line
        return self.comments.popleft() if near and self.comments[0].index < limit else None

    def _deeper(self, column: int, limit: float) -> list[Comment]:
        """Comments of their own that are indented so far at least."""
        found = []
        while self.comments and self.comments[0].index < limit:
            if not (self.comments[0].own and self.comments[0].column >= column):
                break
            found.append(self.comments.popleft())
        return found

    # --- entries ---

    def _entry(self, key: Scalar | None, node: Node, *, column: int, limit: float, flow: bool) -> Entry:
        first = node if key is None else key
        above = self._lines(self._taken(first.start.index))
        blank_here = first.start.line - 1 in self.blank
        blank = above[:1] == [""] if above else blank_here
        above = above[1:] if above[:1] == [""] else above
        entry = Entry(key, Scalar("", True, first.begins, first.begins), before=above, blank=blank)
        if above and blank_here:
            entry.before.append("")
        self._fill(entry, node, column=column, limit=limit, flow=flow)
        return entry

    def _fill(self, entry: Entry, node: Node, *, column: int, limit: float, flow: bool) -> None:
        """Give an entry its value; `column` is that of the entry, `limit` where the next one starts."""
        if isinstance(node, Scalar):
            self._fill_scalar(entry, node, column, limit)
        elif flow or self.text[node.start.index] in "{[":
            self._fill_flow(entry, node, limit)
        else:
            self._fill_block(entry, node, column, limit)

    def _fill_scalar(self, entry: Entry, node: Scalar, column: int, limit: float) -> None:
        entry.value = node
        entry.before += self._lines(self._taken(node.start.index))
        if is_block(node, self.text):
            entry.after = self._beside(node.start.line, node.end.index)
            return
        entry.after = self._beside(node.end.line, limit)
        if node.plain and not node.value:
            entry.below = self._lines(self._deeper(column + 1, limit))

    def _fill_block(self, entry: Entry, node: Mapping | Sequence, column: int, limit: float) -> None:
        group = Group(isinstance(node, Mapping), False)
        own = int(node.start.column)
        if entry.key is not None:
            entry.after = self._beside(entry.key.end.line, _pairs(node)[0][2])
        self._fill_entries(group, node, own, limit)
        group.foot = self._lines(self._deeper(max(own, column + 1), limit))
        entry.value = group

    def _fill_flow(self, entry: Entry, node: Mapping | Sequence, limit: float) -> None:
        entry.before += self._lines(self._taken(node.start.index))
        group = Group(isinstance(node, Mapping), True)
        entry.value = group
        group.commented = bool(self.comments) and self.comments[0].index < node.end.index
        pairs = _pairs(node)
        if group.commented and not pairs:
            entry.before += self._lines(self._taken(node.end.index))
        elif group.commented and entry.key is not None:
            entry.after = self._beside(node.start.line, pairs[0][2])
        self._fill_entries(group, node, 0, node.end.index)
        group.foot = self._lines(self._taken(node.end.index))
        last = self._beside(node.end.line, limit)
        if last is not None and group.commented and pairs and (entry.key is None or entry.after is not None):
            group.foot.append(last.text)
        elif last is not None:
            entry.after = last

    def _fill_entries(self, group: Group, node: Mapping | Sequence, column: int, limit: float) -> None:
        pairs = _pairs(node)
        for (key, value, _), following in zip(pairs, [*(start for _, _, start in pairs[1:]), limit], strict=False):
            entry = self._entry(key, value, column=column, limit=following, flow=group.flow)
            entry.blank = entry.blank and (group.commented or not group.flow)
            group.entries.append(entry)


def _pairs(node: Mapping | Sequence) -> list[tuple[Scalar | None, Node, int]]:
    """Key, value, and where they start."""
    if isinstance(node, Mapping):
        return [(key, value, key.start.index) for key, value in node.value]
    return [(None, item, item.start.index) for item in node.value]
