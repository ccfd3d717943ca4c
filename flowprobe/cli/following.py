"""`flowprobe follow`, and `run --live`: each call, each provider call and each injection as it happens."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

from flowprobe.cli.watching import Screen, screen
from flowprobe.core.events import Event, RunEnded, Stamped
from flowprobe.core.evidence import TrialEvidence
from flowprobe.core.verdict import ExitCode, Verdict
from flowprobe.report.lines import footer, headline
from flowprobe.report.live import Live
from flowprobe.report.spans import Line, Span, line
from flowprobe.running.following import Beside, Following
from flowprobe.running.retelling import Retelling, retell
from flowprobe.running.runs import Run, find_run

__all__ = ["LiveScreen", "follow_command"]

_EVERY_S = 0.15
_RESULT_WITHIN_S = 5.0
"""So long after its last line a run still has to write its result."""


class LiveScreen:
    """The watcher of a run that also tells what goes on in it, as its journal says it."""

    def __init__(self, show: Screen) -> None:
        self._show, self._live = show, Live()
        self._beside: Beside | None = None

    def __enter__(self) -> LiveScreen:
        return self

    def __exit__(self, *_: object) -> None:
        if self._beside is not None:
            self._beside.close()

    def opened(self, folder: Path, environment: str, seed: int, redact: Callable[[str], str]) -> None:
        self._show.opened(folder, environment, seed, redact)
        self._beside = Beside(folder / "journal", self._tell)

    def event(self, event: Event) -> None:
        self._show.event(event)

    def trial(self, trial: TrialEvidence, verdict: Verdict, twin: TrialEvidence | None) -> None:
        if self._beside is not None:
            self._beside.catch_up()
        self._show.trial(trial, verdict, twin)

    def notice(self, text: str) -> None:
        self._show.notice(text)

    def print(self, line: Line) -> None:
        """Behind all that has happened until now."""
        if self._beside is not None:
            self._beside.catch_up()
        self._show.print(line)

    def _tell(self, lines: tuple[Stamped, ...]) -> None:
        for stamped in lines:
            if (said := self._live.take(stamped.event)) is not None:
                self._show.print(said)


def follow_command(word: str) -> int:
    """Returns the exit code of the run, 3 where it was cut off. Ctrl-C ends the following, and not the run."""
    run = find_run(word)
    show = screen(sys.stdout)
    show.print(headline(run.started.version, run.started.environment, run.started.seed, str(run.folder)))
    try:
        return _follow(run, show)
    except KeyboardInterrupt:
        show.notice(f"followed until here; the run goes on: flowprobe follow {run.id[:6]}")
        return ExitCode.INTERRUPTED


def _follow(run: Run, show: Screen) -> int:
    following, telling, live = Following(run.journal), Retelling(run), Live()
    while True:
        alive = following.alive
        lines = following.new()
        for stamped in lines:
            for told in telling.take([stamped]):
                show.trial(told.evidence, told.verdict, told.twin)
            if (said := live.take(stamped.event)) is not None:
                show.print(said)
            if isinstance(stamped.event, RunEnded):
                return _ended(run, show)
        if not alive and not lines:
            return _cut(show, telling, following)
        time.sleep(0 if lines else _EVERY_S)


def _ended(run: Run, show: Screen) -> int:
    """The end of the run as it tells it itself, once its result is there."""
    until = time.monotonic() + _RESULT_WITHIN_S
    while not (run.folder / "result.json").exists() and time.monotonic() < until:
        time.sleep(_EVERY_S)
    telling, _, gaps = retell(run)
    report = telling.report(gaps=gaps)
    for each in footer(report):
        show.print(each)
    return report.exit_code


def _cut(show: Screen, telling: Retelling, following: Following) -> int:
    for told in telling.cut():
        show.trial(told.evidence, told.verdict, told.twin)
    show.print(line(Span("? cut off", "odd"), Span("  its process went before the run ended", "dim")))
    for gap in following.gaps:
        show.notice(f"cannot be read: {gap}")
    return ExitCode.INCONCLUSIVE
