"""A run as OTLP traces, made of its journal: into a file of lines, or to a collector; a night as metrics, to one.

In memory stand the lines of one trial and the spans of one request. Nothing is sent but to the URL that the user gave.
"""

from __future__ import annotations

import heapq
import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import chain, islice
from typing import Any, TypeVar
from urllib.parse import unquote

from flowprobe.core.events import Stamped, StepEnded, TrialStarted, without_body
from flowprobe.core.evidence import fold
from flowprobe.core.plain import Plain, plain
from flowprobe.core.redact import SHORTEST, Redactor, cut_short
from flowprobe.core.retry_after import asked_to_wait
from flowprobe.core.urls import amiss
from flowprobe.core.verdict import Kind
from flowprobe.core.wire import Body, Call, NoReply, Outcome, Reply
from flowprobe.errors import InvalidInput, Problem
from flowprobe.http import Driver
from flowprobe.journal.reader import each_line
from flowprobe.report.causes import led
from flowprobe.report.model import RunReport
from flowprobe.report.otlp import Placed, request_text, trial_spans
from flowprobe.report.visible import visible

__all__ = ["HEADERS", "Collector", "collector_at", "deliver", "deliver_metrics", "trace_lines"]

HEADERS = "OTEL_EXPORTER_OTLP_HEADERS"
"""https://opentelemetry.io/docs/specs/otel/protocol/exporter/: `name=value,name=value`, values percent-encoded."""
_PATH, _METRICS = "/v1/traces", "/v1/metrics"
_MOST = 512
"""Spans of a request; the batch of OpenTelemetry's own exporters."""
_BUDGET_S = 10.0
_AGAIN = (429, 502, 503, 504)
"""The answers after which the specification has a client try again."""
_TRIES = 3
_LONGEST_WAIT_S = 5.0
_LONGEST_TOLD = 300
_TOKEN = frozenset("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz")
T = TypeVar("T")


# --- the traces -----------------------------------------------------------------------------------


def trace_lines(report: RunReport) -> Iterator[str]:
    """Requests as lines, as the Collector's file exporter writes them: a trial is one, or several where it is long.
    Raises ToolFailed where the journal cannot be read."""
    for placed in _placed(report):
        for spans in _batches(trial_spans(placed)):
            yield from request_text(report.evidence.started, spans, report.redact)
            yield "\n"


def _placed(report: RunReport) -> Iterator[Placed]:
    """The trials that the run tells of, in its order; those that were made to explain one are not among them."""
    run = report.evidence.started.run if report.evidence.started else ""
    sentences = {trial.started.trial: " ".join(led(trial, report.causes.get(trial.started.trial), told.problem[0]))
                 for trial, told in zip(report.evidence.trials, report.told, strict=True)
                 if report.verdicts[trial.started.trial].kind is Kind.FAIL}
    journal = report.folder / "journal"
    streams = (each_line(journal / f"{writer}.jsonl") for writer in ("runner", "proxy"))
    for began, lines in _parts(heapq.merge(*streams, key=lambda line: line.mono)):
        (trial, *_) = fold(lines, whole=False).trials
        verdict = report.verdicts.get(trial.started.trial)
        if verdict is not None:
            over = {line.event.step: line.mono for line in lines if isinstance(line.event, StepEnded)}
            yield Placed(run, trial, verdict, sentences.get(trial.started.trial, ""), began.mono,
                         began.wall - began.mono, over)


def _parts(lines: Iterable[Stamped]) -> Iterator[tuple[Stamped, list[Stamped]]]:
    """What was written from the beginning of a trial to that of the next one."""
    began: Stamped | None = None
    part: list[Stamped] = []
    for line in lines:
        if isinstance(line.event, TrialStarted):
            if began is not None:
                yield began, part
            began, part = line, []
        if began is not None:
            part.append(replace(line, event=without_body(line.event)))
    if began is not None:
        yield began, part


def _batches(values: Iterable[T]) -> Iterator[list[T]]:
    rest = iter(values)
    while batch := list(islice(rest, _MOST)):
        yield batch


# --- a collector ----------------------------------------------------------------------------------


@plain
class Collector(Plain):
    """Where traces are sent: `url` is whole, `headers` are secret."""

    url: str
    headers: Mapping[str, str]

    def __repr__(self) -> str:
        return f"Collector({self.url!r})"


def collector_at(url: str, environ: Mapping[str, str], *, metrics: bool = False) -> Collector:
    """The collector of an http or https URL, with the headers that the environment has for it: of traces, or of
    `metrics`. Raises InvalidInput."""
    if wrong := amiss(url) or ("has a query" if "?" in url else ""):
        raise _unfit("--otlp", f"the URL {wrong}", f"name it as http://localhost:4318; what signs us in belongs into "
                     f"{HEADERS}")
    path = _METRICS if metrics else _PATH
    whole = url if url.endswith(path) else url.rstrip("/") + path
    return Collector(whole, dict(_headers(environ.get(HEADERS, ""))))


def _headers(text: str) -> Iterator[tuple[str, str]]:
    """No message has a value: it may be a secret."""
    for number, member in enumerate(filter(None, map(str.strip, text.split(","))), start=1):
        name, sign, value = member.partition("=")
        name, value = name.strip().lower(), unquote(value.strip())
        if not sign or not name or not _TOKEN.issuperset(name):
            raise _unfit(HEADERS, f"its member {number} is not name=value", "write it as name=value,name=value")
        if not (value.isascii() and value.isprintable()):
            raise _unfit(HEADERS, f"the value of {name} has a character that no header can have",
                         "leave it out: a value is printable ASCII, percent-encoded where it has a comma")
        yield name, value


def _unfit(of: str, found: str, instead: str) -> InvalidInput:
    return InvalidInput((Problem("bad-setting", of, 0, 0, found, instead),))


def deliver(report: RunReport, collector: Collector, *, wait: Callable[[float], None] = time.sleep) -> str:
    """Send the traces of a run, several short trials in one request. What cannot be delivered is tried again where the
    collector asks for that; then the rest is not sent. Returns what a person reads where not all was taken, else '': a
    collector that is down says nothing of the run. Raises ToolFailed where the journal cannot be read."""
    redact = _redactor(report.redact, collector)
    spans = chain.from_iterable(trial_spans(placed) for placed in _placed(report))
    sent = refused = 0
    because = ""
    with Driver() as driver:
        for batch in _batches(spans):
            text = "".join(request_text(report.evidence.started, batch, redact))
            outcome = _posted(driver, collector, text.encode("utf-8", "backslashreplace"), wait)
            if not isinstance(outcome, Reply) or not 200 <= outcome.status < 300:
                return _warning(collector, redact(_why(outcome)), f" ({sent} spans were taken before)" if sent else "")
            rejected, words = _rejected(outcome, "rejectedSpans")
            sent, refused, because = sent + len(batch) - rejected, refused + rejected, because or words
    if refused:
        said = f"it refused {refused} of the spans: {because or 'it does not say why'}"
        return _warning(collector, redact(said), "")
    return ""


def _warning(collector: Collector, because: str, rest: str) -> str:
    """The verdict has nothing to do with it."""
    return (f"warning: the collector {collector.url} does not have all traces of this run: {because}{rest}. The "
            "verdict stands. Start the collector or mend --otlp, and run again; `--otlp traces.jsonl` needs none")


def deliver_metrics(request: str, collector: Collector, redact: Callable[[str], str], *,
                    wait: Callable[[float], None] = time.sleep) -> str:
    """Send what a night came to, as one request. Returns what a person reads where not all was taken, else ''."""
    redact = _redactor(redact, collector)
    with Driver() as driver:
        outcome = _posted(driver, collector, request.encode("utf-8", "backslashreplace"), wait)
    if not isinstance(outcome, Reply) or not 200 <= outcome.status < 300:
        because = _why(outcome)
    else:
        count, words = _rejected(outcome, "rejectedDataPoints")
        because = f"it refused {count} of the data points: {words or 'it does not say why'}" if count else ""
    return "" if not because else (
        f"warning: the collector {collector.url} does not have all metrics of this night: {redact(because)}. The "
        "verdict stands. Start the collector or mend --otlp; the next night is sent again")


def _redactor(redact: Callable[[str], str], collector: Collector) -> Callable[[str], str]:
    """Also of the headers: an answer may repeat them. The last word of `Bearer …` is the secret of it."""
    words = {word for value in collector.headers.values() for word in (value, value.rpartition(" ")[2])}
    own = Redactor(word for word in words if len(word) >= SHORTEST)
    return lambda text: own(redact(text))


def _posted(driver: Driver, collector: Collector, body: bytes, wait: Callable[[float], None]) -> Outcome:
    call = Call("0" * 32, "otlp", "otlp", "otlp", "POST", collector.url, {}, Body(body, "application/json"),
                budget=_BUDGET_S, credentials=collector.headers)
    outcome = driver.send(call)
    for number in range(1, _TRIES):
        pause = _pause(outcome, number)
        if pause is None:
            break
        wait(pause)
        outcome = driver.send(call)
    return outcome


def _pause(outcome: Outcome, number: int) -> float | None:
    """How long to wait before it is tried again; None where that is of no use. A connection that was closed may have
    been an idle one."""
    match outcome:
        case Reply(status=status) if status in _AGAIN:
            asked = asked_to_wait(outcome.header("retry-after"), outcome.header("date"))
            return min(float(number) if asked is None else asked, _LONGEST_WAIT_S)
        case NoReply(reason="closed"):
            return 0.0
        case _:
            return None


def _why(outcome: Outcome) -> str:
    match outcome:
        case NoReply(detail=detail):
            return detail.rstrip(".")
        case Reply(status=status):
            said = _said(outcome).get("message")
            return f"it answered {status}" + (f": {_told(said)}" if isinstance(said, str) and said else "")


def _rejected(reply: Reply, what: str) -> tuple[int, str]:
    """How many parts of a request a collector did not take though it took the others, and why."""
    partial = _said(reply).get("partialSuccess")
    if not isinstance(partial, dict):
        return 0, ""
    count, words = str(partial.get(what, "0")), partial.get("errorMessage")
    return int(count) if count.isdecimal() else 0, _told(words) if isinstance(words, str) else ""


def _told(words: str) -> str:
    return visible(cut_short(words, _LONGEST_TOLD))


def _said(reply: Reply) -> Mapping[str, Any]:
    try:
        said = json.loads(reply.body)
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}
