"""`run`: each unfaulted twin, and then its siblings under their fault plans."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from flowprobe.core.trial import Trial
from flowprobe.core.verdict import Kind
from flowprobe.report.model import RunReport
from flowprobe.running.engine import Engine, Judged, Program, Trouble, Watcher
from flowprobe.running.flight import single_flight
from flowprobe.running.review import review
from flowprobe.running.selection import Request, Selection

__all__ = ["in_groups", "run"]


def run(request: Request, selection: Selection, watcher: Watcher, program: Program | None = None) -> RunReport:
    """Run the selection: in groups, or as another program says. Raises InvalidInput, Refused, EnvironmentBroken or
    ToolFailed only before the first trial could begin and nothing has to be cleaned up."""
    reviewed = review(request, selection, datetime.now(UTC))
    reviewed.enforce()
    selection = replace(reviewed.selection, notes=reviewed.notes)
    with single_flight(selection.environment):
        return Engine(request, selection, watcher).execute(program or in_groups)


def in_groups(engine: Engine, trouble: Trouble | None,
              made: Callable[[Trial, Judged], None] = lambda _trial, _judged: None) -> None:
    """Each unfaulted twin, and then its faulted siblings where it is something to compare them with. `made` is told of
    each trial that was."""
    for group in engine.groups:
        engine.compare_anew()
        broken = trouble
        for trial in group.trials:
            broken = broken or engine.hindrance()
            if broken:
                engine.skip(trial, *broken)
                continue
            judged = engine.make(trial)
            made(trial, judged)
            verdict = judged.verdict
            if trial is group.twin and verdict.kind in (Kind.FAIL, Kind.INCONCLUSIVE):
                broken = engine.halted() or (
                    f"its unfaulted trial came out as {verdict.kind}, so there is nothing to compare with", "baseline")
            if engine.request.fail_fast and verdict.kind is Kind.FAIL:
                trouble = broken = ("--fail-fast: an earlier trial failed", "stopped")
