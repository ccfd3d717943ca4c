"""What a person sees while a run goes on: on a terminal colour and a line that lives, in a pipe plain lines."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import flowprobe
from flowprobe.core.events import CallSent, Event, TrialStarted
from flowprobe.core.evidence import TrialEvidence
from flowprobe.core.verdict import Verdict
from flowprobe.report.causes import apart_lead
from flowprobe.report.lines import headline, scenario_line, trial_block
from flowprobe.report.spans import Line, Span
from flowprobe.report.visible import visible

__all__ = ["Screen", "screen"]

_COLOURS = {"": "", "dim": "dim", "bold": "bold", "good": "green", "warn": "yellow", "bad": "bold red",
            "odd": "magenta"}


def screen(stream: IO[str]) -> Screen:
    """The right one for a stream; NO_COLOR and CI are honoured, FORCE_COLOR too."""
    plain = not stream.isatty() or "CI" in os.environ or "NO_COLOR" in os.environ
    if plain and "FORCE_COLOR" not in os.environ:
        return Screen(stream)
    return Terminal(stream)


class Screen:
    """Plain lines, each written whole. Also the watcher of a run; safe from any thread."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self._lock = threading.RLock()
        self._scenario: tuple[str, tuple[str, ...]] | None = None
        self._redact: Callable[[str], str] = str
        self._taking_apart = False

    def __enter__(self) -> Screen:
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.flush()

    def print(self, line: Line) -> None:
        """Write a line. Where nobody reads any more (`| head`), the run goes on to its end without a word."""
        with self._lock:
            try:
                self._write(line)
            except OSError:
                self._mute()

    def _write(self, line: Line) -> None:
        self._stream.write(self._redact("".join(span.text for span in line)).rstrip() + "\n")
        self._stream.flush()

    def _mute(self) -> None:
        """The stream is left open on nothing, so that Python's own flush at the end does not fail either."""
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, self._stream.fileno())
        os.close(nothing)

    def status(self, line: Line) -> None:
        """What goes on right now; only a terminal has a place for it."""

    # --- the watcher of a run ---

    def opened(self, folder: Path, environment: str, seed: int, redact: Callable[[str], str]) -> None:
        self._redact = redact
        self._scenario = None
        self.print(headline(flowprobe.__version__, environment, seed, str(folder)))

    def takes_apart(self) -> None:
        """From now on the cause of what fails is told when it is found, and not guessed before."""
        self._taking_apart = True

    def event(self, event: Event) -> None:
        """Plain lines say what came out, not what goes on."""

    def trial(self, trial: TrialEvidence, verdict: Verdict, twin: TrialEvidence | None) -> None:
        key = (trial.started.file, tuple(trial.started.personas.values()))
        if key != self._scenario:
            self._scenario = key
            self.print(())
            self.print(scenario_line(trial))
        for line in trial_block(trial, verdict, twin, apart_lead(trial, verdict) if self._taking_apart else ()):
            self.print(line)

    def notice(self, text: str) -> None:
        self.print((Span(visible(text), "warn"),))


class Terminal(Screen):
    """Colour, and one line at the bottom that says what is being done right now."""

    def __init__(self, stream: IO[str]) -> None:
        super().__init__(stream)
        from rich.console import Console  # late: a pipe never pays for it

        self._console = Console(file=stream, highlight=False, markup=False, emoji=False, soft_wrap=True,
                                force_terminal=True)
        self._status: Any = self._console.status("starting", spinner="dots")
        self._now = ""

    def __enter__(self) -> Screen:
        if sys.stdout.isatty():
            self._status.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._status.stop()
        super().__exit__()

    def _write(self, line: Line) -> None:
        from rich.text import Text

        self._console.print(Text.assemble(*((self._redact(span.text), _COLOURS[span.style]) for span in line)))

    def status(self, line: Line) -> None:
        """On one row: what does not fit is cut."""
        from rich.text import Text

        spans = ((self._redact(span.text), _COLOURS[span.style]) for span in line)
        self._status.update(Text.assemble(*spans, no_wrap=True, overflow="ellipsis"))

    def event(self, event: Event) -> None:
        match event:
            case TrialStarted(scenario=scenario, plan=plan):
                self._now = visible(f"{scenario} · {plan}")
                self.status((Span(self._now),))
            case CallSent(step=step, phase=phase):
                doing = f"cleaning up {step}" if phase == "cleanup" else step
                self.status((Span(visible(f"{self._now} · {doing}")),))
            case _:
                pass
