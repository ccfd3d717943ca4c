"""What an exploration is doing right now: a line that lives on a terminal, and few lines for a pipe."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flowprobe.core.exploring.exploration import Progress
from flowprobe.core.exploring.model import Break, Learned, Phase, Try
from flowprobe.report.exploring_told import break_words, try_words
from flowprobe.report.exploring_words import counted
from flowprobe.report.spans import Line, Span, line

__all__ = ["PHASES", "broke_line", "found_line", "learned_words", "phase_line", "progress_line"]

PHASES: Mapping[Phase, str] = {
    "calibrate": "the journey without faults",
    "singles": "one fault at a time",
    "timeouts": "how long it waits",
    "revealed": "calls that only a fault brings out",
    "pairs": "two faults together",
    "states": "odd account states",
    "random": "states and faults at random",
    "shrink": "making a case smaller",
    "confirm": "does it break again?",
}
_STYLE = {"pass": "good", "degraded": "warn", "fail": "bad", "refused": "dim", "inconclusive": "odd"}


def progress_line(progress: Progress, *, defaults: Mapping[str, Any], last: Learned | None = None) -> Line:
    """What is being tried, how far it is, and what was learned last; the most telling first, for it may be cut."""
    found = [Span(f" · {progress.found} found", "bad")] if progress.found else []
    return line(Span(PHASES[progress.phase], "bold"), f" · {_how_far(progress)}", *found,
                f" · {try_words(progress.tried, defaults)}{_shorter(progress.tried)}", *_last(progress.learned or last))


def _shorter(tried: Try) -> str:
    """What of the journey is left out."""
    return f", without {', '.join(tried.without)}" if tried.without else ""


def _how_far(progress: Progress) -> str:
    """`34 of about 120`, without what nobody knows."""
    done = counted(progress.done, "try", "tries") if progress.done else "begins"
    return done if progress.left is None else f"{progress.done} of about {progress.done + progress.left}"


def _last(learned: Learned | None) -> list[str | Span]:
    return [] if learned is None else [" · last: ", Span(learned_words(learned), _STYLE[learned.judged])]


def learned_words(learned: Learned) -> str:
    """What came of a try, in a few words."""
    match learned.judged:
        case "fail":
            return f"broke, {break_words(learned.breaks, learned.because)}"
        case "inconclusive":
            return f"inconclusive, {learned.because}" if learned.because else "inconclusive"
        case "refused":
            return "the product refuses this state"
        case "degraded":
            return "degraded as promised"
        case _:
            return "held"


def phase_line(progress: Progress) -> Line:
    """A part of the search begins."""
    return line(Span(f"  {PHASES[progress.phase]}", "dim"), Span(f" · {_how_far(progress)}", "dim"))


def broke_line(breaks: Sequence[Break], tried: Try, defaults: Mapping[str, Any]) -> Line:
    """Promises were seen to break for the first time, in one try."""
    return line("  ", Span("✗", "bad"), f" {break_words(breaks)}", Span(f"  {try_words(tried, defaults)}", "dim"))


def found_line(number: int, smallest: Try, learned: Learned, defaults: Mapping[str, Any]) -> Line:
    """A case is on the list, as small as it is known by now."""
    return line("  ", Span(f"case {number}", "bold"), f" {try_words(smallest, defaults)}: ",
                break_words(learned.breaks, learned.because))
