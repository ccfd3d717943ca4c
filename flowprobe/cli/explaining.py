"""`flowprobe why`, and what `run --why` shows: how a failure is taken apart."""

from __future__ import annotations

from collections.abc import Callable

from flowprobe.cli.running import Taking, run_command
from flowprobe.cli.sinks import Sinks
from flowprobe.core.cause import Cause
from flowprobe.core.evidence import TrialEvidence
from flowprobe.core.trial import Trial
from flowprobe.core.verdict import Verdict
from flowprobe.report.causes import cause_lines, tried_line
from flowprobe.report.spans import Line, Span, line
from flowprobe.running.again import again
from flowprobe.running.runs import find_run
from flowprobe.running.selection import Request

__all__ = ["Shown", "why_command"]


def why_command(run: str, trial: str | None, request: Request, *, budget: int, as_json: bool) -> int:
    """Returns the exit code of the run that tries it again: 1 where it still fails, 0 where it does not."""
    return run_command(again(request, find_run(run).folder, trial), Sinks(as_json=as_json), why=Taking(True, budget))


class Shown:
    """Each trial that is made to find a cause on a line, and then the cause."""

    def __init__(self, show: Callable[[Line], None]) -> None:
        self._show = show

    def looking(self, trial: Trial) -> None:
        self._show(())
        self._show(line(Span("  taking apart ", "dim"), trial.plan.name,
                        Span(f"  {trial.scenario.name}: what breaks (✗) and what does not", "dim")))

    def tried(self, trial: TrialEvidence, verdict: Verdict) -> None:
        self._show(tried_line(trial, verdict))

    def left(self, trial: Trial, because: str) -> None:
        told = f"not taken apart, for {because}; what it looks like: flowprobe show latest {trial.id[:6]}"
        self._show(line("  ", Span(f"why {trial.plan.name}: ", "bold"), told))

    def found(self, trial: Trial, cause: Cause) -> None:
        personas = [persona.name for persona in trial.personas.values()]
        for each in cause_lines(trial.plan.name, trial.scenario.name, personas, cause):
            self._show(each)
