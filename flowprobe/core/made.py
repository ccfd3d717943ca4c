"""What a journey has made, as far as its file tells: the look-ups that find an id which the reply to a write brought,
and the paths that name one. What can be deleted without a word of the environment is this and nothing else."""

from __future__ import annotations

from typing import TypeAlias

from flowprobe.core.ours import TRIAL_ID, marks
from flowprobe.core.steps import CallTemplate, Capture, Step
from flowprobe.core.values import Expression, Lookup, Text

__all__ = ["FOUND_ID", "LookUp", "is_undone", "last_segment", "made_by", "undone_by"]

LookUp: TypeAlias = tuple[str, ...]
"""A dotted path over names: `make.id` is ('make', 'id')."""
FOUND_ID: LookUp = ("found", "id")
_MAKES = ("POST", "PUT", "PATCH")
_REPLIED = ("json", "header", "regex")


def made_by(step: Step) -> frozenset[LookUp]:
    """The look-ups that find what the step made: captures of a write, out of its reply. A default was known before, and
    a status or a cookie is no id."""
    if step.call.method not in _MAKES:
        return frozenset()
    return frozenset((step.name, item.name) for item in step.captures if _is_replied(item))


def undone_by(step: Step) -> frozenset[LookUp]:
    """What the step made, by the names that its cleanup knows: beside its captures that is `found.id`, where only a
    thing that bears the id of the trial is found."""
    made = made_by(step)
    return made | {FOUND_ID} if step.call.method in _MAKES and _finds_own(step) else made


def _is_replied(item: Capture) -> bool:
    return item.source.kind in _REPLIED and not item.has_default and not item.append


def _finds_own(step: Step) -> bool:
    """A capture with the name `id` stands in for what would be found."""
    stands_in = [item for item in step.captures if item.name == "id"]
    return (step.find is not None and all(map(_is_replied, stands_in))
            and any(lookup.path == TRIAL_ID for lookup in marks(step.find.where)))


def is_undone(step: Step, undo: CallTemplate) -> bool:
    """Whether a cleanup deletes what its own step made: some segment of its path is such an id, wholly."""
    return undo.method == "DELETE" and bool(undone_by(step) & {_only(segment) for segment in _segments(undo.path)})


def last_segment(path: Text) -> LookUp | None:
    """The look-up that a path ends with, where it is the whole of the last segment; the query is no part of it."""
    segments = _segments(path)
    return _only(segments[-1]) if segments else None


def _segments(path: Text) -> list[list[str | Expression]]:
    """The parts of each segment; nothing for a path that starts with a look-up, which may bring a query of its own."""
    parts = (path,) if isinstance(path, str) else path.parts
    if not isinstance(parts[0], str):
        return []
    found: list[list[str | Expression]] = [[]]
    for part in parts:
        if not isinstance(part, str):
            found[-1].append(part)
            continue
        before, query, _ = part.partition("?")
        first, *rest = before.split("/")
        found[-1] += [first] if first else []
        found += [[piece] if piece else [] for piece in rest]
        if query:
            break
    return found


def _only(segment: list[str | Expression]) -> LookUp | None:
    match segment:
        case [Lookup(path=path)]:
            return path
    return None
