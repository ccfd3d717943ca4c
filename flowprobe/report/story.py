"""A run in as many lines as a screen has: as it was shown, or, where that is longer, the worst of it whole and the
rest in short."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from flowprobe.core.cause import Cause
from flowprobe.core.evidence import TrialEvidence
from flowprobe.core.verdict import Kind, Verdict
from flowprobe.report.causes import cause_lead
from flowprobe.report.lines import MARK, scenario_line, trial_block
from flowprobe.report.spans import Line, Span, line

__all__ = ["ROOM", "Block", "block_of", "story"]

ROOM = 30
"""So many lines tell of a run that failed."""
_FOOT = 8
"""So many of them are what has to be known at its end."""
_LEAST = 12
"""The worst trial has so many lines, however many others there are."""
_WORST = (Kind.FAIL, Kind.INCONCLUSIVE, Kind.DEGRADED, Kind.PASS)


@dataclass(frozen=True, slots=True)
class Block:
    """A trial as it was shown: `lines` begin with its summary and, unless it passed, the sentence that says why. The
    blocks that stand under one line for their scenario have the same `group`."""

    group: tuple[str, ...]
    heading: Line
    kind: Kind
    lines: tuple[Line, ...]


def block_of(trial: TrialEvidence, verdict: Verdict, twin: TrialEvidence | None, cause: Cause | None = None) -> Block:
    """Where its cause was found, that leads: the trial itself did not know it yet."""
    group = (trial.started.file, *trial.started.personas.values())
    lines = trial_block(trial, verdict, twin, cause_lead(trial, cause))
    return Block(group, scenario_line(trial), verdict.kind, tuple(lines))


def story(blocks: Sequence[Block], foot: Sequence[Line], *, more: str, room: int | None = ROOM) -> Iterator[Line]:
    """`foot` are the lines of the run's end, `more` is the command that shows the whole of a trial; with no `room` to
    keep to, everything."""
    whole = list(_body(blocks, {id(block): len(block.lines) for block in blocks}))
    if room is None or len(whole) + len(foot) <= room:
        yield from (*whole, *foot)
        return
    end = _cut(foot, _FOOT)
    if blocks:
        yield from _shortened(blocks, room - len(end) - 1)
        yield line(Span("  shortened; the whole of a trial: ", "dim"), more)
    yield from end


def _shortened(blocks: Sequence[Block], room: int) -> Sequence[Line]:
    """The worst whole, the others in two lines, or in one, or in a count."""
    worst = min(blocks, key=lambda block: _WORST.index(block.kind))
    for least in (2, 1):
        sizes = {id(block): least if block.kind is not Kind.PASS else 1 for block in blocks}
        body = list(_body(blocks, {**sizes, id(worst): len(worst.lines)}))
        if len(body) <= room:
            return body
    counts = _counts([block for block in blocks if block is not worst])
    body = [(), worst.heading, *_cut(worst.lines, max(_LEAST, room - len(counts) - 2))]
    return [*body, *counts]


def _body(blocks: Sequence[Block], sizes: dict[int, int]) -> Iterator[Line]:
    for _, group in groupby(blocks, key=lambda block: block.group):
        alike = tuple(group)
        yield ()
        yield alike[0].heading
        for block in alike:
            yield from block.lines[:sizes[id(block)]]


def _counts(blocks: Sequence[Block]) -> tuple[Line, ...]:
    kinds = [block.kind for block in blocks]
    return tuple(line("  ", Span(*MARK[kind]), f" {kinds.count(kind)} more {kind}")
                 for kind in _WORST if kind in kinds)


def _cut(lines: Sequence[Line], room: int) -> tuple[Line, ...]:
    """Both ends, where all of it is too long: how it begins, and how to run it again."""
    if len(lines) <= room:
        return tuple(lines)
    left_out = len(lines) - room + 1
    return (*lines[:room - 2], line(Span(f"      … {left_out} lines more", "dim")), lines[-1])
