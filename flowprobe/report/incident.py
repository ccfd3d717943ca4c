"""An incident in the terminal: what each provider did in each of its segments, and what will be injected."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from flowprobe.core.distributions import Quantiles
from flowprobe.core.expect import milliseconds
from flowprobe.core.faults.fault import Fault, FaultPlan, Match
from flowprobe.core.faults.kinds import describe
from flowprobe.core.faults.latency import Latency
from flowprobe.core.incidents.model import Incident, Segment
from flowprobe.core.profiles import segments_of
from flowprobe.report.spans import Line, Span, line

__all__ = ["fitted_lines", "profile_lines"]

_BARS = "▁▂▃▄▅▆▇█"
_SHOWN = (50.0, 90.0, 99.0)


def fitted_lines(incident: Incident) -> Iterator[Line]:
    """What was recorded, operation by operation; a bar is the p90 against the worst of the same operation."""
    for fit in incident.fits:
        calls = sum(each.calls for each in fit.segments)
        yield line(Span(str(fit.operation), "bold"), Span(f"  {calls:,} calls", "dim"))
        worst = max((_at(segment, 90.0) for segment in fit.segments), default=0.0)
        for segment in fit.segments:
            yield _segment(segment, worst)
    for text in incident.left_out:
        yield line("  ", Span("left out: ", "warn"), text)


def _segment(segment: Segment, worst: float) -> Line:
    told = [f"p{percent:g} {milliseconds(seconds)}" for percent, seconds in segment.points if percent in _SHOWN]
    errors = [f"{error.outcome} {error.rate:.1%}" for error in segment.errors]
    spells = f" in spells ({segment.sticky:g})" if segment.sticky and errors else ""
    return line(f"  {_clock(segment.begin)} to {_clock(segment.end)}  ", Span(_bar(_at(segment, 90.0), worst), "warn"),
                f"  {', '.join(told) or 'no answer'}  ", Span(", ".join(errors) + spells, "bad"),
                Span(f"  {segment.calls:,} calls", "dim"))


def _at(segment: Segment, percent: float) -> float:
    return next((seconds for each, seconds in segment.points if each == percent), segment.most)


def _bar(seconds: float, worst: float) -> str:
    share = seconds / worst if worst else 0.0
    return _BARS[min(len(_BARS) - 1, int(share * len(_BARS)))] * 3


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes:>3}:{rest:02}"


# --- a profile ------------------------------------------------------------------------------------


def profile_lines(plan: FaultPlan) -> Iterator[Line]:
    """What a run will inject in each segment: what is not named there passes as it is."""
    yield line(Span(plan.name, "bold"), f"  {plan.imitates}")
    begins, parts = dict(plan.segments), segments_of(plan)
    for part in parts:
        name = part.name.rpartition(".")[2]
        at = f"from {_clock(begins[name]).strip()} on" if name in begins else "all the time"
        yield line("  ", Span(name if plan.segments else "all", "warn"), Span(f"  {at}", "dim"))
        for fault in part.faults:
            yield line(f"    {_site(fault.edge, fault.match)}  ", *_harm(fault), Span(_share(fault.when.draw), "dim"))
    told = {part.name.rpartition(".")[2] for part in parts}
    quiet = [name for name in begins if name not in told]
    if quiet:
        yield line("  ", Span(f"nothing is injected in: {', '.join(quiet)}", "dim"))


def _site(edge: str, match: Match) -> str:
    return " ".join(filter(None, (edge, ",".join(match.method), match.path or "")))


def _harm(fault: Fault) -> tuple[str | Span, ...]:
    match fault.kind:
        case Latency(takes=Quantiles(points=points), at_least=at_least):
            told = [f"p{percent:g} {milliseconds(seconds)}" for percent, seconds in points if percent in _SHOWN]
            return f"{'at least ' if at_least else '+ '}{', '.join(told)}", ""
        case kind:
            return Span(describe(kind), "bad"), ""


def _share(draw: Sequence[float]) -> str:
    return f"  {draw[1] - draw[0]:.1%} of its calls" if draw and tuple(draw) != (0, 1) else ""
