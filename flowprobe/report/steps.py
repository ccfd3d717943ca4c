"""A trial's journey, step by step: its calls, the provider calls under each of them, and what broke.

Calls of one step that went alike are one line, however many: the rounds of `each` and `repeat`, the calls of a poll,
samples. What went otherwise has a line of its own.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import chain, groupby, takewhile
from typing import Any

from flowprobe.core.events import CallReplied, CallUnanswered, Injected
from flowprobe.core.evidence import CallEvidence, ExchangeEvidence, StepEvidence, TrialEvidence
from flowprobe.core.expect import milliseconds
from flowprobe.core.findings import Finding
from flowprobe.report.spans import Line, Span, line

__all__ = ["MARK", "NO_MARK", "journey", "path_of", "receipt_words"]

MARK = {"held": ("✓", "good"), "degraded": ("≈", "warn"), "broken": ("✗", "bad")}
NO_MARK = ("·", "dim")
_BLANK = (" ", "")
_WIDTH = 46
_NARROWEST, _WIDEST = 12, 24
_COLUMNS = {"where": ("", 36), "expected": ("promised", 44), "seen": ("seen", 44)}
"""The columns of a difference: their headings, and how wide they become at most. What is longer stands out of line."""
_MANY = 3
"""So many calls that went alike are one line."""
_USER = "user"


def journey(trial: TrialEvidence) -> Iterator[Line]:
    """Every step, and the provider calls that no step was waiting for."""
    names = [len(step.name) for step in trial.steps if step.calls]
    width = min(max([_NARROWEST, *names]), _WIDEST)
    for _, steps in groupby(trial.steps, _alike):
        yield from _together(tuple(steps), width)
    yield from (_exchanges((found,), width, "         ") for found in trial.exchanges)


def _alike(step: StepEvidence) -> Any:
    """What steps have to share to be told in one line: a set-up that went well, or why they were not reached."""
    if step.phase == "given" and step.outcome == "held":
        return "given"
    return (step.outcome, step.because) if step.outcome == "not-reached" and not step.calls else id(step)


def _together(steps: Sequence[StepEvidence], width: int) -> Iterator[Line]:
    first = steps[0]
    if first.phase == "given" and first.outcome == "held":
        calls = [call for step in steps for call in step.calls]
        yield _told("✓", "given", f"{len(calls)} {'call' if len(calls) == 1 else 'calls'}", width)
    elif len(steps) > 1:
        yield _told("·", ", ".join(step.name for step in steps), f"not reached: {first.because}", width)
    else:
        yield from _step(first, width)


def _step(step: StepEvidence, width: int) -> Iterator[Line]:
    unmade = next((finding for finding in step.findings if finding.unmade), None)
    if step.calls:
        yield from _calls(step, width)
    elif unmade is not None:
        yield line("      ", Span("·", "dim"), f" {step.name:<{width}} ", Span(unmade.sentence(), "bad"),
                   Span(f"  {_places(unmade)}", "dim"))
        return
    elif step.outcome == "held":  # what its parts did stands in lines of their own
        if step.because:
            yield _told("✓", step.name, step.because, width)
    else:
        outcome = step.outcome.replace("-", " ")
        yield _told("·", step.name, f"{outcome}: {step.because}" if step.because else outcome, width)
    yield from _difference(step)


def _difference(step: StepEvidence) -> Iterator[Line]:
    """What was promised beside what was seen: a sentence for one finding, a table for several."""
    style = "bad" if step.outcome == "broken" else "warn"
    excused = f"  (allowed {step.because})" if step.outcome == "degraded" else ""
    if len(step.findings) == 1:
        (finding,) = step.findings
        yield line("         ", Span(finding.sentence() + excused, style), Span(f"  {_places(finding)}", "dim"))
        return
    where, expected, seen = (
        max(len(heading), *(size for finding in step.findings if (size := len(getattr(finding, name))) <= widest), 0)
        for name, (heading, widest) in _COLUMNS.items())
    before = ""
    for finding in step.findings:
        if not before:
            yield line("         ", Span(f"{'':<{where}}  {'promised':<{expected}}  seen{excused}", "dim"))
        words = f"{finding.where:<{where}}  {finding.expected:<{expected}}  {finding.seen:<{seen}}"
        place = _places(finding)
        yield line("         ", Span(words.rstrip() if place == before else words, style),
                   Span("" if place == before else f"  {place}", "dim"))
        before = place


def _places(finding: Finding) -> str:
    """Where the file asks for it, and where a contract or a schema does."""
    return " · ".join(filter(None, (finding.place, finding.document)))


def _told(mark: str, name: str, text: str, width: int) -> Line:
    """A step in words, without a call."""
    return line("      ", Span(f"{mark} {name:<{width}} {text}", "dim"))


# --- calls ----------------------------------------------------------------------------------------


def _calls(step: StepEvidence, width: int) -> Iterator[Line]:
    """The name and the mark stand once."""
    mark, style = MARK.get(step.outcome, NO_MARK)
    name, runs = step.name, tuple(_runs(step))
    unmade = any(finding.unmade for finding in step.findings)
    rounds = unmade or (step.outcome == "broken" and all(map(_of_a_round, step.findings)))
    for calls in runs:
        if rounds:  # those before the one that broke held; one that was not made has no call
            broke = calls is runs[-1] and not unmade
            mark, style = MARK["broken" if broke else "held"] if broke or name else _BLANK
        what = f"{calls[0].sent.method} {_common([path_of(call.sent.url) for call in calls])}"
        yield line("      ", Span(mark, style), f" {name:<{width}} {what:<{_WIDTH}} ", *_outcome(calls))
        yield from _under(calls, width)
        mark, name = " ", ""


def _of_a_round(finding: Finding) -> bool:
    return finding.where.endswith(")") and " (" in finding.where and finding.kind != "within"


def _runs(step: StepEvidence) -> Iterator[tuple[CallEvidence, ...]]:
    """The calls of a step, those together that went alike. Where a step was not broken by one of them their order does
    not matter; else it is kept, and the last one, by which the step was judged, stands alone."""
    if step.outcome != "broken" or all(finding.kind == "within" for finding in step.findings):
        ways: dict[Any, list[CallEvidence]] = {}
        for call in step.calls:
            ways.setdefault(_way(call), []).append(call)
        return chain.from_iterable(_run(alike) for alike in ways.values())
    runs = (_run(tuple(alike)) for _, alike in groupby(step.calls[:-1], _way))
    return chain(chain.from_iterable(runs), (step.calls[-1:],))


def _run(alike: Sequence[CallEvidence]) -> Iterator[tuple[CallEvidence, ...]]:
    """One line, or one for each where they are few."""
    yield from (tuple(alike),) if len(alike) >= _MANY else ((call,) for call in alike)


def _way(call: CallEvidence) -> Any:
    """How a call went, and what was injected into it on the way."""
    injected = tuple(_kinds(exchange) for exchange in call.exchanges if exchange.injections)
    outcome = call.outcome
    match outcome:
        case CallReplied(status=status):
            return call.sent.method, status, injected
        case CallUnanswered(reason=reason):
            return call.sent.method, reason, injected
        case _:
            return call.sent.call


def _kinds(exchange: ExchangeEvidence) -> tuple[str, ...]:
    return (exchange.exchange.edge, *(receipt.kind for receipt in exchange.injections))


def _outcome(calls: Sequence[CallEvidence]) -> tuple[Span, ...]:
    times = _times([call.outcome.total_s for call in calls if call.outcome is not None])
    match calls[0].outcome:
        case CallReplied(status=status):
            return (Span(f"{status}{_so_often(calls)}"), Span(times))
        case CallUnanswered(reason=reason):
            return (Span(f"no reply ({reason}){_so_often(calls)}", "bad"), Span(times))
        case _:
            return (Span("no outcome", "odd"),)


def _so_often(things: Sequence[Any]) -> str:
    return f" ×{len(things)}" if len(things) > 1 else ""


def _times(seconds: Sequence[float]) -> str:
    """How long one took, or several."""
    if len(seconds) < 2:
        return "".join(f"{milliseconds(one):>9}" for one in seconds)
    ordered = sorted(seconds)
    median = ordered[math.ceil(len(ordered) / 2) - 1]
    return f"  median {milliseconds(median)}, slowest {milliseconds(ordered[-1])}"


def path_of(url: str) -> str:
    rest = url.split("://", 1)[-1]
    return "/" + rest.split("/", 1)[1] if "/" in rest else "/"


def _common(paths: Sequence[str]) -> str:
    """One path for several: as far as they are the same."""
    path = paths[0]
    if any(other != path for other in paths):
        same = "".join(signs[0] for signs in takewhile(lambda signs: len({*signs}) == 1, zip(*paths, strict=False)))
        path = same[: max(same.rfind(sign) for sign in "/?&=") + 1] + "…"
    return path if len(path) <= _WIDTH - 7 else path[: _WIDTH - 8] + "…"


# --- provider calls -------------------------------------------------------------------------------


def _under(calls: Sequence[CallEvidence], width: int) -> Iterator[Line]:
    """The provider calls that these calls caused. What crossed the edge `user` is the call itself: it is news only
    where something was injected."""
    found = [exchange for call in calls for exchange in call.exchanges
             if exchange.injections or exchange.exchange.edge != _USER]
    if len(calls) == 1:
        yield from (_exchanges((exchange,), width) for exchange in found)
        return
    kinds: dict[Any, list[ExchangeEvidence]] = {}
    for one in found:
        kinds.setdefault((*_kinds(one), one.exchange.site, one.exchange.status), []).append(one)
    yield from (_exchanges(exchanges, width) for exchanges in kinds.values())


def _exchanges(found: Sequence[ExchangeEvidence], width: int, lead: str = "         └ ") -> Line:
    """One provider call, or several that went alike."""
    first, exchange = found[0], found[0].exchange
    what = f"{exchange.edge}: {exchange.method} {_common([one.exchange.path for one in found])}"
    status = str(exchange.status) if exchange.status is not None else "no answer"
    if exchange.upstream_status is None and exchange.error and not first.injections:
        status = f"could not be reached ({exchange.error})"
    receipts = [receipt_words(receipt) if len(found) == 1 else f"{receipt.kind} injected"
                for receipt in first.injections]
    injected = [Span(f"  + {receipt}", "warn") for receipt in receipts]
    doubt = [Span(f"  (joined by {first.by})", "dim")] if first.by in ("after", "none") else []
    times = _times([one.exchange.ended - one.exchange.started for one in found])
    return line(lead, f"{what:<{_WIDTH + width - 2}} ", Span(status + _so_often(found)), times, *injected, *doubt)


def receipt_words(receipt: Injected) -> str:
    """What was injected, and what came of it."""
    if receipt.kind == "latency":
        ended = f" ({receipt.detail})" if receipt.detail else ""
        asked, realised = milliseconds(receipt.asked_s), milliseconds(receipt.realised_s)
        return f"latency injected: asked {asked}, realised {realised}{ended}"
    gave_up = f", the caller gave up after {milliseconds(receipt.gave_up_s)}" if receipt.gave_up_s is not None else ""
    return f"{receipt.kind} injected{': ' + receipt.detail if receipt.detail else ''}{gave_up}"
