"""`probe-propagation`: an unfaulted run whose calls bear every carrier at once, and what came of them. It is a run like
any other: the environment's policy, its cleanup and its ledger hold."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from flowprobe.core.carriers import CARRIERS
from flowprobe.core.events import CallSent, Event, ExchangeEnded
from flowprobe.core.evidence import TrialEvidence
from flowprobe.core.propagation import Propagation, propagation, tells
from flowprobe.core.scenario import Environment
from flowprobe.core.verdict import ExitCode, Verdict
from flowprobe.errors import InvalidInput, Problem
from flowprobe.report.model import RunReport
from flowprobe.report.propagation import propagation_json
from flowprobe.running.engine import Watcher
from flowprobe.running.folder import write_whole
from flowprobe.running.run import run
from flowprobe.running.selection import Request, Selection

__all__ = ["as_json", "probe"]


def _nothing_to_probe(environment: Environment) -> Problem:
    name, place = environment.name, environment.position
    if not environment.providers:
        found = f"the environment {name!r} has no `providers`: there is nobody to probe"
        instead = "probe in one that has `providers`, and `start` or a standing `proxy`"
    else:
        found = f"the environment {name!r} has neither `start` nor `proxy`: no provider's call passes FlowProbe there"
        instead = (f"let one stand beside the product (`flowprobe proxy run --env {name}`) and name it with `proxy` or "
                   "--proxy, or probe in an environment that has `start`")
    return Problem("nothing-to-probe", place.file, place.line, place.column, found, instead)


class _Noting:
    """A watcher that keeps the provider calls of each trial, and sees whether a journey sends the id of its own;
    everything goes on to another one."""

    def __init__(self, watcher: Watcher) -> None:
        self._watcher = watcher
        self.id_sent = False
        self.exchanges: list[ExchangeEnded] = []

    def opened(self, folder: Path, environment: str, seed: int, redact: Callable[[str], str]) -> None:
        self._watcher.opened(folder, environment, seed, redact)

    def event(self, event: Event) -> None:
        if isinstance(event, CallSent) and not self.id_sent:
            stated = (value for name, value in event.headers.items() if name not in CARRIERS)
            self.id_sent = any(event.trial in text for text in (event.url, event.body, *stated))
        self._watcher.event(event)

    def trial(self, trial: TrialEvidence, verdict: Verdict, twin: TrialEvidence | None) -> None:
        self.exchanges += (found.exchange for found in trial.all_exchanges)
        self._watcher.trial(trial, verdict, twin)

    def notice(self, text: str) -> None:
        self._watcher.notice(text)


def probe(request: Request, selection: Selection, watcher: Watcher) -> tuple[RunReport, tuple[Propagation, ...], int]:
    """The report of the run, a row for each provider (none where no journey was walked), and the exit code: that of the
    run, or 3 where the probe could not tell. Writes `propagation.json` into the run's folder. Raises as `run` does, and
    InvalidInput where no call of the environment's product passes us."""
    environment = selection.environment
    if not environment.providers or not (environment.start or environment.proxy is not None):
        raise InvalidInput((_nothing_to_probe(environment),))
    noting = _Noting(watcher)
    report = run(request, selection, noting)
    rows: tuple[Propagation, ...] = ()
    if any(trial.skipped is None for trial in report.evidence.trials):
        rows = propagation(noting.exchanges, environment.providers, id_sent=noting.id_sent,
                           owned=bool(environment.start) and not environment.production,
                           nobodys=report.evidence.nobodys)
    write_whole(report.folder / "propagation.json", json.dumps(as_json(report, rows), indent=1) + "\n")
    return report, rows, report.exit_code or (0 if tells(rows) else ExitCode.INCONCLUSIVE)


def as_json(report: RunReport, rows: tuple[Propagation, ...]) -> dict[str, Any]:
    """What `propagation.json` has."""
    started = report.evidence.started
    return propagation_json(rows, run=started.run if started else "",
                            environment=started.environment if started else "", verdict=str(report.verdict))
