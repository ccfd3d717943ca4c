"""The run as traces, in OTLP/JSON (https://opentelemetry.io/docs/specs/otlp/, version 1): a trace for each trial.

A trial is the root, a step a span under it, a call a span under its step, a provider call a span under the call that
caused it; what was injected is an event of the span that it was injected into. A call has a trace id of its own, which
the product and its providers saw: the span of a call links to that one.

As the format asks for: ids in hexadecimal digits, numbers of 64 bits as texts, kinds and codes as numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, TypeAlias
from urllib.parse import urlsplit

from flowprobe.core.events import CallReplied, CallUnanswered, Injected, RunStarted
from flowprobe.core.evidence import CallEvidence, ExchangeEvidence, StepEvidence, TrialEvidence
from flowprobe.core.redact import cut_short
from flowprobe.core.tracing import span_id
from flowprobe.core.verdict import Kind, Verdict
from flowprobe.report.cleared import cleared_text, open_text

__all__ = ["Placed", "request_text", "trial_spans"]

Span: TypeAlias = dict[str, Any]
_INTERNAL, _CLIENT = 1, 3
_ERROR = 2
_USER = "user"
_LONGEST = 4_000
"""Characters of a text; a collector refuses what is too large as a whole."""
_TOLD = 3
"""So many findings are the message of a step."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A trial and where it lies in time. `began` is the clock of the journal when it began, `to_wall` what has to be
    added to that clock for seconds since 1970; `ended` has for a step when it was over. `sentence` says why it
    failed."""

    run: str
    trial: TrialEvidence
    verdict: Verdict
    sentence: str
    began: float
    to_wall: float
    ended: Mapping[str, float] = field(default_factory=dict)

    @property
    def trace(self) -> str:
        """Another one in each run, also for the same trial of the same seed."""
        return blake2b(f"{self.run}\0{self.trial.started.trial}".encode(), digest_size=16).hexdigest()

    def span(self, *name: str) -> str:
        return blake2b("\0".join((self.trace, *name)).encode(), digest_size=8).hexdigest()

    def nanoseconds(self, at: float) -> str:
        return str(max(0, round((at + self.to_wall) * 1e9)))


def request_text(started: RunStarted | None, spans: Iterable[Span], redact: Callable[[str], str]) -> Iterator[str]:
    """An ExportTraceServiceRequest, on one line without its end, span by span."""
    version = started.version if started else ""
    resource = {"service.name": "flowprobe", "service.version": version,
                "deployment.environment.name": started.environment if started else "",
                "flowprobe.run": started.run if started else "", "flowprobe.seed": str(started.seed) if started else ""}
    head = open_text({"resource": {"attributes": _attributes(resource)}}, "scopeSpans", redact)
    scope = open_text({"scope": {"name": "flowprobe", "version": version}}, "spans", redact)
    yield f'{{"resourceSpans": [{head}[{scope}['
    for number, span in enumerate(spans):
        yield (", " if number else "") + cleared_text(span, redact)
    yield "]}]}]}"


def trial_spans(placed: Placed) -> Iterator[Span]:
    """The root, and then what is below it, in the order of the journey."""
    trial = placed.trial
    yield _root(placed)
    for number, step in enumerate(trial.steps, start=1):
        yield from _step(placed, step, placed.span("step", str(number), step.name))
    for found in trial.exchanges:
        yield _exchange(placed, found, placed.span())


# --- spans ----------------------------------------------------------------------------------------


def _span(placed: Placed, id: str, parent: str, name: str, times: tuple[float, float],
          attributes: Mapping[str, Any], *, kind: int = _INTERNAL, error: str | None = None,
          events: Sequence[Span] = (), links: Sequence[Span] = ()) -> Span:
    """`error` is the message of a span that went wrong; None says nothing about it, as the specification asks of
    those that went well."""
    span: Span = {"traceId": placed.trace, "spanId": id}
    if parent:
        span["parentSpanId"] = parent
    span |= {"name": cut_short(name, _LONGEST), "kind": kind, "startTimeUnixNano": placed.nanoseconds(times[0]),
             "endTimeUnixNano": placed.nanoseconds(max(times)), "attributes": _attributes(attributes)}
    if events:
        span["events"] = list(events)
    if links:
        span["links"] = list(links)
    if error is not None:
        span["status"] = {"code": _ERROR, "message": cut_short(error, _LONGEST)}
    return span


def _root(placed: Placed) -> Span:
    started, verdict = placed.trial.started, placed.verdict
    attributes = {
        "flowprobe.trial": started.trial, "flowprobe.scenario": started.scenario, "flowprobe.file": started.file,
        "flowprobe.plan": started.plan, "flowprobe.verdict": str(verdict.kind), "flowprobe.blame": str(verdict.blame),
        "flowprobe.reasons": list(verdict.reasons), "flowprobe.tags": list(started.tags),
        "flowprobe.faults": [f"{fault.edge} {fault.described}" for fault in started.faults],
        "flowprobe.rerun": started.rerun,
        **{f"flowprobe.persona.{role}": persona for role, persona in started.personas.items()}}
    error = (placed.sentence or "; ".join(verdict.reasons)) if verdict.kind is Kind.FAIL else None
    return _span(placed, placed.span(), "", f"{started.scenario} · {started.plan}",
                 (placed.began, placed.began + placed.trial.seconds), attributes, error=error)


def _step(placed: Placed, step: StepEvidence, id: str) -> Iterator[Span]:
    """One that made no call has no length; it stands where it was over."""
    over = placed.ended.get(step.name, placed.began)
    outcomes = [call.outcome for call in step.calls if call.outcome is not None]
    times = (min((each.at for each in outcomes), default=over),
             max((each.at + each.total_s for each in outcomes), default=over))
    attributes = {"flowprobe.step": step.name, "flowprobe.outcome": step.outcome, "flowprobe.phase": step.phase,
                  "flowprobe.because": step.because}
    told = "; ".join(finding.sentence() for finding in step.findings[:_TOLD])
    yield _span(placed, id, placed.span(), step.name, times, attributes,
                error=told if step.outcome == "broken" else None)
    for call in step.calls:
        yield from _call(placed, call, id, over)


def _call(placed: Placed, call: CallEvidence, parent: str, over: float) -> Iterator[Span]:
    """One without an outcome was in flight when the run ended; an answer of any status is none of its errors: whether
    it was promised says the step."""
    sent, id = call.sent, placed.span("call", call.sent.call)
    attributes: dict[str, Any] = {
        "http.request.method": sent.method, "url.full": sent.url, **_server(sent.url),
        "flowprobe.call": sent.call, "flowprobe.persona": sent.persona, "flowprobe.attempt": sent.attempt}
    times, error = (over, over), None
    match call.outcome:
        case CallReplied(status=status, at=at, total_s=seconds):
            times, attributes["http.response.status_code"] = (at, at + seconds), status
        case CallUnanswered(reason=reason, detail=detail, at=at, total_s=seconds):
            times, error, attributes["error.type"] = (at, at + seconds), f"no reply ({reason}): {detail}", reason
        case None:
            attributes["error.type"] = "unfinished"
    events = [_event(placed, each) for found in call.exchanges if found.exchange.edge == _USER
              for each in found.injections]
    yield _span(placed, id, parent, sent.method, times, attributes, kind=_CLIENT, error=error, events=events,
                links=[{"traceId": sent.call, "spanId": span_id(sent.call)}])
    for found in call.exchanges:
        if found.exchange.edge != _USER:
            yield _exchange(placed, found, id)


def _exchange(placed: Placed, found: ExchangeEvidence, parent: str) -> Span:
    """What the product asked of a provider, as the proxy saw it."""
    exchange = found.exchange
    attributes = {
        "http.request.method": exchange.method, "server.address": exchange.host, "url.path": exchange.path,
        "http.response.status_code": exchange.status, "peer.service": exchange.edge, "error.type": exchange.error,
        "flowprobe.provider": exchange.edge, "flowprobe.site": exchange.site, "flowprobe.joined_by": found.by,
        "flowprobe.evidence": exchange.evidence, "flowprobe.upstream_status": exchange.upstream_status}
    error = exchange.error or "no answer"
    return _span(placed, placed.span("exchange", exchange.exchange), parent, f"{exchange.edge}: {exchange.site}",
                 (exchange.started, exchange.ended), attributes, kind=_CLIENT,
                 error=error if exchange.status is None else None,
                 events=[_event(placed, each) for each in found.injections])


def _event(placed: Placed, receipt: Injected) -> Span:
    attributes = {
        "flowprobe.fault": receipt.fault, "flowprobe.kind": receipt.kind, "flowprobe.edge": receipt.edge,
        "flowprobe.asked_s": receipt.asked_s, "flowprobe.slept_s": receipt.slept_s,
        "flowprobe.realised_s": receipt.realised_s, "flowprobe.gave_up_s": receipt.gave_up_s,
        "flowprobe.ordinal": receipt.ordinal, "flowprobe.evidence": receipt.evidence,
        "flowprobe.detail": receipt.detail}
    return {"timeUnixNano": placed.nanoseconds(receipt.at), "name": "fault injected",
            "attributes": _attributes(attributes)}


def _server(url: str) -> dict[str, Any]:
    try:
        parts = urlsplit(url)
        return {"server.address": parts.hostname, "server.port": parts.port}
    except ValueError:  # the scenario may have made anything of it
        return {}


# --- attributes -----------------------------------------------------------------------------------


def _attributes(values: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What is known: nothing is said of what is None or empty."""
    return [{"key": key, "value": _value(value)} for key, value in values.items() if value not in (None, "", [])]


def _value(value: Any) -> dict[str, Any]:
    match value:
        case int():
            return {"intValue": str(value)}
        case float():
            return {"doubleValue": value}
        case list():
            return {"arrayValue": {"values": [_value(each) for each in value]}}
        case _:
            return {"stringValue": cut_short(str(value), _LONGEST)}
