"""Nights that are remembered, as tables for people."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime

from flowprobe.core.nights.model import Alert, Attempt, Mark, Night, State
from flowprobe.core.verdict import Blame, Kind
from flowprobe.report.listing import lasted
from flowprobe.report.spans import Line, Span, line

__all__ = ["mark_line", "night_lines", "one_night_lines"]

_STYLE = {Kind.PASS: "good", Kind.DEGRADED: "warn", Kind.FAIL: "bad", Kind.INCONCLUSIVE: "odd"}


def night_lines(environment: str, nights: Sequence[Night], *, alerts: int, hidden: int = 0) -> Iterator[Line]:
    """The nights of an environment, oldest first; `alerts` are those that are open, `hidden` how many older ones are
    not among the nights."""
    told = [Span(f"  {alerts} alert{'s' * (alerts != 1)} open", "bad")] if alerts else []
    yield line(Span(environment, "bold"), *told)
    if hidden:
        yield line(Span(f"  {hidden} older: --all", "dim"))
    name = max((len(night.name) for night in nights), default=0)
    wide = max((len(_verdict(night)) for night in nights), default=0)
    for night in nights:
        yield line("  ", Span(f"{night.name:<{name}}", "bold"), f"  {_time(night.began)}  ",
                   Span(f"{_verdict(night):<{wide}}", _style(night)), f"  {_lasted(night):>11}",
                   Span(f"  {_made(night)}{f'  {night.because}' if night.because else ''}", "dim"))


def one_night_lines(night: Night, attempts: Sequence[Attempt], alerts: Iterable[Alert],
                    marks: Iterable[Mark]) -> Iterator[Line]:
    yield line(Span(f"{night.environment} {night.name}", "bold"), "  ", Span(_verdict(night), _style(night)),
               f"  {_lasted(night)}", Span(f"  {_made(night)}", "dim"))
    if night.because:
        yield line("  ", Span(night.because, "odd"))
    if night.run:
        yield line(Span(f"  run {night.run}  seed {night.seed}  FlowProbe {night.flowprobe}", "dim"))
    yield from _attempts(attempts)
    for alert in alerts:
        yield from _alert(alert)
    for mark in marks:
        yield mark_line(mark)


def mark_line(mark: Mark) -> Line:
    until = f" until {mark.until}" if mark.until else ""
    return line(Span(mark.deed, "warn"), f" {mark.subject} from {mark.night} on{until}",
                Span(f"  {mark.by}, {_time(mark.at)}: {mark.because}", "dim"))


def _attempts(attempts: Sequence[Attempt]) -> Iterator[Line]:
    for attempt in attempts:
        yield line("  ", Span(f"{attempt.verdict:<12}", _STYLE[attempt.verdict]), f"  {attempt.journey}",
                   Span(f"  attempt {attempt.number}  {lasted(attempt.seconds)}", "dim"))
        if attempt.sentence:
            blame = "" if attempt.blame is Blame.NONE else f"{attempt.blame}: "
            yield line("    ", Span(blame, "bold"), attempt.sentence,
                       Span(f"  (trial {attempt.trial})" if attempt.trial else "", "dim"))


def _alert(alert: Alert) -> Iterator[Line]:
    state = f"resolved {alert.resolved}" if alert.resolved else f"open since {alert.opened}"
    yield line(Span(f"{alert.severity}  ", "good" if alert.resolved else "bad"), alert.sentence,
               Span(f"  {state}  {', '.join(alert.journeys)}", "dim"))


def _verdict(night: Night) -> str:
    if night.state is not State.ENDED:
        return str(night.state)
    code = "" if night.exit_code is None else f" (exit {night.exit_code})"
    return f"{night.verdict or 'ended'}{code}"


def _style(night: Night) -> str:
    if night.state is State.RUNNING:
        return "bold"
    return "odd" if night.state is not State.ENDED or night.verdict is None else _STYLE[night.verdict]


def _made(night: Night) -> str:
    return f"{night.journeys} journey{'s' * (night.journeys != 1)}, {night.calls} call{'s' * (night.calls != 1)}"


def _lasted(night: Night) -> str:
    return lasted(max(0.0, night.ended - night.began)) if night.ended is not None else ""


def _time(at: float) -> str:
    """On the clock of the world: who shares a history need not share a zone."""
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%MZ}"
