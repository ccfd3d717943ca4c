"""What nights say to people, put together: who is told for an environment, tests of that, and the signal of a night
that did not happen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from flowprobe.core.nights.absence import absent, last_due
from flowprobe.core.nights.alerting import Telling, Why, missing, to_tell
from flowprobe.core.nights.history import History
from flowprobe.core.nights.model import Alert, Severity
from flowprobe.core.nights.recipients import Heartbeat, Recipient, named
from flowprobe.core.redact import Redactor
from flowprobe.core.scenario import Environment, Project
from flowprobe.core.verdict import Blame
from flowprobe.errors import InvalidInput, Problem, ToolFailed
from flowprobe.running.notifying import Answer, Delivery, Notifier
from flowprobe.running.outbox import Outbox
from flowprobe.running.places import STATE
from flowprobe.secrets.references import Vault

__all__ = ["Absence", "keep_and_post", "notifier_for", "tried", "watch"]


@dataclass(frozen=True, slots=True)
class Absence:
    """What a look for a night came to: `sentence` is '' where it is there, `told` says whether it was told just now."""

    sentence: str
    told: bool = False
    delivery: Delivery = field(default_factory=Delivery)


def notifier_for(project: Project, environment: Environment, *, allow_exec: bool = False,
                 vault: Vault | None = None) -> Notifier:
    """Whoever is told of an environment. Its outbox, and the paths of its secrets, begin in the folder of the file; a
    house's own authority (`tls: {ca: …}`) is believed, `verify: false` is not for what goes out from here. `vault` is
    that of a run which has read secrets already."""
    folder = Path(project.file).resolve().parent
    ca = folder / environment.tls.ca if environment.tls and environment.tls.ca else None
    return Notifier(environment.alerts, vault or Vault(Redactor(), folder=folder, allow_exec=allow_exec),
                    Outbox(folder / STATE / "outbox"), ca=ca)


def keep_and_post(alerts: Sequence[Alert], history: History | ToolFailed, notifier: Notifier, *,
                  before: Sequence[Alert], night: str) -> tuple[Telling, ...]:
    """Lay ready what is to be told of these alerts, and keep them: in this order, so that a crash between the two tells
    it twice, and never not at all. Returns what is to be told. Raises ToolFailed."""
    tellings = to_tell(alerts, before=before, night=night)
    notifier.post(tellings)
    if not isinstance(history, ToolFailed):
        history.keep_alerts(alerts)
    return tellings


def tried(environment: Environment, notifier: Notifier, *, to: str | None, now: datetime) -> tuple[Answer, ...]:
    """Tell each recipient, or the one that is named, of an alert that is none. A heartbeat hears of it only where it is
    named: it would take the test for a night. Raises InvalidInput for a name that nobody has, and where nobody is to be
    told."""
    night = f"{now:%Y-%m-%d}"
    alert = Alert(environment.name, "test", Severity.NOTICE, Blame.NONE,
                  "this is a test: nothing is broken, and alerts arrive here", (), night, night)
    return tuple(notifier.tell(recipient, Telling(alert, Why.TEST, night)) for recipient in _chosen(environment, to))


def _chosen(environment: Environment, to: str | None) -> Sequence[Recipient]:
    place = environment.position
    if not environment.alerts:
        raise InvalidInput((Problem("no-recipients", place.file, place.line, place.column,
                                    f"the environment {environment.name!r} names nobody who is told of alerts",
                                    "write for example alerts: [{slack: env:SLACK_WEBHOOK}]"),))
    if to is None:
        return _all(environment)
    found = named(environment.alerts, to)
    if found is None:
        there = ", ".join(recipient.name for recipient in environment.alerts)
        raise InvalidInput((Problem("no-recipients", "--to", 0, 0, f"nobody is called {to!r} in {environment.name!r}",
                                    f"there is: {there}"),))
    return (found,)


def _all(environment: Environment) -> Sequence[Recipient]:
    """Everybody but those who wait for a sign of life."""
    found = tuple(each for each in environment.alerts if not isinstance(each, Heartbeat))
    if not found:
        there = ", ".join(recipient.name for recipient in environment.alerts)
        raise InvalidInput((Problem("no-recipients", "--to", 0, 0,
                                    f"{environment.name!r} has heartbeats alone, which a test pings only by name",
                                    f"write --to and one of: {there}"),))
    return found


def watch(environment: str, history: History | ToolFailed, notifier: Notifier, *, now: datetime,
          by: int | None) -> Absence:
    """The dead-man's signal: is the night there that was due? A history that cannot be reached is told of too: nobody
    knows then. Raises ToolFailed where the outbox cannot be written."""
    due = last_due(now, by)
    night = f"{due:%Y-%m-%d}"
    sentence, before = _looked(environment, history, due)
    if not sentence:
        return Absence("")
    alert = missing(environment, before=before, night=night, because=sentence)
    tellings = keep_and_post((alert,), history, notifier, before=before, night=night)
    return Absence(sentence, bool(tellings), notifier.deliver(environment))


def _looked(environment: str, history: History | ToolFailed, due: datetime) -> tuple[str, tuple[Alert, ...]]:
    if isinstance(history, ToolFailed):
        return f"nobody can tell whether {environment} had its night: {history}", ()
    return (absent(history.nights(environment, last=10), environment=environment, due=due),
            history.alerts(environment, open_only=True))
