"""A night as gauges, for the systems in which people keep their numbers: what a metric is, once for all of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from flowprobe.core.nights.model import Journey, Overview, Series, Severity, Trend, Trending
from flowprobe.core.nights.outcomes import GREEN, Outcome, by_journey
from flowprobe.core.nights.rows import Row, rows
from flowprobe.core.plain import Plain, plain

__all__ = ["Gauge", "Point", "gauges"]


@plain
class Point(Plain):
    labels: Mapping[str, str]
    value: float


@plain
class Gauge(Plain):
    """`unit` is empty, `seconds` or `ratio`; the name ends with it."""

    name: str
    about: str
    points: tuple[Point, ...]
    unit: str = ""


def gauges(overview: Overview) -> tuple[Gauge, ...]:
    """What the newest night of an environment says; none that has no point."""
    found = rows(overview.nights, overview.attempts)
    return tuple(each for each in (*_night(overview), *_journeys(overview, found), *_latency(overview),
                                   *_flakes(overview), _alerts(overview)) if each.points)


def _night(overview: Overview) -> Iterator[Gauge]:
    if not overview.nights:
        return
    night, where = overview.nights[-1], {"environment": overview.environment}
    said = {**where, "night": night.name, "state": str(night.state), "verdict": str(night.verdict or ""),
            "version": night.flowprobe}
    yield Gauge("flowprobe_night_info", "The newest night; always 1.", (Point(said, 1),))
    yield Gauge("flowprobe_night_began_timestamp_seconds", "When the newest night began, since 1970.",
                (Point(where, night.began),), "seconds")
    if night.ended is not None:
        yield Gauge("flowprobe_night_ended_timestamp_seconds", "When the newest night ended, since 1970.",
                    (Point(where, night.ended),), "seconds")
        yield Gauge("flowprobe_night_duration_seconds", "How long the newest night took.",
                    (Point(where, max(0.0, night.ended - night.began)),), "seconds")
    if night.exit_code is not None:
        yield Gauge("flowprobe_night_exit_code", "The exit code of the newest night.", (Point(where, night.exit_code),))
    yield Gauge("flowprobe_night_calls", "The calls that the newest night sent.", (Point(where, night.calls),))


def _journeys(overview: Overview, found: Sequence[Row]) -> Iterator[Gauge]:
    made = [(row, _of(overview, row.journey)) for row in found if row.now is not Outcome.UNMADE]
    newest = by_journey(overview.attempts.get(overview.nights[-1].name, ())) if overview.nights else {}
    yield Gauge("flowprobe_journey_green", "Whether the journey came to its end when it was last made.",
                tuple(Point(labels, row.now in GREEN) for row, labels in made))
    yield Gauge("flowprobe_journey_outcome", "How the journey came out when it was last made; 1 for its outcome.",
                tuple(Point({**labels, "outcome": str(each)}, row.now is each)
                      for row, labels in made for each in Outcome if each is not Outcome.UNMADE))
    yield Gauge("flowprobe_journey_attempts",
                "The attempts at the journey in the newest night: 1 where nothing failed, whatever samples were taken.",
                tuple(Point(labels, len(newest[row.journey])) for row, labels in made if row.journey in newest))


def _latency(overview: Overview) -> Iterator[Gauge]:
    trends = [(trend, _series(overview, trend.series)) for trend in overview.trends]
    known = [(trend, labels) for trend, labels in trends if trend.state is not Trending.LEARNING]
    yield Gauge("flowprobe_latency_seconds", "The median latency of the series in the newest night.",
                tuple(Point(labels, trend.tonight_s) for trend, labels in trends), "seconds")
    yield Gauge("flowprobe_latency_usual_seconds", "The baseline of the series.",
                tuple(Point(labels, trend.usual_s) for trend, labels in known), "seconds")
    yield Gauge("flowprobe_latency_ratio", "The newest night against the baseline, without what the controls did.",
                tuple(Point(labels, trend.factor) for trend, labels in known), "ratio")
    yield Gauge("flowprobe_latency_changed", "1 where the series is slower, -1 where it is faster, for good.",
                tuple(Point(labels, _direction(trend)) for trend, labels in known))


def _direction(trend: Trend) -> int:
    if trend.state is not Trending.CHANGED:
        return 0
    return 1 if trend.factor > 1 else -1


def _flakes(overview: Overview) -> Iterator[Gauge]:
    told = [(each, _of(overview, each.journey)) for each in overview.flakes]
    yield Gauge("flowprobe_journey_flake_ratio", "How often the journey fails and then passes in the same night.",
                tuple(Point(labels, each.score) for each, labels in told), "ratio")
    yield Gauge("flowprobe_journey_quarantined", "1 while the journey pages nobody.",
                tuple(Point(labels, bool(each.until)) for each, labels in told))


def _alerts(overview: Overview) -> Gauge:
    there = [each for each in overview.alerts if not each.resolved]
    return Gauge("flowprobe_alerts_open", "Causes that somebody has to know of.", tuple(
        Point({"environment": overview.environment, "severity": str(severity)},
              sum(each.severity is severity for each in there)) for severity in Severity))


def _of(overview: Overview, journey: Journey) -> dict[str, str]:
    return {"environment": overview.environment, "scenario": journey.scenario, "personas": journey.personas,
            "plan": journey.plan}


def _series(overview: Overview, series: Series) -> dict[str, str]:
    return {"environment": overview.environment, "scenario": series.scenario, "personas": series.personas,
            "kind": series.kind, "name": series.name}
