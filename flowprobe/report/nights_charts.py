"""The latency of a series over the nights, as a small picture: the band of its baseline, a dot for each night, and a
line where it changed.

A picture is for the eye alone: what it says stands in text above it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flowprobe.core.expect import milliseconds
from flowprobe.core.nights.model import Series, Trend, Trending
from flowprobe.report.html import Markup, element

__all__ = ["STATE_MARK", "panel", "trend_words"]

_WIDTH, _HEIGHT, _EDGE = 240.0, 64.0, 4.0
STATE_MARK: Mapping[Trending, tuple[str, str]] = {
    Trending.CHANGED: ("▲", "bad"), Trending.SUSPECT: ("△", "warn"), Trending.STEADY: ("✓", "good"),
    Trending.LEARNING: ("…", "odd")}
_FASTER = "▼"
_TELLING = 0.05
"""From so much on what the controls did is said: the factor is then not that of the two times beside it."""


def panel(trend: Trend, readings: Sequence[tuple[str, float]]) -> Markup:
    """One series: its name, what it does, and its nights, oldest first."""
    mark, style = _mark(trend)
    series = trend.series
    of = " · ".join(filter(None, (series.scenario, series.personas)))
    return element(
        "li", element("p", element("b", _kind(series) + series.name), " ", element("span", of, class_="soft")),
        element("p", element("span", f"{mark} {_state(trend)}", class_=f"tag {style}"), " ", trend_words(trend)),
        _picture(trend, readings), class_="panel")


def trend_words(trend: Trend) -> str:
    """What it was tonight, and what it usually is."""
    if trend.state is Trending.LEARNING:
        return f"{milliseconds(trend.tonight_s)} tonight; {trend.nights} night{'s' * (trend.nights != 1)} known so far"
    usual = f"usually {milliseconds(trend.usual_s)} ({_range(trend)})"
    since = f", since {trend.since}" if trend.since else ""
    if trend.state in (Trending.CHANGED, Trending.SUSPECT):
        apart = trend.usual_s and abs(trend.tonight_s / trend.usual_s / trend.factor - 1) > _TELLING
        off = ", with what the controls did taken off" if apart else ""
        return f"×{trend.factor:.2f} of what it was{off}{since}: {milliseconds(trend.tonight_s)} tonight, {usual}"
    return f"{milliseconds(trend.tonight_s)} tonight, {usual}"


def _range(trend: Trend) -> str:
    return f"{trend.low_s * 1000:.0f} to {milliseconds(trend.high_s)}"


def _state(trend: Trend) -> str:
    if trend.state is Trending.CHANGED:
        return "slower" if trend.factor > 1 else "faster"
    return str(trend.state)


def _mark(trend: Trend) -> tuple[str, str]:
    if trend.state is Trending.CHANGED and trend.factor < 1:
        return _FASTER, "good"
    return STATE_MARK[trend.state]


def _kind(series: Series) -> str:
    return "└ " if series.kind == "provider" else ""


# --- the picture ----------------------------------------------------------------------------------


def _picture(trend: Trend, readings: Sequence[tuple[str, float]]) -> Markup:
    if not readings:
        return Markup()
    banded = trend.state is not Trending.LEARNING
    top = max(*(seconds for _, seconds in readings), trend.high_s if banded else 0.0, 1e-9) * 1.08
    place = _Place(len(readings), top)
    parts = [*(_band(trend, place) if banded else ()), *_change(trend, readings, place),
             _dots(trend, readings, place)]
    first, last = readings[0][0], readings[-1][0]
    return element(
        "figure",
        element("svg", *parts, viewBox=f"0 0 {_WIDTH:g} {_HEIGHT:g}", class_="nightly", aria_hidden="true",
                preserveAspectRatio="none", focusable="false"),
        element("figcaption", element("span", first), element("span", f"0 to {milliseconds(top)}"),
                element("span", last), class_="ends soft"))


class _Place:
    """Where a night and a latency stand in the picture; time goes right, latency up from zero."""

    def __init__(self, nights: int, top: float) -> None:
        self._step = (_WIDTH - 2 * _EDGE) / max(1, nights - 1)
        self._top = top

    def x(self, night: int) -> float:
        return round(_EDGE + night * self._step, 1)

    def y(self, seconds: float) -> float:
        return round(_HEIGHT - _EDGE - min(1.0, max(0.0, seconds) / self._top) * (_HEIGHT - 2 * _EDGE), 1)


def _band(trend: Trend, place: _Place) -> tuple[Markup, Markup]:
    high, low, usual = place.y(trend.high_s), place.y(trend.low_s), place.y(trend.usual_s)
    return (element("rect", x="0", y=f"{high:g}", width=f"{_WIDTH:g}", height=f"{max(1.0, low - high):g}",
                    class_="band"),
            element("line", x1="0", x2=f"{_WIDTH:g}", y1=f"{usual:g}", y2=f"{usual:g}", class_="usual"))


def _change(trend: Trend, readings: Sequence[tuple[str, float]], place: _Place) -> tuple[Markup, ...]:
    at = next((number for number, (night, _) in enumerate(readings) if night == trend.since), None)
    if at is None:
        return ()
    x = place.x(at) - 1.5
    return (element("line", x1=f"{x:g}", x2=f"{x:g}", y1="0", y2=f"{_HEIGHT:g}", class_="change"),)


def _dots(trend: Trend, readings: Sequence[tuple[str, float]], place: _Place) -> Markup:
    """One path: a dot is a stroke without length and with round ends."""
    apart = "".join(f"M{place.x(number):g} {place.y(seconds):g}h0" for number, (_, seconds) in enumerate(readings[:-1]))
    last = f"M{place.x(len(readings) - 1):g} {place.y(readings[-1][1]):g}h0"
    style = "dot changed" if trend.state is Trending.CHANGED else "dot"
    return element("g", element("path", d=apart, class_="dot"), element("path", d=last, class_=f"{style} tonight"))
