"""From what a provider did to the fault profile that does it again: plain values, in the words of a profile file.

Each segment of an operation becomes a latency for the calls that were answered, and a fault for each error, all with
one draw: a call has one of them. What is not injected is what cannot be: less than a millisecond, and errors that have
no kind of their own (a refused connection is torn down before the provider sees the call).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from flowprobe.core.incidents.model import Errors, Incident, OperationFit, Points, Segment
from flowprobe.core.incidents.quantiles import added, value_at
from flowprobe.core.plain import Plain, plain

__all__ = ["Phase", "phases", "profile_of"]

_LEAST_S = 0.001
_NOTED_S, _NOTED = 0.01, 0.1
"""So much later than in the healthy time are calls late, at the median or at p90: in seconds, or as a part of what they
took, whichever is more."""
_LONGEST_HANG_S = 60.0
_WORST, _ONSET, _RECOVERY = "worst", "onset", "recovery"


@plain
class Phase(Plain):
    """A part of the whole incident, in which no operation changes what it does. `badness` is what came on top of an
    ordinary call at the median and at p90, in seconds, and what its errors weigh; 0 for nothing to inject."""

    name: str
    begin: float
    end: float
    badness: float


def phases(incident: Incident) -> tuple[Phase, ...]:
    """All changes of all operations in one row: those that are nearer than a window are one. The worst one is named so,
    what is before it is its onset, what is after it its recovery; where nothing was amiss it is `ordinary`."""
    begins = _begins(incident)
    spans = [*zip(begins, [*begins[1:], incident.window.seconds], strict=True)]
    scored = [(begin, end, max((_badness(fit, (begin + end) / 2) for fit in incident.fits), default=0.0))
              for begin, end in spans]
    worst = max(range(len(scored)), key=lambda number: scored[number][2])
    names = _numbered([_role(number, worst, badness) for number, (_, _, badness) in enumerate(scored)])
    return tuple(Phase(name, *each) for name, each in zip(names, scored, strict=True))


def _begins(incident: Incident) -> list[float]:
    found: list[float] = []
    for begin in sorted({segment.begin for fit in incident.fits for segment in fit.segments}):
        if not found or begin - found[-1] >= incident.width:
            found.append(begin)
    return found or [0.0]


def _role(number: int, worst: int, badness: float) -> str:
    if not badness:
        return "ordinary"
    return _WORST if number == worst else _ONSET if number < worst else _RECOVERY


def _numbered(names: Sequence[str]) -> list[str]:
    """`onset`, `onset-2`, …"""
    counts: dict[str, int] = {}
    found = []
    for name in names:
        counts[name] = counts.get(name, 0) + 1
        found.append(name if counts[name] == 1 else f"{name}-{counts[name]}")
    return found


def _badness(fit: OperationFit, at: float) -> float:
    segment = next((each for each in fit.segments if each.begin <= at < each.end), None)
    if segment is None:
        return 0.0
    late = [seconds for percent, seconds in _injected(fit, segment) if percent in (50.0, 90.0)]
    failed = sum(error.rate for error in segment.errors)
    return sum(late) + failed if failed or _late(fit, segment) else 0.0


# --- the file -------------------------------------------------------------------------------------


def profile_of(incident: Incident) -> dict[str, Any]:
    """What stands in the file, in its order; durations as texts with a unit."""
    edges: dict[str, list[dict[str, Any]]] = {}
    for fit in incident.fits:
        for segment in fit.segments:
            edges.setdefault(_edge(fit.operation.provider), []).extend(_faults(fit, segment))
    return {
        "flowprobe": 1, "profile": incident.name,
        "imitates": f"What providers did from {_instant(incident.window.begin)} to {_instant(incident.window.end)}, "
                    f"fitted from {sum(s.calls for f in incident.fits for s in f.segments):,} recorded calls",
        "incident": {"from": _instant(incident.window.begin), "to": _instant(incident.window.end),
                     "window": _duration(incident.width),
                     "calls": sum(segment.calls for fit in incident.fits for segment in fit.segments),
                     **({"sources": list(incident.sources)} if incident.sources else {})},
        "segments": {phase.name: _duration(phase.begin) for phase in phases(incident)},
        "faults": {edge: faults for edge, faults in edges.items() if faults},
    }


def _edge(provider: str) -> str:
    """A provider as an edge is named: letters, digits, `-` and `_`, a letter first."""
    name = re.sub(r"[^A-Za-z0-9_-]+", "-", provider).strip("-")
    return name if name[:1].isalpha() else f"p-{name}"


def _instant(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%SZ}"


def _duration(seconds: float) -> str:
    """To a tenth of a millisecond."""
    return f"{seconds:g}s" if seconds >= 10 or seconds == int(seconds) else f"{round(seconds * 1000, 1):g}ms"


def _faults(fit: OperationFit, segment: Segment) -> Iterator[dict[str, Any]]:
    """The errors take the beginning of the draw, the answers what is left of it. Nothing where there is nothing to do:
    no error, and no call that is any later."""
    drawn, late = 0.0, _late(fit, segment)
    if not segment.errors and not late:
        return
    for error in segment.errors:
        upto = min(1.0, round(drawn + error.rate, 4))
        yield {**_harm(error), **_placed(fit, segment, drawn, upto)}
        drawn = upto
    if drawn < 1:
        yield {"latency": _latency(fit, segment) if late else {"fixed": _duration(_LEAST_S)},
               **_placed(fit, segment, drawn, 1)}


def _placed(fit: OperationFit, segment: Segment, low: float, high: float) -> dict[str, Any]:
    """The calls of the operation in the segment whose draw lies there."""
    operation = fit.operation
    match = {key: value for key, value in (("method", operation.method), ("path", operation.path)) if value}
    sticky = {"sticky": min(0.99, segment.sticky)} if segment.sticky and segment.errors else {}
    drawn = {"draw": [low, high], **sticky}
    return {**({"match": match} if match else {}),
            "when": {"window": {"from": _duration(segment.begin), "to": _duration(segment.end)}, **drawn}}


def _harm(error: Errors) -> dict[str, Any]:
    median = next((seconds for percent, seconds in error.points if percent == 50), 0.0)
    match error.outcome:
        case "hang":
            return {"hang": _duration(min(_LONGEST_HANG_S, max(1.0, median)))}
        case "closed":
            return {"close": "request"}
        case "reset" | "refused" | "tls":
            return {"reset": "request"}
        case status:
            return {"status": {"code": int(status)}}


def _late(fit: OperationFit, segment: Segment) -> bool:
    """Whether there is a delay to inject: more than what chance makes of an ordinary time."""
    return any(seconds >= max(_NOTED_S, _NOTED * value_at(fit.healthy, percent)) if fit.healthy else seconds >= _LEAST_S
               for percent, seconds in _injected(fit, segment) if percent in (50.0, 90.0))


def _injected(fit: OperationFit, segment: Segment) -> Points:
    return added(segment.points, fit.healthy) if fit.healthy else segment.points


def _latency(fit: OperationFit, segment: Segment) -> dict[str, Any]:
    points = _injected(fit, segment)
    most = max(points[-1][1], segment.most - value_at(fit.healthy, 100) if fit.healthy else segment.most)
    least = 0.0 if fit.healthy else segment.least
    table = {**({"min": _duration(least)} if least >= _LEAST_S else {}),
             **{f"p{percent:g}": _duration(max(_LEAST_S, seconds)) for percent, seconds in points},
             "cap": _duration(max(_LEAST_S, most))}
    return {"quantiles": table, **({"mode": "at-least"} if fit.mode == "at-least" else {})}
