"""Writing a journal by hand: events become stamped lines, in the order in which they are said."""

from __future__ import annotations

from typing import Any

from flowprobe.core.events import (
    CallReplied,
    CallSent,
    CallUnanswered,
    Event,
    ExchangeEnded,
    Injected,
    PlannedFault,
    Stamped,
    StepEnded,
    TrialEnded,
    TrialStarted,
)
from flowprobe.core.findings import Finding
from tests.scenes import TRIAL

SLOW = PlannedFault("payments", "payments", "latency", "latency 500ms")


class Journal:
    """`runner(event)` and `proxy(event)` add a line each; a millisecond passes between two lines."""

    def __init__(self) -> None:
        self.lines: list[Stamped] = []
        self._numbers = {"runner": 0, "proxy": 0}
        self.now = 100.0

    def runner(self, *events: Event) -> Journal:
        return self._add("runner", events)

    def proxy(self, *events: Event) -> Journal:
        return self._add("proxy", events)

    def _add(self, writer: str, events: tuple[Event, ...]) -> Journal:
        for event in events:
            self._numbers[writer] += 1
            self.now += 0.001
            self.lines.append(Stamped(writer, self._numbers[writer], self.now, self.now, event))
        return self


def started(plan: str = "none", *faults: PlannedFault, trial: str = TRIAL) -> TrialStarted:
    return TrialStarted(trial, "A journey", "scenarios/test.yaml", {"admin": "pro-eu"}, plan, 7, "flowprobe run …", faults)


def sent(step: str, number: int = 1, *, trial: str = TRIAL, phase: str = "workflow") -> CallSent:
    return CallSent(trial, step, f"{number:08x}00000001{trial}", 1, "pro-eu", "GET", f"http://acme.test/{step}", {}, "", phase)


def replied(number: int = 1, status: int = 200, *, at: float = 100.0, seconds: float = 0.05, trial: str = TRIAL) -> CallReplied:
    return CallReplied(f"{number:08x}00000001{trial}", status, at, seconds / 2, seconds, (), "{}", 2)


def unanswered(number: int = 1, reason: str = "connect", *, trial: str = TRIAL) -> CallUnanswered:
    return CallUnanswered(f"{number:08x}00000001{trial}", reason, "nothing listens there", 100.0, 0.01)


def step_ended(step: str, outcome: str = "held", *findings: Finding, because: str = "", trial: str = TRIAL) -> StepEnded:
    return StepEnded(trial, step, outcome, findings, because)


def finding(kind: str = "within", expected: str = "at most 400 ms", seen: str = "612 ms") -> Finding:
    return Finding(kind, kind, expected, seen, "scenarios/test.yaml:9:7", 0.212 if kind == "within" else 0.0)


def exchange(id: str = "x1", *, call: int | None = 1, started_at: float = 100.01, trial: str | None = TRIAL, **more: Any) -> ExchangeEnded:
    known = None if call is None else f"{call:08x}00000001{trial}"
    values: dict[str, Any] = {
        "exchange": id, "edge": "payments", "method": "POST", "host": "payments.example", "path": "/v1/charges",
        "site": "POST /v1/charges", "trial": trial, "call": known, "evidence": "traceparent", "started": started_at,
        "ended": started_at + 0.02, "status": 200, "upstream_status": 200}
    return ExchangeEnded(**{**values, **more})


def injected(exchange_id: str = "x1", *, fault: str = "payments", trial: str = TRIAL) -> Injected:
    return Injected(exchange_id, trial, fault, "latency", "payments", "POST /v1/charges", 1, 100.01, 0.5, 0.497, 0.501)


def ended(how: str = "finished", *, trial: str = TRIAL) -> TrialEnded:
    return TrialEnded(trial, how)
