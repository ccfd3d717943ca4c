"""The waterfall of a trial: its calls, and the provider calls under the call that caused them, as bars of time.

What a bar says stands in text beside it: the bar is for the eye alone. The part of the time that was injected is
hatched, so that no colour is needed to tell it. A run has ten thousand steps, and most of them held: what each of
them has is written out, and `element` is left to the rest.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from flowprobe.core.events import CallReplied, CallUnanswered, Injected
from flowprobe.core.evidence import CallEvidence, ExchangeEvidence, StepEvidence, TrialEvidence
from flowprobe.core.expect import milliseconds
from flowprobe.core.findings import Finding
from flowprobe.report.html import Markup, element, escape
from flowprobe.report.model import Beside
from flowprobe.report.page_said import said_mark
from flowprobe.report.steps import MARK, NO_MARK, path_of, receipt_words

__all__ = ["step_anchor", "trial_anchor", "waterfall"]

_MOST = 20
"""So many calls of one step are shown, the last ones among them; a poll may make thousands."""
_HEARD = 200
"""So many calls of a step have a place for what the product said under them."""
_USER = "user"


@dataclass(frozen=True, slots=True)
class _Scale:
    """From the first byte of the trial to its last one, on the clock of the journal."""

    start: float
    seconds: float

    def bar(self, start: float, end: float, style: str) -> Markup:
        left = min(max((start - self.start) / self.seconds, 0.0), 1.0)
        width = min(max((end - start) / self.seconds, 0.0), 1.0 - left)
        return Markup(f'<i class="{style}" style="left:{left:.2%};width:{width:.2%}"></i>')


def trial_anchor(trial: TrialEvidence) -> str:
    return f"t-{trial.started.trial}"


def step_anchor(trial: TrialEvidence, number: int) -> str:
    return f"{trial_anchor(trial)}-{number}"


def waterfall(trial: TrialEvidence, beside: Beside) -> Iterator[Markup]:
    """Step by step, each of them a piece: a trial is as long as it likes."""
    scale = _scale(trial)
    yield Markup('<ol class="fall">')
    for number, step in enumerate(trial.steps, start=1):
        shown = _step(step, scale, beside, step_anchor(trial, number))
        if beside.hears and step.calls:
            yield from (shown, said_mark(call.sent.call for call in step.calls[-_HEARD:]), Markup("</li>"))
        else:
            yield Markup(f"{shown}</li>")
    for found in trial.exchanges:
        yield element("li", _provider(found, scale, beside), class_="step")
    yield Markup("</ol>")


def _scale(trial: TrialEvidence) -> _Scale:
    times = [(call.outcome.at, call.outcome.at + call.outcome.total_s) for call in trial.calls
             if call.outcome is not None]
    times += [(found.exchange.started, found.exchange.ended) for found in trial.exchanges]
    start = min((begun for begun, _ in times), default=0.0)
    return _Scale(start, max(max((end for _, end in times), default=0.0) - start, 1e-6))


def _step(step: StepEvidence, scale: _Scale, beside: Beside, anchor: str) -> Markup:
    sign, style = MARK.get(step.outcome, NO_MARK)
    name = escape(step.name)
    said = "" if step.outcome == "held" and step.calls else element("p", _outcome_words(step), class_="soft")
    return Markup(
        f'<li id="{anchor}" class="step {step.outcome}">'
        f'<a class="name" href="#{anchor}" title="{name}: {step.outcome}">'
        f'<span class="{style}" aria-hidden="true">{sign}</span> {name}</a>'
        f"{said}{''.join(_calls(step.calls, scale, beside))}{_expected(step, beside)}")


def _outcome_words(step: StepEvidence) -> str:
    words = step.outcome.replace("-", " ")
    return f"{words}: {step.because}" if step.because else words


# --- calls ----------------------------------------------------------------------------------------


def _calls(calls: Sequence[CallEvidence], scale: _Scale, beside: Beside) -> Iterator[Markup]:
    shown = calls if len(calls) <= _MOST else (*calls[:_MOST // 2], *calls[-_MOST // 2:])
    for place, call in enumerate(shown):
        if len(shown) < len(calls) and place == _MOST // 2:
            yield element("p", f"{len(calls) - len(shown)} more calls, which the journal has", class_="soft")
        yield _call(call, scale, beside)


def _call(call: CallEvidence, scale: _Scale, beside: Beside) -> Markup:
    came, bad, bar = "no outcome", False, Markup()
    match call.outcome:
        case CallReplied(status=status, at=at, total_s=seconds):
            came, bar = f"{status} · {milliseconds(seconds)}", scale.bar(at, at + seconds, "ours")
        case CallUnanswered(reason=reason, at=at, total_s=seconds):
            came, bad = f"no reply ({reason}) · {milliseconds(seconds)}", True
            bar = scale.bar(at, at + seconds, "ours")
        case None:
            pass
    on_the_way = [found for found in call.exchanges if found.exchange.edge == _USER and found.injections]
    bars = [bar, *(_hatched(receipt, scale) for found in on_the_way for receipt in found.injections)]
    under = [found for found in call.exchanges if found.exchange.edge != _USER]
    return Markup("".join((
        _row(f"{call.sent.method} {beside.redact(path_of(call.sent.url))}", came, bars, bad=bad),
        *(_injected(receipt) for found in on_the_way for receipt in found.injections),
        *(_provider(found, scale, beside) for found in under))))


def _provider(found: ExchangeEvidence, scale: _Scale, beside: Beside) -> Markup:
    """A provider call, and what was injected into it."""
    exchange = found.exchange
    status = str(exchange.status) if exchange.status is not None else "no answer"
    if exchange.upstream_status is None and exchange.error and not found.injections:
        status = f"could not be reached ({exchange.error})"
    doubt = f" (joined by {found.by})" if found.by in ("after", "none") else ""
    came = f"{status} · {milliseconds(exchange.ended - exchange.started)}{doubt}"
    bars = [scale.bar(exchange.started, exchange.ended, "theirs"),
            *(_hatched(receipt, scale) for receipt in found.injections)]
    what = f"└ {exchange.edge}: {exchange.method} {beside.redact(exchange.path)}"
    return Markup("".join((_row(what, came, bars, under=True), *map(_injected, found.injections))))


def _hatched(receipt: Injected, scale: _Scale) -> Markup:
    """What was injected ends where its receipt was written."""
    return scale.bar(receipt.at - max(receipt.slept_s, 0.0), receipt.at, "injected")


def _injected(receipt: Injected) -> Markup:
    return element("p", f"+ {receipt_words(receipt)}", class_="receipt")


def _row(what: str, came: str, bars: Sequence[Markup], *, under: bool = False, bad: bool = False) -> Markup:
    return Markup(
        f'<div class="{"row under" if under else "row"}"><code>{escape(what)}</code>'
        f'<span class="{"came bad" if bad else "came"}">{escape(came)}</span>'
        f'<span class="track" aria-hidden="true">{"".join(bars)}</span></div>')


# --- the expectation beside what came -------------------------------------------------------------


def _expected(step: StepEvidence, beside: Beside) -> Markup:
    if not step.findings:
        return Markup()
    eased = f" (allowed {step.because})" if step.outcome == "degraded" else ""
    heads = (element("th", word, scope="col") for word in ("where", "promised", f"came{eased}", "asked for in"))
    rows = (element("tr", *_finding(finding, beside)) for finding in step.findings)
    return element("table", element("thead", element("tr", *heads)), element("tbody", *rows), class_="expected")


def _finding(finding: Finding, beside: Beside) -> Iterator[Markup]:
    place = " · ".join(filter(None, (finding.place, finding.document)))
    yield element("th", element("code", beside.redact(finding.where)), scope="row")
    yield element("td", beside.redact(finding.expected), data_head="promised")
    yield element("td", element("strong", beside.redact(finding.unmade or finding.seen)), data_head="came")
    yield element("td", place, class_="soft")
