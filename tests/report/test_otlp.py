from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from google.protobuf.json_format import ParseDict
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from flowprobe.core.events import RunStarted
from flowprobe.core.evidence import fold
from flowprobe.core.redact import Redactor
from flowprobe.core.tracing import span_id
from flowprobe.core.verdict import judge_run
from flowprobe.report.otlp import Placed, request_text, trial_spans
from tests.journals import (
    SLOW,
    TRIAL,
    Journal,
    ended,
    exchange,
    finding,
    injected,
    replied,
    sent,
    started,
    step_ended,
    unanswered,
)

BEGUN = RunStarted("5f", "0.1.0", 7, "demo", "scenarios")
WALL = 1_700_000_000.0
BROKEN = Journal().runner(
    BEGUN, started("slow", SLOW), sent("one"), replied(seconds=0.6), step_ended("one", "broken", finding()),
    sent("two", 2), unanswered(2), step_ended("two"), step_ended("three", "not-reached", because="one failed"), ended(),
).proxy(exchange(), injected(), exchange("x2", call=None, started_at=99.0))


def placed(journal: Journal, sentence: str = "") -> Placed:
    evidence = fold(journal.lines)
    trial, = evidence.trials
    return Placed("5f", trial, judge_run(evidence)[TRIAL], sentence, 100.0, WALL - 100.0, {"three": 100.5})


def text_of(journal: Journal, sentence: str = "", redact: Callable[[str], str] = str) -> str:
    return "".join(request_text(BEGUN, trial_spans(placed(journal, sentence)), redact))


def parsed(text: str) -> ExportTraceServiceRequest:
    """As the real library reads it: it knows every field, and fails for one that there is not. Protobuf's own JSON has
    ids in base64, where OTLP has hexadecimal digits."""
    whole = json.loads(text)
    for span in whole["resourceSpans"][0]["scopeSpans"][0]["spans"]:
        for holder in (span, *span.get("links", ())):
            for key in {"traceId", "spanId", "parentSpanId"} & holder.keys():
                holder[key] = base64.b64encode(bytes.fromhex(holder[key])).decode()
    return ParseDict(whole, ExportTraceServiceRequest())


def spans_of(text: str) -> dict[str, Span]:
    return {span.name: span for span in parsed(text).resource_spans[0].scope_spans[0].spans}


def known(attributes: Any) -> dict[str, Any]:
    return {each.key: value_of(each) for each in attributes}


def value_of(each: KeyValue) -> Any:
    kind = each.value.WhichOneof("value")
    if kind == "array_value":
        return [value.string_value for value in each.value.array_value.values]
    return getattr(each.value, str(kind))


SPANS = spans_of(text_of(BROKEN, "Search fails: it is too slow."))
ROOT, STEP, UNANSWERED = SPANS["A journey · slow"], SPANS["one"], SPANS["two"]


def test_the_trial_is_the_root_with_what_it_is_and_the_sentence_of_its_failure() -> None:
    assert ROOT.parent_span_id == b""
    told = known(ROOT.attributes)
    assert {key: told[f"flowprobe.{key}"] for key in ("trial", "scenario", "plan", "verdict", "persona.admin")} == {
        "trial": TRIAL, "scenario": "A journey", "plan": "slow", "verdict": "fail", "persona.admin": "pro-eu"}
    assert told["flowprobe.faults"] == ["payments latency 500ms"]
    assert (ROOT.status.code, ROOT.status.message) == (Status.STATUS_CODE_ERROR, "Search fails: it is too slow.")


def test_steps_stand_under_the_trial_calls_under_their_step_and_provider_calls_under_the_call_that_caused_them() -> None:
    spans = parsed(text_of(BROKEN)).resource_spans[0].scope_spans[0].spans
    names = {span.span_id: span.name for span in spans}
    assert [(span.name, names.get(span.parent_span_id, "")) for span in spans] == [
        ("A journey · slow", ""), ("one", "A journey · slow"), ("GET", "one"), ("payments: POST /v1/charges", "GET"),
        ("two", "A journey · slow"), ("GET", "two"), ("three", "A journey · slow"),
        ("payments: POST /v1/charges", "A journey · slow")]
    assert len({span.span_id for span in spans}) == len(spans)
    assert {span.trace_id for span in spans} == {ROOT.trace_id}
    assert len(ROOT.trace_id) == 16
    assert all(len(span.span_id) == 8 for span in spans)


def test_a_call_links_to_the_trace_that_the_product_saw() -> None:
    spans = parsed(text_of(BROKEN)).resource_spans[0].scope_spans[0].spans
    one, two = (span for span in spans if span.name == "GET")
    call = f"{1:08x}{1:08x}{TRIAL}"
    assert [(link.trace_id.hex(), link.span_id.hex()) for link in one.links] == [(call, span_id(call))]
    assert one.trace_id.hex() != call
    assert (one.kind, two.kind) == (Span.SPAN_KIND_CLIENT, Span.SPAN_KIND_CLIENT)
    told = known(one.attributes)
    assert (told["http.request.method"], told["url.full"], told["http.response.status_code"]) == ("GET", "http://acme.test/one", 200)
    assert one.status.code == Status.STATUS_CODE_UNSET
    assert (two.status.message, known(two.attributes)["error.type"]) == ("no reply (connect): nothing listens there", "connect")


def test_times_are_those_of_the_wall() -> None:
    spans = parsed(text_of(BROKEN)).resource_spans[0].scope_spans[0].spans
    call = next(span for span in spans if span.name == "GET")
    assert (call.start_time_unix_nano, call.end_time_unix_nano) == (round(WALL * 1e9), round((WALL + 0.6) * 1e9))
    assert STEP.start_time_unix_nano == call.start_time_unix_nano
    three = SPANS["three"]
    assert three.start_time_unix_nano == three.end_time_unix_nano == round((WALL + 0.5) * 1e9)
    assert known(three.attributes)["flowprobe.because"] == "one failed"
    assert all(span.start_time_unix_nano <= span.end_time_unix_nano for span in spans)


def test_what_was_injected_is_an_event_of_the_span_that_it_was_injected_into() -> None:
    spans = parsed(text_of(BROKEN)).resource_spans[0].scope_spans[0].spans
    faulted = [span for span in spans if span.events]
    assert [span.name for span in faulted] == ["payments: POST /v1/charges"]
    (event,) = faulted[0].events
    told = known(event.attributes)
    assert (event.name, event.time_unix_nano) == ("fault injected", round((WALL + 0.01) * 1e9))
    assert (told["flowprobe.kind"], told["flowprobe.asked_s"], told["flowprobe.realised_s"]) == ("latency", 0.5, 0.501)
    user = Journal().runner(started("slow"), sent("one"), replied(), step_ended("one"), ended()).proxy(
        exchange(edge="user"), replace(injected(), edge="user"))
    spans = parsed(text_of(user)).resource_spans[0].scope_spans[0].spans
    assert [(span.name, len(span.events)) for span in spans] == [("A journey · slow", 0), ("one", 0), ("GET", 1)]


def test_only_what_went_wrong_is_an_error() -> None:
    held = spans_of(text_of(Journal().runner(started(), sent("one"), replied(status=404), step_ended("one"), ended())))
    assert {span.status.code for span in held.values()} == {Status.STATUS_CODE_UNSET}
    assert STEP.status.message == "within: expected at most 400 ms, saw 612 ms"
    refused = spans_of(text_of(Journal().runner(started(), sent("one"), replied(), step_ended("one"), ended()).proxy(
        exchange(status=None, upstream_status=None, error="refused"))))
    assert refused["payments: POST /v1/charges"].status.message == "refused"


def test_the_resource_says_which_run_it_was() -> None:
    (resource,) = parsed(text_of(BROKEN)).resource_spans
    assert known(resource.resource.attributes) == {
        "service.name": "flowprobe", "service.version": "0.1.0", "deployment.environment.name": "demo", "flowprobe.run": "5f",
        "flowprobe.seed": "7"}
    assert (resource.scope_spans[0].scope.name, resource.scope_spans[0].scope.version) == ("flowprobe", "0.1.0")


def test_another_run_of_the_same_trial_is_another_trace() -> None:
    one = placed(BROKEN)
    assert one.trace != replace(one, run="60").trace
    assert one.trace == placed(BROKEN).trace


def test_a_request_is_one_line_and_no_secret_is_in_it() -> None:
    secret = 's3cr3t-"token'
    journal = Journal().runner(
        replace(started(secret, SLOW), personas={secret: secret}, rerun=secret), replace(sent("one"), url=f"http://acme.test/?k={secret}"),
        replied(), step_ended("one", "broken", finding("json", secret, secret)), ended()).proxy(
            exchange(path=secret, error=secret, status=None), replace(injected(), detail=secret))
    text = text_of(journal, secret, Redactor([secret]))
    assert "\n" not in text
    assert "s3cr3t" not in text
    assert text.count("«redacted»") > 5
    assert "s3cr3t" in text_of(journal, secret)
    parsed(text)


@given(st.text(max_size=60))
def test_whatever_stands_in_a_run_a_strict_reader_reads_it(text: str) -> None:
    journal = Journal().runner(
        replace(started(text, SLOW), scenario=text, file=text, personas={text: text}), replace(sent("one"), url=text, method=text),
        replied(), replace(step_ended(text, "broken", finding("json", text, text)), because=text), ended()).proxy(
            exchange(path=text, error=text, status=None, host=text), replace(injected(), detail=text))
    spans = parsed(text_of(journal, text).encode("utf-8", "strict").decode()).resource_spans[0].scope_spans[0].spans
    assert len(spans) >= 2


def test_a_text_without_end_is_cut() -> None:
    long = replace(step_ended("one", "broken", finding("json", "x" * 100_000)))
    assert len(text_of(Journal().runner(started(), sent("one"), replied(), long, ended()))) < 20_000
