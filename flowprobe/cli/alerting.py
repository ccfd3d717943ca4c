"""`flowprobe alert …`: who was told, who was not, and why."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from datetime import datetime

from flowprobe.cli.watching import Screen, screen
from flowprobe.core.nights.history import History
from flowprobe.core.scenario import Environment, Project
from flowprobe.core.verdict import ExitCode
from flowprobe.errors import ToolFailed
from flowprobe.report.spans import Span, line
from flowprobe.running.alerting import notifier_for, tried, watch
from flowprobe.running.nightly.places import open_at, place_of
from flowprobe.running.notifying import Answer, Delivery
from flowprobe.running.selection import find, load_here
from flowprobe.running.settings import Settled

__all__ = ["missing_command", "send_command", "show_delivery", "try_command"]


def try_command(environment: str | None, *, to: str | None, allow_exec: bool) -> int:
    """Exit code 0 where everybody took it, else 3."""
    project, where = _found(environment)
    now = datetime.now().astimezone()
    answers = tried(where, notifier_for(project, where, allow_exec=allow_exec), to=to, now=now)
    show = screen(sys.stdout)
    _show(show, answers)
    return ExitCode.INCONCLUSIVE if any(answer.problem for answer in answers) else ExitCode.OK


def send_command(environment: str | None, *, allow_exec: bool) -> int:
    """Exit code 0 where nothing waits any more, else 3."""
    project, where = _found(environment)
    delivery = notifier_for(project, where, allow_exec=allow_exec).deliver(where.name)
    show_delivery(screen(sys.stdout), delivery)
    if not delivery.answers and not delivery.waiting:
        screen(sys.stdout).print(line(Span("nothing waits", "good"), f" to be told of {where.name}"))
    return delivery.exit_code


def missing_command(environment: str | None, *, by: int | None, place: Settled[str | None], allow_exec: bool) -> int:
    """Exit code 0 where the night is there, else 3. When it had to be over is said on the clock of its environment."""
    project, where = _found(environment)
    notifier = notifier_for(project, where, allow_exec=allow_exec)
    history = _opened(place_of(place, where, allow_exec=allow_exec))
    due = by if by is not None or where.nightly is None else where.nightly.by
    try:
        found = watch(where.name, history, notifier, now=datetime.now(where.zone), by=due)
    finally:
        if not isinstance(history, ToolFailed):
            history.close()
    show = screen(sys.stdout)
    if not found.sentence:
        show.print(line(Span(f"the night of {where.name} is there", "good")))
        return ExitCode.OK
    show.print(line(Span(found.sentence, "bad"), Span("" if found.told else "  told before", "dim")))
    show_delivery(show, found.delivery)
    if not where.alerts:
        show.print(line("  ", Span("·", "dim"), f" nobody is told: {where.name} names no `alerts`"))
    return ExitCode.INCONCLUSIVE


def show_delivery(show: Screen, delivery: Delivery) -> None:
    """Who was told; who was not is on standard error too, where no summary hides it."""
    _show(show, (answer for answer in delivery.answers if not answer.problem))
    for waiting in delivery.waiting:
        print(f"alert not delivered: {waiting}", file=sys.stderr)


def _show(show: Screen, answers: Iterable[Answer]) -> None:
    for answer in answers:
        if answer.problem:
            show.print(line("  ", Span("✗", "bad"), f" {answer.to}: {answer.problem}"))
        else:
            show.print(line("  ", Span("✓", "good"), f" {answer.to}: {answer.said}"))


def _found(environment: str | None) -> tuple[Project, Environment]:
    project = load_here()
    return project, find(project, environment)


def _opened(place: str) -> History | ToolFailed:
    try:
        return open_at(place)
    except ToolFailed as failed:
        return failed
