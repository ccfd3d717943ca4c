"""A night as people and machines are told of it: journeys, what changed, what is still being learned, who was told."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from flowprobe.core.expect import milliseconds
from flowprobe.core.nights.classified import Classified
from flowprobe.core.nights.model import Alert, Attempt, Drift, Flake, Night, Overview, Rate, State, Trend, Trending
from flowprobe.core.nights.outcomes import PASSING, Outcome
from flowprobe.core.verdict import Kind
from flowprobe.report.lines import MARK
from flowprobe.report.spans import Line, Span, line
from flowprobe.report.visible import visible

__all__ = ["NightTold", "night_json", "night_lines"]

_SHOWN = 12
"""So many journeys that did well, and so many of anything that changed, are told by name."""


@dataclass(frozen=True, slots=True)
class NightTold:
    """What there is to say of a night. `folder` is that of its run, empty where nothing was sent, `page` that of all
    nights; `told` says who heard of an alert, `found` how the night was begun where that was not afresh. `planned` is
    how many journeys were to be made, 0 where that is not known any more."""

    night: Night
    journeys: tuple[Classified, ...]
    overview: Overview
    folder: str = ""
    found: str = ""
    notes: tuple[str, ...] = ()
    told: tuple[str, ...] = ()
    page: str = ""
    samples: int = 0
    planned: int = 0


# --- for people -----------------------------------------------------------------------------------


def night_lines(told: NightTold) -> Iterator[Line]:
    """One screen: what broke first, then what did well."""
    night = told.night
    ended = night.verdict if night.state is State.ENDED else None  # of a part of its journeys there is no verdict
    mark, style = MARK[ended] if ended is not None else ("?", "odd")
    said = ended or night.state
    yield line("")
    yield line(Span(f"{mark} night {night.name}: {said}", style), f"  {_counts(told.journeys)}",
               Span(f"  exit {night.exit_code}", "dim"))
    if told.found and not told.folder:
        yield line("  ", Span(f"{told.found}: nothing was sent (--again makes another)", "dim"))
    if night.state is not State.ENDED:
        yield line("  ", Span(visible(f"{night.state}: {night.because}{_made(told)}"), "odd"))
    for each in sorted(told.journeys, key=_gravest):
        if each.verdict is not Kind.PASS or each.failures:
            yield from _broken(each)
    yield from _well(told.journeys)
    yield from _changes(told.overview, night.name)
    yield from _rest(told)


def _made(told: NightTold) -> str:
    return f"; {len(told.journeys)} of {told.planned} journeys made" if told.planned else ""


def _gravest(each: Classified) -> int:
    return (Kind.FAIL, Kind.INCONCLUSIVE, Kind.DEGRADED, Kind.PASS).index(each.verdict)


def _counts(journeys: Sequence[Classified]) -> str:
    kinds = [each.verdict for each in journeys]
    counts = ", ".join(f"{kinds.count(kind)} {kind}" for kind in Kind if kind in kinds)
    return f"{counts} of {len(kinds)} journeys" if kinds else "no journeys"


def _broken(outcome: Classified) -> Iterator[Line]:
    mark, style = MARK[outcome.verdict]
    yield line("  ", Span(mark, style), f" {visible(str(outcome.journey))}  ", Span(_how(outcome), style))
    worst = outcome.worst
    if worst.sentence:
        yield line("      ", Span(visible(worst.sentence), "bold" if outcome.verdict is Kind.FAIL else ""))


def _how(outcome: Classified) -> str:
    tries = len(outcome.attempts)
    if outcome.outcome is Outcome.RECOVERED:
        passed = next(each.number for each in outcome.attempts if each.verdict in PASSING)
        return f"recovered: it broke, and passed at attempt {passed}"
    if outcome.verdict in PASSING:
        often = f", broke {outcome.failures} of {outcome.tries} times" if outcome.failures else ""
        return f"{outcome.verdict}{often}"
    blame = f" ({outcome.worst.blame})" if outcome.verdict is Kind.INCONCLUSIVE else ""
    same = " in the same way" if outcome.confirmed else ""
    return f"{outcome.verdict}{blame}, {tries} of {tries} attempts{same}" if tries > 1 else f"{outcome.verdict}{blame}"


def _well(journeys: Sequence[Classified]) -> Iterator[Line]:
    well = [outcome for outcome in journeys if outcome.verdict is Kind.PASS and not outcome.failures]
    for outcome in well[:_SHOWN]:
        tries = f"  ×{outcome.tries}" if outcome.tries > 1 else ""
        yield line("  ", Span("✓", "good"), f" {visible(str(outcome.journey))}", Span(tries, "dim"))
    if len(well) > _SHOWN:
        yield line("  ", Span(f"✓ and {len(well) - _SHOWN} more", "dim"))


def _changes(overview: Overview, night: str) -> Iterator[Line]:
    changed = [*(_slower(each) for each in overview.trends if each.state is Trending.CHANGED),
               *(_oftener(each) for each in overview.rates if each.state is Trending.CHANGED),
               *(_drifted(each) for each in overview.drifts if each.since == night),
               *(f"in quarantine until {each.until}: {each.journey}" for each in overview.flakes if each.until > night)]
    for text in changed[:_SHOWN]:
        yield line("  ", Span(f"~ {visible(text)}", "warn"))
    if len(changed) > _SHOWN:
        yield line("  ", Span(f"~ and {len(changed) - _SHOWN} more", "dim"))
    learning = sum(each.state is Trending.LEARNING for each in overview.trends)
    if learning:
        yield line("  ", Span(f"still learning: {learning} of {len(overview.trends)} latencies", "dim"))


def _slower(trend: Trend) -> str:
    return (f"{trend.series}: {milliseconds(trend.tonight_s)} where {milliseconds(trend.usual_s)} was usual "
            f"(×{trend.factor:.2f}), since {trend.since}")


def _oftener(rate: Rate) -> str:
    what = f"{rate.journey}, {rate.step}" if rate.step else str(rate.journey)
    return f"{what}: breaks {rate.recent:.1%} of the time where {rate.usual:.1%} was usual"


def _drifted(drift: Drift) -> str:
    return f"{drift.scenario}, {drift.step}: {drift.path} {drift.change}"


def _rest(told: NightTold) -> Iterator[Line]:
    yield from _alerts(told.overview.alerts, told.night.name)
    for text in told.told:
        yield line("  ", Span(visible(text), "bold"))
    for note in told.notes:
        yield line("  ", Span(visible(note), "dim"))
    if told.folder:
        yield line("  ", Span("its page: ", "dim"), f"{told.folder}/report.html",
                   Span(" · all nights: ", "dim"), told.page)


def _alerts(alerts: Sequence[Alert], night: str) -> Iterator[Line]:
    """How many there are; what they say stands with the journeys."""
    new = sum(alert.opened == night for alert in alerts)
    over = sum(alert.resolved == night for alert in alerts)
    still = sum(not alert.resolved for alert in alerts)
    parts = [f"{count} {what}" for count, what in ((new, "new"), (over, "over")) if count]
    if still or parts:
        yield line("  ", Span(f"alerts: {', '.join((f'{still} open', *parts))}", "bad" if still else "good"))


# --- for machines ---------------------------------------------------------------------------------


def night_json(told: NightTold) -> dict[str, Any]:
    """What `--json` prints and `night.json` has."""
    night, overview = told.night, told.overview
    return {
        "night": night.name, "environment": night.environment, "state": str(night.state),
        "verdict": None if night.verdict is None else str(night.verdict), "exit_code": night.exit_code,
        "because": night.because, "began": _instant(night.began), "ended": _instant(night.ended), "run": night.run,
        "folder": told.folder, "calls": night.calls, "samples": told.samples, "found": told.found,
        "journeys": [_journey(outcome) for outcome in told.journeys],
        "latencies": [_trend(each) for each in overview.trends],
        "rates": [_rate(each) for each in overview.rates],
        "flakes": [_flake(each) for each in overview.flakes],
        "drifts": [_drift(each) for each in overview.drifts],
        "alerts": [{"key": each.key, "severity": str(each.severity), "blame": str(each.blame),
                    "sentence": each.sentence, "journeys": list(each.journeys), "opened": each.opened,
                    "last": each.last, "resolved": each.resolved} for each in overview.alerts],
        "told": list(told.told), "notes": list(told.notes),
    }


def _instant(at: float | None) -> str | None:
    return None if at is None else datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")


def _journey(outcome: Classified) -> dict[str, Any]:
    journey = outcome.journey
    return {"scenario": journey.scenario, "personas": journey.personas, "plan": journey.plan,
            "verdict": str(outcome.verdict), "blame": str(outcome.worst.blame), "sentence": outcome.worst.sentence,
            "outcome": str(outcome.outcome), "confirmed": outcome.confirmed, "tries": outcome.tries,
            "failures": outcome.failures, "attempts": [_attempt(each) for each in outcome.attempts]}


def _attempt(attempt: Attempt) -> dict[str, Any]:
    return {"number": attempt.number, "at": _instant(attempt.at), "seconds": round(attempt.seconds, 3),
            "verdict": str(attempt.verdict), "blame": str(attempt.blame), "signature": attempt.signature,
            "sentence": attempt.sentence, "step": attempt.step, "provider": attempt.provider, "trial": attempt.trial}


def _trend(trend: Trend) -> dict[str, Any]:
    series = trend.series
    return {"kind": series.kind, "name": series.name, "scenario": series.scenario, "personas": series.personas,
            "state": str(trend.state), "nights": trend.nights, "usual_s": trend.usual_s, "low_s": trend.low_s,
            "high_s": trend.high_s, "tonight_s": trend.tonight_s, "factor": trend.factor, "since": trend.since}


def _rate(rate: Rate) -> dict[str, Any]:
    return {"journey": str(rate.journey), "step": rate.step, "state": str(rate.state), "tries": rate.tries,
            "failures": rate.failures, "usual": rate.usual, "recent": rate.recent, "sure": rate.sure}


def _flake(flake: Flake) -> dict[str, Any]:
    return {"journey": str(flake.journey), "score": flake.score, "nights": flake.nights, "until": flake.until}


def _drift(drift: Drift) -> dict[str, Any]:
    return {"scenario": drift.scenario, "step": drift.step, "path": drift.path, "change": str(drift.change),
            "before": list(drift.before), "now": list(drift.now), "since": drift.since}
