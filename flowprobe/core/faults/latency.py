"""`latency: 500ms`: the provider answers, but later."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any

from flowprobe.core.distributions import (
    Around,
    Distribution,
    Lognormal,
    Normal,
    Pareto,
    Quantiles,
    Recorded,
    Uniform,
    seconds_at,
)
from flowprobe.core.faults.actions import Action, Dribble, Late, Sleep
from flowprobe.core.faults.chance import CERTAIN, Chance
from flowprobe.core.faults.durations import in_words
from flowprobe.core.faults.rates import sized
from flowprobe.core.fields import As, Choice, Duration, Field, ListOf, Number, OneOf, Record, Size, Wrong
from flowprobe.core.plain import Plain, plain

__all__ = ["FIELD", "Latency"]

_PIECE = 1000


@plain
class Latency(Plain):
    """Hold each call, or its reply, for `takes`: seconds, or a distribution of which every call draws its own.

    `at` request: before the call is forwarded; a caller that gives up first is never forwarded. `at` headers: before
    the head of the reply goes on. `at` chunks: before each piece of `piece` bytes of the reply's body. `at_least`
    holds the reply until the call has taken that long in all.
    """

    takes: float | Distribution
    at: str = "request"
    at_least: bool = False
    piece: int = _PIECE

    def action(self, chance: Chance = CERTAIN) -> Action:
        seconds = self._seconds(chance)
        if self.at_least:
            return Late(seconds, at_least=True)
        match self.at:
            case "headers":
                return Late(seconds)
            case "chunks":
                return Dribble(seconds, self.piece)
            case _:
                return Sleep(seconds)

    def _seconds(self, chance: Chance) -> float:
        if isinstance(self.takes, float | int):
            return self.takes
        return seconds_at(self.takes, chance.u, chance.ordinal)

    def describe(self) -> str:
        takes = in_words(self.takes) if isinstance(self.takes, float | int) else self.takes.describe()
        where = {"headers": " before the reply", "chunks": f" before every {self.piece} bytes"}.get(self.at, "")
        return f"latency {'at least ' if self.at_least else ''}{takes}{'' if self.at_least else where}"


# --- its table ------------------------------------------------------------------------------------

_PERCENTILES = ("p10", "p25", "p50", "p75", "p90", "p95", "p99", "p99.9")
_HIGH = ("p90", "p95", "p99")
_CAP = Field("cap", Duration(positive=True), "Nothing takes longer: what would is cut to it.", example="5s")


def _rising(*keys: str) -> Callable[[Mapping[str, Any]], Wrong | None]:
    """The check that what stands at these keys does not fall, in this order."""

    def verify(values: Mapping[str, Any]) -> Wrong | None:
        there = [key for key in keys if key in values]
        for lower, upper in pairwise(there):
            if values[upper] < values[lower]:
                return Wrong(upper, "falls", {"key": upper, "seen": in_words(values[upper]), "other": lower,
                                              "least": in_words(values[lower])})
        return None

    return verify


def _normally_more_than_nothing(values: Mapping[str, Any]) -> Wrong | None:
    """The check that a normal distribution is not zero for each call."""
    if values["mean"] or values["sd"]:
        return None
    return Wrong("mean", "out-of-range", {"what": "`mean`", "wanted": "longer than nothing where `sd` is 0",
                                          "seen": "0ms", "instead": "write for example 200ms"})


def _seen_more_than_nothing(values: Mapping[str, Any]) -> Wrong | None:
    """The same of durations that were seen."""
    recorded = values.get("recorded")
    if not isinstance(recorded, Recorded) or any(recorded.values):
        return None
    return Wrong("recorded", "out-of-range", {
        "what": "`recorded`", "wanted": "durations of which one is longer than nothing", "seen": "0ms alone",
        "instead": "write for example [120ms, 80ms, 2s]"})


def _lognormal(*, p50: float, cap: float | None = None, **high: float) -> Lognormal:
    ((name, seconds),) = high.items()
    return Lognormal(p50, seconds, float(name.removeprefix("p")), cap)


def _quantiles(*, min: float = 0.0, cap: float | None = None, **quoted: float) -> Quantiles:
    points = ((float(name.removeprefix("p")), seconds) for name, seconds in quoted.items())
    return Quantiles(tuple(sorted(points)), min, cap)


def _recorded(*, values: tuple[float, ...], order: str = "sampled", cap: float | None = None) -> Recorded:
    return Recorded(values, order == "sampled", cap)


def _percentile(key: str, example: str, *, required: bool = False) -> Field:
    return Field(key, Duration(positive=True), f"What {key.removeprefix('p')} of a hundred calls stay within.",
                 required=required, example=example, attribute=key)


def _capped(parts: dict[str, Any], cap: float | None) -> dict[str, Any]:
    return parts if cap is None else {**parts, "cap": cap}


def _lognormal_parts(shape: Distribution) -> dict[str, Any] | None:
    if not isinstance(shape, Lognormal):
        return None
    return _capped({"p50": shape.p50, f"p{shape.percentile:g}": shape.high}, shape.cap)


def _quantiles_parts(shape: Distribution) -> dict[str, Any] | None:
    if not isinstance(shape, Quantiles):
        return None
    points = {f"p{percent:g}": seconds for percent, seconds in shape.points}
    return _capped({**({"min": shape.min} if shape.min else {}), **points}, shape.cap)


def _recorded_parts(shape: Distribution) -> dict[str, Any] | None:
    if not isinstance(shape, Recorded):
        return None
    order = {} if shape.sampled else {"order": "as-recorded"}
    return _capped({"values": shape.values, **order}, shape.cap)


_VALUES = ListOf(Duration(), minimum=1)
_DISTRIBUTIONS: tuple[Field, ...] = (
    Field("uniform", Record("uniform distribution", Uniform, (
        Field("min", Duration(), "The shortest.", required=True, example="100ms"),
        Field("max", Duration(positive=True), "The longest.", required=True, example="900ms"),
    ), verify=_rising("min", "max")), "Evenly between two durations.", example="{min: 100ms, max: 900ms}"),
    Field("normal", Record("normal distribution", Normal, (
        Field("mean", Duration(), "Its middle.", required=True, example="200ms"),
        Field("sd", Duration(), "Its standard deviation.", required=True, example="50ms"),
        _CAP,
    ), verify=_normally_more_than_nothing), "A normal distribution, without its part below zero.",
        example="{mean: 200ms, sd: 50ms}"),
    Field("lognormal", Record("lognormal distribution", _lognormal, (
        _percentile("p50", "120ms", required=True), _percentile("p90", "600ms"), _percentile("p95", "900ms"),
        _percentile("p99", "2600ms"), _CAP,
    ), exactly_one=_HIGH, verify=_rising("p50", *_HIGH), parts=_lognormal_parts),
        "The usual shape of response times, by its median and one high percentile.",
        example="{p50: 120ms, p99: 2600ms}"),
    Field("pareto", Record("pareto distribution", Pareto, (
        Field("min", Duration(positive=True), "Where it begins.", required=True, example="100ms"),
        Field("alpha", Number(minimum=0.01), "The smaller, the heavier the tail.", required=True, example="1.5"),
        Field("cap", Duration(positive=True), "Nothing takes longer: what would is cut to it.", required=True,
              example="30s"),
    ), verify=_rising("min", "cap")), "A heavy tail.", example="{min: 100ms, alpha: 1.5, cap: 30s}"),
    Field("quantiles", Record("quantile table", _quantiles, (
        Field("min", Duration(), "The lower end; 0 where it is not said.", example="80ms"),
        *(_percentile(key, example, required=key == "p50") for key, example in zip(
            _PERCENTILES, ("90ms", "100ms", "120ms", "200ms", "600ms", "900ms", "2600ms", "4s"), strict=True)),
        Field("cap", Duration(positive=True), "The upper end; the highest percentile where it is not said.",
              example="5s"),
    ), verify=_rising("min", *_PERCENTILES, "cap"), parts=_quantiles_parts),
        "What was measured: exact at these, and straight between them.",
        example="{p50: 120ms, p95: 900ms, p99: 2600ms}"),
    Field("recorded", OneOf(
        sequence=As(_VALUES, Recorded),
        mapping=Record("recording", _recorded, (
            Field("values", _VALUES, "The durations that were seen.", required=True, example="[120ms, 80ms]"),
            Field("order", Choice(("sampled", "as-recorded")), "Drawn from them, or one after the other, from the "
                  "beginning again after the last.", example="as-recorded"),
            _CAP,
        ), parts=_recorded_parts)), "Durations that were seen.", example="[120ms, 80ms, 2s]"),
)
_TAKES = ("fixed", *(field.key for field in _DISTRIBUTIONS))


def _latency(*, mode: str = "add", at: str | None = None, chunk: int = _PIECE, jitter: float | None = None,
             **takes: float | Distribution) -> Latency:
    (found,) = takes.values()
    if jitter and isinstance(found, float):
        found = Around(found, jitter)
    at_least = mode == "at-least"
    return Latency(found, at or ("headers" if at_least else "request"), at_least, chunk)


def _parts(latency: Latency) -> dict[str, Any]:
    takes = latency.takes
    at = {} if latency.at == ("headers" if latency.at_least else "request") else {"at": latency.at}
    chunk = {} if latency.piece == _PIECE else {"chunk": latency.piece}
    return {**_taken(takes), **({"mode": "at-least"} if latency.at_least else {}), **at, **chunk}


def _taken(takes: float | Distribution) -> dict[str, Any]:
    if isinstance(takes, Around):
        return {"fixed": takes.fixed, "jitter": takes.jitter}
    return {"fixed" if isinstance(takes, float | int) else type(takes).__name__.lower(): takes}


def _goes_together(values: Mapping[str, Any]) -> Wrong | None:
    at = values.get("at", "")
    if values.get("mode") == "at-least" and at not in ("", "headers"):
        return Wrong("at", "not-beside", {"key": f"at: {at}", "other": "mode: at-least",
                                          "instead": "only a whole reply can be held until then: remove `at`"})
    if "chunk" in values and at != "chunks":
        return Wrong("chunk", "key-beside", {"key": "chunk", "beside": "at: chunks"})
    return sized(values) or _rising("jitter", "fixed")(values) or _seen_more_than_nothing(values)


FIELD = Field(
    "latency",
    OneOf(
        scalar=As(Duration(positive=True), Latency),
        mapping=Record("latency", _latency, (
            Field("fixed", Duration(positive=True), "The same for each call.", example="500ms"),
            *_DISTRIBUTIONS,
            Field("jitter", Duration(), "Evenly so much less or more.", example="50ms", beside="fixed"),
            Field("mode", Choice(("add", "at-least")), "`add` to the provider's own time, or hold the reply until the "
                  "call has taken `at-least` so long.", example="at-least"),
            Field("at", Choice(("request", "headers", "chunks")), "Before the call is forwarded, before the head of "
                  "the reply goes on, or before each piece of its body.", example="headers"),
            Field("chunk", Size(), "The size of a piece of the body; 1KB where it is not said.", example="1KB"),
        ), exactly_one=_TAKES, verify=_goes_together, parts=_parts),
    ),
    "Hold each call back, or its reply.",
    example="500ms",
)
