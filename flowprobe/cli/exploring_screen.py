"""What a person sees while an exploration goes on: what is tried now, and each find at once; not its hundreds of
trials."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from flowprobe.cli.watching import Screen
from flowprobe.core.events import Event
from flowprobe.core.evidence import TrialEvidence
from flowprobe.core.exploring.exploration import Progress
from flowprobe.core.exploring.model import Break, Learned, Phase, Try
from flowprobe.core.verdict import Verdict
from flowprobe.report.exploring_progress import broke_line, found_line, phase_line, progress_line

__all__ = ["ExploringScreen"]


class ExploringScreen:
    """The watcher of an exploration, on a screen. `defaults` is the account's ordinary state."""

    def __init__(self, screen: Screen, defaults: Mapping[str, Any]) -> None:
        self._screen, self._defaults = screen, defaults
        self._phases: set[Phase] = set()
        self._seen: set[Break] = set()
        self._found = 0
        self._last: Learned | None = None
        self._broke: tuple[Try, Learned] | None = None

    # --- the watcher of a run ---

    def opened(self, folder: Path, environment: str, seed: int, redact: Callable[[str], str]) -> None:
        self._screen.opened(folder, environment, seed, redact)

    def event(self, event: Event) -> None:
        """A line for each try says enough."""

    def trial(self, trial: TrialEvidence, verdict: Verdict, twin: TrialEvidence | None) -> None:
        """There are hundreds of them: what they have shown is told at the end."""

    def notice(self, text: str) -> None:
        self._screen.notice(text)

    # --- the search ---

    def told(self, progress: Progress) -> None:
        """Each part of the search once, each find at once; a terminal also has what is being tried right now."""
        if progress.phase not in self._phases:
            self._phases.add(progress.phase)
            self._screen.print(phase_line(progress))
        self._tell_finds(progress)
        self._screen.status(progress_line(progress, defaults=self._defaults, last=self._last))
        self._last = progress.learned or self._last

    def _tell_finds(self, progress: Progress) -> None:
        if progress.found > self._found and self._broke is not None:
            self._screen.print(found_line(progress.found, *self._broke, self._defaults))
        self._found = progress.found
        if progress.learned is None or not progress.learned.broke:
            return
        self._broke = progress.tried, progress.learned
        new = tuple(broke for broke in progress.learned.breaks if broke not in self._seen)
        self._seen.update(new)
        if new:
            self._screen.print(broke_line(new, progress.tried, self._defaults))
