"""Small values of the model for tests, with the defaults that a test does not care about."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from flowprobe.core.expressions import parse
from flowprobe.core.scenario import (
    CallTemplate,
    Capture,
    CaptureSource,
    Expect,
    Fault,
    FaultPlan,
    Persona,
    Position,
    Scenario,
    Step,
    Under,
)
from flowprobe.core.trial import NO_FAULTS, Trial

HERE = Position("scenarios/test.yaml", 3, 5)
TRIAL = "00112233445566aa"
NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
BASE = "http://acme.test"
ADMIN = Persona("pro-eu", HERE, {"team": "team_1", "account": "acc_1", "seats": 3}, budget={"invite": 0.8})


def text(source: str) -> Any:
    """A value as the reader would make it: `${...}` becomes a template."""
    return parse(source, HERE)


def a_call(words: str, *, target: str | None = None) -> CallTemplate:
    method, path = words.split(" ", 1)
    return CallTemplate(method, text(path), HERE, target)


def a_step(name: str, words: str, *, captures: dict[str, str] | None = None, cleanup: str | None = None,
           expect: Expect | None = None, **more: Any) -> Step:
    taken = tuple(Capture(key, CaptureSource("json", path), HERE) for key, path in (captures or {}).items())
    return Step(name, a_call(words), HERE, expect=expect or Expect(), captures=taken,
                cleanup=a_call(cleanup) if cleanup else None, **more)


def a_scenario(*steps: Step, faults: tuple[FaultPlan, ...] = (), under: tuple[Under, ...] = (),
               personas: dict[str, tuple[str, ...]] | None = None) -> Scenario:
    return Scenario("A journey", HERE.file, HERE, personas or {"admin": ("pro-eu",)}, steps, faults=faults, under=under)


def a_plan(name: str, **edges: Any) -> FaultPlan:
    return FaultPlan(name, tuple(Fault(edge, edge, kind, HERE) for edge, kind in edges.items()), HERE)


def a_trial(*steps: Step, plan: FaultPlan = NO_FAULTS, under: tuple[Under, ...] = (), **more: Any) -> Trial:
    return Trial(TRIAL, a_scenario(*steps, faults=(plan,), under=under), {"admin": ADMIN}, plan, 7, NOW, {"api": BASE}, **more)
