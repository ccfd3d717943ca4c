"""The newest night as CTRF (https://ctrf.io, JSON Schema of version 1.0.0): a test for each journey, with its attempts
and what the nights before say of it.

A journey that failed and then passed is `passed` and `flaky`, with the attempts before as `retryAttempts`; `insights`
are shares over the nights in which it was made.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID, uuid5

from flowprobe.core.nights.model import Attempt, Flake, Journey, Night, Overview
from flowprobe.core.nights.outcomes import GREEN, Outcome, by_journey, outcome_of
from flowprobe.core.verdict import Kind
from flowprobe.report.cleared import cleared_text

__all__ = ["nights_ctrf"]

_OURS = UUID("6f3c1a5e-58a5-4b0e-9d52-0d3a1f0c7e12")
_STATUS = {Kind.PASS: "passed", Kind.DEGRADED: "passed", Kind.FAIL: "failed", Kind.INCONCLUSIVE: "other"}
_STATUSES = ("passed", "failed", "skipped", "pending", "other")


def nights_ctrf(overview: Overview, redact: Callable[[str], str] = str) -> str:
    """The document, or one without tests where no night was made yet."""
    night = overview.nights[-1] if overview.nights else None
    made = by_journey(overview.attempts.get(night.name, ())) if night is not None else {}
    flakes = {each.journey: each for each in overview.flakes}
    tests = [_test(overview, journey, attempts, flakes.get(journey)) for journey, attempts in made.items()]
    version = {"version": night.flowprobe} if night is not None and night.flowprobe else {}
    return cleared_text({
        "reportFormat": "CTRF", "specVersion": "1.0.0", "generatedBy": "flowprobe",
        "results": {"tool": {"name": "flowprobe", **version}, "summary": _summary(night, tests),
                    "environment": {"testEnvironment": overview.environment}, "tests": tests},
        "insights": {**_shares(_outcomes(overview, None)), "runsAnalyzed": len(overview.nights)}}, redact)


def _summary(night: Night | None, tests: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    counts = Counter(test["status"] for test in tests)
    began = night.began if night is not None else 0.0
    ended = night.ended if night is not None and night.ended is not None else began
    return {"tests": len(tests), **{status: counts[status] for status in _STATUSES},
            "flaky": sum(test["flaky"] for test in tests), "start": _ms(began), "stop": _ms(ended)}


def _test(overview: Overview, journey: Journey, attempts: Sequence[Attempt], flake: Flake | None) -> dict[str, Any]:
    last, outcome = attempts[-1], outcome_of(attempts)
    status = "failed" if outcome is Outcome.FAIL else _STATUS[last.verdict]
    suite = [each for each in (journey.scenario, journey.personas) if each]
    test = {
        "id": str(uuid5(_OURS, "\0".join((overview.environment, *suite, journey.plan)))),
        "name": f"{journey.scenario} · {journey.plan}", "status": status, "rawStatus": str(outcome),
        "duration": _ms(last.seconds), "start": _ms(last.at), "stop": _ms(last.at + last.seconds), "suite": suite,
        "type": "e2e", "flaky": outcome is Outcome.RECOVERED, "retries": len(attempts) - 1,
        "insights": _insights(overview, journey),
        "extra": {"trial": last.trial, "plan": journey.plan, "personas": journey.personas, "blame": str(last.blame),
                  **({"flakeScore": flake.score, "quarantinedUntil": flake.until} if flake is not None else {})}}
    told = next((each.sentence for each in reversed(attempts) if each.sentence), "")
    return {**test, **({"message": told} if told else {}),
            **({"retryAttempts": [_attempt(each) for each in attempts[:-1]]} if len(attempts) > 1 else {})}


def _attempt(attempt: Attempt) -> dict[str, Any]:
    return {"attempt": attempt.number, "status": _STATUS[attempt.verdict], "duration": _ms(attempt.seconds),
            "start": _ms(attempt.at), "stop": _ms(attempt.at + attempt.seconds),
            **({"message": attempt.sentence} if attempt.sentence else {})}


def _insights(overview: Overview, journey: Journey) -> dict[str, Any]:
    outcomes = _outcomes(overview, journey)
    return {**_shares(outcomes), "executedInRuns": len(outcomes)}


def _outcomes(overview: Overview, journey: Journey | None) -> list[Outcome]:
    """Of a journey, or of all, in every night in which it was made."""
    return [outcome_of(attempts) for night in overview.nights
            for each, attempts in by_journey(overview.attempts.get(night.name, ())).items()
            if journey is None or each == journey]


def _shares(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    if not outcomes:
        return {}
    count = len(outcomes)
    return {"passRate": {"current": sum(each in GREEN for each in outcomes) / count},
            "failRate": {"current": outcomes.count(Outcome.FAIL) / count},
            "flakyRate": {"current": outcomes.count(Outcome.RECOVERED) / count}}


def _ms(seconds: float) -> int:
    return round(seconds * 1000)
